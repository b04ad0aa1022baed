//! The return from a gateway's window: read from the address that the buyer's browser came back to ([`Address`]), and
//! compared with the payment. A browser can send anything, so nothing here moves the payment until the gateway
//! confirms it.

mod address;

pub use address::Address;

use crate::id::PaymentId;
use crate::money::Money;
use crate::provider::ProviderPaymentId;

/// The outcome of the window according to the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Return {
    /// The buyer approved; the gateway waits for our confirmation.
    Approved(Approved),
    /// The buyer left, or was refused, before any money could move.
    Refused(Refused),
    /// The address is not a return from a window.
    Nothing,
}

/// The parameters of an approval, unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The gateway's name for the payment.
    pub payment_key: String,
    /// The order number that we gave to the gateway: our payment's id.
    pub order_id: String,
    /// The amount that it claims is to be paid, in minor units.
    pub amount: u64,
}

/// The reason why a window ended without an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The gateway's code.
    pub code: String,
    /// The gateway's message for the buyer.
    pub message: String,
    /// The order number, if the gateway returns it: our payment's id.
    pub order_id: Option<String>,
}

/// The difference between an approval and the payment it is returned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// It names another payment.
    OrderNumber,
    /// The amount differs.
    Amount,
    /// The payment key is malformed.
    PaymentKey,
}

/// The longest value read from an address.
const TEXT_LENGTH_MAX: usize = 500;
/// Toss's codes for a buyer who closed or left its window; in a return, and from its script.
const BY_BUYER: [&str; 2] = ["PAY_PROCESS_CANCELED", "USER_CANCEL"];
/// Toss's usual codes for a window that ended without an approval, known without our order number behind them: Toss
/// leaves it out if the buyer canceled (<https://docs.tosspayments.com/reference/error-codes>).
const WITHOUT_ORDER_NUMBER: [&str; 4] = [
    "PAY_PROCESS_CANCELED",
    "PAY_PROCESS_ABORTED",
    "REJECT_CARD_COMPANY",
    "USER_CANCEL",
];

impl Refused {
    /// Whether the buyer left voluntarily, which is no failure.
    pub fn by_buyer(&self) -> bool {
        BY_BUYER.contains(&&*self.code)
    }
}

impl Approved {
    /// The gateway's name for the payment, if the return is about this payment and its amount.
    pub fn compare(
        &self,
        payment: PaymentId,
        amount: Money,
    ) -> Result<ProviderPaymentId, Mismatch> {
        if PaymentId::parse(&self.order_id).ok() != Some(payment) {
            return Err(Mismatch::OrderNumber);
        }
        if self.amount != amount.minor() {
            return Err(Mismatch::Amount);
        }
        ProviderPaymentId::parse(&self.payment_key).ok_or(Mismatch::PaymentKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const PAYMENT: &str = "pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b";

    fn payment() -> PaymentId {
        PaymentId::parse(PAYMENT).unwrap()
    }

    fn won(minor: u64) -> Money {
        Money::new(minor, Currency::Krw).unwrap()
    }

    fn approved(key: &str, order: &str, amount: u64) -> Approved {
        Approved {
            payment_key: key.to_owned(),
            order_id: order.to_owned(),
            amount,
        }
    }

    #[test]
    fn approval_of_the_payment_gives_the_gateways_name_for_it() {
        let name = approved("tgen_1", PAYMENT, 11_000).compare(payment(), won(11_000));
        assert_eq!(&*name.unwrap().0, "tgen_1");
    }

    #[test]
    fn mismatched_approval_is_refused_with_its_difference() {
        for (key, order, amount, mismatch) in [
            ("tgen_1", PAYMENT, 11, Mismatch::Amount),
            ("tgen_1", PAYMENT, 11_001, Mismatch::Amount),
            ("tgen_1", "ORD-1", 11_000, Mismatch::OrderNumber),
            (
                "tgen_1",
                "pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6c",
                11_000,
                Mismatch::OrderNumber,
            ),
            ("", PAYMENT, 11_000, Mismatch::PaymentKey),
            ("a key", PAYMENT, 11_000, Mismatch::PaymentKey),
        ] {
            let compared = approved(key, order, amount).compare(payment(), won(11_000));
            assert_eq!(compared, Err(mismatch));
        }
    }

    #[test]
    fn leaving_buyer_is_told_from_a_declined_card() {
        for (code, by_buyer) in [
            ("PAY_PROCESS_CANCELED", true),
            ("USER_CANCEL", true),
            ("PAY_PROCESS_ABORTED", false),
            ("REJECT_CARD_COMPANY", false),
        ] {
            let refused = Refused {
                code: code.to_owned(),
                message: String::new(),
                order_id: None,
            };
            assert_eq!(refused.by_buyer(), by_buyer, "{code}");
        }
    }
}
