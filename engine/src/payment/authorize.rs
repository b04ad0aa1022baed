//! Authorize: the gateway holds the funds for us.

use super::{Authorized, Payment, PaymentTransition};
use crate::amounts::Amounts;
use crate::event::{PaymentAuthorized, Source};
use crate::lifecycle::Edge;
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

impl<S> Payment<S>
where
    S: Edge<Authorize, Authorized, Event = PaymentAuthorized>,
{
    /// Records the hold.
    pub fn authorize(
        self,
        Authorize {
            held,
            expires_at,
            source,
        }: Authorize,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Authorized>>, Rejection> {
        let event = PaymentAuthorized {
            authorized: held,
            expires_at,
            source,
        };
        Ok(self.step::<Authorize, Authorized>(event, now))
    }
}
