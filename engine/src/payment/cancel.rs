//! Cancel: given up before any money moved.

use super::{Canceled, Payment, PaymentTransition};
use crate::event::PaymentCanceled;
use crate::lifecycle::Edge;
use crate::order::CancelReason;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// Give it up.
#[derive(Debug)]
pub struct Cancel {
    /// Why.
    pub reason: CancelReason,
}

impl<S> Payment<S>
where
    S: Edge<Cancel, Canceled, Event = PaymentCanceled>,
{
    /// Gives it up, unless a call to the gateway has no answer yet. A failed payment can be canceled,
    /// so that a failure and a cancellation heard in either order end alike.
    pub fn cancel(
        self,
        Cancel { reason }: Cancel,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Canceled>>, Rejection> {
        self.refuse_in_flight()?;
        Ok(self.step::<Cancel, Canceled>(PaymentCanceled { reason }, now))
    }
}
