//! What has to be looked at and does not move by itself: money calls without an answer, and how old the oldest is.

use crate::app::App;

/// How many are counted; beyond that the figure says "at least".
const MOST: usize = 10_000;

/// Sets the figures of unknown outcomes.
pub fn run(app: &App) {
    let waiting = match app.reader.in_flight(MOST) {
        Ok(waiting) => waiting,
        Err(error) => return tracing::error!(%error, "unknown outcomes cannot be read"),
    };
    let now = app.now();
    let age_ms = waiting.iter().filter_map(|payment| {
        let operation = payment.core().operation.as_ref()?;
        Some(now.millis_since(operation.core().intended_at))
    });
    let oldest_s = age_ms.max().unwrap_or(0) / 1_000;
    let metrics = &app.metrics.payments;
    metrics
        .unknown_outcomes
        .set(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
    metrics
        .unknown_outcome_age
        .set(i64::try_from(oldest_s).unwrap_or(i64::MAX));
}
