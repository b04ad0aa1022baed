//! Payments: create, capture, cancel, and the end of a hold.

use super::{Context, Outcome, Progress, Subject, calls, consents, consequences, free};
use crate::command::Asker;
use crate::event::{PaymentAttached, PaymentInitiated, Provider};
use crate::group::{Refusal, Work};
use crate::id::{OrderId, PaymentId};
use crate::method::Method;
use crate::money::Money;
use crate::operation::OperationKind;
use crate::order::{CancelReason, OrderCore, OrderState};
use crate::payment::{self, PaymentAction, PaymentCommand, PaymentState, Stage};
use crate::rejection::Rejection;

/// Begins a payment of the order's total.
pub(super) fn create(
    work: &mut Work,
    asker: &Asker,
    order_id: &OrderId,
    amount: Money,
    (wanted, method): (Option<Provider>, Option<Method>),
    context: &mut Context<'_>,
) -> Result<(PaymentId, Progress), Refusal> {
    let order = work.order()?;
    let core = order.core();
    if !may_pay(work, asker, core) {
        return Err(Rejection::OrderNotFound.into());
    }
    if !order.is_payable(work.now()) {
        let state = order.state();
        return Err(Rejection::OrderNotPayable { state }.into());
    }
    if amount != core.total() {
        return Err(Rejection::AmountMismatch.into());
    }
    let provider = free::provider_for(amount, wanted)?;
    takes(provider, method, amount)?;
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
    let payment = PaymentId::in_shard(context.ids, core.shard());
    work.note_payment(payment, event)?;
    work.note_order(order_id, PaymentAttached { payment })?;
    Ok((payment, Progress::Created))
}

/// Begins a payment, and settles it at once if it costs nothing.
pub(super) fn begin(
    work: &mut Work,
    asker: &Asker,
    order_id: &OrderId,
    amount: Money,
    wanted: Option<Provider>,
    context: &mut Context<'_>,
) -> Outcome {
    let wanted = (wanted, None);
    let (id, progress) = create(work, asker, order_id, amount, wanted, context)?;
    if *asker != Asker::Merchant && amount.is_zero() {
        consents::required(work, id, &[], context)?;
    }
    free::settle(work, id, context)?;
    Ok((Subject::Payment(id), progress))
}

/// Refuses an amount that the gateway does not take, by the chosen method or, where none is chosen, by any.
fn takes(provider: Provider, method: Option<Method>, amount: Money) -> Result<(), Rejection> {
    let Some(method) = method else {
        let minimum_minor = provider.capabilities().minimum();
        return if amount.minor() < minimum_minor {
            Err(Rejection::BelowMinimum { minimum_minor })
        } else {
            Ok(())
        };
    };
    takes_by(provider, method, amount)
}

/// Refuses a method that the gateway does not offer here, or not for so small an amount. A free payment has no
/// method.
pub(super) fn takes_by(provider: Provider, method: Method, amount: Money) -> Result<(), Rejection> {
    if amount.is_zero() {
        return Ok(());
    }
    match provider.capabilities().minimum_by(method) {
        None => Err(Rejection::MethodUnavailable),
        Some(minimum_minor) if amount.minor() < minimum_minor => {
            Err(Rejection::BelowMinimum { minimum_minor })
        }
        Some(_) => Ok(()),
    }
}

/// Whether the asker may begin a payment for the order. The token of any of its checkouts is enough.
fn may_pay(work: &Work, asker: &Asker, order: &OrderCore) -> bool {
    match asker {
        Asker::Session(_) => {
            let mut payments = work.payments().iter();
            payments.any(|payment| asker.may_see_payment(payment.core()))
        }
        Asker::Merchant | Asker::Buyer(_) | Asker::Nobody => asker.may_see(&order.buyer_id),
    }
}

/// Captures authorized money. A second capture changes nothing.
pub(super) fn capture(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Outcome {
    let payment = work.payment(id)?;
    let state = payment.detail();
    let progress = match (payment.stage(), work.order()?.state()) {
        (Stage::Held, _) | (Stage::Taken, OrderState::Reserved) => {
            consequences::take_held(work, id, context)?
        }
        (
            Stage::Taken,
            OrderState::PaymentPending
            | OrderState::Paid
            | OrderState::CancelRequested
            | OrderState::Canceled
            | OrderState::Refunded,
        ) => Progress::Done,
        (Stage::Begun | Stage::AwaitsDeposit | Stage::Over | Stage::Aside | Stage::Back, _) => {
            let action = PaymentAction::Capture;
            return Err(Rejection::PaymentNotPermitted { state, action }.into());
        }
    };
    Ok((Subject::Payment(id), progress))
}

/// Cancels a payment as far as it has come: ends it, or asks its gateway for what is there. Another payment can pay its
/// order. A second cancellation changes nothing.
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
    let progress = match payment.state() {
        PaymentState::Canceled | PaymentState::Voided => Progress::Done,
        PaymentState::Captured if payment.stage() == Stage::Back => Progress::Done,
        PaymentState::Authorized => {
            if payment.core().kind_in_flight() != Some(OperationKind::Void) {
                calls::void(work, id, context)?;
            }
            Progress::InFlight
        }
        PaymentState::Captured | PaymentState::AwaitingDeposit => {
            return give_back(work, asker, id, context);
        }
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::Failed
        | PaymentState::Expired
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned => {
            let reason = CancelReason::Requested;
            work.step_payment(id, PaymentCommand::Cancel(payment::Cancel { reason }))?;
            Progress::Done
        }
    };
    Ok((Subject::Payment(id), progress))
}

/// Refunds captured money, or closes the deposit account, by a call to the gateway, whose answer decides. Only the
/// merchant may refund captured money.
fn give_back(work: &mut Work, asker: &Asker, id: PaymentId, context: &mut Context<'_>) -> Outcome {
    let payment = work.payment(id)?;
    let state = payment.detail();
    let may = match payment.stage() {
        Stage::AwaitsDeposit => true,
        Stage::Taken | Stage::Begun | Stage::Held | Stage::Over | Stage::Aside | Stage::Back => {
            *asker == Asker::Merchant
        }
    };
    if !may || !payment.core().provider.capabilities().refund {
        let action = PaymentAction::Cancel;
        return Err(Rejection::PaymentNotPermitted { state, action }.into());
    }
    if !payment.core().operation_in_flight() {
        calls::may_ask_again(work, id)?;
        calls::give_back(work, id, context)?;
    }
    Ok((Subject::Payment(id), Progress::InFlight))
}

/// An expired hold frees its order for another payment.
pub(super) fn hold_due(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Outcome {
    consequences::hold_ran_out(work, id, context)?;
    Ok((Subject::Payment(id), Progress::Done))
}
