//! Confirm and the inquiries. Contract, section 3, and the status graph of section 5.

use http::Method;
use serde_json::{Value, json};

use crate::shop::{MINUTE_MS, SECOND_MS, Shop, basic, confirm, order};

const CONFIRM: &str = "/v1/payments/confirm";

#[test]
fn confirm_captures_once() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 11_000);
    shop.inquire(&key).is_payment("IN_PROGRESS");
    let done = shop.confirm(&key, "order-1", 11_000);
    done.is_payment("DONE");
    assert_eq!(done.body["approvedAt"], "2024-02-13T12:18:14+09:00");
    shop.confirm(&key, "order-1", 11_000)
        .is_refused(400, "ALREADY_PROCESSED_PAYMENT");
    assert_eq!(shop.taken_times(&key), 1);
    assert_eq!(shop.inquire(&key).body, done.body);
    assert_eq!(shop.get("/v1/payments/orders/order-1").body, done.body);
}

#[test]
fn confirm_needs_the_authenticated_values() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 11_000);
    shop.confirm(&key, "order-1", 1_100)
        .is_refused(400, "INVALID_REQUEST");
    shop.confirm(&key, "order-1", 11_001)
        .is_refused(400, "INVALID_REQUEST");
    shop.confirm(&key, "order-2", 11_000)
        .is_refused(400, "INVALID_REQUEST");
    shop.confirm("tgen_nobody", "order-1", 11_000)
        .is_refused(404, "NOT_FOUND_PAYMENT");
    assert_eq!(shop.taken_times(&key), 0);
    shop.confirm(&key, "order-1", 11_000).is_payment("DONE");
}

#[test]
fn a_body_is_json_with_all_three_of_the_right_types() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    let auth = basic("test_sk_shop");
    let good = confirm(&key, "order-1", 1_000);
    let mut bodies = vec![
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
    ];
    for (field, wrong) in [
        ("amount", json!("1000")),
        ("amount", json!(1000.5)),
        ("amount", Value::Null),
        ("orderId", json!(1)),
        ("paymentKey", json!([])),
    ] {
        let mut body = good.clone();
        body[field] = wrong;
        bodies.push(body.to_string());
    }
    for missing in ["amount", "orderId", "paymentKey"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(missing);
        bodies.push(body.to_string());
    }
    for body in bodies {
        let answer = shop.send(&Method::POST, CONFIRM, &[("authorization", &auth)], body);
        answer.is_refused(400, "INVALID_REQUEST");
    }
    let invalid = vec![0xff, 0xfe];
    shop.send(&Method::POST, CONFIRM, &[("authorization", &auth)], invalid)
        .is_refused(400, "INVALID_REQUEST");
    assert_eq!(shop.taken_times(&key), 0);
}

#[test]
fn a_window_lasts_half_an_hour_and_an_authentication_ten_minutes() {
    let mut shop = Shop::new();
    let idle = shop.open(order("order-1", 1_000));
    let waiting = shop.approved("order-2", 1_000);
    shop.pass(10 * MINUTE_MS - 1);
    shop.inquire(&waiting).is_payment("IN_PROGRESS");
    shop.pass(1);
    shop.confirm(&waiting, "order-2", 1_000)
        .is_refused(404, "NOT_FOUND_PAYMENT_SESSION");
    shop.inquire(&waiting).is_payment("EXPIRED");
    shop.pass(20 * MINUTE_MS - 1);
    shop.inquire(&idle).is_payment("READY");
    assert_eq!(shop.toss.next_due_ms(), Some(shop.now_ms + 1));
    shop.pass(1);
    shop.inquire(&idle).is_payment("EXPIRED");
    assert_eq!(shop.toss.next_due_ms(), None);
}

#[test]
fn the_last_moment_still_counts() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    shop.pass(10 * MINUTE_MS - 1);
    shop.confirm(&key, "order-1", 1_000).is_payment("DONE");
    shop.pass(60 * MINUTE_MS);
    shop.inquire(&key).is_payment("DONE");
}

#[test]
fn unauthenticated_payment_cannot_be_confirmed() {
    let mut shop = Shop::new();
    let key = shop.open(order("order-1", 1_000));
    shop.confirm(&key, "order-1", 1_000)
        .is_refused(404, "NOT_FOUND_PAYMENT_SESSION");
    shop.inquire(&key).is_payment("READY");
}

#[test]
fn a_decline_at_confirm_aborts() {
    for (code, status) in [
        ("REJECT_CARD_COMPANY", 403),
        ("REJECT_ACCOUNT_PAYMENT", 403),
        ("INVALID_STOPPED_CARD", 400),
        ("EXCEED_MAX_DAILY_PAYMENT_COUNT", 400),
        ("EXCEED_MAX_PAYMENT_AMOUNT", 400),
    ] {
        let mut shop = Shop::new();
        let key = shop.open(order("order-1", 1_000));
        shop.toss
            .approve(shop.now_ms, &key, None, Some(code))
            .unwrap();
        shop.confirm(&key, "order-1", 1_000)
            .is_refused(status, code);
        let aborted = shop.inquire(&key);
        aborted.is_payment("ABORTED");
        assert_eq!(aborted.body["failure"]["code"], code);
        assert_eq!(aborted.body["approvedAt"], Value::Null);
        shop.confirm(&key, "order-1", 1_000)
            .is_refused(400, "ALREADY_PROCESSED_PAYMENT");
        assert_eq!(shop.taken_times(&key), 0);
    }
}

#[test]
fn order_is_paid_by_one_of_its_windows() {
    let mut shop = Shop::new();
    let first = shop.approved("order-1", 1_000);
    shop.pass(SECOND_MS);
    let second = shop.approved("order-1", 1_000);
    let latest = shop.get("/v1/payments/orders/order-1");
    assert_eq!(latest.body["paymentKey"], second.as_str());
    shop.confirm(&first, "order-1", 1_000).is_payment("DONE");
    shop.confirm(&second, "order-1", 1_000)
        .is_refused(400, "DUPLICATED_ORDER_ID");
    let paid = shop.get("/v1/payments/orders/order-1");
    assert_eq!(paid.body["paymentKey"], first.as_str());
    let again = shop.desk(&Method::POST, "/sandbox/windows", &order("order-1", 1_000));
    again.is_refused(400, "DUPLICATED_ORDER_ID");
}

#[test]
fn an_unknown_payment_is_not_found_either_way() {
    let mut shop = Shop::new();
    shop.inquire("tgen_nobody")
        .is_refused(404, "NOT_FOUND_PAYMENT");
    shop.get("/v1/payments/orders/order-9")
        .is_refused(404, "NOT_FOUND_PAYMENT");
}

#[test]
fn approving_again_neither_prolongs_nor_changes_anything() {
    let mut shop = Shop::new();
    let key = shop.open(order("order-1", 1_000));
    let led = shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
    shop.pass(9 * MINUTE_MS);
    let code = Some("REJECT_CARD_COMPANY");
    let again = shop.toss.approve(shop.now_ms, &key, Some("TRANSFER"), code);
    assert_eq!(again.unwrap(), led);
    assert_eq!(shop.inquire(&key).body["method"], "카드");
    shop.pass(MINUTE_MS);
    shop.confirm(&key, "order-1", 1_000)
        .is_refused(404, "NOT_FOUND_PAYMENT_SESSION");
}
