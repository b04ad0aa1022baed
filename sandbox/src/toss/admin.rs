//! The simulator's routes, and its own ones under `/sandbox/`: the actions of tests, people and administrators, as
//! JSON. A POST or PUT has to declare JSON, so that no page of another origin can send one.

use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Toss,
    address::is_loopback,
    api::{Api, language_of},
    cancel::CancelRequest,
    dial::Dial,
    notify::Notification,
    refusal::{Language, Refusal},
    reply,
    transport::Exchange,
    window::OpenWindow,
};

const SDK: &str = include_str!("sdk.js");

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Approve {
    /// Another method than the window's.
    method: Option<String>,
    /// The code that `confirm` will be refused with.
    confirm: Option<String>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Decline {
    code: String,
}

impl Default for Decline {
    fn default() -> Self {
        Self {
            code: "REJECT_CARD_COMPANY".to_owned(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Deposit {
    force: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotificationUrl {
    url: Option<String>,
}

impl Toss {
    pub(super) fn route(&mut self, now_ms: i64, request: &Request<Bytes>) -> Exchange {
        let path = request.uri().path();
        if let Some(api) = Api::of(request.method(), path) {
            return self.call(now_ms, api, request);
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let response = match (request.method(), parts.as_slice()) {
            (&Method::GET, ["v1"] | ["v1", "payment"] | ["v2", "standard"]) => {
                reply::asset("text/javascript;charset=UTF-8", SDK)
            }
            (method, ["sandbox", rest @ ..]) => match self.page(now_ms, method, rest, request) {
                Some(page) => page,
                None => self.desk(now_ms, rest, request),
            },
            _ => refused(&Refusal::of("NOT_FOUND"), language_of(request.headers())),
        };
        Exchange::whole(response)
    }

    fn desk(&mut self, now_ms: i64, path: &[&str], request: &Request<Bytes>) -> Response<Bytes> {
        let changes = matches!(*request.method(), Method::POST | Method::PUT);
        let answer = if changes && !says_json(request) {
            Err(Refusal::with_status(415, "INVALID_REQUEST"))
        } else {
            self.at_desk(now_ms, path, request)
        };
        match answer {
            Ok(value) => reply::json(200, value.to_string()),
            Err(refusal) => refused(&refusal, language_of(request.headers())),
        }
    }

    fn at_desk(
        &mut self,
        now_ms: i64,
        path: &[&str],
        request: &Request<Bytes>,
    ) -> Result<Value, Refusal> {
        let body = request.body();
        match (request.method(), path) {
            (&Method::POST, ["windows"]) => self.opens(now_ms, body),
            (&Method::POST, ["windows", key, verb]) => {
                self.leaves(now_ms, key, verb, body, language_of(request.headers()))
            }
            (&Method::POST, ["payments", key, verb]) => self.administers(now_ms, key, verb, body),
            (&Method::GET, ["books"]) => Ok(self.ledger()),
            (&Method::POST, ["notify"]) => {
                let wanted: Notification = read(body)?;
                Ok(json!({ "queued": self.send(now_ms, &wanted)? }))
            }
            (&Method::GET, ["faults"]) => Ok(self.shown_dial()),
            (&Method::PUT, ["faults"]) => self.dials(read(body)?),
            (&Method::DELETE, ["faults"]) => self.dials(Dial::default()),
            (&Method::PUT, ["notification-url"]) => {
                let NotificationUrl { url } = read(body)?;
                if url.as_deref().is_some_and(|url| !is_loopback(url)) {
                    return Err(Refusal::of("INVALID_URL_FORMAT"));
                }
                self.state.desk_mut().notification_url.clone_from(&url);
                Ok(json!({ "url": url }))
            }
            _ => Err(Refusal::of("NOT_FOUND")),
        }
    }

    fn opens(&mut self, now_ms: i64, body: &Bytes) -> Result<Value, Refusal> {
        let open: OpenWindow = read(body)?;
        let key = self.opened(now_ms, &open)?;
        let url = format!("{}/sandbox/pay/{key}", self.settings.base_url);
        Ok(json!({ "paymentKey": key, "url": url }))
    }

    fn leaves(
        &mut self,
        now_ms: i64,
        key: &str,
        verb: &str,
        body: &Bytes,
        language: Language,
    ) -> Result<Value, Refusal> {
        let redirect = match verb {
            "approve" => {
                let Approve { method, confirm } = read_or_default(body)?;
                self.authenticated(now_ms, key, method.as_deref(), confirm.as_deref())?
            }
            "decline" => {
                let Decline { code } = read_or_default(body)?;
                self.left(key, &code, language)?
            }
            "cancel" => self.left(key, "PAY_PROCESS_CANCELED", language)?,
            // Nothing happens, and no notification is sent.
            "close" => None,
            _ => return Err(Refusal::of("NOT_FOUND")),
        };
        Ok(json!({ "redirect": redirect }))
    }

    fn administers(
        &mut self,
        now_ms: i64,
        key: &str,
        verb: &str,
        body: &Bytes,
    ) -> Result<Value, Refusal> {
        match verb {
            "deposit" => {
                let Deposit { force } = read_or_default(body)?;
                self.deposited(now_ms, key, force)?;
            }
            "take-deposit-back" => self.deposit_taken_back(now_ms, key)?,
            "expire" => self.expired_now(now_ms, key)?,
            "cancel" => {
                let wanted: CancelRequest = read(body)?;
                self.canceled(now_ms, key, wanted)?;
            }
            _ => return Err(Refusal::of("NOT_FOUND")),
        }
        let payment = self
            .state
            .payment(key)
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        let shown = self.shown(payment, now_ms, Language::Korean);
        serde_json::from_str(&shown).map_err(|_| Refusal::of("COMMON_ERROR"))
    }

    fn dials(&mut self, dial: Dial) -> Result<Value, Refusal> {
        if let Some(objection) = dial.objection() {
            return Err(Refusal::objecting(objection));
        }
        *self.state.dial_mut() = dial;
        Ok(self.shown_dial())
    }

    fn shown_dial(&self) -> Value {
        serde_json::to_value(self.state.dial()).unwrap_or_default()
    }
}

pub(super) fn says_json(request: &Request<Bytes>) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().starts_with("application/json"))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|why| Refusal::objecting(&why.to_string()))
}

fn read_or_default<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, Refusal> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        read(body)
    }
}

fn refused(refusal: &Refusal, language: Language) -> Response<Bytes> {
    reply::json(refusal.status, refusal.json(language))
}
