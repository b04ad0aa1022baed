//! Refunds in Toss's dashboard, in every state of our payment: of a part, or of money that was refunded already.
//! Nothing is lost: a part of captured money is booked as a refund, other money is on the desk, the desk's actions
//! resolve it, and afterwards our books agree with Toss's.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, CheckoutVisit, Shop, until};
use serde_json::{Value, json};

/// Toss's books and ours say the same of what Toss has.
async fn agree(shop: &Shop, toss: &Gateway) {
    assert_eq!(shop.balance("gateway_receivable").await, toss.balance());
}

async fn desk(shop: &Shop) -> Value {
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    desk["items"].clone()
}

async fn resolve(shop: &Shop, checkout: &CheckoutVisit, resolution: &str) -> Answer {
    let path = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let decision = json!({"resolution": resolution, "reason": "직접 확인함"});
    shop.admin().post(&path, &decision).await
}

/// Asks until the desk has the payment, with this much at Toss.
async fn comes_to_the_desk(shop: &Shop, checkout: &CheckoutVisit, holds: u64) {
    until("it is on the desk", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        desk(shop).await[0]["gateway_holds"]["amount"] == holds
    })
    .await;
    assert_eq!(desk(shop).await[0]["payment_id"], *checkout.payment.id);
}

/// Asks until this much is booked as refunded; nobody has to look.
async fn is_booked(shop: &Shop, checkout: &CheckoutVisit, refunded: u64) {
    until("the refund is booked", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.now().await["refunded"] == refunded
    })
    .await;
    assert_eq!(desk(shop).await, json!([]));
}

/// A payment that Toss has taken and a person said it had not.
async fn failed_by_a_persons_word(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    let checkout = shop.order(id).register().await.checkout(toss).await;
    let approved = checkout.approve().await;
    toss.fails_always(
        &checkout.payment,
        CallFilter::Any,
        Fault::ResponseLost { silent_ms: 0 },
    );
    let asked = checkout.confirm_without_answer(&approved).await;
    resolve(shop, &checkout, "not_done").await.expect(200);
    asked.await.expect("no panic").expect(200);
    assert_eq!(checkout.payment.detail().await, "FAILED");
    toss.recovers();
    checkout
}

#[tokio::test]
async fn partly_refunded_deposit_pays_the_order() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay_by_transfer().await.expect(200);
    let key = checkout.approved_key().await;
    toss.deposit(&key);
    toss.cancel_part_of_transfer(&key, 1_000);
    shop.advance(Duration::from_mins(11));
    is_booked(&shop, &checkout, 1_000).await;
    assert_eq!(checkout.payment.detail().await, "PARTIALLY_REFUNDED");
    assert_eq!(checkout.order.status().await, "PAID");
    assert_eq!(shop.balance("reconciliation_difference").await, 0);
    assert_eq!(-shop.balance("hold").await, 10_000);
    assert_eq!(toss.balance(), 10_000);
    agree(&shop, &toss).await;
}

#[tokio::test]
async fn partly_refunded_success_after_a_failure_pays_the_order() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = failed_by_a_persons_word(&shop, &toss, "o-1").await;
    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&checkout.approved_key().await, Some(4_000));
    is_booked(&shop, &checkout, 4_000).await;
    assert_eq!(checkout.payment.detail().await, "PARTIALLY_REFUNDED");
    assert_eq!(checkout.order.status().await, "PAID");
    let refunded = checkout.payment.cancel().await.expect(200);
    assert_eq!(refunded["operation"]["state"], "SUCCEEDED");
    assert_eq!(desk(&shop).await, json!([]));
    assert_eq!(toss.balance(), 0);
    agree(&shop, &toss).await;
}

#[tokio::test]
async fn partly_refunded_orphan_money_can_be_returned() {
    let (shop, toss) = Shop::open_with_toss().await;
    let first = failed_by_a_persons_word(&shop, &toss, "o-1").await;
    let second = first.order.checkout(&toss).await;
    second.pay().await.expect(200);
    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&first.approved_key().await, Some(4_000));
    comes_to_the_desk(&shop, &first, 7_000).await;
    assert_eq!(first.payment.detail().await, "ORPHANED");
    let take = resolve(&shop, &first, "take").await;
    take.refused(409, "ORDER_CANNOT_TAKE");
    let returned = resolve(&shop, &first, "return").await.expect(200);
    assert_eq!(returned.text("detail"), "RETURNED");
    assert_eq!(desk(&shop).await, json!([]));
    assert_eq!(toss.balance(), 11_000, "the second payment's");
    assert_eq!(shop.balance("suspense").await, 0);
    agree(&shop, &toss).await;
}

/// The gateway refuses, the money is returned by bank transfer, and then by the gateway after all: the buyer has it
/// twice.
#[tokio::test]
async fn money_refunded_twice_is_put_on_the_desk() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Cancel, refuses);
    checkout.payment.cancel().await.expect(200);
    resolve(&shop, &checkout, "returned").await.expect(200);
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    assert_eq!(shop.balance("settlement_bank").await, -11_000);
    assert_eq!(desk(&shop).await, json!([]));
    agree(&shop, &toss).await;

    toss.notifies(Some(&shop.address()));
    toss.cancel_in_dashboard(&checkout.approved_key().await);
    comes_to_the_desk(&shop, &checkout, 0).await;
    resolve(&shop, &checkout, "accept").await.expect(200);
    assert_eq!(desk(&shop).await, json!([]));
    let owed = shop.balance("reconciliation_difference").await;
    assert_eq!(owed, 11_000, "the buyer owes it");
    agree(&shop, &toss).await;
}

/// The same for set-aside money: a person's bank transfer is not booked as a refund by the gateway.
#[tokio::test]
async fn set_aside_money_returned_by_transfer_is_still_owed_by_the_gateway() {
    let (shop, toss) = Shop::open_with_toss().await;
    let first = failed_by_a_persons_word(&shop, &toss, "o-1").await;
    first.order.checkout(&toss).await.pay().await.expect(200);
    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&first.approved_key().await, Some(1));
    comes_to_the_desk(&shop, &first, 10_999).await;
    resolve(&shop, &first, "accept").await.expect(200);
    agree(&shop, &toss).await;
    let returned = resolve(&shop, &first, "returned").await.expect(200);
    assert_eq!(returned.text("detail"), "RETURNED");
    assert_eq!(toss.balance(), 21_999);
    agree(&shop, &toss).await;
    // The part that Toss refunded was not transferred again.
    assert_eq!(shop.balance("settlement_bank").await, -10_999);
    assert_eq!(shop.balance("reconciliation_difference").await, 0);
    assert_eq!(shop.balance("suspense").await, 0);
}

/// A partial refund without a notification: our refund is refused, because it exceeds what Toss has. That makes us
/// ask.
#[tokio::test]
async fn refund_of_too_much_succeeds_with_the_rest_when_repeated() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    toss.cancel_part_in_dashboard(&checkout.approved_key().await, Some(4_000));
    let refused = checkout.payment.cancel().await.expect(200);
    assert_eq!(refused["operation"]["state"], "REFUSED");
    is_booked(&shop, &checkout, 4_000).await;
    let refunded = checkout.payment.cancel().await.expect(200);
    assert_eq!(refunded["operation"]["state"], "SUCCEEDED");
    assert_eq!(desk(&shop).await, json!([]));
    assert_eq!(toss.balance(), 0);
    agree(&shop, &toss).await;
}

/// A person recorded a refund that was not made: Toss has the money, and the desk shows it.
#[tokio::test]
async fn recorded_refund_that_was_not_made_comes_to_the_desk() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let lost = Fault::RequestLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    let asked = checkout.payment.cancel_without_answer().await;
    resolve(&shop, &checkout, "done").await.expect(200);
    asked.await.expect("no panic").expect(200);
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    toss.recovers();

    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&checkout.approved_key().await, Some(1_000));
    comes_to_the_desk(&shop, &checkout, 10_000).await;
    let returned = resolve(&shop, &checkout, "return").await.expect(200);
    assert_eq!(returned.text("detail"), "REFUNDED");
    assert_eq!(desk(&shop).await, json!([]));
    assert_eq!(toss.balance(), 0);
    agree(&shop, &toss).await;
}

/// An administrator whose answer was lost repeats the request and gets the same answer; `take` cannot resolve a
/// disagreement.
#[tokio::test]
async fn repeated_decision_gets_its_first_answer() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = failed_by_a_persons_word(&shop, &toss, "o-1").await;
    let second = checkout.order.checkout(&toss).await;
    second.pay().await.expect(200);
    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&checkout.approved_key().await, Some(4_000));
    comes_to_the_desk(&shop, &checkout, 7_000).await;
    let take = resolve(&shop, &checkout, "take").await;
    take.refused(409, "ORDER_CANNOT_TAKE");
    let path = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let accept = json!({"resolution": "accept", "reason": "일부 환불"});
    let admin = shop.admin();
    let first = admin
        .post_keyed(&path, "accept-1", &accept)
        .await
        .expect(200);
    let again = admin
        .post_keyed(&path, "accept-1", &accept)
        .await
        .expect(200);
    assert_eq!(first.bytes, again.bytes);
    assert!(again.replayed());
    let unkeyed = resolve(&shop, &checkout, "accept").await;
    unkeyed.refused(409, "NO_DISAGREEMENT");
}
