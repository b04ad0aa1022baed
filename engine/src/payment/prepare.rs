//! Prepare: the gateway is told the payment and its amount.

use super::{Initiated, Payment, PaymentTransition, Prepared};
use crate::event::PaymentPrepared;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway has registered the payment.
#[derive(Debug)]
pub struct Prepare;

impl Payment<Initiated> {
    /// The buyer can now pay at the gateway.
    pub fn prepare(
        self,
        Prepare: Prepare,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Prepared>>, Rejection> {
        Ok(self.step::<Prepare, Prepared>(PaymentPrepared {}, now))
    }
}
