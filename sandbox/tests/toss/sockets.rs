//! The same over real sockets: what a client sees of each fate, and notifications that arrive.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use daegeum_sandbox::toss::{
    MemoryBooks, Toss,
    listener::{Standalone, serve, standalone},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::shop::{NOON_MS, basic, confirm, order, settings};

/// A simulator on a port of its own, with a clock that the test moves.
struct Served {
    address: SocketAddr,
    now_ms: Arc<AtomicI64>,
    toss: Arc<Mutex<Toss>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    fn new() -> Self {
        let toss = Toss::open(Box::new(MemoryBooks::default()), settings()).unwrap();
        let toss = Arc::new(Mutex::new(toss));
        let now_ms = Arc::new(AtomicI64::new(NOON_MS));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let (shared, clock) = (Arc::clone(&toss), Arc::clone(&now_ms));
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let now = Arc::new(move || clock.load(Ordering::Relaxed));
                let stopped = async {
                    let _ = stopped.await;
                };
                serve(listener, shared, now, stopped).await.unwrap();
            });
        });
        Self {
            address: told.recv().unwrap(),
            now_ms,
            toss,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn approved(&self, order_id: &str) -> String {
        let open = serde_json::from_value(order(order_id, 1_000)).unwrap();
        let mut toss = self.toss.lock();
        let key = toss.open_window(NOON_MS, &open).unwrap();
        toss.approve(NOON_MS, &key, None, None).unwrap();
        key
    }

    fn dial(&self, fault: &Value) {
        let rules = json!({"rules": [{"call": "any", "fault": fault, "times": 1}]});
        let set = self
            .ask("PUT", "/sandbox/faults", &rules.to_string())
            .unwrap();
        assert!(set.starts_with("HTTP/1.1 200"), "{set}");
    }

    /// All that comes until the connection ends.
    fn ask(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: toss\r\nauthorization: {}\r\n\
             content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            basic("test_sk_shop"),
            body.len(),
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn confirm(&self, key: &str, order_id: &str) -> io::Result<String> {
        let body = confirm(key, order_id, 1_000).to_string();
        self.ask("POST", "/v1/payments/confirm", &body)
    }

    fn status(&self, key: &str) -> String {
        let answer = self.ask("GET", &format!("/v1/payments/{key}"), "").unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        body["status"].as_str().unwrap().to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(std::thread::panicking() || ended.is_ok());
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_whole_answer() {
    let served = Served::new();
    let key = served.approved("order-1");
    let answer = served.confirm(&key, "order-1").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"status\":\"DONE\""));
}

#[test]
fn lost_answers_have_the_effect_of_their_fault() {
    let served = Served::new();
    for (fault, status) in [
        (json!({"request_lost": {"silent_ms": 30}}), "IN_PROGRESS"),
        (json!({"response_lost": {}}), "DONE"),
    ] {
        let order_id = format!("order-{status}");
        let key = served.approved(&order_id);
        served.dial(&fault);
        assert_eq!(served.confirm(&key, &order_id).unwrap(), "");
        assert_eq!(served.status(&key), status);
    }
}

#[test]
fn a_reset_is_a_reset() {
    let served = Served::new();
    let key = served.approved("order-1");
    served.dial(&json!({"reset": {"effect": false}}));
    let error = served.confirm(&key, "order-1").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(served.status(&key), "IN_PROGRESS");
}

#[test]
fn a_truncated_answer_promises_more() {
    let served = Served::new();
    let key = served.approved("order-1");
    served.dial(&json!({"truncated": {"at": 40}}));
    let answer = served.confirm(&key, "order-1").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), 40);
    let promised = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert!(promised.parse::<usize>().unwrap() > 1_000);
    assert_eq!(served.status(&key), "DONE");
}

#[test]
fn a_drip_is_slow_and_whole() {
    let served = Served::new();
    let key = served.approved("order-1");
    served.dial(&json!({"drip": {"bytes": 200, "every_ms": 20}}));
    let began = Instant::now();
    let answer = served.confirm(&key, "order-1").unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str::<Value>(body).unwrap();
    let pieces = u32::try_from(body.len() / 200).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(20) * pieces);
}

#[test]
fn a_held_request_is_answered_when_the_clock_gets_there() {
    let served = Served::new();
    let key = served.approved("order-1");
    served.dial(&json!({"held": {"ms": 60_000}}));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| served.confirm(&key, "order-1").unwrap());
        while served.toss.lock().calls().confirm == 0 {
            std::thread::yield_now();
        }
        assert_eq!(served.status(&key), "IN_PROGRESS");
        assert!(!waiting.is_finished());
        served.now_ms.store(NOON_MS + 60_000, Ordering::Relaxed);
        assert!(waiting.join().unwrap().contains("\"status\":\"DONE\""));
    });
}

#[test]
fn oversized_request_is_refused() {
    let served = Served::new();
    let body = " ".repeat(64 * 1_024 + 1);
    let answer = served.ask("POST", "/v1/payments/confirm", &body);
    // Whether the answer outruns the reset depends on who is faster.
    if let Ok(answer) = answer {
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    let key = served.approved("order-1");
    assert_eq!(served.status(&key), "IN_PROGRESS");
}

/// Takes one notification and answers it.
fn hear(listener: &TcpListener, answer: &str) -> (String, Value) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut text = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let count = stream.read(&mut piece).unwrap();
        assert_ne!(count, 0, "cut off: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&piece[..count]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").unwrap();
            return (head.to_owned(), body);
        }
    }
}

#[test]
fn notifications_arrive_and_are_repeated_until_200() {
    let served = Served::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?a=1", listener.local_addr().unwrap());
    let body = json!({ "url": url }).to_string();
    served
        .ask("PUT", "/sandbox/notification-url", &body)
        .unwrap();
    let key = served.approved("order-1");
    served.confirm(&key, "order-1").unwrap();
    let (head, body) = hear(&listener, "503 Busy");
    assert!(head.starts_with("POST /hook?a=1 HTTP/1.1"), "{head}");
    assert_eq!(body["data"]["status"], "DONE");
    // The retry is a minute of the domain's time away, once the failure is written down.
    while served.toss.lock().next_due_ms() != Some(NOON_MS + 60_000) {
        std::thread::yield_now();
    }
    served.now_ms.store(NOON_MS + 60_000, Ordering::Relaxed);
    let (head, _) = hear(&listener, "200 OK");
    assert!(head.contains("retried-count: 1"), "{head}");
    while served.toss.lock().books()["notifications"]["delivered"] != 1 {
        std::thread::yield_now();
    }
}

#[test]
fn standalone_simulator_has_a_clock_and_books() {
    let folder = tempfile::tempdir().unwrap();
    let mut keys = Vec::new();
    for round in 0..2 {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let wanted = Standalone {
            folder: folder.path().to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            notification_url: None,
            settings: settings(),
        };
        let thread = std::thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            let ready = |address, _: &_| tell.send(address).unwrap();
            runtime()
                .block_on(standalone(wanted, ready, stopped))
                .unwrap();
        });
        let served = Served {
            address: told.recv().unwrap(),
            now_ms: Arc::default(),
            toss: Arc::new(Mutex::new(
                Toss::open(Box::new(MemoryBooks::default()), settings()).unwrap(),
            )),
            stop: Some(stop),
            thread: Some(thread),
        };
        if round == 0 {
            let opened = served
                .ask(
                    "POST",
                    "/sandbox/windows",
                    &order("order-1", 1_000).to_string(),
                )
                .unwrap();
            let (_, body) = opened.split_once("\r\n\r\n").unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            keys.push(body["paymentKey"].as_str().unwrap().to_owned());
            assert_eq!(served.status(&keys[0]), "READY");
            let moved = served
                .ask("POST", "/sandbox/clock", "{\"advance\":\"30m\"}")
                .unwrap();
            assert!(moved.starts_with("HTTP/1.1 200"), "{moved}");
            for wrong in ["{}", "{\"advance\":\"-1m\"}", "{\"advance\":\"99999d\"}"] {
                let refused = served.ask("POST", "/sandbox/clock", wrong).unwrap();
                assert!(refused.starts_with("HTTP/1.1 400"), "{wrong}: {refused}");
            }
        }
        assert_eq!(served.status(&keys[0]), "EXPIRED");
    }
}

#[test]
fn addresses_of_other_machines_are_refused() {
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        let toss = Toss::open(Box::new(MemoryBooks::default()), settings()).unwrap();
        let toss = Arc::new(Mutex::new(toss));
        let refused = serve(listener, toss, Arc::new(|| 0), async {}).await;
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}
