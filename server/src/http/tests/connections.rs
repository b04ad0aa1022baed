//! Connections: kept, counted, slow, stalled, encrypted, and finished when the server stops.

use std::{sync::Arc, time::Duration};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
        time_provider::TimeProvider,
    },
};

use super::harness::*;
use crate::{
    config::Tls,
    http::{Drained, acceptor},
};

#[tokio::test]
async fn one_connection_serves_many_requests_also_when_sent_at_once() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    for _ in 0..100 {
        assert_eq!(caller.ask(&get_request("/fast")).await.status, 200);
    }
    caller
        .send(get_request("/items/1") + &get_request("/items/2"))
        .await;
    assert_eq!(caller.answer().await.body, b"1");
    assert_eq!(caller.answer().await.body, b"2");
    assert_eq!(server.metrics.http.connections.get(), 1);
}

#[tokio::test]
async fn a_connection_that_sends_no_whole_head_is_closed() {
    let server = Server::start(&[("DAEGEUM_LIMITS_HEADER_TIMEOUT", "200ms")]).await;
    for begun in ["", "GET /fast HTTP/1.1\r\nhost: te"] {
        let mut caller = server.connect().await;
        caller.send(begun).await;
        assert_eq!(caller.rest().await, b"");
    }
    let mut idle = server.connect().await;
    assert_eq!(idle.ask(&get_request("/fast")).await.status, 200);
    assert_eq!(idle.rest().await, b"", "an idle one too");
    until(|| server.metrics.http.connections.get() == 0).await;
}

#[tokio::test]
async fn connection_over_the_limit_gets_503_until_a_place_is_free() {
    let server = Server::start(&[("DAEGEUM_LIMITS_CONNECTIONS", "2")]).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    assert_eq!(first.ask(&get_request("/fast")).await.status, 200);
    assert_eq!(second.ask(&get_request("/fast")).await.status, 200);

    let mut third = server.connect().await;
    assert_eq!(
        third.ask(&get_request("/fast")).await.code(),
        "TOO_MANY_CONNECTIONS"
    );
    assert_eq!(third.rest().await, b"");
    assert_eq!(server.metrics.http.turned_away.get(), 1);

    drop(first);
    until(|| server.metrics.http.connections.get() == 1).await;
    let mut fourth = server.connect().await;
    assert_eq!(fourth.ask(&get_request("/fast")).await.status, 200);
    assert_eq!(second.ask(&get_request("/fast")).await.status, 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    caller.send(get_request("/slow")).await;
    server.timers(1).await;
    server.world.advance(Duration::from_secs(30));
    assert_eq!(caller.answer().await.code(), "REQUEST_TIMEOUT");
    assert_eq!(caller.ask(&get_request("/fast")).await.status, 200);
}

#[tokio::test]
async fn connection_of_a_caller_who_does_not_read_is_closed() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    caller.send(get_request("/large")).await;
    server.timers(1).await; // the write waits
    server.world.advance(Duration::from_secs(30));
    until(|| server.metrics.http.connections.get() == 0).await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight() {
    let mut server = Server::start(&[]).await;
    let mut busy = server.connect().await;
    let mut idle = server.connect().await;
    assert_eq!(idle.ask(&get_request("/fast")).await.status, 200);
    busy.send(get_request("/slow")).await;
    server.timers(1).await;

    server.stop();
    assert_eq!(idle.rest().await, b"", "idle connections end at once");
    server.timers(2).await; // the stop waits
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nobody new is taken"
    );
    server.gate.add_permits(1);
    let answer = busy.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, &b"done"[..]));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(server.drained().await, Drained::Finished);
}

#[tokio::test]
async fn stop_ends_at_its_time_limit() {
    let mut server = Server::start(&[("DAEGEUM_LIMITS_SHUTDOWN_TIMEOUT", "5s")]).await;
    let mut busy = server.connect().await;
    busy.send(get_request("/slow")).await;
    server.timers(1).await;
    server.stop();
    server.timers(2).await;
    server.world.advance(Duration::from_secs(5));
    assert_eq!(server.drained().await, Drained::CutOff(1));
}

#[tokio::test]
async fn connections_and_answers_are_counted() {
    let server = Server::start(&[]).await;
    for path in ["/items/1", "/items/2", "/nowhere", "/elsewhere"] {
        server.ask(&get_request(path)).await;
    }
    let text = server.metrics.render().unwrap();
    for line in [
        "http_request_seconds_count{route=\"/items/{id}\",method=\"GET\"} 2\n",
        "http_request_seconds_count{route=\"unmatched\",method=\"GET\"} 2\n",
        "http_answers_total{status=\"200\"} 2\n",
        "http_answers_total{status=\"404\"} 2\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// The certificates of the test are valid from late 2026 for a century.
#[derive(Debug)]
struct In2030;

impl TimeProvider for In2030 {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_hours(525_960)))
    }
}

fn test_file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/http/tests")
        .join(name)
}

#[tokio::test]
async fn https_is_served_with_a_certificate() {
    let tls = Tls {
        cert: Some(test_file("leaf.pem")),
        key: Some(test_file("leaf.key")),
    };
    let server = Server::start_with(&[], acceptor(&tls).unwrap()).await;

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(test_file("ca.pem")).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let client = ClientConfig::builder_with_details(provider, Arc::new(In2030))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let plain = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let encrypted = TlsConnector::from(Arc::new(client))
        .connect(name, plain)
        .await
        .unwrap();
    let mut caller = Caller(encrypted);
    assert_eq!(caller.ask(&get_request("/fast")).await.body, b"fast");
    assert_eq!(caller.ask(&get_request("/source")).await.body, b"127.0.0.1");

    let mut unencrypted = server.connect().await;
    unencrypted.send(get_request("/fast")).await;
    assert!(!unencrypted.rest().await.starts_with(b"HTTP"));

    let mut silent = server.connect().await;
    server.timers(1).await;
    server.world.advance(Duration::from_secs(30));
    assert_eq!(
        silent.rest().await,
        b"",
        "nobody waits for a handshake for ever"
    );
}

#[test]
fn a_certificate_and_a_key_that_do_not_fit_are_refused() {
    let refused = |cert: &str, key: &str| {
        let tls = Tls {
            cert: Some(test_file(cert)),
            key: Some(test_file(key)),
        };
        acceptor(&tls)
            .err()
            .expect("should have been refused")
            .to_string()
    };
    assert!(refused("nowhere.pem", "leaf.key").contains("nowhere.pem"));
    assert!(refused("leaf.pem", "ca.pem").contains("ca.pem"));
    assert!(refused("ca.pem", "leaf.key").contains("tls.cert"));
    assert!(
        acceptor(&Tls {
            cert: None,
            key: None
        })
        .unwrap()
        .is_none()
    );
}
