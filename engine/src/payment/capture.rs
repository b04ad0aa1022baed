//! Capture: the funds become ours to settle.

use super::{
    Authorized, AwaitingDeposit, Captured, Initiated, Payment, PaymentTransition, Prepared,
};
use crate::amounts::Amounts;
use crate::event::{PaymentCaptured, Source};
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

macro_rules! capture_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Records that the whole amount is taken. Evidence of a capture is a fact: it has no deadline.
            pub fn capture(self, taken: Capture, now: Timestamp) -> Result<PaymentTransition<Payment<Captured>>, Rejection> {
                if taken.theirs.total() != self.core.amount() {
                    return Err(Rejection::AmountMismatch);
                }
                let event = PaymentCaptured { captured: self.core.amounts, theirs: taken.theirs, source: taken.source };
                Ok(self.step::<Capture, Captured>(event, now))
            }
        }
    )+};
}
capture_from!(Initiated, Prepared, Authorized, AwaitingDeposit);
