//! Buyers' tokens of a third-party login: the key that verifies them, and the sources of keys.

use std::{path::Path, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::harness::*;
use super::login::*;

const URL: (&str, &str) = (
    "DAEGEUM_BUYERS_JWK_SET_URL",
    "https://login.example/keys?of=shop",
);
const CLAIMED: [(&str, &str); 2] = [
    ("DAEGEUM_BUYERS_ISSUER", ISSUER),
    ("DAEGEUM_BUYERS_AUDIENCE", AUDIENCE),
];
/// The least time between two requests to an address.
const MINUTE: Duration = Duration::from_secs(61);

async fn served(login: &Login) -> Server {
    Server::start_in(login.world(), &[&CLAIMED[..], &[URL]].concat(), None).await
}

/// The buyer that a token is taken for, or the code it is refused with.
async fn buyer(server: &Server, token: &str) -> Result<String, String> {
    let answer = server.ask(&get_as("/buyer", token)).await;
    match answer.status {
        200 => Ok(String::from_utf8(answer.body).unwrap()),
        _ => Err(answer.code()),
    }
}

async fn taken(server: &Server, token: &str) {
    assert_eq!(buyer(server, token).await, Ok("buyer-1".to_owned()));
}

async fn refused(server: &Server, token: &str) {
    assert_eq!(
        buyer(server, token).await,
        Err("INVALID_CREDENTIALS".to_owned()),
        "{token}"
    );
}

#[tokio::test]
async fn tokens_of_rs256_and_es256_are_verified_by_the_key_they_name() {
    let (rsa, ec) = (Key::rsa("r", 0), Key::ec("e"));
    let login = Login::publishing(&[&rsa.jwk, &ec.jwk]);
    let server = served(&login).await;
    for key in [&rsa, &ec] {
        taken(&server, &key.token()).await;
        let mut token = key.token().into_bytes();
        let last = token.len() - 20;
        token[last] = if token[last] == b'A' { b'B' } else { b'A' };
        refused(&server, &String::from_utf8(token).unwrap()).await;
        let claims = json!({"sub": "buyer-1", "exp": NOW_S - 60, "iss": ISSUER, "aud": AUDIENCE});
        let old = buyer(&server, &key.signs(&key.header(), &claims)).await;
        assert_eq!(old, Err("TOKEN_EXPIRED".to_owned()));
    }
    // The holder of the other key cannot sign under this one's id.
    refused(&server, &rsa.signs(&ec.header(), &claims())).await;
    refused(&server, &Key::rsa("r", 1).token()).await;
    // The shop's own tokens are taken beside them.
    taken(&server, &token(&claims())).await;
    assert_eq!(
        login.times_asked(),
        1,
        "none of these is a reason to ask again"
    );
}

#[tokio::test]
async fn issuer_and_audience_hold_for_every_token() {
    let key = Key::ec("e");
    let server = served(&Login::publishing(&[&key.jwk])).await;
    for (name, wrong) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("another-service")),
        ("aud", json!(["another-service", "third"])),
        ("iss", Value::Null),
    ] {
        let mut claims = claims();
        claims[name] = wrong;
        refused(&server, &key.signs(&key.header(), &claims)).await;
        refused(&server, &token(&claims)).await;
    }
    let mut claims = claims();
    claims["aud"] = json!(["another-service", AUDIENCE]);
    taken(&server, &key.signs(&key.header(), &claims)).await;
}

#[tokio::test]
async fn public_key_is_never_used_as_a_secret() {
    let (rsa, ec) = (Key::rsa("r", 0), Key::ec("e"));
    let server = served(&Login::publishing(&[&rsa.jwk, &ec.jwk])).await;
    for key in [&rsa, &ec] {
        let jwk = key.jwk.to_string();
        let texts: Vec<&str> = ["n", "x"]
            .iter()
            .filter_map(|name| key.jwk[*name].as_str())
            .collect();
        for public in [&texts[..], &[&*jwk]].concat() {
            let secret = EncodingKey::from_secret(public.as_bytes());
            for header in [
                json!({"alg": "HS256"}),
                json!({"alg": "HS256", "kid": key.jwk["kid"]}),
                key.header(),
            ] {
                let token = signed(&header, &claims(), &secret, Algorithm::HS256);
                refused(&server, &token).await;
            }
        }
        // Another algorithm than the key's own, whichever key signed it.
        let mut header = key.header();
        for alg in [
            "none", "HS256", "RS384", "PS256", "ES384", "EdDSA", "rs256", "",
        ] {
            header["alg"] = json!(alg);
            refused(&server, &key.signs(&header, &claims())).await;
        }
    }
    // One key's name with the other's algorithm, whichever of them signed.
    for (named, other) in [(&rsa, &ec), (&ec, &rsa)] {
        let mut crossed = named.header();
        crossed["alg"] = other.header()["alg"].clone();
        refused(&server, &named.signs(&crossed, &claims())).await;
        refused(&server, &other.signs(&crossed, &claims())).await;
    }
}

#[tokio::test]
async fn without_the_shops_secret_no_token_is_signed_with_one() {
    let key = Key::ec("e");
    let login = Login::publishing(&[&key.jwk]);
    let nothing = [("DAEGEUM_BUYER_JWT_SECRET", "")];
    let settings = [&CLAIMED[..], &[URL], &nothing].concat();
    let server = Server::start_in(login.world(), &settings, None).await;
    taken(&server, &key.token()).await;
    for secret in ["", SIGNING] {
        let secret = EncodingKey::from_secret(secret.as_bytes());
        let token = signed(
            &json!({"alg": "HS256"}),
            &claims(),
            &secret,
            Algorithm::HS256,
        );
        refused(&server, &token).await;
    }
}

#[tokio::test]
async fn a_token_without_a_kid_is_verified_by_the_only_key_or_by_none() {
    let (first, second) = (Key::ec("1"), Key::ec("2"));
    let nameless = |key: &Key| key.signs(&json!({"alg": "ES256"}), &claims());
    let alone = served(&Login::publishing(&[&first.jwk])).await;
    taken(&alone, &nameless(&first)).await;
    let unnamed = first.with("kid", Value::Null);
    let alone = served(&Login::publishing(&[&unnamed])).await;
    taken(&alone, &nameless(&first)).await;
    refused(&alone, &first.token()).await;
    let several = served(&Login::publishing(&[&first.jwk, &second.jwk])).await;
    for key in [&first, &second] {
        refused(&several, &nameless(key)).await;
    }
    taken(&several, &second.token()).await;
}

#[tokio::test]
async fn duplicate_kid_names_no_key() {
    let (first, second, third) = (Key::ec("1"), Key::ec("1"), Key::ec("3"));
    let server = served(&Login::publishing(&[&first.jwk, &second.jwk, &third.jwk])).await;
    refused(&server, &first.token()).await;
    refused(&server, &second.token()).await;
    taken(&server, &third.token()).await;
    // A key that cannot be used is not counted.
    let encrypting = second.with("use", json!("enc"));
    let server = served(&Login::publishing(&[&encrypting, &first.jwk])).await;
    taken(&server, &first.token()).await;
}

#[tokio::test]
async fn key_for_another_use_is_left_out() {
    let ec = Key::ec("e");
    let rsa = Key::rsa("r", 0);
    for left_out in [
        ec.with("use", json!("enc")),
        ec.with("key_ops", json!(["sign", "deriveKey"])),
        ec.with("alg", json!("ES384")),
        ec.with("alg", json!("HS256")),
        ec.with("alg", json!("RS256")),
        ec.with("crv", json!("P-384")),
        ec.with("x", json!("AAAA")),
        ec.with("y", Value::Null),
        ec.with("d", json!("AAAA")),
        ec.with("kid", json!(7)),
        json!({"kty": "oct", "kid": "e", "k": ec.jwk["x"]}),
        json!({"kty": "XYZ", "kid": "e"}),
        json!("no key"),
    ] {
        let server = served(&Login::publishing(&[&left_out, &rsa.jwk])).await;
        refused(&server, &ec.token()).await;
        taken(&server, &rsa.token()).await;
    }
    for left_out in [
        rsa.with("alg", json!("PS256")),
        rsa.with("alg", json!("RSA-OAEP")),
        rsa.with("e", json!("AQ")),
        rsa.with("e", json!("AA")),
        rsa.with("e", json!("")),
        rsa.with("e", json!("AQABAAE")),
        rsa.with("n", json!("")),
        rsa.with("n", json!("====")),
        rsa.with("p", json!("AAAA")),
    ] {
        let server = served(&Login::publishing(&[&left_out, &ec.jwk])).await;
        refused(&server, &rsa.token()).await;
        taken(&server, &ec.token()).await;
    }
    for used in [
        rsa.with("alg", Value::Null),
        rsa.with("use", Value::Null),
        rsa.with("key_ops", json!(["verify"])),
        // A zero that signed numbers begin with, which is not to be there: three bytes in four letters.
        rsa.with(
            "n",
            json!(format!("AAAA{}", rsa.jwk["n"].as_str().unwrap())),
        ),
        rsa.with("x5c", json!(["MIIB"])),
    ] {
        let server = served(&Login::publishing(&[&used])).await;
        taken(&server, &rsa.token()).await;
    }
}

/// Of 1024 bits, and a token that such a key signed.
const SMALL_N: &str = "6NIzUG_kXo3LrxiK_sHNTBvjJITsyRU9DcMCxtv8G9NVNb4FdC7UVGWnEl_vLQKECjO2pEbOnW8F3jEVtHUHVsGXPvADdvwyqUQ60jfBXw1p37cuHNHOdd_ThRfaCurSoOp8HwcGEiLkrqXgBYZGfV3tppzqp03SoyiCPthReB8";
const SMALL_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InNtYWxsIn0.eyJzdWIiOiJidXllci0xIiwiaXNzIjoiaHR0cHM6Ly9sb2dpbi5leGFtcGxlIiwiYXVkIjoic2hvcCIsImV4cCI6MTgwMDAwMDYwMH0.qMzJvSr0Ge0tUkqHgUkld97_dzfkQWE1PqAqX5bEnjUavQBFJ25uJPtp_YgQGUzUeBvICy3BMk9j3uaOcgsaL0DjKRAJekGinpT4OIITJTXYmxWUlrBZMXHNkvTSXwzL58YdQC6unPNXKS3r4ZJAPPb8658kn8ibmLqXLqEglvs";

#[tokio::test]
async fn small_rsa_key_is_left_out() {
    let small = json!({"kty": "RSA", "kid": "small", "n": SMALL_N, "e": "AQAB"});
    let ec = Key::ec("e");
    let server = served(&Login::publishing(&[&small, &ec.jwk])).await;
    refused(&server, SMALL_TOKEN).await;
    taken(&server, &ec.token()).await;
}

#[tokio::test]
async fn set_is_fetched_for_a_new_key_at_most_once_a_minute() {
    let (old, new) = (Key::rsa("old", 0), Key::rsa("new", 1));
    let login = Login::publishing(&[&old.jwk]);
    let server = served(&login).await;
    taken(&server, &old.token()).await;
    login.publishes(&[&old.jwk, &new.jwk]);
    for unknown in 0..20 {
        refused(&server, &Key::ec(&format!("unknown-{unknown}")).token()).await;
        refused(&server, &new.token()).await;
    }
    assert_eq!(login.asked_at_s(), [0], "a minute has not passed");
    server.world.advance(MINUTE);
    taken(&server, &new.token()).await;
    taken(&server, &old.token()).await;
    assert_eq!(login.asked_at_s(), [0, 61]);
    server.world.advance(MINUTE / 2);
    refused(&server, &Key::ec("unknown").token()).await;
    assert_eq!(login.asked_at_s(), [0, 61]);
}

#[tokio::test]
async fn withdrawn_key_is_dropped_without_a_request() {
    let (old, new) = (Key::ec("old"), Key::ec("new"));
    let login = Login::publishing(&[&old.jwk, &new.jwk]);
    let server = served(&login).await;
    taken(&server, &old.token()).await;
    login.publishes(&[&new.jwk]);
    pass(&server, &login, 2).await;
    let [_, again] = login.asked_at_s()[..] else {
        panic!("{:?}", login.asked_at_s());
    };
    assert!((600..=605).contains(&again), "{again}");
    taken(&server, &new.token()).await;
    refused(&server, &old.token()).await;
    // A set without keys is a set: all of them were taken back.
    login.publishes(&[]);
    pass(&server, &login, 3).await;
    refused(&server, &new.token()).await;
}

/// Lets time pass until the login has been asked so many times.
async fn pass(server: &Server, login: &Login, times: usize) {
    let world = server.world.clone();
    until(|| {
        world.advance(Duration::from_secs(1));
        login.times_asked() >= times
    })
    .await;
}

#[tokio::test]
async fn failed_read_keeps_the_last_good_set() {
    let (old, new) = (Key::ec("old"), Key::ec("new"));
    let login = Login::publishing(&[&old.jwk]);
    let server = served(&login).await;
    taken(&server, &old.token()).await;
    let new_set = set(&[&new.jwk]);
    for failure in [
        Says::Nothing,
        Says::Text(500, "oh".into()),
        Says::Text(404, new_set.clone()),
        Says::Text(302, new_set.clone()),
        Says::Text(204, String::new()),
        Says::Text(200, "<html>sign in</html>".into()),
        Says::Text(200, "[]".into()),
        Says::Text(200, r#"{"keys":{}}"#.into()),
        Says::Text(200, r#"{"keys":[],"keys":[]}"#.into()),
        Says::Text(200, new_set[..new_set.len() - 1].into()),
        Says::Text(200, "[".repeat(100_000)),
    ] {
        login.says(failure);
        server.world.advance(MINUTE);
        let asked = login.times_asked();
        refused(&server, &new.token()).await;
        assert_eq!(login.times_asked(), asked + 1);
        taken(&server, &old.token()).await;
    }
    login.publishes(&[&new.jwk]);
    server.world.advance(MINUTE);
    taken(&server, &new.token()).await;
    refused(&server, &old.token()).await;
}

#[tokio::test]
async fn buyers_get_503_before_the_first_set_and_others_are_served() {
    let key = Key::rsa("r", 0);
    let login = Login::new(Says::Nothing);
    let server = served(&login).await;
    let answer = server.ask(&get_as("/buyer", &key.token())).await;
    assert_eq!(answer.code(), "BUYER_KEYS_UNAVAILABLE");
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("3"))
    );
    assert_eq!(server.ask(&get_as("/merchant", MERCHANT)).await.status, 200);
    taken(&server, &token(&claims())).await;
    refused(&server, &token(&json!({"sub": "b"}))).await;
    refused(&server, "no.token.atall").await;

    login.publishes(&[&key.jwk]);
    server.world.advance(Duration::from_secs(2));
    let early = buyer(&server, &key.token()).await;
    assert_eq!(early, Err("BUYER_KEYS_UNAVAILABLE".to_owned()));
    server.world.advance(Duration::from_secs(1));
    taken(&server, &key.token()).await;
    assert_eq!(login.asked_at_s(), [0, 3]);
}

#[tokio::test]
async fn slow_login_is_waited_for_within_limits() {
    let key = Key::ec("e");
    let gate = Arc::new(Semaphore::new(0));
    let login = Login::new(Says::Late(Arc::clone(&gate), set(&[&key.jwk])));
    let server = served(&login).await;
    let waiting = async {
        let mut caller = server.connect().await;
        caller.ask(&get_as("/buyer", &key.token())).await
    };
    let released = async {
        until(|| login.times_asked() == 1).await;
        gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(waiting, released);
    assert_eq!(answer.body, b"buyer-1");

    // A key that may come is waited for, but not for ever; known keys do not wait at all.
    server.world.advance(MINUTE);
    until(|| server.world.timers() > 0).await;
    let new = Key::ec("new");
    let waiting = async {
        let mut caller = server.connect().await;
        caller.ask(&get_as("/buyer", &new.token())).await.code()
    };
    let meanwhile = async {
        until(|| login.times_asked() == 2).await;
        taken(&server, &key.token()).await;
        server.world.advance(Duration::from_secs(8));
    };
    let (code, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(code, "INVALID_CREDENTIALS");
    assert_eq!(login.times_asked(), 2);
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let (old, new) = (Key::ec("old"), Key::rsa("new", 0));
    write(&path, &format!("\u{feff}{}", set(&[&old.jwk])));
    let file = ("DAEGEUM_BUYERS_JWK_SET_FILE", path.to_str().unwrap());
    let server = Server::start(&[&CLAIMED[..], &[file]].concat()).await;
    taken(&server, &old.token()).await;
    // For a key that is not in it, a second later;
    write(&path, &set(&[&old.jwk, &new.jwk]));
    refused(&server, &new.token()).await;
    server.world.advance(Duration::from_secs(1));
    taken(&server, &new.token()).await;
    // half of a file is no file;
    write(&path, "{\"keys\":[");
    server.world.advance(Duration::from_secs(1));
    refused(&server, &Key::ec("unknown").token()).await;
    taken(&server, &old.token()).await;
    // and for what is gone, nobody has to ask.
    write(&path, &set(&[&new.jwk]));
    let gone = async || buyer(&server, &old.token()).await.is_err();
    soon(async {
        while !gone().await {
            server.world.advance(Duration::from_secs(1));
        }
    })
    .await;
    taken(&server, &new.token()).await;
}

#[expect(clippy::disallowed_methods, reason = "a test's own file")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
