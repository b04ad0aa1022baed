//! Mismatch: the gateway took another amount or currency than the order's.

use super::{Mismatched, Payment, PaymentTransition};
use crate::amounts::Amounts;
use crate::event::{PaymentMismatched, Source};
use crate::lifecycle::Edge;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway took `received`.
#[derive(Debug)]
pub struct Mismatch {
    /// What it took.
    pub received: Amounts,
    /// Who told us.
    pub source: Source,
}

impl<S> Payment<S>
where
    S: Edge<Mismatch, Mismatched, Event = PaymentMismatched>,
{
    /// Sets the money aside. The payment's own amount is no mismatch.
    pub fn mismatch(
        self,
        Mismatch { received, source }: Mismatch,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Mismatched>>, Rejection> {
        if received.total() == self.core.amount() {
            return Err(Rejection::AmountMismatch);
        }
        Ok(self.step::<Mismatch, Mismatched>(PaymentMismatched { received, source }, now))
    }
}
