//! Void: the hold is released before anything was taken.

use super::{Authorized, Payment, PaymentTransition, Voided};
use crate::event::PaymentVoided;
use crate::order::CancelReason;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway released the hold.
#[derive(Debug)]
pub struct Void {
    /// Why.
    pub reason: CancelReason,
}

impl Payment<Authorized> {
    /// Records that the hold is gone.
    pub fn void(
        self,
        Void { reason }: Void,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Voided>>, Rejection> {
        self.refuse_in_flight()?;
        Ok(self.step::<Void, Voided>(PaymentVoided { reason }, now))
    }
}
