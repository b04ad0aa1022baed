//! A caller of the API over the lossy network. It repeats unanswered requests, remembers the answers and checks them:
//! the same key has the same answer for ever, nothing acknowledged goes back, and no answer shows data that the
//! caller may not see.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use memchr::memmem;
use serde_json::Value;

use crate::network::{Lost, Raw};
use crate::secrets::{self, PERSONAL, SECRET};
use crate::town::Town;

/// The callers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The merchant's backend.
    Merchant,
    /// An administrator.
    Admin,
    /// The buyer of this name, with a token.
    Buyer(Arc<str>),
    /// A caller without credentials.
    Stranger,
}

/// Someone who calls.
#[derive(Clone)]
pub struct Caller {
    town: Town,
    who: Who,
    bearer: Option<Arc<str>>,
    source: [u8; 4],
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub bytes: Bytes,
    /// The body as JSON; null if it is none.
    pub json: Value,
    /// Whether it was given before.
    pub replayed: bool,
}

/// Everything that callers have been told so far.
#[derive(Debug, Default)]
pub struct Told {
    /// First answer by who asked and under which key.
    keys: BTreeMap<(Who, String), (u16, Bytes)>,
    /// The time of the last change of each order and payment that was acknowledged to a caller.
    updated: BTreeMap<String, String>,
}

impl Told {
    /// Everything ever shown to a caller, with its time of last change.
    pub fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.updated
            .iter()
            .map(|(id, at)| (id.as_str(), at.as_str()))
    }
}

impl Answer {
    fn of(raw: &Raw) -> Self {
        let replayed = raw.headers.get("idempotent-replayed");
        Self {
            status: raw.status,
            bytes: raw.body.clone(),
            json: serde_json::from_slice(&raw.body).unwrap_or(Value::Null),
            replayed: replayed.is_some_and(|value| value == "true"),
        }
    }

    /// A field of text; empty if there is none.
    pub fn text(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap_or_default()
    }

    /// Whether it says that nothing happened and the caller may retry.
    fn asks_for_patience(&self) -> bool {
        matches!(self.status, 408 | 429) || self.status >= 500
    }

    /// Whether it says that something was done.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Caller {
    /// A caller at an address of its own.
    pub fn new(town: &Town, who: Who) -> Self {
        let bearer = match &who {
            Who::Merchant => Some(secrets::MERCHANT.into()),
            Who::Admin => Some(secrets::ADMIN.into()),
            Who::Buyer(name) => Some(secrets::token(name)),
            Who::Stranger => None,
        };
        let last = town.dice.between(1, 250).to_le_bytes()[0];
        Self {
            town: town.clone(),
            who,
            bearer,
            source: [10, 0, 0, last],
        }
    }

    /// A caller with these credentials, who may see what `who` may see.
    pub fn carrying(&self, bearer: &str) -> Self {
        Self {
            bearer: Some(bearer.into()),
            ..self.clone()
        }
    }

    /// Asks once.
    pub async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Lost> {
        let bytes = body.map(|body| Bytes::from(body.to_string()));
        self.send(method, path, &[], bytes).await
    }

    /// Asks once with these headers and this body, whatever it is.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Result<Answer, Lost> {
        let mut request = Request::builder().method(method.clone()).uri(path);
        if let Some(bearer) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.unwrap_or_default();
        let trace = &self.town.trace;
        trace.note(method.as_str(), &[path.as_bytes(), &body]);
        self.town.operate();
        let request = request.body(Full::new(body)).expect("well-formed");
        let patience_ms = 30_000;
        let raw = self
            .town
            .network
            .call(request, self.source, patience_ms)
            .await;
        let raw = raw.inspect_err(|Lost| trace.note("no answer:", &[path.as_bytes()]))?;
        trace.note(
            "answered:",
            &[
                path.as_bytes(),
                raw.status.to_string().as_bytes(),
                &raw.body,
            ],
        );
        self.inspect(&method, path, &raw);
        Ok(Answer::of(&raw))
    }

    /// Repeats until there is a final answer; `None` after that many attempts.
    pub async fn until_answered(
        &self,
        attempts: u32,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        let bytes = body.map(|body| Bytes::from(body.to_string()));
        for attempt in 0..attempts {
            match self
                .send(method.clone(), path, headers, bytes.clone())
                .await
            {
                Ok(answer) if !answer.asks_for_patience() => return Some(answer),
                _ => self.town.wait_up_to(200 << attempt.min(8)).await,
            }
        }
        None
    }

    /// Repeats under a key until there is a final answer, and compares it with earlier answers under that key.
    pub async fn keyed(
        &self,
        attempts: u32,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Option<Answer> {
        let headers = [("idempotency-key", key)];
        let answer = self
            .until_answered(attempts, Method::POST, path, &headers, body)
            .await?;
        // A refusal before any decision is not stored, and is repeated alike.
        self.hold_to(key, path, &answer);
        Some(answer)
    }

    fn hold_to(&self, key: &str, path: &str, answer: &Answer) {
        // While a call is in flight, its final answer is still to come.
        let kept = matches!(answer.status, 200 | 201 | 404 | 409 | 422);
        if !kept {
            return;
        }
        let mut told = self.town.told.lock();
        let given = (answer.status, answer.bytes.clone());
        let first = told.keys.entry((self.who.clone(), key.to_owned()));
        let first = first.or_insert_with(|| given.clone());
        if *first != given {
            let was = String::from_utf8_lossy(&first.1).into_owned();
            let now = String::from_utf8_lossy(&answer.bytes).into_owned();
            self.town.violated(|| {
                format!("same key, another answer: {path} under {key} was {was}, now is {now}")
            });
        }
    }

    /// Reads; nothing if it cannot be had.
    pub async fn read(&self, path: &str) -> Option<Answer> {
        self.read_patiently(4, path).await
    }

    /// Reads, however often it takes up to `attempts`.
    pub async fn read_patiently(&self, attempts: u32, path: &str) -> Option<Answer> {
        let known = self.last_known(path);
        let answer = self
            .until_answered(attempts, Method::GET, path, &[], None)
            .await?;
        if let Some((id, known)) = known
            && answer.status == 200
            && answer.text("updated_at") < known.as_str()
        {
            let body = String::from_utf8_lossy(&answer.bytes).into_owned();
            self.town
                .violated(|| format!("{id} went back behind {known}: {body}"));
        }
        Some(answer)
    }

    fn last_known(&self, path: &str) -> Option<(String, String)> {
        let id = path.rsplit('/').next()?;
        let at = self.town.told.lock().updated.get(id).cloned()?;
        Some((id.to_owned(), at))
    }

    /// Checks that hold for every answer, and remembers it.
    fn inspect(&self, method: &Method, path: &str, raw: &Raw) {
        let body = &raw.body;
        let told = || String::from_utf8_lossy(body).into_owned();
        if raw.status == 500 && !self.town.swarm.disk_fails() {
            self.town
                .violated(|| format!("{method} {path} is answered 500: {}", told()));
        }
        if memmem::find(body, SECRET).is_some() {
            self.town
                .violated(|| format!("{method} {path} shows a secret: {}", told()));
        }
        for at in memmem::find_iter(body, PERSONAL) {
            if !self.may_see(&body[at + PERSONAL.len()..]) {
                self.town.violated(|| {
                    format!(
                        "{method} {path} shows {:?} another's data: {}",
                        self.who,
                        told()
                    )
                });
            }
        }
        if raw.status >= 400 && !raw.headers.contains_key("x-request-id") {
            self.town
                .violated(|| format!("{method} {path} is refused without a request id"));
        }
        let replayed = raw.headers.contains_key("idempotent-replayed");
        if (200..300).contains(&raw.status) && !replayed {
            self.remember(&serde_json::from_slice(body).unwrap_or(Value::Null));
        }
    }

    fn may_see(&self, whose: &[u8]) -> bool {
        match &self.who {
            Who::Merchant | Who::Admin => true,
            Who::Buyer(name) => whose
                .strip_prefix(name.as_bytes())
                .is_some_and(|rest| rest.starts_with(b"-")),
            Who::Stranger => false,
        }
    }

    fn remember(&self, shown: &Value) {
        let id = shown["payment_id"].as_str().or(shown["order_id"].as_str());
        let (Some(id), Some(at)) = (id, shown["updated_at"].as_str()) else {
            return;
        };
        let mut told = self.town.told.lock();
        match told.updated.get_mut(id) {
            Some(known) if known.as_str() < at => at.clone_into(known),
            Some(_) => {}
            None => {
                told.updated.insert(id.to_owned(), at.to_owned());
            }
        }
    }
}
