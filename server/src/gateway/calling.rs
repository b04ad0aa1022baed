//! Runs a payment's call to its gateway, one step at a time: plan the next request, make one exchange, and schedule
//! an inquiry if there is still no answer.

use std::sync::Arc;
use std::time::Duration;

use daegeum_engine::command::{Fact, News};
use daegeum_engine::event::FailureCode;
use daegeum_engine::id::PaymentId;
use daegeum_engine::operation::{AnyOperation, OperationKind};
use daegeum_engine::order::OrderState;
use daegeum_engine::payment::{AnyPayment, PaymentState};
use daegeum_engine::store::StoreError;
use daegeum_engine::store::view::Stored;
use daegeum_engine::time::Timestamp;

use super::Gateway;
use super::NOT_SENT;
use super::exchange::{Rest, commit, exchange, without_exchange};
use super::plan::{self, Circumstances, Next};
use crate::app::App;
use crate::telemetry::log_store_failure;
use crate::world::nanos;

/// How long to wait after the store could not be read for a moment.
const AGAIN: Duration = Duration::from_secs(1);

/// Takes the next step of a payment's call, or inquires about the payment if a notification hinted at news.
pub async fn take_up(app: Arc<App>, id: PaymentId) {
    let Some(_place) = app.operations.place().await else {
        return;
    };
    let Some(turn) = app.operations.begin(id) else {
        return;
    };
    let asked = turn.later.asked;
    let Some(mut payment) = read(&app, id, asked) else {
        return;
    };
    if was_begun_before_this_start(&app, &payment) {
        commit(&app, without_exchange(&payment.value, News::None)).await;
        let Some(again) = read(&app, id, asked) else {
            return;
        };
        payment = again;
    }
    let payment = payment.value;
    let Some(gateway) = app.gateways.of(payment.core().provider) else {
        return;
    };
    let Some(circumstances) = circumstances(&app, &**gateway, &payment, asked) else {
        return;
    };
    // An unsigned notification came, or a transfer may have arrived.
    let worth_asking = turn.later.hinted
        || payment.core().inquiry_wanted
        || payment.state() == PaymentState::AwaitingDeposit;
    let planned = plan::next(&payment, asked, &circumstances);
    let how_it_stands = worth_asking.then_some(Next::Ask(plan::HOW_IT_STANDS));
    let Some(next) = planned.or(how_it_stands) else {
        return;
    };
    let rest = match next {
        Next::Ask(ask) => exchange(&app, &**gateway, &payment, ask).await,
        Next::NeverSent(kind) => {
            // It is too late to send it.
            let fact = Fact::not_done(kind, FailureCode::new(NOT_SENT));
            commit(&app, without_exchange(&payment, News::Fact(fact))).await;
            Rest::default()
        }
    };
    // Released first, so that a step that comes due meanwhile can be taken.
    drop(turn);
    follow_up(&app, &payment, asked, rest);
}

/// The inputs of the payment's plan; `None` if its order cannot be read right now.
fn circumstances(
    app: &App,
    gateway: &dyn Gateway,
    payment: &AnyPayment,
    asked: u32,
) -> Option<Circumstances> {
    let core = payment.core();
    let order_is_given_up = match app.reader.order(&core.order_id) {
        Ok(order) => order.is_some_and(|order| order.value.state() == OrderState::CancelRequested),
        Err(error) => {
            unreadable(app, core.id, asked, &error);
            return None;
        }
    };
    Some(Circumstances {
        waited: waited(app, payment),
        waited_at_most: waited_at_most(app, payment),
        other_credentials: plan::made_with_others(core, Some(gateway.credentials())),
        order_is_given_up,
    })
}

/// Whether an earlier process may have sent the payment's call. This compares record numbers, not clocks: a clock
/// that was ahead when an intent was written would say so of every later call too.
fn was_begun_before_this_start(app: &App, payment: &Stored<AnyPayment>) -> bool {
    match payment.value.core().operation {
        Some(AnyOperation::Intended(_)) => app.operations.was_begun_before(payment),
        Some(AnyOperation::Unknown(_) | AnyOperation::Succeeded(_) | AnyOperation::Refused(_))
        | None => false,
    }
}

/// How long the payment's call has certainly waited: in domain time, but no longer than this process has known it by
/// the monotonic clock. A clock that was set could end a gateway's window too early.
fn waited(app: &App, payment: &AnyPayment) -> Duration {
    let known_for = app.operations.known_for(payment, app.world.monotonic_ns());
    since_intended(payment, app.now()).min(known_for)
}

/// How long it may have waited, by any clock: an earlier process may have known it longer, and after a long
/// standstill domain time follows the wall clock only later.
fn waited_at_most(app: &App, payment: &AnyPayment) -> Duration {
    let known_for = app.operations.known_for(payment, app.world.monotonic_ns());
    let wall_ms = u64::try_from(app.world.wall_ms()).unwrap_or(0);
    let by_wall = since_intended(payment, Timestamp::from_millis(wall_ms));
    let in_domain_time = since_intended(payment, app.now());
    in_domain_time.max(known_for).max(by_wall)
}

fn since_intended(payment: &AnyPayment, now: Timestamp) -> Duration {
    let call = payment.core().operation.as_ref();
    call.map_or(Duration::ZERO, |call| {
        Duration::from_millis(now.millis_since(call.core().intended_at))
    })
}

fn read(app: &App, id: PaymentId, asked: u32) -> Option<Stored<AnyPayment>> {
    match app.reader.payment(id) {
        Ok(payment) => payment,
        Err(error) => {
            unreadable(app, id, asked, &error);
            None
        }
    }
}

/// A payment that cannot be read right now is not absent: its call must not be forgotten.
fn unreadable(app: &App, id: PaymentId, asked: u32, error: &StoreError) {
    if error.is_passing() {
        let at_ns = app.world.monotonic_ns().saturating_add(nanos(AGAIN));
        app.operations.ask_later(id, asked, at_ns);
    } else {
        log_store_failure(error, "a payment cannot be read");
    }
}

/// Schedules an inquiry for an unanswered call or for a hint. A call that was intended during this turn, mostly by
/// this exchange's own news, is made at once: the task that was to make it found the turn taken.
fn follow_up(app: &App, before: &AnyPayment, asked: u32, rest: Rest) {
    let id = before.core().id;
    let Some(payment) = read(app, id, asked) else {
        return;
    };
    let payment = payment.value;
    if is_worth_a_question(before, &payment) {
        app.operations.hint(id, app.world.monotonic_ns());
    }
    let made = before.core().operation.as_ref().map(|call| call.core().id);
    let call = payment.core().call_in_flight();
    let call = call.map(|call| call.core().id);
    let (asked, least) = match call {
        Some(call) if Some(call) != made => {
            app.operations.begin_soon(id);
            (0, Duration::ZERO)
        }
        Some(_) => (
            asked.saturating_add(1),
            plan::rest(&payment, asked, waited(app, &payment)),
        ),
        // The sender was told that its notification arrived, and will not repeat it.
        None if payment.core().inquiry_wanted => {
            (asked.saturating_add(1), plan::rest_after_hint(asked))
        }
        None => return,
    };
    let rest_ns = nanos(least.max(rest.wanted));
    let at_ns = app.world.monotonic_ns().saturating_add(rest_ns);
    app.operations.ask_later(id, asked, at_ns);
}

/// Whether the news calls for an inquiry: after a refused refund, the gateway's amount may differ from our books; and
/// an answer with more money than is known may be older than a refund.
fn is_worth_a_question(before: &AnyPayment, after: &AnyPayment) -> bool {
    let holds = |payment: &AnyPayment| payment.core().held_by_gateway().total().minor();
    let refused = match &after.core().operation {
        Some(AnyOperation::Refused(call)) => {
            before.core().operation_in_flight() && call.core().kind == OperationKind::Cancel
        }
        Some(AnyOperation::Intended(_) | AnyOperation::Unknown(_) | AnyOperation::Succeeded(_))
        | None => false,
    };
    refused || (after.core().disagreement.is_some() && holds(after) > holds(before))
}

/// Takes up a call without a task here: one that an earlier process began, or one whose task forgot it for longer
/// than `forgotten_after`. It is recorded as unanswered and inquired about.
pub async fn resume(app: &App, id: PaymentId, forgotten_after: Duration) {
    let Some(payment) = read(app, id, 1) else {
        return;
    };
    let known = app.operations.knows(id);
    if known || app.gateways.of(payment.value.core().provider).is_none() {
        return;
    }
    let now_ns = app.world.monotonic_ns();
    let forgotten = app.operations.known_for(&payment.value, now_ns) > forgotten_after;
    if !(app.operations.was_begun_before(&payment) || forgotten) {
        return;
    }
    match payment.value.core().operation {
        Some(AnyOperation::Intended(_)) => {
            commit(app, without_exchange(&payment.value, News::None)).await;
        }
        Some(AnyOperation::Unknown(_) | AnyOperation::Succeeded(_) | AnyOperation::Refused(_))
        | None => {}
    }
    app.operations.ask_later(id, 1, now_ns);
}
