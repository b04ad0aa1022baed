//! Cancels, whole and in part. Contract, section 4.

use http::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, order};

#[test]
fn full_cancel_refunds_everything() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 10_000);
    shop.pass(1_000);
    let canceled = shop.cancel(&key, &json!({"cancelReason": "마음이 바뀜"}));
    canceled.is_payment("CANCELED");
    assert_eq!(canceled.body["balanceAmount"], 0);
    assert_eq!(canceled.body["totalAmount"], 10_000);
    let cancels = canceled.body["cancels"].as_array().unwrap();
    assert_eq!(cancels.len(), 1);
    let transaction = canceled.body["lastTransactionKey"].clone();
    assert_eq!(
        cancels[0],
        json!({
            "cancelAmount": 10_000, "cancelReason": "마음이 바뀜", "taxFreeAmount": 0,
            "taxExemptionAmount": 0, "refundableAmount": 0, "cardDiscountAmount": 0,
            "transferDiscountAmount": 0, "easyPayDiscountAmount": 0,
            "canceledAt": "2024-02-13T12:18:15+09:00", "transactionKey": transaction,
            "receiptKey": null, "cancelStatus": "DONE", "cancelRequestId": null,
        })
    );
    shop.cancel(&key, &json!({"cancelReason": "x"}))
        .is_refused(400, "ALREADY_CANCELED_PAYMENT");
    assert_eq!(shop.inquire(&key).body, canceled.body);
    let totals = shop.toss.books()["totals"].clone();
    assert_eq!(
        totals,
        json!({"taken": 10_000, "returned": 10_000, "balance": 0})
    );
}

#[test]
fn partial_cancels_refund_until_nothing_is_left() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 11_000);
    let part = shop.cancel(
        &key,
        &json!({"cancelReason": "하나", "cancelAmount": 1_000, "refundableAmount": 11_000}),
    );
    part.is_payment("PARTIAL_CANCELED");
    assert_eq!(part.body["balanceAmount"], 10_000);
    assert_eq!(part.body["vat"], 909);
    assert_eq!(part.body["suppliedAmount"], 9_091);
    assert_eq!(part.body["cancels"][0]["refundableAmount"], 10_000);
    shop.cancel(
        &key,
        &json!({"cancelReason": "둘", "refundableAmount": 11_000}),
    )
    .is_refused(400, "NOT_MATCHES_REFUNDABLE_AMOUNT");
    shop.cancel(&key, &json!({"cancelReason": "둘", "cancelAmount": 10_001}))
        .is_refused(403, "NOT_CANCELABLE_AMOUNT");
    let rest = shop.cancel(&key, &json!({"cancelReason": "나머지"}));
    rest.is_payment("CANCELED");
    assert_eq!(rest.body["cancels"].as_array().unwrap().len(), 2);
    assert_eq!(rest.body["cancels"][1]["cancelAmount"], 10_000);
}

#[test]
fn invalid_cancel_changes_nothing() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 10_000);
    let before = shop.inquire(&key).body;
    for (body, status, code) in [
        (json!({}), 400, "INVALID_REQUEST"),
        (json!({"cancelReason": ""}), 400, "INVALID_REQUEST"),
        (
            json!({"cancelReason": "긴".repeat(201)}),
            400,
            "INVALID_REQUEST",
        ),
        (
            json!({"cancelReason": "x", "cancelAmount": 0}),
            400,
            "INVALID_REQUEST",
        ),
        (
            json!({"cancelReason": "x", "cancelAmount": -1}),
            400,
            "INVALID_REQUEST",
        ),
        (
            json!({"cancelReason": "x", "cancelAmount": "1000"}),
            400,
            "INVALID_REQUEST",
        ),
        (
            json!({"cancelReason": "x", "currency": "USD"}),
            400,
            "INVALID_CURRENCY",
        ),
        (
            json!({"cancelReason": "x", "cancelAmount": 1, "taxFreeAmount": 1}),
            403,
            "NOT_CANCELABLE_AMOUNT",
        ),
    ] {
        let answer = shop.cancel(&key, &body);
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{body}"
        );
    }
    assert_eq!(shop.inquire(&key).body, before);
    shop.cancel(&key, &json!({"cancelReason": "긴".repeat(200)}))
        .is_payment("CANCELED");
    shop.cancel("tgen_nobody", &json!({"cancelReason": "x"}))
        .is_refused(404, "NOT_FOUND_PAYMENT");
}

#[test]
fn unpaid_payment_cannot_be_canceled() {
    let mut shop = Shop::new();
    let ready = shop.open(order("order-1", 1_000));
    let waiting = shop.approved("order-2", 1_000);
    let declined = shop.open(order("order-3", 1_000));
    let code = Some("REJECT_CARD_COMPANY");
    shop.toss
        .approve(shop.now_ms, &declined, None, code)
        .unwrap();
    shop.confirm(&declined, "order-3", 1_000);
    for key in [&ready, &waiting, &declined] {
        shop.cancel(key, &json!({"cancelReason": "x"}))
            .is_refused(403, "NOT_CANCELABLE_PAYMENT");
    }
    shop.pass(3_600_000);
    shop.cancel(&ready, &json!({"cancelReason": "x"}))
        .is_refused(403, "NOT_CANCELABLE_PAYMENT");
}

#[test]
fn escrow_and_untaxed_payments_are_refunded_only_in_full() {
    for field in [
        ("useEscrow", json!(true)),
        ("taxExemptionAmount", json!(300)),
    ] {
        let mut shop = Shop::new();
        let mut asked = order("order-1", 10_000);
        asked[field.0] = field.1;
        let key = shop.open(asked);
        shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
        let done = shop.confirm(&key, "order-1", 10_000);
        assert_eq!(done.body["isPartialCancelable"], false);
        shop.cancel(&key, &json!({"cancelReason": "x", "cancelAmount": 1_000}))
            .is_refused(403, "NOT_ALLOWED_PARTIAL_REFUND");
        shop.cancel(&key, &json!({"cancelReason": "x"}))
            .is_payment("CANCELED");
    }
}

#[test]
fn cancel_refunds_the_given_tax_free_part() {
    let mut shop = Shop::new();
    let mut asked = order("order-1", 10_000);
    asked["taxFreeAmount"] = json!(4_500);
    let key = shop.open(asked);
    shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
    let done = shop.confirm(&key, "order-1", 10_000).body;
    assert_eq!(
        (&done["vat"], &done["taxFreeAmount"]),
        (&json!(500), &json!(4_500))
    );
    let over = json!({"cancelReason": "x", "cancelAmount": 5_501});
    shop.cancel(&key, &over)
        .is_refused(403, "NOT_CANCELABLE_AMOUNT");
    let part = json!({"cancelReason": "x", "cancelAmount": 5_500, "taxFreeAmount": 4_000});
    let part = shop.cancel(&key, &part).body;
    assert_eq!(part["cancels"][0]["taxFreeAmount"], 4_000);
    assert_eq!(
        (&part["taxFreeAmount"], &part["vat"]),
        (&json!(500), &json!(364))
    );
    let rest = shop.cancel(&key, &json!({"cancelReason": "x"})).body;
    assert_eq!(rest["cancels"][1]["taxFreeAmount"], 500);
    assert_eq!(
        (&rest["taxFreeAmount"], &rest["vat"]),
        (&json!(0), &json!(0))
    );
}

#[test]
fn dashboard_cancels_without_the_shop() {
    let mut shop = Shop::listening();
    let key = shop.paid("order-1", 10_000);
    assert_eq!(shop.heard().len(), 1);
    let path = format!("/sandbox/payments/{key}/cancel");
    let answer = shop.desk(
        &Method::POST,
        &path,
        &json!({"cancelReason": "관리자", "cancelAmount": 400}),
    );
    answer.is_payment("PARTIAL_CANCELED");
    shop.inquire(&key).is_payment("PARTIAL_CANCELED");
    let heard = shop.heard();
    assert_eq!(heard[0]["data"]["status"], "PARTIAL_CANCELED");
    assert_ne!(heard[0]["data"]["cancels"], Value::Null);
}
