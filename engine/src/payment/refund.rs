//! Refund: captured money goes back to the buyer, all of it or a part.

use super::{Captured, Payment, PaymentTransition};
use crate::amounts::Amounts;
use crate::event::{PaymentRefunded, RefundWay, Source};
use crate::id::RefundId;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// Captured money went back.
#[derive(Debug)]
pub struct Refund {
    /// The refund.
    pub refund: Option<RefundId>,
    /// The refunded amount.
    pub amounts: Amounts,
    /// Whether it had been requested here.
    pub requested: bool,
    /// The way of the refund.
    pub way: RefundWay,
    /// The source of the fact.
    pub source: Source,
}

impl Payment<Captured> {
    /// Records the refund. No more than what is left can be refunded.
    pub fn refund(
        self,
        Refund {
            refund,
            amounts,
            requested,
            way,
            source,
        }: Refund,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Captured>>, Rejection> {
        let left = self.detail.left();
        if !left.contains(&amounts) {
            let refundable_minor = left.total().minor();
            return Err(Rejection::RefundOutOfRange { refundable_minor });
        }
        let event = PaymentRefunded {
            refund,
            refunded: amounts,
            at_gateway: self.gateways_part(&amounts),
            requested,
            way,
            source,
        };
        Ok(self.step::<Refund, Captured>(event, now))
    }

    /// The part of a refund that the gateway has by our books. The last one takes all that it has, also where a person
    /// has accepted that this is another amount than was captured.
    fn gateways_part(&self, amounts: &Amounts) -> Amounts {
        let there = self.core.at_gateway.less(&self.core.transferred);
        if self.detail.left() == *amounts {
            return there;
        }
        if there.contains(amounts) {
            return *amounts;
        }
        let portion = there.portion(amounts.total().minor());
        let zero = Amounts::zero(there.currency());
        there.next_part(&zero, portion).unwrap_or(there)
    }
}
