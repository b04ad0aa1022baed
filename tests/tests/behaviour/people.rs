//! Access rights: the merchant sees everything of the shop, a buyer their own, an administrator what needs a person,
//! a stranger nothing.

use daegeum_tests::{Answer, Caller, Shop, Success, secrets};
use reqwest::Method;
use serde_json::{Value, json};

fn ids(page: &Answer) -> Vec<String> {
    let items = page["items"].as_array().expect("items").iter();
    items
        .map(|item| item["payment_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn buyers_see_their_own_payments_newest_first() {
    let shop = Shop::open().await;
    let mut own = Vec::new();
    for n in 0..3 {
        own.push(
            shop.order(&format!("a-{n}"))
                .by("ari")
                .register()
                .await
                .pay()
                .await
                .id,
        );
        shop.order(&format!("b-{n}"))
            .by("bora")
            .register()
            .await
            .pay()
            .await;
    }
    own.sort_by(|one, other| other.cmp(one));
    let ari = shop.buyer("ari");
    assert_eq!(ids(&ari.get("/api/v1/me/payments").await.expect(200)), own);
    let page = ari.get("/api/v1/me/payments?limit=2").await.expect(200);
    assert_eq!(ids(&page), own[..2]);
    let next = format!("/api/v1/me/payments?limit=2&after={}", page.text("next"));
    assert_eq!(ids(&ari.get(&next).await.expect(200)), own[2..]);
    ari.get("/api/v1/me/payments?buyer_id=bora")
        .await
        .refused(400, "INVALID_PARAMETER");
    let nobody = shop
        .buyer("carol")
        .get("/api/v1/me/payments")
        .await
        .expect(200);
    assert_eq!(nobody.json(), &json!({"items": [], "next": null}));
    shop.merchant()
        .get("/api/v1/me/payments")
        .await
        .refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn another_buyers_payments_are_not_found() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").by("ari").register().await;
    let payment = order.pay().await;
    let (ari, bora) = (shop.buyer("ari"), shop.buyer("bora"));
    let begin = json!({"order_id": "o-1", "amount": 11_000, "idempotency_key": "k"});
    for path in ["/api/v1/orders/o-1", &payment.path("")] {
        ari.get(path).await.expect(200);
        let hidden = bora.get(path).await.expect(404);
        let absent = bora
            .get(&path.replace("o-1", "o-2").replace("pay_0", "pay_f"))
            .await
            .expect(404);
        let but_id = |answer: &Answer| answer.body().replace(answer.text("request_id"), "");
        assert_eq!(
            but_id(&hidden),
            but_id(&absent),
            "what is hidden looks like what is not there"
        );
    }
    bora.post("/api/v1/payments", &begin)
        .await
        .refused(404, "ORDER_NOT_FOUND");
    bora.ask(&payment.path("/cancel"))
        .await
        .refused(404, "PAYMENT_NOT_FOUND");
    assert_eq!(payment.detail().await, "INITIATED");
    let own = ari.post("/api/v1/payments", &begin).await.expect(201);
    ari.ask(&format!(
        "/api/v1/payments/{}/cancel",
        own.text("payment_id")
    ))
    .await
    .expect(200);
}

#[tokio::test]
async fn path_is_open_only_to_its_kinds_of_callers() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    let resolve = format!("/api/v1/admin/payments/{}/resolve", payment.id);
    // Who may: m(erchant), a(dministrator), b(uyer).
    for (method, path, who) in [
        (Method::POST, "/api/v1/orders", "m"),
        (Method::GET, "/api/v1/orders/o-1", "mab"),
        (Method::POST, "/api/v1/orders/o-1/confirm", "m"),
        (Method::POST, "/api/v1/orders/o-1/cancel", "m"),
        (Method::POST, "/api/v1/payments", "mb"),
        (Method::GET, "/api/v1/payments", "ma"),
        (Method::GET, &payment.path(""), "mab"),
        (Method::GET, &payment.path("/transactions"), "ma"),
        (Method::POST, &payment.path("/capture"), "m"),
        (Method::POST, &payment.path("/mock/complete"), "m"),
        (Method::POST, &payment.path("/cancel"), "mb"),
        (Method::GET, "/api/v1/me/payments", "b"),
        (Method::GET, "/api/v1/events", "ma"),
        (Method::GET, "/api/v1/admin/desk", "a"),
        (Method::GET, "/api/v1/admin/balances", "a"),
        (Method::POST, &resolve, "a"),
        (Method::POST, "/api/v1/admin/buyers/buyer-1/erase", "a"),
        (Method::GET, "/metrics", "a"),
    ] {
        let callers = [
            ('m', shop.merchant()),
            ('a', shop.admin()),
            ('b', shop.buyer("buyer-1")),
        ];
        for (kind, caller) in &callers {
            let answer = ask(caller, &method, path, valid_body(path)).await;
            let (refused, may) = (answer.code() == "FORBIDDEN", who.contains(*kind));
            assert_eq!(refused, !may, "{kind} {method} {path}: {}", answer.body());
        }
        let stranger = ask(shop.stranger(), &method, path, valid_body(path)).await;
        stranger.refused(401, "UNAUTHENTICATED");
    }
}

/// Something the path understands, so that only the caller is wrong.
fn valid_body(path: &str) -> Value {
    match path {
        "/api/v1/orders" => json!({
            "order_id": "o-2", "buyer_id": "b", "currency": "KRW", "total": 1, "capture": "automatic",
            "lines": [{"name": "x", "quantity": 1, "unit_price": 1, "tax": "taxable"}],
        }),
        "/api/v1/payments" => json!({"order_id": "o-9", "amount": 1, "idempotency_key": "k"}),
        path if path.ends_with("/mock/complete") => json!({"result": "NO_ANSWER"}),
        path if path.ends_with("/resolve") => json!({"resolution": "take", "reason": "x"}),
        _ => Value::Null,
    }
}

async fn ask(caller: &Caller, method: &Method, path: &str, body: Value) -> Answer {
    let request = caller.request(method.clone(), path);
    let request = if body.is_null() {
        request
    } else {
        request.json(&body)
    };
    Answer::to(request).await
}

#[tokio::test]
async fn invalid_token_is_refused() {
    let shop = Shop::open().await;
    let now = secrets::now_s();
    let me = async |token: String| shop.stranger().with(token).get("/api/v1/me/payments").await;
    let claims = json!({"sub": "ari", "exp": now + 600});
    me(secrets::token_of(&claims, secrets::TOKENS))
        .await
        .expect(200);
    let fraction = format!("{}.5", now + 600);
    let claims_of = |exp: &str| serde_json::from_str(&format!(r#"{{"sub":"ari","exp":{exp}}}"#));
    let dated = |exp: &str| secrets::token_of(&claims_of(exp).unwrap(), secrets::TOKENS);
    me(dated(&fraction)).await.expect(200);
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhcmkiLCJleHAiOjk5OTk5OTk5OTl9.";
    for (token, code) in [
        (
            secrets::token_of(&json!({"sub": "ari", "exp": now - 60}), secrets::TOKENS),
            "TOKEN_EXPIRED",
        ),
        (
            secrets::token_of(&claims, secrets::MERCHANT),
            "INVALID_CREDENTIALS",
        ),
        (
            secrets::token_of(&json!({"sub": "ari"}), secrets::TOKENS),
            "INVALID_CREDENTIALS",
        ),
        (
            secrets::token_of(&json!({"exp": now + 600}), secrets::TOKENS),
            "INVALID_CREDENTIALS",
        ),
        (
            secrets::token_of(&json!({"sub": "", "exp": now + 600}), secrets::TOKENS),
            "INVALID_CREDENTIALS",
        ),
        (
            secrets::token_of(
                &json!({"sub": "ari", "exp": now + 600, "nbf": now + 300}),
                secrets::TOKENS,
            ),
            "INVALID_CREDENTIALS",
        ),
        (dated("1e308"), "INVALID_CREDENTIALS"),
        (dated("-1"), "INVALID_CREDENTIALS"),
        (dated("9007199254740993"), "INVALID_CREDENTIALS"),
        (unsigned.to_owned(), "INVALID_CREDENTIALS"),
        ("nonsense".to_owned(), "INVALID_CREDENTIALS"),
        (secrets::MERCHANT[1..].to_owned(), "INVALID_CREDENTIALS"),
    ] {
        me(token).await.refused(401, code);
    }
    // Moving the shop's clock does not make a token old: its time is the machine's.
    shop.advance(std::time::Duration::from_hours(24));
    me(secrets::token_of(&claims, secrets::TOKENS))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_buyer_pays_without_the_merchant() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").by("ari").register().await;
    let body = json!({"order_id": "o-1", "amount": 11_000, "idempotency_key": "k"});
    let begun = shop
        .buyer("ari")
        .post("/api/v1/payments", &body)
        .await
        .expect(201);
    let payment = order.payment(&begun);
    payment.complete(Success).await.expect(200);
    let seen = shop
        .buyer("ari")
        .get("/api/v1/me/payments")
        .await
        .expect(200);
    assert_eq!(seen["items"][0]["status"], "CAPTURED");
}
