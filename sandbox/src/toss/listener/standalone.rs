//! The simulator by itself: a folder with its books and its clock, and `/sandbox/clock`.

#![expect(
    clippy::disallowed_methods,
    reason = "alone, the simulator is the one who asks the machine for the time"
)]

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use jiff::SignedDuration;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::net::TcpListener;

use super::{
    super::{BooksError, FileBooks, Settings, Toss, admin::says_json},
    Now, serve_with,
};
use crate::clock::{ClockError, SandboxClock};

/// The settings of a simulator that runs alone.
#[derive(Debug)]
pub struct Standalone {
    /// The folder of its books and its clock.
    pub folder: PathBuf,
    /// An address of this machine; port 0 is any.
    pub address: SocketAddr,
    /// The first address of notifications; it can be changed by `PUT /sandbox/notification-url`.
    pub notification_url: Option<String>,
    /// The rest. `base_url` is set from the address.
    pub settings: Settings,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum StandaloneError {
    /// The books.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// The clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The address or the folder.
    #[error("the simulator cannot be served: {0}")]
    Serve(#[from] io::Error),
}

/// Runs until `stop` is done. `ready` is told the address once it listens, to print it with the
/// keys.
pub async fn standalone(
    mut wanted: Standalone,
    ready: impl FnOnce(SocketAddr, &Settings),
    stop: impl Future<Output = ()> + Send,
) -> Result<(), StandaloneError> {
    let clock = Arc::new(SandboxClock::open(&wanted.folder)?);
    let books = FileBooks::open(&wanted.folder)?;
    let listener = TcpListener::bind(wanted.address).await?;
    let address = listener.local_addr()?;
    wanted.settings.base_url = format!("http://{address}");
    let mut toss = Toss::open(Box::new(books), wanted.settings.clone())?;
    if wanted.notification_url.is_some() {
        toss.set_notification_url(wanted.notification_url);
    }
    ready(address, &wanted.settings);
    let ahead_ms = clock.ahead_ms();
    let now: Now = Arc::new(move || machine_ms().saturating_add(ahead_ms.load(Ordering::Relaxed)));
    serve_with(listener, Arc::new(Mutex::new(toss)), now, Some(clock), stop).await?;
    Ok(())
}

fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// `30m`, `1h30m`, `7d`.
    advance: Option<String>,
    advance_ms: Option<u64>,
}

impl Advance {
    fn by(&self) -> Option<Duration> {
        match (&self.advance, self.advance_ms) {
            (Some(text), None) => match text.strip_suffix('d') {
                Some(days) => Duration::from_hours(24).checked_mul(days.parse().ok()?),
                None => text.parse::<SignedDuration>().ok()?.try_into().ok(),
            },
            (None, Some(ms)) => Some(Duration::from_millis(ms)),
            _ => None,
        }
    }
}

/// `GET` says the time, `POST {"advance": "30m"}` moves it, as beside the server.
pub(super) fn clock(request: &Request<Bytes>, clock: &SandboxClock, now: &Now) -> Response<Bytes> {
    let moved = match *request.method() {
        Method::GET => Ok(()),
        Method::POST if !says_json(request) => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Method::POST => advance(request.body(), clock),
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    };
    let (status, body) = match moved {
        Ok(()) => {
            let shown = serde_json::json!({ "now_ms": now(), "machine_now_ms": machine_ms() });
            (StatusCode::OK, shown)
        }
        Err(status) => {
            let why =
                "expected {\"advance\": \"30m\"} or {\"advance_ms\": 1000}, a century at most";
            (status, serde_json::json!({ "message": why }))
        }
    };
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn advance(body: &Bytes, clock: &SandboxClock) -> Result<(), StatusCode> {
    let asked: Advance = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let by = asked.by().ok_or(StatusCode::BAD_REQUEST)?;
    match clock.advance(by) {
        Ok(_) => Ok(()),
        Err(ClockError::TooFar) => Err(StatusCode::BAD_REQUEST),
        Err(ClockError::File(..) | ClockError::Unreadable(_)) => {
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
