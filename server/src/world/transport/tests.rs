//! The transport against real sockets that behave badly.

#![allow(
    clippy::disallowed_methods,
    reason = "the other side is a real one, outside the program"
)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::{Tls, Value as _};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

fn outbound(url: String, deadline: Duration) -> Outbound {
    let request = http::Request::post(url)
        .header("authorization", "Basic dGVzdDo=")
        .body(Bytes::from_static(b"{\"amount\":1}"));
    Outbound {
        request: request.unwrap(),
        deadline,
        answer_bytes_max: 1024,
    }
}

async fn post(address: SocketAddr, deadline: Duration) -> Result<Response<Bytes>, Undelivered> {
    let transport = Transport::new(Reach::Anywhere);
    let url = format!("http://{address}/v1/payments/tgen_key/cancel");
    transport.send(outbound(url, deadline)).await
}

#[track_caller]
fn not_sent(came: &Result<Response<Bytes>, Undelivered>) -> &str {
    match came {
        Err(Undelivered::NotSent(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unanswered(came: &Result<Response<Bytes>, Undelivered>) -> &str {
    match came {
        Err(Undelivered::NoAnswer(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Another side that treats every connection so.
async fn side<F: Future<Output = ()> + Send + 'static>(
    treat: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(treat(stream));
        }
    });
    address
}

/// Reads a request to its end, which is known.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    while !read.ends_with(b"{\"amount\":1}") {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    Some(read)
}

#[tokio::test]
async fn an_answer_is_read_whole_with_its_headers() {
    let address = side(|mut stream| async move {
        let request = read_request(&mut stream).await.unwrap();
        let head = String::from_utf8_lossy(&request).to_lowercase();
        assert!(head.starts_with("post /v1/payments/tgen_key/cancel http/1.1\r\n"));
        assert!(head.contains("authorization: basic dgvzddo=\r\n"));
        let answer = b"HTTP/1.1 409 Conflict\r\nX-Said: yes\r\nContent-Length: 4\r\n\r\n{\"a\"";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let answer = post(address, LONG).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &**answer.body()),
        (409, &b"{\"a\""[..])
    );
    assert_eq!(answer.headers()["x-said"], "yes");
}

#[tokio::test]
async fn failed_connection_was_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let came = post(address, LONG).await;
    assert!(!not_sent(&came).contains("tgen_key"), "{came:?}");

    let transport = Transport::new(Reach::Anywhere);
    for url in [
        "http://no-such-name.invalid/x",
        "http://[::ffff:127.0.0.1]:1/",
        "/x",
    ] {
        not_sent(&transport.send(outbound(url.to_owned(), LONG)).await);
    }
}

#[tokio::test]
async fn failed_handshake_was_certainly_not_sent() {
    let garbage = side(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .ok();
    })
    .await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/tests/");
    let own = Tls {
        cert: Option::parse(&format!("{folder}leaf.pem")).unwrap(),
        key: Option::parse(&format!("{folder}leaf.key")).unwrap(),
    };
    let acceptor: TlsAcceptor = crate::http::acceptor(&own).unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stranger = listener.local_addr().unwrap();
    let accepted = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_ok()
    });
    for address in [garbage, stranger] {
        let transport = Transport::new(Reach::Anywhere);
        let url = format!("https://localhost:{}/x", address.port());
        not_sent(&transport.send(outbound(url, LONG)).await);
    }
    assert!(
        !accepted.await.unwrap(),
        "an unknown authority is not trusted"
    );
}

#[tokio::test]
async fn request_without_an_answer_may_have_been_done() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFF\r\n{",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "what?\r\n\r\n",
    ] {
        let address = side(move |mut stream| async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        unanswered(&post(address, LONG).await);
    }
}

#[tokio::test]
async fn an_exchange_has_one_deadline_from_beginning_to_end() {
    let silent = side(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let dripping = side(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"x").await.is_ok() {
            beat.tick().await;
        }
    })
    .await;
    for address in [silent, dripping] {
        let began = std::time::Instant::now();
        unanswered(&post(address, SHORT).await);
        let took = began.elapsed();
        assert!((SHORT..LONG / 2).contains(&took), "{took:?}");
    }
}

#[tokio::test]
async fn answer_over_the_size_limit_is_no_answer() {
    let announced = side(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n{}",
            "x".repeat(1025)
        );
        stream.write_all(head.as_bytes()).await.ok();
    })
    .await;
    let endless = side(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b"4\r\nxxxx\r\n").await.is_ok() {}
    })
    .await;
    for address in [announced, endless] {
        let came = post(address, LONG).await;
        assert!(unanswered(&came).contains("1024"), "{came:?}");
    }
    let exact = side(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n{}",
            "x".repeat(1024)
        );
        stream.write_all(head.as_bytes()).await.ok();
    })
    .await;
    assert_eq!(post(exact, LONG).await.unwrap().body().len(), 1024);
}

#[tokio::test]
async fn redirect_is_an_answer_and_not_followed() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let elsewhere = side(|mut stream| async move {
        SEEN.fetch_add(1, SeqCst);
        read_request(&mut stream).await;
    })
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        let answer = format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    assert_eq!(post(address, LONG).await.unwrap().status(), 307);
    assert_eq!(SEEN.load(SeqCst), 0);
}

/// Answers the first request of a connection and hangs up on the second, read or unread.
#[tokio::test]
async fn dying_pooled_connection_never_sends_twice() {
    const ROUNDS: usize = 40;
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);
    let address = side(|mut stream| async move {
        CONNECTIONS.fetch_add(1, SeqCst);
        let mut seen = 0;
        while read_request(&mut stream).await.is_some() {
            REQUESTS.fetch_add(1, SeqCst);
            seen += 1;
            if seen == 2 {
                return;
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let transport = Transport::new(Reach::Anywhere);
    let url = || format!("http://{address}/");
    for round in 1..=ROUNDS {
        transport.send(outbound(url(), LONG)).await.unwrap();
        let second = transport.send(outbound(url(), LONG)).await;
        unanswered(&second);
        assert_eq!(
            REQUESTS.load(SeqCst),
            2 * round,
            "each request was seen once"
        );
    }
    assert_eq!(
        CONNECTIONS.load(SeqCst),
        ROUNDS,
        "connections are used again"
    );
}

#[tokio::test]
async fn idle_closed_connection_neither_loses_nor_doubles_a_request() {
    const ROUNDS: usize = 60;
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    let address = side(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        REQUESTS.fetch_add(1, SeqCst);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let transport = Transport::new(Reach::Anywhere);
    let mut answered = 0;
    for _ in 0..ROUNDS {
        match transport
            .send(outbound(format!("http://{address}/"), LONG))
            .await
        {
            Ok(_) => answered += 1,
            Err(Undelivered::NoAnswer(_)) => {}
            Err(Undelivered::NotSent(why)) => panic!("{why}"),
        }
    }
    assert_eq!(
        REQUESTS.load(SeqCst),
        answered,
        "answered is seen once, unanswered not at all"
    );
    assert!(answered >= ROUNDS / 2, "{answered}");
}

#[tokio::test]
async fn private_addresses_are_refused_before_anything_connects() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let address = side(|_| async move {
        SEEN.fetch_add(1, SeqCst);
    })
    .await;
    let port = address.port();
    let transport = Transport::new(Reach::Public);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0x7f.1",
        "2130706433",
        "0.0.0.0",
        "127.1",
    ] {
        let came = transport
            .send(outbound(format!("http://{host}:{port}/"), LONG))
            .await;
        assert!(
            not_sent(&came).contains("private address"),
            "{host}: {came:?}"
        );
    }
    assert_eq!(SEEN.load(SeqCst), 0);
}
