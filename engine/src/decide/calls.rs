//! Calls to gateways: the intent that is recorded before one, and what its answer leaves on record. Whether and how
//! often a call is sent is not decided here.

use super::Context;
use super::claims;
use crate::amounts::Amounts;
use crate::command::Fact;
use crate::event::{
    FailureCode, OperationIntended, OperationUnanswered, PaymentEvent, ProviderConfirmed,
    ProviderPaymentId, ProviderRefused, RefundRequested, RefundWay, Source,
};
use crate::group::{Refusal, Work};
use crate::id::{OperationId, PaymentId, RefundId};
use crate::operation::{AnyOperation, OperationKind};
use crate::order::OrderState;
use crate::payment::{AnyPayment, PaymentCore, Stage};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::time::Timestamp;

type Step = Result<(), Refusal>;

/// Intends to take the money, or the hold, of a payment that its buyer has approved: that takes the order's claim.
pub(super) fn confirm(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let order = work.order()?;
    if !order.core().claim.open_to(id) && !planted::is(Bug::ClaimNotChecked) {
        return Err(Rejection::OrderPaymentInProgress.into());
    }
    if order.core().expires_at <= work.now() && order.state() == OrderState::PaymentPending {
        return Err(Rejection::OrderNotPayable {
            state: order.state(),
        }
        .into());
    }
    claims::take(work, id)?;
    intend(work, id, OperationKind::Confirm, None, context)
}

/// Intends to take held money.
pub(super) fn capture(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    if let AnyPayment::Authorized(held) = work.payment(id)?
        && held.detail().expires_at <= work.now()
    {
        return Err(Rejection::AuthorizationExpired.into());
    }
    intend(work, id, OperationKind::Capture, None, context)
}

/// Intends to release held money.
pub(super) fn void(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    intend(work, id, OperationKind::Void, None, context)
}

/// Refuses to ask the gateway once more for what it has refused again and again, until a rest is over.
pub(super) fn may_ask_again(work: &Work, id: PaymentId) -> Result<(), Rejection> {
    match work.payment(id)?.core().rests_for_ms(work.now()) {
        Some(rest_ms) => Err(Rejection::RefundResting { rest_ms }),
        None => Ok(()),
    }
}

/// Intends to give back the money that the gateway has of a payment, or to close its account for a transfer. What is
/// taken for an order is on its way back from here on, in the books too.
pub(super) fn give_back(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let shard = work.order()?.core().shard();
    let refund = RefundId::in_shard(context.ids, shard);
    intend(work, id, OperationKind::Cancel, Some(refund), context)?;
    note_requested(work, id)
}

/// Notes that what is taken for an order goes back by the call in flight.
pub(super) fn note_requested(work: &mut Work, id: PaymentId) -> Step {
    let payment = work.payment(id)?;
    let call = payment.core().call_in_flight();
    let requested = RefundRequested {
        refund: call.and_then(|call| call.core().refund),
        amounts: payment.taken(),
        way: RefundWay::Gateway,
    };
    note_of_taken(work, id, requested)
}

/// Notes something about money that is taken for an order; of any other there is nothing to note.
pub(super) fn note_of_taken(
    work: &mut Work,
    id: PaymentId,
    event: impl Into<PaymentEvent>,
) -> Step {
    match work.payment(id)?.state().stage() {
        Stage::Taken => Ok(work.note_payment(id, event)?),
        Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Aside
        | Stage::Back => Ok(()),
    }
}

fn intend(
    work: &mut Work,
    id: PaymentId,
    kind: OperationKind,
    refund: Option<RefundId>,
    context: &mut Context<'_>,
) -> Step {
    let core = work.payment(id)?.core();
    if core.operation_in_flight() {
        return Err(Rejection::OperationInFlight.into());
    }
    let intended = OperationIntended {
        operation: OperationId::new(context.ids),
        kind,
        amounts: Some(about(core, kind)),
        refund,
        credentials: context.policy.credentials_at(core.provider),
    };
    Ok(work.note_payment(id, intended)?)
}

/// How much a call is about.
fn about(core: &PaymentCore, kind: OperationKind) -> Amounts {
    match kind {
        OperationKind::Confirm | OperationKind::Capture | OperationKind::Void => core.amounts,
        OperationKind::Cancel => core.held_by_gateway(),
    }
}

/// The fact that a gateway tells by saying that it did what a call of this kind asks of it.
pub(super) fn done_as_asked(core: &PaymentCore, kind: OperationKind, now: Timestamp) -> Fact {
    match kind {
        OperationKind::Confirm => match core.provider.capabilities().hold_ms(core.capture) {
            Some(hold_ms) => Fact::Authorized {
                held: core.amounts,
                expires_at: now.plus_millis(hold_ms),
            },
            None => Fact::captured(core.amounts),
        },
        OperationKind::Capture => Fact::captured(core.amounts),
        OperationKind::Void => Fact::Canceled,
        OperationKind::Cancel if core.at_gateway.is_zero() => Fact::Canceled,
        OperationKind::Cancel => Fact::refunded(core.at_gateway),
    }
}

/// The gateway says that it did it.
pub(super) fn done(
    work: &mut Work,
    id: PaymentId,
    provider_payment_id: ProviderPaymentId,
    source: Source,
) -> Step {
    let confirmed = ProviderConfirmed {
        provider_payment_id,
        source,
    };
    Ok(work.note_payment(id, confirmed)?)
}

/// The gateway says that it did not do it, if a call of ours waits to hear so.
pub(super) fn not_done(work: &mut Work, id: PaymentId, code: FailureCode, source: Source) -> Step {
    if work.payment(id)?.core().operation_in_flight() {
        work.note_payment(id, ProviderRefused { code, source })?;
    }
    Ok(())
}

/// The call was made and no answer came; saying so twice changes nothing.
pub(super) fn unanswered(work: &mut Work, id: PaymentId) -> Step {
    if let Some(AnyOperation::Intended(call)) = &work.payment(id)?.core().operation {
        let operation = call.core().id;
        work.note_payment(id, OperationUnanswered { operation })?;
    }
    Ok(())
}
