//! What a gateway's word does to a payment and its order, whichever way the word came.
//!
//! The claim is taken in the commit of an operation's intent and given back by a certain failure; a capture
//! that finds it gone is orphan money.

use super::Context;
use super::payment::mock_name;
use crate::capabilities::CaptureStrategy;
use crate::event::{
    ClaimReleased, ClaimTaken, FailureCode, OperationIntended, OperationUnanswered,
    OrderPaymentFailed, ProviderConfirmed, ProviderPaymentId, ProviderRefused, RefundRequested,
    Source,
};
use crate::group::{Refusal, Work};
use crate::id::{OperationId, PaymentId};
use crate::operation::OperationKind;
use crate::order::{self, AnyOrder, CancelReason, CaptureMode, OrderCommand, OrderState};
use crate::payment::{self, AnyPayment, PaymentCommand, PaymentState};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;

type Step = Result<(), Refusal>;

/// Records that a money call is about to be made, and takes the claim for it.
pub(super) fn intend(
    work: &mut Work,
    id: PaymentId,
    kind: OperationKind,
    context: &mut Context<'_>,
) -> Step {
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
    take_claim(work, id)?;
    begin(work, id, kind, context)
}

/// Refuses to ask the gateway once more for what it has refused again and again, until a rest is over.
pub(super) fn may_ask_again(work: &Work, id: PaymentId) -> Result<(), Rejection> {
    match work.payment(id)?.core().rests_for_ms(work.now()) {
        Some(rest_ms) => Err(Rejection::RefundResting { rest_ms }),
        None => Ok(()),
    }
}

/// Records that a payment's money, or its account for a transfer, is about to be given back. That takes no claim.
pub(super) fn intend_return(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let payment = work.payment(id)?;
    if payment.core().operation_in_flight() {
        return Err(Rejection::OperationInFlight.into());
    }
    let taken = match payment {
        AnyPayment::Captured(taken) => Some(taken.detail().captured),
        _ => None,
    };
    begin(work, id, OperationKind::Cancel, context)?;
    if let Some(amounts) = taken {
        work.note_payment(id, RefundRequested { amounts })?;
    }
    Ok(())
}

fn begin(work: &mut Work, id: PaymentId, kind: OperationKind, context: &mut Context<'_>) -> Step {
    let operation = OperationId::new(context.ids);
    Ok(work.note_payment(id, OperationIntended { operation, kind })?)
}

fn take_claim(work: &mut Work, id: PaymentId) -> Step {
    let order = work.order()?;
    if order.core().claim.holder().is_none() {
        let order_id = order.core().id.clone();
        work.note_order(&order_id, ClaimTaken { payment: id })?;
    }
    Ok(())
}

/// Gives the claim back, if `id` holds it; a reserved order waits for a payment again.
pub(super) fn release_claim(work: &mut Work, id: PaymentId) -> Step {
    let order = work.order()?;
    let held = order.core().claim.holder() == Some(id) && order.state() != OrderState::Paid;
    if !held {
        return Ok(());
    }
    let (order_id, state) = (order.core().id.clone(), order.state());
    work.note_order(&order_id, ClaimReleased { payment: id })?;
    if state == OrderState::Reserved {
        work.step_order(OrderCommand::Reopen(order::Reopen(id)))?;
    }
    Ok(())
}

/// The gateway says that it did it.
pub(super) fn confirmed(
    work: &mut Work,
    id: PaymentId,
    name: ProviderPaymentId,
    source: Source,
) -> Step {
    Ok(work.note_payment(
        id,
        ProviderConfirmed {
            provider_payment_id: name,
            source,
        },
    )?)
}

/// The call was made and no answer came; saying so twice changes nothing.
pub(super) fn unanswered(work: &mut Work, id: PaymentId) -> Step {
    if let Some(crate::operation::AnyOperation::Intended(call)) =
        &work.payment(id)?.core().operation
    {
        let operation = call.core().id;
        work.note_payment(id, OperationUnanswered { operation })?;
    }
    Ok(())
}

/// A confirmation was answered with yes: the money is held or taken as the order wants it.
pub(super) fn succeeded(
    work: &mut Work,
    id: PaymentId,
    source: Source,
    context: &mut Context<'_>,
) -> Step {
    let core = work.payment(id)?.core();
    let strategy = core.provider.capabilities().capture;
    let (CaptureMode::OnConfirmation, CaptureStrategy::AuthorizeThenCapture { hold_ms }) =
        (core.capture, strategy)
    else {
        return captured(work, id, source, context);
    };
    let hold = payment::Authorize {
        amount: core.amount(),
        expires_at: work.now().plus_millis(hold_ms),
    };
    work.step_payment(id, PaymentCommand::Authorize(hold))?;
    if work.order()?.state() == OrderState::PaymentPending {
        work.step_order(OrderCommand::Reserve(order::Reserve(id)))?;
        return Ok(());
    }
    release_hold(work, id, CancelReason::Requested, context)?;
    finish_requested_cancel(work, context)
}

/// The gateway has taken the payment's amount.
pub(super) fn captured(
    work: &mut Work,
    id: PaymentId,
    source: Source,
    context: &mut Context<'_>,
) -> Step {
    if order_takes(work.order()?, id) {
        take_claim(work, id)?;
        let capture = capture_command(work.payment(id)?, source);
        work.step_payment(id, capture)?;
        if !holds_for_order(work, id)? {
            return paid(work, id, context);
        }
        return Ok(work.step_order(OrderCommand::Reserve(order::Reserve(id)))?);
    }
    let goes_back = work.order()?.state() == OrderState::CancelRequested
        && work.payment(id)?.core().provider.capabilities().refund
        && !work.payment(id)?.core().operation_in_flight()
        && !planted::is(Bug::MoneyIsKept);
    let aside = if work.payment(id)?.state().is_open() {
        PaymentCommand::Orphan(payment::Orphan)
    } else {
        PaymentCommand::SucceedLate(payment::SucceedLate {
            order_can_take: false,
            source,
        })
    };
    work.step_payment(id, aside)?;
    release_claim(work, id)?;
    if goes_back {
        intend_return(work, id, context)?;
    }
    finish_requested_cancel(work, context)
}

/// Whether money that was just taken waits for the order's confirmation: the gateway cannot hold, only take.
fn holds_for_order(work: &Work, id: PaymentId) -> Result<bool, Rejection> {
    let core = work.payment(id)?.core();
    let strategy = core.provider.capabilities().capture;
    Ok(core.capture == CaptureMode::OnConfirmation
        && strategy == CaptureStrategy::ChargeThenHold
        && work.order()?.state() == OrderState::PaymentPending)
}

fn capture_command(payment: &AnyPayment, source: Source) -> PaymentCommand {
    match payment.state() {
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::Authorized
        | PaymentState::AwaitingDeposit => PaymentCommand::Capture(payment::Capture {
            amount: payment.core().amount(),
            source,
        }),
        PaymentState::Mismatched | PaymentState::Orphaned => {
            PaymentCommand::TakeSuspended(payment::TakeSuspended { source })
        }
        _ => PaymentCommand::SucceedLate(payment::SucceedLate {
            order_can_take: true,
            source,
        }),
    }
}

/// Whether the order takes this payment's money: it waits for one, or this payment holds its money already.
pub(super) fn order_takes(order: &AnyOrder, id: PaymentId) -> bool {
    let held_by_this = matches!(order, AnyOrder::Reserved(held) if held.detail().payment == id);
    held_by_this || order.can_take(id)
}

pub(super) fn paid(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    work.step_order(OrderCommand::Pay(order::Pay(id)))?;
    give_up_open_payments(work, Some(id), CancelReason::PaidByAnother, context)
}

/// The gateway certainly did not do it: the claim is free again, and the order waits or is canceled by policy.
pub(super) fn refused(
    work: &mut Work,
    id: PaymentId,
    code: FailureCode,
    source: Source,
    context: &mut Context<'_>,
) -> Step {
    if work.payment(id)?.core().operation_in_flight() {
        work.note_payment(
            id,
            ProviderRefused {
                code: code.clone(),
                source,
            },
        )?;
    }
    work.step_payment(id, PaymentCommand::Fail(payment::Fail { code }))?;
    release_claim(work, id)?;
    let order = work.order()?;
    if order.state() != OrderState::PaymentPending {
        return finish_requested_cancel(work, context);
    }
    let order_id = order.core().id.clone();
    work.note_order(&order_id, OrderPaymentFailed { payment: id })?;
    let free = work.order()?.core().claim.holder().is_none();
    if context.policy.cancel_on_failure && free {
        super::order::unwind(work, CancelReason::PaymentFailed, context)?;
    }
    Ok(())
}

/// Once no call is outstanding any more, a requested cancellation is carried out.
pub(super) fn finish_requested_cancel(work: &mut Work, context: &mut Context<'_>) -> Step {
    let reason = match work.order()? {
        AnyOrder::CancelRequested(order) => order.detail().reason,
        _ => return Ok(()),
    };
    if work.order()?.core().claim.holder().is_some() {
        return Ok(());
    }
    give_up_open_payments(work, None, reason, context)?;
    work.step_order(OrderCommand::Cancel(order::Cancel(reason)))?;
    Ok(())
}

/// Takes held money: at the mock gateway the answer to the call is yes.
pub(super) fn capture_held(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    if let AnyPayment::Authorized(held) = work.payment(id)?
        && held.detail().expires_at <= work.now()
    {
        return Err(Rejection::AuthorizationExpired.into());
    }
    intend(work, id, OperationKind::Capture, context)?;
    confirmed(work, id, mock_name(id), Source::Answer)?;
    captured(work, id, Source::Answer, context)
}

/// Releases a hold: at the mock gateway the answer to the call is yes.
pub(super) fn release_hold(
    work: &mut Work,
    id: PaymentId,
    reason: CancelReason,
    context: &mut Context<'_>,
) -> Step {
    intend(work, id, OperationKind::Void, context)?;
    confirmed(work, id, mock_name(id), Source::Answer)?;
    work.step_payment(id, PaymentCommand::Void(payment::Void { reason }))?;
    release_claim(work, id)
}

/// Gives up every open payment but `besides`, each in the way its state asks for.
pub(super) fn give_up_open_payments(
    work: &mut Work,
    besides: Option<PaymentId>,
    reason: CancelReason,
    context: &mut Context<'_>,
) -> Step {
    for id in work.open_payments_besides(besides) {
        if work.payment(id)?.state() == PaymentState::Authorized {
            release_hold(work, id, reason, context)?;
        } else if reason == CancelReason::Unpaid {
            work.step_payment(id, PaymentCommand::Expire(payment::Expire))?;
        } else {
            work.step_payment(id, PaymentCommand::Cancel(payment::Cancel { reason }))?;
        }
    }
    Ok(())
}
