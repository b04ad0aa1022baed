//! Mismatch: the gateway took another amount or currency than the order's.

use super::{
    Authorized, AwaitingDeposit, Canceled, Expired, Failed, Initiated, Mismatched, Payment,
    PaymentTransition, Prepared, Voided,
};
use crate::event::PaymentMismatched;
use crate::money::Money;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway took `received`.
#[derive(Debug)]
pub struct Mismatch {
    /// What it took.
    pub received: Money,
}

macro_rules! mismatch_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Sets the money aside. The payment's own amount is no mismatch.
            pub fn mismatch(self, Mismatch { received }: Mismatch, now: Timestamp) -> Result<PaymentTransition<Payment<Mismatched>>, Rejection> {
                if received == self.core.amount() {
                    return Err(Rejection::AmountMismatch);
                }
                Ok(self.step::<Mismatch, Mismatched>(PaymentMismatched { received }, now))
            }
        }
    )+};
}
mismatch_from!(
    Initiated,
    Prepared,
    Authorized,
    AwaitingDeposit,
    Failed,
    Canceled,
    Expired,
    Voided
);
