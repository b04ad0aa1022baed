//! The exact state of a payment as the API names it (`detail`): the states of the table, of which a captured payment
//! has three, by how much of its money was refunded.

use bincode::{Decode, Encode};

use super::{AnyPayment, PaymentAction, PaymentState};

/// The exact state in the API. Stored inside rejections: append variants, never reorder them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum PaymentDetail {
    /// As in the table.
    Initiated,
    /// As in the table.
    Prepared,
    /// As in the table.
    Authorized,
    /// The funds were captured, and nothing of them was refunded.
    Captured,
    /// As in the table.
    Failed,
    /// As in the table.
    Canceled,
    /// As in the table.
    Expired,
    /// As in the table.
    Voided,
    /// As in the table.
    Mismatched,
    /// As in the table.
    Orphaned,
    /// As in the table.
    Returned,
    /// As in the table.
    AwaitingDeposit,
    /// All captured money was refunded.
    Refunded,
    /// A part of the captured money was refunded.
    PartiallyRefunded,
}

impl PaymentDetail {
    /// Every one, in stored order.
    pub const ALL: &'static [Self] = &[
        Self::Initiated,
        Self::Prepared,
        Self::Authorized,
        Self::Captured,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::Voided,
        Self::Mismatched,
        Self::Orphaned,
        Self::Returned,
        Self::AwaitingDeposit,
        Self::Refunded,
        Self::PartiallyRefunded,
    ];

    /// The state of the table.
    pub const fn state(self) -> PaymentState {
        match self {
            Self::Initiated => PaymentState::Initiated,
            Self::Prepared => PaymentState::Prepared,
            Self::Authorized => PaymentState::Authorized,
            Self::Captured | Self::Refunded | Self::PartiallyRefunded => PaymentState::Captured,
            Self::Failed => PaymentState::Failed,
            Self::Canceled => PaymentState::Canceled,
            Self::Expired => PaymentState::Expired,
            Self::Voided => PaymentState::Voided,
            Self::Mismatched => PaymentState::Mismatched,
            Self::Orphaned => PaymentState::Orphaned,
            Self::Returned => PaymentState::Returned,
            Self::AwaitingDeposit => PaymentState::AwaitingDeposit,
        }
    }

    /// The coarse status that front ends switch on.
    pub const fn status(self) -> &'static str {
        self.state().status()
    }

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refunded => "REFUNDED",
            Self::PartiallyRefunded => "PARTIALLY_REFUNDED",
            of_the_table => of_the_table.state().name(),
        }
    }

    /// The actions that are permitted. Of a payment whose money was all refunded there is none left.
    pub fn permitted(self) -> Vec<PaymentAction> {
        if self == Self::Refunded {
            return Vec::new();
        }
        self.state().permitted().collect()
    }
}

impl From<PaymentState> for PaymentDetail {
    fn from(state: PaymentState) -> Self {
        match state {
            PaymentState::Initiated => Self::Initiated,
            PaymentState::Prepared => Self::Prepared,
            PaymentState::Authorized => Self::Authorized,
            PaymentState::Captured => Self::Captured,
            PaymentState::Failed => Self::Failed,
            PaymentState::Canceled => Self::Canceled,
            PaymentState::Expired => Self::Expired,
            PaymentState::Voided => Self::Voided,
            PaymentState::Mismatched => Self::Mismatched,
            PaymentState::Orphaned => Self::Orphaned,
            PaymentState::Returned => Self::Returned,
            PaymentState::AwaitingDeposit => Self::AwaitingDeposit,
        }
    }
}

impl AnyPayment {
    /// Its exact state in the API.
    pub fn detail(&self) -> PaymentDetail {
        let Self::Captured(taken) = self else {
            return self.state().into();
        };
        let taken = taken.detail();
        match (taken.is_all_back(), taken.refunded.is_zero()) {
            (true, _) => PaymentDetail::Refunded,
            (false, true) => PaymentDetail::Captured,
            (false, false) => PaymentDetail::PartiallyRefunded,
        }
    }
}
