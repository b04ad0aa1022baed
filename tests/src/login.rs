//! A third-party login: it signs buyers' tokens and publishes its keys as a JWK set on a loopback port, as the test
//! sets them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::secrets;

/// Its name, as tokens have it.
pub const ISSUER: &str = "https://login.example";
/// Whom the tokens are for.
pub const AUDIENCE: &str = "shop-web";

/// A key that it signs with.
pub struct SigningKey {
    jwk: Value,
    algorithm: Algorithm,
    signing: EncodingKey,
}

impl SigningKey {
    /// An RSA key of 2048 bits.
    pub fn rsa(kid: &str) -> Self {
        const KEY: &[u8] = include_bytes!("../../server/src/http/tests/keys/rsa-1.der");
        let pair = RsaKeyPair::from_der(KEY).expect("a key");
        let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
        let (n, e) = (text(&public.n), text(&public.e));
        Self {
            jwk: json!({"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "n": n, "e": e}),
            algorithm: Algorithm::RS256,
            signing: EncodingKey::from_rsa_der(KEY),
        }
    }

    /// A new key on P-256.
    pub fn ec(kid: &str) -> Self {
        let (kind, chance) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(kind, &chance).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &chance).expect("a key");
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        Self {
            jwk: json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": text(x), "y": text(y)}),
            algorithm: Algorithm::ES256,
            signing: EncodingKey::from_ec_der(document.as_ref()),
        }
    }

    /// A token of a buyer who has signed in, good for ten minutes.
    pub fn token(&self, buyer: &str) -> String {
        let exp = secrets::now_s() + 600;
        let claims = json!({"sub": buyer, "exp": exp, "iss": ISSUER, "aud": AUDIENCE});
        let mut header = Header::new(self.algorithm);
        header.kid = self.jwk["kid"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, &claims, &self.signing).expect("claims are JSON")
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The answer of its address.
#[derive(Clone)]
enum Says {
    /// The connection stays open and nothing comes.
    Nothing,
    Answer(String),
}

/// The login's address.
pub struct Login {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Login {
    /// A login that publishes these keys.
    pub async fn open(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let login = Self {
            address: listener.local_addr().expect("an address"),
            says: Arc::new(Mutex::new(Says::Nothing)),
            asked: Arc::default(),
        };
        login.publish(keys);
        let (says, asked) = (Arc::clone(&login.says), Arc::clone(&login.asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (says, asked) = (Arc::clone(&says), Arc::clone(&asked));
                tokio::spawn(async move { answer(stream, &says, &asked).await });
            }
        });
        login
    }

    /// From now on it publishes these.
    pub fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| &key.jwk).collect();
        self.answer("200 OK", "", &json!({ "keys": keys }).to_string());
    }

    /// From now on it answers this.
    pub fn answer(&self, status: &str, header: &str, body: &str) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        *self.says.lock().unwrap() = Says::Answer(answer);
    }

    /// From now on it takes requests and never answers.
    pub fn say_nothing(&self) {
        *self.says.lock().unwrap() = Says::Nothing;
    }

    /// The requests received, as request lines.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The address of the keys.
    pub fn url(&self) -> String {
        format!("http://{}/keys?of=shop", self.address)
    }

    /// The settings of a shop whose buyers sign in here.
    pub fn settings(&self) -> Vec<(String, String)> {
        settings(&self.url())
    }
}

/// The settings of a shop whose buyers sign in with keys at this address.
pub fn settings(url: &str) -> Vec<(String, String)> {
    [
        ("DAEGEUM_BUYERS_ISSUER", ISSUER),
        ("DAEGEUM_BUYERS_AUDIENCE", AUDIENCE),
        ("DAEGEUM_BUYERS_JWK_SET_URL", url),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

async fn answer(mut stream: TcpStream, says: &Mutex<Says>, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line);
    let says = says.lock().unwrap().clone();
    match says {
        // The caller goes away once it has waited long enough.
        Says::Nothing => drop(stream.read_u8().await),
        // They may have gone before the answer is whole.
        Says::Answer(text) => drop(stream.write_all(text.as_bytes()).await),
    }
}
