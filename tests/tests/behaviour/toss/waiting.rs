//! While a gateway has not answered: the callers' answers, the cases for a person, and a gateway that cannot be
//! reached.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::{Shop, until};
use serde_json::json;

#[tokio::test]
async fn unanswered_call_is_listed_with_its_age_until_it_needs_a_person() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    let asked = checkout.confirm_without_answer(&approved).await;
    let listed = || async {
        let all = shop.admin().get("/api/v1/admin/unanswered").await;
        all.expect(200)["items"].clone()
    };
    let first = listed().await;
    assert_eq!(first.as_array().expect("items").len(), 1);
    assert_eq!(first[0]["needs_person"], false);
    let operation = &checkout.payment.operations().await[0];
    assert_eq!(first[0]["operation_id"], *operation);
    assert_eq!(shop.figure("payment_unknown_outcomes").await, 1);

    shop.advance(Duration::from_mins(61));
    shop.ask_gateway().await;
    let late = listed().await;
    assert_eq!(late[0]["needs_person"], true);
    assert!(late[0]["age_seconds"].as_u64().expect("seconds") >= 3_660);
    let oldest = shop.figure("payment_unknown_outcome_age_seconds").await;
    assert!(oldest >= 3_660, "{oldest}");
    assert_eq!(checkout.status().await, "unknown");

    toss.recovers();
    shop.settle(&checkout.payment).await;
    asked.await.expect("no panic").expect(200);
    assert_eq!(listed().await, json!([]));
    assert_eq!(shop.figure("payment_unknown_outcomes").await, 0);
    assert_eq!(shop.figure("payment_unknown_outcome_age_seconds").await, 0);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn unreachable_gateway_has_captured_nothing() {
    // An address without a listener.
    let nowhere = [("DAEGEUM_GATEWAYS_TOSS_BASE_URL", "http://127.0.0.1:1")];
    let (shop, toss) = Shop::open_with_toss_and(&nowhere).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let asked = checkout.begin_to_confirm(&approved);
    until("it is begun", || async {
        checkout.status().await == "pending"
    })
    .await;
    shop.ask_gateway().await;
    assert_eq!(checkout.status().await, "pending", "it was never sent");
    shop.advance(Duration::from_mins(12));
    shop.settle(&checkout.payment).await;
    let failed = asked.await.expect("no panic").expect(200);
    assert_eq!(failed.text("detail"), "FAILED");
    assert_eq!(failed["failure"]["code"], "NOT_SENT");
    assert_eq!(checkout.order.status().await, "PAYMENT_PENDING");
    assert_eq!(toss.calls(), (0, 0, 0));
}

#[tokio::test]
async fn silent_gateway_opens_the_breaker_and_buyers_are_told_at_once() {
    let (shop, toss) = Shop::open_with_toss().await;
    let mut unanswered = Vec::new();
    for n in 0..5 {
        let order = shop.order(&format!("o-{n}")).register().await;
        let checkout = order.checkout(&toss).await;
        let approved = checkout.approve().await;
        toss.fails(CallFilter::Confirm, Fault::ResponseLost { silent_ms: 0 }, 1);
        let asked = checkout.confirm_without_answer(&approved).await;
        unanswered.push((checkout, asked));
    }
    let late = shop.order("late").register().await.checkout(&toss).await;
    let approved = late.approve().await;
    let last = shop.last_event().await;
    let told = late.confirm(&approved).await;
    let told = told.refused(503, "GATEWAY_UNAVAILABLE");
    let wait = told.headers["retry-after"].to_str().expect("text");
    assert!((1..=5).contains(&wait.parse().expect("seconds")), "{wait}");
    assert_eq!(shop.last_event().await, last, "something was begun");
    assert_eq!(late.status().await, "prepared");
    assert_eq!(toss.calls().0, 5);

    shop.advance(Duration::from_secs(6));
    late.confirm(&approved).await.expect(200);
    for (checkout, asked) in unanswered {
        shop.settle(&checkout.payment).await;
        let known = asked.await.expect("no panic").expect(200);
        assert_eq!(known.text("detail"), "CAPTURED");
    }
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn late_return_is_refused_and_the_buyer_can_begin_again() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    shop.advance(Duration::from_mins(11));
    let asked = checkout.confirm_without_answer(&approved).await;
    shop.settle(&checkout.payment).await;
    let failed = asked.await.expect("no panic").expect(200);
    assert_eq!(failed["failure"]["code"], "EXPIRED");
    let now = checkout.now().await;
    assert_eq!(
        (now.text("status"), now.text("next")),
        ("failed", "begin_again")
    );
    checkout.order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(checkout.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn unfinished_window_neither_frees_nor_blocks_the_order() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    let late = daegeum_tests::story::rfc3339_in(Duration::from_hours(2));
    let order = shop.order("o-1").expiring_at(&late).register().await;
    let left = order.checkout(&toss).await;
    let prepared = left.prepare().await.expect(200);
    toss.window(&prepared["window"]);
    shop.advance(Duration::from_mins(31));
    until("Toss has told that its time is over", || async {
        shop.ask_gateway().await;
        toss.calls().1 == 1
    })
    .await;
    // No buyer has come back from it, so another window may be opened.
    assert_eq!(left.status().await, "prepared");
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    shop.advance(Duration::from_mins(5));
    shop.ask_gateway().await;
    assert_eq!(toss.calls(), (0, 1, 0), "that was an answer");
    order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

/// The holder of a session's token can bring back any payment name.
#[tokio::test]
async fn foreign_payment_name_captures_no_money() {
    let (shop, toss) = Shop::open_with_toss().await;
    let victim = shop.order("o-1").register().await.checkout(&toss).await;
    let theirs = victim.approve().await;
    for (id, payment_key, code) in [
        ("another's", theirs.payment_key.as_str(), "INVALID_REQUEST"),
        ("made up", "tgen_20260101000000abcd", "NOT_THIS_PAYMENT"),
        ("a path", "../orders/x?y=#z%2e", "NOT_THIS_PAYMENT"),
        ("an address", "confirm", "NOT_THIS_PAYMENT"),
        ("a dot", ".", "NOT_THIS_PAYMENT"),
        ("two dots", "..", "NOT_THIS_PAYMENT"),
    ] {
        let id = id.replace(['\'', ' '], "-");
        let checkout = shop.order(&id).register().await.checkout(&toss).await;
        let mut brought = checkout.approve().await;
        payment_key.clone_into(&mut brought.payment_key);
        let asked = checkout.begin_to_confirm(&brought);
        until("it is sent", || async {
            !matches!(&*checkout.status().await, "prepared" | "pending")
        })
        .await;
        if code == "NOT_THIS_PAYMENT" {
            // Toss may be late to know what it knows.
            shop.advance(Duration::from_mins(9));
            shop.ask_gateway().await;
            assert_eq!(checkout.status().await, "unknown", "{id}");
        }
        shop.settle(&checkout.payment).await;
        let failed = asked.await.expect("no panic").expect(200);
        assert_eq!(failed.text("detail"), "FAILED", "{id}");
        assert_eq!(failed["failure"]["code"], code, "{id}");
        assert_eq!(toss.balance(), 0);
    }
    let too_long = "k".repeat(201);
    for malformed in ["", " ", "a\nb", too_long.as_str()] {
        let mut brought = theirs.clone();
        malformed.clone_into(&mut brought.payment_key);
        victim.confirm(&brought).await.refused(422, "MISMATCHED");
    }
    toss.agrees_with(&shop).await;
}

/// The holder of a session's token can request confirmations with other or invalid payment names, as often as they
/// like.
#[tokio::test]
async fn foreign_payment_names_do_not_open_the_breaker() {
    let (shop, toss) = Shop::open_with_toss().await;
    let victim = shop.order("victim").register().await.checkout(&toss).await;
    let theirs = victim.approve().await;
    victim.confirm(&theirs).await.expect(200);
    let names = [&*theirs.payment_key, "confirm", ".", ".."];
    let mut unknown = Vec::new();
    for n in 0..12 {
        let order = shop.order(&format!("foreign-{n}")).register().await;
        let checkout = order.checkout(&toss).await;
        let mut brought = checkout.approve().await;
        names[n % names.len()].clone_into(&mut brought.payment_key);
        checkout.confirm_without_answer(&brought).await.abort();
        shop.ask_gateway().await;
        assert_eq!(checkout.status().await, "unknown", "{n}");
        unknown.push(checkout);
        let honest = shop.order(&format!("honest-{n}")).register().await;
        let paid = honest.checkout(&toss).await.pay().await.expect(200);
        assert_eq!(paid.text("detail"), "CAPTURED", "{n}");
    }
    for checkout in unknown {
        shop.settle(&checkout.payment).await;
        let failed = checkout.payment.now().await;
        assert_eq!(failed.text("detail"), "FAILED", "{}", checkout.order.id);
        let failure = &failed["failure"];
        let said = (&failure["code"], &failure["fault"]);
        assert_eq!(said, (&json!("NOT_THIS_PAYMENT"), &json!("buyer")));
        let again = checkout.order.checkout(&toss).await.pay().await;
        assert_eq!(again.expect(200).text("detail"), "CAPTURED");
        assert_eq!(checkout.order.status().await, "PAID");
    }
    assert_eq!(victim.payment.detail().await, "CAPTURED");
    assert_eq!(toss.balance(), 25 * 11_000);
    toss.agrees_with(&shop).await;
}
