//! Events of a payment without the shop: a deposit arrives or is returned; time runs out.

use super::{
    Toss,
    payment::{Instrument, Method, Payment, Status},
    refusal::Refusal,
};

impl Toss {
    /// The buyer pays into the virtual account. The bank refuses that after the due date, unless
    /// it is forced.
    pub(super) fn deposited(&mut self, now_ms: i64, key: &str, force: bool) -> Result<(), Refusal> {
        let mut payment = self.waiting_account(key, Status::WaitingForDeposit)?;
        if !force && payment.is_past_due(now_ms) {
            return Err(Refusal::of("NOT_FOUND_PAYMENT_SESSION"));
        }
        payment.last_transaction_key = Some(self.transaction_key());
        self.take(now_ms, &mut payment);
        self.state.put(payment.clone());
        self.announce(now_ms, &payment);
        Ok(())
    }

    /// The bank corrects itself: there was no deposit.
    pub(super) fn deposit_taken_back(&mut self, now_ms: i64, key: &str) -> Result<(), Refusal> {
        let mut payment = self.waiting_account(key, Status::Done)?;
        payment.status = Status::WaitingForDeposit;
        payment.approved_at_ms = None;
        payment.returned = payment.returned.saturating_add(payment.amount);
        payment.last_transaction_key = Some(self.transaction_key());
        let desk = self.state.desk_mut();
        desk.returned = desk.returned.saturating_add(payment.amount);
        self.state.put(payment.clone());
        self.announce(now_ms, &payment);
        Ok(())
    }

    fn waiting_account(&self, key: &str, status: Status) -> Result<Payment, Refusal> {
        let payment = self
            .state
            .payment(key)
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        if !payment.is_virtual_account() || payment.status != status {
            return Err(Refusal::of("INVALID_REQUEST"));
        }
        Ok(payment.clone())
    }

    /// Its time is over now: the window's, or the virtual account's.
    pub(super) fn expired_now(&mut self, now_ms: i64, key: &str) -> Result<(), Refusal> {
        let mut payment = self
            .state
            .payment(key)
            .cloned()
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        match (payment.status, &mut payment.instrument) {
            (Status::Ready | Status::InProgress, _) => self.expire(now_ms, key),
            (Status::WaitingForDeposit, Some(Instrument::VirtualAccount { due_ms, .. })) => {
                *due_ms = now_ms.min(*due_ms);
                self.state.put(payment);
            }
            _ => return Err(Refusal::of("INVALID_REQUEST")),
        }
        Ok(())
    }

    /// `READY` and `IN_PROGRESS` end as EXPIRED, and that is told.
    pub(super) fn expire(&mut self, at_ms: i64, key: &str) {
        let Some(mut payment) = self.state.payment(key).cloned() else {
            return;
        };
        payment.status = Status::Expired;
        self.state.put(payment.clone());
        self.announce(at_ms, &payment);
    }
}

impl Payment {
    pub(super) fn is_virtual_account(&self) -> bool {
        self.method == Method::VirtualAccount
    }

    fn is_past_due(&self, now_ms: i64) -> bool {
        match &self.instrument {
            Some(Instrument::VirtualAccount { due_ms, .. }) => now_ms >= *due_ms,
            _ => false,
        }
    }
}
