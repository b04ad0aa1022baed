//! Buyers who sign in with a third-party login: their tokens are signed with keys of a JWK set, which comes over the
//! network or from a file, may be late or wrong, and changes.

use std::time::Duration;

use daegeum_tests::login::{Login, SigningKey, settings};
use daegeum_tests::program::{Program, run_with};
use daegeum_tests::{Answer, Caller, Shop, Success, secrets};
use serde_json::json;

const MINE: &str = "/api/v1/me/payments";

async fn shop_of(login: &Login) -> Shop {
    let mut settings = login.settings();
    settings.push(("DAEGEUM_GATEWAYS_ALLOW_PRIVATE".into(), "true".into()));
    let said: Vec<_> = settings
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    Shop::open_with(&said).await
}

async fn mine(shop: &Shop, key: &SigningKey) -> Answer {
    shop.stranger().with(key.token("ari")).get(MINE).await
}

#[tokio::test]
async fn buyer_of_a_third_party_login_pays() {
    let (rsa, ec) = (SigningKey::rsa("r"), SigningKey::ec("e"));
    let login = Login::open(&[&rsa, &ec]).await;
    let shop = shop_of(&login).await;
    let order = shop.order("o-1").by("ari").register().await;
    let body = json!({"order_id": "o-1", "amount": 11_000, "idempotency_key": "k"});
    let ari = shop.stranger().with(rsa.token("ari"));
    let begun = ari.post("/api/v1/payments", &body).await.expect(201);
    order.payment(&begun).complete(Success).await.expect(200);
    let seen = mine(&shop, &ec).await.expect(200);
    assert_eq!(seen["items"][0]["status"], "CAPTURED");
    let bora = shop.stranger().with(ec.token("bora"));
    bora.post("/api/v1/payments", &body)
        .await
        .refused(404, "ORDER_NOT_FOUND");
    // The shop's own tokens go on, once they say for whom they are.
    let exp = secrets::now_s() + 600;
    let mut claims = json!({"sub": "ari", "exp": exp});
    let own = shop
        .stranger()
        .with(secrets::token_of(&claims, secrets::TOKENS));
    own.get(MINE).await.refused(401, "INVALID_CREDENTIALS");
    claims["iss"] = json!(daegeum_tests::login::ISSUER);
    claims["aud"] = json!([daegeum_tests::login::AUDIENCE]);
    let own = shop
        .stranger()
        .with(secrets::token_of(&claims, secrets::TOKENS));
    assert_eq!(own.get(MINE).await.expect(200).json(), seen.json());
    assert_eq!(login.asked(), ["GET /keys?of=shop HTTP/1.1"]);
}

#[tokio::test]
async fn keys_change_while_the_shop_is_open() {
    let (old, new) = (SigningKey::ec("1"), SigningKey::ec("2"));
    let login = Login::open(&[&old]).await;
    let shop = shop_of(&login).await;
    mine(&shop, &old).await.expect(200);
    login.publish(&[&new]);
    for _ in 0..10 {
        mine(&shop, &new).await.refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(login.asked().len(), 1, "not within a minute");
    shop.look_at_key_set().await;
    assert_eq!(login.asked().len(), 2);
    mine(&shop, &new).await.expect(200);
    mine(&shop, &old).await.refused(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn slow_or_broken_login_affects_only_its_own_buyers() {
    let key = SigningKey::rsa("r");
    let login = Login::open(&[&key]).await;
    login.answer("503 Service Unavailable", "", "");
    let shop = shop_of(&login).await;
    shop.be_patient_for(Duration::from_millis(50));
    let set = "{\"keys\":[]}";
    let long = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(300 << 10));
    let elsewhere = format!("location: {}\r\n", login.url());
    for (status, header, body) in [
        ("503 Service Unavailable", "", ""),
        ("500 Internal Server Error", "", set),
        ("302 Found", &*elsewhere, ""),
        ("200 OK", "", "<html>"),
        ("200 OK", "", &*long),
        ("silence", "", ""),
    ] {
        match status {
            "silence" => login.say_nothing(),
            _ => login.answer(status, header, body),
        }
        shop.look_at_key_set().await;
        let answer = mine(&shop, &key).await;
        assert_eq!(answer.headers["retry-after"], "3", "{status}");
        answer.refused(503, "BUYER_KEYS_UNAVAILABLE");
        shop.merchant().get("/api/v1/gateways").await.expect(200);
    }
    login.publish(&[&key]);
    shop.look_at_key_set().await;
    mine(&shop, &key).await.expect(200);

    // From now on there is a set, and whatever comes instead of one does not take it away.
    for (status, body) in [("500 Internal Server Error", set), ("200 OK", "<html>")] {
        login.answer(status, "", body);
        let asked = login.asked().len();
        mine(&shop, &SigningKey::ec("new"))
            .await
            .refused(401, "INVALID_CREDENTIALS");
        shop.look_at_key_set().await;
        assert_eq!(login.asked().len(), asked + 1);
        mine(&shop, &key).await.expect(200);
    }
}

#[tokio::test]
async fn start_does_not_wait_for_the_login_and_logs_its_absence() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    // Not reachable: the address is private, by its number and by its name.
    for url in ["https://127.0.0.1:9/keys", "https://localhost:9/keys"] {
        let variables = [secrets::environment(), settings(url)].concat();
        let mut server = Program::start(&data, &variables, &[], &log);
        server.ready().await;
        let buyer = Caller::new(&server.base()).with(SigningKey::ec("e").token("ari"));
        buyer.get(MINE).await.refused(503, "BUYER_KEYS_UNAVAILABLE");
        assert!(server.stop().success());
        let said = std::fs::read_to_string(&log).unwrap();
        let line = said
            .lines()
            .find(|line| line.contains("answered 503 until"));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(
            line.contains("\"ERROR\"") && line.contains("private address"),
            "{line}"
        );
        assert!(line.contains(url), "{line}");
    }
}

#[test]
fn a_file_without_keys_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("keys.json"));
    let start = |text: Option<&str>| {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let mut variables = secrets::environment();
        variables.extend(settings(""));
        variables.push((
            "DAEGEUM_BUYERS_JWK_SET_FILE".into(),
            file.to_str().unwrap().into(),
        ));
        let ended = run_with(&["serve", "--listen", "127.0.0.1:0"], &data, &variables);
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    };
    for (text, said) in [
        (None, "No such file"),
        (Some("not json"), "is not JSON"),
        (Some("[]"), "no JWK set"),
        (Some(r#"{"keys":[]}"#), "no key that verifies"),
        (
            Some(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#),
            "is a secret",
        ),
    ] {
        let told = start(text);
        assert!(told.contains(said) && told.contains("keys.json"), "{told}");
    }
    assert!(!data.join("journal").exists(), "nothing was made");
}
