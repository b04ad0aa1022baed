//! Refunds: by the merchant, by canceling the order, or in Toss's own dashboard. Booking an order and confirming it
//! later, at a gateway that can only capture.

use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{CheckoutVisit, Shop, until};
use serde_json::{Value, json};

/// An order that holds its money until it is confirmed, paid.
async fn booked(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    let order = shop.order(id).on_confirmation().register().await;
    let checkout = order.checkout(toss).await;
    checkout.pay().await.expect(200);
    checkout
}

async fn paid(shop: &Shop, toss: &Gateway, id: &str) -> CheckoutVisit {
    let checkout = shop.order(id).register().await.checkout(toss).await;
    checkout.pay().await.expect(200);
    checkout
}

async fn nothing_is_left(shop: &Shop, toss: &Gateway) {
    assert_eq!(toss.balance(), 0);
    for account in ["gateway_receivable", "hold", "refund_pending", "suspense"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
    toss.agrees_with(shop).await;
}

#[tokio::test]
async fn booking_is_captured_at_once_and_earned_when_confirmed() {
    let (shop, toss) = Shop::open_with_toss().await;
    let booking = booked(&shop, &toss, "o-1").await;
    let order = booking.order.now().await;
    assert_eq!(
        (order.text("status"), order.text("detail")),
        ("AUTHORIZED", "RESERVED")
    );
    assert_eq!(booking.payment.detail().await, "CAPTURED");
    assert_eq!(booking.now().await["capture"], "charge_then_hold");
    booking.order.confirm().await.expect(200);
    assert_eq!(booking.order.status().await, "PAID");
    assert_eq!(booking.order.confirm().await.expect(200)["status"], "PAID");
    assert_eq!(toss.calls(), (1, 0, 0), "confirming calls nobody");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn canceled_booking_is_refunded() {
    let (shop, toss) = Shop::open_with_toss().await;
    let booking = booked(&shop, &toss, "o-1").await;
    let canceled = booking.order.cancel().await.expect(200);
    assert_eq!(canceled.text("status"), "CANCELED");
    assert_eq!(booking.payment.detail().await, "REFUNDED");
    booking.order.cancel().await.expect(200);
    assert_eq!(toss.calls(), (1, 0, 1));
    nothing_is_left(&shop, &toss).await;
}

#[tokio::test]
async fn refused_refund_of_a_booking_is_repeated_under_a_new_key() {
    let (shop, toss) = Shop::open_with_toss().await;
    let booking = booked(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&booking.payment, CallFilter::Cancel, refuses);
    let asked = booking.order.cancel().await.expect(200);
    assert_eq!(asked.text("status"), "CANCEL_REQUESTED");
    let refused = booking.payment.now().await;
    assert_eq!(refused["operation"]["state"], "REFUSED");
    assert_eq!(booking.payment.detail().await, "CAPTURED");
    assert_eq!(shop.balance("refund_pending").await, 0);
    assert_eq!(-shop.balance("hold").await, 11_000);
    let confirmed = booking.order.confirm().await;
    confirmed.refused(409, "ORDER_NOT_PERMITTED");
    let canceled = booking.order.cancel().await.expect(200);
    assert_eq!(canceled.text("status"), "CANCELED");
    assert_eq!(booking.payment.operations().await.len(), 3);
    assert_eq!(toss.keys().len(), 3);
    nothing_is_left(&shop, &toss).await;
}

#[tokio::test]
async fn lost_refund_answer_is_recognised_by_the_operation_in_its_reason() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = paid(&shop, &toss, "o-1").await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_once(&paid.payment, CallFilter::Cancel, lost);
    let asked = paid.payment.cancel_without_answer().await;
    shop.ask_gateway().await;
    let back = asked.await.expect("no panic").expect(200);
    assert_eq!(back.text("detail"), "REFUNDED");
    assert_eq!(toss.calls(), (1, 1, 1), "asked, not sent again");
    let operation = &paid.payment.operations().await[1];
    let theirs = toss.payment(&paid.payment.id).expect("theirs");
    let reason = theirs["cancels"][0]["cancelReason"].as_str();
    assert!(reason.expect("a reason").contains(operation));
    let refunded = paid.happened("REFUND_SUCCEEDED").await;
    assert_eq!(refunded["requested"], true);
    nothing_is_left(&shop, &toss).await;
}

#[tokio::test]
async fn refund_in_toss_dashboard_is_found_by_an_inquiry() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = paid(&shop, &toss, "o-1").await;
    toss.notifies(Some(&shop.address()));
    toss.cancel_in_dashboard(&paid.approved_key().await);
    until("Toss is asked", || async {
        shop.ask_gateway().await;
        toss.calls().1 == 1
    })
    .await;
    assert_eq!(paid.payment.detail().await, "REFUNDED");
    assert_eq!(paid.order.status().await, "REFUNDED");
    let refunded = paid.happened("REFUND_SUCCEEDED").await;
    assert_eq!(refunded["requested"], false);
    assert_eq!(refunded["source"], "inquiry");
    nothing_is_left(&shop, &toss).await;
}

#[tokio::test]
async fn refund_in_toss_dashboard_prevents_a_second_refund() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = paid(&shop, &toss, "o-1").await;
    toss.cancel_in_dashboard(&paid.approved_key().await);
    let asked = paid.payment.cancel_without_answer().await;
    shop.settle(&paid.payment).await;
    asked.await.expect("no panic").expect(200);
    assert_eq!(paid.payment.detail().await, "REFUNDED");
    nothing_is_left(&shop, &toss).await;
}

/// An order is canceled while its confirmation is in flight; Toss then answers that it captured the money.
#[tokio::test]
async fn money_captured_for_a_canceled_order_is_refunded() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::Held { ms: 60_000 }, 1);
    let asked = checkout.begin_to_confirm(&approved);
    until("it is under way", || async { toss.calls().0 == 1 }).await;
    let canceled = checkout.order.begin_to_cancel().await;
    shop.advance(Duration::from_mins(1));
    let canceled = canceled.await.expect("no panic").expect(200);
    assert_eq!(canceled.text("status"), "CANCELED");
    asked.await.expect("no panic").expect(200);
    until("the money is back", || async { toss.balance() == 0 }).await;
    shop.calls_rest().await;
    assert_eq!(checkout.order.status().await, "CANCELED");
    assert_eq!(checkout.payment.detail().await, "RETURNED");
    assert_eq!(toss.calls(), (1, 0, 1));
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]), "nobody has to do anything");
    nothing_is_left(&shop, &toss).await;
}

/// A confirmation that Toss has not done is not repeated once its order is to be canceled: capturing only to refund
/// makes no sense.
#[tokio::test]
async fn lost_confirmation_is_not_repeated_for_an_order_to_be_canceled() {
    let (shop, toss) = Shop::open_with_toss().await;
    shop.let_requests_wait_for(Duration::from_millis(20));
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let lost = Fault::RequestLost { silent_ms: 0 };
    toss.fails(CallFilter::Confirm, lost, 1);
    let asked = checkout.confirm_without_answer(&approved).await;
    asked.await.expect("no panic").expect(202);
    checkout.order.cancel().await.expect(202);
    until("the order is canceled", || async {
        shop.advance(Duration::from_mins(1));
        shop.ask_gateway().await;
        checkout.order.status().await == "CANCELED"
    })
    .await;
    assert_eq!(toss.calls().0, 1, "it was asked about, and not sent again");
    assert_eq!(checkout.payment.detail().await, "FAILED");
    nothing_is_left(&shop, &toss).await;
}

/// The same with an unknown outcome across a restart.
#[tokio::test]
async fn money_found_for_a_canceled_order_after_a_restart_is_refunded() {
    let (shop, toss) = Shop::open_with_toss().await;
    shop.let_requests_wait_for(Duration::from_millis(20));
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    let asked = checkout.confirm_without_answer(&approved).await;
    asked.await.expect("no panic").expect(202);
    checkout.order.cancel().await.expect(202);
    let shop = shop.reopen().await;
    let checkout = checkout.at(shop.stranger());
    assert_eq!(checkout.order.status().await, "CANCEL_REQUESTED");
    toss.recovers();
    shop.settle(&checkout.payment).await;
    assert_eq!(checkout.order.status().await, "CANCELED");
    assert_eq!(checkout.payment.detail().await, "RETURNED");
    nothing_is_left(&shop, &toss).await;
}

#[tokio::test]
async fn booking_with_a_refunded_payment_waits_for_another() {
    let (shop, toss) = Shop::open_with_toss().await;
    let booking = booked(&shop, &toss, "o-1").await;
    let lost = Fault::RequestLost { silent_ms: 0 };
    toss.fails_once(&booking.payment, CallFilter::Cancel, lost);
    let asked = booking.payment.cancel_without_answer().await;
    let confirmed = booking.order.confirm().await;
    confirmed.refused(409, "OPERATION_IN_FLIGHT");
    let captured = booking.payment.capture().await;
    captured.refused(409, "OPERATION_IN_FLIGHT");
    shop.settle(&booking.payment).await;
    asked.await.expect("no panic").expect(200);
    assert_eq!(booking.order.status().await, "PAYMENT_PENDING");
    booking.order.checkout(&toss).await.pay().await.expect(200);
    assert_eq!(booking.order.status().await, "AUTHORIZED");
    assert_eq!(toss.balance(), 11_000);
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn deadline_waits_for_the_call_in_flight() {
    let (shop, toss) = Shop::open_with_toss().await;
    for (id, declined) in [("taken", false), ("refused", true)] {
        let order = shop.order(id).register().await;
        let checkout = order.checkout(&toss).await;
        // The buyer comes back five minutes before the order's half hour is over.
        shop.advance(Duration::from_mins(25));
        let approved = match declined {
            true => checkout.approve_what_fails("REJECT_CARD_COMPANY").await,
            false => checkout.approve().await,
        };
        let before = toss.calls().0;
        let held = Fault::Held { ms: 8 * 60_000 };
        toss.fails_once(&checkout.payment, CallFilter::Confirm, held);
        let asked = checkout.begin_to_confirm(&approved);
        until("it is under way", || async { toss.calls().0 > before }).await;
        shop.advance(Duration::from_mins(6));
        shop.look_at_deadlines().await;
        assert_eq!(order.status().await, "CANCEL_REQUESTED", "{id}");
        assert_eq!(checkout.status().await, "pending", "{id}");
        shop.advance(Duration::from_mins(2));
        asked.await.expect("no panic").expect(200);
        until("it has ended", || async {
            order.status().await == "CANCELED"
        })
        .await;
        until("the money is back", || async {
            shop.ask_gateway().await;
            toss.balance() == 0
        })
        .await;
    }
    nothing_is_left(&shop, &toss).await;
}

/// A certain refusal although the money was captured: Toss's later answer counts.
#[tokio::test]
async fn refusal_that_captured_is_corrected_by_a_hint() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let (status, code, kept) = (400, "INVALID_STOPPED_CARD".to_owned(), false);
    let lies = Fault::ErrorAfter { status, code, kept };
    toss.fails_once(&checkout.payment, CallFilter::Confirm, lies);
    toss.notifies(Some(&shop.address()));
    let told = checkout.confirm(&approved).await.expect(200);
    assert_eq!(told.text("detail"), "FAILED");
    until("Toss is asked", || async {
        shop.ask_gateway().await;
        toss.calls().1 == 1
    })
    .await;
    assert_eq!(checkout.payment.detail().await, "CAPTURED");
    assert_eq!(checkout.order.status().await, "PAID");
    toss.agrees_with(&shop).await;
}

async fn desk(shop: &Shop) -> Value {
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    desk["items"].clone()
}

/// Paid, and then 4,000 won were refunded in Toss's dashboard, which is booked.
async fn canceled_in_part(shop: &Shop, toss: &Gateway, id: &str) -> (CheckoutVisit, String) {
    toss.notifies(Some(&shop.address()));
    let checkout = paid(shop, toss, id).await;
    let key = checkout.approved_key().await;
    toss.cancel_part_in_dashboard(&key, Some(4_000));
    until("it is booked", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.now().await["refunded"] == 4_000
    })
    .await;
    assert_eq!(desk(shop).await, json!([]));
    assert_eq!(shop.balance("gateway_receivable").await, 7_000);
    (checkout, key)
}

async fn everything_went_back(shop: &Shop, toss: &Gateway, checkout: &CheckoutVisit) {
    assert_eq!(checkout.payment.detail().await, "REFUNDED");
    assert_eq!(desk(shop).await, json!([]));
    assert_eq!(toss.balance(), 0);
    for account in ["gateway_receivable", "hold", "refund_pending"] {
        assert_eq!(shop.balance(account).await, 0, "{account}");
    }
}

/// Parts refunded in Toss's dashboard are booked, one after the other.
#[tokio::test]
async fn partial_refunds_in_toss_dashboard_are_booked_until_nothing_is_left() {
    let (shop, toss) = Shop::open_with_toss().await;
    let (checkout, key) = canceled_in_part(&shop, &toss, "o-1").await;
    toss.cancel_part_in_dashboard(&key, None);
    until("it went back", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.detail().await == "REFUNDED"
    })
    .await;
    everything_went_back(&shop, &toss, &checkout).await;
}

/// Toss is asked to refund what it still has, not what it once captured.
#[tokio::test]
async fn rest_after_a_partial_refund_can_be_refunded() {
    let (shop, toss) = Shop::open_with_toss().await;
    let (checkout, _) = canceled_in_part(&shop, &toss, "o-1").await;
    let refunded = checkout.payment.cancel().await.expect(200);
    assert_eq!(refunded["operation"]["state"], "SUCCEEDED");
    everything_went_back(&shop, &toss, &checkout).await;
}

#[tokio::test]
async fn money_that_the_gateway_keeps_is_refunded_by_bank_transfer() {
    let (shop, toss) = Shop::open_with_toss().await;
    let booking = booked(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&booking.payment, CallFilter::Cancel, refuses);
    let asked = booking.order.cancel().await.expect(200);
    assert_eq!(asked.text("status"), "CANCEL_REQUESTED");
    let path = format!("/api/v1/admin/payments/{}/resolve", booking.payment.id);
    let take = json!({"resolution": "take", "reason": "?"});
    shop.admin()
        .post(&path, &take)
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
    let returned = json!({"resolution": "returned", "reason": "계좌로 보냄"});
    let settled = shop.admin().post(&path, &returned).await.expect(200);
    assert_eq!(settled.text("detail"), "REFUNDED");
    assert_eq!(booking.order.status().await, "CANCELED");
    assert_eq!(shop.balance("hold").await, 0);
    assert_eq!(shop.balance("refund_pending").await, 0);
    assert_eq!(shop.balance("settlement_bank").await, -11_000);
    assert_eq!(
        shop.balance("gateway_receivable").await,
        11_000,
        "it still owes it"
    );
}

/// Money arrives on an account that is being closed: it is refunded, and the books are right throughout.
#[tokio::test]
async fn deposit_on_a_closing_account_is_booked_as_refund_pending() {
    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(Some(&shop.address()));
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay_by_transfer().await.expect(200);
    let key = checkout.approved_key().await;
    toss.fails_once(
        &checkout.payment,
        CallFilter::Cancel,
        Fault::RequestLost { silent_ms: 0 },
    );
    let asked = checkout.payment.cancel_without_answer().await;
    toss.deposit(&key);
    until("the money has come", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.detail().await == "CAPTURED"
    })
    .await;
    assert!(
        shop.balance("refund_pending").await <= 0,
        "owed to the buyer, never by"
    );
    for _ in 0..20 {
        shop.advance(Duration::from_mins(3));
        shop.ask_gateway().await;
    }
    asked.await.expect("no panic");
    // Toss needs a bank account for the refund of a transfer, and so refuses: the money is the order's again.
    assert_eq!(shop.balance("refund_pending").await, 0);
    assert_eq!(shop.balance("hold").await, -11_000);
    assert_eq!(shop.balance("gateway_receivable").await, 11_000);
}

/// A shop's program repeats a refund that the gateway refuses: gateway and journal are protected by a rest, reads
/// still work, and once the cause is gone the refund soon succeeds.
#[tokio::test]
async fn repeatedly_refused_refund_rests() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = paid(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_always(&paid.payment, CallFilter::Cancel, refuses);
    let key = "refund-1";
    let first = paid.payment.cancel_with(key).await.expect(200);
    for _ in 1..10 {
        let refused = paid.payment.cancel().await.expect(200);
        assert_eq!(refused["operation"]["state"], "REFUSED");
    }
    let (asked, events) = (toss.calls(), paid.payment.events().await.len());
    for _ in 0..200 {
        let rests = paid.payment.cancel().await;
        let rest = rests.headers["retry-after"].to_str().expect("seconds");
        assert!((1..=60).contains(&rest.parse::<u64>().expect("seconds")));
        rests.refused(409, "REFUND_RESTING");
    }
    assert_eq!(toss.calls(), asked, "nobody is asked");
    assert_eq!(
        paid.payment.events().await.len(),
        events,
        "nothing is written"
    );
    assert_eq!(paid.status().await, "paid");
    let receipt = paid.payment.path("/receipt");
    shop.merchant().get(&receipt).await.expect(200);
    let again = paid.payment.cancel_with(key).await;
    assert!(again.replayed());
    assert_eq!(again.body(), first.body());

    toss.recovers();
    shop.advance(Duration::from_secs(60));
    // Refused while it rested, under a key: that is not kept.
    let back = paid.payment.cancel_with("refund-2").await.expect(200);
    assert_eq!(back.text("detail"), "REFUNDED");
    let again = paid.payment.cancel_with(key).await;
    assert_eq!(
        again.body(),
        first.body(),
        "as it was when its call had ended"
    );
    nothing_is_left(&shop, &toss).await;
}

#[tokio::test]
async fn transactions_come_in_pages() {
    let (shop, toss) = Shop::open_with_toss().await;
    let paid = paid(&shop, &toss, "o-1").await;
    let all = paid.payment.transactions().await;
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let path = paid.payment.path(&format!("/transactions?{query}"));
        let page = shop.merchant().get(&path).await.expect(200);
        let items = page["items"].as_array().expect("items");
        assert!((1..=2).contains(&items.len()));
        seen.extend(items.iter().cloned());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("limit=2&after={next}");
    }
    assert_eq!(seen, all);
    for query in ["limit=0", "limit=101", "after=x", "after=-1"] {
        let path = paid.payment.path(&format!("/transactions?{query}"));
        let refused = shop.merchant().get(&path).await;
        refused.refused(400, "INVALID_PARAMETER");
    }
    let path = paid.payment.path("/transactions?after=1000");
    let behind = shop.merchant().get(&path).await.expect(200);
    assert_eq!(
        (&behind["items"], &behind["next"]),
        (&json!([]), &json!(null))
    );
}

#[tokio::test]
async fn refused_cancellation_keeps_its_answer_after_the_next_succeeds() {
    let (shop, toss) = Shop::open_with_toss().await;
    let booking = booked(&shop, &toss, "o-1").await;
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_once(&booking.payment, CallFilter::Cancel, refuses);
    let merchant = shop.merchant();
    let cancel = |key: &'static str| {
        let merchant = merchant.clone();
        async move {
            let path = "/api/v1/orders/o-1/cancel";
            merchant.post_keyed(path, key, &json!({})).await.expect(200)
        }
    };
    let refused = cancel("first").await;
    assert_eq!(refused["status"], "CANCEL_REQUESTED");
    let canceled = cancel("second").await;
    assert_eq!(canceled["status"], "CANCELED");
    assert_eq!(cancel("first").await.bytes, refused.bytes);
    assert_eq!(cancel("second").await.bytes, canceled.bytes);
    nothing_is_left(&shop, &toss).await;
}
