//! The fault dial: each fault, and exactly what had happened when it struck.

use daegeum_sandbox::toss::{CallFilter, Ending, Fault, Rule};
use http::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, confirm};

const CONFIRM: &str = "/v1/payments/confirm";

/// A confirm under a fault; then what the payment is, and whether money was taken.
fn under(fault: Value) -> (Answer, String, u64) {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let fault: Fault = serde_json::from_value(fault).unwrap();
    shop.once(CallFilter::Confirm, fault);
    let answer = shop.confirm(&key, "order-1", 1_000);
    assert!(shop.toss.dial().rules.is_empty(), "once is once");
    let status = shop.inquire(&key).body["status"]
        .as_str()
        .unwrap()
        .to_owned();
    (answer, status, shop.taken_times(&key))
}

#[test]
fn lost_request_has_no_effect() {
    let (answer, status, taken) = under(json!({"request_lost": {"silent_ms": 20}}));
    assert_eq!(
        answer.transport.ending,
        Ending::RequestLost { silent_ms: 20 }
    );
    assert!(answer.bytes.is_empty());
    assert_eq!((status.as_str(), taken), ("IN_PROGRESS", 0));
    let (answer, status, taken) = under(json!({"reset": {"effect": false}}));
    assert_eq!(answer.transport.ending, Ending::Reset);
    assert_eq!((status.as_str(), taken), ("IN_PROGRESS", 0));
}

#[test]
fn lost_response_has_its_effect() {
    let (answer, status, taken) = under(json!({"response_lost": {}}));
    assert_eq!(
        answer.transport.ending,
        Ending::ResponseLost { silent_ms: 0 }
    );
    assert_eq!((status.as_str(), taken), ("DONE", 1));
    let (answer, status, taken) = under(json!({"reset": {}}));
    assert_eq!(answer.transport.ending, Ending::Reset);
    assert_eq!((status.as_str(), taken), ("DONE", 1));
}

#[test]
fn an_error_comes_before_or_after() {
    let (answer, status, taken) =
        under(json!({"error_before": {"status": 503, "code": "COMMON_ERROR"}}));
    answer.is_refused(503, "COMMON_ERROR");
    assert_eq!((status.as_str(), taken), ("IN_PROGRESS", 0));
    let (answer, status, taken) =
        under(json!({"error_after": {"code": "FAILED_INTERNAL_SYSTEM_PROCESSING"}}));
    answer.is_refused(500, "FAILED_INTERNAL_SYSTEM_PROCESSING");
    assert_eq!((status.as_str(), taken), ("DONE", 1));
    let (answer, status, taken) = under(json!({"rate_limited": {}}));
    answer.is_refused(429, "TOO_MANY_REQUESTS");
    assert_eq!((status.as_str(), taken), ("IN_PROGRESS", 0));
}

#[test]
fn an_answer_comes_broken() {
    let (answer, status, taken) = under(json!({"truncated": {}}));
    assert_eq!(
        answer.transport.ending,
        Ending::Truncated {
            at: answer.bytes.len() / 2
        }
    );
    assert_eq!((status.as_str(), taken), ("DONE", 1));
    let (answer, ..) = under(json!({"truncated": {"at": 1_000_000}}));
    assert_eq!(
        answer.transport.ending,
        Ending::Truncated {
            at: answer.bytes.len() - 1
        }
    );
    let (answer, status, taken) = under(json!({"garbage": {}}));
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &Value::Null));
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/json")
    );
    assert_eq!((status.as_str(), taken), ("DONE", 1));
    let (answer, status, taken) = under(json!({"html": {}}));
    assert_eq!(answer.status, 502);
    assert!(answer.bytes.starts_with(b"<html>"));
    assert_eq!((status.as_str(), taken), ("DONE", 1));
    let (answer, status, taken) = under(json!({"drip": {"bytes": 3, "every_ms": 10}}));
    assert_eq!(
        answer.transport.ending,
        Ending::Drip {
            bytes: 3,
            every_ms: 10
        }
    );
    assert_eq!(answer.body["status"], "DONE");
    assert_eq!((status.as_str(), taken), ("DONE", 1));
}

#[test]
fn kept_error_stays_with_its_key() {
    for (fault, kept) in [
        (json!({"error_before": {}}), false),
        (json!({"error_after": {}}), false),
        (json!({"error_before": {"kept": true}}), true),
        (json!({"error_after": {"kept": true}}), true),
    ] {
        let mut shop = Shop::new();
        let key = shop.approved("order-1", 1_000);
        let keyed = [("idempotency-key", "k")];
        let body = confirm(&key, "order-1", 1_000);
        shop.once(
            CallFilter::Confirm,
            serde_json::from_value(fault.clone()).unwrap(),
        );
        shop.post_with(CONFIRM, &keyed, &body)
            .is_refused(500, "COMMON_ERROR");
        let again = shop.post_with(CONFIRM, &keyed, &body);
        assert_eq!(again.status == 500, kept, "{fault}");
        let happened = !kept || fault.get("error_after").is_some();
        assert_eq!(shop.taken_times(&key), u64::from(happened), "{fault}");
    }
}

#[test]
fn inquiries_lag_behind_by_time_or_by_number() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    shop.once(
        CallFilter::Confirm,
        Fault::StaleRead {
            ms: None,
            reads: Some(2),
        },
    );
    shop.confirm(&key, "order-1", 1_000).is_payment("DONE");
    shop.inquire(&key).is_payment("IN_PROGRESS");
    shop.get("/v1/payments/orders/order-1")
        .is_payment("IN_PROGRESS");
    shop.inquire(&key).is_payment("DONE");
    shop.once(
        CallFilter::Cancel,
        Fault::StaleRead {
            ms: Some(1_000),
            reads: None,
        },
    );
    shop.cancel(&key, &json!({"cancelReason": "x"}))
        .is_payment("CANCELED");
    shop.pass(999);
    shop.inquire(&key).is_payment("DONE");
    shop.pass(1);
    shop.inquire(&key).is_payment("CANCELED");
    shop.cancel(&key, &json!({"cancelReason": "x"}))
        .is_refused(400, "ALREADY_CANCELED_PAYMENT");
}

#[test]
fn rules_are_for_calls_orders_and_numbers() {
    let mut shop = Shop::new();
    let first = shop.paid("order-1", 1_000);
    let second = shop.paid("order-2", 1_000);
    let rules = json!({"rules": [
        {"call": "inquire", "fault": {"rate_limited": {}}, "times": 2, "order_id": "order-2"},
        {"call": "cancel", "fault": {"error_before": {}}},
    ]});
    let set = shop.desk(&Method::PUT, "/sandbox/faults", &rules);
    assert_eq!(set.status, 200, "{set:?}");
    shop.inquire(&first).is_payment("DONE");
    assert_eq!(shop.inquire(&second).status, 429);
    let left = shop.desk(&Method::GET, "/sandbox/faults", &Value::Null);
    assert_eq!(left.body["rules"][0]["times"], 1);
    assert_eq!(shop.inquire(&second).status, 429);
    shop.inquire(&second).is_payment("DONE");
    for _ in 0..3 {
        assert_eq!(
            shop.cancel(&first, &json!({"cancelReason": "x"})).status,
            500
        );
    }
    shop.desk(&Method::DELETE, "/sandbox/faults", &Value::Null);
    shop.cancel(&first, &json!({"cancelReason": "x"}))
        .is_payment("CANCELED");
}

#[test]
fn chance_keeps_to_its_odds_and_to_its_seed() {
    let run = || {
        let mut shop = Shop::new();
        let key = shop.paid("order-1", 1_000);
        let rule = Rule {
            probability_ppm: Some(250_000),
            ..Rule::always(CallFilter::Any, Fault::RateLimited {})
        };
        shop.rules(vec![rule]);
        (0..1_000)
            .map(|_| shop.inquire(&key).status == 429)
            .collect::<Vec<_>>()
    };
    let hits = run();
    let count = hits.iter().filter(|hit| **hit).count();
    assert!((200..300).contains(&count), "{count}");
    assert_eq!(hits, run());
}

#[test]
fn invalid_rule_is_refused_and_changes_nothing() {
    let mut shop = Shop::new();
    shop.once(CallFilter::Confirm, Fault::Garbage {});
    let before = shop.toss.dial().clone();
    for rule in [
        json!({"call": "confirm", "fault": {"lost": {}}}),
        json!({"call": "notify", "fault": {"garbage": {}}}),
        json!({"call": "inquire", "fault": {"stale_read": {"ms": 1}}}),
        json!({"call": "confirm", "fault": {"stale_read": {}}}),
        json!({"call": "confirm", "fault": {"drip": {"bytes": 0}}}),
        json!({"call": "confirm", "fault": {"delay": {"ms": 99_999_999_999_u64}}}),
        json!({"call": "confirm", "fault": {"error_before": {"status": 99}}}),
        json!({"call": "confirm", "fault": {"garbage": {}}, "probability_ppm": 1_000_001}),
        json!({"call": "confirm", "fault": {"garbage": {}}, "sometimes": true}),
        json!({"call": "confirm", "fault": {"delay": {"ms": 1, "s": 1}}}),
        json!({"call": "all", "fault": {"garbage": {}}}),
        json!({"call": "notify", "fault": {"duplicated": {"n": 1_001}}}),
    ] {
        let answer = shop.desk(&Method::PUT, "/sandbox/faults", &json!({"rules": [rule]}));
        assert_eq!(answer.status, 400, "{rule}");
    }
    let plain = shop.send(&Method::PUT, "/sandbox/faults", &[], "{}");
    assert_eq!(plain.status, 415, "no other origin's page can send it");
    assert_eq!(shop.toss.dial(), &before);
}

#[test]
fn any_call_is_not_any_notification() {
    let mut shop = Shop::listening();
    let key = shop.approved("order-1", 1_000);
    shop.rules(vec![Rule {
        times: Some(2),
        ..Rule::always(CallFilter::Any, Fault::Delay { ms: 1_000 })
    }]);
    shop.confirm(&key, "order-1", 1_000);
    assert_eq!(
        shop.toss.dial().rules[0].times,
        Some(1),
        "the call, and nothing else"
    );
    assert_eq!(shop.heard().len(), 1);
}

#[test]
fn a_first_answer_is_not_overwritten_by_a_later_error() {
    for fault in [
        json!({"error_before": {"kept": true}}),
        json!({"error_after": {"kept": true}}),
    ] {
        let mut shop = Shop::new();
        let key = shop.approved("order-1", 1_000);
        let keyed = [("idempotency-key", "k")];
        let body = confirm(&key, "order-1", 1_000);
        shop.post_with(CONFIRM, &keyed, &body).is_payment("DONE");
        shop.once(CallFilter::Confirm, serde_json::from_value(fault).unwrap());
        shop.post_with(CONFIRM, &keyed, &body)
            .is_refused(500, "COMMON_ERROR");
        shop.post_with(CONFIRM, &keyed, &body).is_payment("DONE");
    }
}
