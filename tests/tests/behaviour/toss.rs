//! Paying through Toss: the whole checkout, and refunds.

mod consents;
mod deposits;
mod errors;
mod faults;
mod giving_back;
mod hints;
mod in_part;
mod once;
mod people;
mod receipts;
mod refunds;
mod restarts;
mod sessions;
mod waiting;
mod wallets;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::Shop;
use daegeum_tests::checkout::{body, confirm};
use serde_json::json;

#[tokio::test]
async fn buyer_pays_through_toss() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout(&toss).await;
    assert_eq!(checkout.status().await, "created");
    let paid = checkout.pay().await.expect(200);
    assert_eq!(
        (paid.text("detail"), &paid["operation"]),
        (
            "CAPTURED",
            &json!({"kind": "confirm", "state": "SUCCEEDED"})
        )
    );
    assert_eq!(order.status().await, "PAID");
    let now = checkout.now().await;
    assert_eq!((now.text("status"), now.text("next")), ("paid", "nothing"));
    assert_eq!(shop.balance("gateway_receivable").await, 11_000);
    assert_eq!(toss.balance(), 11_000);
    assert_eq!(toss.calls().0, 1);
}

#[tokio::test]
async fn concurrent_confirmations_make_one_call() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout(&toss).await;
    let approved = checkout.approve().await;
    let all = (0..64).map(|_| {
        let (checkout, approved) = (checkout.clone(), approved.clone());
        tokio::spawn(async move { checkout.confirm(&approved).await.expect(200).bytes })
    });
    let mut answers = Vec::new();
    for one in all.collect::<Vec<_>>() {
        answers.push(one.await.expect("no panic"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "they differ");
    assert_eq!(toss.calls().0, 1);
    assert_eq!(toss.balance(), 11_000);
}

#[tokio::test]
async fn order_with_two_sessions_is_paid_once() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let (one, other) = (order.checkout(&toss).await, order.checkout(&toss).await);
    let (first, second) = (one.approve().await, other.approve().await);
    let both = tokio::join!(one.confirm(&first), other.confirm(&second));
    let statuses = [both.0.status, both.1.status];
    assert!(
        statuses.contains(&200) && statuses.contains(&409),
        "{statuses:?}"
    );
    assert_eq!(order.status().await, "PAID");
    assert_eq!((toss.calls().0, toss.balance()), (1, 11_000));
}

#[tokio::test]
async fn tampered_return_is_refused_without_a_call() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout(&toss).await;
    let approved = checkout.approve().await;
    let mut tampered = approved.clone();
    tampered.amount = 100;
    let refused = checkout.confirm(&tampered).await.refused(422, "MISMATCHED");
    assert!(refused["errors"].is_null() || refused["errors"] == json!([]));
    let other = shop.order("o-2").register().await.checkout(&toss).await;
    confirm(&other.browser, &approved)
        .await
        .refused(422, "MISMATCHED");
    let said = body(&tampered);
    let verified = checkout.browser.post("/api/v1/payments/verify", &said);
    verified.await.refused(422, "MISMATCHED");
    assert_eq!(toss.calls(), (0, 0, 0));
    checkout.confirm(&approved).await.expect(200);
    assert_eq!(order.status().await, "PAID");
}

#[tokio::test]
async fn refusal_explains_itself_and_another_card_pays() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout(&toss).await;
    let approved = checkout.approve_what_fails("REJECT_CARD_COMPANY").await;
    let failed = checkout.confirm(&approved).await.expect(200);
    assert_eq!(failed.text("detail"), "FAILED");
    let failure = &failed["failure"];
    assert_eq!(failure["code"], "REJECT_CARD_COMPANY");
    assert_eq!(failure["fault"], "buyer");
    assert!(
        !failure["message"]["ko"]
            .as_str()
            .expect("Korean")
            .is_empty()
    );
    assert_eq!(order.status().await, "PAYMENT_PENDING");

    order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(order.status().await, "PAID");
    assert_eq!(toss.balance(), 11_000);
}

#[tokio::test]
async fn lost_answer_is_inquired_about_and_the_order_paid_once() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::ResponseLost { silent_ms: 0 }, 1);
    let confirming = {
        let (checkout, approved) = (checkout.clone(), approved.clone());
        tokio::spawn(async move { checkout.confirm(&approved).await })
    };
    daegeum_tests::until("the outcome is unknown", || async {
        checkout.status().await == "unknown"
    })
    .await;
    shop.look_at_unanswered().await;
    let paid = confirming.await.expect("no panic").expect(200);
    assert_eq!(paid.text("detail"), "CAPTURED");
    assert_eq!((toss.calls().0, toss.balance()), (1, 11_000));
}

#[tokio::test]
async fn merchant_can_refund() {
    let (shop, toss) = Shop::open_with_toss().await;
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let buyer = shop.buyer("buyer-1");
    let path = format!("/api/v1/payments/{}/cancel", checkout.payment.id);
    buyer.ask(&path).await.refused(409, "PAYMENT_NOT_PERMITTED");
    let back = checkout.payment.cancel().await.expect(200);
    assert_eq!(
        (back.text("status"), back.text("detail")),
        ("CAPTURED", "REFUNDED")
    );
    assert_eq!(order.status().await, "REFUNDED");
    assert_eq!(
        checkout.payment.cancel().await.expect(200).text("detail"),
        "REFUNDED"
    );
    for account in ["gateway_receivable", "hold", "refund_pending"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
    assert_eq!((toss.calls().2, toss.balance()), (1, 0));
}
