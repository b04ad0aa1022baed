//! What an exchange with a gateway taught us: recorded for the audit trail, and applied if it is news.

use super::{Context, Outcome, Progress, Subject, evidence, gateway};
use crate::command::{Exchange, Fact, Hint, Learned, News};
use crate::event::{GatewayCalled, HintFollowed, ProviderPaymentId};
use crate::group::{Refusal, Work};
use crate::id::{OperationId, PaymentId};
use crate::operation::AnyOperation;
use crate::payment::PaymentCore;

/// Records the exchange and lets its news move what they can.
pub(super) fn take_in(work: &mut Work, learned: Learned, context: &mut Context<'_>) -> Outcome {
    let id = learned.payment_id;
    let core = work.payment(id)?.core();
    let current = is_current(core, learned.operation);
    let may_record = core.calls < PaymentCore::MAX_CALLS;
    let known_name = core.provider_payment_id.clone();
    let moves = match &learned.news {
        News::Fact(fact) => {
            (current || speaks_for_itself(fact)) && evidence::would_move(work, id, fact)?
        }
        News::NotSent => false,
        News::None => learned.operation.is_some() && current && !is_unknown(core),
    };
    if let Some(exchange) = learned.exchange.filter(|_| moves || may_record) {
        record(work, id, learned.operation, exchange)?;
    }
    if let Some(hint) = learned.hint.filter(|_| moves) {
        follow(work, id, hint)?;
    }
    if moves {
        match learned.news {
            News::Fact(fact) => {
                let name = learned.name.or(known_name);
                let name = name.unwrap_or_else(|| ProviderPaymentId("".into()));
                evidence::apply(work, id, fact, name, learned.source, context)?;
            }
            News::None | News::NotSent => gateway::unanswered(work, id)?,
        }
    }
    let progress = if work.payment(id)?.core().operation_in_flight() {
        Progress::InFlight
    } else {
        Progress::Done
    };
    Ok((Subject::Payment(id), progress))
}

/// Whether the exchange was about the call that has no answer yet; one asked for no call is about how the
/// payment stands, and so about any.
fn is_current(core: &PaymentCore, about: Option<OperationId>) -> bool {
    let Some(about) = about else { return true };
    let outstanding = core.operation.as_ref().filter(|call| call.in_flight());
    outstanding.is_some_and(|call| call.core().id == about)
}

/// Whether a fact is about the money rather than about one call: it stays true when the call is history.
const fn speaks_for_itself(fact: &Fact) -> bool {
    matches!(fact, Fact::Captured { .. } | Fact::Refunded { .. })
}

const fn is_unknown(core: &PaymentCore) -> bool {
    matches!(core.operation, Some(AnyOperation::Unknown(_)))
}

fn record(
    work: &mut Work,
    id: PaymentId,
    operation: Option<OperationId>,
    exchange: Exchange,
) -> Result<(), Refusal> {
    let called = GatewayCalled {
        operation,
        call: exchange.call,
        status: exchange.status,
        http_status: exchange.http_status,
        took_ms: exchange.took_ms,
        exchange: exchange.content,
    };
    Ok(work.note_payment(id, called)?)
}

fn follow(work: &mut Work, id: PaymentId, hint: Hint) -> Result<(), Refusal> {
    let followed = HintFollowed {
        hash: hint.hash,
        heard_at: hint.heard_at,
        from: hint.from,
    };
    Ok(work.note_payment(id, followed)?)
}
