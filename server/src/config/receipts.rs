//! The signing keys of receipts, as settings: the key in use, and the public halves of earlier ones.

use std::fmt;

use daegeum_engine::receipt::PublicKey;

use super::secret::DataKey;
use super::value::{Value, parts, quoted};

/// The 32 bytes (the seed) of an Ed25519 key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// The key with these bytes.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The seed itself, for signing.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(hidden)")
    }
}

impl Value for SigningKey {
    const KIND: &'static str = DataKey::KIND;
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        DataKey::parse(text).map(|bytes| Self(*bytes.expose()))
    }

    fn toml(&self) -> String {
        quoted("(hidden)")
    }
}

/// Public keys that are still published but no longer used for signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredKeys(pub Vec<PublicKey>);

impl Value for RetiredKeys {
    const KIND: &'static str = "public keys as `x` in /.well-known/jwks.json, several with commas";

    fn parse(text: &str) -> Result<Self, String> {
        let keys = parts(text).map(|part| {
            PublicKey::parse(part).ok_or_else(|| "is not 32 bytes as base64url".to_owned())
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    fn toml(&self) -> String {
        let keys: Vec<String> = self.0.iter().map(PublicKey::text).collect();
        quoted(&keys.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signing_key_is_never_shown() {
        let key = SigningKey::parse(&"ab".repeat(32)).unwrap();
        assert!(!format!("{key:?}{}", key.toml()).contains("ab"));
        assert!(SigningKey::parse("ab").is_err());
    }

    #[test]
    fn retired_keys_are_written_as_they_are_published() {
        let text = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let keys = RetiredKeys::parse(&format!("{text}, {text}")).unwrap();
        assert_eq!(keys.0.len(), 2);
        assert_eq!(RetiredKeys::parse("").unwrap().0, []);
        for wrong in ["11qY", "not base64!"] {
            assert!(RetiredKeys::parse(wrong).is_err(), "{wrong} was taken");
        }
    }
}
