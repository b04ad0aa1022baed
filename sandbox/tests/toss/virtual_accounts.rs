//! Virtual accounts: issued, paid into, taken back, canceled. Contract, sections 4, 5 and 7.

use http::Method;
use serde_json::{Value, json};

use crate::shop::{DAY_MS, MINUTE_MS, Shop, order};

fn issued(shop: &mut Shop) -> String {
    let key = shop.approved_by("order-1", 10_000, "VIRTUAL_ACCOUNT");
    shop.confirm(&key, "order-1", 10_000)
        .is_payment("WAITING_FOR_DEPOSIT");
    key
}

fn account() -> Value {
    json!({"bank": "88", "accountNumber": "110123456789", "holderName": "김손님"})
}

#[test]
fn an_account_is_issued_and_paid_into() {
    let mut shop = Shop::new();
    let key = issued(&mut shop);
    assert_eq!(shop.taken_times(&key), 0);
    let waiting = shop.inquire(&key).body;
    assert_eq!(waiting["approvedAt"], Value::Null);
    let issued = &waiting["virtualAccount"];
    assert!(issued["accountNumber"].as_str().unwrap().starts_with('X'));
    assert_eq!(issued["dueDate"], "2024-02-20T12:18:14+09:00");
    assert_eq!(issued["refundStatus"], "NONE");
    assert_eq!(issued["expired"], false);
    shop.pass(MINUTE_MS);
    shop.toss.deposit(shop.now_ms, &key, false).unwrap();
    let done = shop.inquire(&key);
    done.is_payment("DONE");
    assert_eq!(done.body["approvedAt"], "2024-02-13T12:19:14+09:00");
    assert_eq!(done.body["virtualAccount"]["depositorName"], "김손님");
    assert_eq!(shop.taken_times(&key), 1);
    assert!(
        shop.toss.deposit(shop.now_ms, &key, true).is_err(),
        "once is enough"
    );
}

#[test]
fn both_events_report_each_change() {
    let mut shop = Shop::listening();
    let key = issued(&mut shop);
    let secret = shop.inquire(&key).body["secret"].clone();
    let mut statuses = Vec::new();
    let mut hear = |shop: &mut Shop| {
        let heard = shop.heard();
        assert_eq!(heard.len(), 2);
        let (changed, callback) = (&heard[0], &heard[1]);
        assert_eq!(changed["eventType"], "PAYMENT_STATUS_CHANGED");
        assert_eq!(changed["data"]["secret"], secret);
        let mut fields: Vec<_> = callback.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        assert_eq!(
            fields,
            ["createdAt", "orderId", "secret", "status", "transactionKey"]
        );
        assert_eq!(callback["secret"], secret);
        assert_eq!(callback["orderId"], "order-1");
        assert_eq!(callback["status"], changed["data"]["status"]);
        assert_eq!(
            callback["transactionKey"],
            changed["data"]["lastTransactionKey"]
        );
        statuses.push(callback["status"].as_str().unwrap().to_owned());
    };
    hear(&mut shop);
    shop.toss.deposit(shop.now_ms, &key, false).unwrap();
    hear(&mut shop);
    shop.toss.take_deposit_back(shop.now_ms, &key).unwrap();
    hear(&mut shop);
    shop.toss.deposit(shop.now_ms, &key, false).unwrap();
    hear(&mut shop);
    shop.cancel(
        &key,
        &json!({"cancelReason": "x", "cancelAmount": 1, "refundReceiveAccount": account()}),
    );
    hear(&mut shop);
    shop.cancel(
        &key,
        &json!({"cancelReason": "x", "refundReceiveAccount": account()}),
    );
    hear(&mut shop);
    assert_eq!(
        statuses,
        [
            "WAITING_FOR_DEPOSIT",
            "DONE",
            "WAITING_FOR_DEPOSIT",
            "DONE",
            "PARTIAL_CANCELED",
            "CANCELED"
        ]
    );
    assert_eq!(shop.taken_times(&key), 2);
    let totals = shop.toss.books()["totals"].clone();
    assert_eq!(
        totals,
        json!({"taken": 20_000, "returned": 20_000, "balance": 0})
    );
}

#[test]
fn due_date_passes_without_a_notification() {
    let mut shop = Shop::listening();
    let mut asked = order("order-1", 10_000);
    asked["method"] = json!("VIRTUAL_ACCOUNT");
    asked["validHours"] = json!(24);
    let key = shop.open(asked);
    shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
    shop.confirm(&key, "order-1", 10_000);
    assert_eq!(shop.heard().len(), 2);
    shop.pass(DAY_MS);
    let expired = shop.inquire(&key);
    expired.is_payment("WAITING_FOR_DEPOSIT");
    assert_eq!(expired.body["virtualAccount"]["expired"], true);
    assert!(shop.heard().is_empty());
    assert!(shop.toss.deposit(shop.now_ms, &key, false).is_err());
    shop.toss.deposit(shop.now_ms, &key, true).unwrap();
    shop.inquire(&key).is_payment("DONE");
}

#[test]
fn before_the_deposit_only_all_of_it_can_be_canceled() {
    let mut shop = Shop::new();
    let key = issued(&mut shop);
    shop.cancel(&key, &json!({"cancelReason": "x", "cancelAmount": 1}))
        .is_refused(403, "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT");
    shop.cancel(&key, &json!({"cancelReason": "x"}))
        .is_payment("CANCELED");
    let totals = shop.toss.books()["totals"].clone();
    assert_eq!(
        totals,
        json!({"taken": 0, "returned": 0, "balance": 0}),
        "nothing had come"
    );
    assert!(shop.toss.deposit(shop.now_ms, &key, true).is_err());
}

#[test]
fn deposit_is_refunded_to_a_valid_account() {
    let mut shop = Shop::new();
    let key = issued(&mut shop);
    shop.toss.deposit(shop.now_ms, &key, false).unwrap();
    let wrong = |field: &str, value: &str| {
        let mut account = account();
        account[field] = json!(value);
        account
    };
    for (account, code) in [
        (Value::Null, "INVALID_REFUND_ACCOUNT_INFO"),
        (wrong("bank", "99"), "INVALID_BANK"),
        (
            wrong("accountNumber", "110-123"),
            "INVALID_REFUND_ACCOUNT_NUMBER",
        ),
        (
            wrong("accountNumber", "123456789012345678901"),
            "INVALID_REFUND_ACCOUNT_NUMBER",
        ),
        (wrong("holderName", ""), "INVALID_REFUND_ACCOUNT_INFO"),
    ] {
        shop.cancel(
            &key,
            &json!({"cancelReason": "x", "refundReceiveAccount": account}),
        )
        .is_refused(400, code);
    }
    let body = json!({"cancelReason": "x", "refundReceiveAccount": account()});
    let canceled = shop.cancel(&key, &body);
    canceled.is_payment("CANCELED");
    let shown = &canceled.body["virtualAccount"];
    assert_eq!(shown["refundStatus"], "PENDING");
    assert_eq!(
        shown["refundReceiveAccount"],
        json!({"bankCode": "88", "accountNumber": "110123456789", "holderName": "김손님"})
    );
    shop.pass(30 * MINUTE_MS);
    let shown = shop.inquire(&key).body["virtualAccount"].clone();
    assert_eq!(shown["refundReceiveAccount"], Value::Null);
    shop.pass(2 * DAY_MS);
    let shown = shop.inquire(&key).body["virtualAccount"].clone();
    assert_eq!(shown["refundStatus"], "COMPLETED");
}

#[test]
fn bank_actions_work_over_http() {
    let mut shop = Shop::new();
    let key = issued(&mut shop);
    let mut at = |verb: &str| {
        let path = format!("/sandbox/payments/{key}/{verb}");
        shop.desk(&Method::POST, &path, &json!({}))
    };
    at("deposit").is_payment("DONE");
    at("take-deposit-back").is_payment("WAITING_FOR_DEPOSIT");
    let expired = at("expire");
    assert_eq!(expired.body["virtualAccount"]["expired"], true);
    assert_eq!(at("deposit").status, 404);
    at("nonsense").is_refused(404, "NOT_FOUND");
}

#[test]
fn a_paid_account_does_not_expire() {
    let mut shop = Shop::new();
    let key = issued(&mut shop);
    shop.toss.deposit(shop.now_ms, &key, false).unwrap();
    shop.pass(30 * DAY_MS);
    let done = shop.inquire(&key);
    done.is_payment("DONE");
    assert_eq!(done.body["virtualAccount"]["expired"], false);
}
