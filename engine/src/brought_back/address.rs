//! Parses the address of a shop's page: the session's token, the gateway's parameters, and the shop's own.
//!
//! Server and browser parse addresses only with this code; `cases.json` lists the result for each form. Parsing never
//! fails: unknown parts are the shop's own.
//!
//! - Gateways append their parameters, so the last of several with one name is the gateway's.
//! - A gateway that ends its window without an approval sends a `code`, a `message` behind it and mostly our order
//!   number behind both. Any other `code` is the shop's own: a coupon's looks like a gateway's and may have a `message`.
//! - Gateways that ignore fragments append to one: `#token?paymentKey=…`.
//! - A fragment that begins with `/` or `!` is the route of a page that routes by fragment. It is kept, and the token
//!   follows it: `#/pay?token`.

use std::borrow::Cow;

use super::{Approved, Refused, Return, TEXT_LENGTH_MAX, WITHOUT_ORDER_NUMBER};
use crate::id::{PaymentId, SessionId};

/// A parsed address.
#[derive(Debug)]
pub struct Address<'u> {
    place: &'u str,
    route: Option<&'u str>,
    token: Option<&'u str>,
    pairs: Vec<Pair<'u>>,
}

/// One parameter.
#[derive(Debug, Clone)]
struct Pair<'u> {
    /// The parameter as written.
    written: &'u str,
    name: Cow<'u, str>,
    value: Cow<'u, str>,
    side: Side,
}

/// The part of the address that has the parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Query,
    Fragment,
}

impl<'u> Address<'u> {
    /// Parses any text; missing parts are empty.
    pub fn of(url: &'u str) -> Self {
        let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let ends_part = ['?', '&', '#'];
        let (head, behind) = fragment.split_once(ends_part).unwrap_or((fragment, ""));
        let is_route = head.starts_with(['/', '!']);
        let parts = query.split('&').map(|part| (part, Side::Query));
        let behind = behind.split(ends_part).map(|part| (part, Side::Fragment));
        let mut token = Some(head).filter(|head| is_token(head));
        let mut pairs = Vec::new();
        for (part, side) in parts.chain(behind).filter(|(part, _)| !part.is_empty()) {
            if side == Side::Fragment && is_token(part) {
                token = token.or(Some(part));
            } else {
                pairs.push(Pair::of(part, side));
            }
        }
        Self {
            place,
            route: Some(head).filter(|_| is_route),
            token,
            pairs,
        }
    }

    /// The text in the session token's place; it may be cut off.
    pub const fn token(&self) -> Option<&'u str> {
        self.token
    }

    /// The outcome that the gateway's parameters tell.
    pub fn brought(&self) -> Return {
        Outcome::last_of(&self.pairs).map_or(Return::Nothing, |outcome| outcome.told(&self.pairs))
    }

    /// The same address with this token, without parameters of gateways from this or an earlier attempt.
    pub fn without_return(&self, token: &str) -> String {
        let mut own = self.pairs.clone();
        while let Some(outcome) = Outcome::last_of(&own) {
            let is_read = |at| outcome.reads(at);
            let mut at = 0..own.len();
            own.retain(|_| !at.next().is_some_and(is_read));
        }
        own.retain(|pair| !pair.is_gateways());
        self.written(own.iter(), token)
    }

    /// The same path and route with this token, and no query.
    pub fn place_with(&self, token: &str) -> String {
        self.written([].iter(), token)
    }

    /// The same address with this token, parameters included.
    pub fn with_token(&self, token: &str) -> String {
        self.written(self.pairs.iter(), token)
    }

    fn written<'p>(&self, pairs: impl Iterator<Item = &'p Pair<'u>>, token: &str) -> String
    where
        'u: 'p,
    {
        let (mut query, mut behind) = (String::new(), String::new());
        for pair in pairs {
            let side = match pair.side {
                Side::Query => &mut query,
                Side::Fragment => &mut behind,
            };
            side.push(if side.is_empty() { '?' } else { '&' });
            side.push_str(pair.written);
        }
        let Some(route) = self.route else {
            return [self.place, &query, "#", token].concat();
        };
        let joint = if behind.is_empty() { "?" } else { "&" };
        [self.place, &query, "#", route, &behind, joint, token].concat()
    }
}

impl<'u> Pair<'u> {
    fn of(written: &'u str, side: Side) -> Self {
        let mut read = form_urlencoded::parse(written.as_bytes());
        let (name, value) = read.next().unwrap_or_default();
        Self {
            written,
            name,
            value,
            side,
        }
    }

    /// Whether only a gateway writes this parameter, whatever else is there.
    fn is_gateways(&self) -> bool {
        match &*self.name {
            "paymentKey" | "paymentType" => true,
            _ => self.is_order_number(),
        }
    }

    /// Whether it names a payment of ours.
    fn is_order_number(&self) -> bool {
        self.name == "orderId" && PaymentId::parse(&self.value).is_ok()
    }
}

/// The outcome of a window, as the positions of its parameters.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Approved {
        payment_key: usize,
        order_id: usize,
        amount: usize,
        minor: u64,
    },
    Refused {
        code: usize,
        message: usize,
        order_id: Option<usize>,
    },
}

impl Outcome {
    /// The outcome written last: an earlier attempt may have left its own.
    fn last_of(pairs: &[Pair<'_>]) -> Option<Self> {
        let approved = Self::approved(pairs);
        let refused = Self::refused(pairs);
        match (approved, refused) {
            (Some(approved), Some(refused)) if approved.begins() > refused.begins() => {
                Some(approved)
            }
            (approved, refused) => refused.or(approved),
        }
    }

    fn approved(pairs: &[Pair<'_>]) -> Option<Self> {
        let (payment_key, _) = last(pairs, "paymentKey")?;
        let (order_id, _) = last(pairs, "orderId")?;
        let (amount, written) = last(pairs, "amount")?;
        Some(Self::Approved {
            payment_key,
            order_id,
            amount,
            minor: whole(written)?,
        })
    }

    fn refused(pairs: &[Pair<'_>]) -> Option<Self> {
        let mut codes = pairs.iter().enumerate().rev();
        codes.find_map(|(at, pair)| Self::refused_by(pairs, at, pair))
    }

    /// The refusal whose `code` is the parameter at this position.
    fn refused_by(pairs: &[Pair<'_>], code: usize, pair: &Pair<'_>) -> Option<Self> {
        if pair.name != "code" || !is_code(&pair.value) {
            return None;
        }
        let mut behind = pairs.iter().enumerate().skip(code);
        let (message, _) = behind.find(|(_, pair)| pair.name == "message")?;
        let order_id = pairs.iter().rposition(Pair::is_order_number);
        let is_gateways =
            order_id.is_some_and(|at| at > code) || WITHOUT_ORDER_NUMBER.contains(&&*pair.value);
        is_gateways.then_some(Self::Refused {
            code,
            message,
            order_id,
        })
    }

    /// The position of the parameter that distinguishes the two outcomes.
    const fn begins(self) -> usize {
        match self {
            Self::Approved { payment_key, .. } => payment_key,
            Self::Refused { code, .. } => code,
        }
    }

    fn reads(self, at: usize) -> bool {
        match self {
            Self::Approved {
                payment_key,
                order_id,
                amount,
                ..
            } => [payment_key, order_id, amount].contains(&at),
            // An order number before the code is left over from an earlier approval.
            Self::Refused {
                code,
                message,
                order_id,
            } => [code, message].contains(&at) || (order_id == Some(at) && at > code),
        }
    }

    fn told(self, pairs: &[Pair<'_>]) -> Return {
        let value = |at: usize| pairs.get(at).map(|pair| &*pair.value).unwrap_or_default();
        match self {
            Self::Approved {
                payment_key,
                order_id,
                minor,
                ..
            } => Return::Approved(Approved {
                payment_key: value(payment_key).to_owned(),
                order_id: value(order_id).to_owned(),
                amount: minor,
            }),
            Self::Refused {
                code,
                message,
                order_id,
            } => Return::Refused(Refused {
                code: value(code).to_owned(),
                message: shortened(value(message)).to_owned(),
                order_id: order_id.map(|at| value(at).to_owned()),
            }),
        }
    }
}

/// The last value of this name, unless it is longer than any gateway's.
fn last<'p>(pairs: &'p [Pair<'_>], name: &str) -> Option<(usize, &'p str)> {
    let mut named = pairs.iter().enumerate().rev();
    let (at, pair) = named.find(|(_, pair)| pair.name == name)?;
    Some((at, &*pair.value)).filter(|(_, value)| value.len() <= TEXT_LENGTH_MAX)
}

fn shortened(text: &str) -> &str {
    let end = text.floor_char_boundary(TEXT_LENGTH_MAX);
    text.get(..end).unwrap_or(text)
}

fn is_token(part: &str) -> bool {
    part.starts_with(SessionId::PREFIX)
}

/// Gateways' codes are words in capitals; the `code` of a login seldom is.
fn is_code(word: &str) -> bool {
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=TEXT_LENGTH_MAX).contains(&word.len()) && word.bytes().all(is_capital)
}

/// Digits only: gateways send no sign, fraction or space.
fn whole(text: &str) -> Option<u64> {
    let digits = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The table of cases; the package's tests read it too.
    const CASES: &str = include_str!("cases.json");

    fn table() -> Value {
        let table: Value = serde_json::from_str(CASES).expect("the table is JSON");
        let token = table["token"].as_str().expect("a token");
        let payment = table["payment"].as_str().expect("a payment");
        let filled = CASES
            .replace("{token}", token)
            .replace("{payment}", payment);
        serde_json::from_str(&filled).expect("the table is JSON")
    }

    fn as_json(back: &Return) -> Value {
        match back {
            Return::Approved(approved) => json!({
                "kind": "approved",
                "payment_key": approved.payment_key,
                "order_id": approved.order_id,
                "amount": approved.amount,
            }),
            Return::Refused(refused) => json!({
                "kind": "refused",
                "code": refused.code,
                "message": refused.message,
                "order_id": refused.order_id,
                "by_buyer": refused.by_buyer(),
            }),
            Return::Nothing => json!({ "kind": "nothing" }),
        }
    }

    #[test]
    fn returns_are_parsed_as_the_table_says() {
        let table = table();
        let cases = table["returns"].as_array().expect("cases");
        assert!(cases.len() > 20);
        for case in cases {
            let url = case["address"].as_str().expect("an address");
            let address = Address::of(url);
            assert_eq!(as_json(&address.brought()), case["return"], "{case}");
            assert_eq!(json!(address.token()), case["token"], "{case}");
            let token = table["token"].as_str().expect("a token");
            let left = address.without_return(token);
            assert_eq!(json!(left), case["left"], "{case}");
            let left = Address::of(&left);
            assert_eq!(left.brought(), Return::Nothing, "{case}");
            assert_eq!(left.token(), Some(token), "{case}");
        }
    }

    #[test]
    fn links_are_written_as_the_table_says() {
        let table = table();
        let token = table["token"].as_str().expect("a token");
        for case in table["links"].as_array().expect("cases") {
            let url = case["address"].as_str().expect("an address");
            let link = Address::of(url).with_token(token);
            assert_eq!(json!(link), case["link"], "{case}");
            assert_eq!(Address::of(&link).token(), Some(token), "{case}");
            let place = Address::of(url).place_with(token);
            assert_eq!(json!(place), case["place"], "{case}");
        }
    }

    #[test]
    fn overlong_values_are_ignored_and_overlong_messages_cut() {
        let long = "가".repeat(TEXT_LENGTH_MAX);
        let url = format!("/?paymentKey={long}&orderId=o&amount=1");
        assert_eq!(Address::of(&url).brought(), Return::Nothing);
        let url = format!("/?code=USER_CANCEL&message={long}");
        let Return::Refused(refused) = Address::of(&url).brought() else {
            panic!("a refusal");
        };
        assert_eq!(refused.message, "가".repeat(166));
    }
}
