//! Parses the server's answers about a checkout. Fields that decide are parsed strictly; fields that are only shown
//! (lines, amounts, texts) are passed on unchanged. The status has to be one of the engine's; the next step is
//! computed from it, not taken from the server.

use daegeum_engine::session::{Next, SessionStatus};
use wasm_bindgen::JsValue;

use crate::fields::{Fields, Wrong, set};

/// A checkout.
#[derive(Debug)]
pub struct Session {
    /// How it stands.
    pub status: SessionStatus,
    /// The payment it is about now.
    pub payment_id: String,
    /// The merchant's order.
    pub order_id: String,
    /// The amount to pay, in minor units.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// The gateway.
    pub provider: String,
    /// Changes with the payment.
    pub updated_at: String,
    /// What the gateway's window is opened with, where it was prepared; its gateway's code reads it.
    pub window: JsValue,
    /// The token, where the session was just begun.
    pub session_token: Option<String>,
    whole: JsValue,
}

impl Session {
    /// Reads an answer, or what a caller was given of one before.
    pub fn read(whole: JsValue) -> Result<Self, Wrong> {
        let fields = Fields(&whole);
        let status = SessionStatus::from_name(&fields.text("status")?).ok_or(Wrong("status"))?;
        let session = Self {
            status,
            payment_id: fields.text("payment_id")?,
            order_id: fields.text("order_id")?,
            amount: fields.whole("amount")?,
            currency: fields.text("currency")?,
            provider: fields.text("provider")?,
            updated_at: Fields(&fields.value("payment")).text("updated_at")?,
            window: fields.value("window"),
            session_token: fields.maybe_text("session_token")?,
            whole: JsValue::UNDEFINED,
        };
        set(&whole, "next", &session.next().name().into());
        Ok(Self { whole, ..session })
    }

    /// The next step.
    pub const fn next(&self) -> Next {
        self.status.next()
    }

    /// Whether an approval could still be confirmed.
    pub const fn can_be_paid(&self) -> bool {
        matches!(self.next(), Next::Prepare | Next::OpenWindow)
    }

    /// Unchanged, with the engine's value for the next step.
    pub const fn as_js(&self) -> &JsValue {
        &self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The union in the declarations has each status of the engine with what the engine says is next.
    #[test]
    fn the_declarations_know_every_status() {
        let declared = include_str!("../js/index.d.ts");
        for status in SessionStatus::ALL {
            let (name, next) = (status.name(), status.next().name());
            let state = format!("readonly status: \"{name}\";\n  readonly next: \"{next}\";");
            assert!(declared.contains(&state), "{state}");
        }
    }
}
