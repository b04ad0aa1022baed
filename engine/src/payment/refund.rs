//! Refund: all of the taken money goes back to the buyer.

use super::{Captured, Payment, PaymentTransition, Refunded};
use crate::event::{PaymentRefunded, Source};
use crate::money::Money;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway gave the money back.
#[derive(Debug)]
pub struct Refund {
    /// How much; it has to be all that was taken.
    pub amount: Money,
    /// Whether it had been asked for here.
    pub requested: bool,
    /// Who told us.
    pub source: Source,
}

impl Payment<Captured> {
    /// Records that all of it went back.
    pub fn refund(
        self,
        Refund {
            amount,
            requested,
            source,
        }: Refund,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Refunded>>, Rejection> {
        if amount != self.detail.captured.total() {
            return Err(Rejection::AmountMismatch);
        }
        let event = PaymentRefunded {
            refunded: self.detail.captured,
            requested,
            source,
        };
        Ok(self.step::<Refund, Refunded>(event, now))
    }
}
