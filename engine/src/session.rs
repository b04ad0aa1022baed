//! Checkout sessions: a buyer's view of one payment at a time. A session has no state of its own: its status is
//! derived from its current payment, so that the two can never disagree.

use crate::order::CancelReason;
use crate::payment::AnyPayment;
use crate::time::Timestamp;

/// The status of a checkout, as shown to its buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// Nothing has happened yet.
    Created,
    /// The gateway's window can be opened.
    Prepared,
    /// The gateway was asked to capture the money.
    Pending,
    /// The gateway was asked and has not answered; no second charge is possible meanwhile.
    Unknown,
    /// The buyer has an account to transfer the money to.
    AwaitingDeposit,
    /// The money is authorized until the order is confirmed.
    Authorized,
    /// The money is captured.
    Paid,
    /// The gateway refused; another payment can be tried.
    Failed,
    /// Canceled.
    Canceled,
    /// Expired.
    Expired,
    /// A person looks at the captured amount.
    InReview,
    /// The money was refunded.
    Refunded,
    /// Another payment has paid the order.
    PaidByAnother,
}

impl SessionStatus {
    /// The status of this payment's checkout at `now`.
    pub fn of(payment: &AnyPayment, now: Timestamp) -> Self {
        use crate::operation::AnyOperation;
        let core = payment.core();
        let ended = core.session.is_some_and(|session| session.until <= now);
        match (payment, &core.operation) {
            (AnyPayment::Captured(taken), _) if taken.detail().is_all_back() => Self::Refunded,
            (AnyPayment::Captured(_), _) => Self::Paid,
            (AnyPayment::Returned(_), _) => Self::Refunded,
            (AnyPayment::Failed(_), _) => Self::Failed,
            (AnyPayment::Canceled(given_up), _)
                if given_up.detail().reason == CancelReason::PaidByAnother =>
            {
                Self::PaidByAnother
            }
            (AnyPayment::Canceled(_) | AnyPayment::Voided(_), _) => Self::Canceled,
            (AnyPayment::Expired(_), _) => Self::Expired,
            (AnyPayment::Mismatched(_) | AnyPayment::Orphaned(_), _) => Self::InReview,
            (AnyPayment::AwaitingDeposit(_), _) => Self::AwaitingDeposit,
            (AnyPayment::Authorized(_), _) => Self::Authorized,
            (_, Some(AnyOperation::Unknown(_))) => Self::Unknown,
            (_, Some(AnyOperation::Intended(_))) => Self::Pending,
            (AnyPayment::Initiated(_) | AnyPayment::Prepared(_), _) if ended => Self::Expired,
            (AnyPayment::Initiated(_), _) => Self::Created,
            (AnyPayment::Prepared(_), _) => Self::Prepared,
        }
    }

    /// Every status.
    pub const ALL: [Self; 13] = [
        Self::Created,
        Self::Prepared,
        Self::Pending,
        Self::Unknown,
        Self::AwaitingDeposit,
        Self::Authorized,
        Self::Paid,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::InReview,
        Self::Refunded,
        Self::PaidByAnother,
    ];

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Prepared => "prepared",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::AwaitingDeposit => "awaiting_deposit",
            Self::Authorized => "authorized",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::InReview => "in_review",
            Self::Refunded => "refunded",
            Self::PaidByAnother => "paid_by_another",
        }
    }

    /// The next step of the buyer's browser.
    pub const fn next(self) -> Next {
        match self {
            Self::Created => Next::Prepare,
            Self::Prepared => Next::OpenWindow,
            Self::Pending | Self::Unknown => Next::Wait,
            Self::AwaitingDeposit => Next::Transfer,
            Self::Failed | Self::Expired | Self::Canceled => Next::BeginAgain,
            Self::Authorized
            | Self::Paid
            | Self::InReview
            | Self::Refunded
            | Self::PaidByAnother => Next::Nothing,
        }
    }
}

/// The next step of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Requests the parameters of the gateway's window.
    Prepare,
    /// Opens the gateway's window, and confirms when the buyer comes back.
    OpenWindow,
    /// Asks again after a while.
    Wait,
    /// Shows the account to transfer to.
    Transfer,
    /// Begins another session, if the order can still be paid.
    BeginAgain,
    /// Shows the outcome.
    Nothing,
}

impl Next {
    /// Every step.
    pub const ALL: &'static [Self] = &[
        Self::Prepare,
        Self::OpenWindow,
        Self::Wait,
        Self::Transfer,
        Self::BeginAgain,
        Self::Nothing,
    ];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::OpenWindow => "open_window",
            Self::Wait => "wait",
            Self::Transfer => "transfer",
            Self::BeginAgain => "begin_again",
            Self::Nothing => "nothing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_found_by_its_name() {
        for status in SessionStatus::ALL {
            assert_eq!(SessionStatus::from_name(status.name()), Some(status));
        }
        assert_eq!(SessionStatus::from_name("PAID"), None);
    }
}
