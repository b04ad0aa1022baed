//! The desk: the payments that a person has to look at, and why.

use super::{AnyPayment, PaymentState, Stage};
use crate::amounts::Amounts;
use crate::operation::{AnyOperation, OperationKind};

/// Why a payment is on the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskReason {
    /// Money of no payable order.
    Orphaned,
    /// The gateway took another amount than the order's.
    Mismatched,
    /// The gateway has another amount, or another split of it, than our books.
    Disagreement,
    /// The gateway refused to give the money back.
    RefundRefused,
    /// The gateway refused to close its account for a transfer, or to release its hold.
    CloseRefused,
}

impl DeskReason {
    /// Each of them.
    pub const ALL: [Self; 5] = [
        Self::Orphaned,
        Self::Mismatched,
        Self::Disagreement,
        Self::RefundRefused,
        Self::CloseRefused,
    ];

    /// As figures name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orphaned => "orphaned",
            Self::Mismatched => "mismatched",
            Self::Disagreement => "disagreement",
            Self::RefundRefused => "refund_refused",
            Self::CloseRefused => "close_refused",
        }
    }
}

impl AnyPayment {
    /// Whether a person has to look.
    pub fn is_on_the_desk(&self) -> bool {
        self.desk_reason().is_some()
    }

    /// Why a person has to look, if one has to. Of several reasons the one that says where the money is.
    pub fn desk_reason(&self) -> Option<DeskReason> {
        let of_its_state = match self.state() {
            PaymentState::Orphaned => Some(DeskReason::Orphaned),
            PaymentState::Mismatched => Some(DeskReason::Mismatched),
            PaymentState::Initiated
            | PaymentState::Prepared
            | PaymentState::Authorized
            | PaymentState::Captured
            | PaymentState::Failed
            | PaymentState::Canceled
            | PaymentState::Expired
            | PaymentState::Voided
            | PaymentState::Returned
            | PaymentState::AwaitingDeposit => None,
        };
        let disagrees = self.core().disagreement.is_some();
        of_its_state
            .or(disagrees.then_some(DeskReason::Disagreement))
            .or(self
                .keeps_what_should_go_back()
                .then_some(DeskReason::RefundRefused))
            .or(self.stays_open().then_some(DeskReason::CloseRefused))
    }

    /// Whether the gateway refused to give its money back.
    pub fn keeps_what_should_go_back(&self) -> bool {
        self.stage() == Stage::Taken && self.core().refund_refused
    }

    /// The amount of the refund that the gateway refused, while it keeps it.
    pub fn refused_refund(&self) -> Option<Amounts> {
        let refused = self.core().latest_refund?.amounts;
        let keeps = self.keeps_what_should_go_back() && self.refundable().contains(&refused);
        keeps.then_some(refused)
    }

    /// Whether the gateway refused to release its hold, or to close its account for a transfer.
    fn stays_open(&self) -> bool {
        let refused = match &self.core().operation {
            Some(AnyOperation::Refused(call)) => call.core().kind,
            None
            | Some(
                AnyOperation::Intended(_) | AnyOperation::Unknown(_) | AnyOperation::Succeeded(_),
            ) => return false,
        };
        match self.stage() {
            Stage::Held => refused == OperationKind::Void,
            Stage::AwaitsDeposit => refused == OperationKind::Cancel,
            Stage::Begun | Stage::Over | Stage::Taken | Stage::Aside | Stage::Back => false,
        }
    }
}
