//! Authorizations at a gateway over the network: capture and void are calls like any other, which can be late, lost
//! or refused. After each story our books agree with the gateway's.

use std::time::Duration;

use daegeum_tests::drill::{Money, Treats};
use daegeum_tests::{Answer, Drill, Order, Payment, Shop};
use serde_json::json;

async fn held(shop: &Shop, drill: &Drill) -> (Order, Payment) {
    let order = shop.order("o-1").on_confirmation().register().await;
    let payment = drill.holds(&order).await;
    assert_eq!(order.status().await, "AUTHORIZED");
    (order, payment)
}

async fn asks(order: &Order, verb: &str, key: &str) -> Answer {
    let path = format!("/api/v1/orders/{}/{verb}", order.id);
    order.merchant().post_keyed(&path, key, &json!({})).await
}

#[track_caller]
fn same(again: &Answer, first: &Answer) {
    assert!(again.replayed());
    assert_eq!((again.status, again.body()), (first.status, first.body()));
}

async fn agree(shop: &Shop, drill: &Drill) {
    assert_eq!(shop.balance("gateway_receivable").await, drill.taken());
    assert_eq!(shop.balance("hold").await, -drill.taken());
    for account in ["refund_pending", "suspense"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
}

#[tokio::test]
async fn confirming_the_order_captures_the_hold() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    agree(&shop, &drill).await;
    let confirmed = asks(&order, "confirm", "c-1").await.expect(200);
    assert_eq!(confirmed["status"], "PAID");
    assert_eq!(payment.detail().await, "CAPTURED");
    assert_eq!(drill.money(&payment), Some(Money::Taken));
    same(&asks(&order, "confirm", "c-1").await, &confirmed);
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn order_is_answered_202_while_its_gateway_is_silent() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    drill.treats(&payment, "capture", Treats::Silent);
    shop.let_requests_wait_for(Duration::from_millis(20));
    let waiting = asks(&order, "confirm", "c-1").await.expect(202);
    assert_eq!(waiting["status"], "AUTHORIZED");
    // A concurrent request joins the same call.
    order.confirm().await.expect(202);
    payment.capture().await.expect(202);
    assert_eq!(asks(&order, "confirm", "c-1").await.status, 202);

    drill.speaks();
    shop.calls_rest().await;
    let confirmed = asks(&order, "confirm", "c-1").await.expect(200);
    assert_eq!(confirmed["status"], "PAID");
    same(&asks(&order, "confirm", "c-1").await, &confirmed);
    assert_eq!(drill.times(&payment, "capture"), 1);
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn capture_with_a_lost_answer_is_inquired_about_and_not_repeated() {
    for lost in [Treats::AnswerLost, Treats::RequestLost] {
        let (shop, drill) = Shop::open_with_drill().await;
        let (order, payment) = held(&shop, &drill).await;
        drill.treats(&payment, "capture", lost);
        shop.let_requests_wait_for(Duration::from_millis(20));
        let waiting = asks(&order, "confirm", "c-1").await.expect(202);
        assert_eq!(waiting["status"], "AUTHORIZED");
        shop.calls_rest().await;
        // A start in between changes nothing about it.
        let shop = shop.reopen().await;
        let (order, payment) = (order.at(&shop.address()), payment.at(&shop.address()));
        shop.settle(&payment).await;
        assert_eq!(drill.times(&payment, "capture"), 1);
        let confirmed = asks(&order, "confirm", "c-1").await.expect(200);
        assert_eq!(confirmed["status"], "PAID");
        agree(&shop, &drill).await;
    }
}

#[tokio::test]
async fn refused_capture_can_be_requested_again() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    drill.treats(&payment, "capture", Treats::Refuses("NOT_NOW"));
    let refused = asks(&order, "confirm", "c-1").await.expect(200);
    assert_eq!(refused["status"], "AUTHORIZED");
    assert_eq!(payment.now().await["operation"]["state"], "REFUSED");
    agree(&shop, &drill).await;

    let confirmed = asks(&order, "confirm", "c-2").await.expect(200);
    assert_eq!(confirmed["status"], "PAID");
    same(&asks(&order, "confirm", "c-1").await, &refused);
    same(&asks(&order, "confirm", "c-2").await, &confirmed);
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn hold_that_is_gone_at_the_gateway_cannot_be_captured() {
    for gone in [Money::Released, Money::Lapsed] {
        let (shop, drill) = Shop::open_with_drill().await;
        let (order, payment) = held(&shop, &drill).await;
        drill.becomes(&payment, gone);
        let answered = asks(&order, "confirm", "c-1").await.expect(200);
        assert_eq!(answered["status"], "PAYMENT_PENDING");
        assert_eq!(payment.detail().await, "VOIDED");
        agree(&shop, &drill).await;

        let second = drill.holds(&order).await;
        order.confirm().await.expect(200);
        assert_eq!(order.status().await, "PAID");
        assert_eq!(drill.money(&second), Some(Money::Taken));
        same(&asks(&order, "confirm", "c-1").await, &answered);
        agree(&shop, &drill).await;
    }
}

#[tokio::test]
async fn canceling_the_order_voids_the_hold() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    let canceled = asks(&order, "cancel", "x-1").await.expect(200);
    assert_eq!(canceled["status"], "CANCELED");
    assert_eq!(payment.detail().await, "VOIDED");
    assert_eq!(drill.money(&payment), Some(Money::Released));
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn void_with_a_lost_answer_is_inquired_about() {
    for lost in [Treats::AnswerLost, Treats::RequestLost] {
        let (shop, drill) = Shop::open_with_drill().await;
        let (order, payment) = held(&shop, &drill).await;
        drill.treats(&payment, "void", lost);
        shop.let_requests_wait_for(Duration::from_millis(20));
        let waiting = asks(&order, "cancel", "x-1").await.expect(202);
        assert_eq!(waiting["status"], "CANCEL_REQUESTED");
        shop.calls_rest().await;
        shop.settle(&payment).await;
        assert_eq!(payment.detail().await, "VOIDED");
        let canceled = asks(&order, "cancel", "x-1").await.expect(200);
        assert_eq!(canceled["status"], "CANCELED");
        assert_eq!(drill.times(&payment, "void"), 1);
        agree(&shop, &drill).await;
    }
}

#[tokio::test]
async fn refused_cancellation_keeps_its_answer() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    drill.treats(&payment, "void", Treats::Refuses("NOT_NOW"));
    let refused = asks(&order, "cancel", "x-1").await.expect(200);
    assert_eq!(refused["status"], "CANCEL_REQUESTED");
    same(&asks(&order, "cancel", "x-1").await, &refused);

    // While the next one is under way, too.
    drill.treats(&payment, "void", Treats::Silent);
    shop.let_requests_wait_for(Duration::from_millis(20));
    asks(&order, "cancel", "x-2").await.expect(202);
    same(&asks(&order, "cancel", "x-1").await, &refused);
    drill.speaks();
    shop.calls_rest().await;
    let canceled = asks(&order, "cancel", "x-2").await.expect(200);
    assert_eq!(canceled["status"], "CANCELED");
    same(&asks(&order, "cancel", "x-1").await, &refused);
    let shop = shop.reopen().await;
    let order = order.at(&shop.address());
    same(&asks(&order, "cancel", "x-1").await, &refused);
    same(&asks(&order, "cancel", "x-2").await, &canceled);
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn automatic_capture_authorizes_and_then_captures() {
    let (shop, drill) = Shop::open_with_drill().await;
    let order = shop.order("o-1").register().await;
    let payment = drill.approved(&order).await;
    shop.calls_rest().await;
    assert_eq!(order.status().await, "PAID");
    assert_eq!(payment.detail().await, "CAPTURED");
    assert_eq!(drill.times(&payment, "capture"), 1);
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn money_captured_during_a_cancellation_is_refunded() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    drill.treats(&payment, "capture", Treats::Silent);
    shop.let_requests_wait_for(Duration::from_millis(20));
    asks(&order, "confirm", "c-1").await.expect(202);
    let waiting = asks(&order, "cancel", "x-1").await.expect(202);
    assert_eq!(waiting["status"], "CANCEL_REQUESTED");
    drill.speaks();
    shop.settle(&payment).await;
    shop.calls_rest().await;
    assert_eq!(drill.money(&payment), Some(Money::Returned));
    let canceled = asks(&order, "cancel", "x-1").await.expect(200);
    assert_eq!(canceled["status"], "CANCELED");
    assert_eq!(
        asks(&order, "confirm", "c-1").await.expect(200).body(),
        canceled.body()
    );
    agree(&shop, &drill).await;
}

#[tokio::test]
async fn hold_captured_at_the_gateway_is_refunded_when_its_order_is_canceled() {
    let (shop, drill) = Shop::open_with_drill().await;
    let (order, payment) = held(&shop, &drill).await;
    drill.becomes(&payment, Money::Taken);
    order.cancel().await;
    shop.settle(&payment).await;
    shop.calls_rest().await;
    assert_eq!(order.status().await, "CANCELED");
    assert_eq!(drill.money(&payment), Some(Money::Returned));
    agree(&shop, &drill).await;
}
