//! Fail: the gateway certainly did not take the money.

use super::{AwaitingDeposit, Failed, Initiated, Payment, PaymentTransition, Prepared};
use crate::event::{FailureCode, PaymentFailed};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway said no.
#[derive(Debug)]
pub struct Fail {
    /// Its code.
    pub code: FailureCode,
}

macro_rules! fail_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Records a certain failure. While a call has no answer nothing is certain.
            pub fn fail(self, Fail { code }: Fail, now: Timestamp) -> Result<PaymentTransition<Payment<Failed>>, Rejection> {
                self.refuse_in_flight()?;
                Ok(self.step::<Fail, Failed>(PaymentFailed { code }, now))
            }
        }
    )+};
}
fail_from!(Initiated, Prepared, AwaitingDeposit);
