//! Payments: beginning one, finishing it at the mock gateway, capturing, canceling, and a hold's end.

use super::{Context, Outcome, Progress, Subject, gateway};
use crate::command::{Asker, MockResult};
use crate::event::{
    FailureCode, PaymentAttached, PaymentInitiated, Provider, ProviderPaymentId, Source,
};
use crate::group::Work;
use crate::id::{OrderId, PaymentId};
use crate::money::Money;
use crate::operation::OperationKind;
use crate::order::{CancelReason, OrderCore, OrderState};
use crate::payment::{self, AnyPayment, PaymentAction, PaymentCommand, PaymentState};
use crate::rejection::Rejection;

pub(super) fn create(
    work: &mut Work,
    asker: &Asker,
    order_id: &OrderId,
    amount: Money,
    provider: Provider,
    context: &mut Context<'_>,
) -> Outcome {
    let order = work.order()?;
    let core = order.core();
    if !asker.may_pay(core) {
        return Err(Rejection::OrderNotFound.into());
    }
    if !order.is_payable(work.now()) {
        let state = order.state();
        return Err(Rejection::OrderNotPayable { state }.into());
    }
    if amount != core.total() {
        return Err(Rejection::AmountMismatch.into());
    }
    if amount.minor() < provider.capabilities().minimum_minor {
        return Err(Rejection::AmountBelowMinimum.into());
    }
    if core.payments.len() >= OrderCore::MAX_PAYMENTS {
        return Err(Rejection::TooManyPayments.into());
    }
    let event = PaymentInitiated {
        order_id: order_id.clone(),
        buyer_id: core.buyer_id.clone(),
        amounts: core.amounts,
        provider,
        capture: core.capture,
    };
    let payment = PaymentId::new(context.ids);
    work.note_payment(payment, event)?;
    work.note_order(order_id, PaymentAttached { payment })?;
    Ok((Subject::Payment(payment), Progress::Created))
}

/// What the mock gateway calls a payment.
pub(super) fn mock_name(payment: PaymentId) -> ProviderPaymentId {
    ProviderPaymentId(format!("mock_{:032x}", payment.bits()).into())
}

/// Confirms at the mock gateway: intent, claim and answer. A result that is already there is the same answer again.
pub(super) fn complete_mock(
    work: &mut Work,
    id: PaymentId,
    result: MockResult,
    context: &mut Context<'_>,
) -> Outcome {
    let payment = work.payment(id)?;
    if already_there(payment, result) {
        return Ok((Subject::Payment(id), Progress::Done));
    }
    let in_flight = payment.core().operation_in_flight();
    let state = payment.state();
    if !matches!(state, PaymentState::Initiated | PaymentState::Prepared) {
        return Err(Rejection::PaymentNotPermitted {
            state,
            action: PaymentAction::Capture,
        }
        .into());
    }
    if !in_flight {
        gateway::intend(work, id, OperationKind::Confirm, context)?;
    }
    let progress = match result {
        MockResult::Success => {
            gateway::confirmed(work, id, mock_name(id), Source::Answer)?;
            gateway::succeeded(work, id, Source::Answer, context)?;
            Progress::Done
        }
        MockResult::Fail => {
            gateway::refused(
                work,
                id,
                FailureCode::new("MOCK_DECLINED"),
                Source::Answer,
                context,
            )?;
            Progress::Done
        }
        MockResult::NoAnswer => {
            gateway::unanswered(work, id)?;
            Progress::InFlight
        }
    };
    Ok((Subject::Payment(id), progress))
}

fn already_there(payment: &AnyPayment, result: MockResult) -> bool {
    match result {
        MockResult::Success => matches!(
            payment.state(),
            PaymentState::Authorized | PaymentState::Captured
        ),
        MockResult::Fail => payment.state() == PaymentState::Failed,
        MockResult::NoAnswer => false,
    }
}

/// Takes held money. Capturing twice is one capture.
pub(super) fn capture(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Outcome {
    match work.payment(id)?.state() {
        PaymentState::Captured if work.order()?.state() == OrderState::Reserved => {
            super::order::confirm_held(work, id, context)?;
        }
        PaymentState::Captured => {}
        PaymentState::Authorized => gateway::capture_held(work, id, context)?,
        state => {
            return Err(Rejection::PaymentNotPermitted {
                state,
                action: PaymentAction::Capture,
            }
            .into());
        }
    }
    Ok((Subject::Payment(id), Progress::Done))
}

/// Gives a payment up; its order can be paid by another. Canceling twice is one cancellation.
pub(super) fn cancel(
    work: &mut Work,
    asker: &Asker,
    id: PaymentId,
    context: &mut Context<'_>,
) -> Outcome {
    let payment = work.payment(id)?;
    if !asker.may_see_payment(payment.core()) {
        return Err(Rejection::PaymentNotFound.into());
    }
    let reason = CancelReason::Requested;
    match payment.state() {
        PaymentState::Canceled | PaymentState::Voided | PaymentState::Refunded => {}
        PaymentState::Authorized => gateway::release_hold(work, id, reason, context)?,
        PaymentState::Captured | PaymentState::AwaitingDeposit => {
            return give_back(work, asker, id, context);
        }
        _ => work.step_payment(id, PaymentCommand::Cancel(payment::Cancel { reason }))?,
    }
    Ok((Subject::Payment(id), Progress::Done))
}

/// Gives taken money back, or closes the account that waits for it: a call to the gateway, whose answer decides.
/// Taken money is the merchant's to give.
fn give_back(work: &mut Work, asker: &Asker, id: PaymentId, context: &mut Context<'_>) -> Outcome {
    let payment = work.payment(id)?;
    let state = payment.state();
    let taken = state == PaymentState::Captured;
    let may = !taken || *asker == Asker::Merchant;
    if !may || !payment.core().provider.capabilities().refund {
        let action = PaymentAction::Cancel;
        return Err(Rejection::PaymentNotPermitted { state, action }.into());
    }
    if !payment.core().operation_in_flight() {
        gateway::may_ask_again(work, id)?;
        gateway::intend_return(work, id, context)?;
    }
    Ok((Subject::Payment(id), Progress::InFlight))
}

/// A hold that has run out frees its order for another payment.
pub(super) fn hold_due(work: &mut Work, id: PaymentId) -> Outcome {
    let payment = work.payment(id)?;
    let due = match payment {
        AnyPayment::Authorized(held) => {
            held.detail().expires_at <= work.now() && !held.core().operation_in_flight()
        }
        _ => false,
    };
    if due {
        work.step_payment(id, PaymentCommand::Expire(payment::Expire))?;
        gateway::release_claim(work, id)?;
    }
    Ok((Subject::Payment(id), Progress::Done))
}
