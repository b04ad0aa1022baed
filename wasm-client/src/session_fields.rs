//! A buyer's choices at the checkout, and the fields of a new session: only the fields that the server knows, with
//! the values that it would accept.

use daegeum_engine::contact::{Field, Flaw};
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use crate::failure::{Code, Failure};
use crate::fields::{Fields, Wrong, set};
use crate::host;

/// How the buyer means to pay, and who they say they are.
const CHOICE: [&str; 5] = [
    "method",
    "easy_pay",
    "buyer_name",
    "buyer_email",
    "buyer_tel",
];
/// In how many months a card pays: the one field of a choice that is a number.
const INSTALLMENTS: &str = "installments";
/// What else a session is begun with.
const ORDER: [&str; 5] = [
    "order_id",
    "provider",
    "redirect_url",
    "failure_redirect_url",
    "idempotency_key",
];

/// Fields with their texts, the number of instalments, and what the buyer agrees to.
#[derive(Debug, Clone, Default)]
pub struct SessionFields {
    texts: Vec<(&'static str, String)>,
    installments: Option<u64>,
    /// A list as the server takes it; `undefined` where nothing was said of it.
    consents: JsValue,
}

impl SessionFields {
    /// The buyer's choice out of any options; none at all is no choice.
    pub fn choice(options: &JsValue) -> Result<Self, Wrong> {
        let consents = Fields(options).value("consents");
        let is_said = !(consents.is_undefined() || consents.is_null());
        if is_said && !Array::is_array(&consents) {
            return Err(Wrong("consents"));
        }
        Ok(Self {
            consents: if is_said {
                consents
            } else {
                JsValue::UNDEFINED
            },
            ..Self::read(CHOICE.iter(), options)?
        })
    }

    /// What was agreed to, and nothing else: the rest was said before.
    #[must_use]
    pub fn agreed(&self) -> Self {
        Self {
            consents: self.consents.clone(),
            ..Self::default()
        }
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
        let mut texts = Vec::new();
        for &name in names {
            if let Some(text) = options.maybe_text(name)? {
                texts.push((name, text));
            }
        }
        let installments = options.maybe_whole(INSTALLMENTS)?;
        Ok(Self {
            texts,
            installments,
            consents: JsValue::UNDEFINED,
        })
    }

    /// The same about this order.
    #[must_use]
    pub fn about(mut self, order_id: &str) -> Self {
        self.texts.push(("order_id", order_id.to_owned()));
        self
    }

    /// What the server would refuse of it, by the same rule; what is not said is not looked at.
    pub fn flaws(&self) -> impl Iterator<Item = (Field, Flaw)> {
        self.texts.iter().filter_map(|(name, text)| {
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
        for (name, text) in &self.texts {
            set(&body, name, &text.into());
        }
        if let Some(months) = self.installments {
            set(&body, INSTALLMENTS, &host::number(months));
        }
        Ok(body)
    }

    /// The body of a request that prepares: with what was agreed to, if anything was.
    pub fn to_preparing_body(&self) -> Result<JsValue, Failure> {
        let body = self.to_body()?;
        if !self.consents.is_undefined() {
            set(&body, "consents", &self.consents);
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_is_looked_at() {
        assert_eq!(SessionFields::default().flaws().next(), None);
        let texts = vec![
            ("method", String::new()),
            ("buyer_name", "김하나".to_owned()),
            ("buyer_tel", "none".to_owned()),
        ];
        let said = SessionFields {
            texts,
            installments: None,
            consents: JsValue::UNDEFINED,
        };
        let flaws: Vec<_> = said.flaws().collect();
        assert_eq!(flaws, [(Field::Tel, Flaw::Malformed)]);
    }
}
