//! Receipts: a payment's captured amount, signed so that anyone can verify it without asking the server. A receipt is
//! a JWS in compact form (RFC 7515) with Ed25519 (RFC 8037); its keys are a JWK set (RFC 7517) named by their
//! thumbprints (RFC 7638). Pure: this builds and parses the signed bytes; callers with a key sign or verify them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The receipt's `typ`, so that no other signed text is accepted as one.
pub const TYPE: &str = "daegeum-receipt+jwt";
const ALGORITHM: &str = "EdDSA";
/// The longest receipt.
const LENGTH_MAX: usize = 8_192;
/// 64 bytes in base64url.
const SIGNATURE_LENGTH: usize = 86;
/// The possible last characters: four of its six bits are unused, and must be zero.
const SIGNATURE_ENDS: [char; 4] = ['A', 'Q', 'g', 'w'];

/// A receipt's claims. Amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The address of the server that captured the money.
    pub iss: String,
    /// When the money was captured, in seconds since 1970.
    pub iat: u64,
    /// The payment.
    pub payment_id: String,
    /// The merchant's order.
    pub order_id: String,
    /// The order's title in a few words.
    pub title: String,
    /// The captured total.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// The part before VAT.
    pub supply: u64,
    /// The VAT.
    pub vat: u64,
    /// The part without VAT.
    pub tax_free: u64,
    /// The gateway.
    pub provider: String,
    /// When the money was captured, RFC 3339.
    pub captured_at: String,
    /// The gateway's split of the same amount, if it differs from the order's. The buyer's tax documents from the
    /// gateway show this split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_split: Option<Split>,
}

/// An amount by component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The part before VAT.
    pub supply: u64,
    /// The VAT.
    pub vat: u64,
    /// The part without VAT.
    pub tax_free: u64,
}

impl Split {
    fn adds_up_to(self, amount: u64) -> bool {
        let sum = self.supply.checked_add(self.vat);
        sum.and_then(|sum| sum.checked_add(self.tax_free)) == Some(amount)
    }
}

/// The values that a verifier expects; all are optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Expected {
    /// The payment.
    pub payment_id: Option<String>,
    /// The order.
    pub order_id: Option<String>,
    /// The amount, in minor units.
    pub amount: Option<u64>,
}

/// The reason why a text is not a valid receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// It is not a receipt.
    #[error("this is not a receipt")]
    Malformed,
    /// No key of the set signed it.
    #[error("no key of this name is known")]
    UnknownKey,
    /// The components do not add up to the total.
    #[error("the amounts of the receipt do not add up")]
    Unbalanced,
    /// It is of another payment, order or amount.
    #[error("the receipt is of another payment")]
    Another,
    /// The signature does not match the text.
    #[error("the signature does not match")]
    NoMatch,
}

/// The header of a receipt. Other members are refused: a member listed in `crit` would have to be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The algorithm.
    pub alg: String,
    /// The key's name.
    pub kid: String,
    /// The type: a receipt.
    pub typ: String,
}

impl Header {
    /// Whether this is the header of a receipt.
    pub fn check(&self) -> Result<(), ReceiptError> {
        if self.alg == ALGORITHM && self.typ == TYPE {
            Ok(())
        } else {
            Err(ReceiptError::Malformed)
        }
    }
}

/// A receipt's parts, for callers with a JSON parser of their own; all in base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'t> {
    /// A [`Header`].
    pub header: &'t str,
    /// [`Claims`].
    pub claims: &'t str,
    /// The first two with the dot between them: the signed text.
    pub signing_input: &'t str,
    /// The signature.
    pub signature: &'t str,
}

impl<'t> Parts<'t> {
    /// Splits a text. Each receipt has exactly one text: leniencies of some decoders (padding, another alphabet,
    /// unused bits at the end) are refused, because otherwise the same receipt could be listed twice in different
    /// spellings.
    pub fn of(text: &'t str) -> Result<Self, ReceiptError> {
        let fits =
            Some(text).filter(|text| text.len() <= LENGTH_MAX && text.bytes().all(is_written));
        let parts = fits.and_then(|text| {
            let (signing_input, signature) = text.rsplit_once('.')?;
            let (header, claims) = signing_input.split_once('.')?;
            Some(Self {
                header,
                claims,
                signing_input,
                signature,
            })
        });
        let whole = parts.filter(|parts| {
            parts.signature.len() == SIGNATURE_LENGTH && parts.signature.ends_with(SIGNATURE_ENDS)
        });
        whole.ok_or(ReceiptError::Malformed)
    }
}

/// The alphabet of base64url, and the dots between the parts.
const fn is_written(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

impl Claims {
    /// The bytes to sign with the key of this name.
    pub fn signing_input(&self, key_id: &str) -> Result<String, ReceiptError> {
        let header = Header {
            alg: ALGORITHM.into(),
            kid: key_id.into(),
            typ: TYPE.into(),
        };
        Ok(format!("{}.{}", encoded(&header)?, encoded(self)?))
    }

    /// Whether it is the expected receipt, and its components add up.
    pub fn check(&self, expected: &Expected) -> Result<(), ReceiptError> {
        let own = Split {
            supply: self.supply,
            vat: self.vat,
            tax_free: self.tax_free,
        };
        let balanced = |split: Split| split.adds_up_to(self.amount);
        if !(balanced(own) && self.gateway_split.is_none_or(balanced)) {
            return Err(ReceiptError::Unbalanced);
        }
        let is =
            |said: &str, known: &Option<String>| known.as_ref().is_none_or(|known| known == said);
        let same = is(&self.payment_id, &expected.payment_id)
            && is(&self.order_id, &expected.order_id)
            && expected.amount.is_none_or(|amount| amount == self.amount);
        if same {
            Ok(())
        } else {
            Err(ReceiptError::Another)
        }
    }
}

fn encoded(part: &impl Serialize) -> Result<String, ReceiptError> {
    let json = serde_json::to_vec(part).map_err(|_| ReceiptError::Malformed)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The receipt of a signed text.
pub fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A parsed receipt. Do not trust it before its signature was verified.
#[derive(Debug, Clone)]
pub struct Unverified {
    claims: Claims,
    /// The name of the key that it claims was used.
    pub key_id: String,
    /// The signed text.
    pub signing_input: String,
    /// The signature.
    pub signature: [u8; 64],
}

impl Unverified {
    /// Parses a text.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let malformed = || ReceiptError::Malformed;
        let parts = Parts::of(text)?;
        let header: Header = decoded(parts.header)?;
        header.check()?;
        let signature = URL_SAFE_NO_PAD
            .decode(parts.signature)
            .map_err(|_| malformed())?;
        Ok(Self {
            claims: decoded(parts.claims)?,
            key_id: header.kid,
            signing_input: parts.signing_input.to_owned(),
            signature: signature.try_into().map_err(|_| malformed())?,
        })
    }

    /// The claims, once the caller has verified [`Unverified::signature`] over [`Unverified::signing_input`].
    pub fn verified(self, expected: &Expected) -> Result<Claims, ReceiptError> {
        self.claims.check(expected)?;
        Ok(self.claims)
    }
}

fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, ReceiptError> {
    let json = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| ReceiptError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| ReceiptError::Malformed)
}

/// A key that verifies receipts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.text())
    }
}

impl PublicKey {
    /// The key with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses the `x` of a JWK.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The `x` of a JWK.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Its name: the thumbprint of RFC 7638.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint_input(&self.text())))
    }
}

/// The text to hash for the name of the key with this `x` (RFC 7638): its members in order, without spaces.
pub fn thumbprint_input(x: &str) -> String {
    [r#"{"crv":"Ed25519","kty":"OKP","x":""#, x, r#""}"#].concat()
}

/// A key in a JWK set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    kid: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    alg: String,
    #[serde(default, rename = "use", skip_serializing_if = "String::is_empty")]
    purpose: String,
}

/// The keys of one server, as it publishes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

impl KeySet {
    /// The set of these keys.
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k PublicKey>) -> Self {
        let jwk = |key: &PublicKey| Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: key.text(),
            kid: key.id(),
            alg: ALGORITHM.into(),
            purpose: "sig".into(),
        };
        Self {
            keys: keys.into_iter().map(jwk).collect(),
        }
    }

    /// The key of this name. The name is computed, because the names in a set prove nothing.
    pub fn find(&self, key_id: &str) -> Result<PublicKey, ReceiptError> {
        let ed25519 = |jwk: &&Jwk| jwk.kty == "OKP" && jwk.crv == "Ed25519";
        let keys = self.keys.iter().filter(ed25519);
        keys.filter_map(|jwk| PublicKey::parse(&jwk.x))
            .find(|key| key.id() == key_id)
            .ok_or(ReceiptError::UnknownKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            iss: "https://pay.example".into(),
            iat: 1_795_000_000,
            payment_id: "pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b".into(),
            order_id: "ORD-1".into(),
            title: "수채화 강의".into(),
            amount: 16_000,
            currency: "KRW".into(),
            supply: 10_000,
            vat: 1_000,
            tax_free: 5_000,
            provider: "TOSS".into(),
            captured_at: "2026-11-21T12:00:00.000Z".into(),
            gateway_split: None,
        }
    }

    fn receipt(claims: &Claims) -> String {
        compact(&claims.signing_input("key").unwrap(), &[7; 64])
    }

    /// The example of RFC 8037, appendix A.3.
    #[test]
    fn key_is_named_by_its_thumbprint() {
        let key = PublicKey::parse("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let set = KeySet::of([&key]);
        assert_eq!(set.find(&key.id()), Ok(key));
        assert_eq!(set.find("another"), Err(ReceiptError::UnknownKey));
        let published = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<KeySet>(&published).unwrap(), set);
    }

    #[test]
    fn set_may_have_other_kinds_of_keys_and_wrong_names() {
        let set = r#"{"keys":[{"kty":"RSA","n":"x","e":"AQAB"},
            {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"stolen"}]}"#;
        let set: KeySet = serde_json::from_str(set).unwrap();
        assert_eq!(set.find("stolen"), Err(ReceiptError::UnknownKey));
    }

    #[test]
    fn receipt_parses_back_to_its_claims() {
        let read = Unverified::parse(&receipt(&claims())).unwrap();
        assert_eq!((read.key_id.as_str(), read.signature), ("key", [7; 64]));
        assert!(receipt(&claims()).starts_with(&read.signing_input));
        assert_eq!(read.verified(&Expected::default()), Ok(claims()));
    }

    #[test]
    fn invalid_receipts_are_refused() {
        let good = receipt(&claims());
        let (header, rest) = good.split_once('.').unwrap();
        let other = |json: &str| format!("{}.{rest}", URL_SAFE_NO_PAD.encode(json));
        for bad in [
            String::new(),
            "a.b".into(),
            header.into(),
            good.replace('.', ""),
            format!("{good}A"),
            format!("{good}."),
            good.get(..good.len() - 4).unwrap().into(),
            other(r#"{"alg":"none","kid":"key","typ":"daegeum-receipt+jwt"}"#),
            other(r#"{"alg":"HS256","kid":"key","typ":"daegeum-receipt+jwt"}"#),
            other(r#"{"alg":"EdDSA","kid":"key","typ":"JWT"}"#),
            other(
                r#"{"alg":"EdDSA","kid":"key","typ":"daegeum-receipt+jwt","crit":["exp"],"exp":1}"#,
            ),
            "a".repeat(9_000),
            // The same receipt in another spelling.
            format!("{good}=="),
            format!("{good}\n"),
            good.replace('-', "+").replace('_', "/") + "+",
            format!("{}x", good.get(..good.len() - 1).unwrap()),
        ] {
            assert_eq!(
                Unverified::parse(&bad).map(|read| read.key_id),
                Err(ReceiptError::Malformed),
                "{bad}"
            );
        }
    }

    #[test]
    fn receipt_of_another_payment_is_refused() {
        let expected = |amount| Expected {
            order_id: Some("ORD-1".into()),
            amount: Some(amount),
            payment_id: None,
        };
        assert_eq!(claims().check(&expected(16_000)), Ok(()));
        assert_eq!(claims().check(&expected(160)), Err(ReceiptError::Another));
        for (supply, vat) in [(10_001, 1_000), (u64::MAX, 1_000)] {
            let cooked = Claims {
                supply,
                vat,
                ..claims()
            };
            assert_eq!(
                cooked.check(&Expected::default()),
                Err(ReceiptError::Unbalanced)
            );
        }
    }
}
