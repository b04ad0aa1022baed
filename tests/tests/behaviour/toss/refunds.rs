//! Refunds in parts, through Toss.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, CheckoutVisit, Shop, until};
use serde_json::{Value, json};

async fn paid(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    let checkout = shop.order(id).register().await.checkout(toss).await;
    checkout.pay().await.expect(200);
    checkout
}

async fn refund(checkout: &CheckoutVisit, body: Value) -> Answer {
    checkout.payment.refund(&body).await
}

/// The events of this type in a payment's transactions.
async fn events(shop: &Shop, checkout: &CheckoutVisit, of: &str) -> Vec<Value> {
    let path = format!(
        "/api/v1/payments/{}/transactions?limit=100",
        checkout.payment.id
    );
    let page = shop.merchant().get(&path).await.expect(200);
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let of_type = items.into_iter().filter(|item| item["event_type"] == of);
    of_type.map(|item| item["payload"].clone()).collect()
}

#[tokio::test]
async fn parts_are_refunded_until_nothing_is_left() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    for (amount, so_far) in [(50, 50), (5, 55), (3_000, 3_055)] {
        let done = refund(&checkout, json!({"amount": amount, "reason": "수업 취소"})).await;
        let done = done.expect(200);
        assert_eq!(done["status"], "SUCCEEDED");
        assert_eq!(done["amount"], amount);
        assert_eq!(done["payment_id"], *checkout.payment.id);
        assert!(done.text("refund_id").starts_with("rfd_"));
        let payment = checkout.payment.now().await;
        assert_eq!(payment["detail"], "PARTIALLY_REFUNDED");
        assert_eq!(payment["refunded"], so_far);
        assert_eq!(payment["status"], "CAPTURED");
        assert_eq!(-shop.balance("hold").await, 11_000 - so_far);
        toss.agrees_with(&shop).await;
    }
    assert_eq!(checkout.order.status().await, "PAID");
    let rest = refund(&checkout, json!({})).await.expect(200);
    assert_eq!(rest["amount"], 7_945);
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    assert_eq!(checkout.order.status().await, "REFUNDED");
    for account in ["gateway_receivable", "hold", "refund_pending"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
    let nothing = refund(&checkout, json!({"amount": 1})).await;
    nothing.refused(409, "PAYMENT_NOT_PERMITTED");
    assert_eq!(toss.calls(), (1, 0, 4));
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn refund_of_more_than_is_left_names_its_field_and_calls_nobody() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    for (body, field) in [
        (json!({"amount": 11_001}), "amount"),
        (json!({"amount": 0}), "amount"),
        (json!({"components": {"tax_free": 1}}), "amount"),
        (json!({"amount": -1}), "amount"),
        (json!({"components": {"taxable": -1}}), "components.taxable"),
    ] {
        let refused = refund(&checkout, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        assert_eq!(refused["errors"][0]["field"], field, "{body}");
    }
    let both = json!({"amount": 1, "components": {"taxable": 1}});
    refund(&checkout, both).await.refused(400, "INVALID_VALUE");
    let blank = json!({"amount": 1, "reason": " "});
    refund(&checkout, blank).await.refused(400, "INVALID_VALUE");
    assert_eq!(toss.calls(), (1, 0, 0));
    assert_eq!(checkout.payment.now().await["refunded"], 0);
}

#[tokio::test]
async fn taxed_and_other_money_are_refunded_in_proportion_or_as_asked() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").untaxed(3_000).register().await;
    let checkout = order.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let shared = refund(&checkout, json!({"amount": 1_100}))
        .await
        .expect(200);
    assert_eq!(
        shared["amounts"],
        json!({"supply": 727, "vat": 73, "tax_free": 300})
    );
    let components = json!({"taxable": 1_200, "tax_free": 2_700});
    let asked = refund(&checkout, json!({ "components": components }));
    let asked = asked.await.expect(200);
    assert_eq!(
        asked["amounts"],
        json!({"supply": 1_091, "vat": 109, "tax_free": 2_700})
    );
    let rest = refund(&checkout, json!({})).await.expect(200);
    assert_eq!(
        rest["amounts"],
        json!({"supply": 5_455, "vat": 545, "tax_free": 0})
    );
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn same_key_refunds_once_and_gets_the_same_bytes() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    let body = json!({"amount": 1_000});
    let first = checkout.payment.refund_with("r-1", &body).await.expect(200);
    refund(&checkout, json!({"amount": 2_000}))
        .await
        .expect(200);
    let again = checkout.payment.refund_with("r-1", &body).await.expect(200);
    assert_eq!(first.bytes, again.bytes);
    assert!(again.replayed());
    let other = checkout
        .payment
        .refund_with("r-1", &json!({"amount": 999}))
        .await;
    other.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(checkout.payment.now().await["refunded"], 3_000);
    assert_eq!(toss.balance(), 8_000);
}

#[tokio::test]
async fn refused_refund_leaves_its_amount_to_the_next() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Cancel, refuses);
    let refused = refund(&checkout, json!({"amount": 4_000}))
        .await
        .expect(200);
    assert_eq!(refused["status"], "FAILED");
    assert_eq!(shop.balance("refund_pending").await, 0);
    assert_eq!(checkout.payment.now().await["refunded"], 0);
    let failed = events(&shop, &checkout, "REFUND_FAILED").await;
    assert_eq!(failed[0]["refund_id"], refused["refund_id"]);
    assert_eq!(failed[0]["amount"]["amount"], 4_000);
    refund(&checkout, json!({})).await.expect(200);
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    toss.agrees_with(&shop).await;
}

/// A refund of a part that Toss refuses is transferred by a person: that part and no more, and it is not refunded by
/// Toss too when the rest is.
#[tokio::test]
async fn refused_part_is_transferred_and_not_refunded_twice() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Cancel, refuses);
    refund(&checkout, json!({"amount": 4_000}))
        .await
        .expect(200);
    let path = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let sent = json!({"resolution": "returned", "reason": "계좌로 보냄"});
    let resolved = shop.admin().post(&path, &sent).await.expect(200);
    assert_eq!(resolved["refunded"], 4_000);
    assert_eq!(shop.balance("settlement_bank").await, -4_000);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]));
    checkout.payment.cancel().await.expect(200);
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    assert_eq!(checkout.order.status().await, "REFUNDED");
    assert_eq!(toss.balance(), 4_000, "which was transferred");
    assert_eq!(shop.balance("gateway_receivable").await, 4_000);
    assert_eq!(shop.balance("hold").await, 0);
}

/// `return` repeats the refused refund, not more.
#[tokio::test]
async fn refused_part_is_asked_for_again_from_the_desk() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Cancel, refuses);
    refund(&checkout, json!({"amount": 4_000}))
        .await
        .expect(200);
    let path = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let again = json!({"resolution": "return", "reason": "다시"});
    let resolved = shop.admin().post(&path, &again).await.expect(200);
    assert_eq!(resolved["refunded"], 4_000);
    assert_eq!(toss.balance(), 7_000);
    toss.agrees_with(&shop).await;
}

/// The answer is lost; the balance and the operation in the cancel's reason tell that it was done.
#[tokio::test]
async fn lost_answer_of_a_part_is_found_and_blocks_the_next_meanwhile() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    let payment = checkout.payment.clone();
    let asked = tokio::spawn(async move { payment.refund(&json!({"amount": 4_000})).await });
    until("its answer is known to be missing", || async {
        checkout.payment.now().await["operation"]["state"] == "UNKNOWN"
    })
    .await;
    let next = refund(&checkout, json!({"amount": 1})).await;
    next.refused(409, "OPERATION_IN_FLIGHT");
    assert_eq!(-shop.balance("refund_pending").await, 4_000);
    toss.recovers();
    shop.advance(Duration::from_secs(10));
    let told = asked.await.expect("no panic");
    assert!(matches!(told.text("status"), "UNKNOWN" | "SUCCEEDED"));
    until("the refund is found", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.now().await["refunded"] == 4_000
    })
    .await;
    assert_eq!(toss.balance(), 7_000);
    toss.agrees_with(&shop).await;
    let requested = events(&shop, &checkout, "REFUND_SUCCEEDED").await;
    assert_eq!(requested.len(), 1);
    assert_eq!(requested[0]["requested"], true);
}

/// While our refund has no answer, somebody refunds as much in Toss's own pages: both are booked, each as what it is.
#[tokio::test]
async fn refund_in_the_dashboard_is_not_taken_for_ours() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&checkout.approved_key().await, Some(2_000));
    until("the refund is booked", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.now().await["refunded"] == 2_000
    })
    .await;
    refund(&checkout, json!({"amount": 2_000}))
        .await
        .expect(200);
    let booked = events(&shop, &checkout, "REFUND_SUCCEEDED").await;
    let requested: Vec<_> = booked.iter().map(|event| &event["requested"]).collect();
    assert_eq!(requested, [&json!(false), &json!(true)]);
    assert_eq!(checkout.payment.now().await["refunded"], 4_000);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]));
    toss.agrees_with(&shop).await;
}

/// The reason is for the merchant's own records: sealed, and shown in the payment's transactions.
#[tokio::test]
async fn refund_names_who_asked_and_why_in_the_transactions() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = paid(&shop, &toss, "o-1").await;
    let body = json!({"amount": 1_000, "reason": "김하나 님 요청"});
    let done = refund(&checkout, body).await.expect(200);
    let asked = events(&shop, &checkout, "REFUND_ASKED_FOR").await;
    assert_eq!(asked[0]["refund_id"], done["refund_id"]);
    assert_eq!(asked[0]["reason"], "김하나 님 요청");
    assert!(!asked[0]["asked_by"].as_str().expect("a name").is_empty());
}
