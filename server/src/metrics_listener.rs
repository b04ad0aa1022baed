//! `/metrics` without a key, on a loopback address of its own, where one is configured.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::api::health;
use crate::app::App;
use crate::config::Config;
use crate::http::{HttpErrorCode, Problem};
use crate::listening;

/// The address, if there is to be one. It is taken before anything begins that would have to be stopped.
pub async fn bind(config: &Config) -> Result<Option<TcpListener>, String> {
    match config.settings.metrics.listen {
        Some(address) => Ok(Some(listening::bind(address, listening::FIGURES).await?)),
        None => Ok(None),
    }
}

/// Shows the figures there. It does not keep the application alive.
pub fn start(app: &Arc<App>, listener: TcpListener) {
    let routes = Router::new()
        .route("/metrics", get(show))
        .with_state(Arc::downgrade(app));
    app.world.spawn(Box::pin(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the metrics listener stopped");
        }
    }));
}

async fn show(State(app): State<Weak<App>>) -> Result<Response, Problem> {
    let app = app.upgrade().ok_or(HttpErrorCode::Stopping)?;
    health::rendered(&app)
}
