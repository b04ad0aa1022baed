//! Resolve: what becomes of money that was set aside.

use super::{Captured, Mismatched, Orphaned, Payment, PaymentTransition, Returned};
use crate::amounts::Amounts;
use crate::event::{RefundWay, Source, SuspendedMoneyReturned, SuspendedMoneyTaken};
use crate::lifecycle::Edge;
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

/// A state whose money was set aside.
pub trait SetAside {
    /// What the gateway took.
    fn received(&self) -> Amounts;
}

impl SetAside for Mismatched {
    fn received(&self) -> Amounts {
        self.received
    }
}

impl SetAside for Orphaned {
    fn received(&self) -> Amounts {
        self.received
    }
}

impl<S> Payment<S>
where
    S: Edge<TakeSuspended, Captured, Event = SuspendedMoneyTaken> + SetAside,
{
    /// Gives the order its money. What was set aside is reversed and the order's own amount captured.
    pub fn take_suspended(
        self,
        TakeSuspended { source }: TakeSuspended,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Captured>>, Rejection> {
        let event = SuspendedMoneyTaken {
            suspended: self.detail.received(),
            captured: self.core.amounts,
            source,
        };
        Ok(self.step::<TakeSuspended, Captured>(event, now))
    }
}

impl<S> Payment<S>
where
    S: Edge<ReturnSuspended, Returned, Event = SuspendedMoneyReturned> + SetAside,
{
    /// Records that the money went back.
    pub fn return_suspended(
        self,
        ReturnSuspended { way, source }: ReturnSuspended,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<Returned>>, Rejection> {
        let event = SuspendedMoneyReturned {
            suspended: self.detail.received(),
            at_gateway: self.core.at_gateway,
            way,
            source,
        };
        Ok(self.step::<ReturnSuspended, Returned>(event, now))
    }
}
