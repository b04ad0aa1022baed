//! Unpaid orders are canceled at their deadline, but never while a call is unanswered.

use std::time::Duration;

use daegeum_tests::story::rfc3339_in;
use daegeum_tests::{Fail, NoAnswer, Shop, Success};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn unpaid_order_is_canceled_at_its_deadline() {
    let shop = Shop::open().await;
    let (order, paid) = (
        shop.order("o-1").register().await,
        shop.order("o-2").register().await,
    );
    let (open, failed) = (order.pay().await, order.pay().await);
    failed.complete(Fail).await.expect(200);
    paid.pay().await.complete(Success).await.expect(200);

    shop.advance(29 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    shop.advance(2 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(order.status().await, "CANCELED");
    assert_eq!(paid.status().await, "PAID");
    let ended = open.now().await;
    assert_eq!(
        (ended.text("status"), ended.text("detail")),
        ("CANCELED", "EXPIRED")
    );
    assert_eq!(failed.detail().await, "FAILED");
    let last = shop.feed().await.pop().unwrap();
    assert_eq!(last["payload"]["reason"], "unpaid");
    shop.look_at_deadlines().await;
    assert_eq!(shop.last_event().await, last["sequence"]);
}

#[tokio::test]
async fn order_cannot_be_paid_after_its_deadline_even_before_the_job_runs() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    shop.advance(31 * MINUTE);
    order
        .send_payment("late")
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
    payment
        .complete(Success)
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
    assert_eq!(payment.detail().await, "INITIATED");
}

#[tokio::test]
async fn an_order_may_have_a_deadline_of_its_own() {
    let shop = Shop::open_with(&[("DAEGEUM_ORDERS_UNPAID_AFTER", "5m")]).await;
    let usual = shop.order("usual").register().await;
    let longer = shop
        .order("longer")
        .expiring_at(&rfc3339_in(60 * MINUTE))
        .register()
        .await;
    shop.advance(6 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(
        (usual.status().await, longer.status().await),
        ("CANCELED".into(), "PAYMENT_PENDING".into())
    );
    shop.advance(60 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(longer.status().await, "CANCELED");
}

#[tokio::test]
async fn the_deadline_waits_for_a_gateway_that_has_not_answered() {
    for (says, order_ends, payment_ends) in [
        (Success, "CANCELED", "ORPHANED"),
        (Fail, "CANCELED", "FAILED"),
    ] {
        let shop = Shop::open().await;
        let order = shop.order("o-1").register().await;
        let (payment, idle) = (order.pay().await, order.pay().await);
        payment.complete(NoAnswer).await.expect(202);
        shop.advance(31 * MINUTE);
        shop.look_at_deadlines().await;
        assert_eq!(order.status().await, "CANCEL_REQUESTED");
        assert_eq!(payment.detail().await, "INITIATED");
        assert_eq!(idle.detail().await, "EXPIRED");
        shop.look_at_deadlines().await;
        assert_eq!(order.status().await, "CANCEL_REQUESTED");

        payment.complete(says).await.expect(200);
        assert_eq!(order.status().await, order_ends);
        assert_eq!(payment.detail().await, payment_ends);
    }
}

#[tokio::test]
async fn restart_keeps_deadlines() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let shop = shop.reopen().await;
    shop.advance(31 * MINUTE);
    shop.look_at_deadlines().await;
    let order = shop.merchant().get("/api/v1/orders/o-1").await.expect(200);
    assert_eq!(order["status"], "CANCELED");
}

#[tokio::test]
async fn many_orders_due_at_once_are_all_canceled() {
    let shop = Shop::open().await;
    for n in 0..120 {
        shop.order(&format!("o-{n}")).register().await;
    }
    shop.advance(31 * MINUTE);
    shop.look_at_deadlines().await;
    let feed = shop.feed().await;
    let canceled = feed
        .iter()
        .filter(|event| event["event_type"] == "PAYMENT_CANCELED");
    assert_eq!(canceled.count(), 120);
}
