//! Receipts: what a payment took, signed so that anybody can check it without asking the server. A receipt is a JWS in
//! compact form (RFC 7515) with Ed25519 (RFC 8037), its keys are a JWK set (RFC 7517) named by their thumbprints
//! (RFC 7638). Pure: who has the key signs, who has a verifier verifies; this says over which bytes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// What a receipt calls itself, so that no other signed text is taken for one.
pub const TYPE: &str = "daegeum-receipt+jwt";
const ALGORITHM: &str = "EdDSA";
/// No receipt is longer.
const LENGTH_MAX: usize = 8_192;
/// 64 bytes in base64url.
const SIGNATURE_LENGTH: usize = 86;
/// What the last of those characters can be: four of its six bits are spare, and zero.
const SIGNATURE_ENDS: [char; 4] = ['A', 'Q', 'g', 'w'];

/// What a receipt says. Amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The server that took the money, by its address.
    pub iss: String,
    /// When the money was taken, in seconds since 1970.
    pub iat: u64,
    /// The payment.
    pub payment_id: String,
    /// The merchant's order.
    pub order_id: String,
    /// What was bought, in a few words.
    pub title: String,
    /// What was taken in all.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// The part before VAT.
    pub supply: u64,
    /// The VAT.
    pub vat: u64,
    /// The part that bears none.
    pub tax_free: u64,
    /// Through whom.
    pub provider: String,
    /// When the money was taken, RFC 3339.
    pub captured_at: String,
    /// How the gateway split the same amount when it took it, where that is not how the order splits it. What the
    /// buyer's tax papers from there say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_split: Option<Split>,
}

/// An amount by its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The part before VAT.
    pub supply: u64,
    /// The VAT.
    pub vat: u64,
    /// The part that bears none.
    pub tax_free: u64,
}

impl Split {
    fn adds_up_to(self, amount: u64) -> bool {
        let sum = self.supply.checked_add(self.vat);
        sum.and_then(|sum| sum.checked_add(self.tax_free)) == Some(amount)
    }
}

/// What whoever checks a receipt knows beforehand; nothing of it has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Expected {
    /// The payment.
    pub payment_id: Option<String>,
    /// The order.
    pub order_id: Option<String>,
    /// The amount, in minor units.
    pub amount: Option<u64>,
}

/// Why a text is not a receipt that can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// It is not a receipt.
    #[error("this is not a receipt")]
    Malformed,
    /// None of the keys signed it.
    #[error("no key of this name is known")]
    UnknownKey,
    /// The parts do not add up to the whole.
    #[error("the amounts of the receipt do not add up")]
    Unbalanced,
    /// It is of another payment, order or amount.
    #[error("the receipt is of another payment")]
    Another,
    /// The signature is not of this text.
    #[error("the signature does not match")]
    NoMatch,
}

/// What a receipt says of itself, and nothing else: what a header calls critical would have to be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// How it was signed.
    pub alg: String,
    /// With which key.
    pub kid: String,
    /// That it is a receipt.
    pub typ: String,
}

impl Header {
    /// Whether it is a receipt's.
    pub fn check(&self) -> Result<(), ReceiptError> {
        if self.alg == ALGORITHM && self.typ == TYPE {
            Ok(())
        } else {
            Err(ReceiptError::Malformed)
        }
    }
}

/// A receipt's parts, for whoever has a JSON reader of their own; base64url all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'t> {
    /// A [`Header`].
    pub header: &'t str,
    /// [`Claims`].
    pub claims: &'t str,
    /// The first two with the dot between them: what was signed.
    pub signing_input: &'t str,
    /// The signature.
    pub signature: &'t str,
}

impl<'t> Parts<'t> {
    /// Takes a text apart. One receipt has one text: what some decoders forgive (padding, another alphabet, spare
    /// bits at the end) is refused, or a list of receipts could be cheated by writing one differently.
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

    /// Whether it is the receipt that was expected, and its parts are the whole.
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

/// The receipt of what was signed.
pub fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A text that looks like a receipt. Nothing of it is to be believed before its signature was verified.
#[derive(Debug, Clone)]
pub struct Unverified {
    claims: Claims,
    /// The name of the key that is said to have signed it.
    pub key_id: String,
    /// What was signed.
    pub signing_input: String,
    /// The signature.
    pub signature: [u8; 64],
}

impl Unverified {
    /// Takes a text apart.
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

    /// What it says, for whoever has verified [`Unverified::signature`] over [`Unverified::signing_input`].
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

/// A key that receipts are verified with.
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

    /// Reads it as a JWK's `x` writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As a JWK's `x`.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Its name: the thumbprint of RFC 7638.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint_input(&self.text())))
    }
}

/// What is hashed for the name of the key with this `x` (RFC 7638): its members in their order, and no space.
pub fn thumbprint_input(x: &str) -> String {
    [r#"{"crv":"Ed25519","kty":"OKP","x":""#, x, r#""}"#].concat()
}

/// A key as a set has it.
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

    /// The key of this name. Its name is computed: what a set calls its keys proves nothing.
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
    fn a_key_has_the_name_of_its_thumbprint() {
        let key = PublicKey::parse("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let set = KeySet::of([&key]);
        assert_eq!(set.find(&key.id()), Ok(key));
        assert_eq!(set.find("another"), Err(ReceiptError::UnknownKey));
        let published = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<KeySet>(&published).unwrap(), set);
    }

    #[test]
    fn a_set_may_have_keys_of_other_kinds_and_lie_about_names() {
        let set = r#"{"keys":[{"kty":"RSA","n":"x","e":"AQAB"},
            {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"stolen"}]}"#;
        let set: KeySet = serde_json::from_str(set).unwrap();
        assert_eq!(set.find("stolen"), Err(ReceiptError::UnknownKey));
    }

    #[test]
    fn what_was_written_is_read_again() {
        let read = Unverified::parse(&receipt(&claims())).unwrap();
        assert_eq!((read.key_id.as_str(), read.signature), ("key", [7; 64]));
        assert!(receipt(&claims()).starts_with(&read.signing_input));
        assert_eq!(read.verified(&Expected::default()), Ok(claims()));
    }

    #[test]
    fn what_is_no_receipt_is_refused() {
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
            // The same receipt in other letters.
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
    fn a_receipt_of_something_else_is_told_from_the_one_expected() {
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
