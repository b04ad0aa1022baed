//! Which pages of other origins may call what: the shop's own pages the buyer's part of the API, with a session's or a
//! buyer's token and never with cookies; anybody what is public. Nothing else answers a page from elsewhere.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::config::WebOrigin;

/// How long a browser may keep the answer to its question.
const ASK_AGAIN_AFTER: Duration = Duration::from_mins(10);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TOLD: [HeaderName; 3] = [
    header::RETRY_AFTER,
    HeaderName::from_static("idempotent-replayed"),
    HeaderName::from_static("x-request-id"),
];

/// For the buyer's part: pages of these origins.
pub fn pages_of(origins: &[WebOrigin]) -> CorsLayer {
    let origins = origins.iter().map(WebOrigin::as_str);
    // An origin is plain ASCII, which any header can carry.
    let origins = origins.filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers(TOLD)
        .max_age(ASK_AGAIN_AFTER)
}

/// For what is public: everybody, to read.
pub fn everybody() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET])
}
