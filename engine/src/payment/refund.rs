//! Refund: all of the taken money goes back to the buyer.

use super::{Captured, Payment, PaymentTransition, Refunded};
use crate::event::{PaymentRefunded, RefundWay, Source};
use crate::id::RefundId;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// All of the taken money went back.
#[derive(Debug)]
pub struct Refund {
    /// Which refund it was, if it had been asked for here.
    pub refund: Option<RefundId>,
    /// Whether it had been asked for here.
    pub requested: bool,
    /// Which way it went.
    pub way: RefundWay,
    /// Who told us.
    pub source: Source,
}

impl Payment<Captured> {
    /// Records that all of it went back.
    pub fn refund(
        self,
        Refund {
            refund,
            requested,
            way,
            source,
        }: Refund,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Refunded>>, Rejection> {
        let event = PaymentRefunded {
            refund,
            refunded: self.detail.captured,
            at_gateway: self.core.at_gateway,
            requested,
            way,
            source,
        };
        Ok(self.step::<Refund, Refunded>(event, now))
    }
}
