//! Facts about a request before its content is read: its id, its source, and the front it came through. Extractors
//! find them among the request's extensions.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, request::Parts},
};

use super::{error::Problem, front::Front, refusals::Noted};
use crate::world::{World, random_bytes};

/// The header a request's id comes and goes in.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const REQUEST_ID_LENGTH_MAX: usize = 64;

/// A request's name in answers and logs: the caller's own if it is well-formed, else `req_` and 32
/// hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id, or a new one.
    pub(super) fn of(headers: &HeaderMap, world: &dyn World) -> Self {
        match headers.get(REQUEST_ID) {
            Some(value) if is_well_formed(value.as_bytes()) => Self(value.clone()),
            _ => Self::generate(world),
        }
    }

    /// A new id.
    pub fn generate(world: &dyn World) -> Self {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let mut text = *b"req_00000000000000000000000000000000";
        let digits = random_bytes::<16>(world)
            .into_iter()
            .flat_map(|byte| [byte >> 4, byte & 15]);
        for (place, digit) in text.iter_mut().skip(4).zip(digits) {
            *place = DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0');
        }
        let value = HeaderValue::from_bytes(&text);
        Self(value.unwrap_or_else(|_| HeaderValue::from_static("req_")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header's value.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Only characters that cannot forge a log line or a header.
fn is_well_formed(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.iter().all(allowed)
}

/// One request's circumstances.
#[derive(Clone)]
pub struct RequestContext {
    /// Its name.
    pub id: RequestId,
    /// The caller's address: the connection's, or what a trusted proxy says it is.
    pub source: IpAddr,
    pub(super) front: Arc<Front>,
    /// Facts about the request for the log.
    pub(super) noted: Arc<Noted>,
}

impl RequestContext {
    /// The context of the request these extensions belong to.
    pub fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions
            .get()
            .ok_or_else(|| Problem::internal("a request did not pass the front"))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ManualWorld;

    fn id_for(header: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(header).unwrap());
        RequestId::of(&headers, &ManualWorld::new(0, 1))
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        assert_eq!(id_for(b"order-1.try_2").as_str(), "order-1.try_2");
        assert_eq!(id_for(&[b'a'; 64]).as_str().len(), 64);
    }

    #[test]
    fn any_other_is_replaced() {
        for wrong in [&b""[..], &[b'a'; 65], b"a b", b"\"}", b"a\xff", b"a\tb"] {
            let id = id_for(wrong);
            let digits = id.as_str().strip_prefix("req_").expect("a generated id");
            assert!(digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }
}
