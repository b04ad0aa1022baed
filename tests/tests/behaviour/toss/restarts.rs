//! The shop stops, or is killed, at each step of a payment. Afterwards the payment is completed, once.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::checkout::{body, confirm};
use daegeum_tests::program::Program;
use daegeum_tests::story::NewOrder;
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Caller, CheckoutVisit, Shop, secrets, until};
use reqwest::Method;

/// Instead of ten seconds.
const SHORTLY: Duration = Duration::from_millis(20);

/// A checkout as seen after the shop has opened again, which is at another address.
fn again(shop: &Shop, checkout: &CheckoutVisit) -> CheckoutVisit {
    checkout.at(shop.stranger())
}

#[tokio::test]
async fn checkout_continues_after_a_restart() {
    let (shop, toss) = Shop::open_with_toss().await;
    let begun = shop.order("o-1").register().await.checkout(&toss).await;
    let shop = shop.reopen().await;
    let prepared = again(&shop, &begun);
    assert_eq!(prepared.status().await, "created");
    prepared.prepare().await.expect(200);
    let shop = shop.reopen().await;
    let approved_here = again(&shop, &begun);
    assert_eq!(approved_here.status().await, "prepared");
    let approved = approved_here.approve().await;
    let shop = shop.reopen().await;
    let paid = again(&shop, &begun).confirm(&approved).await.expect(200);
    assert_eq!(paid.text("detail"), "CAPTURED");
    assert_eq!(toss.calls().0, 1);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn stop_waits_for_the_call_in_flight() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Delay { ms: 300 }, 1);
    let asked = checkout.begin_to_confirm(&approved);
    until("the call is under way", || async { toss.calls().0 == 1 }).await;
    let shop = shop.reopen().await;
    let told = asked.await.expect("no panic").expect(200);
    let known = again(&shop, &checkout).payment.now().await;
    assert_eq!(known.bytes, told.bytes, "who waited was told so");

    // Nor does it need anybody who waits.
    let checkout = shop.order("o-2").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Delay { ms: 600 }, 1);
    let confirm = "/api/v1/payments/confirm";
    let request = checkout.browser.request(Method::POST, confirm);
    let impatient = request
        .json(&body(&approved))
        .timeout(Duration::from_millis(50));
    assert!(impatient.send().await.expect_err("it left").is_timeout());
    until("the call is under way", || async { toss.calls().0 == 2 }).await;
    let shop = shop.reopen().await;
    let known = again(&shop, &checkout).payment.now().await;
    assert_eq!(known.text("detail"), "CAPTURED");
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (2, 0, 0), "there was nothing to ask");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn unknown_outcome_is_inquired_about_after_a_restart() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    shop.let_requests_wait_for(SHORTLY);
    let asked = checkout.confirm_without_answer(&approved).await;
    let told = asked.await.expect("no panic").expect(202);
    assert_eq!(told.text("detail"), "PREPARED");
    let shop = shop.reopen().await;
    let same = again(&shop, &checkout);
    assert_eq!(same.status().await, "unknown");
    toss.recovers();
    shop.settle(&same.payment).await;
    assert_eq!(same.status().await, "paid");
    assert_eq!(
        toss.keys().len(),
        1,
        "whatever was sent again had the same key"
    );
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn refund_in_flight_completes_after_a_restart() {
    let (shop, toss) = Shop::open_with_toss().await;
    let mut all = Vec::new();
    for (id, fault) in [
        ("given-back", Fault::ResponseLost { silent_ms: 0 }),
        ("not-yet", Fault::RequestLost { silent_ms: 0 }),
    ] {
        let paid = shop.order(id).register().await.checkout(&toss).await;
        paid.pay().await.expect(200);
        toss.fails_once(&paid.payment, CallFilter::Cancel, fault);
        all.push(paid);
    }
    shop.let_requests_wait_for(SHORTLY);
    for paid in all {
        let asked = paid.payment.cancel_without_answer().await;
        asked.await.expect("no panic").expect(202);
    }
    let shop = shop.reopen().await;
    for id in ["given-back", "not-yet"] {
        let order = shop.merchant().get(&format!("/api/v1/orders/{id}")).await;
        let payment = order.expect(200)["payments"][0].clone();
        let payment = shop.payment(payment.as_str().expect("an id"), 11_000);
        shop.settle(&payment).await;
        assert_eq!(payment.detail().await, "REFUNDED", "{id}");
        assert_eq!(payment.operations().await.len(), 2, "{id}");
    }
    assert_eq!(toss.balance(), 0);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn same_key_gives_the_same_bytes_after_a_restart() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let begin = serde_json::json!({ "order_id": "o-1" });
    let sessions = "/api/v1/payments/sessions";
    let begun = shop.merchant().post_keyed(sessions, "k-1", &begin).await;
    let begun = begun.expect(201);
    let checkout = order.begun(&begun, &toss);
    let approved = checkout.approve().await;
    let confirmation = body(&approved);
    let path = "/api/v1/payments/confirm";
    let paid = checkout.browser.post_keyed(path, "k-2", &confirmation);
    let paid = paid.await.expect(200);
    let shop = shop.reopen().await;
    let same = shop.merchant().post_keyed(sessions, "k-1", &begin).await;
    assert_eq!(same.bytes, begun.bytes);
    assert!(same.replayed());
    let browser = again(&shop, &checkout).browser;
    let same = browser.post_keyed(path, "k-2", &confirmation).await;
    assert_eq!(same.expect(200).bytes, paid.bytes);
    let unkeyed = confirm(&browser, &approved).await.expect(200);
    assert_eq!(unkeyed.bytes, paid.bytes);
    assert_eq!(toss.calls(), (1, 0, 0));
}

/// Credentials of another contract do not see calls made with the first ones.
#[tokio::test]
async fn other_credentials_prove_nothing_and_repeat_nothing() {
    for (name, fault) in [
        ("taken", Fault::ResponseLost { silent_ms: 0 }),
        ("not taken", Fault::RequestLost { silent_ms: 0 }),
    ] {
        let (shop, toss) = Shop::open_with_toss().await;
        let checkout = shop.order("o-1").register().await.checkout(&toss).await;
        let approved = checkout.approve().await;
        toss.fails_always(&checkout.payment, CallFilter::Any, fault);
        shop.let_requests_wait_for(SHORTLY);
        let asked = checkout.confirm_without_answer(&approved).await;
        asked.await.expect("no panic").expect(202);
        let shop = shop.reopen_with(&Gateway::keys_of_another_shop()).await;
        toss.recovers();
        let same = again(&shop, &checkout);
        let (sent, asked, _) = toss.calls();
        let listed = || async {
            let all = shop.admin().get("/api/v1/admin/unanswered").await;
            all.expect(200)["items"].clone()
        };
        assert_eq!(listed().await[0]["needs_person"], true, "{name}: at once");
        let figure = "payment_unknown_outcomes_of_other_keys";
        assert_eq!(shop.figure(figure).await, 1);
        // Longer than a confirmation can be made.
        for _ in 0..26 {
            shop.ask_gateway().await;
            shop.advance(Duration::from_secs(31));
        }
        assert_eq!(same.status().await, "unknown", "{name}");
        assert_eq!(toss.calls().0, sent, "{name}: it was sent again");
        assert!(toss.calls().1 >= asked + 5, "{name}: it was asked about");
        let other = same.order.checkout(&toss).await;
        let elsewhere = other.approve().await;
        let second = other.confirm(&elsewhere).await;
        second.refused(409, "ORDER_PAYMENT_IN_PROGRESS");

        let shop = shop.reopen_with(&Gateway::keys_of_the_shop()).await;
        assert_eq!(shop.figure(figure).await, 0);
        let same = again(&shop, &checkout);
        shop.settle(&same.payment).await;
        if name == "taken" {
            assert_eq!(same.status().await, "paid");
        } else {
            assert_eq!(same.status().await, "failed");
            same.order.checkout(&toss).await.pay().await.expect(200);
        }
        assert_eq!(same.order.status().await, "PAID", "{name}");
        assert_eq!(toss.balance(), 11_000, "{name}: charged once");
        toss.agrees_with(&shop).await;
    }
}

#[tokio::test]
async fn refund_in_flight_waits_for_its_own_credentials() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = shop.order("o-1").register().await.checkout(&toss).await;
    paid.pay().await.expect(200);
    let lost = Fault::RequestLost { silent_ms: 0 };
    toss.fails_always(&paid.payment, CallFilter::Any, lost);
    shop.let_requests_wait_for(SHORTLY);
    let asked = paid.payment.cancel_without_answer().await;
    asked.await.expect("no panic").expect(202);
    let shop = shop.reopen_with(&Gateway::keys_of_another_shop()).await;
    toss.recovers();
    let sent = toss.calls().2;
    for _ in 0..65 {
        shop.ask_gateway().await;
        shop.advance(Duration::from_secs(31));
    }
    let same = again(&shop, &paid);
    let seen = same.payment.now().await;
    assert_eq!(seen["operation"]["state"], "UNKNOWN");
    assert_eq!(seen.text("detail"), "CAPTURED");
    assert_eq!(toss.calls().2, sent, "it was sent again");

    let shop = shop.reopen_with(&Gateway::keys_of_the_shop()).await;
    let same = again(&shop, &paid);
    shop.settle(&same.payment).await;
    assert_eq!(same.payment.detail().await, "REFUNDED");
    assert_eq!(same.payment.operations().await.len(), 2, "the same call");
    assert_eq!(toss.balance(), 0);
    toss.agrees_with(&shop).await;
}

/// The program itself, killed with a call under way.
#[tokio::test]
async fn kill_with_a_call_in_flight_completes_it_once() {
    for (name, fault) in [
        ("taken", Fault::ResponseLost { silent_ms: 60_000 }),
        ("not taken", Fault::RequestLost { silent_ms: 60_000 }),
    ] {
        let toss = Gateway::open(std::sync::Arc::default()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let settings: Vec<_> = secrets::environment()
            .into_iter()
            .chain(toss.settings())
            .collect();
        let start = || {
            let data = folder.path().join("data");
            Program::start(&data, &settings, &[], &folder.path().join("log"))
        };
        let mut program = start();
        program.ready().await;
        let merchant = Caller::new(&program.base()).with(secrets::MERCHANT);
        let order = NewOrder::new(merchant, "o-1").register().await;
        let checkout = order.checkout(&toss).await;
        let approved = checkout.approve().await;
        toss.fails_once(&checkout.payment, CallFilter::Confirm, fault);
        let asked = checkout.begin_to_confirm(&approved);
        until("the call is under way", || async { toss.calls().0 == 1 }).await;
        program.kill();
        asked.abort();
        let mut program = start();
        program.ready().await;
        let same = checkout.at(&Caller::new(&program.base()));
        until("it is finished", || async { same.status().await == "paid" }).await;
        assert_eq!(same.order.status().await, "PAID", "{name}");
        assert_eq!(toss.balance(), 11_000, "{name}");
        let keys = toss.keys();
        assert_eq!(keys.len(), 1, "{name}: one key");
        assert!(program.stop().success());
    }
}
