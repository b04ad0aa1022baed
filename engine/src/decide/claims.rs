//! The claim on an order's money: taken in the commit of an operation's intent, given back by a certain failure. A
//! capture that finds it gone is orphan money.

use crate::event::{ClaimReleased, ClaimTaken};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::order::{self, AnyOrder, OrderCommand, OrderState};

/// Gives the claim to `id`, unless somebody has it already.
pub(super) fn take(work: &mut Work, id: PaymentId) -> Result<(), Refusal> {
    let order = work.order()?;
    if order.core().claim.holder().is_none() {
        let order_id = order.core().id.clone();
        work.note_order(&order_id, ClaimTaken { payment: id })?;
    }
    Ok(())
}

/// Gives the claim back, if `id` holds it; a reserved order waits for a payment again.
pub(super) fn release(work: &mut Work, id: PaymentId) -> Result<(), Refusal> {
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

/// Whether the order takes this payment's money: it waits for one, or this payment holds its money already.
pub(super) fn order_takes(order: &AnyOrder, id: PaymentId) -> bool {
    let held_by_this = matches!(order, AnyOrder::Reserved(held) if held.detail().payment == id);
    held_by_this || order.can_take(id)
}
