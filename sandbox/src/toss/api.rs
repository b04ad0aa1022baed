//! A call of Toss's API, from the request to the answer: first the faults (`faults.rs`), then authentication and
//! idempotency (`repeats.rs`), and only then the effect (`confirm.rs`, `cancel.rs`, `inquire.rs`).

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use serde::{Deserialize, Serialize};

use super::{
    Toss,
    dial::CallFilter,
    faults::too_many,
    payment::{Pair, Payment},
    refusal::{Language, Refusal},
    state::text_of,
    transport::Exchange,
};

/// Status and JSON.
pub(super) type Answer = Result<String, Refusal>;

/// Which endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Api {
    Confirm,
    ByKey(String),
    ByOrder(String),
    Cancel(String),
}

/// The caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Caller {
    Known(Pair),
    Unknown,
    Malformed,
}

/// The parts of a request that matter; the API key itself does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ApiRequest {
    pub(super) api: Api,
    pub(super) caller: Caller,
    pub(super) idempotency_key: Option<String>,
    pub(super) test_code: Option<String>,
    pub(super) language: Language,
    /// Nothing if it is not text.
    pub(super) body: Option<String>,
}

impl Api {
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/v1/payments/")?;
        let parts: Vec<&str> = rest.split('/').collect();
        match (method, parts.as_slice()) {
            (&Method::POST, ["confirm"]) => Some(Self::Confirm),
            (&Method::POST, [key, "cancel"]) => Some(Self::Cancel((*key).to_owned())),
            (&Method::GET, ["orders", order]) => Some(Self::ByOrder((*order).to_owned())),
            (&Method::GET, ["confirm"]) => None,
            (&Method::GET, [key]) => Some(Self::ByKey((*key).to_owned())),
            _ => None,
        }
    }

    pub(super) fn call(&self) -> CallFilter {
        match self {
            Self::Confirm => CallFilter::Confirm,
            Self::ByKey(_) | Self::ByOrder(_) => CallFilter::Inquire,
            Self::Cancel(_) => CallFilter::Cancel,
        }
    }

    /// The unit of the rate limit.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::ByKey(_) => "by_key",
            Self::ByOrder(_) => "by_order",
            Self::Cancel(_) => "cancel",
        }
    }

    /// The URL and method, as far as idempotency keys tell them apart. Inquiries have none.
    pub(super) fn url(&self) -> Option<String> {
        match self {
            Self::Confirm => Some("POST /v1/payments/confirm".to_owned()),
            Self::Cancel(key) => Some(format!("POST /v1/payments/{key}/cancel")),
            Self::ByKey(_) | Self::ByOrder(_) => None,
        }
    }
}

pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let asked = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if asked.trim_start().to_ascii_lowercase().starts_with("en") {
        Language::English
    } else {
        Language::Korean
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

impl Toss {
    /// One call, whatever the dial does to it.
    pub(super) fn call(&mut self, now_ms: i64, api: Api, request: &Request<Bytes>) -> Exchange {
        let ask = self.read(api, request);
        self.calls.count(ask.api.call());
        let order_id = self.order_of(&ask);
        match self.pick(ask.api.call(), order_id.as_deref()) {
            None if self.is_over_the_limit(now_ms, &ask.api) => too_many(ask.language),
            None => Exchange::whole(self.answered(now_ms, now_ms, &ask)),
            Some(fault) => self.disturbed(now_ms, ask, &fault),
        }
    }

    fn read(&self, api: Api, request: &Request<Bytes>) -> ApiRequest {
        let headers = request.headers();
        ApiRequest {
            api,
            caller: self.caller(headers),
            idempotency_key: text(headers, "idempotency-key"),
            test_code: text(headers, "tosspayments-test-code"),
            language: language_of(headers),
            body: text_of(request.body()),
        }
    }

    /// `Basic base64("{secret key}:")`, with padding, without a password.
    fn caller(&self, headers: &HeaderMap) -> Caller {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Caller::Unknown;
        };
        let decoded = value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded).ok())
            .and_then(|decoded| String::from_utf8(decoded).ok());
        let Some(key) = decoded.as_deref().and_then(|key| key.strip_suffix(':')) else {
            return Caller::Malformed;
        };
        if key == self.settings.secret_key {
            return Caller::Known(Pair::Api);
        }
        let widget = self.settings.widget_keys.as_ref();
        if widget.is_some_and(|(_, secret)| key == secret) {
            return Caller::Known(Pair::Widget);
        }
        match &self.settings.other_shop {
            Some(shop) if key == shop.secret_key => Caller::Known(Pair::OtherShop),
            _ => Caller::Unknown,
        }
    }

    pub(super) fn perform(&mut self, now_ms: i64, ask: &ApiRequest, pair: Pair) -> Answer {
        match &ask.api {
            Api::Confirm => self.confirm(now_ms, ask, pair),
            Api::ByKey(key) => self.inquire(now_ms, ask.language, Some(key.as_str()), pair),
            Api::ByOrder(order_id) => {
                let found = self.state.payment_of_order(order_id);
                let key = found.map(|payment| payment.key.clone());
                self.inquire(now_ms, ask.language, key.as_deref(), pair)
            }
            Api::Cancel(key) => self.cancel(now_ms, ask, key, pair),
        }
    }

    /// A payment of the shop whose keys these are.
    pub(super) fn known_payment(&self, key: &str, pair: Pair) -> Option<&Payment> {
        let payment = self.state.payment(key)?;
        payment.pair.is_of_the_shop_of(pair).then_some(payment)
    }

    pub(super) fn payment_of(&self, ask: &ApiRequest) -> Option<&Payment> {
        match &ask.api {
            Api::ByKey(key) | Api::Cancel(key) => self.state.payment(key),
            Api::ByOrder(order_id) => self.state.payment_of_order(order_id),
            Api::Confirm => {
                let body: serde_json::Value = serde_json::from_str(ask.body.as_deref()?).ok()?;
                self.state.payment(body.get("paymentKey")?.as_str()?)
            }
        }
    }

    /// Asked for only where a rule needs it.
    fn order_of(&self, ask: &ApiRequest) -> Option<String> {
        let rules = &self.state.dial().rules;
        if rules.iter().all(|rule| rule.order_id.is_none()) {
            return None;
        }
        self.payment_of(ask).map(|payment| payment.order_id.clone())
    }
}
