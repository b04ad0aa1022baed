//! Tokens under the secret that the shop's backend has.

use jsonwebtoken::{EncodingKey, Header as Written, encode};
use serde_json::{Value as Json, json};

use super::*;
use crate::config::{Flags, Purpose};
use crate::world::ManualWorld;

const SIGNING: &str = "signing-signing-signing-signing-signing";
const NOW_S: i64 = 1_800_000_000;
const LEEWAY_S: i64 = 30;

fn config(settings: &[(&str, &str)]) -> Config {
    let world = ManualWorld::new(0, 1);
    let keys = ["MERCHANT", "ADMIN"].map(|name| (format!("DAEGEUM_{name}_KEY"), name.repeat(8)));
    let more = [
        ("DAEGEUM_DATA_KEY", "00".repeat(32)),
        ("DAEGEUM_BUYER_JWT_SECRET", SIGNING.to_owned()),
    ];
    let more = more.map(|(name, text)| (name.to_owned(), text));
    let settings = settings.iter();
    let settings = settings.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let said = keys.into_iter().chain(more).chain(settings);
    Config::load(&Flags::default(), said, Purpose::Show, &world).unwrap()
}

async fn taken(token: &str) -> Result<String, &'static str> {
    let world = ManualWorld::new(NOW_S * 1000, 1);
    let buyer = BuyerTokens::new(&config(&[])).buyer(token, &world).await;
    buyer.map_err(|problem| problem.code())
}

fn token(algorithm: Algorithm, secret: &str, claims: &Json) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Written::new(algorithm), claims, &key).unwrap()
}

async fn with_claims(claims: Json) -> Result<String, &'static str> {
    taken(&token(Algorithm::HS256, SIGNING, &claims)).await
}

/// The same claims under another header, signed with the secret.
fn under_header(header: &Json) -> String {
    let claims = json!({"sub": "b", "exp": NOW_S + 60});
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(&claims));
    let key = EncodingKey::from_secret(SIGNING.as_bytes());
    let signature = crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn token_identifies_its_buyer() {
    let claims = json!({"sub": "buyer-1", "exp": NOW_S + 60, "aud": "shop", "role": "x"});
    assert_eq!(with_claims(claims).await.unwrap(), "buyer-1");
}

#[tokio::test]
async fn a_token_ends_after_the_leeway() {
    let until = |exp| with_claims(json!({"sub": "b", "exp": exp}));
    assert!(until(NOW_S - LEEWAY_S + 1).await.is_ok());
    assert_eq!(until(NOW_S - LEEWAY_S).await, Err("TOKEN_EXPIRED"));
    let from = |nbf| with_claims(json!({"sub": "b", "exp": NOW_S + 999, "nbf": nbf}));
    assert!(from(NOW_S + LEEWAY_S).await.is_ok());
    assert_eq!(from(NOW_S + LEEWAY_S + 1).await, Err("INVALID_CREDENTIALS"));
}

#[tokio::test]
async fn invalid_token_is_refused() {
    for claims in [
        json!({"exp": NOW_S + 60}),
        json!({"sub": "b"}),
        json!({"sub": "", "exp": NOW_S + 60}),
        json!({"sub": 7, "exp": NOW_S + 60}),
        json!({"sub": "b", "exp": "soon"}),
        json!({"sub": "b\n", "exp": NOW_S + 60}),
        json!({"sub": "b".repeat(129), "exp": NOW_S + 60}),
    ] {
        let told = format!("{claims}");
        assert_eq!(
            with_claims(claims).await,
            Err("INVALID_CREDENTIALS"),
            "{told}"
        );
    }
    let claims = json!({"sub": "b", "exp": NOW_S + 60});
    let forged = token(
        Algorithm::HS256,
        "another-another-another-another-1",
        &claims,
    );
    assert_eq!(taken(&forged).await, Err("INVALID_CREDENTIALS"));
    let other_algorithm = token(Algorithm::HS512, SIGNING, &claims);
    assert_eq!(taken(&other_algorithm).await, Err("INVALID_CREDENTIALS"));
    // {"alg":"none","typ":"JWT"} with our claims and no signature
    let signed = token(Algorithm::HS256, SIGNING, &claims);
    let body = signed.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
    assert_eq!(taken(&unsigned).await, Err("INVALID_CREDENTIALS"));
}

#[tokio::test]
async fn critical_header_refuses_a_validly_signed_token() {
    for taken_header in [
        json!({"alg": "HS256"}),
        json!({"alg": "HS256", "typ": "JWT", "kid": "the shop's own name for it"}),
        json!({"alg": "HS256", "jku": "https://evil.example/keys", "x-own": 1}),
    ] {
        assert!(taken(&under_header(&taken_header)).await.is_ok());
    }
    for refused in [
        json!({"alg": "HS256", "crit": ["exp"]}),
        json!({"alg": "HS256", "crit": ["b64"], "b64": true}),
        json!({"alg": "HS256", "typ": "logout+jwt"}),
        json!({"alg": "none"}),
        json!({"alg": "hs256"}),
        json!({"alg": "RS256"}),
        json!({}),
    ] {
        let told = taken(&under_header(&refused)).await;
        assert_eq!(told, Err("INVALID_CREDENTIALS"), "{refused}");
    }
}

#[tokio::test]
async fn text_without_three_parts_is_no_token() {
    let good = under_header(&json!({"alg": "HS256"}));
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    for wrong in [
        String::new(),
        "..".into(),
        format!("{header}.{claims}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(".{claims}.{signature}"),
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}. {signature}"),
        format!("{header}.{claims}."),
    ] {
        assert_eq!(taken(&wrong).await, Err("INVALID_CREDENTIALS"), "{wrong}");
    }
}
