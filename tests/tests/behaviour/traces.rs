//! Traces: what a collector is sent of a request and of an exchange with a gateway, and what it never is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use daegeum_tests::program::Program;
use daegeum_tests::story::NewOrder;
use daegeum_tests::{Answer, Caller, secrets};
use reqwest::Method;

use super::command_line::{pasted, welcome};

/// Takes what is sent to it and keeps it.
#[derive(Clone)]
struct Collector {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let sent = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&sent);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                take(stream.expect("a connection"), &kept);
            }
        });
        Self { address, sent }
    }

    fn has(&self, text: &[u8]) -> bool {
        let sent = self.sent.lock().unwrap();
        sent.windows(text.len()).any(|window| window == text)
    }
}

/// One request, head and body.
fn take(mut stream: TcpStream, kept: &Mutex<Vec<u8>>) {
    let mut request = Vec::new();
    let head = loop {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).expect("bytes");
        request.extend_from_slice(&some[..read]);
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break String::from_utf8_lossy(&request[..end]).to_lowercase();
        }
        if read == 0 {
            return;
        }
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a length").parse().expect("a number");
    let mut body = request[head.len() + 4..].to_vec();
    let rest = length - body.len();
    let mut more = vec![0; rest];
    stream.read_exact(&mut more).expect("the rest");
    body.extend(more);
    assert!(head.starts_with("post /v1/traces "), "{head}");
    assert!(
        head.contains("content-type: application/x-protobuf"),
        "{head}"
    );
    kept.lock().unwrap().extend(body);
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).expect("answered");
}

const TRACE: [u8; 16] = *b"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c";

#[tokio::test]
async fn requests_and_exchanges_are_traced_without_personal_data() {
    let collector = Collector::open();
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut variables = secrets::environment();
    let endpoint = format!("http://{}", collector.address);
    variables.push(("DAEGEUM_TRACES_ENDPOINT".to_owned(), endpoint));
    let mut server = Program::start(&data, &variables, &["--sandbox"], &log);
    server.ready().await;
    let stranger = Caller::new(&server.base());
    let order = NewOrder::new(stranger.with(secrets::MERCHANT), "o-1").by("hana@example.com");
    order.register().await;
    let paid = pasted("sh", &welcome(&log).await);
    let (_, payment) = paid.split_once("\"payment_id\":\"").expect("a payment");
    let (payment, _) = payment.split_once('"').expect("its id");
    let refused = stranger.request(Method::GET, "/api/v1/orders/o-1").header(
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    let refused = Answer::to(refused).await.expect(401);
    assert!(server.stop().success());

    for told in [
        &b"GET /api/v1/orders/{order_id}"[..],
        b"UNAUTHENTICATED",
        refused.headers["x-request-id"].as_bytes(),
        &TRACE,
        b"merchant:merchant",
        b"TOSS confirm",
        payment.as_bytes(),
    ] {
        assert!(collector.has(told), "{:?}", String::from_utf8_lossy(told));
    }
    let mut untold = secrets::all();
    untold.extend(["hana@example.com", "buyer-1", "tgen_", "/orders/o-1"].map(str::to_owned));
    for secret in untold {
        assert!(!collector.has(secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn missing_collector_delays_nothing_and_is_logged_once() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{nobody}");
    let variables = [("DAEGEUM_TRACES_ENDPOINT".to_owned(), endpoint)];
    let mut server = Program::start(&data, &variables, &["--sandbox"], &log);
    server.ready().await;
    let stranger = Caller::new(&server.base());
    stranger.get("/healthz").await.expect(200);
    assert!(server.stop().success());
    let said = std::fs::read_to_string(&log).unwrap();
    assert_eq!(
        said.matches("collector takes no spans").count(),
        1,
        "{said}"
    );
}
