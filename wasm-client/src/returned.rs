//! An approval as JavaScript holds it, and the errors for windows that ended without one. The engine parses the
//! address they come from.

use daegeum_engine::brought_back::{Approved, Mismatch, Refused};
use daegeum_engine::id::PaymentId;
use daegeum_engine::money::{Currency, Money};
use wasm_bindgen::JsValue;

use crate::failure::{Code, Failure};
use crate::fields::{Fields, Wrong, object};
use crate::host;
use crate::reading::Session;

/// An approval, with the names it has in JavaScript.
#[derive(Debug)]
pub struct Brought {
    /// The gateway's name for the payment.
    pub payment_key: String,
    /// The order number the gateway was given.
    pub order_id: String,
    /// The amount to pay according to the gateway.
    pub amount: u64,
}

impl Brought {
    /// One that a caller was given before.
    pub fn from_js(given: &JsValue) -> Result<Self, Wrong> {
        let given = Fields(given);
        Ok(Self {
            payment_key: given.text("payment_key")?,
            order_id: given.text("order_id")?,
            amount: given.whole("amount")?,
        })
    }

    /// For callers, and for the server.
    pub fn to_js(&self) -> JsValue {
        object([
            ("payment_key", (&*self.payment_key).into()),
            ("order_id", (&*self.order_id).into()),
            ("amount", host::number(self.amount)),
        ])
    }

    /// Whether it is about this payment, by the engine's comparison.
    pub fn compare(&self, session: &Session) -> Result<(), Failure> {
        let payment = PaymentId::parse(&session.payment_id).ok();
        let currency = Currency::from_code(&session.currency);
        let amount = currency.and_then(|currency| Money::new(session.amount, currency).ok());
        let (Some(payment), Some(amount)) = (payment, amount) else {
            let message = "The session's payment or amount cannot be read by this release.";
            return Err(Failure::new(Code::Unsupported, message));
        };
        let approved = Approved {
            payment_key: self.payment_key.clone(),
            order_id: self.order_id.clone(),
            amount: self.amount,
        };
        approved.compare(payment, amount).map(drop).map_err(differs)
    }
}

impl From<Approved> for Brought {
    fn from(approved: Approved) -> Self {
        Self {
            payment_key: approved.payment_key,
            order_id: approved.order_id,
            amount: approved.amount,
        }
    }
}

fn differs(mismatch: Mismatch) -> Failure {
    let (reason, message) = match mismatch {
        Mismatch::OrderNumber => ("order_id", "What was brought back is another payment's."),
        Mismatch::Amount => ("amount", "What was brought back is of another amount."),
        Mismatch::PaymentKey => ("payment_key", "No gateway names a payment like this."),
    };
    Failure::because(Code::Mismatched, Some(reason), message)
}

/// A window that ended without an approval, as what is thrown.
pub fn refusal(refused: &Refused) -> Failure {
    let code = if refused.by_buyer() {
        Code::WindowClosed
    } else {
        Code::WindowRefused
    };
    Failure::because(code, Some(&refused.code), &refused.message)
}
