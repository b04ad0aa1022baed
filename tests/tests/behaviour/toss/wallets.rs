//! Wallets by name and instalments: chosen at the checkout, asked for in Toss's window, and said of the payment.

use daegeum_tests::checkout::CheckoutVisit;
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, Shop};
use serde_json::{Value, json};

const OFFERED: [(&str, &str); 2] = [
    (
        "DAEGEUM_GATEWAYS_TOSS_EASY_PAYS",
        "naverpay,kakaopay,tosspay",
    ),
    ("DAEGEUM_GATEWAYS_TOSS_INSTALLMENTS_MAX", "6"),
];

async fn open() -> (Shop, Gateway) {
    Shop::open_with_toss_and(&OFFERED).await
}

async fn prepare(checkout: &CheckoutVisit, choice: Value) -> Answer {
    let path = format!("/api/v1/payments/sessions/{}/prepare", checkout.id);
    checkout.browser.post(&path, &choice).await
}

/// The buyer approves what the window offers first; the payment that comes of it.
async fn paid(checkout: &CheckoutVisit, toss: &Gateway, prepared: &Answer) -> Answer {
    let approved = toss.approve(&prepared["window"], None);
    checkout.confirm(&approved).await.expect(200)
}

#[tokio::test]
async fn buyer_pays_with_the_wallet_they_chose() {
    let (shop, toss) = open().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let now = checkout.now().await;
    assert_eq!(now["easy_pays"], json!(["naverpay", "kakaopay", "tosspay"]));
    assert_eq!(now["easy_pay"], Value::Null);
    let chosen = json!({ "easy_pay": "kakaopay" });
    let prepared = prepare(&checkout, chosen.clone()).await.expect(200);
    assert_eq!(prepared["window"]["method"], "CARD");
    let direct = json!({ "flow_mode": "DIRECT", "easy_pay": "KAKAOPAY" });
    assert_eq!(prepared["window"]["card"], direct);
    // Said again it is the same preparation; another wallet is not.
    let again = prepare(&checkout, chosen).await.expect(200);
    assert_eq!(again["window"], prepared["window"]);
    let another = prepare(&checkout, json!({ "easy_pay": "naverpay" })).await;
    another.refused(409, "SESSION_PREPARED");
    let none = prepare(&checkout, json!({ "method": "card" })).await;
    none.refused(409, "SESSION_PREPARED");
    let payment = paid(&checkout, &toss, &prepared).await;
    assert_eq!(payment["payment_method"]["method"], "easy_pay");
    assert_eq!(payment["payment_method"]["easy_pay"], "kakaopay");
    let now = checkout.now().await;
    assert_eq!(
        (now.text("method"), now.text("easy_pay")),
        ("card", "kakaopay")
    );
    let noted = checkout.happened("CARD_CHOSEN").await;
    assert_eq!(noted["easy_pay"], "kakaopay");
    let known = checkout.happened("EASY_PAY_KNOWN").await;
    assert_eq!(known["easy_pay"], "kakaopay");
}

#[tokio::test]
async fn card_pays_in_the_months_that_were_chosen() {
    let (shop, toss) = open().await;
    for (order, months) in [("o-1", 3), ("o-2", 0)] {
        let order = shop.order(order).of(50_000).register().await;
        let checkout = order.checkout(&toss).await;
        assert_eq!(checkout.now().await["installments_max"], 6);
        let chosen = json!({ "method": "card", "installments": months });
        let prepared = prepare(&checkout, chosen).await.expect(200);
        let settled = json!({ "flow_mode": "DEFAULT", "card_installment_plan": months });
        assert_eq!(prepared["window"]["card"], settled);
        let payment = paid(&checkout, &toss, &prepared).await;
        assert_eq!(payment["payment_method"]["installments"], months);
        assert_eq!(payment["payment_method"]["easy_pay"], Value::Null);
        assert_eq!(checkout.now().await["installments"], months);
    }
}

#[tokio::test]
async fn what_the_shop_does_not_offer_is_refused_with_its_field() {
    let (shop, toss) = open().await;
    let small = shop.order("o-1").of(49_999).register().await;
    let checkout = small.checkout(&toss).await;
    assert_eq!(checkout.now().await["installments_max"], 0);
    let enough = shop.order("o-2").of(50_000).register().await;
    for (order, choice, code) in [
        (
            &small,
            json!({ "easy_pay": "payco" }),
            "EASY_PAY_UNAVAILABLE",
        ),
        (
            &small,
            json!({ "installments": 2 }),
            "INSTALLMENTS_UNAVAILABLE",
        ),
        (
            &enough,
            json!({ "installments": 7 }),
            "INSTALLMENTS_UNAVAILABLE",
        ),
    ] {
        let field = choice.as_object().expect("fields").keys().next().cloned();
        let begun = order.send_session(choice.clone()).await;
        assert_eq!(
            begun.refused(422, code)["errors"][0]["field"].as_str(),
            field.as_deref()
        );
        let checkout = order.checkout(&toss).await;
        let prepared = prepare(&checkout, choice).await;
        assert_eq!(
            prepared.refused(422, code)["errors"][0]["field"].as_str(),
            field.as_deref()
        );
        assert_eq!(checkout.status().await, "created");
    }
}

#[tokio::test]
async fn choice_that_contradicts_itself_is_refused() {
    let (shop, toss) = open().await;
    let order = shop.order("o-1").of(50_000).register().await;
    let checkout = order.checkout(&toss).await;
    for (choice, field) in [
        (
            json!({ "method": "transfer", "easy_pay": "kakaopay" }),
            "easy_pay",
        ),
        (
            json!({ "method": "mobile", "installments": 3 }),
            "installments",
        ),
        (
            json!({ "easy_pay": "kakaopay", "installments": 3 }),
            "installments",
        ),
    ] {
        let refused = prepare(&checkout, choice.clone()).await;
        let refused = refused.refused(400, "INVALID_VALUE");
        assert_eq!(refused["errors"][0]["field"], field);
        order
            .send_session(choice)
            .await
            .refused(400, "INVALID_VALUE");
    }
    for wrong in [
        json!({ "installments": 1 }),
        json!({ "easy_pay": "cacaopay" }),
    ] {
        assert_eq!(prepare(&checkout, wrong).await.status, 400);
    }
}

#[tokio::test]
async fn shop_without_settings_offers_nothing_and_its_window_asks() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(50_000).register().await;
    let checkout = order.checkout(&toss).await;
    let now = checkout.now().await;
    assert_eq!(
        (&now["easy_pays"], &now["installments_max"]),
        (&json!([]), &json!(0))
    );
    let prepared = prepare(&checkout, json!({ "method": "card" }))
        .await
        .expect(200);
    assert_eq!(prepared["window"]["card"], Value::Null);
    let listed = shop.merchant().get("/api/v1/gateways").await.expect(200);
    assert_eq!(listed["items"][0]["easy_pays"], json!([]));
}

#[tokio::test]
async fn next_session_is_handed_the_wallet_until_a_method_is_said_anew() {
    let (shop, toss) = open().await;
    let order = shop.order("o-1").register().await;
    let chosen = json!({ "easy_pay": "kakaopay" });
    let checkout = order.checkout_with(&toss, chosen).await;
    assert_eq!(checkout.now().await["easy_pay"], "kakaopay");
    let begin = async |with: Value| {
        let begun = checkout
            .browser
            .post("/api/v1/payments/sessions", &with)
            .await;
        order.begun(&begun.expect(201), &toss).now().await
    };
    let next = begin(json!({ "order_id": "o-1" })).await;
    assert_eq!(
        (next.text("method"), next.text("easy_pay")),
        ("card", "kakaopay")
    );
    let next = begin(json!({ "order_id": "o-1", "method": "transfer" })).await;
    assert_eq!(
        (next.text("method"), &next["easy_pay"]),
        ("transfer", &Value::Null)
    );
    // A card said at the preparation is a card, whatever the session was begun with.
    let prepared = prepare(&checkout, json!({ "method": "card" }))
        .await
        .expect(200);
    assert_eq!(prepared["window"]["card"], Value::Null);
    assert_eq!(checkout.now().await["easy_pay"], Value::Null);
}
