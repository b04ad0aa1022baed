//! The simulator on a socket of this machine: accepts requests, applies to each answer the fate that the core
//! decided, and delivers notifications. Loopback only; everything has a limit.

#![expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for the outside world: it has tasks and timers of its own"
)]

mod body;
mod courier;
mod standalone;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

use self::body::Sent;
pub use self::standalone::{Standalone, StandaloneError, standalone};
use super::{
    Toss,
    transport::{Ending, Exchange},
};
use crate::clock::SandboxClock;

/// A source of the domain's time.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The largest request.
const BODY_BYTES_MAX: usize = 64 * 1_024;
/// A request that has not come by then will not.
const REQUEST_MAX: Duration = Duration::from_secs(30);
/// No more connections at once; the next wait.
const CONNECTIONS_MAX: usize = 512;
/// How soon a jump of the clock is noticed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// State shared by all connections.
#[derive(Clone)]
struct Shared {
    toss: Arc<Mutex<Toss>>,
    now: Now,
    /// If the simulator runs alone, its clock can be moved through it.
    clock: Option<Arc<SandboxClock>>,
    /// Signals that there may be notifications to send.
    happened: Arc<Notify>,
}

/// Nothing is answered: the connection closes.
#[derive(Debug, thiserror::Error)]
#[error("the dial leaves this unanswered")]
struct Unanswered;

/// Serves until `stop` is done; connections still open then are dropped.
pub async fn serve(
    listener: TcpListener,
    toss: Arc<Mutex<Toss>>,
    now: Now,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_with(listener, toss, now, None, stop).await
}

async fn serve_with(
    listener: TcpListener,
    toss: Arc<Mutex<Toss>>,
    now: Now,
    clock: Option<Arc<SandboxClock>>,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        let why = "the simulator is served on this machine's own addresses only";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let shared = Shared {
        toss,
        now,
        clock,
        happened: Arc::new(Notify::new()),
    };
    tokio::select! {
        () = stop => Ok(()),
        () = courier::deliver(shared.clone()) => Ok(()),
        () = accept(listener, shared) => Ok(()),
    }
}

/// Dropping it drops the connections.
async fn accept(listener: TcpListener, shared: Shared) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, as a rule: others have to end first.
            sleep(LOOK_AGAIN).await;
            continue;
        };
        let shared = shared.clone();
        connections.spawn(async move {
            connection(stream, shared).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, shared: Shared) {
    // Answers in small pieces have to arrive in small pieces. Without it they only come late.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let reset = Arc::clone(&reset);
        move |request| answer(request, shared.clone(), Arc::clone(&reset))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let ended = (&mut connection).await;
    if ended.is_err() && reset.load(Ordering::Relaxed) {
        // Closing it now sends a reset instead of an end.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Shared,
    reset: Arc<AtomicBool>,
) -> Result<Response<Sent>, Unanswered> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect();
    let body = match timeout(REQUEST_MAX, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "too large or cut off")),
        Err(_) => return Err(Unanswered),
    };
    let request = Request::from_parts(head, body);
    if let Some(clock) = &shared.clock
        && request.uri().path() == "/sandbox/clock"
    {
        let response = standalone::clock(&request, clock, &shared.now);
        shared.happened.notify_one();
        return Ok(response.map(Sent::whole));
    }
    let Some(exchange) = shared
        .with(move |toss, now_ms| toss.exchange(now_ms, &request))
        .await
    else {
        return Err(Unanswered);
    };
    shared.happened.notify_one();
    carry_out(exchange, &shared, &reset).await
}

/// Carries out the fate of the answer.
async fn carry_out(
    exchange: Exchange,
    shared: &Shared,
    reset: &AtomicBool,
) -> Result<Response<Sent>, Unanswered> {
    sleep(Duration::from_millis(exchange.transport.delay_ms)).await;
    let response = exchange.response;
    match exchange.transport.ending {
        Ending::Whole => Ok(response.map(Sent::whole)),
        Ending::RequestLost { silent_ms } | Ending::ResponseLost { silent_ms } => {
            sleep(Duration::from_millis(silent_ms)).await;
            Err(Unanswered)
        }
        Ending::Reset => {
            reset.store(true, Ordering::Relaxed);
            Err(Unanswered)
        }
        Ending::Truncated { at } => Ok(promising_all(response, |all| Sent::truncated(all, at))),
        Ending::Drip { bytes, every_ms } => {
            let every = Duration::from_millis(every_ms);
            Ok(promising_all(response, |all| {
                Sent::dripping(all, bytes, every)
            }))
        }
        Ending::Held { id, until_ms } => {
            while (shared.now)() < until_ms {
                let left_ms = until_ms.saturating_sub((shared.now)());
                let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
                sleep(left.min(LOOK_AGAIN)).await;
            }
            let resumed = shared
                .with(move |toss, now_ms| toss.resume(now_ms, id))
                .await;
            shared.happened.notify_one();
            let resumed = resumed.flatten().ok_or(Unanswered)?;
            Ok(resumed.response.map(Sent::whole))
        }
    }
}

impl Shared {
    /// Off the async threads, for the books are synced. Nothing if that panicked.
    async fn with<T: Send + 'static>(
        &self,
        turn: impl FnOnce(&mut Toss, i64) -> T + Send + 'static,
    ) -> Option<T> {
        let (toss, now) = (Arc::clone(&self.toss), Arc::clone(&self.now));
        tokio::task::spawn_blocking(move || turn(&mut toss.lock(), now()))
            .await
            .ok()
    }
}

/// With the length of the whole body, whatever of it comes.
fn promising_all(response: Response<Bytes>, sent: impl FnOnce(Bytes) -> Sent) -> Response<Sent> {
    let length = HeaderValue::from(response.body().len());
    let mut response = response.map(sent);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Sent> {
    let mut response = Response::new(Sent::whole(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}
