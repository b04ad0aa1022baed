//! Figures of payments that wait for a person or for a buyer: the desk by kind, and deposits.

use daegeum_engine::payment::DeskReason;
use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::Labels;

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
            "Payments that wait for a person's decision, by why; those among the oldest 1,000 of the list",
            waiting.desk.clone(),
        );
        registry.register(
            "payment_deposits_awaited",
            "Payments whose buyer has an account to transfer to and has not transferred yet, up to 10,000",
            waiting.deposits.clone(),
        );
        waiting
    }

    /// Sets `desk_payments{kind}` to how many of `reasons` are of each.
    pub fn on_desk(&self, reasons: &[DeskReason]) {
        for reason in DeskReason::ALL {
            let count = reasons.iter().filter(|one| **one == reason).count();
            self.desk
                .get_or_create(&[("kind", reason.name())])
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
