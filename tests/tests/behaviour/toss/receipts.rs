//! Receipts that anybody can verify, and which pages may ask for them.

use daegeum_engine::receipt::{Expected, KeySet, Unverified};
use daegeum_tests::story::Order;
use daegeum_tests::{Answer, Caller, Shop};
use reqwest::Method;
use serde_json::json;

const KEYS: &str = "/.well-known/jwks.json";

fn receipt_of(payment: &str) -> String {
    format!("/api/v1/payments/{payment}/receipt")
}

#[tokio::test]
async fn receipt_of_a_captured_payment_has_its_components() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(16_500).register().await;
    let checkout = order.checkout(&toss).await;
    let path = receipt_of(&checkout.payment.id);
    let early = checkout.browser.get(&path).await;
    early.refused(409, "RECEIPT_UNAVAILABLE");
    checkout.pay().await.expect(200);
    let first = checkout.browser.get(&path).await.expect(200);
    let keys = shop.stranger().get(KEYS).await.expect(200);
    let keys: KeySet = serde_json::from_slice(&keys.bytes).expect("a key set");
    let read = Unverified::parse(first.text("receipt")).expect("a receipt");
    assert_eq!(read.key_id, first.text("key_id"));
    keys.find(&read.key_id).expect("a published key");
    let expected = Expected {
        payment_id: Some(checkout.payment.id.clone()),
        order_id: Some("o-1".into()),
        amount: Some(16_500),
    };
    let said = read.verified(&expected).expect("this payment's");
    assert_eq!((said.supply, said.vat, said.tax_free), (15_000, 1_500, 0));
    assert_eq!(said.provider, "TOSS");
    for caller in [&shop.merchant(), &shop.buyer("buyer-1"), &checkout.browser] {
        let again = caller.get(&path).await.expect(200);
        assert_eq!(again.bytes, first.bytes, "the same bytes for all");
    }
}

/// A browser can open the window with another tax-free part than the order's. The total pays the order, a person
/// looks, and the receipt names both splits.
#[tokio::test]
async fn receipt_shows_the_gateways_split() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let mut window = checkout.prepare().await.expect(200)["window"].clone();
    window["tax_free_amount"] = 5_500.into();
    let approved = toss.approve(&window, None);
    let paid = checkout.confirm(&approved).await.expect(200);
    assert_eq!(paid.text("detail"), "CAPTURED");
    assert_eq!(checkout.order.status().await, "PAID");
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"][0]["payment_id"], *checkout.payment.id);
    let path = receipt_of(&checkout.payment.id);
    let receipt = checkout.browser.get(&path).await.expect(200);
    let read = Unverified::parse(receipt.text("receipt")).expect("a receipt");
    let said = read.verified(&Expected::default()).expect("it adds up");
    assert_eq!((said.supply, said.vat, said.tax_free), (10_000, 1_000, 0));
    let theirs = said.gateway_split.expect("another split");
    assert_eq!(
        (theirs.supply, theirs.vat, theirs.tax_free),
        (5_000, 500, 5_500)
    );

    let resolve = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let accept = json!({"resolution": "accept", "reason": "손님의 브라우저"});
    shop.admin().post(&resolve, &accept).await.expect(200);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]));
    let again = checkout.browser.get(&path).await.expect(200);
    assert_eq!(again.bytes, receipt.bytes, "the same bytes each time");
    checkout.payment.cancel().await.expect(200);
    assert_eq!(toss.balance(), 0, "Toss takes its own split back");
    for account in [
        "gateway_receivable",
        "hold",
        "refund_pending",
        "reconciliation_difference",
    ] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
    toss.agrees_with(&shop).await;
}

/// What the page for people shows, which goes on being shown when the money has gone back.
#[tokio::test]
async fn receipt_for_people_says_method_issuer_slip_and_what_went_back() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    assert!(
        checkout.now().await["receipt"].is_null(),
        "nothing was taken"
    );
    checkout.pay().await.expect(200);
    let paid = checkout.now().await;
    let (receipt, by) = (&paid["receipt"], &paid["payment"]["payment_method"]);
    let amounts = [
        "amount", "supply", "vat", "tax_free", "discount", "refunded",
    ];
    let said = amounts.map(|name| receipt[name].as_u64().expect("an amount"));
    assert_eq!(said, [11_000, 10_000, 1_000, 0, 0, 0]);
    assert_eq!(
        (&by["method"], &by["issuer"]),
        (&json!("card"), &json!("61"))
    );
    assert_eq!(by["approval_number"].as_str().map(str::len), Some(8));
    assert_eq!(
        receipt["issuer_name"],
        json!({"ko": "현대카드", "en": "Hyundai Card"})
    );
    let slip = receipt["slip_url"].as_str().expect("a slip").to_owned();
    assert!(slip.ends_with(&format!(
        "/sandbox/receipts/{}",
        checkout.approved_key().await
    )));
    assert_eq!(
        checkout.happened("SLIP_KNOWN").await,
        json!({ "url": slip })
    );
    let feed = shop.feed().await;
    assert!(
        !json!(feed).to_string().contains("/sandbox/receipts/"),
        "it is not in the feed"
    );

    let cancel = format!("/api/v1/payments/{}/cancel", checkout.payment.id);
    shop.merchant().post(&cancel, &json!({})).await.expect(200);
    let gone = checkout.now().await;
    assert_eq!(gone["receipt"]["refunded"], 11_000);
    assert_eq!(gone["receipt"]["amount"], 11_000);
    assert_eq!(gone["receipt"]["captured_at"], receipt["captured_at"]);

    let erase = "/api/v1/admin/buyers/buyer-1/erase";
    shop.admin().post(erase, &json!({})).await.expect(200);
    assert!(checkout.now().await["receipt"]["slip_url"].is_null());
}

#[tokio::test]
async fn receipt_for_people_says_what_was_taken_off() {
    let (shop, toss) = Shop::open_with_toss().await;
    let mut body = shop.order("o-1").of(11_000).body();
    body["discounts"] = json!([{"name": "첫 구매", "amount": 1_000}]);
    body["total"] = 10_000.into();
    shop.merchant()
        .post("/api/v1/orders", &body)
        .await
        .expect(201);
    let order = Order::known(shop.merchant(), "o-1", 10_000);
    let checkout = order.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let receipt = checkout.now().await["receipt"].clone();
    assert_eq!(
        (&receipt["amount"], &receipt["discount"]),
        (&json!(10_000), &json!(1_000))
    );
}

#[tokio::test]
async fn receipt_is_refused_to_others_and_after_a_refund() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let path = receipt_of(&checkout.payment.id);
    let other = shop.order("o-2").register().await.checkout(&toss).await;
    for stranger in [&shop.buyer("bora"), &other.browser] {
        let refused = stranger.get(&path).await;
        refused.refused(404, "PAYMENT_NOT_FOUND");
    }
    shop.stranger().get(&path).await.expect(401);
    for nothing in ["pay_1", &format!("pay_{}", "0".repeat(32))] {
        let refused = shop.merchant().get(&receipt_of(nothing)).await;
        refused.refused(404, "PAYMENT_NOT_FOUND");
    }
    let cancel = format!("/api/v1/payments/{}/cancel", checkout.payment.id);
    shop.merchant().post(&cancel, &json!({})).await.expect(200);
    let gone = checkout.browser.get(&path).await;
    gone.refused(409, "RECEIPT_UNAVAILABLE");
}

#[tokio::test]
async fn cross_origin_calls_are_for_the_shops_pages_only() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let path = format!("/api/v1/payments/sessions/{}", checkout.id);
    let own = from(&checkout.browser, &path, "https://shop.example").await;
    assert_eq!(
        allowed(&own.expect(200)).as_deref(),
        Some("https://shop.example")
    );
    let foreign = from(&checkout.browser, &path, "https://evil.example").await;
    assert_eq!(allowed(&foreign), None);
    let order = from(
        &shop.buyer("buyer-1"),
        "/api/v1/orders/o-1",
        "https://shop.example",
    )
    .await;
    assert_eq!(
        allowed(&order.expect(200)).as_deref(),
        Some("https://shop.example")
    );
    let orders = from(&shop.merchant(), "/api/v1/orders", "https://shop.example").await;
    assert_eq!(
        allowed(&orders.expect(200)),
        None,
        "the merchant's part is not for pages"
    );
    let keys = from(shop.stranger(), KEYS, "https://evil.example").await;
    assert_eq!(allowed(&keys.expect(200)).as_deref(), Some("*"));
}

/// The browser's preflight before a page of another origin may send a token.
#[tokio::test]
async fn preflight_tells_the_shops_page_what_it_may_send() {
    let (shop, _toss) = Shop::open_with_toss().await;
    let ask = |origin: &str| {
        let asked = shop
            .stranger()
            .request(Method::OPTIONS, "/api/v1/payments/confirm");
        let asked = asked.header("origin", origin);
        let asked = asked.header("access-control-request-method", "POST");
        Answer::to(asked.header(
            "access-control-request-headers",
            "authorization,content-type",
        ))
    };
    let told = ask("https://shop.example").await;
    assert_eq!(allowed(&told).as_deref(), Some("https://shop.example"));
    let headers = told.headers["access-control-allow-headers"].to_str();
    assert!(headers.expect("text").contains("authorization"));
    assert!(
        !told
            .headers
            .contains_key("access-control-allow-credentials")
    );
    assert_eq!(allowed(&ask("https://evil.example").await), None);
}

async fn from(caller: &Caller, path: &str, origin: &str) -> Answer {
    Answer::to(caller.request(Method::GET, path).header("origin", origin)).await
}

fn allowed(answer: &Answer) -> Option<String> {
    let said = answer.headers.get("access-control-allow-origin")?;
    Some(said.to_str().expect("text").to_owned())
}
