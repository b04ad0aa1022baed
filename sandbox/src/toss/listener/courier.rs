//! Delivers notifications, to this machine only, several at once; an answer within ten seconds
//! counts, whatever the domain's clock does meanwhile.

#![expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for the outside world: it has tasks and timers of its own"
)]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    super::{address::loopback, notify::Delivery},
    LOOK_AGAIN, Shared,
};

const ANSWER_MAX: Duration = Duration::from_secs(10);
const AT_ONCE: usize = 16;

/// Forever.
pub(super) async fn deliver(shared: Shared) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut sending = JoinSet::new();
    loop {
        while sending.try_join_next().is_some() {}
        let due = shared.with(super::Toss::due).await.unwrap_or_default();
        let idle = due.is_empty();
        for delivery in due {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let shared = shared.clone();
            sending.spawn(async move {
                let id = delivery.id;
                let status = send(delivery).await;
                shared
                    .with(move |toss, now_ms| toss.delivered(now_ms, id, status))
                    .await;
                drop(place);
            });
        }
        if idle {
            // The clock may jump, so that nothing longer is safe.
            tokio::select! {
                () = shared.happened.notified() => {}
                () = sleep(LOOK_AGAIN) => {}
            }
        }
    }
}

/// The status, if there was an answer in time.
async fn send(delivery: Delivery) -> Option<u16> {
    timeout(ANSWER_MAX, exchange(delivery.request))
        .await
        .ok()
        .flatten()
}

async fn exchange(mut request: Request<Bytes>) -> Option<u16> {
    let uri = request.uri().clone();
    let address = address(&uri)?;
    let host = HeaderValue::from_str(uri.authority()?.as_str()).ok()?;
    request.headers_mut().insert(header::HOST, host);
    *request.uri_mut() = uri.path_and_query()?.as_str().parse().ok()?;

    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let answered = async move {
        let response = sender.send_request(request.map(Full::new)).await;
        response.ok().map(|response| response.status().as_u16())
    };
    let mut connection = std::pin::pin!(connection);
    let mut answered = std::pin::pin!(answered);
    tokio::select! {
        status = &mut answered => status,
        // The other side closed, perhaps after it answered.
        _ = &mut connection => answered.await,
    }
}

/// Of this machine, or none.
fn address(uri: &Uri) -> Option<SocketAddr> {
    if uri.scheme_str() != Some("http") {
        return None;
    }
    let ip = loopback(uri.host()?)?;
    Some(SocketAddr::new(ip, uri.port_u16().unwrap_or(80)))
}
