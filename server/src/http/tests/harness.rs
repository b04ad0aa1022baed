//! A server on a loopback port, and a caller that writes its requests byte by byte.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    config::{Config, Flags, Purpose},
    domain_clock::DomainClock,
    http::{cross_origin::CrossOrigin, *},
    telemetry::Metrics,
    world::{ManualWorld, World},
};

pub(super) const NOW_S: i64 = 1_800_000_000;
pub(super) const MERCHANT: &str = "merchant-merchant-merchant-merchant";
pub(super) const ADMIN: &str = "admin-admin-admin-admin-admin-admin";
pub(super) const SIGNING: &str = "signing-signing-signing-signing-sig";

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) world: ManualWorld,
    pub(super) metrics: Arc<Metrics>,
    /// Each permit lets one `/slow` request go on.
    pub(super) gate: Arc<Semaphore>,
    stop: Option<oneshot::Sender<()>>,
    drained: oneshot::Receiver<Drained>,
}

impl Server {
    /// A server with these settings beside its keys.
    pub(super) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(settings, None).await
    }

    pub(super) async fn start_with(settings: &[(&str, &str)], tls: Option<TlsAcceptor>) -> Self {
        Self::start_in(ManualWorld::new(NOW_S * 1000, 1), settings, tls).await
    }

    /// A server in this world. A setting of nothing takes back what it is by default here.
    pub(super) async fn start_in(
        world: ManualWorld,
        settings: &[(&str, &str)],
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let data_key = "00".repeat(32);
        let keys = [
            ("DAEGEUM_MERCHANT_KEY", MERCHANT),
            ("DAEGEUM_ADMIN_KEY", ADMIN),
            ("DAEGEUM_BUYER_JWT_SECRET", SIGNING),
            ("DAEGEUM_DATA_KEY", &data_key),
        ];
        let said = keys
            .iter()
            .chain(settings)
            .map(|(name, text)| ((*name).into(), (*text).into()));
        let config = Config::load(&Flags::default(), said, Purpose::Show, &world).unwrap();
        let metrics = Arc::new(Metrics::new());
        let gate = Arc::new(Semaphore::new(0));
        let clock = Arc::new(DomainClock::new(Arc::new(world.clone()), false));
        let pages = CrossOrigin::refusals_alone(&config.settings.checkout.redirect_origins);
        let front = Front::new((routes(&gate), pages), &config, clock, Arc::clone(&metrics));
        front.begin();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (done, drained) = oneshot::channel();
        world.spawn(Box::pin(async move {
            let stopped = async { stopped.await.unwrap_or(()) };
            done.send(serve(listener, tls, front, stopped).await).ok();
        }));
        Self {
            address,
            world,
            metrics,
            gate,
            stop: Some(stop),
            drained,
        }
    }

    pub(super) async fn connect(&self) -> Caller<TcpStream> {
        Caller(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(super) async fn ask(&self, request: &str) -> Answer {
        self.connect().await.ask(request).await
    }

    /// Waits until this many timers wait for the world's time to move.
    pub(super) async fn timers(&self, count: usize) {
        until(|| self.world.timers() == count).await;
    }

    pub(super) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(super) async fn drained(self) -> Drained {
        soon(self.drained).await.unwrap()
    }
}

/// Lets others run until it is so.
pub(super) async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A test that hangs is a test that fails.
#[expect(
    clippy::disallowed_methods,
    reason = "real time guards against a server that hangs"
)]
pub(super) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("the server hangs")
}

/// The other end of a connection.
pub(super) struct Caller<S>(pub(super) S);

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Caller<S> {
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.0.write_all(bytes.as_ref())).await.unwrap();
        soon(self.0.flush()).await.unwrap();
    }

    pub(super) async fn ask(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    /// Reads one answer, and not a byte more.
    pub(super) async fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(self.0.read_u8()).await.expect("an answer"));
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line}")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        answer.body = vec![0; length];
        soon(self.0.read_exact(&mut answer.body)).await.unwrap();
        answer
    }

    /// Reads until the server closes; a reset counts as a close.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        soon(self.0.read_to_end(&mut rest)).await.ok();
        rest
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice");
        value
    }

    pub(super) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The code of a refusal, which must be a whole one.
    pub(super) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        let id = self.header("x-request-id").expect("a request id");
        assert_eq!(problem["request_id"], id);
        assert!(!problem["message"].as_str().unwrap().is_empty());
        if matches!(self.status, 429 | 503) {
            let seconds: u64 = self
                .header("retry-after")
                .expect("Retry-After")
                .parse()
                .unwrap();
            assert!((1..=60).contains(&seconds), "{seconds}");
        }
        assert_eq!(
            self.header("www-authenticate").is_some(),
            self.status == 401
        );
        assert_eq!(self.header("allow").is_some(), self.status == 405);
        problem["code"].as_str().unwrap().to_owned()
    }
}

pub(super) fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

pub(super) fn get_as(path: &str, credential: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {credential}\r\n\r\n")
}

/// A POST of JSON with more header lines.
pub(super) fn post_request(path: &str, headers: &[&str], body: &str) -> String {
    let length = format!("content-length: {}", body.len());
    let request_line = format!("POST {path} HTTP/1.1");
    let fixed = [
        &*request_line,
        "host: test",
        "content-type: application/json",
        &length,
    ];
    format!("{}\r\n\r\n{body}", [&fixed, headers].concat().join("\r\n"))
}

/// A buyer's token.
pub(super) fn token(claims: &Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(SIGNING.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    amount: Integer,
    #[serde(default)]
    idempotency_key: BodyKey,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: Option<String>,
    times: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u8>,
}

fn routes(gate: &Arc<Semaphore>) -> Router {
    let gate = Arc::clone(gate);
    let slow = move || async move {
        gate.acquire().await.unwrap().forget();
        "done"
    };
    Router::new()
        .route("/fast", get(|| async { "fast" }))
        .route("/slow", get(slow))
        .route("/large", get(|| async { Body::from(vec![b'x'; 64 << 20]) }))
        .route("/items/{id}", get(|Path(id): Path<String>| async { id }))
        .route("/page", get(|Query(page): Query<Page>| async move { format!("{:?}", page.limit) }))
        .route("/echo", post(|Json(item): Json<Item>| async move { item.amount.get().to_string() }))
        .route("/raw", post(|RawBody(bytes): RawBody| async move { bytes.len().to_string() }))
        .route(
            "/cancel",
            post(|OptionalJson(asked): OptionalJson<Reason>| async move {
                let reason = asked.reason.unwrap_or_else(|| "none".into());
                reason.repeat(asked.times.unwrap_or(1).into())
            }),
        )
        .route("/pay", post(pay))
        .route("/merchant", get(|Merchant(name): Merchant| async move { name.to_string() }))
        .route("/admin", get(|Admin(name): Admin| async move { name.to_string() }))
        .route("/buyer", get(|Buyer(id): Buyer| async move { id.to_string() }))
        .route("/anyone", get(|crate::http::Caller(who): crate::http::Caller| async move { who.name().to_owned() }))
        .route("/source", get(|context: RequestContext| async move { context.source.to_string() }))
        .route("/panic", get(panics))
        .route("/fails", get(|| async { Problem::internal("the reason is ours") }))
        .route("/busy", get(|| async { Problem::from(HttpErrorCode::Overloaded) }))
        .route("/silent/{status}", get(silent))
}

async fn pay(headers: HeaderMap, Json(item): Json<Item>) -> Result<String, Problem> {
    IdempotencyKey::required(&headers, &item.idempotency_key).map(|key| key.as_str().to_owned())
}

async fn panics() -> &'static str {
    panic!("on purpose: a handler of the test panics")
}

async fn silent(Path(status): Path<u16>) -> impl IntoResponse {
    (
        StatusCode::from_u16(status).unwrap(),
        "plain text a library might write",
    )
}
