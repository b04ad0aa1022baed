//! Liveness, readiness and metrics.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::schema::{AliveSchema, ReadySchema};
use super::{answer, figures};
use crate::app::App;
use crate::engine_room::NotReady;
use crate::http::{HttpErrorCode, Observer, Problem};
use crate::telemetry::METRICS_CONTENT_TYPE;

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "It lives.", body = AliveSchema)))]
pub async fn live() -> Result<Response, Problem> {
    answer::json(200, &json!({ "status": "ok" }))
}

/// It takes payments: the store is open, has room, and its index is sound. If not, `code` says why.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "It takes payments.", body = ReadySchema)))]
pub async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    match app.condition.not_ready() {
        None => answer::json(
            200,
            &json!({ "status": "ready", "index_lag_keys": app.reader.lag_keys() }),
        ),
        Some(why) => Err(unready(why)),
    }
}

/// The refusal with the true reason, and with the progress if it is known.
fn unready(why: NotReady) -> Problem {
    match why {
        NotReady::Stopping => HttpErrorCode::Stopping.into(),
        NotReady::Full => HttpErrorCode::StorageFull.into(),
        NotReady::Rebuilding { done, total } => {
            let problem: Problem = HttpErrorCode::IndexRebuilding.into();
            problem.saying(format!(
                "The index is being made anew: {done} of {total} records; see Retry-After."
            ))
        }
    }
}

/// Figures for Prometheus. The key in `metrics.key` may read them and nothing else.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub async fn metrics(
    State(app): State<Arc<App>>,
    Observer(_): Observer,
) -> Result<Response, Problem> {
    rendered(&app)
}

/// The metrics, for callers who may read them.
pub fn rendered(app: &App) -> Result<Response, Problem> {
    figures::look(app)?;
    let text = app.metrics.render().map_err(Problem::internal)?;
    let kind = HeaderValue::from_static(METRICS_CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
