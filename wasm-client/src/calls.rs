//! Calls to the server with a session's token, one request each: request, answer, typed result.

use std::pin::Pin;

use wasm_bindgen::JsValue;

use crate::failure::{Bearer, Code, Failure, Problem};
use crate::fields::{Fields, Wrong};
use crate::handle::Handle;
use crate::host;
use crate::reading::Session;
use crate::returned::Brought;
use crate::session_fields::SessionFields;

/// A pending answer. Boxed: inlined into each other, these were a third of the module.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

const SESSIONS: &str = "/api/v1/payments/sessions";

/// A server, a credential, and the signal that ends the waiting.
pub struct Caller {
    api: String,
    key: Option<String>,
    bearer: Bearer,
    signal: JsValue,
}

impl Caller {
    /// With a key of the caller's own, or none.
    pub fn with_key(api: &str, key: Option<String>, signal: JsValue) -> Self {
        Self {
            api: api.trim_end_matches('/').to_owned(),
            key,
            bearer: Bearer::Own,
            signal,
        }
    }

    /// Begins a checkout.
    pub async fn begin(&self, new: &SessionFields) -> Result<Handle, Failure> {
        let session = self.post(SESSIONS, new.to_body()?).await?;
        let session = read_session(session)?;
        let token = session.session_token.as_deref();
        let handle = token.and_then(|token| Handle::read(&self.api, token));
        handle.ok_or_else(|| unreadable(Wrong("session_token")))
    }

    /// Anything that is read.
    pub fn get<'a>(&'a self, path: &str) -> Later<'a, JsValue> {
        self.call("GET", path, JsValue::UNDEFINED)
    }

    fn post<'a>(&'a self, path: &str, body: JsValue) -> Later<'a, JsValue> {
        self.call("POST", path, body)
    }

    fn call<'a>(&'a self, method: &'a str, path: &str, body: JsValue) -> Later<'a, JsValue> {
        let url = [&self.api, path].concat();
        Box::pin(async move {
            let answer = host::request(method, &url, self.key.clone(), &body, &self.signal).await?;
            let answer = Fields(&answer);
            let status = answer.whole("status")?;
            let status = u16::try_from(status).map_err(|_| Wrong("status"))?;
            let body = answer.value("body");
            if (200..300).contains(&status) {
                return Ok(body);
            }
            let mut failure = Problem::read(&body).into_failure(status, self.bearer);
            failure.retry_after_ms = answer.whole("retry_after_ms").ok();
            Err(failure)
        })
    }
}

/// An answer that an older or newer server gives.
fn unreadable(Wrong(field): Wrong) -> Failure {
    let message = "This release cannot read the server's answer: ";
    Failure::because(Code::Unsupported, Some(field), &[message, field].concat())
}

fn read_session(answer: JsValue) -> Result<Session, Failure> {
    Session::read(answer).map_err(unreadable)
}

/// One checkout's calls.
pub struct CheckoutClient {
    /// Which.
    pub handle: Handle,
    /// The signal that ends the waiting.
    pub signal: JsValue,
    caller: Caller,
}

impl CheckoutClient {
    /// The calls of this checkout.
    pub fn new(handle: Handle, signal: JsValue) -> Self {
        let caller = Caller {
            api: handle.api.clone(),
            key: Some(handle.token.clone()),
            bearer: Bearer::Token,
            signal: signal.clone(),
        };
        Self {
            handle,
            signal,
            caller,
        }
    }

    /// Reads the session, with its order.
    pub async fn load(&self) -> Result<Session, Failure> {
        read_session(self.caller.get(&self.path("")).await?)
    }

    /// Prepares the session: returns the parameters of the gateway's window.
    pub async fn prepare(&self, choice: &SessionFields) -> Result<Session, Failure> {
        let answer = self
            .caller
            .post(&self.path("/prepare"), choice.to_preparing_body()?);
        read_session(answer.await?)
    }

    /// Begins another payment of the same order; missing fields are taken over from this one.
    pub async fn again(&self, order_id: &str, choice: SessionFields) -> Result<Handle, Failure> {
        self.caller.begin(&choice.about(order_id)).await
    }

    /// Has the server compare the return. Nothing moves.
    pub fn verify(&self, brought: &Brought) -> Later<'_, JsValue> {
        self.caller.post("/api/v1/payments/verify", brought.to_js())
    }

    /// Has the server confirm the payment. Repeating it with the same approval has no further effect.
    pub fn confirm(&self, brought: &Brought) -> Later<'_, JsValue> {
        self.caller
            .post("/api/v1/payments/confirm", brought.to_js())
    }

    /// The signed receipt of the payment that the session is about now, where that is captured.
    pub async fn receipt(&self) -> Result<String, Failure> {
        let payment = self.load().await?.payment_id;
        let path = ["/api/v1/payments/", &payment, "/receipt"].concat();
        let answer = self.caller.get(&path).await?;
        Fields(&answer).text("receipt").map_err(unreadable)
    }

    fn path(&self, under: &str) -> String {
        [SESSIONS, "/", &self.handle.session_id, under].concat()
    }
}
