//! The HTTP requests. A payment key is unverified input from the browser until Toss has confirmed it, so it is put
//! into a path only as one percent-encoded segment, and into a body only as JSON text.

use std::fmt::Write as _;

use bytes::Bytes;
use daegeum_engine::amounts::{Amounts, Component};
use daegeum_engine::id::OperationId;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use serde::Serialize;

use super::payment::KEY_MAX;
use crate::config::HttpUrl;
use crate::gateway::{Ask, By, Call};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Confirm<'a> {
    payment_key: &'a str,
    order_id: String,
    amount: u64,
}

/// The amounts are all sent, though Toss knows a usual value for each. `refundableAmount` is the amount that we expect
/// to be left before; if Toss disagrees it refuses, instead of refunding an unexpected amount. An account that waits for
/// a transfer has no amounts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    #[serde(rename = "cancelReason")]
    reason: String,
    #[serde(flatten)]
    amounts: Option<CancelAmounts>,
}

#[derive(Serialize)]
struct CancelAmounts {
    #[serde(rename = "cancelAmount")]
    refund: u64,
    #[serde(rename = "taxFreeAmount")]
    untaxed: u64,
    #[serde(rename = "refundableAmount")]
    before: u64,
}

/// The request of a call.
pub(super) fn request(
    base_url: &HttpUrl,
    authorization: &HeaderValue,
    call: &Call,
) -> Request<Bytes> {
    let by_order = || (format!("/v1/payments/orders/{}", call.payment), None);
    let (path, body) = match (call.ask, key_in_path(call)) {
        (Ask::Confirm, _) => ("/v1/payments/confirm".to_owned(), Some(confirm(call))),
        (Ask::Cancel, Some(key)) => (
            format!("/v1/payments/{}/cancel", segment(key)),
            Some(cancel(call)),
        ),
        (Ask::Inquire { by: By::Name, .. }, Some(key)) => {
            (format!("/v1/payments/{}", segment(key)), None)
        }
        // Toss's cancel needs Toss's own key, and Toss authorizes nothing that could be captured or voided. Otherwise
        // the only possible request is an inquiry.
        (Ask::Cancel | Ask::Capture | Ask::Void | Ask::Inquire { .. }, _) => by_order(),
    };
    let mut request = Request::new(Bytes::new());
    // Both halves were checked or encoded, so this always parses; an empty address is never sent.
    *request.uri_mut() = Uri::try_from(format!("{base_url}{path}")).unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, authorization.clone());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("ko-KR"));
    if let Some(body) = body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Unquoted, and on POST only: Toss ignores it on GET.
        if let Some(key) = call.operation.and_then(idempotency_key) {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        *request.method_mut() = Method::POST;
        *request.body_mut() = body;
    }
    request
}

fn idempotency_key(operation: OperationId) -> Option<HeaderValue> {
    HeaderValue::try_from(operation.to_string()).ok()
}

fn confirm(call: &Call) -> Bytes {
    json(&Confirm {
        payment_key: call.name.as_ref().map_or("", |name| &*name.0),
        order_id: call.payment.to_string(),
        amount: call.amounts.total().minor(),
    })
}

fn cancel(call: &Call) -> Bytes {
    json(&Cancel {
        reason: match call.operation {
            Some(operation) => format!("주문 취소 ({operation})"),
            None => "주문 취소".to_owned(),
        },
        amounts: (!call.amounts.is_zero()).then(|| CancelAmounts {
            refund: call.amounts.total().minor(),
            untaxed: untaxed(&call.amounts),
            before: call.there.total().minor(),
        }),
    })
}

/// A tip bears no VAT either.
fn untaxed(amounts: &Amounts) -> u64 {
    let (tax_free, tip) = (amounts.get(Component::TaxFree), amounts.get(Component::Tip));
    tax_free.saturating_add(tip)
}

fn json(body: &impl Serialize) -> Bytes {
    // Text and numbers: writing them cannot fail.
    serde_json::to_vec(body).unwrap_or_default().into()
}

/// Whether the call is an inquiry by Toss's key. Without a key that can be a path segment it uses the order number.
pub(super) fn asks_by_name(call: &Call) -> bool {
    match call.ask {
        Ask::Inquire { by: By::Name, .. } => key_in_path(call).is_some(),
        Ask::Inquire {
            by: By::OrderNumber,
            ..
        }
        | Ask::Confirm
        | Ask::Capture
        | Ask::Void
        | Ask::Cancel => false,
    }
}

/// The payment's key if it can be a path segment. An overlong key is none, and dots alone would change the path,
/// encoded or not.
fn key_in_path(call: &Call) -> Option<&str> {
    let key = &*call.name.as_ref()?.0;
    let fits = (1..=KEY_MAX).contains(&key.len()) && !matches!(key, "." | "..");
    fits.then_some(key)
}

/// Encodes everything but RFC 3986's unreserved characters.
fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let written = write!(encoded, "%{byte:02X}");
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
    }
    encoded
}
