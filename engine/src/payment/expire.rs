//! Expire: time ran out.

use super::{
    Authorized, AwaitingDeposit, Expired, Initiated, Payment, PaymentAction, PaymentDetail,
    PaymentTransition, Prepared,
};
use crate::event::PaymentExpired;
use crate::lifecycle::Edge;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// Its time is over.
#[derive(Debug)]
pub struct Expire;

/// A state that can run out. The table alone does not say when: each state that it lets expire has to be here.
pub trait RunsOut {
    /// Refuses before the state's own time. Most have none: their order's deadline has passed, or their gateway said
    /// that they ran out.
    fn refuse_early(&self, _now: Timestamp) -> Result<(), Rejection> {
        Ok(())
    }
}

impl RunsOut for Initiated {}
impl RunsOut for Prepared {}
impl RunsOut for AwaitingDeposit {}

impl RunsOut for Authorized {
    /// The hold runs out at its own time, not before.
    fn refuse_early(&self, now: Timestamp) -> Result<(), Rejection> {
        if now < self.expires_at {
            return Err(Rejection::PaymentNotPermitted {
                state: PaymentDetail::Authorized,
                action: PaymentAction::Expire,
            });
        }
        Ok(())
    }
}

impl<S> Payment<S>
where
    S: Edge<Expire, Expired, Event = PaymentExpired> + RunsOut,
{
    /// Lets it run out, unless a call to the gateway has no answer yet.
    pub fn expire(
        self,
        Expire: Expire,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Expired>>, Rejection> {
        self.refuse_in_flight()?;
        self.detail.refuse_early(now)?;
        Ok(self.step::<Expire, Expired>(PaymentExpired {}, now))
    }
}
