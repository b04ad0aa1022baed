//! Each fault on each call: whatever happens, the money is captured once or certainly not at all, and until that is
//! known the outcome is reported as unknown.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::{Approved, Gateway};
use daegeum_tests::{Answer, CheckoutVisit, Shop, until};
use tokio::task::JoinHandle;

/// Longer than the shop is patient in these stories.
const TOO_LONG_MS: u64 = 2_000;
const PATIENCE: Duration = Duration::from_millis(250);

/// The faults, each happening once, by name.
fn faults() -> Vec<(&'static str, Fault)> {
    let error = |before: bool, status: u16, code: &str| {
        let (code, kept) = (code.to_owned(), false);
        match before {
            true => Fault::ErrorBefore { status, code, kept },
            false => Fault::ErrorAfter { status, code, kept },
        }
    };
    vec![
        ("request lost", Fault::RequestLost { silent_ms: 0 }),
        ("response lost", Fault::ResponseLost { silent_ms: 0 }),
        (
            "request lost in silence",
            Fault::RequestLost {
                silent_ms: TOO_LONG_MS,
            },
        ),
        (
            "response lost in silence",
            Fault::ResponseLost {
                silent_ms: TOO_LONG_MS,
            },
        ),
        ("late", Fault::Delay { ms: 30 }),
        ("too late", Fault::Delay { ms: TOO_LONG_MS }),
        ("held for a minute", Fault::Held { ms: 60_000 }),
        ("500 before", error(true, 500, "COMMON_ERROR")),
        ("500 after", error(false, 500, "COMMON_ERROR")),
        ("503 before", error(true, 503, "NEVER_DOCUMENTED")),
        ("503 after", error(false, 503, "NEVER_DOCUMENTED")),
        ("400 undocumented", error(false, 400, "NEVER_DOCUMENTED")),
        ("half of it", Fault::Truncated { at: None }),
        ("none of it", Fault::Truncated { at: Some(0) }),
        ("garbage", Fault::Garbage {}),
        ("a proxy page", Fault::Html { status: 502 }),
        ("a page that says 200", Fault::Html { status: 200 }),
        ("a page that says 404", Fault::Html { status: 404 }),
        (
            "drop by drop",
            Fault::Drip {
                bytes: 200,
                every_ms: 2,
            },
        ),
        (
            "too slow drops",
            Fault::Drip {
                bytes: 1,
                every_ms: 50,
            },
        ),
        ("reset before", Fault::Reset { effect: false }),
        ("reset after", Fault::Reset { effect: true }),
        ("too many requests", Fault::RateLimited {}),
    ]
}

async fn shop() -> (Shop, Gateway) {
    let (shop, toss) = Shop::open_with_toss().await;
    shop.be_patient_for(PATIENCE);
    (shop, toss)
}

async fn approved(shop: &Shop, toss: &Gateway, id: &str) -> (CheckoutVisit, Approved) {
    let checkout = shop.order(id).register().await.checkout(toss).await;
    let approved = checkout.approve().await;
    (checkout, approved)
}

/// Waits until the call has its answer, or is known to have none: then it is called unknown and nothing else.
async fn looked_at(
    shop: &Shop,
    toss: &Gateway,
    checkout: &CheckoutVisit,
    asked: &JoinHandle<Answer>,
) {
    until("it is known to be unknown", || async {
        asked.is_finished() || checkout.payment.now().await["operation"]["state"] == "UNKNOWN"
    })
    .await;
    if asked.is_finished() {
        return;
    }
    let seen = checkout.payment.now().await;
    assert_eq!(seen["operation"]["state"], "UNKNOWN");
    let unanswered = shop.admin().get("/api/v1/admin/unanswered").await;
    let items = unanswered.expect(200)["items"].clone();
    let mut items = items.as_array().expect("items").iter();
    let item = items.find(|item| item["payment"]["payment_id"] == *checkout.payment.id);
    assert_eq!(item.expect("it is listed")["needs_person"], false);
    if seen["operation"]["kind"] == "cancel" {
        assert_eq!(seen.text("detail"), "CAPTURED");
        return;
    }
    assert_eq!(checkout.status().await, "unknown");
    assert_eq!(checkout.order.status().await, "PAYMENT_PENDING");
    let other = checkout.order.checkout(toss).await;
    let approved = other.approve().await;
    other
        .confirm(&approved)
        .await
        .refused(409, "ORDER_PAYMENT_IN_PROGRESS");
}

#[tokio::test]
async fn confirmation_captures_once_under_any_fault() {
    let (shop, toss) = shop().await;
    for (name, fault) in faults() {
        let (checkout, approved) = approved(&shop, &toss, &name.replace(' ', "-")).await;
        toss.fails_once(&checkout.payment, CallFilter::Confirm, fault);
        let asked = checkout.begin_to_confirm(&approved);
        looked_at(&shop, &toss, &checkout, &asked).await;
        shop.settle(&checkout.payment).await;
        let known = asked.await.expect("no panic").expect(200);
        assert_eq!(known.text("detail"), "CAPTURED", "{name}");
        assert_eq!(checkout.order.status().await, "PAID", "{name}");
        assert_eq!(checkout.payment.operations().await.len(), 1, "{name}");
    }
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn failed_inquiry_is_repeated() {
    let (shop, toss) = shop().await;
    for (name, fault) in faults() {
        let (checkout, approved) = approved(&shop, &toss, &name.replace(' ', "-")).await;
        let lost = Fault::ResponseLost { silent_ms: 0 };
        toss.fails_once(&checkout.payment, CallFilter::Confirm, lost);
        toss.fails_once(&checkout.payment, CallFilter::Inquire, fault);
        let asked = checkout.begin_to_confirm(&approved);
        looked_at(&shop, &toss, &checkout, &asked).await;
        shop.settle(&checkout.payment).await;
        let known = asked.await.expect("no panic").expect(200);
        assert_eq!(known.text("detail"), "CAPTURED", "{name}");
    }
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn cancellation_refunds_once_under_any_fault() {
    let (shop, toss) = shop().await;
    for (name, fault) in faults() {
        let (checkout, approved) = approved(&shop, &toss, &name.replace(' ', "-")).await;
        checkout.confirm(&approved).await.expect(200);
        toss.fails_once(&checkout.payment, CallFilter::Cancel, fault);
        let payment = checkout.payment.clone();
        let asked = tokio::spawn(async move { payment.cancel().await });
        looked_at(&shop, &toss, &checkout, &asked).await;
        shop.settle(&checkout.payment).await;
        let known = asked.await.expect("no panic").expect(200);
        assert_eq!(known.text("detail"), "REFUNDED", "{name}");
        assert_eq!(checkout.order.status().await, "REFUNDED", "{name}");
        assert_eq!(checkout.payment.operations().await.len(), 2, "{name}");
    }
    toss.agrees_with(&shop).await;
    assert_eq!(toss.balance(), 0);
    for account in ["hold", "refund_pending", "suspense"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
}

#[tokio::test]
async fn call_that_never_arrives_certainly_fails_after_its_window() {
    let (shop, toss) = shop().await;
    for (name, fault) in [
        ("lost", Fault::RequestLost { silent_ms: 0 }),
        ("reset", Fault::Reset { effect: false }),
        ("too-many", Fault::RateLimited {}),
    ] {
        let (checkout, approved) = approved(&shop, &toss, name).await;
        toss.fails_always(&checkout.payment, CallFilter::Confirm, fault);
        let asked = checkout.confirm_without_answer(&approved).await;
        shop.advance(Duration::from_mins(9));
        shop.ask_gateway().await;
        assert_eq!(checkout.status().await, "unknown", "not yet certain");
        shop.settle(&checkout.payment).await;
        let known = asked.await.expect("no panic").expect(200);
        assert_eq!(known.text("detail"), "FAILED", "{name}");
        let theirs = toss.payment(&checkout.payment.id).expect("their payment");
        assert_eq!(
            (&theirs["taken"], &theirs["status"]),
            (&0.into(), &"EXPIRED".into())
        );
        checkout.order.checkout(&toss).await.pay().await.expect(200);
        assert_eq!(checkout.order.status().await, "PAID", "{name}");
    }
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn error_stored_under_a_key_is_not_believed() {
    let (shop, toss) = shop().await;
    for (taken, detail) in [(true, "CAPTURED"), (false, "FAILED")] {
        let (checkout, approved) = approved(&shop, &toss, detail).await;
        let (status, code, kept) = (500, "COMMON_ERROR".to_owned(), true);
        let fault = match taken {
            true => Fault::ErrorAfter { status, code, kept },
            false => Fault::ErrorBefore { status, code, kept },
        };
        toss.fails_once(&checkout.payment, CallFilter::Confirm, fault);
        let asked = checkout.confirm_without_answer(&approved).await;
        shop.settle(&checkout.payment).await;
        asked.await.expect("no panic").expect(200);
        assert_eq!(checkout.payment.detail().await, detail);
    }
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn outdated_answer_moves_nothing_back() {
    let (shop, toss) = shop().await;
    let (checkout, approved) = approved(&shop, &toss, "o-1").await;
    let stale = || Fault::StaleRead {
        ms: None,
        reads: Some(1),
    };
    toss.notifies(Some(&shop.address()));
    toss.fails_once(&checkout.payment, CallFilter::Confirm, stale());
    checkout.confirm(&approved).await.expect(200);
    assert_eq!(after_the_hint(&shop, &toss, &checkout, 1).await, "CAPTURED");
    toss.fails_once(&checkout.payment, CallFilter::Cancel, stale());
    checkout.payment.cancel().await.expect(200);
    assert_eq!(after_the_hint(&shop, &toss, &checkout, 2).await, "REFUNDED");
    toss.agrees_with(&shop).await;
}

/// Toss notifies of the new state; the first inquiry still returns the old one, a later one the new.
async fn after_the_hint(
    shop: &Shop,
    toss: &Gateway,
    checkout: &CheckoutVisit,
    heard: u64,
) -> String {
    let of = |status| format!("payment_webhook_total{{provider=\"TOSS\",status=\"{status}\"}}");
    let (followed, coalesced) = (of("followed"), of("coalesced"));
    until("it was heard of", || async {
        shop.figure(&followed).await + shop.figure(&coalesced).await == heard
    })
    .await;
    let asked = toss.calls().1;
    shop.ask_gateway().await;
    assert_eq!(toss.calls().1, asked + 1);
    // The first answer was older than what was known, so it did not count.
    shop.advance(Duration::from_secs(10));
    shop.ask_gateway().await;
    assert_eq!(toss.calls().1, asked + 2);
    shop.advance(Duration::from_mins(70));
    shop.ask_gateway().await;
    assert_eq!(toss.calls().1, asked + 2, "that was an answer");
    checkout.payment.detail().await
}

/// The answers to a repetition; none of them is true of the first sending.
fn refusals_of_a_repetition() -> Vec<(&'static str, Fault)> {
    let refused = |status: u16, code: &str| {
        let (code, kept) = (code.to_owned(), false);
        Fault::ErrorBefore { status, code, kept }
    };
    vec![
        ("forgotten", Fault::KeyForgotten {}),
        ("not-let-in", refused(401, "UNAUTHORIZED_KEY")),
        ("request", refused(400, "INVALID_REQUEST")),
        ("card", refused(403, "REJECT_CARD_COMPANY")),
        ("payment", refused(403, "NOT_CANCELABLE_PAYMENT")),
        ("amount", refused(400, "NOT_MATCHES_REFUNDABLE_AMOUNT")),
    ]
}

/// The call is answered 500, done or not; the inquiry about it is lost, so the call is repeated; and the repetition
/// is refused.
fn refuses_to_repeat(
    toss: &Gateway,
    checkout: &CheckoutVisit,
    call: CallFilter,
    done: bool,
    then: Fault,
) {
    let (status, code, kept) = (500, "COMMON_ERROR".to_owned(), false);
    let first = match done {
        true => Fault::ErrorAfter { status, code, kept },
        false => Fault::ErrorBefore { status, code, kept },
    };
    toss.fails_once(&checkout.payment, call, first);
    let lost = Fault::RequestLost { silent_ms: 0 };
    toss.fails_once(&checkout.payment, CallFilter::Inquire, lost);
    toss.fails_once(&checkout.payment, call, then);
}

#[tokio::test]
async fn refused_repetition_of_a_confirmation_may_have_been_done() {
    let (shop, toss) = shop().await;
    for done in [true, false] {
        for (name, refusal) in refusals_of_a_repetition() {
            let id = format!("{name}-{done}");
            let (checkout, approved) = approved(&shop, &toss, &id).await;
            refuses_to_repeat(&toss, &checkout, CallFilter::Confirm, done, refusal);
            let sent = toss.calls().0;
            let asked = checkout.confirm_without_answer(&approved).await;
            shop.settle(&checkout.payment).await;
            let known = asked.await.expect("no panic").expect(200);
            assert_eq!(known.text("detail"), "CAPTURED", "{id}");
            assert_eq!(checkout.order.status().await, "PAID", "{id}");
            assert!(toss.calls().0 >= sent + 2, "{id}: it was sent again");
            assert_eq!(checkout.payment.operations().await.len(), 1, "{id}");
        }
    }
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn refused_repetition_of_a_cancellation_may_have_been_done() {
    let (shop, toss) = shop().await;
    for done in [true, false] {
        for (name, refusal) in refusals_of_a_repetition() {
            let id = format!("{name}-{done}");
            let (checkout, approved) = approved(&shop, &toss, &id).await;
            checkout.confirm(&approved).await.expect(200);
            refuses_to_repeat(&toss, &checkout, CallFilter::Cancel, done, refusal);
            let sent = toss.calls().2;
            let asked = checkout.payment.cancel_without_answer().await;
            shop.settle(&checkout.payment).await;
            let known = asked.await.expect("no panic").expect(200);
            assert_eq!(known.text("detail"), "REFUNDED", "{id}");
            assert_eq!(checkout.order.status().await, "REFUNDED", "{id}");
            assert!(toss.calls().2 >= sent + 2, "{id}: it was sent again");
            assert_eq!(checkout.payment.operations().await.len(), 2, "{id}");
        }
    }
    toss.agrees_with(&shop).await;
    assert_eq!(toss.balance(), 0);
}
