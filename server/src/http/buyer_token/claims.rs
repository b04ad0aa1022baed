//! The claims of a token, by RFC 7519: subject, validity, issuer and audience. They are read only after the signature
//! was verified.

use std::fmt;
use std::time::Duration;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use super::LEEWAY;
use super::header::given;
use super::refusal::Refusal;
use crate::config::{Buyers, ClaimText};
use crate::http::objects::Objects;

/// The longest `sub` that is taken for a buyer's id.
pub(super) const SUBJECT_LENGTH_MAX: usize = 128;

/// The settings' requirements for every token.
pub(super) struct Expected {
    issuer: Option<ClaimText>,
    audience: Vec<ClaimText>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: NumericDate,
    #[serde(default, deserialize_with = "given")]
    nbf: Option<NumericDate>,
    /// It must be a date, but has no influence: it tells a token's age, not its validity.
    #[serde(default, deserialize_with = "given", rename = "iat")]
    _iat: Option<NumericDate>,
    #[serde(default, deserialize_with = "given")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "given")]
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn includes(&self, wanted: &ClaimText) -> bool {
        match self {
            Self::One(one) => one == wanted.as_str(),
            Self::Many(many) => many.iter().any(|one| one == wanted.as_str()),
        }
    }
}

impl Expected {
    pub(super) fn new(buyers: &Buyers) -> Self {
        Self {
            issuer: buyers.issuer.clone(),
            audience: buyers.audience.clone(),
        }
    }

    fn check(&self, claims: &Claims) -> Result<(), Refusal> {
        let issued = self.issuer.as_ref().is_none_or(|issuer| {
            let claimed = claims.iss.as_deref();
            claimed == Some(issuer.as_str())
        });
        if !issued {
            return Err(Refusal::Issuer);
        }
        let is_meant = |wanted: &ClaimText| {
            let claimed = claims.aud.as_ref();
            claimed.is_some_and(|claimed| claimed.includes(wanted))
        };
        if !self.audience.is_empty() && !self.audience.iter().any(is_meant) {
            return Err(Refusal::Audience);
        }
        Ok(())
    }
}

/// The buyer that these claims name, if all of them hold at `now_ms`.
pub(super) fn buyer(json: &[u8], expected: &Expected, now_ms: i64) -> Result<String, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let claims = Claims::deserialize(Objects(&mut deserializer)).map_err(|_| Refusal::Claims)?;
    deserializer.end().map_err(|_| Refusal::Claims)?;
    let subject_fits = (1..=SUBJECT_LENGTH_MAX).contains(&claims.sub.len())
        && !claims.sub.chars().any(char::is_control);
    if !subject_fits {
        return Err(Refusal::Subject);
    }
    expected.check(&claims)?;
    let now = Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    let begun = |NumericDate(nbf)| nbf <= now.saturating_add(LEEWAY);
    if !claims.nbf.is_none_or(begun) {
        return Err(Refusal::TooEarly);
    }
    let NumericDate(exp) = claims.exp;
    if exp.saturating_add(LEEWAY) <= now {
        return Err(Refusal::Expired);
    }
    Ok(claims.sub)
}

/// Seconds since 1970, perhaps with a fraction, up to the end of the year 9999: a larger number counts milliseconds,
/// and would keep a token valid for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NumericDate(Duration);

impl NumericDate {
    const END: Duration = Duration::from_hours(2_932_897 * 24);

    fn of(since_1970: Duration) -> Option<Self> {
        (since_1970 < Self::END).then_some(Self(since_1970))
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reads)
    }
}

struct Reads;

impl Visitor<'_> for Reads {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
        NumericDate::of(Duration::from_secs(seconds)).ok_or_else(|| E::custom("no such date"))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
        let since_1970 = Duration::try_from_secs_f64(seconds).ok();
        since_1970
            .and_then(NumericDate::of)
            .ok_or_else(|| E::custom("no such date"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn expecting(issuer: &str, audience: &str) -> Expected {
        Expected {
            issuer: Value::parse(issuer).unwrap(),
            audience: Value::parse(audience).unwrap(),
        }
    }

    fn read(json: &str) -> Result<String, Refusal> {
        buyer(json.as_bytes(), &expecting("", ""), NOW_MS)
    }

    fn with(claims: &str) -> Result<String, Refusal> {
        read(&format!(r#"{{"sub":"b","exp":1800000600{claims}}}"#))
    }

    #[test]
    fn a_date_may_have_a_fraction_and_an_exponent() {
        let exp = |text: &str| read(&format!(r#"{{"sub":"b","exp":{text}}}"#));
        for good in [
            "1800000000.5",
            "1.8000006e9",
            "1800000600.0",
            "253402300799.999",
        ] {
            assert_eq!(exp(good).unwrap(), "b", "{good}");
        }
        // The leeway ends with the fraction, not before it.
        assert!(exp("1799999970.001").is_ok());
        assert!(matches!(exp("1799999970.0"), Err(Refusal::Expired)));
        assert!(matches!(exp("1799999969.999"), Err(Refusal::Expired)));
        assert!(with(r#","nbf":1800000030.0,"iat":1799999999.123"#).is_ok());
        let early = with(r#","nbf":1800000030.001"#);
        assert!(matches!(early, Err(Refusal::TooEarly)));
    }

    #[test]
    fn an_absurd_date_is_no_date() {
        for absurd in [
            "-1",
            "-0.5",
            "-1e308",
            "1e308",
            "1e400",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775809",
            "253402300800",
            "1800000600000",
            "NaN",
            "Infinity",
            "null",
            "true",
            "\"1800000600\"",
            "[1800000600]",
            "{}",
        ] {
            let exp = read(&format!(r#"{{"sub":"b","exp":{absurd}}}"#));
            assert!(matches!(exp, Err(Refusal::Claims)), "exp {absurd}");
            for claim in ["nbf", "iat"] {
                let refused = with(&format!(r#","{claim}":{absurd}"#));
                assert!(matches!(refused, Err(Refusal::Claims)), "{claim} {absurd}");
            }
        }
        for early in ["0", "-0.0", "0.001", "1e-320"] {
            let exp = read(&format!(r#"{{"sub":"b","exp":{early}}}"#));
            assert!(matches!(exp, Err(Refusal::Expired)), "exp {early}");
            assert!(with(&format!(r#","nbf":{early},"iat":{early}"#)).is_ok());
        }
    }

    #[test]
    fn a_subject_is_a_buyers_id() {
        let sub = |sub: &str| read(&format!(r#"{{"sub":{sub},"exp":1800000600}}"#));
        for good in ["\"b\"", "\"auth0|5f7c\"", "\"구매자\""] {
            assert!(sub(good).is_ok(), "{good}");
        }
        for wrong in ["\"\"", "\"b\\n\"", &format!("{:?}", "b".repeat(129))] {
            assert!(matches!(sub(wrong), Err(Refusal::Subject)), "{wrong}");
        }
        for wrong in ["7", "null", "[\"b\"]"] {
            assert!(matches!(sub(wrong), Err(Refusal::Claims)), "{wrong}");
        }
    }

    #[test]
    fn issuer_and_audience_are_checked_if_they_are_set() {
        const ISS: &str = r#","iss":"https://login.example""#;
        let expected = expecting("https://login.example", "shop-web,shop-app");
        let told = |claims: &str| {
            let json = format!(r#"{{"sub":"b","exp":1800000600{claims}}}"#);
            buyer(json.as_bytes(), &expected, NOW_MS)
        };
        for good in [r#""shop-web""#, r#"["other","shop-app"]"#] {
            assert!(told(&format!(r#"{ISS},"aud":{good}"#)).is_ok(), "{good}");
        }
        for aud in [
            "",
            r#","aud":"shop""#,
            r#","aud":[]"#,
            r#","aud":["SHOP-WEB"]"#,
        ] {
            let refused = told(&format!("{ISS}{aud}"));
            assert!(matches!(refused, Err(Refusal::Audience)), "{aud}");
        }
        for iss in [
            "",
            r#","iss":"https://login.example/""#,
            r#","iss":"HTTPS://login.example""#,
        ] {
            let refused = told(&format!(r#"{iss},"aud":"shop-web""#));
            assert!(matches!(refused, Err(Refusal::Issuer)), "{iss}");
        }
    }

    #[test]
    fn claim_that_violates_the_rfc_is_refused() {
        for claims in [
            r#","aud":7"#,
            r#","aud":null"#,
            r#","aud":["a",7]"#,
            r#","iss":7"#,
            r#","sub":"c""#,
            r#","exp":1900000000"#,
        ] {
            assert!(matches!(with(claims), Err(Refusal::Claims)), "{claims}");
        }
        for json in [
            "",
            "[]",
            r#"["b",1800000600]"#,
            "7",
            r#"{"sub":"b"}"#,
            "{}x",
        ] {
            assert!(matches!(read(json), Err(Refusal::Claims)), "{json}");
        }
        assert!(with(r#","role":"x","aud":"whoever","iss":"anyone""#).is_ok());
    }
}
