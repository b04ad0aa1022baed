//! Late and orphan money: a success after a failure, or one that the order cannot take.

use super::{AnyPayment, Captured, Orphaned, Payment, PaymentTransition};
use crate::amounts::Amounts;
use crate::event::{PaymentCaptured, PaymentOrphaned, Source};
use crate::lifecycle::Edge;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway took the payment's amount, but its order cannot take it.
#[derive(Debug)]
pub struct Orphan {
    /// What it took, as it splits it.
    pub theirs: Amounts,
    /// Who told us.
    pub source: Source,
}

/// The gateway took the payment's amount after we had given the payment up.
#[derive(Debug)]
pub struct SucceedLate {
    /// Whether the order still waits for a payment and no other payment has its claim.
    pub order_can_take: bool,
    /// What it took, as it splits it.
    pub theirs: Amounts,
    /// Who told us.
    pub source: Source,
}

impl<S> Payment<S>
where
    S: Edge<Orphan, Orphaned, Event = PaymentOrphaned>,
{
    /// Sets the money aside until somebody decides.
    pub fn orphan(
        self,
        Orphan { theirs, source }: Orphan,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Orphaned>>, Rejection> {
        let event = PaymentOrphaned {
            received: theirs,
            source,
        };
        Ok(self.step::<Orphan, Orphaned>(event, now))
    }
}

impl<S> Payment<S>
where
    S: Edge<SucceedLate, Captured, Event = PaymentCaptured>,
    S: Edge<SucceedLate, Orphaned, Event = PaymentOrphaned>,
{
    /// Gives the money to the order if it can take it, else sets it aside.
    pub fn succeed_late(
        self,
        SucceedLate {
            order_can_take,
            theirs,
            source,
        }: SucceedLate,
        now: Timestamp,
    ) -> Result<PaymentTransition<AnyPayment>, Rejection> {
        if order_can_take {
            let event = PaymentCaptured {
                captured: self.core.amounts,
                theirs,
                source,
            };
            return Ok(self.step::<SucceedLate, Captured>(event, now).into_any());
        }
        let event = PaymentOrphaned {
            received: theirs,
            source,
        };
        Ok(self.step::<SucceedLate, Orphaned>(event, now).into_any())
    }
}
