//! The claim: the right of one payment to take an order's money. At most one payment holds it.

use bincode::{Decode, Encode};

use crate::event::{ClaimEvent, ClaimReleased, ClaimTaken, OrderPaid};
use crate::id::PaymentId;
use crate::lifecycle;
use crate::lifecycle::{EnteredBy, Impossible};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// A claim has no data besides its state; it lives inside its order.
#[derive(Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct ClaimCore;

impl lifecycle::Core for ClaimCore {
    fn stepped(&mut self, _: Timestamp) {}
}

lifecycle! {
    /// The right to take one order's money.
    machine Claim {
        core: ClaimCore, any: AnyClaim, state: ClaimState, action: ClaimAction,
        command: ClaimCommand, event: ClaimEvent, transition: ClaimTransition,
    }
    states {
        /// No payment holds it.
        Free {} = "FREE",
        /// This payment alone may take the money.
        Held {
            /// Which payment.
            payment: PaymentId,
        } = "HELD",
        /// This payment has taken the money.
        Settled {
            /// Which payment.
            payment: PaymentId,
        } = "SETTLED",
    }
    actions {
        /// Gives it to a payment, in the commit of its operation's intent.
        Take = "take",
        /// Gives it back after a certain failure.
        Release = "release",
        /// Ends it: the order is paid.
        Settle = "settle",
    }
    transitions {
        Free --take(Take)--> Held[ClaimTaken];
        Held --release(Release)--> Free[ClaimReleased];
        Held --settle(Settle)--> Settled[OrderPaid];
    }
}

/// The payment that takes the claim.
#[derive(Debug)]
pub struct Take(pub PaymentId);
/// The payment that releases the claim.
#[derive(Debug)]
pub struct Release(pub PaymentId);
/// The payment that has the money.
#[derive(Debug)]
pub struct Settle(pub OrderPaid);

impl<S> EnteredBy<S, ClaimTaken, ClaimCore> for Held {
    fn entered(_: S, event: &ClaimTaken, _: &mut ClaimCore) -> Self {
        Self {
            payment: event.payment,
        }
    }
}
impl<S> EnteredBy<S, ClaimReleased, ClaimCore> for Free {
    fn entered(_: S, _: &ClaimReleased, _: &mut ClaimCore) -> Self {
        Self {}
    }
}
impl<S> EnteredBy<S, OrderPaid, ClaimCore> for Settled {
    fn entered(_: S, event: &OrderPaid, _: &mut ClaimCore) -> Self {
        Self {
            payment: event.payment,
        }
    }
}

impl Claim<Free> {
    /// The claim of a new order.
    pub const fn free() -> Self {
        Self {
            core: ClaimCore,
            detail: Free {},
        }
    }

    /// Gives it to `payment`.
    pub fn take(
        self,
        Take(payment): Take,
        now: Timestamp,
    ) -> Result<ClaimTransition<Claim<Held>>, Rejection> {
        Ok(self.step::<Take, Held>(ClaimTaken { payment }, now))
    }
}

impl Claim<Held> {
    /// Gives it back, by its holder alone.
    pub fn release(
        self,
        Release(payment): Release,
        now: Timestamp,
    ) -> Result<ClaimTransition<Claim<Free>>, Rejection> {
        self.only_holder(payment)?;
        Ok(self.step::<Release, Free>(ClaimReleased { payment }, now))
    }

    /// Ends it for good; only its holder may.
    pub fn settle(
        self,
        Settle(event): Settle,
        now: Timestamp,
    ) -> Result<ClaimTransition<Claim<Settled>>, Rejection> {
        self.only_holder(event.payment)?;
        Ok(self.step::<Settle, Settled>(event, now))
    }

    fn only_holder(&self, payment: PaymentId) -> Result<(), Rejection> {
        if self.detail.payment == payment {
            Ok(())
        } else {
            Err(Rejection::OrderPaymentInProgress)
        }
    }
}

impl AnyClaim {
    /// The payment that holds the claim or has taken the money.
    pub const fn holder(&self) -> Option<PaymentId> {
        match self {
            Self::Free(_) => None,
            Self::Held(claim) => Some(claim.detail.payment),
            Self::Settled(claim) => Some(claim.detail.payment),
        }
    }

    /// Whether `payment` could take the money: it holds the claim, or no payment does.
    pub fn open_to(&self, payment: PaymentId) -> bool {
        match self {
            Self::Free(_) => true,
            Self::Held(claim) => claim.detail.payment == payment,
            Self::Settled(_) => false,
        }
    }

    fn not_permitted(_: ClaimState, _: ClaimAction) -> Rejection {
        Rejection::OrderPaymentInProgress
    }

    fn noted(self, event: &ClaimEvent, _: Timestamp) -> Result<Self, Impossible> {
        Err(Impossible {
            state: self.state().name(),
            event: event.name(),
        })
    }
}

impl AnyClaim {
    /// Settles the claim when the order is paid: its holder keeps it for good. A free claim stays free.
    pub(crate) fn settle_by(&mut self, event: &OrderPaid, at: Timestamp) {
        let claim = std::mem::replace(self, Claim::free().into());
        *self = match claim {
            Self::Held(held) => held.enter::<Settled, _>(event, at).into(),
            other => other,
        };
    }
}
