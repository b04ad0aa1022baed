//! An order is paid or not: the basic flow.

use daegeum_tests::story::names;
use daegeum_tests::{Fail, Shop, Success};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test]
async fn order_waits_and_is_paid() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").of(11_000).register().await;
    let seen = order.now().await;
    assert_eq!(seen["status"], "PAYMENT_PENDING");
    assert_eq!(
        seen["amounts"],
        json!({"supply": 10_000, "vat": 1_000, "tax_free": 0})
    );

    let payment = order.pay().await;
    let begun = payment.now().await;
    assert_eq!(
        (begun.text("status"), begun.text("detail")),
        ("INITIATED", "INITIATED")
    );
    assert_eq!(
        (&begun["amount"], begun.text("currency")),
        (&json!(11_000), "KRW")
    );
    assert_eq!(
        (begun.text("provider"), begun.text("order_id")),
        ("MOCK", "o-1")
    );
    assert!(begun["provider_payment_id"].is_null() && begun["operation"].is_null());
    assert_eq!(payment.events().await, ["PAYMENT_INITIATED"]);

    let done = payment.complete(Success).await.expect(200);
    assert_eq!(
        (done.text("status"), done.text("detail")),
        ("CAPTURED", "CAPTURED")
    );
    assert!(!done.text("provider_payment_id").is_empty());
    assert_eq!(
        done["operation"],
        json!({"kind": "confirm", "state": "SUCCEEDED"})
    );
    assert_eq!(done.bytes, payment.now().await.bytes);
    assert_eq!(order.status().await, "PAID");
    assert_eq!(order.now().await["payments"], json!([payment.id]));
    assert_eq!(shop.balance("hold").await, -11_000);
    assert_eq!(shop.balance("gateway_receivable").await, 11_000);
    assert_eq!(shop.balance("suspense").await, 0);
}

#[tokio::test]
async fn events_have_the_documented_names() {
    let shop = Shop::open().await;
    let paid = shop.order("paid").register().await;
    let payment = paid.pay().await;
    payment.complete(Success).await.expect(200);
    assert_eq!(
        payment.events().await,
        [
            "PAYMENT_INITIATED",
            "OPERATION_INTENDED",
            "PROVIDER_CONFIRMED",
            "CAPTURE_SUCCEEDED"
        ]
    );
    let unpaid = shop.order("unpaid").register().await;
    unpaid.pay().await.complete(Fail).await.expect(200);
    unpaid.cancel().await.expect(200);
    let feed = shop.feed().await;
    let of = |order: &str| {
        let own = feed.iter().filter(|event| event["order_id"] == order);
        names(&own.cloned().collect::<Vec<_>>())
    };
    assert_eq!(
        of("paid"),
        [
            "ORDER_CREATED",
            "PAYMENT_INITIATED",
            "PROVIDER_CONFIRMED",
            "CAPTURE_SUCCEEDED",
            "PAYMENT_SUCCEEDED"
        ]
    );
    assert_eq!(
        of("unpaid"),
        [
            "ORDER_CREATED",
            "PAYMENT_INITIATED",
            "PROVIDER_REFUSED",
            "CAPTURE_FAILED",
            "PAYMENT_FAILED",
            "PAYMENT_CANCELED"
        ]
    );
}

#[tokio::test]
async fn failed_payment_leaves_the_order_payable() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let first = order.pay().await;
    let failed = first.complete(Fail).await.expect(200);
    assert_eq!(
        (failed.text("status"), failed.text("detail")),
        ("FAILED", "FAILED")
    );
    assert_eq!(order.status().await, "PAYMENT_PENDING");

    let second = order.pay().await;
    second.complete(Success).await.expect(200);
    assert_eq!(order.status().await, "PAID");
    assert_eq!(first.detail().await, "FAILED");
    assert_eq!(order.now().await["payments"], json!([first.id, second.id]));
}

#[tokio::test]
async fn a_failed_payment_cancels_the_order_where_that_is_the_policy() {
    let shop = Shop::open_with(&[("DAEGEUM_ORDERS_CANCEL_ON_FAILURE", "true")]).await;
    let order = shop.order("o-1").register().await;
    let (other, payment) = (order.pay().await, order.pay().await);
    payment.complete(Fail).await.expect(200);
    assert_eq!(order.status().await, "CANCELED");
    assert_eq!(
        (payment.detail().await, other.detail().await),
        ("FAILED".into(), "CANCELED".into())
    );
    order
        .send_payment("late")
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
    let last = shop.feed().await.pop().unwrap();
    assert_eq!(
        (&last["event_type"], &last["payload"]["reason"]),
        (&json!("PAYMENT_CANCELED"), &json!("payment_failed"))
    );
}

#[tokio::test]
async fn repeated_action_has_no_effect() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    let first = payment.complete(Success).await.expect(200);
    let last = shop.last_event().await;
    let again = payment.complete(Success).await.expect(200);
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(payment.capture().await.expect(200).bytes, first.bytes);
    payment
        .complete(Fail)
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
    payment.cancel().await.refused(409, "PAYMENT_NOT_PERMITTED");
    assert_eq!(shop.last_event().await, last);
    assert_eq!(shop.balance("hold").await, -11_000);
}

#[tokio::test]
async fn captured_payment_cancels_the_orders_other_payments() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let (first, second, third) = (order.pay().await, order.pay().await, order.pay().await);
    third.complete(Fail).await.expect(200);
    second.complete(Success).await.expect(200);
    assert_eq!(first.detail().await, "CANCELED");
    assert_eq!(third.detail().await, "FAILED");
    let given_up = first.transactions().await.pop().unwrap();
    assert_eq!(given_up["payload"]["reason"], "paid_by_another");
    first
        .complete(Success)
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
    order
        .send_payment("more")
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
}

#[tokio::test]
async fn canceling_an_order_cancels_its_open_payments() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    let canceled = order.cancel().await.expect(200);
    assert_eq!(canceled["status"], "CANCELED");
    assert_eq!(payment.status().await, "CANCELED");
    let last = shop.last_event().await;
    assert_eq!(order.cancel().await.expect(200).bytes, canceled.bytes);
    assert_eq!(shop.last_event().await, last);

    let paid = shop.order("o-2").register().await;
    paid.pay().await.complete(Success).await.expect(200);
    paid.cancel().await.refused(409, "ORDER_NOT_PERMITTED");
    assert_eq!(paid.status().await, "PAID");
}

#[tokio::test]
async fn a_canceled_payment_leaves_its_order_to_another() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    payment.cancel().await.expect(200);
    assert_eq!(payment.cancel().await.expect(200)["detail"], "CANCELED");
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    order.pay().await.complete(Success).await.expect(200);
    assert_eq!(order.status().await, "PAID");
}

#[tokio::test]
async fn vat_is_computed_on_the_order_and_tax_free_lines_bear_none() {
    let shop = Shop::open().await;
    let mut body = shop.order("o-1").of(15_001).body();
    body["lines"] = json!([
        {"name": "강의", "quantity": 3, "unit_price": 3_333, "tax": "taxable", "item_id": "i-1", "seller_id": "s-1"},
        {"name": "책", "quantity": 1, "unit_price": 5_002, "tax": "tax_free"},
    ]);
    let order = shop
        .merchant()
        .post("/api/v1/orders", &body)
        .await
        .expect(201);
    // 9,999 won with VAT: 9,999 / 11 = 909 exactly.
    assert_eq!(
        order["amounts"],
        json!({"supply": 9_090, "vat": 909, "tax_free": 5_002})
    );
    assert_eq!(order["lines"], body["lines"]);
}

/// So many amounts of the largest size are more than 64 bits hold, and than a JSON reader with doubles could keep.
#[tokio::test]
async fn balances_beyond_64_bits_are_exact() {
    const LARGEST: u64 = 9_007_199_254_740_991;
    const ORDERS: u64 = 1_025;
    let shop = Shop::open().await;
    let mut paying = JoinSet::new();
    for number in 0..ORDERS {
        let order = shop.order(&format!("o-{number}")).of(LARGEST);
        paying.spawn(async move {
            let payment = order.register().await.pay().await;
            payment.complete(Success).await.expect(200);
        });
        if paying.len() > 16 {
            paying.join_next().await.expect("one").expect("no panic");
        }
    }
    paying.join_all().await;
    let taken = i128::from(LARGEST) * i128::from(ORDERS);
    assert!(taken > i128::from(i64::MAX));
    assert_eq!(shop.large_balance("hold").await, -taken);
    assert_eq!(shop.large_balance("gateway_receivable").await, taken);
}
