//! A person's decisions if Toss does not answer: that a call was done or not, and where money goes that no order can
//! take.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, CheckoutVisit, Payment, Shop, until};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

async fn decide(shop: &Shop, payment: &Payment, resolution: &str) -> Answer {
    let path = format!("/api/v1/admin/payments/{}/resolve", payment.id);
    let decision = json!({ "resolution": resolution, "reason": "토스 고객센터에 확인함" });
    shop.admin().post(&path, &decision).await
}

/// A payment whose confirmation has no answer, because of this, and for good.
async fn unknown(shop: &Shop, toss: &Gateway, fault: Fault) -> (CheckoutVisit, JoinHandle<Answer>) {
    let checkout = shop.order("o-1").register().await.checkout(toss).await;
    let approved = checkout.approve().await;
    toss.fails_always(&checkout.payment, CallFilter::Any, fault);
    let asked = checkout.confirm_without_answer(&approved).await;
    (checkout, asked)
}

#[tokio::test]
async fn person_resolves_a_confirmation_as_done() {
    let (shop, toss) = Shop::open_with_toss().await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    let (checkout, asked) = unknown(&shop, &toss, lost).await;
    let decided = decide(&shop, &checkout.payment, "done").await.expect(200);
    assert_eq!(decided.text("detail"), "CAPTURED");
    let told = asked.await.expect("no panic").expect(200);
    assert_eq!(told.text("detail"), "CAPTURED", "who waited is told so");
    assert_eq!(checkout.order.status().await, "PAID");
    let captured = checkout.happened("CAPTURE_SUCCEEDED").await;
    assert_eq!(captured["source"], "person");
    let who = checkout.happened("PERSON_DECIDED").await;
    assert_eq!(who["actor"], "kim");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn person_resolves_a_confirmation_as_not_done_and_another_payment_pays() {
    let (shop, toss) = Shop::open_with_toss().await;
    let lost = Fault::RequestLost { silent_ms: 0 };
    let (checkout, asked) = unknown(&shop, &toss, lost).await;
    let decided = decide(&shop, &checkout.payment, "not_done").await;
    assert_eq!(decided.expect(200).text("detail"), "FAILED");
    let told = asked.await.expect("no panic").expect(200);
    assert_eq!(told["failure"]["code"], "RESOLVED_NOT_DONE");
    toss.recovers();
    checkout.order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(checkout.order.status().await, "PAID");
    let again = decide(&shop, &checkout.payment, "not_done").await;
    again.refused(409, "NO_UNKNOWN_OUTCOME");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn wrong_resolution_is_corrected_by_the_gateway() {
    let (shop, toss) = Shop::open_with_toss().await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    let (checkout, asked) = unknown(&shop, &toss, lost).await;
    decide(&shop, &checkout.payment, "not_done")
        .await
        .expect(200);
    asked.await.expect("no panic").expect(200);
    toss.recovers();
    checkout.order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(toss.balance(), 22_000, "paid twice, as Toss knows");
    told_of(&shop, &toss, &checkout.payment).await;
    assert_eq!(checkout.payment.detail().await, "ORPHANED");
    toss.agrees_with(&shop).await;

    // A person's request refunds it through Toss.
    let back = decide(&shop, &checkout.payment, "return").await.expect(200);
    assert_eq!(back.text("detail"), "RETURNED");
    let again = decide(&shop, &checkout.payment, "return").await.expect(200);
    assert_eq!(again.text("detail"), "RETURNED");
    assert_eq!((toss.calls().2, toss.balance()), (1, 11_000));
    assert_eq!(checkout.order.status().await, "PAID");
    assert_eq!(shop.balance("suspense").await, 0);
    toss.agrees_with(&shop).await;
}

/// Toss tells of the payment, and is asked.
async fn told_of(shop: &Shop, toss: &Gateway, payment: &Payment) {
    let before = toss.calls().1;
    let hint = json!({ "data": { "orderId": payment.id } });
    let webhook = "/api/v1/payments/webhook/toss";
    shop.stranger().post(webhook, &hint).await.expect(200);
    until("Toss is asked", || async {
        shop.ask_gateway().await;
        toss.calls().1 > before
    })
    .await;
}

#[tokio::test]
async fn person_resolves_an_unanswered_refund() {
    let (shop, toss) = Shop::open_with_toss().await;
    for (resolution, fault, detail) in [
        ("done", Fault::ResponseLost { silent_ms: 0 }, "REFUNDED"),
        ("not_done", Fault::RequestLost { silent_ms: 0 }, "CAPTURED"),
    ] {
        let checkout = shop.order(detail).register().await.checkout(&toss).await;
        checkout.pay().await.expect(200);
        toss.fails_always(&checkout.payment, CallFilter::Any, fault);
        let asked = checkout.payment.cancel_without_answer().await;
        let decided = decide(&shop, &checkout.payment, resolution).await;
        assert_eq!(decided.expect(200).text("detail"), detail);
        asked.await.expect("no panic").expect(200);
        assert_eq!(shop.balance("refund_pending").await, 0);
        toss.agrees_with(&shop).await;
    }
}

/// A key under which Toss always answers with an error proves nothing about the call; after half an hour the payment
/// itself does.
#[tokio::test]
async fn dead_key_ends_its_call_and_the_next_call_has_a_new_one() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let (status, code, kept) = (500, "FAILED_REFUND_PROCESS".to_owned(), true);
    let dead = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Cancel, dead);
    let asked = checkout.payment.cancel_without_answer().await;
    for _ in 0..20 {
        shop.advance(Duration::from_mins(5));
        shop.ask_gateway().await;
    }
    asked.await.expect("no panic");
    let kept = checkout.payment.now().await;
    assert_eq!(
        (kept.text("detail"), &kept["operation"]["state"]),
        ("CAPTURED", &json!("REFUSED"))
    );
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"][0]["payment_id"], checkout.payment.id.as_str());
    let back = checkout.payment.cancel().await.expect(200);
    assert_eq!(back.text("detail"), "REFUNDED");
    assert_eq!(checkout.payment.operations().await.len(), 3);
    toss.agrees_with(&shop).await;
}

/// An order was canceled while its payment was confirmed, and Toss would not give the money back.
async fn orphan(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    let checkout = shop.order(id).register().await.checkout(toss).await;
    let approved = checkout.approve().await;
    let held = Fault::Held { ms: 60_000 };
    toss.fails_once(&checkout.payment, CallFilter::Confirm, held);
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Cancel, refuses);
    let before = toss.calls().0;
    let asked = checkout.begin_to_confirm(&approved);
    until("it is under way", || async { toss.calls().0 > before }).await;
    let canceled = checkout.order.begin_to_cancel().await;
    shop.advance(Duration::from_mins(1));
    canceled.await.expect("no panic").expect(200);
    asked.await.expect("no panic").expect(200);
    until("Toss has refused", || async {
        shop.ask_gateway().await;
        checkout.payment.now().await["operation"]["state"] == "REFUSED"
    })
    .await;
    assert_eq!(checkout.payment.detail().await, "ORPHANED");
    assert_eq!(checkout.order.status().await, "CANCELED");
    checkout
}

#[tokio::test]
async fn refused_automatic_refund_can_be_repeated_by_a_person() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = orphan(&shop, &toss, "o-1").await;
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"][0]["payment_id"], *checkout.payment.id);
    let take = decide(&shop, &checkout.payment, "take").await;
    take.refused(409, "ORDER_CANNOT_TAKE");
    let back = decide(&shop, &checkout.payment, "return").await.expect(200);
    assert_eq!(back.text("detail"), "RETURNED");
    assert_eq!(checkout.status().await, "refunded");
    assert_eq!(checkout.payment.operations().await.len(), 3);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]));
    assert_eq!((toss.balance(), shop.balance("suspense").await), (0, 0));
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn money_returned_by_other_means_is_recorded_without_a_call() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = orphan(&shop, &toss, "o-1").await;
    let calls = toss.calls();
    let back = decide(&shop, &checkout.payment, "returned").await;
    assert_eq!(back.expect(200).text("detail"), "RETURNED");
    assert_eq!(shop.balance("suspense").await, 0);
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), calls);
}

#[tokio::test]
async fn decision_needs_a_reason_and_an_open_question() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let path = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let too_long = "이".repeat(501);
    for decision in [
        json!({ "resolution": "done" }),
        json!({ "resolution": "done", "reason": "" }),
        json!({ "resolution": "done", "reason": too_long }),
        json!({ "resolution": "perhaps", "reason": "?" }),
        json!({ "reason": "?" }),
    ] {
        shop.admin().post(&path, &decision).await.expect(400);
    }
    let done = json!({ "resolution": "done", "reason": "?" });
    for caller in [
        shop.merchant(),
        shop.buyer("buyer-1"),
        checkout.browser.clone(),
    ] {
        caller.post(&path, &done).await.refused(403, "FORBIDDEN");
    }
    shop.stranger()
        .post(&path, &done)
        .await
        .refused(401, "UNAUTHENTICATED");
    for resolution in ["done", "not_done"] {
        let early = decide(&shop, &checkout.payment, resolution).await;
        early.refused(409, "NO_UNKNOWN_OUTCOME");
    }
    for resolution in ["take", "return", "returned"] {
        let nothing = decide(&shop, &checkout.payment, resolution).await;
        nothing.refused(409, "PAYMENT_NOT_PERMITTED");
    }
    let events = checkout.payment.transactions().await;
    let decided = events
        .iter()
        .filter(|event: &&Value| event["event_type"] == "PERSON_DECIDED");
    assert_eq!(decided.count(), 0);
    checkout.pay().await.expect(200);
    let late = decide(&shop, &checkout.payment, "done").await;
    late.refused(409, "NO_UNKNOWN_OUTCOME");
}
