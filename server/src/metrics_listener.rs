//! `/metrics` without a key, on a loopback address of its own, where one is configured.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::api::health;
use crate::app::App;
use crate::http::{HttpErrorCode, Problem};
use crate::listening;

/// Starts the listener, if there is to be one. It does not keep the application alive.
pub async fn start(app: &Arc<App>) -> Result<(), String> {
    let Some(address) = app.config.settings.metrics.listen else {
        return Ok(());
    };
    let listener = listening::bind(address, listening::FIGURES).await?;
    let routes = Router::new()
        .route("/metrics", get(show))
        .with_state(Arc::downgrade(app));
    app.world.spawn(Box::pin(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the metrics listener stopped");
        }
    }));
    Ok(())
}

async fn show(State(app): State<Weak<App>>) -> Result<Response, Problem> {
    let app = app.upgrade().ok_or(HttpErrorCode::Stopping)?;
    health::rendered(&app)
}
