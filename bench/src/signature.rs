//! Signs a notification as the mock gateway does: Standard Webhooks, `v1,` and the HMAC-SHA256 of
//! `id.timestamp.body`. Written from the specification and not from our own verifier, so that the two check each
//! other.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::failure::{Failure, While};

/// Signs with one secret; the key schedule is done once.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// From `whsec_<base64>`.
    pub(crate) fn new(secret: &str) -> Result<Self, Failure> {
        let encoded = secret.strip_prefix("whsec_");
        let encoded = encoded.ok_or_else(|| Failure::new("a secret begins with whsec_"))?;
        let bytes = STANDARD.decode(encoded).when("the notifications' secret")?;
        let keyed = Hmac::new_from_slice(&bytes).when("the notifications' secret")?;
        Ok(Self(keyed))
    }

    /// Appends the value of `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: &str, body: &[u8], out: &mut String) {
        let mut keyed = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            keyed.update(part);
        }
        out.push_str("v1,");
        STANDARD.encode_string(keyed.finalize().into_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_specifications_example_is_signed_as_it_says() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let mut signature = String::new();
        signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
            &mut signature,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn malformed_secret_is_refused() {
        assert!(Signer::new("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
        assert!(Signer::new("whsec_***").is_err());
    }
}
