//! Orders: registering, canceling, confirming, and the deadline.

use super::{Context, Outcome, Progress, Subject, gateway};
use crate::amounts::Amounts;
use crate::command::NewOrder;
use crate::event::OrderCreated;
use crate::group::{Refusal, Work};
use crate::id::{OrderId, PaymentId};
use crate::money::Money;
use crate::order::{
    self, CancelReason, Line, OrderAction, OrderCommand, OrderCore, OrderState, Tax,
};
use crate::payment::PaymentState;
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The farthest deadline: beyond a year of booking ahead somebody has mistyped.
const MAX_DEADLINE_MS: u64 = 400 * 24 * 3_600_000;

pub(super) fn create(work: &mut Work, new: NewOrder, context: &Context<'_>) -> Outcome {
    let subject = Subject::Order(new.order_id.clone());
    if let Ok(known) = work.order() {
        let same = known.core().fingerprint == new.fingerprint;
        return if same {
            Ok((subject, Progress::Created))
        } else {
            Err(Rejection::OrderAlreadyExists.into())
        };
    }
    let amounts = amounts_of(&new.lines, new.total)?;
    let expires_at = deadline(&new, context)?;
    let event = OrderCreated {
        buyer_id: new.buyer_id,
        lines: new.lines,
        amounts,
        capture: new.capture,
        expires_at,
        fingerprint: new.fingerprint,
    };
    work.note_order(&new.order_id, event)?;
    Ok((subject, Progress::Created))
}

fn deadline(new: &NewOrder, context: &Context<'_>) -> Result<Timestamp, Rejection> {
    let latest = context.now.plus_millis(MAX_DEADLINE_MS);
    match new.expires_at {
        None => Ok(context.now.plus_millis(context.policy.unpaid_after_ms)),
        Some(asked) if asked > context.now && asked <= latest => Ok(asked),
        Some(_) => Err(Rejection::DeadlineOutOfRange),
    }
}

/// The lines' sum by component; it has to be the total, and more than nothing.
fn amounts_of(lines: &[Line], total: Money) -> Result<Amounts, Rejection> {
    if lines.is_empty() || lines.len() > OrderCore::MAX_LINES {
        return Err(Rejection::LineCountOutOfRange);
    }
    let sum = |tax: Tax| {
        let bearing = lines.iter().filter(|line| line.tax == tax);
        bearing
            .map(|line| line_total(line, total))
            .try_fold(Money::zero(total.currency()), |sum, line| {
                sum.checked_add(line?).map_err(Rejection::from)
            })
    };
    let amounts = Amounts::of(sum(Tax::Taxable)?, sum(Tax::TaxFree)?)?;
    if total.is_zero() {
        return Err(Rejection::AmountOutOfRange);
    }
    if amounts.total() == total {
        Ok(amounts)
    } else {
        Err(Rejection::TotalMismatch)
    }
}

fn line_total(line: &Line, total: Money) -> Result<Money, Rejection> {
    if line.quantity == 0 {
        return Err(Rejection::AmountOutOfRange);
    }
    Ok(Money::new(line.unit_price, total.currency())?.checked_mul(line.quantity)?)
}

/// Cancels, or asks for it while a gateway's answer is outstanding. Canceling twice is one cancellation.
pub(super) fn cancel(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    let progress = match work.order()?.state() {
        OrderState::Canceled => Progress::Done,
        OrderState::CancelRequested => return_again(work, context)?,
        _ => unwind(work, CancelReason::Requested, context)?,
    };
    Ok((Subject::Order(order_id), progress))
}

/// Takes the held money of a reserved order. Confirming twice is one confirmation.
pub(super) fn confirm(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    match work.order()?.state() {
        OrderState::Paid => {}
        OrderState::Reserved => {
            let holder = work
                .order()?
                .core()
                .claim
                .holder()
                .ok_or(Rejection::PaymentNotFound)?;
            confirm_held(work, holder, context)?;
        }
        state => {
            return Err(Rejection::OrderNotPermitted {
                state,
                action: OrderAction::Pay,
            }
            .into());
        }
    }
    Ok((Subject::Order(order_id), Progress::Done))
}

/// What was asked for is under way; if the gateway had refused to give the money back, it is asked again.
fn return_again(work: &mut Work, context: &mut Context<'_>) -> Result<Progress, Refusal> {
    return_what_only_the_gateway_can(work, context)?;
    Ok(Progress::InFlight)
}

/// Takes the money that was held for the order; where it is taken already, only says that it is earned.
pub(super) fn confirm_held(
    work: &mut Work,
    holder: PaymentId,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    let payment = work.payment(holder)?;
    if payment.state() != PaymentState::Captured {
        return gateway::capture_held(work, holder, context);
    }
    if payment.core().operation_in_flight() {
        return Err(Rejection::OperationInFlight.into());
    }
    gateway::paid(work, holder, context)
}

/// The deadline: cancels an order that still waits, but never past a call without an answer.
pub(super) fn due(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    let order = work.order()?;
    let waits =
        order.state() == OrderState::PaymentPending && order.core().expires_at <= work.now();
    if waits {
        unwind(work, CancelReason::Unpaid, context)?;
    }
    Ok((Subject::Order(order_id), Progress::Done))
}

/// Cancels the order and all that is open under it, or asks for it if a call has no answer yet.
pub(super) fn unwind(
    work: &mut Work,
    reason: CancelReason,
    context: &mut Context<'_>,
) -> Result<Progress, Refusal> {
    return_what_only_the_gateway_can(work, context)?;
    let in_flight = work.open_payments_besides(None).into_iter().find(|id| {
        work.payment(*id)
            .is_ok_and(|payment| payment.core().operation_in_flight())
    });
    let taken = work.order()?.core().claim.holder();
    let taken = taken.filter(|id| {
        work.payment(*id)
            .is_ok_and(|payment| payment.state() == PaymentState::Captured)
    });
    let in_flight = in_flight.or(taken);
    let overtakes = reason == CancelReason::Unpaid && planted::is(Bug::DeadlineOvertakes);
    let in_flight = in_flight.filter(|_| !overtakes);
    gateway::give_up_open_payments(work, in_flight, reason, context)?;
    if in_flight.is_some() {
        work.step_order(OrderCommand::RequestCancel(order::RequestCancel(reason)))?;
        return Ok(Progress::InFlight);
    }
    work.step_order(OrderCommand::Cancel(order::Cancel(reason)))?;
    Ok(Progress::Done)
}

/// Begins to give back the money that was taken for the order, and to close an account that waits for a
/// transfer: both only by a call of their own.
fn return_what_only_the_gateway_can(
    work: &mut Work,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    let Some(holder) = work.order()?.core().claim.holder() else {
        return Ok(());
    };
    let payment = work.payment(holder)?;
    let by_call = matches!(
        payment.state(),
        PaymentState::Captured | PaymentState::AwaitingDeposit
    );
    if by_call && !payment.core().operation_in_flight() {
        gateway::may_ask_again(work, holder)?;
        gateway::intend_return(work, holder, context)?;
    }
    Ok(())
}
