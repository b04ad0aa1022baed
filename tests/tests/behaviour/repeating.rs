//! Repeating a request is harmless: the same bytes again, whatever has happened since, also after a restart; and a
//! key belongs to one request.

use daegeum_tests::{Answer, Caller, Fail, Shop, Success, secrets};
use reqwest::Method;
use serde_json::{Value, json};

fn payment_of(order: &str) -> Value {
    json!({"order_id": order, "amount": 11_000})
}

async fn begin(caller: &Caller, key: &str, order: &str) -> Answer {
    caller
        .post_keyed("/api/v1/payments", key, &payment_of(order))
        .await
}

#[track_caller]
fn same(again: &Answer, first: &Answer) {
    assert_eq!((again.status, again.body()), (first.status, first.body()));
    assert!(again.replayed() && !first.replayed());
    assert_eq!(again.headers["content-type"], first.headers["content-type"]);
}

#[tokio::test]
async fn first_answer_is_repeated_later_and_after_a_restart() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let registered = order.now().await;
    let begun = begin(&shop.merchant(), "k-1", "o-1").await.expect(201);
    let payment = order.payment(&begun);
    let failed = payment.complete_with("k-2", Fail).await.expect(200);
    let second = order.pay().await;
    second.complete(Success).await.expect(200);
    let refused = payment
        .complete_with("k-3", Success)
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
    let last = shop.last_event().await;

    let check = async |shop: &Shop| {
        let merchant = shop.merchant();
        let complete = payment.path("/mock/complete");
        same(&begin(&merchant, "k-1", "o-1").await, &begun);
        same(
            &merchant
                .post_keyed(&complete, "k-2", &json!({"result": "FAIL"}))
                .await,
            &failed,
        );
        same(
            &merchant
                .post_keyed(&complete, "k-3", &json!({"result": "SUCCESS"}))
                .await,
            &refused,
        );
        let again = shop.order("o-1").send().await.expect(201);
        assert!(again.replayed());
        assert_eq!(again["status"], "PAYMENT_PENDING");
        assert_eq!(again.body(), registered.body());
        assert_eq!(shop.last_event().await, last);
    };
    check(&shop).await;
    let shop = shop.reopen().await;
    check(&shop).await;
}

#[tokio::test]
async fn same_order_again_gets_the_first_answer_and_another_is_refused() {
    let shop = Shop::open().await;
    let first = shop.order("o-1").send().await.expect(201);
    same(&shop.order("o-1").send().await, &first);
    // Spaces and the order of the fields do not make another request.
    let fields = shop.order("o-1").body();
    let backwards: Vec<String> = fields
        .as_object()
        .unwrap()
        .iter()
        .rev()
        .map(|(name, value)| format!("  \"{name}\" : {value}"))
        .collect();
    let spaced = format!("{{\n{}\n}}", backwards.join(",\n"));
    same(
        &shop.merchant().post_raw("/api/v1/orders", spaced).await,
        &first,
    );
    for other in [
        shop.order("o-1").of(12_000),
        shop.order("o-1").by("buyer-2"),
        shop.order("o-1").on_confirmation(),
    ] {
        other.send().await.refused(409, "ORDER_ALREADY_EXISTS");
    }
    assert_eq!(shop.last_event().await, 1);
}

#[tokio::test]
async fn key_of_another_request_is_refused() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    shop.order("o-2").register().await;
    let first = begin(&shop.merchant(), "k-1", "o-1").await.expect(201);
    let last = shop.last_event().await;
    begin(&shop.merchant(), "k-1", "o-2")
        .await
        .refused(422, "IDEMPOTENCY_KEY_REUSED");
    let less = json!({"order_id": "o-1", "amount": 10_000});
    let less = shop
        .merchant()
        .post_keyed("/api/v1/payments", "k-1", &less)
        .await;
    less.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let elsewhere = format!("/api/v1/payments/{}/cancel", first.text("payment_id"));
    let elsewhere = shop
        .merchant()
        .post_keyed(&elsewhere, "k-1", &json!({}))
        .await;
    elsewhere.refused(422, "IDEMPOTENCY_KEY_REUSED");
    same(&begin(&shop.merchant(), "k-1", "o-1").await, &first);
    assert_eq!(shop.last_event().await, last);
}

#[tokio::test]
async fn key_is_scoped_to_its_caller() {
    let shop = Shop::open().await;
    shop.order("o-1").by("kim").register().await;
    let callers = [
        shop.merchant(),
        shop.stranger().with(secrets::BATCH),
        shop.buyer("kim"),
    ];
    let mut payments = Vec::new();
    for caller in &callers {
        let begun = begin(caller, "k-1", "o-1").await.expect(201);
        assert!(!begun.replayed());
        payments.push(begun.text("payment_id").to_owned());
    }
    payments.dedup();
    assert_eq!(payments.len(), 3);
}

#[tokio::test]
async fn key_is_accepted_in_header_or_body_or_equal_in_both() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let merchant = shop.merchant();
    let mut body = payment_of("o-1");
    merchant
        .post("/api/v1/payments", &body)
        .await
        .refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    let first = begin(&merchant, "k-1", "o-1").await.expect(201);
    body["idempotency_key"] = "k-1".into();
    same(&merchant.post("/api/v1/payments", &body).await, &first);
    same(
        &merchant.post_keyed("/api/v1/payments", "k-1", &body).await,
        &first,
    );
    let unequal = merchant.post_keyed("/api/v1/payments", "k-2", &body).await;
    unequal.refused(400, "CONFLICTING_IDEMPOTENCY_KEYS");
    for wrong in [
        json!(""),
        Value::Null,
        json!("x".repeat(256)),
        json!("열쇠"),
        json!("a\nb"),
    ] {
        body["idempotency_key"] = wrong;
        merchant
            .post("/api/v1/payments", &body)
            .await
            .refused(400, "INVALID_IDEMPOTENCY_KEY");
    }
    body["idempotency_key"] = json!(1);
    merchant
        .post("/api/v1/payments", &body)
        .await
        .refused(400, "WRONG_TYPE");
    let twice = merchant
        .request(Method::POST, "/api/v1/payments")
        .json(&payment_of("o-1"));
    let twice = twice
        .header("idempotency-key", "a")
        .header("idempotency-key", "a");
    Answer::to(twice)
        .await
        .refused(400, "INVALID_IDEMPOTENCY_KEY");
    let longest = "x".repeat(255);
    begin(&merchant, &longest, "o-1").await.expect(201);
}

#[tokio::test]
async fn stored_refusal_names_its_first_request() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let merchant = shop.merchant();
    let less = json!({"order_id": "o-1", "amount": 10_000, "idempotency_key": "k-1"});
    let first = merchant
        .post("/api/v1/payments", &less)
        .await
        .refused(422, "AMOUNT_MISMATCH");
    same(&merchant.post("/api/v1/payments", &less).await, &first);
    let unknown = begin(&merchant, "k-2", "not-yet")
        .await
        .refused(404, "ORDER_NOT_FOUND");
    shop.order("not-yet").register().await;
    same(&begin(&merchant, "k-2", "not-yet").await, &unknown);
    begin(&merchant, "k-3", "not-yet").await.expect(201);
    let shop = shop.reopen().await;
    same(
        &shop.merchant().post("/api/v1/payments", &less).await,
        &first,
    );
    same(&begin(&shop.merchant(), "k-2", "not-yet").await, &unknown);
}

#[tokio::test]
async fn undecided_request_does_not_use_up_its_key() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let merchant = shop.merchant();
    let mut body = payment_of("o-1");
    body["surplus"] = 1.into();
    merchant
        .post_keyed("/api/v1/payments", "k-1", &body)
        .await
        .refused(400, "UNKNOWN_FIELD");
    begin(shop.stranger(), "k-1", "o-1")
        .await
        .refused(401, "UNAUTHENTICATED");
    begin(&shop.admin(), "k-1", "o-1")
        .await
        .refused(403, "FORBIDDEN");
    assert!(!begin(&merchant, "k-1", "o-1").await.expect(201).replayed());
}

#[tokio::test]
async fn orders_confirmations_and_cancellations_take_keys_too() {
    let shop = Shop::open().await;
    let merchant = shop.merchant();
    let body = shop.order("o-1").on_confirmation().body();
    let first = merchant
        .post_keyed("/api/v1/orders", "k-1", &body)
        .await
        .expect(201);
    same(
        &merchant.post_keyed("/api/v1/orders", "k-1", &body).await,
        &first,
    );
    let confirm = |key: &'static str| {
        let merchant = merchant.clone();
        async move {
            merchant
                .post_keyed("/api/v1/orders/o-1/confirm", key, &json!({}))
                .await
        }
    };
    let early = confirm("k-2").await.refused(409, "ORDER_NOT_PERMITTED");
    let begun = begin(&merchant, "k-3", "o-1").await;
    let path = format!(
        "/api/v1/payments/{}/mock/complete",
        begun.text("payment_id")
    );
    merchant
        .post(&path, &json!({"result": "SUCCESS"}))
        .await
        .expect(200);
    same(&confirm("k-2").await, &early);
    let confirmed = confirm("k-4").await.expect(200);
    same(&confirm("k-4").await, &confirmed);
    let other = merchant
        .post_keyed("/api/v1/orders/o-1/cancel", "k-4", &json!({}))
        .await;
    other.refused(422, "IDEMPOTENCY_KEY_REUSED");
}
