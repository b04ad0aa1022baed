//! A buyer's choices at the checkout, and the fields of a new session: only the fields that the server knows, with
//! the values that it would accept.

use daegeum_engine::contact::{Field, Flaw};
use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::failure::{Code, Failure};
use crate::fields::{Fields, Wrong, set};

/// How the buyer means to pay, and who they say they are.
const CHOICE: [&str; 4] = ["method", "buyer_name", "buyer_email", "buyer_tel"];
/// What else a session is begun with.
const ORDER: [&str; 5] = [
    "order_id",
    "provider",
    "redirect_url",
    "failure_redirect_url",
    "idempotency_key",
];

/// Fields with their texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(Vec<(&'static str, String)>);

impl Said {
    /// The buyer's choice out of any options; none at all is no choice.
    pub fn choice(options: &JsValue) -> Result<Self, Wrong> {
        Self::read(CHOICE.iter(), options)
    }

    /// A session to begin, out of any options.
    pub fn new_session(options: &JsValue) -> Result<Self, Wrong> {
        Self::read(ORDER.iter().chain(&CHOICE), options)
    }

    fn read<'n>(
        names: impl Iterator<Item = &'n &'static str>,
        options: &JsValue,
    ) -> Result<Self, Wrong> {
        let options = Fields(options);
        let mut said = Vec::new();
        for &name in names {
            if let Some(text) = options.maybe_text(name)? {
                said.push((name, text));
            }
        }
        Ok(Self(said))
    }

    /// The same about this order.
    #[must_use]
    pub fn about(mut self, order_id: &str) -> Self {
        self.0.push(("order_id", order_id.to_owned()));
        self
    }

    /// What the server would refuse of it, by the same rule; what is not said is not looked at.
    pub fn flaws(&self) -> impl Iterator<Item = (Field, Flaw)> {
        self.0.iter().filter_map(|(name, text)| {
            let field = Field::from_name(name)?;
            Some((field, field.check(text).err()?))
        })
    }

    /// The body of a request, unless the server would refuse it.
    pub fn to_body(&self) -> Result<JsValue, Failure> {
        if let Some((field, flaw)) = self.flaws().next() {
            let (name, why) = (field.name(), flaw.code());
            return Err(Failure::at(Code::InvalidBuyer, name, why, field.rule()));
        }
        let body = Object::new().into();
        for (name, text) in &self.0 {
            set(&body, name, &text.into());
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_is_looked_at() {
        assert_eq!(Said::default().flaws().next(), None);
        let said = Said(vec![
            ("method", String::new()),
            ("buyer_name", "김하나".to_owned()),
            ("buyer_tel", "none".to_owned()),
        ]);
        let flaws: Vec<_> = said.flaws().collect();
        assert_eq!(flaws, [(Field::Tel, Flaw::Malformed)]);
    }
}
