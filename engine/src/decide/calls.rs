//! Calls to gateways: the intent that is recorded before a call, and the events that its answer leaves. Sending and
//! repeating calls is decided elsewhere.

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
use crate::payment::{AnyPayment, Stage};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::time::Timestamp;

type Step = Result<(), Refusal>;

/// Intends to capture or authorize a payment that its buyer has approved. Takes the claim on the order's money.
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

/// Intends to capture authorized money.
pub(super) fn capture(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    if let AnyPayment::Authorized(held) = work.payment(id)?
        && held.detail().expires_at <= work.now()
    {
        return Err(Rejection::AuthorizationExpired.into());
    }
    intend(work, id, OperationKind::Capture, None, context)
}

/// Intends to void an authorization.
pub(super) fn void(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    intend(work, id, OperationKind::Void, None, context)
}

/// Refuses to repeat a call that the gateway has refused again and again, until the rest period is over.
pub(super) fn may_ask_again(work: &Work, id: PaymentId) -> Result<(), Rejection> {
    match work.payment(id)?.core().rests_for_ms(work.now()) {
        Some(rest_ms) => Err(Rejection::RefundResting { rest_ms }),
        None => Ok(()),
    }
}

/// Intends to refund all the money that the gateway has of a payment, or to close its deposit account. Money captured
/// for an order is posted as refund pending from here on.
pub(super) fn give_back(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let refund = new_refund(work, context)?;
    intend(work, id, OperationKind::Cancel, Some(refund), context)?;
    note_requested(work, id)
}

/// Intends to refund a part of the money captured for an order.
pub(super) fn refund(
    work: &mut Work,
    id: PaymentId,
    (refund, amounts): (RefundId, Amounts),
    context: &mut Context<'_>,
) -> Step {
    let kind = OperationKind::Cancel;
    intend_about(work, id, (kind, amounts), Some(refund), context)?;
    note_refund(work, id, Some(refund), amounts)
}

/// A new refund of the order's money.
pub(super) fn new_refund(work: &Work, context: &mut Context<'_>) -> Result<RefundId, Refusal> {
    let shard = work.order()?.core().shard();
    Ok(RefundId::in_shard(context.ids, shard))
}

/// Records that all money captured for an order is refunded by the call in flight.
pub(super) fn note_requested(work: &mut Work, id: PaymentId) -> Step {
    let payment = work.payment(id)?;
    let call = payment.core().call_in_flight();
    let refund = call.and_then(|call| call.core().refund);
    note_refund(work, id, refund, payment.refundable())
}

fn note_refund(work: &mut Work, id: PaymentId, refund: Option<RefundId>, amounts: Amounts) -> Step {
    let requested = RefundRequested {
        refund,
        amounts,
        way: RefundWay::Gateway,
    };
    note_of_taken(work, id, requested)
}

/// Records an event about money captured for an order. For other money there is nothing to record.
pub(super) fn note_of_taken(
    work: &mut Work,
    id: PaymentId,
    event: impl Into<PaymentEvent>,
) -> Step {
    match work.payment(id)?.stage() {
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
    let amounts = about(work.payment(id)?, kind);
    intend_about(work, id, (kind, amounts), refund, context)
}

fn intend_about(
    work: &mut Work,
    id: PaymentId,
    (kind, amounts): (OperationKind, Amounts),
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
        amounts: Some(amounts),
        refund,
        credentials: context.policy.credentials_at(core.provider),
    };
    Ok(work.note_payment(id, intended)?)
}

/// The amount that a call of this kind is about.
fn about(payment: &AnyPayment, kind: OperationKind) -> Amounts {
    let core = payment.core();
    match kind {
        OperationKind::Confirm | OperationKind::Capture | OperationKind::Void => core.amounts,
        // The gateway still has what was transferred to the buyer, who is not to get it twice.
        OperationKind::Cancel if payment.stage() == Stage::Taken && !core.transferred.is_zero() => {
            payment.refundable()
        }
        OperationKind::Cancel => core.held_by_gateway(),
    }
}

/// The fact that a gateway's success answer to a call of this kind tells.
pub(super) fn done_as_asked(payment: &AnyPayment, kind: OperationKind, now: Timestamp) -> Fact {
    let core = payment.core();
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
        OperationKind::Cancel => {
            let call = core.call_in_flight().and_then(|call| call.core().amounts);
            let there = core.held_by_gateway();
            let left = there.less(&call.unwrap_or(there));
            Fact::left_of(payment.taken(), left)
        }
    }
}

/// Records that the gateway did what the call asked.
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

/// Records that the gateway refused, if a call is waiting for its answer.
pub(super) fn not_done(work: &mut Work, id: PaymentId, code: FailureCode, source: Source) -> Step {
    if work.payment(id)?.core().operation_in_flight() {
        work.note_payment(id, ProviderRefused { code, source })?;
    }
    Ok(())
}

/// Records that a call got no answer. A second time changes nothing.
pub(super) fn unanswered(work: &mut Work, id: PaymentId) -> Step {
    if let Some(AnyOperation::Intended(call)) = &work.payment(id)?.core().operation {
        let operation = call.core().id;
        work.note_payment(id, OperationUnanswered { operation })?;
    }
    Ok(())
}
