//! Somebody else's login: keys that it signs tokens with, and the JWK set that it publishes, as the test wants it
//! just now.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Response;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use parking_lot::Mutex;
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::harness::NOW_S;
use crate::world::{BoxFuture, ManualWorld, Outbound, Undelivered, World};

pub(super) const ISSUER: &str = "https://login.example";
pub(super) const AUDIENCE: &str = "shop";

/// A key pair, the public half as a JWK.
pub(super) struct Key {
    pub(super) jwk: Value,
    algorithm: Algorithm,
    signing: EncodingKey,
}

impl Key {
    /// The first or the second RSA key there is here.
    pub(super) fn rsa(kid: &str, which: usize) -> Self {
        let keys: [&[u8]; 2] = [
            include_bytes!("keys/rsa-1.der"),
            include_bytes!("keys/rsa-2.der"),
        ];
        let pair = RsaKeyPair::from_der(keys[which]).unwrap();
        let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
        let (n, e) = (text(&public.n), text(&public.e));
        Self {
            jwk: json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": n, "e": e}),
            algorithm: Algorithm::RS256,
            signing: EncodingKey::from_rsa_der(keys[which]),
        }
    }

    /// A new key on P-256.
    pub(super) fn ec(kid: &str) -> Self {
        let (curve, chance) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(curve, &chance).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(curve, document.as_ref(), &chance).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (text(&point[1..33]), text(&point[33..]));
        Self {
            jwk: json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y}),
            algorithm: Algorithm::ES256,
            signing: EncodingKey::from_ec_der(document.as_ref()),
        }
    }

    /// The same key, its JWK with this instead; `null` takes it out.
    pub(super) fn with(&self, name: &str, value: Value) -> Value {
        let mut jwk = self.jwk.clone();
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(name);
        } else {
            jwk[name] = value;
        }
        jwk
    }

    /// A token of the usual claims that names the key.
    pub(super) fn token(&self) -> String {
        self.signs(&self.header(), &claims())
    }

    pub(super) fn header(&self) -> Value {
        json!({"alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": self.jwk["kid"]})
    }

    pub(super) fn signs(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, &self.signing, self.algorithm)
    }
}

/// The login's claims about a buyer.
pub(super) fn claims() -> Value {
    json!({"sub": "buyer-1", "exp": NOW_S + 86_400, "iss": ISSUER, "aud": AUDIENCE})
}

/// Any token.
pub(super) fn signed(
    header: &Value,
    claims: &Value,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let part = |json: &Value| text(json.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The answer of the login's address.
#[derive(Clone)]
pub(super) enum Says {
    Nothing,
    Text(u16, String),
    /// A set, once a permit is added.
    Late(Arc<Semaphore>, String),
}

/// The login's address.
#[derive(Clone)]
pub(super) struct Login {
    says: Arc<Mutex<Says>>,
    asked_at_s: Arc<Mutex<Vec<u64>>>,
}

impl Login {
    pub(super) fn new(says: Says) -> Self {
        Self {
            says: Arc::new(Mutex::new(says)),
            asked_at_s: Arc::default(),
        }
    }

    pub(super) fn publishing(keys: &[&Value]) -> Self {
        Self::new(Says::Text(200, set(keys)))
    }

    /// From now on it answers so.
    pub(super) fn says(&self, says: Says) {
        *self.says.lock() = says;
    }

    pub(super) fn publishes(&self, keys: &[&Value]) {
        self.says(Says::Text(200, set(keys)));
    }

    /// When it was asked, in seconds.
    pub(super) fn asked_at_s(&self) -> Vec<u64> {
        self.asked_at_s.lock().clone()
    }

    pub(super) fn times_asked(&self) -> usize {
        self.asked_at_s.lock().len()
    }

    /// The world that it is in.
    pub(super) fn world(&self) -> ManualWorld {
        let world = ManualWorld::new(NOW_S * 1000, 1);
        let (login, clock) = (self.clone(), world.clone());
        world.with_network(move |outbound| {
            let now_s = clock.monotonic_ns() / 1_000_000_000;
            login.asked_at_s.lock().push(now_s);
            login.answer(&outbound)
        })
    }

    fn answer(&self, asked: &Outbound) -> BoxFuture<Result<Response<Bytes>, Undelivered>> {
        assert_eq!(asked.request.uri(), "https://login.example/keys?of=shop");
        assert_eq!(asked.request.headers().len(), 1, "nothing is told besides");
        assert!(asked.deadline.as_secs() <= 5 && asked.answer_bytes_max <= 256 << 10);
        let says = self.says.lock().clone();
        Box::pin(async move {
            let (status, text) = match says {
                Says::Nothing => return Err(Undelivered::NotSent("nobody is there".into())),
                Says::Text(status, text) => (status, text),
                Says::Late(gate, text) => {
                    gate.acquire().await.unwrap().forget();
                    (200, text)
                }
            };
            let answer = Response::builder().status(status);
            Ok(answer.body(text.into()).unwrap())
        })
    }
}

/// A JWK set.
pub(super) fn set(keys: &[&Value]) -> String {
    json!({ "keys": keys }).to_string()
}
