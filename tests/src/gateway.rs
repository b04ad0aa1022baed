//! The mock gateway's side: writes notifications and signs them by Standard Webhooks, with code of its own, so that
//! the server's can be proved wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::caller::{Answer, Caller};
use crate::secrets;

/// The content of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationContent {
    /// The gateway took the payment's amount.
    Captured,
    /// The gateway took another amount.
    CapturedOf(u64),
    /// It refused.
    Failed,
    /// It gave the payment up.
    Canceled,
    /// Something we do not know.
    Other(String),
}

impl NotificationContent {
    fn kind(&self) -> &str {
        match self {
            Self::Captured | Self::CapturedOf(_) => "payment.captured",
            Self::Failed => "payment.failed",
            Self::Canceled => "payment.canceled",
            Self::Other(kind) => kind,
        }
    }

    /// The body about a payment of `amount`.
    pub fn about(&self, payment_id: &str, amount: u64) -> Value {
        let amount = match self {
            Self::CapturedOf(other) => *other,
            _ => amount,
        };
        json!({ "type": self.kind(), "payment_id": payment_id, "amount": amount })
    }
}

/// One delivery of a notification.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `webhook-id`: the same for every delivery of one event.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub at_s: u64,
    /// The body.
    pub body: Vec<u8>,
    /// `webhook-signature`.
    pub signature: String,
}

impl Delivery {
    /// A delivery now, signed with the present secret.
    pub fn now(id: &str, body: &Value) -> Self {
        Self::signed(id, secrets::now_s(), body.to_string(), secrets::WEBHOOK_NEW)
    }

    /// A delivery signed with `secret`.
    pub fn signed(id: &str, at_s: u64, body: impl Into<Vec<u8>>, secret: &[u8]) -> Self {
        let body = body.into();
        Self {
            signature: signature(secret, id, at_s, &body),
            id: id.to_owned(),
            at_s,
            body,
        }
    }

    /// The request that carries it.
    pub fn request(&self, to: &Caller) -> RequestBuilder {
        to.request(Method::POST, "/api/v1/payments/webhook/mock")
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", self.at_s.to_string())
            .header("webhook-signature", &self.signature)
            .body(self.body.clone())
    }

    /// Delivers it.
    pub async fn to(&self, caller: &Caller) -> Answer {
        Answer::to(self.request(caller)).await
    }
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
pub fn signature(secret: &[u8], id: &str, at_s: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(format!("{id}.{at_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
