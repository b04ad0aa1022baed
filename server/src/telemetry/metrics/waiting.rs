//! Figures of payments that wait for a person or for a buyer: the desk by kind, and deposits.

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::Labels;

/// Why a payment is on the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskKind {
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

impl DeskKind {
    /// Each of them.
    pub const ALL: [Self; 5] = [
        Self::Orphaned,
        Self::Mismatched,
        Self::Disagreement,
        Self::RefundRefused,
        Self::CloseRefused,
    ];

    /// As the figures name it.
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

/// What waits for a person or for a buyer.
pub struct WaitingMetrics {
    desk: Family<Labels<1>, Gauge>,
    /// `payment_deposits_awaited`: payments whose buyer has an account to transfer to.
    pub deposits: Gauge,
}

impl WaitingMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let waiting = Self {
            desk: Family::default(),
            deposits: Gauge::default(),
        };
        registry.register(
            "desk_payments",
            "Payments that wait for a person's decision, by why",
            waiting.desk.clone(),
        );
        registry.register(
            "payment_deposits_awaited",
            "Payments whose buyer has an account to transfer to and has not",
            waiting.deposits.clone(),
        );
        waiting
    }

    /// Sets `desk_payments{kind}` to how many of `kinds` are of each.
    pub fn on_desk(&self, kinds: &[DeskKind]) {
        for kind in DeskKind::ALL {
            let count = kinds.iter().filter(|one| **one == kind).count();
            self.desk
                .get_or_create(&[("kind", kind.name())])
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
