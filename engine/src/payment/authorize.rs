//! Authorize: the gateway holds the funds for us.

use super::{Authorized, Initiated, Payment, PaymentTransition, Prepared};
use crate::event::PaymentAuthorized;
use crate::money::Money;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway holds `amount` until `expires_at`.
#[derive(Debug)]
pub struct Authorize {
    /// What is held; it has to be the payment's amount.
    pub amount: Money,
    /// When the hold runs out.
    pub expires_at: Timestamp,
}

macro_rules! authorize_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Records the hold; of another amount than the payment's it is none of ours.
            pub fn authorize(self, hold: Authorize, now: Timestamp) -> Result<PaymentTransition<Payment<Authorized>>, Rejection> {
                if hold.amount != self.core.amount() {
                    return Err(Rejection::AmountMismatch);
                }
                let event = PaymentAuthorized { authorized: self.core.amounts, expires_at: hold.expires_at };
                Ok(self.step::<Authorize, Authorized>(event, now))
            }
        }
    )+};
}
authorize_from!(Initiated, Prepared);
