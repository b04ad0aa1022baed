//! The claim on an order's money: at most one payment holds it. It is taken in the commit of the call's intent and
//! released by a certain failure. A capture that finds the claim taken becomes orphan money.

use crate::event::{ClaimReleased, ClaimTaken};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::order::{self, AnyOrder, OrderCommand, OrderState};

/// Gives the claim to `id`, unless another payment holds it.
pub(super) fn take(work: &mut Work, id: PaymentId) -> Result<(), Refusal> {
    let order = work.order()?;
    if order.core().claim.holder().is_none() {
        let order_id = order.core().id.clone();
        work.note_order(&order_id, ClaimTaken { payment: id })?;
    }
    Ok(())
}

/// Releases the claim, if `id` holds it; a reserved order waits for a payment again.
pub(super) fn release(work: &mut Work, id: PaymentId) -> Result<(), Refusal> {
    let order = work.order()?;
    if order.core().claim.holder() != Some(id) {
        return Ok(());
    }
    let (order_id, released) = (order.core().id.clone(), ClaimReleased { payment: id });
    match order.state() {
        // The order keeps its money, whatever becomes of the payment.
        OrderState::Paid => Ok(()),
        OrderState::Reserved => {
            work.note_order(&order_id, released)?;
            Ok(work.step_order(OrderCommand::Reopen(order::Reopen(id)))?)
        }
        OrderState::PaymentPending
        | OrderState::CancelRequested
        | OrderState::Canceled
        | OrderState::Refunded => Ok(work.note_order(&order_id, released)?),
    }
}

/// Whether the order accepts this payment's money: it waits for a payment, or this payment already holds its claim.
pub(super) fn order_takes(order: &AnyOrder, id: PaymentId) -> bool {
    match order {
        AnyOrder::Reserved(held) => held.detail().payment == id,
        AnyOrder::PaymentPending(_)
        | AnyOrder::Paid(_)
        | AnyOrder::CancelRequested(_)
        | AnyOrder::Canceled(_)
        | AnyOrder::Refunded(_) => order.can_take(id),
    }
}
