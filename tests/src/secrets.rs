//! The secrets of a test's shop: long and unique strings, so that a leak is recognised.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The merchant backend's.
pub const MERCHANT: &str = "merchant-0f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// Another backend's of the same merchant, `batch`.
pub const BATCH: &str = "batch-5566778899aabbccddeeff0011223344";
/// The administrator `kim`'s.
pub const KIM: &str = "kim-1a2b3c4d5e6f708192a3b4c5d6e7f809";
/// The administrator `lee`'s.
pub const LEE: &str = "lee-99887766554433221100ffeeddccbbaa";
/// Signs buyers' tokens.
pub const TOKENS: &str = "tokens-abcdef0123456789abcdef0123456789";
/// The mock gateway's present secret, and the one it had before the rotation.
pub const WEBHOOK_NEW: &[u8; 32] = b"webhook-secret-after-rotation-01";
/// The one before.
pub const WEBHOOK_OLD: &[u8; 32] = b"webhook-secret-before-rotation-0";
/// The data key.
pub const DATA_KEY: &str = "c0ffee00c0ffee01c0ffee02c0ffee03c0ffee04c0ffee05c0ffee06c0ffee07";

/// A webhook secret as it is configured.
pub fn whsec(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// All of them as they are configured, by the names of their settings.
pub fn environment() -> Vec<(String, String)> {
    let webhooks = format!("{},{}", whsec(WEBHOOK_NEW), whsec(WEBHOOK_OLD));
    let admins = format!("kim:{KIM},lee:{LEE}");
    let backends = format!("batch:{BATCH}");
    [
        ("DAEGEUM_MERCHANT_KEY", MERCHANT),
        ("DAEGEUM_MERCHANT_KEYS", &backends),
        ("DAEGEUM_ADMIN_KEYS", &admins),
        ("DAEGEUM_BUYER_JWT_SECRET", TOKENS),
        ("DAEGEUM_MOCK_WEBHOOK_SECRET", &webhooks),
        ("DAEGEUM_DATA_KEY", DATA_KEY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Whatever must never be seen in a log.
pub fn all() -> Vec<String> {
    let plain = [MERCHANT, BATCH, KIM, LEE, TOKENS, DATA_KEY].map(str::to_owned);
    let webhooks = [WEBHOOK_NEW, WEBHOOK_OLD].map(|secret| STANDARD.encode(secret));
    plain.into_iter().chain(webhooks).collect()
}

/// The machine's time, in seconds since 1970.
pub fn now_s() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.expect("a clock after 1970").as_secs()
}

/// A buyer's token, good for ten minutes.
pub fn token(buyer: &str) -> String {
    token_of(&json!({ "sub": buyer, "exp": now_s() + 600 }), TOKENS)
}

/// A token with any claims, signed with any secret.
pub fn token_of(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).expect("claims are JSON")
}
