//! Await a deposit: the buyer has been given an account to transfer the money to.

use super::{AwaitingDeposit, Payment, PaymentTransition};
use crate::event::DepositAwaited;
use crate::lifecycle::Edge;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The gateway made an account for this payment.
#[derive(Debug)]
pub struct AwaitDeposit {
    /// Until when the money can arrive.
    pub due_at: Timestamp,
}

impl<S> Payment<S>
where
    S: Edge<AwaitDeposit, AwaitingDeposit, Event = DepositAwaited>,
{
    /// Records that the money is to come by transfer. No money has moved yet.
    pub fn await_deposit(
        self,
        AwaitDeposit { due_at }: AwaitDeposit,
        now: Timestamp,
    ) -> Result<PaymentTransition<Payment<AwaitingDeposit>>, Rejection> {
        self.refuse_in_flight()?;
        Ok(self.step::<AwaitDeposit, AwaitingDeposit>(DepositAwaited { due_at }, now))
    }
}
