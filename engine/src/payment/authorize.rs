//! Authorize: the gateway holds the funds for us.

use super::{Authorized, Initiated, Payment, PaymentTransition, Prepared};
use crate::amounts::Amounts;
use crate::event::{PaymentAuthorized, Source};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway holds `held` until `expires_at`.
#[derive(Debug)]
pub struct Authorize {
    /// What is held. Of another amount than the payment's it is a hold all the same, to be released.
    pub held: Amounts,
    /// When the hold runs out.
    pub expires_at: Timestamp,
    /// Who told us.
    pub source: Source,
}

macro_rules! authorize_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Records the hold.
            pub fn authorize(self, hold: Authorize, now: Timestamp) -> Result<PaymentTransition<Payment<Authorized>>, Rejection> {
                let event = PaymentAuthorized { authorized: hold.held, expires_at: hold.expires_at, source: hold.source };
                Ok(self.step::<Authorize, Authorized>(event, now))
            }
        }
    )+};
}
authorize_from!(Initiated, Prepared);
