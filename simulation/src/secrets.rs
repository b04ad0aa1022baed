//! The secrets of every simulated shop, each with a word in it that is found nowhere else, and the personal data
//! of its people, likewise.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daegeum_server::config::{Config, Flags, Purpose};
use daegeum_server::world::ManualWorld;
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use sha2::Sha256;

use crate::world::BEGINNING_MS;

/// The word in every secret.
pub const SECRET: &[u8] = b"hush7secret";
/// The word in every person's data, followed by whose it is.
pub const PERSONAL: &[u8] = b"canary9person-";

/// The merchant backend's.
pub const MERCHANT: &str = "merchant-hush7secret-0f1e2d3c4b5a6978";
/// The administrator's.
pub const ADMIN: &str = "kim-hush7secret-1a2b3c4d5e6f70819200aa";
/// The shop's keys at the simulated Toss.
pub const TOSS_CLIENT: &str = "test_ck_simulated0000000000000000";
/// The secret one.
pub const TOSS_SECRET: &str = "test_sk_hush7secret00000000000000";
/// Another shop's client key there.
pub const OTHER_CLIENT: &str = "test_ck_another00000000000000000";
/// And its secret key.
pub const OTHER_SECRET: &str = "test_sk_hush7secret11111111111111";
const TOKENS: &str = "tokens-hush7secret-abcdef0123456789abcdef";
const WEBHOOK: &[u8; 32] = b"webhook-hush7secret-rotation-001";
const DATA_KEY: &str = "c0ffee00c0ffee01c0ffee02c0ffee03c0ffee04c0ffee05c0ffee06c0ffee07";

/// The settings of every shop, read once.
pub fn config() -> Config {
    static CONFIG: LazyLock<Config> = LazyLock::new(|| load(TOSS_CLIENT, TOSS_SECRET));
    CONFIG.clone()
}

/// The same with another shop's keys at the simulated Toss.
pub fn config_with_other_keys() -> Config {
    static CONFIG: LazyLock<Config> = LazyLock::new(|| load(OTHER_CLIENT, OTHER_SECRET));
    CONFIG.clone()
}

/// How a request with another shop's keys says whose it is.
pub fn other_authorization() -> &'static str {
    static BASIC: LazyLock<String> =
        LazyLock::new(|| format!("Basic {}", STANDARD.encode(format!("{OTHER_SECRET}:"))));
    &BASIC
}

fn load(toss_client: &str, toss_secret: &str) -> Config {
    let webhook = format!("whsec_{}", STANDARD.encode(WEBHOOK));
    let settings = [
        ("DAEGEUM_MERCHANT_KEY", MERCHANT),
        ("DAEGEUM_ADMIN_KEY", ADMIN),
        ("DAEGEUM_BUYER_JWT_SECRET", TOKENS),
        ("DAEGEUM_MOCK_WEBHOOK_SECRET", &webhook),
        ("DAEGEUM_DATA_KEY", DATA_KEY),
        ("DAEGEUM_GATEWAYS_MOCK", "true"),
        ("TOSS_PAYMENTS_SECRET_KEY", toss_secret),
        ("TOSS_PAYMENTS_CLIENT_KEY", toss_client),
        ("DAEGEUM_LIMITS_RATE_PER_SOURCE", "0"),
        ("DAEGEUM_LIMITS_RATE_PER_KEY", "0"),
    ];
    let said = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let flags = Flags {
        data: Some(PathBuf::from("data")),
        ..Flags::default()
    };
    let world = ManualWorld::new(BEGINNING_MS, 1);
    Config::load(&flags, said.into_iter(), Purpose::Serve, &world)
        .expect("settings that can be used")
}

/// A buyer's token, good for a month.
pub fn token(buyer: &str) -> Arc<str> {
    let expires_s = BEGINNING_MS / 1_000 + 30 * 86_400;
    let claims = json!({ "sub": buyer, "exp": expires_s });
    let key = EncodingKey::from_secret(TOKENS.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
        .expect("claims are JSON")
        .into()
}

/// The signature of a notification of the mock gateway: `v1,` and the base64 of HMAC-SHA256.
pub fn signature(id: &str, at_s: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK).expect("any length is a key");
    mac.update(format!("{id}.{at_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Something personal of this person.
pub fn personal(whose: &str, what: &str) -> String {
    format!("canary9person-{whose}-{what}")
}
