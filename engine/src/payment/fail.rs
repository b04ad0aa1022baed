//! Fail: the gateway certainly did not take the money.

use super::{Failed, Payment, PaymentTransition};
use crate::event::{FailureCode, PaymentFailed};
use crate::lifecycle::Edge;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway said no.
#[derive(Debug)]
pub struct Fail {
    /// Its code.
    pub code: FailureCode,
}

impl<S> Payment<S>
where
    S: Edge<Fail, Failed, Event = PaymentFailed>,
{
    /// Records a certain failure. While a call has no answer nothing is certain.
    pub fn fail(
        self,
        Fail { code }: Fail,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Failed>>, Rejection> {
        self.refuse_in_flight()?;
        Ok(self.step::<Fail, Failed>(PaymentFailed { code }, now))
    }
}
