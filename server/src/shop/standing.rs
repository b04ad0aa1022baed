//! The status of an order in words for its buyer, derived from the API's answer and its payments.

use super::payment_api::{Operation, Order, Payment};
use crate::pages::Words;

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It waits for its payment.
    Unpaid,
    /// The gateway is being asked to take the money.
    Asking,
    /// Paid; the host has yet to confirm.
    Reserved,
    /// Paid.
    Paid,
    /// The money is on its way back.
    Returning,
    /// The gateway would not give the money back.
    ReturnRefused,
    /// Nothing was taken, or all of it is back.
    Canceled,
    /// All of the money is back.
    Refunded,
}

impl Standing {
    /// The status of an order with its payments. A status newer than this program is shown as the nearest one: paid.
    pub(super) fn of<'a>(order: &Order, payments: impl IntoIterator<Item = &'a Payment>) -> Self {
        let payments = payments.into_iter();
        let calls: Vec<_> = payments.filter_map(|one| one.operation.as_ref()).collect();
        let is_called = |kind, states| is_called(&calls, kind, states);
        match order.status.as_str() {
            "PAYMENT_PENDING" if is_called("confirm", IN_FLIGHT) => Self::Asking,
            "PAYMENT_PENDING" => Self::Unpaid,
            "CANCELED" => Self::Canceled,
            "REFUNDED" => Self::Refunded,
            _ if is_called("cancel", IN_FLIGHT) => Self::Returning,
            _ if is_called("cancel", &["REFUSED"]) => Self::ReturnRefused,
            "CANCEL_REQUESTED" => Self::Returning,
            "AUTHORIZED" => Self::Reserved,
            _ => Self::Paid,
        }
    }

    /// In a word.
    pub(super) const fn name(self, words: &Words) -> &'static str {
        match self {
            Self::Unpaid => words.order_unpaid,
            Self::Asking => words.order_asking,
            Self::Reserved => words.order_reserved,
            Self::Paid => words.order_paid,
            Self::Returning => words.order_returning,
            Self::ReturnRefused => words.order_return_refused,
            Self::Canceled => words.order_canceled,
            Self::Refunded => words.order_refunded,
        }
    }

    /// In a sentence.
    pub(super) const fn about(self, words: &Words) -> &'static str {
        match self {
            Self::Unpaid => words.order_unpaid_about,
            Self::Asking => words.order_asking_about,
            Self::Reserved => words.order_reserved_about,
            Self::Paid => words.order_paid_about,
            Self::Returning => words.order_returning_about,
            Self::ReturnRefused => words.order_return_refused_about,
            Self::Canceled => words.order_canceled_about,
            Self::Refunded => words.order_refunded_about,
        }
    }

    /// For tests and style sheets.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Asking => "asking",
            Self::Reserved => "reserved",
            Self::Paid => "paid",
            Self::Returning => "returning",
            Self::ReturnRefused => "return-refused",
            Self::Canceled => "canceled",
            Self::Refunded => "refunded",
        }
    }

    /// Whether the buyer can go on to pay.
    pub(super) const fn can_be_paid(self) -> bool {
        matches!(self, Self::Unpaid)
    }

    /// Whether the host can confirm.
    pub(super) const fn can_be_confirmed(self) -> bool {
        matches!(self, Self::Reserved)
    }

    /// Whether the host can cancel; what was paid goes back.
    pub(super) const fn can_be_canceled(self) -> bool {
        matches!(
            self,
            Self::Unpaid | Self::Reserved | Self::Paid | Self::ReturnRefused
        )
    }

    /// Whether money is with the shop.
    pub(super) const fn is_paid(self) -> bool {
        matches!(self, Self::Reserved | Self::Paid | Self::ReturnRefused)
    }
}

const IN_FLIGHT: &[&str] = &["INTENDED", "UNKNOWN"];

fn is_called(calls: &[&Operation], kind: &str, states: &[&str]) -> bool {
    let mut calls = calls.iter();
    calls.any(|call| call.kind == kind && states.contains(&call.state.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(status: &str, calls: &[(&str, &str)]) -> Standing {
        let order = serde_json::json!({
            "order_id": "shop-1", "status": status, "total": 500, "lines": [], "expires_at": "", "created_at": "",
            "amounts": {"supply": 455, "vat": 45, "tax_free": 0},
        });
        let order: Order = serde_json::from_value(order).unwrap();
        let payments = calls.iter().map(|(kind, state)| Payment {
            id: "pay_1".into(),
            order_id: "shop-1".into(),
            detail: "CAPTURED".into(),
            operation: Some(Operation {
                kind: (*kind).into(),
                state: (*state).into(),
            }),
        });
        let payments: Vec<Payment> = payments.collect();
        Standing::of(&order, &payments)
    }

    #[test]
    fn standing_follows_from_status_and_calls() {
        for (status, calls, expected) in [
            ("PAYMENT_PENDING", &[][..], Standing::Unpaid),
            (
                "PAYMENT_PENDING",
                &[("confirm", "REFUSED")],
                Standing::Unpaid,
            ),
            (
                "PAYMENT_PENDING",
                &[("confirm", "UNKNOWN")],
                Standing::Asking,
            ),
            (
                "AUTHORIZED",
                &[("confirm", "SUCCEEDED")],
                Standing::Reserved,
            ),
            ("PAID", &[("confirm", "SUCCEEDED")], Standing::Paid),
            ("PAID", &[("cancel", "INTENDED")], Standing::Returning),
            ("PAID", &[("cancel", "REFUSED")], Standing::ReturnRefused),
            (
                "CANCEL_REQUESTED",
                &[("confirm", "UNKNOWN")],
                Standing::Returning,
            ),
            ("CANCELED", &[("cancel", "SUCCEEDED")], Standing::Canceled),
            ("REFUNDED", &[("cancel", "SUCCEEDED")], Standing::Refunded),
            ("COMPLETED", &[("confirm", "SUCCEEDED")], Standing::Paid),
        ] {
            assert_eq!(stands(status, calls), expected, "{status} {calls:?}");
        }
    }
}
