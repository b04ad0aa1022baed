//! A shop with keys, a simulator that it calls without a socket, and the time of both.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use daegeum_sandbox::toss::{
    Dial, Ending, Exchange, Fault, MemoryBooks, OpenWindow, Rule, Settings, Toss, Transport,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde_json::{Value, json};

pub(crate) const SECOND_MS: i64 = 1_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 86_400_000;
/// 2024-02-13T12:18:14+09:00
pub(crate) const NOON_MS: i64 = 1_707_794_294_000;

pub(crate) struct Shop {
    pub(crate) toss: Toss,
    pub(crate) books: MemoryBooks,
    pub(crate) now_ms: i64,
}

/// An answer, and what becomes of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    /// Null if it is not JSON.
    pub(crate) body: Value,
    pub(crate) transport: Transport,
}

impl Answer {
    pub(crate) fn of(exchange: Exchange) -> Self {
        let (head, bytes) = exchange.response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
            transport: exchange.transport,
        }
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// A whole answer with this status and code.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{self:?}"
        );
        let message = self.body["message"].as_str();
        assert!(message.is_some_and(|message| !message.is_empty()));
    }

    #[track_caller]
    pub(crate) fn is_payment(&self, status: &str) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.transport.ending, Ending::Whole);
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        client_key: "test_ck_shop".to_owned(),
        secret_key: "test_sk_shop".to_owned(),
        widget_keys: Some(("test_gck_shop".to_owned(), "test_gsk_shop".to_owned())),
        merchant_id: "tshop".to_owned(),
        base_url: "http://127.0.0.1:4100".to_owned(),
        seed: 7,
        ..Settings::default()
    }
}

pub(crate) fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let books = MemoryBooks::default();
        let toss = Toss::open(Box::new(books.clone()), settings).unwrap();
        Self {
            toss,
            books,
            now_ms: NOON_MS,
        }
    }

    /// One that hears of payments.
    pub(crate) fn listening() -> Self {
        let mut shop = Self::new();
        shop.toss
            .set_notification_url(Some("http://127.0.0.1:9/hook".to_owned()));
        shop
    }

    pub(crate) fn send(
        &mut self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::new(body.into());
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        Answer::of(self.toss.exchange(self.now_ms, &request))
    }

    /// With the shop's key.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let key = basic("test_sk_shop");
        self.send(&Method::GET, path, &[("authorization", &key)], "")
    }

    /// With the shop's key.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body)
    }

    /// With the shop's key and more headers.
    pub(crate) fn post_with(&mut self, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let key = basic("test_sk_shop");
        let mut headers = vec![
            ("authorization", key.as_str()),
            ("content-type", "application/json"),
        ];
        headers.extend_from_slice(more);
        self.send(&Method::POST, path, &headers, body.to_string())
    }

    /// At the simulator's own desk.
    pub(crate) fn desk(&mut self, method: &Method, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(method, path, &json, body.to_string())
    }

    pub(crate) fn open(&mut self, open: Value) -> String {
        let open: OpenWindow = serde_json::from_value(open).unwrap();
        self.toss.open_window(self.now_ms, &open).unwrap()
    }

    /// A window that the buyer has been authenticated in.
    pub(crate) fn approved(&mut self, order_id: &str, amount: i64) -> String {
        let key = self.open(order(order_id, amount));
        self.toss.approve(self.now_ms, &key, None, None).unwrap();
        key
    }

    pub(crate) fn approved_by(&mut self, order_id: &str, amount: i64, method: &str) -> String {
        let key = self.open(order(order_id, amount));
        self.toss
            .approve(self.now_ms, &key, Some(method), None)
            .unwrap();
        key
    }

    pub(crate) fn confirm(&mut self, key: &str, order_id: &str, amount: i64) -> Answer {
        self.post("/v1/payments/confirm", &confirm(key, order_id, amount))
    }

    /// A payment that is DONE.
    pub(crate) fn paid(&mut self, order_id: &str, amount: i64) -> String {
        let key = self.approved(order_id, amount);
        self.confirm(&key, order_id, amount).is_payment("DONE");
        key
    }

    pub(crate) fn cancel(&mut self, key: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/payments/{key}/cancel"), body)
    }

    pub(crate) fn inquire(&mut self, key: &str) -> Answer {
        self.get(&format!("/v1/payments/{key}"))
    }

    pub(crate) fn rules(&mut self, rules: Vec<Rule>) {
        let dial = Dial {
            rules,
            requests_per_minute: None,
        };
        self.toss.set_dial(dial).unwrap();
    }

    pub(crate) fn once(&mut self, call: daegeum_sandbox::toss::CallFilter, fault: Fault) {
        self.rules(vec![Rule::once(call, fault)]);
    }

    pub(crate) fn pass(&mut self, ms: i64) {
        self.now_ms += ms;
    }

    /// The bodies of what is due, all answered with 200.
    pub(crate) fn heard(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        for delivery in self.toss.due(self.now_ms) {
            heard.push(serde_json::from_slice(delivery.request.body()).unwrap());
            self.toss.delivered(self.now_ms, delivery.id, Some(200));
        }
        heard
    }

    /// How often money was taken for this payment.
    pub(crate) fn taken_times(&self, key: &str) -> u64 {
        let books = self.toss.books();
        let lines = books["payments"].as_array().unwrap();
        let line = lines.iter().find(|line| line["paymentKey"] == key).unwrap();
        line["confirms"].as_u64().unwrap()
    }
}

pub(crate) fn order(order_id: &str, amount: i64) -> Value {
    json!({
        "method": "CARD",
        "amount": {"value": amount, "currency": "KRW"},
        "orderId": order_id,
        "orderName": "두 밤",
        "customerName": "김손님",
        "successUrl": "https://shop.example/ok",
        "failUrl": "https://shop.example/sorry?from=toss",
    })
}

pub(crate) fn confirm(key: &str, order_id: &str, amount: i64) -> Value {
    json!({"paymentKey": key, "orderId": order_id, "amount": amount})
}
