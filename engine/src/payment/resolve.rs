//! Resolve: what becomes of money that was set aside.

use super::{Captured, Mismatched, Orphaned, Payment, PaymentTransition, Returned};
use crate::event::{RefundWay, Source, SuspendedMoneyReturned, SuspendedMoneyTaken};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The order takes the money: the gateway did take the order's own amount.
#[derive(Debug)]
pub struct TakeSuspended {
    /// Who says so.
    pub source: Source,
}

/// The money went back to the buyer.
#[derive(Debug)]
pub struct ReturnSuspended {
    /// Which way it went.
    pub way: RefundWay,
    /// Who says so.
    pub source: Source,
}

macro_rules! resolve_from {
    ($($State:ident),+) => {$(
        impl Payment<$State> {
            /// Gives the order its money. What was set aside is reversed and the order's own amount captured.
            pub fn take_suspended(self, take: TakeSuspended, now: Timestamp) -> Result<PaymentTransition<Payment<Captured>>, Rejection> {
                let event = SuspendedMoneyTaken {
                    suspended: self.detail.received,
                    captured: self.core.amounts,
                    source: take.source,
                };
                Ok(self.step::<TakeSuspended, Captured>(event, now))
            }

            /// Records that the money went back.
            pub fn return_suspended(self, back: ReturnSuspended, now: Timestamp) -> Result<PaymentTransition<Payment<Returned>>, Rejection> {
                let event = SuspendedMoneyReturned {
                    suspended: self.detail.received,
                    at_gateway: self.core.at_gateway,
                    way: back.way,
                    source: back.source,
                };
                Ok(self.step::<ReturnSuspended, Returned>(event, now))
            }
        }
    )+};
}
resolve_from!(Mismatched, Orphaned);
