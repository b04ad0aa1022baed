//! Toss's keys as settings. A key's prefix says which product it belongs to and whether it is live, so a pair that
//! cannot work is found before the first payment.

use std::fmt;

use super::value::{Value, quoted};

/// Whether a key moves real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMode {
    /// It does not.
    Test,
    /// It does.
    Live,
}

/// The Toss contract that a key belongs to; keys of the two do not mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProduct {
    /// Keys for the API, with the payment window (`sk`, `ck`).
    Individual,
    /// Keys for the payment widget (`gsk`, `gck`).
    Widget,
}

/// The meaning of a key's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyKind {
    /// Whether it moves money.
    pub mode: KeyMode,
    /// The contract.
    pub product: KeyProduct,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            KeyMode::Test => "test",
            KeyMode::Live => "live",
        };
        let product = match self.product {
            KeyProduct::Individual => "API",
            KeyProduct::Widget => "widget",
        };
        write!(f, "a {mode} {product} key")
    }
}

/// The secret key: it can move the merchant's money.
#[derive(Clone, PartialEq, Eq)]
pub struct TossSecretKey {
    text: String,
    kind: KeyKind,
}

/// The client key; browsers get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TossClientKey {
    text: String,
    kind: KeyKind,
}

/// Toss's security key, which signs the events of payouts.
#[derive(Clone, PartialEq, Eq)]
pub struct TossSecurityKey(String);

impl fmt::Debug for TossSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TossSecretKey(hidden)")
    }
}

impl fmt::Debug for TossSecurityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TossSecurityKey(hidden)")
    }
}

impl TossSecretKey {
    /// The text itself, for the one header it goes into.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }
}

impl TossClientKey {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }
}

impl TossSecurityKey {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Value for TossSecretKey {
    const KIND: &'static str = "a key that begins with test_sk_, live_sk_, test_gsk_ or live_gsk_";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let Some(kind) = kind_of(text, ["test_sk_", "live_sk_", "test_gsk_", "live_gsk_"]) else {
            return Err(format!(
                "is not {}; copy it from Toss's developer centre, and take care that it is not the \
                 client key",
                Self::KIND
            ));
        };
        let text = text.to_owned();
        Ok(Self { text, kind })
    }

    fn toml(&self) -> String {
        quoted("(hidden)")
    }
}

impl Value for TossClientKey {
    const KIND: &'static str = "a key that begins with test_ck_, live_ck_, test_gck_ or live_gck_";
    // It is not secret, but a secret key set here by mistake must not be repeated in an error.
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let Some(kind) = kind_of(text, ["test_ck_", "live_ck_", "test_gck_", "live_gck_"]) else {
            return Err(format!(
                "is not {}; copy it from Toss's developer centre. It is shown to browsers: never \
                 set the secret key here",
                Self::KIND
            ));
        };
        let text = text.to_owned();
        Ok(Self { text, kind })
    }

    fn toml(&self) -> String {
        quoted(&self.text)
    }
}

impl Value for TossSecurityKey {
    const KIND: &'static str = "64 hexadecimal digits";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "is not {}; it is called the security key in Toss's developer centre",
                Self::KIND
            ));
        }
        Ok(Self(text.to_owned()))
    }

    fn toml(&self) -> String {
        quoted("(hidden)")
    }
}

/// The kind of the prefix, if the rest of the key can be put into a header.
fn kind_of(text: &str, prefixes: [&str; 4]) -> Option<KeyKind> {
    const KINDS: [(KeyMode, KeyProduct); 4] = [
        (KeyMode::Test, KeyProduct::Individual),
        (KeyMode::Live, KeyProduct::Individual),
        (KeyMode::Test, KeyProduct::Widget),
        (KeyMode::Live, KeyProduct::Widget),
    ];
    let plain = |rest: &str| {
        (8..=200).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let mut kinds = prefixes.into_iter().zip(KINDS);
    let (_, (mode, product)) =
        kinds.find(|(prefix, _)| text.strip_prefix(prefix).is_some_and(plain))?;
    Some(KeyKind { mode, product })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_gives_the_kind_of_key() {
        let kind = |mode, product| KeyKind { mode, product };
        for (text, expected) in [
            (
                "test_sk_zXLkKEypNArW",
                kind(KeyMode::Test, KeyProduct::Individual),
            ),
            (
                "live_sk_zXLkKEypNArW",
                kind(KeyMode::Live, KeyProduct::Individual),
            ),
            (
                "test_gsk_docs_OaPz8L",
                kind(KeyMode::Test, KeyProduct::Widget),
            ),
            (
                "live_gsk_zXLkKEypNAr",
                kind(KeyMode::Live, KeyProduct::Widget),
            ),
        ] {
            assert_eq!(TossSecretKey::parse(text).unwrap().kind(), expected);
            let client = text.replace("sk_", "ck_");
            assert_eq!(TossClientKey::parse(&client).unwrap().kind(), expected);
        }
    }

    #[test]
    fn the_wrong_key_is_refused_and_not_repeated() {
        for wrong in [
            "test_ck_zXLkKEypNArW",
            "sk_zXLkKEypNArWsecret",
            "test_sk_",
            "test_sk_has space in it",
            "test_sk_zXLkKEypNArW\r\nX: 1",
            "",
        ] {
            let told = TossSecretKey::parse(wrong).unwrap_err();
            assert!(wrong.len() < 9 || !told.contains(wrong), "{told}");
        }
        let told = TossClientKey::parse("live_sk_zXLkKEypNArW").unwrap_err();
        assert!(!told.contains("zXLk"), "{told}");
        assert!(TossSecurityKey::parse("abc").is_err());
    }

    #[test]
    fn secret_keys_are_never_shown() {
        let secret = TossSecretKey::parse("live_sk_zXLkKEypNArW").unwrap();
        let security = TossSecurityKey::parse(&"ab".repeat(32)).unwrap();
        let shown = format!(
            "{secret:?} {security:?} {} {}",
            secret.toml(),
            security.toml()
        );
        assert!(
            !shown.contains("zXLk") && !shown.contains("abab"),
            "{shown}"
        );
    }
}
