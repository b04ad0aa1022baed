//! Whether the process lives, whether it can take payments, and its figures.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use daegeum_engine::payment::AnyPayment;
use serde_json::json;

use super::answer;
use super::schema::ProblemSchema;
use crate::app::App;
use crate::domain_clock::Deviation;
use crate::engine_room::NotReady;
use crate::gateway::plan;
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

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(("admin" = [])),
    responses((status = 200, body = String), (status = "4XX", body = ProblemSchema)))]
pub async fn metrics(
    State(app): State<Arc<App>>,
    context: RequestContext,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    context.require(&headers, &[Kind::Admin]).await?;
    rendered(&app)
}

/// The figures, for whoever may see them.
pub fn rendered(app: &App) -> Result<Response, Problem> {
    let lag = i64::try_from(app.reader.lag_keys()).unwrap_or(i64::MAX);
    let queued = i64::try_from(app.queue.depth()).unwrap_or(i64::MAX);
    app.metrics.store.index_lag.set(lag);
    app.metrics.store.queue_depth.set(queued);
    look_at_unknown_outcomes(app)?;
    look_at_clock(app);
    let text = app.metrics.render().map_err(Problem::internal)?;
    let kind = HeaderValue::from_static(METRICS_CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn look_at_clock(app: &App) {
    let (behind, ahead) = match app.clock.deviation() {
        Deviation::Agrees => (Duration::ZERO, Duration::ZERO),
        Deviation::Behind(by) => (by, Duration::ZERO),
        Deviation::Ahead { by, .. } | Deviation::FarAhead(by) => (Duration::ZERO, by),
    };
    let seconds = |by: Duration| i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    app.metrics.clock.behind.set(seconds(behind));
    app.metrics.clock.ahead.set(seconds(ahead));
}

/// Sets the figures of money calls without an answer. Beyond the most that are looked at, those of the oldest
/// payments, the count is "at least" so many.
fn look_at_unknown_outcomes(app: &App) -> Result<(), Problem> {
    const MOST: usize = 10_000;
    let waiting = match app.reader.in_flight(None, MOST) {
        Ok(waiting) => waiting.payments,
        // Every other figure is needed just then.
        Err(error) if error.is_passing() => return Ok(()),
        Err(error) => return Err(answer::stored(error)),
    };
    let now = app.now();
    let age_ms = waiting.iter().filter_map(|payment| {
        let operation = payment.core().operation.as_ref()?;
        Some(now.millis_since(operation.core().intended_at))
    });
    let oldest_s = age_ms.max().unwrap_or(0) / 1_000;
    let others = waiting.iter().map(AnyPayment::core);
    let others = others
        .filter(|core| plan::made_with_others(core, app.gateways.credentials(core.provider)))
        .count();
    let figures = &app.metrics.payments;
    figures
        .unknown_outcomes_of_other_keys
        .set(i64::try_from(others).unwrap_or(i64::MAX));
    figures
        .unknown_outcomes
        .set(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
    figures
        .unknown_outcome_age
        .set(i64::try_from(oldest_s).unwrap_or(i64::MAX));
    Ok(())
}
