//! Calls to gateways, one step at a time: what to ask is planned, one exchange is made, and what is still without an
//! answer is asked about later.

use std::sync::Arc;
use std::time::Duration;

use daegeum_engine::command::{Fact, News};
use daegeum_engine::event::FailureCode;
use daegeum_engine::id::{OperationId, PaymentId};
use daegeum_engine::operation::{AnyOperation, OperationKind};
use daegeum_engine::payment::{AnyPayment, PaymentState};

use super::exchange::{Rest, commit, exchange, without_exchange};
use super::operations::Heard;
use super::plan::{self, Next};
use super::{Ask, NOT_SENT};
use crate::app::App;

/// How long what cannot be read for a moment is left alone.
const AGAIN_MS: u64 = 1_000;

/// Takes the next step of a payment's call, or asks how the payment stands if a notification hinted at news.
pub async fn take_up(app: Arc<App>, id: PaymentId) {
    let Some(_place) = app.operations.place().await else {
        return;
    };
    let Some(turn) = app.operations.begin(id) else {
        return;
    };
    let (asked, heard) = (turn.later.asked, turn.later.heard.clone());
    let Some(mut payment) = read(&app, id, asked, heard.as_ref()) else {
        return;
    };
    if may_have_been_sent(&app, &payment) {
        commit(&app, without_exchange(&payment, News::None)).await;
        let Some(again) = read(&app, id, asked, heard.as_ref()) else {
            return;
        };
        payment = again;
    }
    let Some(gateway) = app.gateways.of(payment.core().provider) else {
        return;
    };
    let now = app.now();
    // A notification hinted at news, or a transfer may have come.
    let worth_asking = heard.is_some() || payment.state() == PaymentState::AwaitingDeposit;
    let how_it_stands = Next::Ask(Ask::Inquire {
        about: None,
        window_over: false,
    });
    let planned = plan::next(&payment, asked, now);
    let Some(next) = planned.or(worth_asking.then_some(how_it_stands)) else {
        return;
    };
    let rest = match next {
        Next::Ask(ask) => exchange(&app, &**gateway, &payment, ask, heard).await,
        Next::NeverSent(kind) => {
            let code = FailureCode::new(NOT_SENT);
            let fact = match kind {
                OperationKind::Cancel => Fact::NotRefunded { code },
                _ => Fact::Failed { code },
            };
            commit(&app, without_exchange(&payment, News::Fact(fact))).await;
            Rest::default()
        }
    };
    // Given back first: what comes due in between can then be taken up.
    drop(turn);
    let made = payment.core().operation.as_ref().map(|call| call.core().id);
    follow_up(&app, id, made, asked, rest);
}

/// Whether an earlier process may have sent the payment's call: it was intended before this one began, whoever
/// asks about it first.
fn may_have_been_sent(app: &App, payment: &AnyPayment) -> bool {
    let started_at = app.operations.started_at();
    match &payment.core().operation {
        Some(AnyOperation::Intended(call)) => call.core().intended_at <= started_at,
        _ => false,
    }
}

fn read(app: &App, id: PaymentId, asked: u32, heard: Option<&Heard>) -> Option<AnyPayment> {
    match app.reader.payment(id) {
        Ok(payment) => payment.map(|payment| payment.value),
        // Not absent, only not to be read right now: neither call nor hint may be forgotten for that.
        Err(error) if error.is_passing() => {
            let at = app.now().plus_millis(AGAIN_MS);
            app.operations.ask_later(id, asked, at, heard.cloned());
            None
        }
        Err(error) => {
            tracing::error!(%error, "a payment cannot be read");
            None
        }
    }
}

/// A call without an answer is asked about later, and so is what a hint was about. A call that was intended while
/// the turn was taken, mostly by what this exchange taught, is made at once: whoever took it up then found the turn
/// taken.
fn follow_up(app: &App, id: PaymentId, made: Option<OperationId>, asked: u32, rest: Rest) {
    let Some(payment) = read(app, id, asked, rest.unanswered.as_ref()) else {
        return;
    };
    let now = app.now();
    let call = payment.core().operation.as_ref();
    let call = call
        .filter(|call| call.in_flight())
        .map(|call| call.core().id);
    let (asked, least) = match call {
        Some(call) if Some(call) != made => {
            app.operations.begin_soon(id);
            (0, Duration::ZERO)
        }
        Some(_) => (asked.saturating_add(1), plan::rest(&payment, asked, now)),
        // The gateway has been told that it was heard and does not say it again.
        None if rest.unanswered.is_some() && asked < plan::HINT_FOLLOWED_MAX => {
            (asked.saturating_add(1), plan::rest_after_hint(asked))
        }
        None => return,
    };
    let rest_ms = u64::try_from(least.max(rest.wanted).as_millis()).unwrap_or(u64::MAX);
    app.operations
        .ask_later(id, asked, now.plus_millis(rest_ms), rest.unanswered);
}

/// Notes that a call which was begun before this start has no answer, and has it asked about.
pub async fn resume(app: &App, payment: &AnyPayment) {
    let core = payment.core();
    if app.operations.knows(core.id) || app.gateways.of(core.provider).is_none() {
        return;
    }
    if matches!(core.operation, Some(AnyOperation::Intended(_))) {
        commit(app, without_exchange(payment, News::None)).await;
    }
    app.operations.ask_later(core.id, 1, app.now(), None);
}
