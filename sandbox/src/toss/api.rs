//! A call of Toss's API, from the wire to the answer: what goes wrong first, then who asks, then
//! whether it was asked before, and only then what it does (`confirm.rs`, `cancel.rs`,
//! `inquire.rs`).

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use serde::{Deserialize, Serialize};

use super::{
    Toss,
    dial::{Call, Fault},
    payment::{Hidden, Pair, Payment},
    refusal::{Language, Refusal, status_of},
    reply,
    state::{Held, Kept, text_of},
    transport::{Ending, Exchange, HeldId},
    when::{DAY_MS, MINUTE_MS},
};

/// How long an idempotency key is known.
const KEY_MS: i64 = 15 * DAY_MS;
/// The longest idempotency key.
const KEY_CHARACTERS: usize = 300;
/// How long an answer that nobody collects is kept.
const UNCOLLECTED_MS: i64 = 10 * MINUTE_MS;
/// No more requests are held back at once; the next is answered at once.
const HELD_MAX: usize = 10_000;

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

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Caller {
    Known(Pair),
    Unknown,
    Malformed,
}

/// All of a request that matters; the key itself does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) api: Api,
    caller: Caller,
    idempotency_key: Option<String>,
    test_code: Option<String>,
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

    fn call(&self) -> Call {
        match self {
            Self::Confirm => Call::Confirm,
            Self::ByKey(_) | Self::ByOrder(_) => Call::Inquire,
            Self::Cancel(_) => Call::Cancel,
        }
    }

    /// What is counted together by the rate limit.
    fn name(&self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::ByKey(_) => "by_key",
            Self::ByOrder(_) => "by_order",
            Self::Cancel(_) => "cancel",
        }
    }

    /// The URL and method, as far as idempotency keys tell them apart. Inquiries have none.
    fn url(&self) -> Option<String> {
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

    /// What a request that was held back is answered, once its time has come; nothing if it has
    /// not, or if it has been asked for already.
    pub(super) fn collect(&mut self, id: HeldId) -> Option<Exchange> {
        let held = self.state.one_held(id.0)?;
        let (status, body) = held.answer.clone()?;
        self.state.set_held(id.0, None);
        Some(Exchange::whole(reply::json(status, body)))
    }

    fn read(&self, api: Api, request: &Request<Bytes>) -> Ask {
        let headers = request.headers();
        Ask {
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
        match &self.settings.widget_keys {
            Some((_, secret)) if key == secret => Caller::Known(Pair::Widget),
            _ => Caller::Unknown,
        }
    }

    fn disturbed(&mut self, now_ms: i64, ask: Ask, fault: &Fault) -> Exchange {
        match fault {
            Fault::RequestLost { silent_ms } => Exchange::nothing(Ending::RequestLost {
                silent_ms: *silent_ms,
            }),
            Fault::Reset { effect: false } => Exchange::nothing(Ending::Reset),
            Fault::RateLimited {} => too_many(ask.language),
            Fault::Held { ms } => self.hold(now_ms, *ms, ask),
            Fault::ErrorBefore { status, code, kept } => {
                let body = Refusal::with_status(*status, code).json(ask.language);
                if *kept {
                    self.keep_instead(now_ms, &ask, *status, &body);
                }
                Exchange::whole(reply::json(*status, body))
            }
            _ => self.disturbed_after(now_ms, &ask, fault),
        }
    }

    /// The effect, and then something else than its answer.
    fn disturbed_after(&mut self, now_ms: i64, ask: &Ask, fault: &Fault) -> Exchange {
        let delay_ms = match fault {
            Fault::Delay { ms } => *ms,
            _ => 0,
        };
        let before = match fault {
            Fault::StaleRead { .. } => self.payment_of(ask).cloned(),
            _ => None,
        };
        let ready_at_ms = now_ms.saturating_add_unsigned(delay_ms);
        let mut exchange = Exchange::whole(self.answered(now_ms, ready_at_ms, ask));
        exchange.transport.delay_ms = delay_ms;
        let length = exchange.response.body().len();
        match fault {
            Fault::ResponseLost { silent_ms } => {
                exchange.transport.ending = Ending::ResponseLost {
                    silent_ms: *silent_ms,
                };
            }
            Fault::Reset { .. } => exchange.transport.ending = Ending::Reset,
            Fault::Truncated { at } => {
                let at = at.unwrap_or(length / 2).min(length.saturating_sub(1));
                exchange.transport.ending = Ending::Truncated { at };
            }
            Fault::Drip { bytes, every_ms } => {
                exchange.transport.ending = Ending::Drip {
                    bytes: *bytes,
                    every_ms: *every_ms,
                };
            }
            Fault::ErrorAfter { status, code, kept } => {
                let body = Refusal::with_status(*status, code).json(ask.language);
                if *kept {
                    self.keep_instead(now_ms, ask, *status, &body);
                }
                exchange.response = reply::json(*status, body);
            }
            Fault::Garbage {} => exchange.response = reply::json(200, garbage()),
            Fault::Html { status } => exchange.response = reply::html(*status, proxy_page()),
            Fault::StaleRead { ms, reads } => {
                let until_ms = ms.map(|ms| now_ms.saturating_add_unsigned(ms));
                self.hide(before, until_ms, *reads);
            }
            _ => {}
        }
        exchange
    }

    /// Lets inquiries see what was before, if that is another state.
    fn hide(&mut self, before: Option<Payment>, until_ms: Option<i64>, reads: Option<u32>) {
        let Some(mut earlier) = before else { return };
        let Some(mut payment) = self.state.payment(&earlier.key).cloned() else {
            return;
        };
        if payment != earlier {
            earlier.hidden = None;
            payment.hidden = Some(Box::new(Hidden {
                earlier,
                until_ms,
                reads_left: reads,
            }));
            self.state.put(payment);
        }
    }

    /// Whom and what first; then the first answer to the key, or the effect.
    fn answered(&mut self, now_ms: i64, ready_at_ms: i64, ask: &Ask) -> Response<Bytes> {
        let (status, body) = match self.asked_before(now_ms, ready_at_ms, ask, false) {
            Ok(answer) => answer,
            Err(refusal) => (refusal.status, refusal.json(ask.language)),
        };
        reply::json(status, body)
    }

    /// `began` says that what is in progress under the key is this very request.
    fn asked_before(
        &mut self,
        now_ms: i64,
        ready_at_ms: i64,
        ask: &Ask,
        began: bool,
    ) -> Result<(u16, String), Refusal> {
        let pair = admit(ask)?;
        let Some(identity) = identity(ask, pair)? else {
            return Ok(rendered(self.perform(now_ms, ask, pair), ask.language));
        };
        let known = self.state.kept(&identity);
        if let Some(kept) = known.filter(|kept| !began && is_alive(kept, now_ms)) {
            return match &kept.answer {
                Some(answer) if now_ms >= kept.ready_at_ms => Ok(answer.clone()),
                _ => Err(Refusal::of("IDEMPOTENT_REQUEST_PROCESSING")),
            };
        }
        let effects_under_key = known.map_or(0, |kept| kept.effects);
        let effects = self.state.desk().effects;
        let answer = rendered(self.perform(now_ms, ask, pair), ask.language);
        let happened = u32::from(self.state.desk().effects > effects);
        let kept = Kept {
            first_at_ms: now_ms,
            ready_at_ms,
            answer: Some(answer.clone()),
            effects: effects_under_key.saturating_add(happened),
        };
        self.state.keep(identity, kept);
        Ok(answer)
    }

    fn perform(&mut self, now_ms: i64, ask: &Ask, pair: Pair) -> Answer {
        match &ask.api {
            Api::Confirm => self.confirm(now_ms, ask, pair),
            Api::ByKey(key) => self.inquire(now_ms, ask.language, Some(key.as_str())),
            Api::ByOrder(order_id) => {
                let found = self.state.payment_of_order(order_id);
                let key = found.map(|payment| payment.key.clone());
                self.inquire(now_ms, ask.language, key.as_deref())
            }
            Api::Cancel(key) => self.cancel(now_ms, ask, key, pair),
        }
    }

    /// Makes an error the key's answer, whatever has happened.
    fn keep_instead(&mut self, now_ms: i64, ask: &Ask, status: u16, body: &str) {
        let Ok(Some(identity)) = admit(ask).and_then(|pair| identity(ask, pair)) else {
            return;
        };
        let known = self.state.kept(&identity).cloned();
        let kept = Kept {
            first_at_ms: known.as_ref().map_or(now_ms, |kept| kept.first_at_ms),
            ready_at_ms: now_ms,
            answer: Some((status, body.to_owned())),
            effects: known.map_or(0, |kept| kept.effects),
        };
        self.state.keep(identity, kept);
    }

    // Requests held back

    fn hold(&mut self, now_ms: i64, ms: u64, ask: Ask) -> Exchange {
        if self.state.held().count() >= HELD_MAX {
            return Exchange::whole(self.answered(now_ms, now_ms, &ask));
        }
        let until_ms = now_ms.saturating_add_unsigned(ms);
        let began = self.begin(now_ms, until_ms, &ask);
        let id = self.state.number();
        let held = Held {
            until_ms,
            ask,
            began,
            answer: None,
        };
        self.state.set_held(id, Some(held));
        Exchange::nothing(Ending::Held {
            id: HeldId(id),
            until_ms,
        })
    }

    /// A key is in progress from when its request was taken.
    fn begin(&mut self, now_ms: i64, until_ms: i64, ask: &Ask) -> bool {
        let Ok(Some(identity)) = admit(ask).and_then(|pair| identity(ask, pair)) else {
            return false;
        };
        let known = self.state.kept(&identity);
        if known.is_some_and(|kept| is_alive(kept, now_ms)) {
            return false;
        }
        let kept = Kept {
            first_at_ms: now_ms,
            ready_at_ms: until_ms,
            answer: None,
            effects: known.map_or(0, |kept| kept.effects),
        };
        self.state.keep(identity, kept);
        true
    }

    /// The next time that a held request is looked at, or dropped because nobody collected it.
    pub(super) fn first_held(&self) -> Option<(i64, u64)> {
        self.state
            .held()
            .map(|(id, held)| match held.answer {
                None => (held.until_ms, id),
                Some(_) => (held.until_ms.saturating_add(UNCOLLECTED_MS), id),
            })
            .min()
    }

    /// Its time has come: it happens now, or its answer is dropped.
    pub(super) fn release(&mut self, at_ms: i64, id: u64) {
        let Some(mut held) = self.state.one_held(id).cloned() else {
            return;
        };
        if held.answer.is_some() {
            self.state.set_held(id, None);
            return;
        }
        let answer = match self.asked_before(at_ms, at_ms, &held.ask, held.began) {
            Ok(answer) => answer,
            Err(refusal) => (refusal.status, refusal.json(held.ask.language)),
        };
        held.answer = Some(answer);
        self.state.set_held(id, Some(held));
    }

    // What a call is about

    fn payment_of(&self, ask: &Ask) -> Option<&Payment> {
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
    fn order_of(&self, ask: &Ask) -> Option<String> {
        let rules = &self.state.dial().rules;
        if rules.iter().all(|rule| rule.order_id.is_none()) {
            return None;
        }
        self.payment_of(ask).map(|payment| payment.order_id.clone())
    }

    /// The first rule that fires, counted down.
    pub(super) fn pick(&mut self, call: Call, order_id: Option<&str>) -> Option<Fault> {
        let count = self.state.dial().rules.len();
        for index in 0..count {
            let rule = self.state.dial().rules.get(index)?;
            if !rule.is_for(call, order_id) {
                continue;
            }
            if let Some(ppm) = rule.probability_ppm
                && self.state.below(1_000_000) >= u64::from(ppm)
            {
                continue;
            }
            let rule = self.state.dial().rules.get(index)?;
            let (fault, times) = (rule.fault.clone(), rule.times);
            if let Some(times) = times {
                self.count_down(index, times);
            }
            return Some(fault);
        }
        None
    }

    fn count_down(&mut self, index: usize, times: u32) {
        let rules = &mut self.state.dial_mut().rules;
        if times > 1 {
            if let Some(rule) = rules.get_mut(index) {
                rule.times = Some(times.saturating_sub(1));
            }
        } else {
            rules.remove(index);
        }
    }

    fn is_over_the_limit(&mut self, now_ms: i64, api: &Api) -> bool {
        let Some(limit) = self.state.dial().requests_per_minute else {
            return false;
        };
        let minute = now_ms.div_euclid(MINUTE_MS);
        let desk = self.state.desk_mut();
        if desk.minute != minute {
            desk.minute = minute;
            desk.this_minute.clear();
        }
        let count = desk.this_minute.entry(api.name().to_owned()).or_default();
        *count = count.saturating_add(1);
        *count > limit
    }
}

fn admit(ask: &Ask) -> Result<Pair, Refusal> {
    let pair = match ask.caller {
        Caller::Known(pair) => pair,
        Caller::Unknown => return Err(Refusal::of("UNAUTHORIZED_KEY")),
        Caller::Malformed => return Err(Refusal::of("INCORRECT_BASIC_AUTH_FORMAT")),
    };
    match &ask.test_code {
        None => Ok(pair),
        Some(code) if status_of(code).is_some() => Err(Refusal::of(code)),
        Some(_) => Err(Refusal::of("INVALID_TEST_CODE")),
    }
}

/// Key, API key, URL and method; not the body. Nothing where there is no key, or for a GET.
fn identity(ask: &Ask, pair: Pair) -> Result<Option<String>, Refusal> {
    let (Some(key), Some(url)) = (&ask.idempotency_key, ask.api.url()) else {
        return Ok(None);
    };
    if key.is_empty() || key.chars().count() > KEY_CHARACTERS {
        return Err(Refusal::of("INVALID_IDEMPOTENCY_KEY"));
    }
    let pair = match pair {
        Pair::Api => "api",
        Pair::Widget => "widget",
    };
    Ok(Some(format!("{pair} {url} {key}")))
}

fn is_alive(kept: &Kept, now_ms: i64) -> bool {
    now_ms < kept.first_at_ms.saturating_add(KEY_MS)
}

fn rendered(answer: Answer, language: Language) -> (u16, String) {
    match answer {
        Ok(body) => (200, body),
        Err(refusal) => (refusal.status, refusal.json(language)),
    }
}

fn too_many(language: Language) -> Exchange {
    let refusal = Refusal::of("TOO_MANY_REQUESTS");
    Exchange::whole(reply::json(refusal.status, refusal.json(language)))
}

fn garbage() -> String {
    "{\"mId\":\"tvivarepublica\",\"status\":\u{fffd}\u{0}\u{1}DON".to_owned()
}

fn proxy_page() -> String {
    "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
        .to_owned()
}
