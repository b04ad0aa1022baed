//! The rules of the saga: what follows for a payment, its order and the order's other payments once a gateway's
//! answer is accepted. Each outcome has one place.

use super::claims::{self, order_takes};
use super::{Context, Progress, calls};
use crate::amounts::Amounts;
use crate::capabilities::CaptureStrategy;
use crate::event::{
    DisagreementAccepted, FailureCode, GatewayDisagreed, OrderPaymentFailed, RefundFailed,
    RefundWay, Source,
};
use crate::group::{Refusal, Work};
use crate::id::{PaymentId, RefundId};
use crate::operation::OperationKind;
use crate::order::{self, AnyOrder, CancelReason, CaptureMode, OrderCommand, OrderState};
use crate::payment::{self, AnyPayment, PaymentAction, PaymentCommand, Stage};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::time::Timestamp;

type Step = Result<(), Refusal>;

/// The amounts that a gateway captured, in its own split.
#[derive(Clone, Copy)]
pub(super) struct Money {
    pub(super) taken: Amounts,
    pub(super) left: Amounts,
    pub(super) source: Source,
}

/// The funds are authorized: they reserve the order, or they are released again.
pub(super) fn held(
    work: &mut Work,
    id: PaymentId,
    hold: payment::Authorize,
    context: &mut Context<'_>,
) -> Step {
    let core = work.payment(id)?.core();
    let fits = hold.held.total() == core.amount();
    let capture = core.capture;
    work.step_payment(id, PaymentCommand::Authorize(hold))?;
    if !fits || !work.order()?.can_take(id) {
        calls::void(work, id, context)?;
        return finish_requested_cancel(work, context);
    }
    claims::take(work, id)?;
    work.step_order(OrderCommand::Reserve(order::Reserve(id)))?;
    match capture {
        CaptureMode::OnConfirmation => Ok(()),
        CaptureMode::Automatic => calls::capture(work, id, context),
    }
}

/// The gateway has captured the payment's amount: its order takes it, or it is set aside.
pub(super) fn captured(
    work: &mut Work,
    id: PaymentId,
    money: Money,
    context: &mut Context<'_>,
) -> Step {
    if order_takes(work.order()?, id) {
        claims::take(work, id)?;
        take(work, id, money)?;
        book_the_rest(work, id, money, context)?;
        // Money that arrives while its refund is under way is posted as refund pending from the start.
        if work.payment(id)?.core().kind_in_flight() == Some(OperationKind::Cancel) {
            calls::note_requested(work, id)?;
        }
        if !waits_for_confirmation(work, id)? {
            return paid(work, id, context);
        }
        return Ok(work.step_order(OrderCommand::Reserve(order::Reserve(id)))?);
    }
    set_aside(work, id, money)?;
    compare(work, id, money)?;
    claims::release(work, id)?;
    return_if_canceled(work, id, context)?;
    finish_requested_cancel(work, context)
}

/// Gives a payment's money to its order, from any state of the payment.
fn take(work: &mut Work, id: PaymentId, money: Money) -> Step {
    let (theirs, source) = (money.taken, money.source);
    let command = match work.payment(id)?.stage() {
        Stage::Begun | Stage::Held | Stage::AwaitsDeposit => {
            PaymentCommand::Capture(payment::Capture { theirs, source })
        }
        Stage::Aside => PaymentCommand::TakeSuspended(payment::TakeSuspended { source }),
        Stage::Over | Stage::Taken | Stage::Back => {
            PaymentCommand::SucceedLate(payment::SucceedLate {
                order_can_take: true,
                theirs,
                source,
            })
        }
    };
    Ok(work.step_payment(id, command)?)
}

/// Sets aside money of the right amount that the order cannot take.
fn set_aside(work: &mut Work, id: PaymentId, money: Money) -> Step {
    let (theirs, source) = (money.taken, money.source);
    let command = match work.payment(id)?.stage() {
        Stage::Begun | Stage::Held | Stage::AwaitsDeposit => {
            PaymentCommand::Orphan(payment::Orphan { theirs, source })
        }
        Stage::Over | Stage::Taken | Stage::Aside | Stage::Back => {
            PaymentCommand::SucceedLate(payment::SucceedLate {
                order_can_take: false,
                theirs,
                source,
            })
        }
    };
    Ok(work.step_payment(id, command)?)
}

/// Sets aside money of a wrong amount, even if the order waits for a payment.
pub(super) fn mismatched(
    work: &mut Work,
    id: PaymentId,
    money: Money,
    context: &mut Context<'_>,
) -> Step {
    let aside = payment::Mismatch {
        received: money.taken,
        source: money.source,
    };
    work.step_payment(id, PaymentCommand::Mismatch(aside))?;
    compare(work, id, money)?;
    claims::release(work, id)?;
    finish_requested_cancel(work, context)
}

/// The money was captured and refunded before any message reached us: both are recorded, and the order waits for
/// another payment.
pub(super) fn came_and_went(
    work: &mut Work,
    id: PaymentId,
    money: Money,
    context: &mut Context<'_>,
) -> Step {
    if money.taken.total() == work.payment(id)?.core().amount() {
        set_aside(work, id, money)?;
    } else {
        let aside = payment::Mismatch {
            received: money.taken,
            source: money.source,
        };
        work.step_payment(id, PaymentCommand::Mismatch(aside))?;
    }
    returned(work, id, RefundWay::Gateway, money.source)?;
    claims::release(work, id)?;
    finish_requested_cancel(work, context)
}

/// Gives set-aside money to the order that it turned out to belong to.
pub(super) fn given_to_order(
    work: &mut Work,
    id: PaymentId,
    money: Money,
    context: &mut Context<'_>,
) -> Step {
    claims::take(work, id)?;
    end_accepted_difference(work, id)?;
    take(work, id, money)?;
    compare(work, id, money)?;
    paid(work, id, context)
}

/// Ends an accepted difference before set-aside money leaves the suspense account, so that only what was set aside
/// leaves it.
fn end_accepted_difference(work: &mut Work, id: PaymentId) -> Step {
    let (ours, theirs) = match work.payment(id)? {
        AnyPayment::Mismatched(aside) => (aside.core().at_gateway, aside.detail().received),
        AnyPayment::Orphaned(aside) => (aside.core().at_gateway, aside.detail().received),
        AnyPayment::Initiated(_)
        | AnyPayment::Prepared(_)
        | AnyPayment::Authorized(_)
        | AnyPayment::AwaitingDeposit(_)
        | AnyPayment::Captured(_)
        | AnyPayment::Failed(_)
        | AnyPayment::Canceled(_)
        | AnyPayment::Expired(_)
        | AnyPayment::Voided(_)
        | AnyPayment::Returned(_) => return Ok(()),
    };
    if ours != theirs {
        work.note_payment(id, DisagreementAccepted { ours, theirs })?;
    }
    Ok(())
}

/// Records a disagreement if the gateway's amounts differ from our books after this step.
pub(super) fn compare(work: &mut Work, id: PaymentId, money: Money) -> Step {
    if work.payment(id)?.agrees(&money.left) {
        return Ok(());
    }
    let disagreed = GatewayDisagreed {
        taken: Some(money.taken),
        holds: money.left,
    };
    Ok(work.note_payment(id, disagreed)?)
}

/// Whether money that was just captured waits for the order's confirmation, because the gateway can capture but not
/// authorize.
fn waits_for_confirmation(work: &Work, id: PaymentId) -> Result<bool, Rejection> {
    let core = work.payment(id)?.core();
    let waits = match (core.capture, core.provider.capabilities().capture) {
        (CaptureMode::OnConfirmation, CaptureStrategy::ChargeThenHold) => true,
        (CaptureMode::OnConfirmation, CaptureStrategy::AuthorizeThenCapture { .. })
        | (CaptureMode::Automatic, _) => false,
    };
    Ok(match work.order()?.state() {
        OrderState::PaymentPending => waits,
        OrderState::Reserved
        | OrderState::Paid
        | OrderState::CancelRequested
        | OrderState::Canceled
        | OrderState::Refunded => false,
    })
}

/// The buyer has a deposit account to transfer to. It is closed again if the order no longer waits for money.
pub(super) fn account_opened(
    work: &mut Work,
    id: PaymentId,
    due_at: Timestamp,
    context: &mut Context<'_>,
) -> Step {
    let account = payment::AwaitDeposit { due_at };
    work.step_payment(id, PaymentCommand::AwaitDeposit(account))?;
    match work.order()?.state() {
        OrderState::PaymentPending => Ok(()),
        OrderState::Reserved
        | OrderState::Paid
        | OrderState::CancelRequested
        | OrderState::Canceled
        | OrderState::Refunded => calls::give_back(work, id, context),
    }
}

/// Captures the order's authorized money by a call. If it is captured already, only records that it is earned. A
/// capture without an answer is joined, not repeated.
pub(super) fn take_held(
    work: &mut Work,
    holder: PaymentId,
    context: &mut Context<'_>,
) -> Result<Progress, Refusal> {
    let payment = work.payment(holder)?;
    let (state, call) = (payment.detail(), payment.core().kind_in_flight());
    match payment.stage() {
        Stage::Held => {
            if call != Some(OperationKind::Capture) {
                calls::capture(work, holder, context)?;
            }
            Ok(Progress::InFlight)
        }
        Stage::Taken if call.is_some() => Err(Rejection::OperationInFlight.into()),
        Stage::Taken => {
            paid(work, holder, context)?;
            Ok(Progress::Done)
        }
        Stage::Begun | Stage::AwaitsDeposit | Stage::Over | Stage::Aside | Stage::Back => {
            let action = PaymentAction::Capture;
            Err(Rejection::PaymentNotPermitted { state, action }.into())
        }
    }
}

/// The order is paid: its other payments are given up.
pub(super) fn paid(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    work.step_order(OrderCommand::Pay(order::Pay(id)))?;
    give_up_open_payments(work, Some(id), CancelReason::PaidByAnother, context)
}

/// The payment certainly failed: the claim is released, and the order waits or is canceled, as the policy says.
pub(super) fn failed(
    work: &mut Work,
    id: PaymentId,
    code: FailureCode,
    context: &mut Context<'_>,
) -> Step {
    work.step_payment(id, PaymentCommand::Fail(payment::Fail { code }))?;
    claims::release(work, id)?;
    let order = work.order()?;
    match order.state() {
        OrderState::PaymentPending => {
            let order_id = order.core().id.clone();
            work.note_order(&order_id, OrderPaymentFailed { payment: id })?;
            let free = work.order()?.core().claim.holder().is_none();
            if context.policy.cancel_on_failure && free {
                cancel_order(work, CancelReason::PaymentFailed, context)?;
            }
            Ok(())
        }
        OrderState::Reserved
        | OrderState::Paid
        | OrderState::CancelRequested
        | OrderState::Canceled
        | OrderState::Refunded => finish_requested_cancel(work, context),
    }
}

/// The gateway canceled the payment or released its hold, by itself or because we asked.
pub(super) fn given_up(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let reason = CancelReason::Provider;
    let command = match work.payment(id)?.stage() {
        Stage::Held => PaymentCommand::Void(payment::Void { reason }),
        Stage::Begun
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Taken
        | Stage::Aside
        | Stage::Back => PaymentCommand::Cancel(payment::Cancel { reason }),
    };
    work.step_payment(id, command)?;
    claims::release(work, id)?;
    finish_requested_cancel(work, context)
}

/// The refund that the call was for which the gateway has carried out; one of stored version 1 had no id.
#[derive(Clone, Copy)]
pub(super) struct AnsweredRefund(pub(super) Option<RefundId>);

/// The gateway has less of a payment's money than our books: by the refund of ours that it answered, if there is one,
/// and for the rest by a refund that somebody made there.
pub(super) fn went_back(
    work: &mut Work,
    id: PaymentId,
    money: Money,
    answered: Option<AnsweredRefund>,
    context: &mut Context<'_>,
) -> Step {
    if let Some(AnsweredRefund(refund)) = answered {
        let payment = work.payment(id)?;
        let refundable = payment.refundable();
        let back = payment::Refund {
            refund,
            amounts: payment.core().refunding().unwrap_or(refundable),
            requested: true,
            way: RefundWay::Gateway,
            source: money.source,
        };
        money_back(work, id, back, context)?;
    }
    book_the_rest(work, id, money, context)
}

/// Books what the gateway has less than our books as a refund that somebody made there, and compares the two. Set-aside
/// money is refunded as a whole or not at all.
fn book_the_rest(work: &mut Work, id: PaymentId, money: Money, context: &mut Context<'_>) -> Step {
    let payment = work.payment(id)?;
    let amounts = match payment.stage() {
        Stage::Taken => made_there(payment, &money.left),
        Stage::Aside if money.left.is_zero() => payment.taken(),
        Stage::Aside
        | Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Back => return compare(work, id, money),
    };
    if !amounts.is_zero() {
        let back = payment::Refund {
            refund: Some(calls::new_refund(work, context)?),
            amounts,
            requested: false,
            way: RefundWay::Gateway,
            source: money.source,
        };
        money_back(work, id, back, context)?;
    }
    compare(work, id, money)
}

/// The amount of a refund that somebody made at the gateway, in our split: the money that is not taxed as the gateway
/// has it, the VAT by our rule. Where nothing is left there, it is all that was not refunded yet.
fn made_there(payment: &AnyPayment, left: &Amounts) -> Amounts {
    let core = payment.core();
    let (refundable, taken) = (payment.refundable(), payment.taken());
    if left.is_zero() {
        return refundable;
    }
    let less = core
        .at_gateway
        .total()
        .minor()
        .saturating_sub(left.total().minor());
    let less = less.min(refundable.total().minor());
    let portion = core
        .at_gateway
        .portion_less(left, less)
        .unwrap_or_else(|| refundable.portion(less));
    let refunded = taken.less(&refundable);
    let by_rule = |portion| taken.next_part(&refunded, portion);
    let amounts = by_rule(portion).or_else(|| by_rule(refundable.portion(less)));
    amounts.unwrap_or_else(|| Amounts::zero(taken.currency()))
}

/// A part of the payment's money, or all of it, was refunded to the buyer.
pub(super) fn money_back(
    work: &mut Work,
    id: PaymentId,
    back: payment::Refund,
    context: &mut Context<'_>,
) -> Step {
    match work.payment(id)?.stage() {
        Stage::Taken => work.step_payment(id, PaymentCommand::Refund(back))?,
        Stage::Aside
        | Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Back => {
            returned(work, id, back.way, back.source)?;
            return finish_requested_cancel(work, context);
        }
    }
    match work.payment(id)?.stage() {
        Stage::Back => order_of_refunded(work, id, context),
        // The order keeps the rest.
        Stage::Taken
        | Stage::Aside
        | Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over => Ok(()),
    }
}

/// The order of a payment whose money was all refunded.
fn order_of_refunded(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    match work.order()?.state() {
        OrderState::Paid => Ok(work.step_order(OrderCommand::Refund(order::Refund(id)))?),
        OrderState::PaymentPending
        | OrderState::Reserved
        | OrderState::CancelRequested
        | OrderState::Canceled
        | OrderState::Refunded => {
            claims::release(work, id)?;
            finish_requested_cancel(work, context)
        }
    }
}

fn returned(work: &mut Work, id: PaymentId, way: RefundWay, source: Source) -> Step {
    let back = payment::ReturnSuspended { way, source };
    Ok(work.step_payment(id, PaymentCommand::ReturnSuspended(back))?)
}

/// The gateway refused a capture, a void or a refund. The money stays, in the books too, and the next request is a
/// new call.
pub(super) fn call_refused(
    work: &mut Work,
    id: PaymentId,
    call: OperationKind,
    (refund, code): (Option<RefundId>, FailureCode),
    context: &mut Context<'_>,
) -> Step {
    match call {
        OperationKind::Cancel => {
            let payment = work.payment(id)?;
            let amounts = payment
                .core()
                .refunding()
                .unwrap_or_else(|| payment.taken());
            let failed = RefundFailed {
                refund,
                amounts,
                code,
            };
            calls::note_of_taken(work, id, failed)
        }
        // The authorization that was to be voided may have been captured meanwhile.
        OperationKind::Void => return_if_canceled(work, id, context),
        // No call about its money is in flight any more, so another payment can take the claim.
        OperationKind::Confirm => {
            claims::release(work, id)?;
            finish_requested_cancel(work, context)
        }
        OperationKind::Capture => release_if_canceled(work, id, context),
    }
}

fn is_to_be_canceled(work: &Work) -> Result<bool, Refusal> {
    Ok(match work.order()?.state() {
        OrderState::CancelRequested => true,
        OrderState::PaymentPending
        | OrderState::Reserved
        | OrderState::Paid
        | OrderState::Canceled
        | OrderState::Refunded => false,
    })
}

/// Releases a hold whose order is to be canceled, unless a capture or a void is under way.
fn release_if_canceled(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let payment = work.payment(id)?;
    if payment.core().operation_in_flight() || !is_to_be_canceled(work)? {
        return Ok(());
    }
    match payment.stage() {
        Stage::Held => calls::void(work, id, context),
        Stage::Begun
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Taken
        | Stage::Aside
        | Stage::Back => Ok(()),
    }
}

/// Refunds set-aside money of an order that is to be canceled, where the gateway can refund.
fn return_if_canceled(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let payment = work.payment(id)?;
    let may = is_to_be_canceled(work)?
        && payment.core().provider.capabilities().refund
        && !payment.core().operation_in_flight()
        && !planted::is(Bug::MoneyIsKept);
    match payment {
        AnyPayment::Orphaned(_) if may => calls::give_back(work, id, context),
        // A person decides about money of a wrong amount.
        AnyPayment::Mismatched(_)
        | AnyPayment::Orphaned(_)
        | AnyPayment::Initiated(_)
        | AnyPayment::Prepared(_)
        | AnyPayment::Authorized(_)
        | AnyPayment::AwaitingDeposit(_)
        | AnyPayment::Captured(_)
        | AnyPayment::Failed(_)
        | AnyPayment::Canceled(_)
        | AnyPayment::Expired(_)
        | AnyPayment::Voided(_)
        | AnyPayment::Returned(_) => Ok(()),
    }
}

/// Gives up every open payment but `besides`, in the way its state asks for: if a gateway holds money or waits for
/// some, by a call. A payment without a gateway's answer is given up when the answer comes.
pub(super) fn give_up_open_payments(
    work: &mut Work,
    besides: Option<PaymentId>,
    reason: CancelReason,
    context: &mut Context<'_>,
) -> Step {
    for id in work.open_payments_besides(besides) {
        let payment = work.payment(id)?;
        if payment.core().operation_in_flight() {
            continue;
        }
        match payment.stage() {
            Stage::Held => calls::void(work, id, context)?,
            Stage::AwaitsDeposit => calls::give_back(work, id, context)?,
            Stage::Begun => drop_begun(work, id, reason)?,
            Stage::Over | Stage::Taken | Stage::Aside | Stage::Back => {}
        }
    }
    Ok(())
}

/// Gives up a payment that no gateway knows of.
fn drop_begun(work: &mut Work, id: PaymentId, reason: CancelReason) -> Step {
    let command = match reason {
        CancelReason::Unpaid => PaymentCommand::Expire(payment::Expire),
        CancelReason::Requested
        | CancelReason::PaymentFailed
        | CancelReason::PaidByAnother
        | CancelReason::Provider => PaymentCommand::Cancel(payment::Cancel { reason }),
    };
    Ok(work.step_payment(id, command)?)
}

/// Cancels the order and everything open under it, or requests the cancellation while a gateway's answer or refund is
/// outstanding. Returns whether it is canceled.
pub(super) fn cancel_order(
    work: &mut Work,
    reason: CancelReason,
    context: &mut Context<'_>,
) -> Result<bool, Refusal> {
    give_back_what_holds_the_claim(work, context)?;
    let overtakes = reason == CancelReason::Unpaid && planted::is(Bug::DeadlineOvertakes);
    give_up_open_payments(work, None, reason, context)?;
    let waits = waits_for_gateway(work)? && !overtakes;
    if waits {
        work.step_order(OrderCommand::RequestCancel(order::RequestCancel(reason)))?;
    } else {
        work.step_order(OrderCommand::Cancel(order::Cancel(reason)))?;
    }
    Ok(!waits)
}

/// Whether a payment of the order waits for its gateway's answer about the order's money.
fn waits_for_gateway(work: &Work) -> Result<bool, Refusal> {
    if work.order()?.core().claim.holder().is_some() {
        return Ok(true);
    }
    let mut open = work.open_payments_besides(None).into_iter();
    Ok(open.any(|id| {
        work.payment(id)
            .is_ok_and(|payment| payment.core().operation_in_flight())
    }))
}

/// Money captured for the order, and an open deposit account, can only be given back by a call of their own.
fn give_back_what_holds_the_claim(work: &mut Work, context: &mut Context<'_>) -> Step {
    let Some(holder) = work.order()?.core().claim.holder() else {
        return Ok(());
    };
    let payment = work.payment(holder)?;
    if payment.core().operation_in_flight() {
        return Ok(());
    }
    match payment.stage() {
        Stage::Taken | Stage::AwaitsDeposit => {
            calls::may_ask_again(work, holder)?;
            calls::give_back(work, holder, context)
        }
        Stage::Begun | Stage::Held | Stage::Over | Stage::Aside | Stage::Back => Ok(()),
    }
}

/// The order's cancellation was requested again: repeats what a gateway refused, as a new call.
pub(super) fn ask_again(work: &mut Work, context: &mut Context<'_>) -> Step {
    give_back_what_holds_the_claim(work, context)?;
    let reason = match work.order()? {
        AnyOrder::CancelRequested(order) => order.detail().reason,
        AnyOrder::PaymentPending(_)
        | AnyOrder::Reserved(_)
        | AnyOrder::Paid(_)
        | AnyOrder::Canceled(_)
        | AnyOrder::Refunded(_) => return Ok(()),
    };
    give_up_open_payments(work, None, reason, context)
}

/// Carries out a requested cancellation once no call about the order's money is outstanding.
pub(super) fn finish_requested_cancel(work: &mut Work, context: &mut Context<'_>) -> Step {
    let reason = match work.order()? {
        AnyOrder::CancelRequested(order) => order.detail().reason,
        AnyOrder::PaymentPending(_)
        | AnyOrder::Reserved(_)
        | AnyOrder::Paid(_)
        | AnyOrder::Canceled(_)
        | AnyOrder::Refunded(_) => return Ok(()),
    };
    if work.order()?.core().claim.holder().is_some() {
        return Ok(());
    }
    give_up_open_payments(work, None, reason, context)?;
    Ok(work.step_order(OrderCommand::Cancel(order::Cancel(reason)))?)
}

/// An expired hold frees its order for another payment.
pub(super) fn hold_ran_out(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    let ran_out = match work.payment(id)? {
        AnyPayment::Authorized(held) => {
            held.detail().expires_at <= work.now() && !held.core().operation_in_flight()
        }
        AnyPayment::Initiated(_)
        | AnyPayment::Prepared(_)
        | AnyPayment::AwaitingDeposit(_)
        | AnyPayment::Captured(_)
        | AnyPayment::Failed(_)
        | AnyPayment::Canceled(_)
        | AnyPayment::Expired(_)
        | AnyPayment::Voided(_)
        | AnyPayment::Mismatched(_)
        | AnyPayment::Orphaned(_)
        | AnyPayment::Returned(_) => false,
    };
    if !ran_out {
        return Ok(());
    }
    work.step_payment(id, PaymentCommand::Expire(payment::Expire))?;
    claims::release(work, id)?;
    finish_requested_cancel(work, context)
}
