//! Late and orphan money: a success after a failure, or one that the order cannot take.

use super::{
    AnyPayment, Authorized, AwaitingDeposit, Canceled, Captured, Expired, Failed, Initiated,
    Orphaned, Payment, PaymentTransition, Prepared, Voided,
};
use crate::amounts::Amounts;
use crate::event::{PaymentCaptured, PaymentOrphaned, Source};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway took the payment's amount, but its order cannot take it.
#[derive(Debug)]
pub struct Orphan {
    /// What it took, as it splits it.
    pub theirs: Amounts,
    /// Who told us.
    pub source: Source,
}

/// The gateway took the payment's amount after we had given the payment up.
#[derive(Debug)]
pub struct SucceedLate {
    /// Whether the order still waits for a payment and no other payment has its claim.
    pub order_can_take: bool,
    /// What it took, as it splits it.
    pub theirs: Amounts,
    /// Who told us.
    pub source: Source,
}

macro_rules! orphan_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Sets the money aside until somebody decides.
            pub fn orphan(self, aside: Orphan, now: Timestamp) -> Result<PaymentTransition<Payment<Orphaned>>, Rejection> {
                let event = PaymentOrphaned { received: aside.theirs, source: aside.source };
                Ok(self.step::<Orphan, Orphaned>(event, now))
            }
        }
    )+};
}
orphan_from!(Initiated, Prepared, Authorized, AwaitingDeposit);

macro_rules! late_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Gives the money to the order if it can take it, else sets it aside.
            pub fn succeed_late(self, late: SucceedLate, now: Timestamp) -> Result<PaymentTransition<AnyPayment>, Rejection> {
                let SucceedLate { order_can_take, theirs, source } = late;
                if order_can_take {
                    let event = PaymentCaptured { captured: self.core.amounts, theirs, source };
                    return Ok(self.step::<SucceedLate, Captured>(event, now).into_any());
                }
                let event = PaymentOrphaned { received: theirs, source };
                Ok(self.step::<SucceedLate, Orphaned>(event, now).into_any())
            }
        }
    )+};
}
late_from!(Failed, Canceled, Expired, Voided);
