//! Orders: registering, canceling, confirming, and the deadline.

use super::{Context, Outcome, Progress, Subject, consequences};
use crate::amounts::Amounts;
use crate::command::{NewLine, NewOrder};
use crate::event::OrderCreated;
use crate::group::Work;
use crate::id::OrderId;
use crate::money::Money;
use crate::order::{
    CancelReason, Line, OrderAction, OrderCore, OrderKind, OrderState, SellerSum, Tax,
};
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
    let lines = priced(new.lines, &amounts);
    let event = OrderCreated {
        buyer_id: new.buyer_id,
        kind: OrderKind::of(new.capture),
        resource: new.resource,
        sellers: SellerSum::of_lines(&lines).map_err(Rejection::from)?,
        lines,
        discounts: Vec::new(),
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

/// The lines with what each costs by component.
fn priced(lines: Vec<NewLine>, whole: &Amounts) -> Vec<Line> {
    let sum = |line: &NewLine| {
        let minor = line.unit_price.saturating_mul(u64::from(line.quantity));
        (minor, line.tax == Tax::Taxable)
    };
    let sums: Vec<(u64, bool)> = lines.iter().map(sum).collect();
    let shares = whole.shared(&sums);
    let priced = |(line, amounts): (NewLine, Amounts)| Line {
        name: line.name,
        quantity: line.quantity,
        unit_price: line.unit_price,
        tax: line.tax,
        item_id: line.item_id,
        seller_id: line.seller_id,
        amounts,
    };
    lines.into_iter().zip(shares).map(priced).collect()
}

/// The lines' sum by component; it has to be the total, and more than nothing.
fn amounts_of(lines: &[NewLine], total: Money) -> Result<Amounts, Rejection> {
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

fn line_total(line: &NewLine, total: Money) -> Result<Money, Rejection> {
    if line.quantity == 0 {
        return Err(Rejection::AmountOutOfRange);
    }
    Ok(Money::new(line.unit_price, total.currency())?.checked_mul(line.quantity)?)
}

/// Cancels, or asks for it while a gateway's answer is outstanding. Canceling twice is one cancellation.
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

/// Takes the held money of a reserved order. Confirming twice is one confirmation.
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

/// The deadline: cancels an order that still waits, but never past a call without an answer.
pub(super) fn due(work: &mut Work, order_id: OrderId, context: &mut Context<'_>) -> Outcome {
    let order = work.order()?;
    let waits =
        order.state() == OrderState::PaymentPending && order.core().expires_at <= work.now();
    if waits {
        consequences::cancel_order(work, CancelReason::Unpaid, context)?;
    }
    Ok((Subject::Order(order_id), Progress::Done))
}
