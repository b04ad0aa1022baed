//! The address a buyer comes back to: the token in its fragment, what the gateway wrote into its
//! query, and the same address without that. Gateways that do not know fragments write behind it
//! (`#token?query`); both are read.

use daegeum_engine::brought_back::{Approved, Mismatch, Refused, Return};
use daegeum_engine::id::PaymentId;
use daegeum_engine::money::{Currency, Money};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::failure::{Code, Failure};
use crate::fields::{Fields, Wrong, object};
use crate::handle::Handle;
use crate::host;
use crate::reading::Session;

/// What gateways write; the engine reads all but the last.
const WRITTEN_BY_GATEWAYS: [&str; 6] = [
    "paymentKey",
    "orderId",
    "amount",
    "code",
    "message",
    "paymentType",
];

/// An approval, with the names it has in JavaScript.
#[derive(Debug)]
pub struct Brought {
    /// The gateway's name for the payment.
    pub payment_key: String,
    /// The order number the gateway was given.
    pub order_id: String,
    /// What the gateway says is to be paid.
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

/// An address, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Address<'u> {
    place: &'u str,
    query: &'u str,
    fragment: &'u str,
    behind_fragment: &'u str,
}

impl<'u> Address<'u> {
    /// Of any text; what is missing is empty.
    pub fn of(url: &'u str) -> Self {
        let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (fragment, behind_fragment) = fragment.split_once(['?', '&']).unwrap_or((fragment, ""));
        Self {
            place,
            query,
            fragment,
            behind_fragment,
        }
    }

    /// The fragment, if it is meant to be a token.
    pub fn token(&self) -> Option<&'u str> {
        Some(self.fragment).filter(|fragment| Handle::looks_like_token(fragment))
    }

    /// What the gateway wrote.
    pub fn brought(&self) -> Return {
        let written = [self.query, self.behind_fragment].map(decoded);
        let written = written.iter().flatten();
        Return::read(written.map(|(name, value)| (&**name, &**value)))
    }

    /// The same address without what gateways write, and with this token as its fragment.
    pub fn without_return(&self, token: &str) -> String {
        let ours = |pair: &&str| {
            let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
            !pair.is_empty() && !WRITTEN_BY_GATEWAYS.contains(&name)
        };
        let kept: Vec<&str> = self.query.split('&').filter(ours).collect();
        let mark = if kept.is_empty() { "" } else { "?" };
        [self.place, mark, &kept.join("&"), "#", token].concat()
    }

    /// The same place with this token as its fragment and no query.
    pub fn place_with(&self, token: &str) -> String {
        [self.place, "#", token].concat()
    }

    /// The same address, query included, with this token as its fragment.
    pub fn with_token(&self, token: &str) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        [self.place, mark, self.query, "#", token].concat()
    }
}

fn decoded(query: &str) -> Vec<(String, String)> {
    if query.is_empty() {
        return Vec::new();
    }
    let pairs = host::pairs(query);
    let pairs = pairs.iter().filter_map(|pair| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ses_019300000000700080000000000000aa.1767225600000.c2ln";

    #[test]
    fn the_token_is_found_whichever_side_the_gateway_writes_on() {
        let before = format!("https://shop.example/pay?lang=ko&paymentKey=k&amount=1#{TOKEN}");
        let behind = format!("https://shop.example/pay?lang=ko#{TOKEN}?paymentKey=k&amount=1");
        for url in [before, behind] {
            let address = Address::of(&url);
            assert_eq!(address.token(), Some(TOKEN));
            let clean = format!("https://shop.example/pay?lang=ko#{TOKEN}");
            assert_eq!(address.without_return(TOKEN), clean);
        }
    }

    #[test]
    fn a_fragment_of_the_pages_own_is_no_token() {
        assert_eq!(Address::of("/pay#terms").token(), None);
        assert_eq!(Address::of("/pay").token(), None);
    }

    #[test]
    fn a_query_that_was_only_the_gateways_leaves_no_mark() {
        let url = "/pay?paymentKey=k&orderId=o&amount=1&paymentType=NORMAL#ses_x";
        assert_eq!(Address::of(url).without_return("ses_y"), "/pay#ses_y");
        assert_eq!(Address::of("/pay?a=1&b").place_with("ses_y"), "/pay#ses_y");
        assert_eq!(
            Address::of("/pay?a=1&b").with_token("ses_y"),
            "/pay?a=1&b#ses_y"
        );
    }
}
