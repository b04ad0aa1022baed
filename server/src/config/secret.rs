//! Secrets as settings: read, checked for length, and never shown. An error says what is wrong and how to make a good
//! one, and never repeats the text.

use std::fmt;

use base64::{Engine as _, engine::general_purpose};

use super::value::{Value, parts, quoted};
use crate::hex;

/// The shortest accepted secret, in bytes.
pub const SECRET_BYTES_MIN: usize = 32;
/// The shortest webhook secret once decoded (Standard Webhooks: 24 to 64 bytes).
const WEBHOOK_BYTES_MIN: usize = 24;
/// How to make a secret.
pub(super) const MAKE_SECRET: &str = "make one with: openssl rand -hex 32";
/// How to make a data key.
pub(super) const MAKE_DATA_KEY: &str = "make one with: openssl rand -base64 32";
/// How to make a webhook secret.
pub(super) const MAKE_WEBHOOK_SECRET: &str = "make one with: echo whsec_$(openssl rand -base64 32)";

macro_rules! hidden {
    ($($Type:ident),+) => { $(
        impl fmt::Debug for $Type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($Type), "(hidden)"))
            }
        }
    )+ };
}

hidden!(Secret, WebhookSecret, DataKey);

/// A secret text: at least 32 visible ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for comparing and signing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Value for Secret {
    const KIND: &'static str = "a secret of at least 32 bytes";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "has a character that no header can carry; {MAKE_SECRET}"
            ));
        }
        if text.len() < SECRET_BYTES_MIN {
            return Err(format!(
                "is {} bytes, at least {SECRET_BYTES_MIN} are needed; {MAKE_SECRET}",
                text.len()
            ));
        }
        Ok(Self(text.to_owned()))
    }

    fn toml(&self) -> String {
        quoted("(hidden)")
    }
}

/// A secret with its holder's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSecret {
    /// The holder; the actor in approvals and audit.
    pub name: String,
    /// The holder's secret.
    pub secret: Secret,
}

/// Several of them, written `kim:secret,lee:secret`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedSecrets(pub Vec<NamedSecret>);

impl Value for NamedSecrets {
    const KIND: &'static str = "name:secret, several with commas";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let mut named: Vec<NamedSecret> = Vec::new();
        for part in parts(text) {
            let Some((name, secret)) = part.split_once(':') else {
                return Err("expected name:secret, several with commas".into());
            };
            if !is_name(name) {
                return Err("a name is 1 to 32 of a-z, 0-9, `-` and `_`".into());
            }
            if named.iter().any(|other| other.name == name) {
                return Err(format!("names {name} twice"));
            }
            let secret = Secret::parse(secret).map_err(|wrong| format!("{name}'s {wrong}"))?;
            named.push(NamedSecret {
                name: name.to_owned(),
                secret,
            });
        }
        Ok(Self(named))
    }

    fn toml(&self) -> String {
        let hidden: Vec<_> = self
            .0
            .iter()
            .map(|named| format!("{}:(hidden)", named.name))
            .collect();
        quoted(&hidden.join(","))
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// A key of Standard Webhooks: `whsec_` and base64.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// The decoded key, for signing and verifying.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let Some(encoded) = text.strip_prefix("whsec_") else {
            return Err(format!("must begin with whsec_; {MAKE_WEBHOOK_SECRET}"));
        };
        let Some(bytes) = decode_base64(encoded) else {
            return Err(format!("is not base64 after whsec_; {MAKE_WEBHOOK_SECRET}"));
        };
        if bytes.len() < WEBHOOK_BYTES_MIN {
            return Err(format!(
                "holds {} bytes, at least {WEBHOOK_BYTES_MIN} are needed; {MAKE_WEBHOOK_SECRET}",
                bytes.len()
            ));
        }
        Ok(Self(bytes))
    }
}

/// Several of them: the first signs, all verify.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookSecrets(pub Vec<WebhookSecret>);

impl Value for WebhookSecrets {
    const KIND: &'static str = "whsec_ and base64 of at least 24 bytes, several with commas";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        parts(text)
            .map(WebhookSecret::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn toml(&self) -> String {
        quoted(&vec!["(hidden)"; self.0.len()].join(","))
    }
}

/// 32 bytes that wrap the keys of sealed data.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// The key itself, for the keyring.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Value for DataKey {
    const KIND: &'static str = "32 bytes as base64 or hex";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        hex::bytes32(text)
            .or_else(|| decode_base64(text)?.try_into().ok())
            .map(Self)
            .ok_or_else(|| format!("is not 32 bytes as base64 or hex; {MAKE_DATA_KEY}"))
    }

    fn toml(&self) -> String {
        quoted("(hidden)")
    }
}

/// Either alphabet, padded or not.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let unpadded = text.trim_end_matches('=');
    general_purpose::STANDARD_NO_PAD
        .decode(unpadded)
        .or_else(|_| general_purpose::URL_SAFE_NO_PAD.decode(unpadded))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::parse(GOOD).unwrap();
        let named = NamedSecrets::parse(&format!("kim:{GOOD}")).unwrap();
        let data = DataKey::parse(&"ab".repeat(32)).unwrap();
        for shown in [
            format!("{secret:?} {named:?} {data:?}"),
            secret.toml(),
            named.toml(),
        ] {
            assert!(!shown.contains("0123") && !shown.contains("171"), "{shown}");
        }
        assert_eq!(named.toml(), "\"kim:(hidden)\"");
    }

    #[test]
    fn a_short_secret_is_refused_with_what_to_do_and_not_repeated() {
        let error = Secret::parse("hunter2-hunter2").unwrap_err();
        assert!(
            error.contains("15 bytes") && error.contains("openssl rand"),
            "{error}"
        );
        assert!(!error.contains("hunter2"));
        assert!(Secret::parse(&format!("{GOOD} with space")).is_err());
        assert!(Secret::parse(&GOOD[1..]).is_err());
    }

    #[test]
    fn names_come_once_and_are_plain() {
        let two = NamedSecrets::parse(&format!("kim:{GOOD}, lee:{GOOD}x")).unwrap();
        assert_eq!(two.0[1].name, "lee");
        for wrong in ["kim:{},kim:{}", ":{}", "Kim:{}", "{}"] {
            let text = wrong.replace("{}", GOOD);
            let error = NamedSecrets::parse(&text).unwrap_err();
            assert!(!error.contains(GOOD), "{error}");
        }
    }

    #[test]
    fn data_keys_are_hex_or_base64_of_32_bytes() {
        let hex = DataKey::parse(&"ff".repeat(32)).unwrap();
        let base64 = DataKey::parse("//////////////////////////////////////////8=").unwrap();
        assert_eq!(hex, base64);
        assert_eq!(
            DataKey::parse("__________________________________________8").unwrap(),
            hex
        );
        for wrong in ["", "ff", &"ff".repeat(31), &"zz".repeat(32), "é"] {
            assert!(DataKey::parse(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn webhook_secrets_rotate_and_hold_24_bytes() {
        let long = format!("whsec_{}", "A".repeat(32));
        let both = WebhookSecrets::parse(&format!("{long},{long}")).unwrap();
        assert_eq!((both.0.len(), both.0[0].expose().len()), (2, 24));
        for wrong in [
            "A".repeat(32),
            "whsec_".into(),
            "whsec_AAAA".into(),
            "whsec_*".into(),
        ] {
            assert!(WebhookSecrets::parse(&wrong).is_err(), "{wrong} was taken");
        }
    }
}
