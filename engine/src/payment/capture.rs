//! Capture: the funds become ours to settle.

use super::{Captured, Payment, PaymentTransition};
use crate::amounts::Amounts;
use crate::event::{PaymentCaptured, Source};
use crate::lifecycle::Edge;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway took the payment's amount.
#[derive(Debug)]
pub struct Capture {
    /// What it took, as it splits it; the whole has to be the payment's.
    pub theirs: Amounts,
    /// Who told us.
    pub source: Source,
}

impl<S> Payment<S>
where
    S: Edge<Capture, Captured, Event = PaymentCaptured>,
{
    /// Records that the whole amount is taken. Evidence of a capture is a fact: it has no deadline.
    pub fn capture(
        self,
        Capture { theirs, source }: Capture,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Captured>>, Rejection> {
        if theirs.total() != self.core.amount() {
            return Err(Rejection::AmountMismatch);
        }
        let event = PaymentCaptured {
            captured: self.core.amounts,
            theirs,
            source,
        };
        Ok(self.step::<Capture, Captured>(event, now))
    }
}
