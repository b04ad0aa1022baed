//! Orders that cost nothing: paid without a gateway, otherwise like any other order.

use daegeum_engine::receipt::{Expected, Unverified};
use daegeum_tests::Shop;
use serde_json::{Value, json};

async fn kinds(shop: &Shop) -> Vec<String> {
    let kind = |event: &Value| event["event_type"].as_str().expect("text").to_owned();
    shop.feed().await.iter().map(kind).collect()
}

#[tokio::test]
async fn free_order_is_paid_when_its_buyer_prepares_it() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(0).register().await;
    let checkout = order.checkout(&toss).await;
    let seen = checkout.now().await;
    assert_eq!(
        (&seen["amount"], &seen["provider"], &seen["methods"]),
        (&json!(0), &json!("FREE"), &json!([]))
    );
    assert_eq!(order.status().await, "PAYMENT_PENDING", "nobody said yes");
    let prepared = checkout.prepare().await.expect(200);
    assert_eq!(
        (prepared.text("status"), prepared.text("next")),
        ("paid", "nothing")
    );
    assert!(prepared["window"].is_null(), "there is no window to open");
    assert_eq!(order.status().await, "PAID");
    let again = checkout.prepare().await.expect(200);
    assert_eq!(again.text("status"), "paid", "twice is once");
    assert_eq!(toss.calls(), (0, 0, 0));
    for account in ["gateway_receivable", "hold", "suspense"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
    let kinds = kinds(&shop).await;
    for kind in ["CAPTURE_SUCCEEDED", "PAYMENT_SUCCEEDED"] {
        let times = kinds.iter().filter(|one| *one == kind).count();
        assert_eq!(times, 1, "{kind} in {kinds:?}");
    }
}

#[tokio::test]
async fn free_payment_of_the_backend_is_taken_at_once() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").of(0).register().await;
    let begun = order.send_payment("k-1").await.expect(201);
    assert_eq!(begun.text("status"), "CAPTURED");
    assert_eq!(begun.text("provider"), "FREE");
    assert_eq!(order.status().await, "PAID");
    let again = order.send_payment("k-1").await.expect(201);
    assert!(again.replayed());
    assert_eq!(again.bytes, begun.bytes);
}

/// A shop without any gateway can have free orders.
#[tokio::test]
async fn free_order_needs_no_gateway() {
    let shop = Shop::open_with(&[("DAEGEUM_GATEWAYS_MOCK", "false")]).await;
    let free = shop.order("o-1").of(0).register().await;
    free.send_payment("k-1").await.expect(201);
    let session = json!({ "order_id": "o-1" });
    let merchant = shop.merchant();
    let again = merchant.post("/api/v1/payments/sessions", &session).await;
    again.refused(409, "ORDER_NOT_PAYABLE");
    let priced = shop.order("o-2").register().await;
    let refused = priced.send_payment("k-2").await;
    refused.refused(422, "PROVIDER_UNAVAILABLE");
    // Nobody named a gateway that could be another's name.
    let session = json!({ "order_id": "o-2" });
    let begun = merchant.post("/api/v1/payments/sessions", &session).await;
    let refused = begun.refused(422, "PROVIDER_UNAVAILABLE");
    let message = refused["message"].as_str().expect("words");
    assert!(message.contains("none is configured"), "{message}");
    assert!(refused["errors"].as_array().is_none_or(Vec::is_empty));
    let begun = priced.send_session(json!({ "provider": "KCP" })).await;
    let refused = begun.refused(422, "PROVIDER_UNAVAILABLE");
    assert_eq!(refused["errors"][0]["field"], "provider");
}

#[tokio::test]
async fn free_order_has_a_receipt_and_can_be_refunded() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(0).register().await;
    let checkout = order.checkout(&toss).await;
    checkout.prepare().await.expect(200);
    let path = format!("/api/v1/payments/{}/receipt", checkout.payment.id);
    let receipt = checkout.browser.get(&path).await.expect(200);
    let read = Unverified::parse(receipt.text("receipt")).expect("a receipt");
    let expected = Expected {
        amount: Some(0),
        ..Expected::default()
    };
    assert_eq!(read.verified(&expected).expect("ours").provider, "FREE");
    let refunded = checkout.payment.cancel().await.expect(200);
    assert_eq!(refunded.text("detail"), "REFUNDED");
    assert_eq!(order.status().await, "REFUNDED");
    checkout.payment.cancel().await.expect(200);
    let times = kinds(&shop)
        .await
        .iter()
        .filter(|kind| *kind == "REFUND_SUCCEEDED")
        .count();
    assert_eq!(times, 1);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]));
}

#[tokio::test]
async fn free_booking_waits_for_its_confirmation_and_can_be_canceled() {
    let shop = Shop::open().await;
    let kept = shop.order("o-1").of(0).on_confirmation().register().await;
    kept.send_payment("k-1").await.expect(201);
    assert_eq!(kept.status().await, "AUTHORIZED");
    kept.confirm().await.expect(200);
    assert_eq!(kept.status().await, "PAID");
    let dropped = shop.order("o-2").of(0).on_confirmation().register().await;
    dropped.send_payment("k-2").await.expect(201);
    dropped.cancel().await.expect(200);
    assert_eq!(dropped.status().await, "CANCELED");
}

#[tokio::test]
async fn unpaid_free_order_is_canceled_at_its_deadline() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").of(0).register().await;
    let checkout = order.checkout(&toss).await;
    shop.advance(std::time::Duration::from_secs(31 * 60));
    shop.look_at_deadlines().await;
    assert_eq!(order.status().await, "CANCELED");
    checkout
        .prepare()
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
}

/// A buyer cannot make an order free by sending an amount of zero.
#[tokio::test]
async fn zero_payment_of_a_priced_order_is_refused() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let body = json!({ "order_id": "o-1", "amount": 0, "idempotency_key": "k-1" });
    let refused = shop.merchant().post("/api/v1/payments", &body).await;
    let refused = refused.refused(422, "AMOUNT_MISMATCH");
    assert_eq!(refused["errors"][0]["field"], "amount");
    let free = json!({ "order_id": "o-1", "provider": "FREE", "amount": 11_000, "idempotency_key": "k-2" });
    let refused = shop.merchant().post("/api/v1/payments", &free).await;
    refused.refused(422, "PROVIDER_UNAVAILABLE");
}
