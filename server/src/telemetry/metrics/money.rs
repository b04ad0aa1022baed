//! Money taken and given back, and how long it took: what approval rate, refund rate, volume and average time are made
//! of.

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::Labels;

/// Money taken and given back.
pub struct MoneyMetrics {
    captured: Family<Labels<1>, Counter>,
    refunded: Family<Labels<1>, Counter>,
    refunds: Family<Labels<1>, Counter>,
    /// `payment_completion_seconds`: from a payment's begin to its money being held or taken.
    pub completion: Histogram,
}

impl MoneyMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let money = Self {
            captured: Family::default(),
            refunded: Family::default(),
            refunds: Family::default(),
            completion: Histogram::new(exponential_buckets(0.25, 2.0, 16)), // 0.25 s to two hours
        };
        registry.register(
            "payment_captured_amount",
            "Money taken for orders, in minor units of its currency (won)",
            money.captured.clone(),
        );
        registry.register(
            "payment_refunded_amount",
            "Money refunded of what was taken for orders, in minor units of its currency (won); what a gateway gave back by \
             itself and a person accepted is not in it",
            money.refunded.clone(),
        );
        registry.register(
            "payment_refund",
            "Refunds by how far they have come: asked for, done, refused by the gateway",
            money.refunds.clone(),
        );
        registry.register_with_unit(
            "payment_completion",
            "From a payment's begin to its money being held or taken, the buyer's time in the window included",
            Unit::Seconds,
            money.completion.clone(),
        );
        money
    }

    /// `payment_captured_amount_total{currency}`, to keep.
    pub fn captured(&self, currency: &'static str) -> Counter {
        self.captured.get_or_create_owned(&[("currency", currency)])
    }

    /// `payment_refunded_amount_total{currency}`, to keep.
    pub fn refunded(&self, currency: &'static str) -> Counter {
        self.refunded.get_or_create_owned(&[("currency", currency)])
    }

    /// `payment_refund_total{status}`, to keep.
    pub fn refunds(&self, status: &'static str) -> Counter {
        self.refunds.get_or_create_owned(&[("status", status)])
    }
}
