//! Payment by transfer to a virtual account: the money arrives days later, announced by a notification or found by an
//! inquiry; or it never arrives.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{CheckoutVisit, Shop, until};
use serde_json::{Value, json};

/// A checkout whose buyer has been given an account, and has to transfer within `days`.
async fn account(shop: &Shop, toss: &Gateway, id: &str, days: u64) -> CheckoutVisit {
    let until = daegeum_tests::story::rfc3339_in(Duration::from_hours(24 * days));
    let order = shop.order(id).expiring_at(&until).register().await;
    let with_name = json!({ "buyer_name": "김하나" });
    let checkout = order.checkout_with(toss, with_name).await;
    let waits = checkout.pay_by_transfer().await.expect(200);
    assert_eq!(
        (waits.text("status"), waits.text("detail")),
        ("INITIATED", "AWAITING_DEPOSIT")
    );
    checkout
}

/// Toss is asked about this payment, and says how it stands.
async fn asked_again(shop: &Shop, toss: &Gateway) {
    let before = toss.calls().1;
    until("Toss is asked", || async {
        shop.ask_gateway().await;
        toss.calls().1 > before
    })
    .await;
}

/// How many notifications came about payments of ours.
async fn hints(shop: &Shop) -> u64 {
    let of = |status| format!("payment_webhook_total{{provider=\"TOSS\",status=\"{status}\"}}");
    shop.figure(&of("followed")).await + shop.figure(&of("coalesced")).await
}

#[tokio::test]
async fn announced_transfer_pays_the_order() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    let waits = account(&shop, &toss, "o-1", 10).await;
    let now = waits.now().await;
    assert_eq!(
        (now.text("status"), now.text("next")),
        ("awaiting_deposit", "transfer")
    );
    assert!(now["payment"]["due_at"].is_string());
    assert_eq!(waits.order.status().await, "PAYMENT_PENDING");
    until("Toss has told of the account", || async {
        hints(&shop).await == 2
    })
    .await;
    shop.ask_gateway().await;
    assert_eq!(shop.balance("gateway_receivable").await, 0, "no money yet");
    shop.advance(Duration::from_mins(1));
    toss.deposit(&waits.approved_key().await);
    // Toss tells of it twice, in two forms.
    until("Toss has told of the transfer", || async {
        hints(&shop).await == 4
    })
    .await;
    asked_again(&shop, &toss).await;
    assert_eq!(waits.payment.detail().await, "CAPTURED");
    assert_eq!(waits.order.status().await, "PAID");
    let events = waits.payment.events().await;
    let count = |name: &str| events.iter().filter(|event| *event == name).count();
    assert_eq!(
        count("INQUIRY_WANTED"),
        2,
        "once for the account, once for the transfer"
    );
    assert_eq!(count("INQUIRY_SETTLED"), 2);
    shop.advance(Duration::from_mins(1));
    let last = shop.last_event().await;
    shop.ask_gateway().await;
    assert_eq!(shop.last_event().await, last);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn short_form_of_a_notification_is_equivalent() {
    let (shop, toss) = Shop::open_with_toss().await;
    let waits = account(&shop, &toss, "o-1", 10).await;
    toss.deposit(&waits.approved_key().await);
    let callback = json!({
        "createdAt": "2026-01-01T00:00:00.000000", "secret": "not ours to know",
        "status": "DONE", "transactionKey": "X", "orderId": waits.payment.id,
    });
    let webhook = "/api/v1/payments/webhook/toss";
    shop.stranger().post(webhook, &callback).await.expect(200);
    asked_again(&shop, &toss).await;
    assert_eq!(waits.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn unannounced_transfer_is_found_by_an_inquiry() {
    let (shop, toss) = Shop::open_with_toss().await;
    let waits = account(&shop, &toss, "o-1", 10).await;
    shop.advance(Duration::from_secs(61));
    asked_again(&shop, &toss).await;
    assert_eq!(waits.status().await, "awaiting_deposit");
    toss.deposit(&waits.approved_key().await);
    shop.ask_gateway().await;
    assert_eq!(
        waits.status().await,
        "awaiting_deposit",
        "not asked so soon"
    );
    shop.advance(Duration::from_mins(11));
    asked_again(&shop, &toss).await;
    assert_eq!(waits.status().await, "paid");
    assert_eq!(waits.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn account_is_made_once_under_any_fault() {
    let (shop, toss) = Shop::open_with_toss().await;
    for (id, fault) in [
        ("request", Fault::RequestLost { silent_ms: 0 }),
        ("response", Fault::ResponseLost { silent_ms: 0 }),
    ] {
        let order = shop.order(id).register().await;
        let checkout = order.checkout(&toss).await;
        let approved = checkout.approve_by_transfer().await;
        toss.fails_once(&checkout.payment, CallFilter::Confirm, fault);
        let asked = checkout.confirm_without_answer(&approved).await;
        shop.settle(&checkout.payment).await;
        let waits = asked.await.expect("no panic").expect(200);
        assert_eq!(waits.text("detail"), "AWAITING_DEPOSIT", "{id}");
        toss.deposit(&approved.payment_key);
    }
    shop.advance(Duration::from_mins(11));
    asked_again(&shop, &toss).await;
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn buyer_with_an_account_can_pay_by_card_instead() {
    let (shop, toss) = Shop::open_with_toss().await;
    let waits = account(&shop, &toss, "o-1", 10).await;
    let by_card = waits.order.checkout(&toss).await;
    let approved = by_card.approve().await;
    by_card
        .confirm(&approved)
        .await
        .refused(409, "ORDER_PAYMENT_IN_PROGRESS");
    let path = waits.payment.path("/cancel");
    let closed = shop.buyer("buyer-1").ask(&path).await.expect(200);
    assert_eq!(closed.text("detail"), "CANCELED");
    let theirs = toss.payment(&waits.payment.id).expect("theirs");
    assert_eq!(theirs["status"], "CANCELED");
    by_card.confirm(&approved).await.expect(200);
    assert_eq!(waits.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn order_deadline_closes_the_account() {
    let (shop, toss) = Shop::open_with_toss().await;
    let waits = account(&shop, &toss, "o-1", 1).await;
    shop.advance(Duration::from_hours(25));
    shop.look_at_deadlines().await;
    until("the order has ended", || async {
        waits.order.status().await == "CANCELED"
    })
    .await;
    shop.calls_rest().await;
    assert_eq!(waits.payment.detail().await, "CANCELED");
    let theirs = toss.payment(&waits.payment.id).expect("theirs");
    assert_eq!(theirs["status"], "CANCELED");
    assert_eq!(toss.calls().2, 1);
    toss.agrees_with(&shop).await;
}

/// The buyer transfers just before the account is closed. Toss refunds a deposit only to a given bank account, so a
/// person has to act.
#[tokio::test]
async fn transfer_just_before_the_account_closes_is_set_aside() {
    let (shop, toss) = Shop::open_with_toss().await;
    let waits = account(&shop, &toss, "o-1", 1).await;
    toss.deposit(&waits.approved_key().await);
    shop.advance(Duration::from_hours(25));
    shop.look_at_deadlines().await;
    until("the order has ended", || async {
        shop.ask_gateway().await;
        shop.advance(Duration::from_mins(11));
        waits.order.status().await == "CANCELED"
    })
    .await;
    shop.ask_gateway().await;
    assert_eq!(waits.payment.detail().await, "ORPHANED");
    assert_eq!(-shop.balance("suspense").await, 11_000);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"][0]["payment_id"], *waits.payment.id);
    toss.agrees_with(&shop).await;
}

/// The account expires without a notification; the order still waits.
#[tokio::test]
async fn expired_account_frees_the_order() {
    let (shop, toss) = Shop::open_with_toss().await;
    let waits = account(&shop, &toss, "o-1", 30).await;
    toss.expires(&waits.approved_key().await);
    shop.advance(Duration::from_hours(24 * 8));
    shop.look_at_deadlines().await;
    for _ in 0..3 {
        shop.ask_gateway().await;
        shop.advance(Duration::from_mins(11));
    }
    let over = waits.payment.now().await;
    assert_eq!(over.text("detail"), "FAILED");
    assert_eq!(over["failure"]["code"], "EXPIRED");
    waits.order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(waits.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn late_transfer_pays_the_order_or_is_set_aside() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    for (paid_by_another, detail) in [(false, "CAPTURED"), (true, "ORPHANED")] {
        let waits = account(&shop, &toss, detail, 30).await;
        let key = waits.approved_key().await;
        toss.expires(&key);
        until("its time is known to be over", || async {
            shop.advance(Duration::from_mins(11));
            shop.ask_gateway().await;
            waits.payment.detail().await == "FAILED"
        })
        .await;
        if paid_by_another {
            waits.order.checkout(&toss).await.pay().await.expect(200);
        }
        toss.deposit_late(&key);
        until("it is found", || async {
            shop.advance(Duration::from_secs(6));
            shop.ask_gateway().await;
            waits.payment.detail().await == detail
        })
        .await;
        assert_eq!(waits.order.status().await, "PAID");
    }
    toss.agrees_with(&shop).await;
}

/// The bank returns the deposit, perhaps after the account has expired.
#[tokio::test]
async fn returned_transfer_is_put_on_the_desk() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    for (id, days, again) in [("o-1", 0, true), ("o-2", 11, false)] {
        let waits = account(&shop, &toss, id, 10).await;
        let key = waits.approved_key().await;
        toss.deposit(&key);
        until("it is paid", || async {
            shop.advance(Duration::from_secs(5));
            shop.ask_gateway().await;
            waits.status().await == "paid"
        })
        .await;
        shop.advance(Duration::from_hours(24 * days) + Duration::from_mins(1));
        shop.ask_gateway().await;
        toss.takes_deposit_back(&key);
        until("it is on the desk", || async {
            shop.advance(Duration::from_secs(10));
            shop.ask_gateway().await;
            desk(&shop).await[0]["payment_id"] == waits.payment.id.as_str()
        })
        .await;
        let holds = json!({"amount": 0, "currency": "KRW"});
        assert_eq!(desk(&shop).await[0]["gateway_holds"], holds);
        if again {
            toss.deposit(&key);
            shop.advance(Duration::from_mins(1));
            asked_again(&shop, &toss).await;
        } else {
            let path = format!("/api/v1/admin/payments/{}/resolve", waits.payment.id);
            let accept = json!({"resolution": "accept", "reason": "은행이 되돌림"});
            shop.admin().post(&path, &accept).await.expect(200);
        }
        assert_eq!(desk(&shop).await, json!([]));
        assert_eq!(toss.balance(), shop.balance("gateway_receivable").await);
    }
}

async fn desk(shop: &Shop) -> Value {
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    desk["items"].clone()
}
