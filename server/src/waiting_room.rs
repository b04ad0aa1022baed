//! A start on a full disk: the process lives, and every request is told why nothing is accepted. It continues by
//! itself once there is room; exiting instead would only be retried from outside, without succeeding sooner.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use daegeum_engine::store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::api::health;
use crate::assembly::Opened;
use crate::config::Config;
use crate::http::cross_origin::CrossOrigin;
use crate::http::{self, Front, HttpErrorCode, Problem};
use crate::serve::Surroundings;

/// How long to wait before looking again whether there is room.
const PAUSE: Duration = Duration::from_secs(1);

/// The listener that answers requests meanwhile.
pub struct Door<'a> {
    /// The listener, which serves later what this start is for.
    pub listener: &'a TcpListener,
    /// How connections are secured.
    pub tls: &'a Option<TlsAcceptor>,
}

/// Opens as soon as the disk has room for it.
pub async fn open(
    config: &Config,
    around: &Surroundings,
    door: Door<'_>,
    mut open: impl FnMut() -> Result<Opened, Box<dyn Error>>,
) -> Result<Opened, Box<dyn Error>> {
    let error = match open() {
        Err(error) if is_full(error.as_ref()) => error,
        opened => return opened,
    };
    tracing::error!(%error, "the disk is full: the start waits until there is room");
    let origins = &config.settings.checkout.redirect_origins;
    let (close, closed) = oneshot::channel::<()>();
    let answering = http::serve(
        again(door.listener)?,
        door.tls.clone(),
        Front::new(
            (routes(), CrossOrigin::refusals_alone(origins)),
            config,
            Arc::clone(&around.clock),
            Arc::clone(&around.metrics),
        ),
        async {
            // Closed by being dropped.
            let _ = closed.await;
        },
    );
    let looking = async {
        // Stops answering here once this is over.
        let _close = close;
        loop {
            around.world.sleep(PAUSE).await;
            match open() {
                Err(error) if is_full(error.as_ref()) => {}
                opened => return opened,
            }
        }
    };
    let (opened, _) = tokio::join!(looking, answering);
    tracing::info!("there is room again: the start goes on");
    opened
}

/// The same listener once more.
fn again(listener: &TcpListener) -> io::Result<TcpListener> {
    let socket = rustix::io::dup(listener)?;
    TcpListener::from_std(std::net::TcpListener::from(socket))
}

fn routes() -> Router {
    Router::new()
        .route("/healthz", get(health::live))
        .fallback(full)
}

async fn full() -> Result<Response, Problem> {
    Err(HttpErrorCode::StorageFull.into())
}

fn is_full(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Full(_)))
}
