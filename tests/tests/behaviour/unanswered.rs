//! The gateway does not answer: the outcome is unknown until it is known, and meanwhile the order cannot be paid
//! twice.

use daegeum_tests::{Canceled, Captured, Fail, Failed, NoAnswer, Order, Payment, Shop, Success};
use serde_json::json;

async fn unanswered(shop: &Shop, id: &str) -> (Order, Payment) {
    let order = shop.order(id).register().await;
    let payment = order.pay().await;
    payment.complete(NoAnswer).await.expect(202);
    (order, payment)
}

#[tokio::test]
async fn no_answer_is_neither_success_nor_failure() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    let told = payment.complete(NoAnswer).await.expect(202);
    assert_eq!(
        (told.text("status"), told.text("detail")),
        ("INITIATED", "INITIATED")
    );
    assert_eq!(
        told["operation"],
        json!({"kind": "confirm", "state": "UNKNOWN"})
    );
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    let last = shop.last_event().await;
    assert_eq!(
        payment.complete(NoAnswer).await.expect(202).bytes,
        told.bytes
    );
    assert_eq!(shop.last_event().await, last);
}

#[tokio::test]
async fn unanswered_call_blocks_other_payments_of_its_order() {
    let shop = Shop::open().await;
    let (order, payment) = unanswered(&shop, "o-1").await;
    let other = order.pay().await;
    other
        .complete(Success)
        .await
        .refused(409, "ORDER_PAYMENT_IN_PROGRESS");
    payment.cancel().await.refused(409, "OPERATION_IN_FLIGHT");
    assert_eq!(other.detail().await, "INITIATED");

    payment.complete(Fail).await.expect(200);
    other.complete(Success).await.expect(200);
    assert_eq!(order.status().await, "PAID");
    assert_eq!(payment.detail().await, "FAILED");
}

#[tokio::test]
async fn notification_answers_an_unanswered_call() {
    let shop = Shop::open().await;
    for (heard, detail, order_is) in [
        (Captured, "CAPTURED", "PAID"),
        (Failed, "FAILED", "PAYMENT_PENDING"),
        (Canceled, "CANCELED", "PAYMENT_PENDING"),
    ] {
        let (order, payment) = unanswered(&shop, detail).await;
        assert_eq!(payment.notify(heard).await, "applied");
        assert_eq!(payment.detail().await, detail);
        assert_eq!(order.status().await, order_is);
        let state = if detail == "CAPTURED" {
            "SUCCEEDED"
        } else {
            "REFUSED"
        };
        assert_eq!(payment.now().await["operation"]["state"], state);
        // The answer that comes after all changes nothing, or is refused; it never moves money.
        payment
            .complete(NoAnswer)
            .await
            .refused(409, "PAYMENT_NOT_PERMITTED");
    }
}

#[tokio::test]
async fn canceling_the_order_waits_for_the_answer() {
    let shop = Shop::open().await;
    let (order, payment) = unanswered(&shop, "o-1").await;
    let idle = order.pay().await;
    let asked = order.cancel().await.expect(202);
    assert_eq!(asked["status"], "CANCEL_REQUESTED");
    assert_eq!(idle.detail().await, "CANCELED");
    assert_eq!(payment.detail().await, "INITIATED");
    let last = shop.last_event().await;
    assert_eq!(order.cancel().await.expect(202).bytes, asked.bytes);
    assert_eq!(shop.last_event().await, last);
    order
        .send_payment("more")
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
    order.confirm().await.refused(409, "ORDER_NOT_PERMITTED");
}

#[tokio::test]
async fn answer_decides_the_requested_cancellation() {
    let shop = Shop::open().await;
    // By the call's own answer, and by a notification: the same end.
    for by_notification in [false, true] {
        for (success, payment_ends, aside) in [(true, "ORPHANED", 11_000), (false, "FAILED", 0)] {
            let before = shop.balance("suspense").await;
            let (order, payment) =
                unanswered(&shop, &format!("{payment_ends}-{by_notification}")).await;
            order.cancel().await.expect(202);
            match (by_notification, success) {
                (true, true) => drop(payment.notify(Captured).await),
                (true, false) => drop(payment.notify(Failed).await),
                (false, true) => drop(payment.complete(Success).await.expect(200)),
                (false, false) => drop(payment.complete(Fail).await.expect(200)),
            }
            assert_eq!(order.status().await, "CANCELED");
            assert_eq!(payment.detail().await, payment_ends);
            assert_eq!(before - shop.balance("suspense").await, aside);
        }
    }
}

#[tokio::test]
async fn hold_after_a_cancellation_is_released() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").on_confirmation().register().await;
    let payment = order.pay().await;
    payment.complete(NoAnswer).await.expect(202);
    order.cancel().await.expect(202);
    payment.complete(Success).await.expect(200);
    assert_eq!(payment.detail().await, "VOIDED");
    assert_eq!(order.status().await, "CANCELED");
    assert_eq!(
        shop.balance("suspense").await,
        0,
        "a hold is nobody's money yet"
    );
}

#[tokio::test]
async fn restart_keeps_an_unanswered_call() {
    let shop = Shop::open().await;
    let (_, payment) = unanswered(&shop, "o-1").await;
    let id = payment.id;
    let shop = shop.reopen().await;
    let path = format!("/api/v1/payments/{id}");
    let seen = shop.merchant().get(&path).await.expect(200);
    assert_eq!(seen["operation"]["state"], "UNKNOWN");
    let done = json!({"result": "SUCCESS"});
    shop.merchant()
        .post(&format!("{path}/mock/complete"), &done)
        .await
        .expect(200);
    let order = shop.merchant().get("/api/v1/orders/o-1").await;
    assert_eq!(order["status"], "PAID");
}

#[tokio::test]
async fn unanswered_calls_are_all_listed_oldest_first() {
    let shop = Shop::open().await;
    let mut waiting = Vec::new();
    for number in 0..25 {
        let (_, payment) = unanswered(&shop, &format!("o-{number}")).await;
        waiting.push(payment.id);
        shop.advance(std::time::Duration::from_millis(5));
    }
    let (mut seen, mut query) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/admin/unanswered?limit=10{query}");
        let page = shop.admin().get(&path).await.expect(200);
        assert_eq!(
            (&page["count"], &page["at_least"]),
            (&json!(25), &json!(false))
        );
        for item in page["items"].as_array().expect("items") {
            let id = item["payment"]["payment_id"].as_str().expect("an id");
            seen.push(id.to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("&after={next}");
    }
    assert_eq!(seen, waiting);
}
