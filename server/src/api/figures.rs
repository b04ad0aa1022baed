//! Metrics that are computed at a scrape rather than counted when something happens.
//!
//! A scrape costs little whatever the store holds. Of each list that somebody works through the oldest [`MOST_READ`]
//! payments are read at most. Unanswered calls and awaited deposits are counted by their keys, up to the reader's bound;
//! the desk is not counted beyond what is read. Nothing else of the store is read.

use std::time::Duration;

use daegeum_engine::payment::{AnyPayment, DeskReason, PaymentState};
use daegeum_engine::store::StoreError;

use super::answer;
use crate::app::App;
use crate::domain_clock::Deviation;
use crate::gateway::plan;
use crate::http::Problem;

/// How many of a list's oldest payments are read.
const MOST_READ: usize = 1_000;

/// Computes all of them.
pub(super) fn look(app: &App) -> Result<(), Problem> {
    let store = &app.metrics.store;
    store.index_lag.set(figure(app.reader.lag_keys()));
    store.queue_depth.set(figure(app.queue.depth()));
    store
        .ready
        .set(i64::from(app.condition.not_ready().is_none()));
    look_at_clock(app);
    let now_ns = app.world.monotonic_ns();
    app.metrics.gateways.look_at_silence(now_ns);
    app.metrics.feed.look(app.reader.last_event(), now_ns);
    match look_at_lists(app) {
        // The other metrics are most needed just when the index is rebuilt.
        Err(error) if !error.is_passing() => Err(answer::stored(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn figure(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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

fn look_at_lists(app: &App) -> Result<(), StoreError> {
    look_at_unknown_outcomes(app)?;
    let desk = app.reader.desk(None, MOST_READ)?.payments;
    let reasons: Vec<DeskReason> = desk.iter().filter_map(AnyPayment::desk_reason).collect();
    app.metrics.waiting.on_desk(&reasons);
    let deposits = app.reader.count_in_state(PaymentState::AwaitingDeposit)?;
    app.metrics.waiting.deposits.set(figure(deposits.count));
    Ok(())
}

/// Unanswered money calls: all are counted; age and credentials are those of the oldest payments.
fn look_at_unknown_outcomes(app: &App) -> Result<(), StoreError> {
    let waiting = app.reader.in_flight(None, MOST_READ)?.payments;
    let count = app.reader.count_in_flight()?.count;
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
    figures.unknown_outcomes_of_other_keys.set(figure(others));
    figures.unknown_outcomes.set(figure(count));
    figures
        .unknown_outcome_age
        .set(i64::try_from(oldest_s).unwrap_or(i64::MAX));
    Ok(())
}
