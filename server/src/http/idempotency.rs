//! The caller's idempotency key, from the header or the body. Its meaning (replay, conflict, proceed) is decided by
//! the engine.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{HttpErrorCode, Problem};

const HEADER: &str = "idempotency-key";
const LENGTH_MAX: usize = 255;

/// 1 to 255 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Extracts the headers of a request that may carry an idempotency key.
#[derive(Debug, Clone)]
pub struct KeyHeader(pub HeaderMap);

impl<S: Sync> FromRequestParts<S> for KeyHeader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

impl IdempotencyKey {
    /// The key as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a request, if it has one.
    pub fn of(headers: &HeaderMap, body: &BodyKey) -> Result<Option<Self>, Problem> {
        let sent = Self::in_header(headers)?;
        match (sent, &body.0) {
            (sent, Sent::Nothing) => Ok(sent),
            (None, Sent::Key(text)) => Self::parse(text.as_bytes()).map(Some),
            (Some(key), Sent::Key(text)) if key.0 == *text => Ok(Some(key)),
            (Some(_), Sent::Key(text)) => {
                // Report an invalid key first: it is wrong whatever the header says.
                Self::parse(text.as_bytes())?;
                Err(HttpErrorCode::ConflictingIdempotencyKeys.into())
            }
            (_, Sent::Null) => {
                let refused = Problem::from(HttpErrorCode::InvalidIdempotencyKey);
                Err(refused.at("idempotency_key", "is null"))
            }
        }
    }

    /// The key of a request that must have one.
    pub fn required(headers: &HeaderMap, body: &BodyKey) -> Result<Self, Problem> {
        Self::of(headers, body)?.ok_or_else(|| HttpErrorCode::IdempotencyKeyRequired.into())
    }

    fn in_header(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(HEADER).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Self::parse(value.as_bytes()).map(Some),
            (Some(_), Some(_)) => Err(HttpErrorCode::InvalidIdempotencyKey.into()),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let fits = (1..=LENGTH_MAX).contains(&bytes.len())
            && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) if fits => Ok(Self(text)),
            _ => Err(HttpErrorCode::InvalidIdempotencyKey.into()),
        }
    }
}

/// The body's field `idempotency_key`, for a request's struct: `#[serde(default)]`. Distinguishes a missing field
/// from `null`, which is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyKey(Sent);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Sent {
    #[default]
    Nothing,
    Null,
    Key(String),
}

impl BodyKey {
    /// Always true: the key is not part of the request, so it is left out when the request is serialized for its
    /// fingerprint. (`skip_serializing` would hide the field from the API's description too.)
    pub fn is_beside_the_request(&self) -> bool {
        true
    }
}

impl Serialize for BodyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for BodyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = Option::<String>::deserialize(deserializer)?;
        Ok(Self(sent.map_or(Sent::Null, Sent::Key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(header: Option<&[u8]>, body: &str) -> Result<Option<String>, &'static str> {
        #[derive(Deserialize)]
        struct Request {
            #[serde(default)]
            idempotency_key: BodyKey,
        }
        let mut headers = HeaderMap::new();
        if let Some(bytes) = header {
            headers.insert(HEADER, axum::http::HeaderValue::from_bytes(bytes).unwrap());
        }
        let request: Request = serde_json::from_str(body).unwrap();
        IdempotencyKey::of(&headers, &request.idempotency_key)
            .map(|key| key.map(|key| key.0))
            .map_err(|problem| problem.code())
    }

    #[test]
    fn key_may_be_in_header_or_body_and_both_must_agree() {
        let one = Ok(Some("k 1".to_owned()));
        assert_eq!(key_of(None, "{}"), Ok(None));
        assert_eq!(key_of(Some(b"k 1"), "{}"), one);
        assert_eq!(key_of(None, r#"{"idempotency_key":"k 1"}"#), one);
        assert_eq!(key_of(Some(b"k 1"), r#"{"idempotency_key":"k 1"}"#), one);
        let both = key_of(Some(b"k 2"), r#"{"idempotency_key":"k 1"}"#);
        assert_eq!(both, Err("CONFLICTING_IDEMPOTENCY_KEYS"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let longest = "k".repeat(255);
        assert!(key_of(Some(longest.as_bytes()), "{}").is_ok());
        let too_long = "k".repeat(256);
        for header in [&b""[..], b"k\xc3\xa9", b"k\tk", too_long.as_bytes()] {
            assert_eq!(key_of(Some(header), "{}"), Err("INVALID_IDEMPOTENCY_KEY"));
        }
        for body in ["null", "\"\"", "\"\u{e9}\"", "\"\\n\"", "\"\\u007f\""] {
            let body = format!("{{\"idempotency_key\":{body}}}");
            assert_eq!(
                key_of(None, &body),
                Err("INVALID_IDEMPOTENCY_KEY"),
                "{body}"
            );
            assert_eq!(
                key_of(Some(b"k"), &body),
                Err("INVALID_IDEMPOTENCY_KEY"),
                "{body}"
            );
        }
    }

    #[test]
    fn a_second_header_is_one_too_many() {
        let mut headers = HeaderMap::new();
        headers.append(HEADER, "k".parse().unwrap());
        headers.append(HEADER, "k".parse().unwrap());
        let refused = IdempotencyKey::of(&headers, &BodyKey::default()).unwrap_err();
        assert_eq!(refused.code(), "INVALID_IDEMPOTENCY_KEY");
        let refused = IdempotencyKey::required(&HeaderMap::new(), &BodyKey::default()).unwrap_err();
        assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REQUIRED");
    }
}
