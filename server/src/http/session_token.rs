//! The token that opens one buyer's checkout and nothing else. It has its session and its end, proved by a MAC:
//! nothing is stored that could leak, and the answer that contained it can be given again.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use daegeum_engine::id::SessionId;
use daegeum_engine::time::Timestamp;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::error::{HttpErrorCode, Problem};
use crate::config::DataKey;

type HmacSha256 = Hmac<Sha256>;

/// Makes and verifies the tokens of sessions.
#[derive(Clone)]
pub struct SessionTokens {
    keyed: HmacSha256,
}

impl SessionTokens {
    /// With a key of their own, derived from the data key.
    pub fn new(data_key: &DataKey) -> Self {
        let derived = mac(&hmac(data_key.expose()), "daegeum session tokens, 1");
        Self {
            keyed: hmac(&derived.finalize().into_bytes()),
        }
    }

    /// The token of a session that ends at `until`.
    pub fn issue(&self, session: SessionId, until: Timestamp) -> String {
        let said = format!("{session}.{}", until.as_millis());
        let proof = mac(&self.keyed, &said).finalize().into_bytes();
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(proof))
    }

    /// Whether a credential looks like one of these tokens, and not like another kind.
    pub fn is_one(credential: &str) -> bool {
        credential.starts_with(SessionId::PREFIX)
    }

    /// The session that a token opens at `now`. The proof is compared in constant time.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<SessionId, Problem> {
        let unknown = || Problem::from(HttpErrorCode::InvalidCredentials);
        let (said, proof) = token.rsplit_once('.').ok_or_else(unknown)?;
        let proof = URL_SAFE_NO_PAD.decode(proof).map_err(|_| unknown())?;
        mac(&self.keyed, said)
            .verify_slice(&proof)
            .map_err(|_| unknown())?;
        let (session, until) = said.split_once('.').ok_or_else(unknown)?;
        let session = SessionId::parse(session).map_err(|_| unknown())?;
        let until: u64 = until.parse().map_err(|_| unknown())?;
        if Timestamp::from_millis(until) <= now {
            return Err(HttpErrorCode::TokenExpired.into());
        }
        Ok(session)
    }
}

fn hmac(key: &[u8]) -> HmacSha256 {
    // HMAC takes a key of any length; the other arm is for the compiler.
    HmacSha256::new_from_slice(key).unwrap_or_else(|_| HmacSha256::new(&[0; 64].into()))
}

fn mac(keyed: &HmacSha256, text: &str) -> HmacSha256 {
    keyed.clone().chain_update(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    fn tokens(byte: &str) -> SessionTokens {
        SessionTokens::new(&DataKey::parse(&byte.repeat(32)).unwrap())
    }

    fn clock(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn session() -> SessionId {
        SessionId::from_bits(0x0193_0000_0000_7000_8000_0000_0000_0001)
    }

    #[test]
    fn token_opens_its_session_until_it_ends() {
        let token = tokens("11").issue(session(), Timestamp::from_millis(1_000));
        assert_eq!(tokens("11").verify(&token, clock(999)).unwrap(), session());
        let ended = tokens("11").verify(&token, clock(1_000)).unwrap_err();
        assert_eq!(ended.code(), "TOKEN_EXPIRED");
    }

    #[test]
    fn a_changed_token_opens_nothing() {
        let token = tokens("11").issue(session(), Timestamp::from_millis(1_000));
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last character of base64 has bits that mean nothing; the decoder refuses them too.
            let refused = tokens("11").verify(&changed, clock(0)).unwrap_err();
            assert_eq!(refused.code(), "INVALID_CREDENTIALS", "{changed}");
        }
        for rubbish in ["", "ses_", "ses_.", "ses_..", "ses_1.2.3", "ses_é.1.=="] {
            assert!(tokens("11").verify(rubbish, clock(0)).is_err(), "{rubbish}");
        }
        assert!(
            tokens("22").verify(&token, clock(0)).is_err(),
            "another key"
        );
    }
}
