//! A JWK set (RFC 7517): its keys that can verify buyers' tokens, and why the others are left out.
//!
//! A set may hold keys for other uses and of unknown kinds; they are left out, not an error. A key's algorithm is its
//! `alg`, or what its kind and curve allow, so it is known before any token is seen. A secret is never taken from a
//! set, and a published private key is not trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::header::Header;
use super::key::{self, VerifyingKey};
use super::refusal::Refusal;
use crate::http::json::past_mark;
use crate::http::strict;

/// The largest number of keys; further ones are left out.
const KEYS_MAX: usize = 100;
const KID_LENGTH_MAX: usize = 255;
const RSA_BITS_MIN: usize = 2048;
/// The largest RSA key that the library verifies with.
const RSA_BITS_MAX: usize = 8192;
const P256_COORDINATE_BYTES: usize = 32;

/// The keys, by id.
pub(super) struct JwkSet {
    named: BTreeMap<String, Arc<VerifyingKey>>,
    unnamed: Vec<Arc<VerifyingKey>>,
    /// Why keys were left out, for the log.
    pub(super) left_out: Vec<String>,
}

/// A text that is no JWK set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoJwkSet {
    #[error("is not JSON that means one thing")]
    NotJson,
    #[error("is JSON, but no JWK set: an object with an array `keys`")]
    NotASet,
}

/// The fields of a key that are read. `x5c` and the like are ignored.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    intended: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl JwkSet {
    /// Reads a set's JSON.
    pub(super) fn read(json: &[u8]) -> Result<Self, NoJwkSet> {
        let text = std::str::from_utf8(past_mark(json)).map_err(|_| NoJwkSet::NotJson)?;
        strict::check(text).map_err(|_| NoJwkSet::NotJson)?;
        let set: Map<String, Value> = serde_json::from_str(text).map_err(|_| NoJwkSet::NotASet)?;
        let keys = set.get("keys").and_then(Value::as_array);
        Ok(Self::of(keys.ok_or(NoJwkSet::NotASet)?))
    }

    fn of(keys: &[Value]) -> Self {
        let mut set = Self {
            named: BTreeMap::new(),
            unnamed: Vec::new(),
            left_out: Vec::new(),
        };
        let mut twice = BTreeSet::new();
        for (place, jwk) in (1_usize..).zip(keys.iter().take(KEYS_MAX)) {
            match usable(jwk) {
                Ok((Some(kid), key)) => {
                    if set.named.insert(kid.clone(), Arc::new(key)).is_some() {
                        twice.insert(kid);
                    }
                }
                Ok((None, key)) => set.unnamed.push(Arc::new(key)),
                Err(why) => set.left_out.push(format!("key {place} {why}")),
            }
        }
        // Two keys with one id: which one a token means is unknown, and trying both would let the weaker one decide.
        for kid in twice {
            set.named.remove(&kid);
            set.left_out
                .push(format!("kid {kid:?} is there twice: neither key is used"));
        }
        if let Some(more) = keys.len().checked_sub(KEYS_MAX).filter(|more| *more > 0) {
            set.left_out
                .push(format!("{more} keys after the first {KEYS_MAX}"));
        }
        set
    }

    /// The number of usable keys.
    pub(super) fn len(&self) -> usize {
        self.named.len().saturating_add(self.unnamed.len())
    }

    /// The key that verifies a token: the one that it names, or the only one.
    pub(super) fn key(&self, header: &Header) -> Result<Arc<VerifyingKey>, Refusal> {
        let key = match &header.kid {
            Some(kid) => self.named.get(kid),
            None if self.len() > 1 => return Err(Refusal::KeyNotNamed),
            None => self.unnamed.first().or(self.named.values().next()),
        };
        let key = key.ok_or(Refusal::UnknownKey)?;
        if key.is_for(header) {
            Ok(Arc::clone(key))
        } else {
            Err(Refusal::Algorithm)
        }
    }
}

/// The key and its name, or why it is left out.
fn usable(jwk: &Value) -> Result<(Option<String>, VerifyingKey), &'static str> {
    // RSA, EC and OKP: the private part; RSA: its primes too.
    if ["d", "p", "q", "dp", "dq", "qi"]
        .iter()
        .any(|name| jwk.get(name).is_some())
    {
        return Err("holds a private key: take it out, and replace it if anybody could read it");
    }
    let jwk = Jwk::deserialize(jwk).map_err(|_| "is not a JWK")?;
    let for_signatures = jwk
        .intended
        .as_deref()
        .is_none_or(|intended| intended == "sig");
    let may_verify = |operations: &Vec<String>| operations.iter().any(|one| one == "verify");
    if !for_signatures || !jwk.key_ops.as_ref().is_none_or(may_verify) {
        return Err("is not for verifying (use, key_ops)");
    }
    if jwk
        .kid
        .as_ref()
        .is_some_and(|kid| kid.len() > KID_LENGTH_MAX)
    {
        return Err("has a kid of more than 255 bytes");
    }
    let (algorithm, decoding) = match jwk.kty.as_str() {
        "RSA" => (Algorithm::RS256, rsa(&jwk)?),
        "EC" => (Algorithm::ES256, p256(&jwk)?),
        "oct" => return Err("is a secret: secrets do not belong into a JWK set"),
        _ => return Err("is of a kind (kty) that is not used here"),
    };
    let own = key::name(algorithm);
    if jwk.alg.as_deref().is_some_and(|alg| alg != own) {
        return Err("has an alg that is not used here: RS256 and ES256 are");
    }
    Ok((jwk.kid, VerifyingKey::new(algorithm, decoding)))
}

fn rsa(jwk: &Jwk) -> Result<DecodingKey, &'static str> {
    let number = |text: &Option<String>| {
        let bytes = decoded(text.as_deref())?;
        // Some libraries write the leading zero of signed numbers.
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(leading..).map(<[u8]>::to_vec)
    };
    let (Some(n), Some(e)) = (number(&jwk.n), number(&jwk.e)) else {
        return Err("has no n and e in base64url");
    };
    let zeros = n.first().map_or(0, |first| first.leading_zeros());
    let zeros = usize::try_from(zeros).unwrap_or(0);
    let bits = n.len().saturating_mul(8).saturating_sub(zeros);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err("has fewer than 2048 bits, which others can break, or more than 8192");
    }
    // The library takes exponents of 3 up to 33 bits; an even number is not a valid RSA exponent.
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !odd(&n) || !odd(&e) || e == [1] || e.len() > 4 {
        return Err("has an n or e that no RSA key has");
    }
    Ok(DecodingKey::from_rsa_raw_components(&n, &e))
}

fn p256(jwk: &Jwk) -> Result<DecodingKey, &'static str> {
    if jwk.crv.as_deref() != Some("P-256") {
        return Err("is on a curve (crv) that is not used here: P-256 is");
    }
    let (Some(x), Some(y)) = (&jwk.x, &jwk.y) else {
        return Err("has no x and y");
    };
    let whole =
        |text| decoded(Some(text)).is_some_and(|bytes| bytes.len() == P256_COORDINATE_BYTES);
    if !whole(x) || !whole(y) {
        return Err("has an x or y that is not 32 bytes in base64url");
    }
    DecodingKey::from_ec_components(x, y).map_err(|_| "has no x and y in base64url")
}

fn decoded(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "eiltfphFgkI2yNE8ruEhIIQEyLIt7RqSKlVcrUQqfSU";

    fn read(keys: &[Value]) -> JwkSet {
        JwkSet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn ec(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": X, "y": X})
    }

    /// A number of so many bits, as RSA has them: odd.
    fn modulus(bits: usize) -> String {
        let mut bytes = vec![0xff; bits.div_ceil(8)];
        bytes[0] = match bits % 8 {
            0 => 0xff,
            1 => 0x01,
            7 => 0x7f,
            _ => panic!("not needed here"),
        };
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn log_names_the_keys_left_out_and_why() {
        let rsa = |bits| json!({"kty": "RSA", "n": modulus(bits), "e": "AQAB"});
        for (key, why) in [
            (rsa(1024), "fewer than 2048 bits"),
            (rsa(2047), "fewer than 2048 bits"),
            (rsa(8193), "more than 8192"),
            (json!({"kty": "oct", "k": X}), "is a secret"),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": X}),
                "kind (kty)",
            ),
            (
                json!({"kty": "EC", "crv": "P-384", "x": X, "y": X}),
                "curve",
            ),
            (
                json!({"kty": "RSA", "n": modulus(2048), "e": "AQAB", "d": X}),
                "private key",
            ),
            (ec(&"k".repeat(256)), "more than 255 bytes"),
            (json!(7), "is not a JWK"),
        ] {
            let set = read(&[ec("good"), key]);
            assert_eq!(set.len(), 1, "{why}");
            let [told] = &set.left_out[..] else {
                panic!("{:?}", set.left_out);
            };
            assert!(told.starts_with("key 2 ") && told.contains(why), "{told}");
        }
        for bits in [2048, 3072, 8192] {
            assert_eq!(read(&[rsa(bits)]).len(), 1, "{bits}");
        }
        let twice = read(&[ec("a"), ec("b"), ec("a"), ec("a")]);
        assert_eq!((twice.len(), twice.left_out.len()), (1, 1));
        assert!(twice.left_out[0].contains("kid \"a\" is there twice"));
    }

    #[test]
    fn a_set_is_bounded() {
        let keys: Vec<Value> = (0..KEYS_MAX + 3).map(|n| ec(&n.to_string())).collect();
        let set = read(&keys);
        assert_eq!(set.len(), KEYS_MAX);
        assert_eq!(set.left_out, ["3 keys after the first 100"]);
    }

    #[test]
    fn malformed_set_is_told_from_an_empty_one() {
        assert_eq!(read(&[]).len(), 0);
        let no_set = |text: &str| JwkSet::read(text.as_bytes()).err();
        for text in [
            "",
            "<html>",
            "{",
            "{\"keys\":[],\"keys\":[]}",
            "{\"keys\":[]}{}",
        ] {
            assert_eq!(no_set(text), Some(NoJwkSet::NotJson), "{text}");
        }
        for text in ["[]", "7", "null", "{}", "{\"keys\":{}}", "{\"keys\":null}"] {
            assert_eq!(no_set(text), Some(NoJwkSet::NotASet), "{text}");
        }
        assert_eq!(no_set("\u{feff}{\"keys\":[],\"more\":1}"), None);
    }
}
