//! Authentication and idempotency: an idempotency key's first answer is given again for fifteen days, errors
//! included, whatever the repeated body says.

use bytes::Bytes;
use http::Response;

use super::{
    Toss,
    api::{Answer, ApiRequest, Caller},
    payment::Pair,
    refusal::{Language, Refusal, status_of},
    reply,
    state::IdempotencyRecord,
    when::DAY_MS,
};

/// How long an idempotency key is known.
const KEY_MS: i64 = 15 * DAY_MS;
/// The longest idempotency key.
const KEY_CHARACTERS: usize = 300;

impl Toss {
    /// Checks the caller and the request first; then returns the key's first answer, or applies the effect.
    pub(super) fn answered(
        &mut self,
        now_ms: i64,
        ready_at_ms: i64,
        ask: &ApiRequest,
    ) -> Response<Bytes> {
        let (status, body) = match self.asked_before(now_ms, ready_at_ms, ask, false) {
            Ok(answer) => answer,
            Err(refusal) => (refusal.status, refusal.json(ask.language)),
        };
        reply::json(status, body)
    }

    /// `began` says that what is in progress under the key is this very request.
    pub(super) fn asked_before(
        &mut self,
        now_ms: i64,
        ready_at_ms: i64,
        ask: &ApiRequest,
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
        let kept = IdempotencyRecord {
            first_at_ms: now_ms,
            ready_at_ms,
            answer: Some(answer.clone()),
            effects: effects_under_key.saturating_add(happened),
        };
        self.state.keep(identity, kept);
        Ok(answer)
    }

    /// Whether the key has an answer already, or is about to.
    pub(super) fn is_repeat(&self, now_ms: i64, ask: &ApiRequest) -> bool {
        let Ok(Some(identity)) = admit(ask).and_then(|pair| identity(ask, pair)) else {
            return false;
        };
        let known = self.state.kept(&identity);
        known.is_some_and(|kept| is_alive(kept, now_ms))
    }

    /// Makes an error the first answer to the key, whatever has happened.
    pub(super) fn keep_instead(&mut self, now_ms: i64, ask: &ApiRequest, status: u16, body: &str) {
        let Ok(Some(identity)) = admit(ask).and_then(|pair| identity(ask, pair)) else {
            return;
        };
        let known = self.state.kept(&identity).cloned();
        let kept = IdempotencyRecord {
            first_at_ms: known.as_ref().map_or(now_ms, |kept| kept.first_at_ms),
            ready_at_ms: now_ms,
            answer: Some((status, body.to_owned())),
            effects: known.map_or(0, |kept| kept.effects),
        };
        self.state.keep(identity, kept);
    }

    /// Forgets the first answer to the key before its time. What has happened under it is still counted.
    pub(super) fn forget(&mut self, now_ms: i64, ask: &ApiRequest) {
        let Ok(Some(identity)) = admit(ask).and_then(|pair| identity(ask, pair)) else {
            return;
        };
        if let Some(kept) = self.state.kept(&identity).cloned() {
            let first_at_ms = now_ms.saturating_sub(KEY_MS);
            self.state.keep(
                identity,
                IdempotencyRecord {
                    first_at_ms,
                    ..kept
                },
            );
        }
    }

    /// A key is in progress from when its request was taken.
    pub(super) fn begin(&mut self, now_ms: i64, until_ms: i64, ask: &ApiRequest) -> bool {
        let Ok(Some(identity)) = admit(ask).and_then(|pair| identity(ask, pair)) else {
            return false;
        };
        let known = self.state.kept(&identity);
        if known.is_some_and(|kept| is_alive(kept, now_ms)) {
            return false;
        }
        let kept = IdempotencyRecord {
            first_at_ms: now_ms,
            ready_at_ms: until_ms,
            answer: None,
            effects: known.map_or(0, |kept| kept.effects),
        };
        self.state.keep(identity, kept);
        true
    }
}

fn admit(ask: &ApiRequest) -> Result<Pair, Refusal> {
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
fn identity(ask: &ApiRequest, pair: Pair) -> Result<Option<String>, Refusal> {
    let (Some(key), Some(url)) = (&ask.idempotency_key, ask.api.url()) else {
        return Ok(None);
    };
    if key.is_empty() || key.chars().count() > KEY_CHARACTERS {
        return Err(Refusal::of("INVALID_IDEMPOTENCY_KEY"));
    }
    let pair = match pair {
        Pair::Api => "api",
        Pair::Widget => "widget",
        Pair::OtherShop => "other_shop",
    };
    Ok(Some(format!("{pair} {url} {key}")))
}

fn is_alive(kept: &IdempotencyRecord, now_ms: i64) -> bool {
    now_ms < kept.first_at_ms.saturating_add(KEY_MS)
}

fn rendered(answer: Answer, language: Language) -> (u16, String) {
    match answer {
        Ok(body) => (200, body),
        Err(refusal) => (refusal.status, refusal.json(language)),
    }
}
