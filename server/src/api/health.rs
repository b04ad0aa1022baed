//! Whether the process lives, whether it can take payments, and its figures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::schema::ProblemSchema;
use super::{answer, figures};
use crate::app::App;
use crate::engine_room::NotReady;
use crate::http::{HttpErrorCode, Kind, Problem, RequestContext};
use crate::telemetry::METRICS_CONTENT_TYPE;

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "It lives.")))]
pub async fn live() -> Result<Response, Problem> {
    answer::json(200, &json!({ "status": "ok" }))
}

/// It takes payments: the store is open, has room, and its index is sound. If not, `code` says why.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "It takes payments."), (status = 503, body = ProblemSchema)))]
pub async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    match app.condition.not_ready() {
        None => answer::json(
            200,
            &json!({ "status": "ready", "index_lag_keys": app.reader.lag_keys() }),
        ),
        Some(why) => Err(unready(why)),
    }
}

/// The true reason, and how far it has come where that is known.
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
#[utoipa::path(get, path = "/metrics", tag = "operation", security(("admin" = [])),
    responses((status = 200, body = String), (status = "4XX", body = ProblemSchema)))]
pub async fn metrics(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    context
        .require(&headers, &[Kind::Admin, Kind::Scraper])
        .await?;
    rendered(&app)
}

/// The figures, for whoever may see them.
pub fn rendered(app: &App) -> Result<Response, Problem> {
    figures::look(app)?;
    let text = app.metrics.render().map_err(Problem::internal)?;
    let kind = HeaderValue::from_static(METRICS_CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
