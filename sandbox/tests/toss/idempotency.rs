//! Idempotency keys. Contract, section 1.

use daegeum_sandbox::toss::{CallFilter, Ending, Fault};
use http::Method;
use serde_json::json;

use crate::shop::{Answer, DAY_MS, Shop, basic, confirm, order};

const CONFIRM: &str = "/v1/payments/confirm";

#[test]
fn the_first_answer_is_given_again() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    let first = shop.post_with(CONFIRM, &[("idempotency-key", "k")], &body);
    first.is_payment("DONE");
    shop.cancel(&key, &json!({"cancelReason": "x"}));
    shop.pass(15 * DAY_MS - 1);
    let again = shop.post_with(CONFIRM, &[("idempotency-key", "k")], &body);
    assert_eq!(again.bytes, first.bytes, "as it was then, not as it is now");
    shop.pass(1);
    shop.post_with(CONFIRM, &[("idempotency-key", "k")], &body)
        .is_refused(400, "ALREADY_PROCESSED_PAYMENT");
    assert_eq!(shop.taken_times(&key), 1);
}

#[test]
fn errors_are_given_again_too() {
    let mut shop = Shop::new();
    let key = shop.open(order("order-1", 1_000));
    let body = confirm(&key, "order-1", 1_000);
    let keyed = [("idempotency-key", "k")];
    shop.post_with(CONFIRM, &keyed, &body)
        .is_refused(404, "NOT_FOUND_PAYMENT_SESSION");
    shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
    shop.post_with(CONFIRM, &keyed, &body)
        .is_refused(404, "NOT_FOUND_PAYMENT_SESSION");
    shop.post_with(CONFIRM, &[("idempotency-key", "k2")], &body)
        .is_payment("DONE");
}

#[test]
fn key_covers_everything_but_the_body() {
    let mut shop = Shop::new();
    let first = shop.approved("order-1", 1_000);
    let second = shop.approved("order-2", 2_000);
    let keyed = [("idempotency-key", "k")];
    shop.post_with(CONFIRM, &keyed, &confirm(&first, "order-1", 1_000))
        .is_payment("DONE");
    let other = shop.post_with(CONFIRM, &keyed, &confirm(&second, "order-2", 2_000));
    assert_eq!(other.body["orderId"], "order-1", "another payment's answer");
    shop.inquire(&second).is_payment("IN_PROGRESS");

    // Another URL.
    let path = format!("/v1/payments/{first}/cancel");
    shop.post_with(&path, &keyed, &json!({"cancelReason": "x"}))
        .is_payment("CANCELED");
    // Another method: ignored there.
    let auth = basic("test_sk_shop");
    let headers = [("authorization", auth.as_str()), ("idempotency-key", "k")];
    let inquiry = format!("/v1/payments/{second}");
    shop.send(&Method::GET, &inquiry, &headers, "")
        .is_payment("IN_PROGRESS");
    // Another API key.
    let widget = basic("test_gsk_shop");
    let headers = [("authorization", widget.as_str()), ("idempotency-key", "k")];
    let body = confirm(&first, "order-1", 1_000).to_string();
    shop.send(&Method::POST, CONFIRM, &headers, body)
        .is_refused(400, "INVALID_API_KEY");
}

#[test]
fn a_key_has_at_most_300_characters() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    let long = "k".repeat(301);
    for wrong in [long.as_str(), ""] {
        shop.post_with(CONFIRM, &[("idempotency-key", wrong)], &body)
            .is_refused(400, "INVALID_IDEMPOTENCY_KEY");
    }
    shop.post_with(CONFIRM, &[("idempotency-key", &long[..300])], &body)
        .is_payment("DONE");
}

#[test]
fn unauthenticated_call_does_not_use_a_key() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    let headers = [("idempotency-key", "k")];
    shop.send(&Method::POST, CONFIRM, &headers, body.to_string())
        .is_refused(401, "UNAUTHORIZED_KEY");
    shop.post_with(CONFIRM, &headers, &body).is_payment("DONE");
}

#[test]
fn a_late_answer_is_in_progress_until_it_comes() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    let keyed = [("idempotency-key", "k")];
    shop.once(CallFilter::Confirm, Fault::Delay { ms: 5_000 });
    let late = shop.post_with(CONFIRM, &keyed, &body);
    late.is_payment("DONE");
    assert_eq!(late.transport.delay_ms, 5_000);
    shop.pass(4_999);
    shop.post_with(CONFIRM, &keyed, &body)
        .is_refused(409, "IDEMPOTENT_REQUEST_PROCESSING");
    shop.inquire(&key).is_payment("DONE");
    shop.pass(1);
    assert_eq!(shop.post_with(CONFIRM, &keyed, &body).bytes, late.bytes);
}

#[test]
fn a_held_request_happens_later_and_once() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    let keyed = [("idempotency-key", "k")];
    shop.once(CallFilter::Confirm, Fault::Held { ms: 60_000 });
    let held = shop.post_with(CONFIRM, &keyed, &body);
    let Ending::Held { id, until_ms } = held.transport.ending else {
        panic!("{held:?}");
    };
    assert_eq!(until_ms, shop.now_ms + 60_000);
    assert_eq!(shop.toss.next_due_ms(), Some(until_ms));
    shop.inquire(&key).is_payment("IN_PROGRESS");
    shop.pass(59_999);
    assert!(shop.toss.resume(shop.now_ms, id).is_none());
    shop.post_with(CONFIRM, &keyed, &body)
        .is_refused(409, "IDEMPOTENT_REQUEST_PROCESSING");
    assert_eq!(shop.taken_times(&key), 0);
    // The caller need not wait for it.
    shop.pass(1);
    shop.toss.tick(shop.now_ms);
    assert_eq!(shop.taken_times(&key), 1);
    let resumed = Answer::of(shop.toss.resume(shop.now_ms, id).unwrap());
    resumed.is_payment("DONE");
    assert!(shop.toss.resume(shop.now_ms, id).is_none());
    assert_eq!(shop.post_with(CONFIRM, &keyed, &body).bytes, resumed.bytes);
    let keys = shop.toss.books()["keys"].clone();
    assert_eq!(
        keys,
        json!([{"idempotencyKey": "k", "url": "POST /v1/payments/confirm", "effects": 1}])
    );
}

#[test]
fn an_answer_can_be_collected_after_the_clock_has_jumped() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    shop.once(CallFilter::Confirm, Fault::Held { ms: 60_000 });
    let held = shop.confirm(&key, "order-1", 1_000);
    let Ending::Held { id, .. } = held.transport.ending else {
        panic!("{held:?}");
    };
    shop.pass(DAY_MS);
    let resumed = Answer::of(shop.toss.resume(shop.now_ms, id).unwrap());
    resumed.is_payment("DONE");
    let approved_at = &resumed.body["approvedAt"];
    assert_eq!(approved_at, "2024-02-13T12:19:14+09:00", "at its own time");

    let key = shop.approved("order-2", 1_000);
    shop.once(CallFilter::Confirm, Fault::Held { ms: 60_000 });
    shop.confirm(&key, "order-2", 1_000);
    shop.pass(60_000);
    shop.toss.tick(shop.now_ms);
    shop.pass(600_000);
    shop.toss.tick(shop.now_ms);
    assert_eq!(shop.toss.next_due_ms(), None, "nobody collected it");
}

#[test]
fn a_held_request_can_come_too_late() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    shop.once(CallFilter::Confirm, Fault::Held { ms: 600_000 });
    shop.confirm(&key, "order-1", 1_000);
    shop.pass(600_000);
    shop.inquire(&key).is_payment("EXPIRED");
    assert_eq!(shop.taken_times(&key), 0);
}

#[test]
fn the_books_count_what_happened_under_each_key() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    shop.post_with(CONFIRM, &[("idempotency-key", "late one")], &body)
        .is_refused(400, "ALREADY_PROCESSED_PAYMENT");
    let path = format!("/v1/payments/{key}/cancel");
    for _ in 0..2 {
        let body = json!({"cancelReason": "x", "cancelAmount": 400});
        shop.post_with(&path, &[("idempotency-key", "part")], &body)
            .is_payment("PARTIAL_CANCELED");
    }
    assert_eq!(
        shop.toss.books()["keys"],
        json!([
            {"idempotencyKey": "late one", "url": "POST /v1/payments/confirm", "effects": 0},
            {"idempotencyKey": "part", "url": format!("POST {path}"), "effects": 1},
        ])
    );
    let totals = shop.toss.books()["totals"].clone();
    assert_eq!(
        totals,
        json!({"taken": 1_000, "returned": 400, "balance": 600})
    );
}

#[test]
fn a_key_can_be_forgotten_before_its_time() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let body = confirm(&key, "order-1", 1_000);
    let keyed = [("idempotency-key", "k")];
    shop.post_with(CONFIRM, &keyed, &body).is_payment("DONE");
    shop.once(CallFilter::Confirm, Fault::KeyForgotten {});
    let refused = shop.post_with(CONFIRM, &keyed, &body);
    refused.is_refused(400, "ALREADY_PROCESSED_PAYMENT");
    let again = shop.post_with(CONFIRM, &keyed, &body);
    assert_eq!(again.bytes, refused.bytes, "kept like any other");

    let path = format!("/v1/payments/{key}/cancel");
    let body = json!({"cancelReason": "x", "cancelAmount": 400});
    shop.post_with(&path, &keyed, &body)
        .is_payment("PARTIAL_CANCELED");
    shop.once(CallFilter::Cancel, Fault::KeyForgotten {});
    let twice = shop.post_with(&path, &keyed, &body);
    assert_eq!(twice.body["balanceAmount"], 200, "taken for a new one");
    let books = shop.toss.books();
    let used = books["keys"].as_array().unwrap().iter();
    let used: Vec<_> = used
        .map(|used| (used["url"].as_str().unwrap(), used["effects"].as_u64()))
        .collect();
    let cancel = format!("POST {path}");
    assert!(used.contains(&("POST /v1/payments/confirm", Some(1))));
    assert!(used.contains(&(&*cancel, Some(2))), "{used:?}");
}

#[test]
fn forgetting_an_unknown_key_changes_nothing() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    shop.once(CallFilter::Confirm, Fault::KeyForgotten {});
    shop.confirm(&key, "order-1", 1_000).is_payment("DONE");
    for call in [CallFilter::Inquire, CallFilter::Any, CallFilter::Notify] {
        let rule = daegeum_sandbox::toss::Rule::always(call, Fault::KeyForgotten {});
        let dial = daegeum_sandbox::toss::Dial {
            rules: vec![rule],
            ..daegeum_sandbox::toss::Dial::default()
        };
        assert!(shop.toss.set_dial(dial).is_err(), "{call:?}");
    }
}
