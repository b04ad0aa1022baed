//! Signs and verifies notifications by Standard Webhooks. Pure: the time is an input.
//!
//! Rules and vectors are those of the specification 1.0.0: `{id}.{timestamp}.{body}` under HMAC-SHA256, a list of
//! `v1,<base64>` separated by single spaces; any match counts, unknown versions are skipped.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::generic_array::GenericArray;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

/// The largest difference between a notification's time and ours, in seconds, either way.
pub const TOLERANCE_S: u64 = 300;

/// A shared secret. At least 24 bytes; its Debug shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Box<[u8]>);

/// The reason why a secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidSecret {
    /// It is not `whsec_` followed by standard base64.
    #[error("a webhook secret is whsec_ followed by standard base64")]
    Malformed,
    /// Fewer than 24 bytes can be guessed; more than 64 are a mistake.
    #[error("a webhook secret has 24 to 64 bytes before base64")]
    Length,
}

impl WebhookSecret {
    /// Parses `whsec_…`.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text
            .strip_prefix("whsec_")
            .ok_or(InvalidSecret::Malformed)?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| InvalidSecret::Malformed)?;
        Self::from_bytes(&bytes)
    }

    /// Accepts the decoded bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(bytes.into()))
        } else {
            Err(InvalidSecret::Length)
        }
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The three headers of a notification as received.
#[derive(Debug, Clone, Copy)]
pub struct SignatureHeaders<'a> {
    /// `webhook-id`: the same for each delivery of one event.
    pub id: &'a str,
    /// `webhook-timestamp`: when this delivery was attempted, in seconds.
    pub timestamp: &'a str,
    /// `webhook-signature`: the list of signatures.
    pub signature: &'a str,
}

/// The reason why a notification is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The id is empty, too long, or has a dot or an unprintable character.
    #[error("webhook-id is malformed")]
    MalformedId,
    /// The timestamp is not a whole number of seconds.
    #[error("webhook-timestamp is malformed")]
    MalformedTimestamp,
    /// The delivery is too old, or from the future.
    #[error("webhook-timestamp is too far from the present")]
    Stale,
    /// No signature of the list matches.
    #[error("no signature matches")]
    NoMatch,
}

/// Signs one delivery: `v1,<base64>`.
pub fn sign(secret: &WebhookSecret, id: &str, timestamp_s: u64, body: &[u8]) -> String {
    let tag = keyed(secret, id, &timestamp_s.to_string(), body)
        .finalize()
        .into_bytes();
    format!("v1,{}", STANDARD.encode(tag))
}

/// Verifies that one of `secrets` signed this delivery recently.
pub fn verify(
    secrets: &[WebhookSecret],
    headers: SignatureHeaders<'_>,
    body: &[u8],
    now_s: u64,
) -> Result<(), SignatureError> {
    let well_formed = |id: &str| {
        (1..=255).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.')
    };
    if !well_formed(headers.id) {
        return Err(SignatureError::MalformedId);
    }
    let timestamp_s = whole_seconds(headers.timestamp).ok_or(SignatureError::MalformedTimestamp)?;
    if now_s.abs_diff(timestamp_s) > TOLERANCE_S {
        return Err(SignatureError::Stale);
    }
    let signatures = headers
        .signature
        .split(' ')
        .filter_map(|entry| entry.strip_prefix("v1,"));
    for signature in signatures.filter_map(|encoded| STANDARD.decode(encoded).ok()) {
        for secret in secrets {
            let mac = keyed(secret, headers.id, headers.timestamp, body);
            if mac.verify_slice(&signature).is_ok() {
                return Ok(());
            }
        }
    }
    Err(SignatureError::NoMatch)
}

/// Digits only: a sign, a fraction or a space would be signed differently by others.
fn whole_seconds(text: &str) -> Option<u64> {
    let digits = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|seconds| digits && *seconds < (1 << 53))
}

fn keyed(secret: &WebhookSecret, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    // HMAC accepts keys of any length, so the other branch is never taken.
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0)
        .unwrap_or_else(|_| Hmac::new(&GenericArray::default()));
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn secret() -> WebhookSecret {
        WebhookSecret::parse(SECRET).unwrap()
    }

    fn check(signature: &str, timestamp: &str, now_s: u64) -> Result<(), SignatureError> {
        let headers = SignatureHeaders {
            id: "msg_1",
            timestamp,
            signature,
        };
        verify(&[secret()], headers, b"{}", now_s)
    }

    #[test]
    fn published_vectors_give_the_published_signatures() {
        let signed = sign(
            &secret(),
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            br#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(signed, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
        let other = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign(
            &other,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let korean = r#"{"type":"payment.paid","timestamp":"2026-11-21T01:00:00Z","data":{"name":"김철수","amount":15000}}"#;
        let signed = sign(&secret(), "msg_ko1", 1_700_000_000, korean.as_bytes());
        assert_eq!(signed, "v1,2+NPuPS66nT3X2q0qlfRFREYZv0IiLSQ6U6CISBIBRE=");
    }

    #[test]
    fn delivery_is_accepted_for_five_minutes_either_way() {
        let signed = sign(&secret(), "msg_1", 1_000, b"{}");
        for (now, expected) in [
            (700, Ok(())),
            (1_300, Ok(())),
            (699, Err(SignatureError::Stale)),
            (1_301, Err(SignatureError::Stale)),
        ] {
            assert_eq!(check(&signed, "1000", now), expected, "at {now}");
        }
    }

    #[test]
    fn any_matching_signature_of_the_list_is_enough() {
        let good = sign(&secret(), "msg_1", 1_000, b"{}");
        for list in [
            format!("v1a,abc {good}"),
            format!("v1,AAAA {good}"),
            format!("junk {good}"),
            format!("{good} v9,x"),
        ] {
            assert_eq!(check(&list, "1000", 1_000), Ok(()), "{list}");
        }
        for list in [
            "",
            "v1,",
            "v1,AAAA",
            &good.replace("v1,", "v2,"),
            &good.replace("v1,", "V1,"),
        ] {
            assert_eq!(
                check(list, "1000", 1_000),
                Err(SignatureError::NoMatch),
                "{list}"
            );
        }
    }

    #[test]
    fn both_secrets_of_a_rotation_verify_and_others_do_not() {
        let old = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(&old, "msg_1", 1_000, b"{}");
        let headers = SignatureHeaders {
            id: "msg_1",
            timestamp: "1000",
            signature: &signature,
        };
        assert_eq!(verify(&[secret(), old], headers, b"{}", 1_000), Ok(()));
        assert_eq!(
            verify(&[secret()], headers, b"{}", 1_000),
            Err(SignatureError::NoMatch)
        );
        assert_eq!(
            verify(&[], headers, b"{}", 1_000),
            Err(SignatureError::NoMatch)
        );
    }

    #[test]
    fn timestamps_and_ids_are_strict() {
        let signed = sign(&secret(), "msg_1", 1_000, b"{}");
        for wrong in ["", "1000.5", "+1000", " 1000", "1e3", "99999999999999999"] {
            assert_eq!(
                check(&signed, wrong, 1_000),
                Err(SignatureError::MalformedTimestamp),
                "{wrong}"
            );
        }
        let headers = SignatureHeaders {
            id: "a.b",
            timestamp: "1000",
            signature: &signed,
        };
        assert_eq!(
            verify(&[secret()], headers, b"{}", 1_000),
            Err(SignatureError::MalformedId)
        );
    }

    #[test]
    fn short_secrets_are_refused_and_no_secret_is_shown() {
        assert_eq!(
            WebhookSecret::parse("whsec_AAAA"),
            Err(InvalidSecret::Length)
        );
        assert_eq!(
            WebhookSecret::parse("C2FVsBQIhrscChlQIMV"),
            Err(InvalidSecret::Malformed)
        );
        assert_eq!(format!("{:?}", secret()), "WebhookSecret(…)");
    }
}
