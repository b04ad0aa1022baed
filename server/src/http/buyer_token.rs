//! A buyer's token: a JWT (RFC 7519) signed by the shop's backend with the shared secret, or by another party whose
//! JWK set is configured. Returns the buyer, or the reason why the token is invalid.
//!
//! The key decides the algorithm; the token's `alg` only has to be the same. So the secret never verifies a
//! public-key token, and a public key is never used as a secret. Cryptography is left to libraries; nothing of a
//! token is logged or repeated.

mod claims;
mod header;
mod jwk_set;
mod key;
mod published;
mod refusal;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};

use super::error::Problem;
use crate::config::{Config, Secret};
use crate::world::{SharedWorld, World};

use claims::Expected;
use header::Header;
use key::VerifyingKey;
use published::Published;
use refusal::Refusal;

pub use published::{ADDRESS_RESTS, KeySetError, TRIED_AGAIN, check_file, look_once};

/// The accepted difference between the signer's clock and ours.
const LEEWAY: Duration = Duration::from_secs(30);

/// Verifies buyers' tokens.
pub struct BuyerTokens {
    /// The shared secret's key, if there is one.
    shared: Option<VerifyingKey>,
    published: Option<Arc<Published>>,
    expected: Expected,
}

/// The three parts of a token, the first two also as they are signed.
struct Parts<'a> {
    signed: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl BuyerTokens {
    /// Verifies by what is configured. The JWK set is not looked at before [`BuyerTokens::begin`].
    pub fn new(config: &Config) -> Self {
        let buyers = &config.settings.buyers;
        Self {
            shared: config.secrets.buyer_jwt.as_ref().map(shared),
            published: Published::configured(buyers).map(Arc::new),
            expected: Expected::new(buyers),
        }
    }

    /// Starts reading the JWK set, if one is configured, for as long as this value lives.
    pub fn begin(&self, world: &SharedWorld) {
        if let Some(published) = &self.published {
            published.begin(world);
        }
    }

    /// The buyer that a token names. May wait for the JWK set to be read again for the token's key.
    pub async fn buyer(&self, token: &str, world: &dyn World) -> Result<String, Problem> {
        let buyer = self.verified(token, world).await?;
        Ok(buyer)
    }

    async fn verified(&self, token: &str, world: &dyn World) -> Result<String, Refusal> {
        let parts = Parts::of(token).ok_or(Refusal::NotAToken)?;
        let header = Header::read(&decoded(parts.header)?)?;
        match &self.shared {
            Some(key) if key.is_for(&header) => parts.prove(key)?,
            _ => self.prove_by_published(&parts, &header, world).await?,
        }
        let now_ms = world.machine_now_ms();
        claims::buyer(&decoded(parts.claims)?, &self.expected, now_ms)
    }

    async fn prove_by_published(
        &self,
        parts: &Parts<'_>,
        header: &Header,
        world: &dyn World,
    ) -> Result<(), Refusal> {
        let published = self.published.as_ref().ok_or(Refusal::Algorithm)?;
        if !key::is_of_a_set(header) {
            return Err(Refusal::Algorithm);
        }
        let try_with = || {
            let key = published.key(header)?;
            parts.prove(&key)
        };
        match try_with() {
            // A new key may have been published since: read the set again, at most once a minute.
            Err(refusal) if refusal.may_pass_with_other_keys(header) => {
                published.look_anew(world).await;
                try_with()
            }
            tried => tried,
        }
    }
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        (!claims.contains('.')).then_some(Self {
            signed,
            header,
            claims,
            signature,
        })
    }

    /// Verifies the signature, by the key's own algorithm.
    fn prove(&self, key: &VerifyingKey) -> Result<(), Refusal> {
        let (message, algorithm) = (self.signed.as_bytes(), key.algorithm());
        match crypto::verify(self.signature, message, key.decoding(), algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Refusal::Signature),
        }
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::NotAToken)
}

fn shared(secret: &Secret) -> VerifyingKey {
    let decoding = DecodingKey::from_secret(secret.expose().as_bytes());
    VerifyingKey::new(Algorithm::HS256, decoding)
}
