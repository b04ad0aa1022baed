//! The header of a token, strictly by RFC 7515: an unknown critical extension (`crit`) refuses the token, and so does
//! another type.

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::refusal::Refusal;
use crate::http::objects::Objects;

/// The fields that are read. All others may be ignored, above all `jku`, `jwk` and `x5u`: a token does not say where
/// its key is.
#[derive(Deserialize)]
pub(super) struct Header {
    /// The algorithm that the token claims: compared with the key's, never followed.
    pub(super) alg: String,
    /// The key's id.
    #[serde(default, deserialize_with = "given")]
    pub(super) kid: Option<String>,
    #[serde(default, deserialize_with = "given")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "given")]
    crit: Option<IgnoredAny>,
}

/// A parameter that is there has a value; `null` is none.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Header {
    /// Reads the header's JSON.
    pub(super) fn read(json: &[u8]) -> Result<Self, Refusal> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let header = Self::deserialize(Objects(&mut deserializer)).map_err(|_| Refusal::Header)?;
        deserializer.end().map_err(|_| Refusal::Header)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        if !header.typ.as_deref().is_none_or(is_taken) {
            return Err(Refusal::Type);
        }
        Ok(header)
    }
}

/// `JWT`, or `at+jwt` (RFC 9068); media types, so in any case and perhaps with `application/`.
fn is_taken(typ: &str) -> bool {
    let lower = typ.to_ascii_lowercase();
    let kind = lower.strip_prefix("application/").unwrap_or(&lower);
    matches!(kind, "jwt" | "at+jwt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Header, Refusal> {
        Header::read(json.as_bytes())
    }

    #[test]
    fn a_header_names_algorithm_and_key_and_may_say_more() {
        let header = read(r#"{"alg":"ES256","kid":"k","typ":"JWT","x5t":"x","any":{"thing":1}}"#);
        let header = header.unwrap();
        assert_eq!((&*header.alg, header.kid.as_deref()), ("ES256", Some("k")));
        for typ in [
            "jwt",
            "JWT",
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "application/JWT",
        ] {
            assert!(
                read(&format!(r#"{{"alg":"a","typ":"{typ}"}}"#)).is_ok(),
                "{typ}"
            );
        }
    }

    #[test]
    fn a_token_for_something_else_is_refused() {
        for typ in ["daegeum-receipt+jwt", "logout+jwt", "JOSE", "", "jwt "] {
            let refused = read(&format!(r#"{{"alg":"a","typ":"{typ}"}}"#));
            assert!(matches!(refused, Err(Refusal::Type)), "{typ}");
        }
    }

    #[test]
    fn every_critical_extension_is_unknown() {
        for crit in [
            r#"["exp"]"#,
            r#"["b64"]"#,
            r#"["x-own"]"#,
            "[]",
            r#""exp""#,
            "null",
            "{}",
        ] {
            let refused = read(&format!(r#"{{"alg":"HS256","crit":{crit},"b64":false}}"#));
            assert!(matches!(refused, Err(Refusal::Critical)), "{crit}");
        }
    }

    #[test]
    fn malformed_header_is_refused() {
        for wrong in [
            "",
            "{}",
            "[]",
            r#"["HS256"]"#,
            r#"{"alg":1}"#,
            r#"{"alg":null}"#,
            r#"{"alg":"a","alg":"b"}"#,
            r#"{"alg":"a","kid":"1","kid":"2"}"#,
            r#"{"alg":"a","kid":7}"#,
            r#"{"alg":"a","kid":null}"#,
            r#"{"alg":"a","typ":["JWT"]}"#,
            r#"{"alg":"a"}x"#,
            "\u{feff}{\"alg\":\"a\"}",
        ] {
            assert!(matches!(read(wrong), Err(Refusal::Header)), "{wrong}");
        }
    }
}
