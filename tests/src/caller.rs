//! A caller of the API, and its answers: status, headers, and the bytes as received. Every answer is checked against
//! the API's description.

use std::ops::Index;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;

use crate::described::{self, Exchange};

/// A caller with (or without) credentials.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    base: String,
    bearer: Option<String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte by byte.
    pub bytes: Vec<u8>,
    json: Value,
}

impl Caller {
    /// A stranger at `base` (`http://address`).
    pub fn new(base: &str) -> Self {
        // The server sets ring as the process's TLS provider; this client needs one too. Whichever comes second finds
        // it set.
        ring::default_provider().install_default().ok();
        let http = Client::builder().no_proxy().build();
        Self {
            http: http.expect("a client"),
            base: base.to_owned(),
            bearer: None,
        }
    }

    /// The same caller with a bearer secret or token.
    pub fn with(&self, bearer: impl Into<String>) -> Self {
        Self {
            bearer: Some(bearer.into()),
            ..self.clone()
        }
    }

    /// The same caller, who calls elsewhere.
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// The address that it calls.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to be filled in further.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Asks for something that needs no body.
    pub async fn ask(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::POST, path)).await
    }

    /// Sends a body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a body under an idempotency key in the header.
    pub async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path);
        Answer::to(request.header("idempotency-key", key).json(body)).await
    }

    /// Sends bytes that need not be JSON, saying that they are.
    pub async fn post_raw(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/json");
        Answer::to(request.body(body.into())).await
    }
}

impl Answer {
    /// Sends the request; a connection that fails fails the test.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::try_to(request).await.expect("an answer")
    }

    /// Sends the request to a server that may die any moment.
    pub async fn try_to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let (client, request) = request.build_split();
        let request = request?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let answer = client.execute(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await?.to_vec();
        described::check(&Exchange {
            method: &method,
            path: &path,
            status,
            headers: &headers,
            body: &bytes,
        });
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Self {
            status,
            headers,
            bytes,
            json,
        })
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// A field of text; empty if there is none.
    pub fn text(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap_or_default()
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> &str {
        self.text("code")
    }

    /// Whether the header says that this was answered before.
    pub fn replayed(&self) -> bool {
        let said = self.headers.get("idempotent-replayed");
        said.is_some_and(|value| value == "true")
    }

    /// This very status, or the test fails with what was said instead.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body());
        self
    }

    /// This very refusal.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.code()),
            (status, code),
            "{}",
            self.body()
        );
        let kind = &self.headers["content-type"];
        assert_eq!(kind, "application/problem+json", "{}", self.body());
        self
    }

    /// The body as text, for messages.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.json[field]
    }
}
