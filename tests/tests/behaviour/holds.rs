//! Orders whose money is authorized until they are confirmed.

use std::time::Duration;

use daegeum_tests::story::rfc3339_in;
use daegeum_tests::{Canceled, Captured, Fail, Order, Payment, Shop, Success};

const DAY: Duration = Duration::from_hours(24);

async fn reserved(shop: &Shop, id: &str) -> (Order, Payment) {
    let order = shop.order(id).on_confirmation().register().await;
    let payment = order.pay().await;
    payment.complete(Success).await.expect(200);
    (order, payment)
}

#[tokio::test]
async fn money_is_held_and_taken_on_confirmation() {
    let shop = Shop::open().await;
    let (order, payment) = reserved(&shop, "o-1").await;
    assert_eq!(payment.status().await, "AUTHORIZED");
    let held = order.now().await;
    assert_eq!(
        (held.text("status"), held.text("detail")),
        ("AUTHORIZED", "RESERVED")
    );
    assert_eq!(shop.balance("hold").await, 0, "a hold is not our money");

    let confirmed = order.confirm().await.expect(200);
    assert_eq!(confirmed["status"], "PAID");
    assert_eq!(payment.status().await, "CAPTURED");
    assert_eq!(shop.balance("hold").await, -11_000);
    let last = shop.last_event().await;
    assert_eq!(order.confirm().await.expect(200).bytes, confirmed.bytes);
    assert_eq!(shop.last_event().await, last);
}

#[tokio::test]
async fn capturing_the_payment_confirms_its_order() {
    let shop = Shop::open().await;
    let (order, payment) = reserved(&shop, "o-1").await;
    payment.capture().await.expect(200);
    assert_eq!(order.status().await, "PAID");
}

#[tokio::test]
async fn order_without_a_hold_cannot_be_confirmed() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").on_confirmation().register().await;
    let payment = order.pay().await;
    order.confirm().await.refused(409, "ORDER_NOT_PERMITTED");
    payment
        .capture()
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
    payment.complete(Fail).await.expect(200);
    order.confirm().await.refused(409, "ORDER_NOT_PERMITTED");
}

#[tokio::test]
async fn order_with_a_released_hold_can_be_paid_by_another_payment() {
    let shop = Shop::open().await;
    let (order, payment) = reserved(&shop, "o-1").await;
    order
        .send_payment("meanwhile")
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
    let released = payment.cancel().await.expect(200);
    assert_eq!(
        (released.text("status"), released.text("detail")),
        ("CANCELED", "VOIDED")
    );
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    assert_eq!(payment.cancel().await.expect(200).bytes, released.bytes);

    let second = order.pay().await;
    second.complete(Success).await.expect(200);
    order.confirm().await.expect(200);
    assert_eq!(order.status().await, "PAID");
    assert_eq!(shop.balance("hold").await, -11_000);
}

#[tokio::test]
async fn canceling_the_order_releases_its_hold() {
    let shop = Shop::open().await;
    let (order, payment) = reserved(&shop, "o-1").await;
    order.cancel().await.expect(200);
    assert_eq!(order.status().await, "CANCELED");
    assert_eq!(payment.detail().await, "VOIDED");
    order.confirm().await.refused(409, "ORDER_NOT_PERMITTED");
}

#[tokio::test]
async fn expired_hold_frees_the_order() {
    let shop = Shop::open().await;
    let order = shop
        .order("o-1")
        .on_confirmation()
        .expiring_at(&rfc3339_in(30 * DAY));
    let order = order.register().await;
    let payment = order.pay().await;
    payment.complete(Success).await.expect(200);

    shop.advance(6 * DAY);
    shop.look_at_deadlines().await;
    assert_eq!(payment.detail().await, "AUTHORIZED");
    shop.advance(2 * DAY);
    order.confirm().await.refused(409, "AUTHORIZATION_EXPIRED");
    payment
        .capture()
        .await
        .refused(409, "AUTHORIZATION_EXPIRED");
    shop.look_at_deadlines().await;
    assert_eq!(payment.detail().await, "EXPIRED");
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    let second = order.pay().await;
    second.complete(Success).await.expect(200);
    order.confirm().await.expect(200);
}

#[tokio::test]
async fn order_is_canceled_if_its_hold_expires_after_its_deadline() {
    let shop = Shop::open().await;
    let (order, payment) = reserved(&shop, "o-1").await;
    shop.advance(DAY);
    shop.look_at_deadlines().await;
    assert_eq!(
        order.status().await,
        "AUTHORIZED",
        "a held order is not unpaid"
    );
    shop.advance(7 * DAY);
    shop.look_at_deadlines().await;
    shop.look_at_deadlines().await;
    assert_eq!(payment.detail().await, "EXPIRED");
    assert_eq!(order.status().await, "CANCELED");
}

#[tokio::test]
async fn gateway_can_capture_or_release_a_hold_by_itself() {
    let shop = Shop::open().await;
    let (order, payment) = reserved(&shop, "taken").await;
    assert_eq!(payment.notify(Captured).await, "applied");
    assert_eq!(
        (order.status().await, payment.detail().await),
        ("PAID".into(), "CAPTURED".into())
    );

    let (order, payment) = reserved(&shop, "released").await;
    assert_eq!(payment.notify(Canceled).await, "applied");
    assert_eq!(payment.detail().await, "VOIDED");
    assert_eq!(order.status().await, "PAYMENT_PENDING");
}
