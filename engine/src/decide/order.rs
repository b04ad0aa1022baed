//! Orders: registering, canceling, confirming, and the deadline.

use super::{Context, Outcome, Progress, Subject, consequences};
use crate::command::NewOrder;
use crate::event::OrderCreated;
use crate::group::Work;
use crate::id::OrderId;
use crate::order::{CancelReason, OrderAction, OrderCore, OrderKind, OrderState, SellerSum};
use crate::pricing::{self, Priced};
use crate::rejection::Rejection;
use crate::time::Timestamp;

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
    let expires_at = deadline(&new, context)?;
    let Priced { lines, amounts } = pricing::price(new.lines, &new.discounts, new.total)?;
    let event = OrderCreated {
        buyer_id: new.buyer_id,
        kind: OrderKind::of(new.capture),
        resource: new.resource,
        sellers: SellerSum::of_lines(&lines).map_err(Rejection::from)?,
        lines,
        discounts: new.discounts,
        amounts,
        capture: new.capture,
        expires_at,
        fingerprint: new.fingerprint,
    };
    work.note_order(&new.order_id, event)?;
    Ok((subject, Progress::Created))
}

fn deadline(new: &NewOrder, context: &Context<'_>) -> Result<Timestamp, Rejection> {
    let latest = context.now.plus_millis(OrderCore::MAX_DEADLINE_MS);
    match new.expires_at {
        None => Ok(context.now.plus_millis(context.policy.unpaid_after_ms)),
        Some(asked) if asked > context.now && asked <= latest => Ok(asked),
        Some(_) => Err(Rejection::DeadlineOutOfRange),
    }
}

/// Cancels the order, or requests it while a gateway's answer is outstanding. A second cancellation changes nothing.
pub(super) fn cancel(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    let progress = match work.order()?.state() {
        OrderState::Canceled => Progress::Done,
        OrderState::CancelRequested => {
            consequences::ask_again(work, context)?;
            Progress::InFlight
        }
        OrderState::PaymentPending
        | OrderState::Reserved
        | OrderState::Paid
        | OrderState::Refunded => {
            let canceled = consequences::cancel_order(work, CancelReason::Requested, context)?;
            if canceled {
                Progress::Done
            } else {
                Progress::InFlight
            }
        }
    };
    Ok((Subject::Order(order_id), progress))
}

/// Captures the authorized money of a reserved order. A second confirmation changes nothing.
pub(super) fn confirm(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    let progress = match work.order()?.state() {
        OrderState::Paid => Progress::Done,
        OrderState::Reserved => {
            let holder = work.order()?.core().claim.holder();
            consequences::take_held(work, holder.ok_or(Rejection::PaymentNotFound)?, context)?
        }
        state @ (OrderState::PaymentPending
        | OrderState::CancelRequested
        | OrderState::Canceled
        | OrderState::Refunded) => {
            let action = OrderAction::Pay;
            return Err(Rejection::OrderNotPermitted { state, action }.into());
        }
    };
    Ok((Subject::Order(order_id), progress))
}

/// The deadline: cancels an order that still waits, but never while a call is unanswered.
pub(super) fn due(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    let order = work.order()?;
    let waits =
        order.state() == OrderState::PaymentPending && order.core().expires_at <= work.now();
    if waits {
        consequences::cancel_order(work, CancelReason::Unpaid, context)?;
    }
    Ok((Subject::Order(order_id), Progress::Done))
}
