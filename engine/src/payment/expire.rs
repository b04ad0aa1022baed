//! Expire: time ran out.

use super::{
    Authorized, AwaitingDeposit, Expired, Initiated, Payment, PaymentTransition, Prepared,
};
use crate::event::PaymentExpired;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// Its time is over.
#[derive(Debug)]
pub struct Expire;

macro_rules! expire_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Lets it run out, unless a call to the gateway has no answer yet.
            pub fn expire(self, Expire: Expire, now: Timestamp) -> Result<PaymentTransition<Payment<Expired>>, Rejection> {
                self.refuse_in_flight()?;
                Ok(self.step::<Expire, Expired>(PaymentExpired {}, now))
            }
        }
    )+};
}
expire_from!(Initiated, Prepared, AwaitingDeposit);

impl Payment<Authorized> {
    /// The hold runs out at its own time, not before.
    pub fn expire(
        self,
        Expire: Expire,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Expired>>, Rejection> {
        self.refuse_in_flight()?;
        if now < self.detail.expires_at {
            return Err(Rejection::PaymentNotPermitted {
                state: super::PaymentState::Authorized,
                action: super::PaymentAction::Expire,
            });
        }
        Ok(self.step::<Expire, Expired>(PaymentExpired {}, now))
    }
}
