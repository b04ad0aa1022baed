//! However often, from wherever, and with whatever patience it is requested: Toss is called once.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::checkout::{body, confirm};
use daegeum_tests::{Answer, Shop, until};
use reqwest::Method;

const CONFIRM: &str = "/api/v1/payments/confirm";

#[tokio::test]
async fn caller_who_goes_away_neither_cancels_nor_repeats_the_call() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Delay { ms: 300 }, 1);
    let request = checkout.browser.request(Method::POST, CONFIRM);
    let impatient = request
        .json(&body(&approved))
        .timeout(Duration::from_millis(50));
    assert!(impatient.send().await.expect_err("it left").is_timeout());
    until("it is paid", || async { checkout.status().await == "paid" }).await;
    assert_eq!(toss.calls(), (1, 0, 0));
    toss.agrees_with(&shop).await;
    let paid = checkout.confirm(&approved).await.expect(200);
    assert_eq!(paid.text("detail"), "CAPTURED");
    assert_eq!(toss.calls(), (1, 0, 0));
}

#[tokio::test]
async fn request_timeout_leaves_the_call_running() {
    let short = [("DAEGEUM_LIMITS_REQUEST_TIMEOUT", "300ms")];
    let (shop, toss) = Shop::open_with_toss_and(&short).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Held { ms: 60_000 }, 1);
    // Told how far it got before the request's own time is over.
    let told = checkout.confirm(&approved).await.expect(202);
    assert_eq!(told["operation"]["state"], "INTENDED");
    assert_eq!(checkout.status().await, "pending");
    until("it is under way", || async { toss.calls().0 == 1 }).await;
    shop.advance(Duration::from_mins(1));
    until("it is paid", || async { checkout.status().await == "paid" }).await;
    assert_eq!(toss.calls(), (1, 0, 0));
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn slow_call_is_answered_202() {
    let (shop, toss) = Shop::open_with_toss().await;
    shop.let_requests_wait_for(Duration::from_millis(30));
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Held { ms: 60_000 }, 1);
    let told = checkout.confirm(&approved).await.expect(202);
    assert_eq!(told.text("detail"), "PREPARED");
    assert_eq!(told["operation"]["state"], "INTENDED");
    let now = checkout.now().await;
    assert_eq!((now.text("status"), now.text("next")), ("pending", "wait"));
    until("it is under way", || async { toss.calls().0 == 1 }).await;
    shop.advance(Duration::from_mins(1));
    until("it is paid", || async { checkout.status().await == "paid" }).await;
    checkout.confirm(&approved).await.expect(200);
    assert_eq!(toss.calls(), (1, 0, 0));
}

#[tokio::test]
async fn concurrent_confirmations_join_one_call_and_get_the_same_answer() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Delay { ms: 100 }, 1);
    let callers = [
        checkout.browser.clone(),
        shop.merchant(),
        shop.buyer("buyer-1"),
    ];
    let mut asked = Vec::new();
    for n in 0..64 {
        let (caller, body) = (callers[n % 3].clone(), body(&approved));
        asked.push(tokio::spawn(async move {
            match n % 4 {
                0 => caller.post(CONFIRM, &body).await,
                1 => caller.post_keyed(CONFIRM, "the same key", &body).await,
                _ => caller.post_keyed(CONFIRM, &format!("key {n}"), &body).await,
            }
        }));
    }
    let mut answers = Vec::new();
    for one in asked {
        answers.push(one.await.expect("no panic").expect(200).bytes);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "they differ");
    assert_eq!(toss.calls(), (1, 0, 0));
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn back_and_refresh_change_nothing() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let prepared = checkout.prepare().await.expect(200);
    assert_eq!(checkout.prepare().await.expect(200).bytes, prepared.bytes);
    let approved = checkout.approve().await;
    let paid = checkout.confirm(&approved).await.expect(200);
    let last = shop.last_event().await;
    for _ in 0..3 {
        assert_eq!(checkout.confirm(&approved).await.bytes, paid.bytes);
        let verified = checkout.verify(&approved).await;
        assert_eq!(verified.expect(200).bytes, paid.bytes);
        checkout
            .prepare()
            .await
            .refused(409, "PAYMENT_NOT_PERMITTED");
    }
    shop.order("o-2").register().await;
    let more = checkout.order.send_session(serde_json::json!({})).await;
    more.refused(409, "ORDER_NOT_PAYABLE");
    assert_eq!(toss.calls(), (1, 0, 0));
    assert_eq!(shop.last_event().await, last + 1, "but the other order");
}

/// Two tabs of one session: each opened the window, and both were approved.
#[tokio::test]
async fn one_of_two_windows_of_a_payment_is_confirmed() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let (one, other) = (checkout.approve().await, checkout.approve().await);
    assert_ne!(one.payment_key, other.payment_key);
    toss.fails(CallFilter::Confirm, Fault::Held { ms: 60_000 }, 1);
    let first = checkout.begin_to_confirm(&one);
    until("it is under way", || async { toss.calls().0 == 1 }).await;
    let second = checkout.confirm(&other).await;
    second.refused(409, "OPERATION_IN_FLIGHT");
    shop.advance(Duration::from_mins(1));
    first.await.expect("no panic").expect(200);
    let second = checkout.confirm(&other).await;
    second.refused(409, "PAYMENT_NOT_PERMITTED");
    let verified = checkout.verify(&other).await;
    verified.refused(422, "MISMATCHED");
    assert_eq!(toss.calls(), (1, 0, 0));
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn key_belongs_to_one_request() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let (one, other) = (order.checkout(&toss).await, order.checkout(&toss).await);
    let (first, second) = (one.approve().await, other.approve().await);
    let merchant = shop.merchant();
    let keyed = async |approved| -> Answer {
        let path = CONFIRM;
        merchant.post_keyed(path, "k-1", &body(approved)).await
    };
    keyed(&first).await.expect(200);
    keyed(&second).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert!(keyed(&first).await.expect(200).replayed());
    let unkeyed = confirm(&merchant, &first).await.expect(200);
    assert!(!unkeyed.replayed());
    assert_eq!(toss.calls(), (1, 0, 0));
}

#[tokio::test]
async fn concurrent_cancellations_join_one_call() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = shop.order("o-1").register().await.checkout(&toss).await;
    paid.pay().await.expect(200);
    toss.fails(CallFilter::Cancel, Fault::Delay { ms: 100 }, 1);
    let mut asked = Vec::new();
    for n in 0..64 {
        let (merchant, path) = (shop.merchant(), paid.payment.path("/cancel"));
        asked.push(tokio::spawn(async move {
            let request = merchant.request(Method::POST, &path);
            let key = format!("key {}", n % 8);
            Answer::to(request.header("idempotency-key", key)).await
        }));
    }
    let mut answers = Vec::new();
    for one in asked {
        answers.push(one.await.expect("no panic").expect(200).bytes);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "they differ");
    assert_eq!(toss.calls(), (1, 0, 1));
    assert_eq!(toss.balance(), 0);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn payment_with_a_call_in_flight_refuses_another() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Held { ms: 60_000 }, 1);
    let asked = checkout.begin_to_confirm(&approved);
    until("it is under way", || async { toss.calls().0 == 1 }).await;
    let canceled = checkout.payment.cancel().await;
    canceled.refused(409, "OPERATION_IN_FLIGHT");
    let other = checkout.order.checkout(&toss).await;
    let elsewhere = other.approve().await;
    let refused = other.confirm(&elsewhere).await;
    refused.refused(409, "ORDER_PAYMENT_IN_PROGRESS");
    shop.advance(Duration::from_mins(1));
    asked.await.expect("no panic").expect(200);
    let now = other.now().await;
    let next = (now.text("status"), now.text("next"));
    assert_eq!(next, ("paid_by_another", "nothing"));
    let late = other.confirm(&elsewhere).await;
    late.refused(409, "PAYMENT_NOT_PERMITTED");
    assert_eq!(toss.calls(), (1, 0, 0));
    toss.agrees_with(&shop).await;
}
