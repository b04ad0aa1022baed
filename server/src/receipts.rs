//! Signs receipts, and publishes the keys that verify them. The content of a receipt is the engine's.

use daegeum_engine::receipt::{Claims, KeySet, PublicKey, ReceiptError, compact};
use hmac::{Hmac, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::Sha256;
use thiserror::Error;

use crate::config::{DataKey, Receipts, SigningKey};

/// Signs receipts.
pub struct ReceiptSigner {
    key: Ed25519KeyPair,
    key_id: String,
    published: KeySet,
}

/// The setting `receipts.key` is no key.
#[derive(Debug, Error)]
#[error("receipts.key cannot be used")]
pub struct Unusable;

impl ReceiptSigner {
    /// With the configured key, or with one derived from the data key. The derived one is not published once another
    /// is configured: whoever rotates lists it among the retired ones.
    pub fn new(settings: &Receipts, data_key: &DataKey) -> Result<Self, Unusable> {
        let derived = derive(data_key);
        let seed = settings.key.as_ref().unwrap_or(&derived);
        let key = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| Unusable)?;
        let public = key.public_key().as_ref().try_into();
        let public = PublicKey::new(public.map_err(|_| Unusable)?);
        let retired = settings.retired.0.iter().filter(|old| **old != public);
        Ok(Self {
            key_id: public.id(),
            published: KeySet::of(std::iter::once(&public).chain(retired)),
            key,
        })
    }

    /// The name of the key in use.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The keys to verify with, the one in use first.
    pub const fn published(&self) -> &KeySet {
        &self.published
    }

    /// The receipt. The same claims give the same bytes under the same key.
    pub fn sign(&self, claims: &Claims) -> Result<String, ReceiptError> {
        let input = claims.signing_input(&self.key_id)?;
        let signature = self.key.sign(input.as_bytes());
        Ok(compact(&input, signature.as_ref()))
    }
}

fn derive(data_key: &DataKey) -> SigningKey {
    // HMAC takes a key of any length; the other arm is for the compiler.
    let mut mac = Hmac::<Sha256>::new_from_slice(data_key.expose())
        .unwrap_or_else(|_| Hmac::new(&[0; 64].into()));
    mac.update(b"daegeum receipt key, 1");
    SigningKey::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use daegeum_engine::receipt::{Expected, Unverified};
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;
    use crate::config::{RetiredKeys, Value};

    fn claims() -> Claims {
        Claims {
            iss: "http://127.0.0.1:8080".into(),
            iat: 1,
            payment_id: "pay_1".into(),
            order_id: "ORD-1".into(),
            title: "책".into(),
            amount: 5_000,
            currency: "KRW".into(),
            supply: 0,
            vat: 0,
            tax_free: 5_000,
            provider: "TOSS".into(),
            captured_at: "1970-01-01T00:00:01Z".into(),
            gateway_split: None,
        }
    }

    fn signer(key: Option<&str>, retired: &str) -> ReceiptSigner {
        let settings = Receipts {
            key: key.map(|key| SigningKey::parse(key).unwrap()),
            retired: RetiredKeys::parse(retired).unwrap(),
        };
        let data_key = DataKey::parse(&"11".repeat(32)).unwrap();
        ReceiptSigner::new(&settings, &data_key).unwrap()
    }

    fn verify(receipt: &str, keys: &KeySet) -> Result<Claims, ReceiptError> {
        let read = Unverified::parse(receipt)?;
        let key = keys.find(&read.key_id)?;
        UnparsedPublicKey::new(&ED25519, key.bytes())
            .verify(read.signing_input.as_bytes(), &read.signature)
            .map_err(|_| ReceiptError::NoMatch)?;
        read.verified(&Expected::default())
    }

    /// RFC 8032, 7.1, test 1: the public half of this seed is published.
    #[test]
    fn the_configured_key_is_the_published_one() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let signer = signer(Some(seed), "");
        assert_eq!(signer.key_id(), PublicKey::parse(public).unwrap().id());
        let receipt = signer.sign(&claims()).unwrap();
        assert_eq!(verify(&receipt, signer.published()), Ok(claims()));
        assert_eq!(signer.sign(&claims()).unwrap(), receipt);
    }

    #[test]
    fn a_receipt_of_before_a_rotation_is_verified_while_its_key_is_listed() {
        let old = signer(None, "");
        let receipt = old.sign(&claims()).unwrap();
        let key = old.published().find(old.key_id()).unwrap().text();
        let seed = "22".repeat(32);
        let listed = signer(Some(&seed), &key);
        assert_ne!(listed.key_id(), old.key_id());
        assert_eq!(verify(&receipt, listed.published()), Ok(claims()));
        let unlisted = signer(Some(&seed), "");
        assert_eq!(
            verify(&receipt, unlisted.published()),
            Err(ReceiptError::UnknownKey)
        );
    }

    #[test]
    fn a_receipt_that_was_changed_is_not_believed() {
        let signer = signer(None, "");
        let good = signer.sign(&claims()).unwrap();
        let more = Claims {
            amount: 50_000,
            tax_free: 50_000,
            ..claims()
        };
        let input = more.signing_input(signer.key_id()).unwrap();
        let (_, signature) = good.rsplit_once('.').unwrap();
        assert_eq!(
            verify(&format!("{input}.{signature}"), signer.published()),
            Err(ReceiptError::NoMatch)
        );
    }
}
