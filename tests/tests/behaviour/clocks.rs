//! Wrong clocks: behind the records, hours or years ahead of them, set while the shop is open. Payments go on,
//! nothing is destroyed, and the problem is reported.

use std::sync::Arc;
use std::time::Duration;

use daegeum_engine::sealed::RetentionClass;
use daegeum_engine::store::files::DiskFiles;
use daegeum_engine::store::keyring::{Keyring, MasterKey};
use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::{Captured, CheckoutVisit, Payment, Shop, program, secrets};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const HOUR_MS: i64 = 3_600_000;
const NINE_HOURS_MS: i64 = 9 * HOUR_MS;
const SIX_YEARS_MS: i64 = 6 * 365 * 24 * HOUR_MS;

/// A figure says so many milliseconds, in seconds; the machine's clock and the monotonic one may differ by a little.
async fn expect_seconds(shop: &Shop, name: &str, ms: i64) {
    let told = i64::try_from(shop.figure(name).await).expect("not that long");
    assert!((ms / 1_000 - told).abs() <= 5, "{name}: {told}");
}

/// A checkout as seen after the shop has opened again.
fn again(shop: &Shop, checkout: &CheckoutVisit) -> CheckoutVisit {
    checkout.at(shop.stranger())
}

#[tokio::test]
async fn record_nine_hours_ahead_stops_no_confirmation_and_no_refund() {
    let (shop, toss) = Shop::open_with_toss_at(NINE_HOURS_MS).await;
    let waiting = shop.order("o-1").register().await;
    shop.set_wall(0);
    let shop = shop.reopen().await;
    let paid = shop.order("o-2").register().await.checkout(&toss).await;
    paid.pay().await.expect(200);
    paid.payment.cancel().await.expect(200);
    assert_eq!(paid.payment.detail().await, "REFUNDED");
    assert_eq!(toss.calls(), (1, 0, 1), "each was sent, once and at once");
    toss.agrees_with(&shop).await;

    // Its deadline comes when its time has passed, and not when the clock has caught up.
    let waiting = waiting.at(&shop.address());
    shop.advance(29 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(waiting.status().await, "PAYMENT_PENDING");
    shop.advance(4 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(waiting.status().await, "CANCELED");
}

#[tokio::test]
async fn lost_answer_is_inquired_about_while_the_clock_is_behind() {
    let (shop, toss) = Shop::open_with_toss_at(NINE_HOURS_MS).await;
    shop.order("o-1").register().await;
    shop.set_wall(0);
    let shop = shop.reopen().await;
    let checkout = shop.order("o-2").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails_once(
        &checkout.payment,
        CallFilter::Confirm,
        Fault::ResponseLost { silent_ms: 0 },
    );
    let asked = checkout.confirm_without_answer(&approved).await;
    shop.settle(&checkout.payment).await;
    asked.await.expect("no panic").expect(200);
    assert_eq!(checkout.status().await, "paid");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn call_of_an_earlier_process_is_recognised_under_any_clock() {
    for wall_ms in [-NINE_HOURS_MS, NINE_HOURS_MS, SIX_YEARS_MS] {
        let (shop, toss) = Shop::open_with_toss().await;
        let checkout = shop.order("o-1").register().await.checkout(&toss).await;
        let approved = checkout.approve().await;
        let lost = Fault::ResponseLost { silent_ms: 0 };
        toss.fails_always(&checkout.payment, CallFilter::Any, lost);
        shop.let_requests_wait_for(Duration::from_millis(20));
        let asked = checkout.confirm_without_answer(&approved).await;
        asked.await.expect("no panic").expect(202);
        shop.set_wall(wall_ms);
        let shop = shop.reopen().await;
        toss.recovers();
        let same = again(&shop, &checkout);
        shop.settle(&same.payment).await;
        assert_eq!(same.status().await, "paid", "{wall_ms}");
        let next = shop.order("o-2").register().await.checkout(&toss).await;
        next.pay().await.expect(200);
        toss.agrees_with(&shop).await;
    }
}

#[tokio::test]
async fn setting_a_clock_does_not_end_a_gateways_window() {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails_once(
        &checkout.payment,
        CallFilter::Confirm,
        Fault::RequestLost { silent_ms: 0 },
    );
    shop.let_requests_wait_for(Duration::from_millis(20));
    let asked = checkout.confirm_without_answer(&approved).await;
    asked.await.expect("no panic").expect(202);
    // Followed after a minute: in domain time the ten minutes of a confirmation are over.
    shop.set_wall(HOUR_MS / 2);
    shop.look_at_unanswered().await;
    shop.advance(MINUTE);
    shop.ask_gateway().await;
    assert_ne!(
        checkout.payment.detail().await,
        "FAILED",
        "that Toss knows of nothing is no answer yet"
    );
    shop.settle(&checkout.payment).await;
    assert_eq!(checkout.payment.detail().await, "CAPTURED");
    toss.agrees_with(&shop).await;
}

#[tokio::test]
async fn clock_set_ahead_for_a_while_cancels_no_order() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    shop.set_wall(NINE_HOURS_MS);
    for _ in 0..9 {
        shop.look_at_deadlines().await;
        shop.advance(MINUTE);
    }
    expect_seconds(&shop, "clock_ahead_seconds", NINE_HOURS_MS).await;
    shop.set_wall(0);
    shop.look_at_deadlines().await;
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    assert_eq!(shop.figure("clock_ahead_seconds").await, 0);

    // One that stays is followed.
    shop.set_wall(NINE_HOURS_MS);
    shop.look_at_deadlines().await;
    shop.advance(10 * MINUTE);
    shop.look_at_deadlines().await;
    assert_eq!(order.status().await, "CANCELED");
}

#[tokio::test]
async fn clock_behind_the_records_is_reported_with_its_offset() {
    let (shop, _toss) = Shop::open_with_toss_at(-SIX_YEARS_MS).await;
    assert_eq!(shop.figure("clock_behind_seconds").await, 0);
    assert_eq!(shop.figure("clock_ahead_seconds").await, 0);
    shop.set_wall(0);
    shop.look_at_unanswered().await;
    // It is followed only on the operator's word.
    expect_seconds(&shop, "clock_ahead_seconds", SIX_YEARS_MS).await;
    let shop = shop.reopen_trusting_its_clock().await;
    shop.order("o-1").register().await;
    shop.set_wall(-NINE_HOURS_MS);
    let shop = shop.reopen().await;
    expect_seconds(&shop, "clock_behind_seconds", NINE_HOURS_MS).await;
}

#[tokio::test]
async fn doctor_reports_how_far_the_clock_is_behind_the_records() {
    let (shop, _toss) = Shop::open_with_toss_at(NINE_HOURS_MS).await;
    shop.order("o-1").register().await;
    let folder = shop.close();
    let mut variables = secrets::environment();
    variables.push(("DAEGEUM_GATEWAYS_MOCK".to_owned(), "true".to_owned()));
    let told = program::run_with(&["doctor", "--json"], folder.path(), &variables);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains("domain time") && told.contains("h 59 min behind the records"),
        "{told}"
    );
}

/// Who the buyer of a session says they are.
async fn known(checkout: &CheckoutVisit) -> Value {
    let window = checkout.prepare().await.expect(200)["window"].clone();
    window["customer_name"].clone()
}

/// An order with a decision of a person in its past.
async fn decided(shop: &Shop, id: &str) -> Payment {
    let order = shop.order(id).register().await;
    let payment = order.pay().await;
    order.cancel().await.expect(200);
    payment.notify(Captured).await;
    let path = format!("/api/v1/admin/payments/{}/resolve", payment.id);
    let decision = json!({"resolution": "return", "reason": "돌려줌"});
    shop.admin().post(&path, &decision).await.expect(200);
    payment
}

/// The person's reason, if it can be read.
fn reason(events: &[Value]) -> Value {
    let mut events = events.iter();
    let decided = events.find(|event| event["event_type"] == "PERSON_DECIDED");
    decided.expect("a decision")["payload"]["reason"].clone()
}

#[tokio::test]
async fn start_six_years_ahead_destroys_nothing() {
    let settings = [("DAEGEUM_GATEWAYS_MOCK", "true")];
    let (shop, toss) = Shop::open_with_toss_and(&settings).await;
    let buyer = json!({ "buyer_name": "김철수" });
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout_with(&toss, buyer.clone()).await;
    assert_eq!(known(&checkout).await, "김철수");
    let old = decided(&shop, "o-2").await;

    // The operator's word makes it worse: domain time is six years ahead from here on.
    shop.set_wall(SIX_YEARS_MS);
    let shop = shop.reopen_trusting_its_clock().await;
    shop.look_at_retention().await;
    decided(&shop, "o-3").await;
    shop.look_at_retention().await;
    for _ in 0..10 {
        shop.advance(DAY);
        shop.order(&format!("day-{}", shop.last_event().await))
            .register()
            .await;
        shop.look_at_retention().await;
    }
    let doubted = shop
        .figure("retention_days_doubted{class=\"remark\"}")
        .await;
    assert_eq!(doubted, 1, "it says what the calendar would have dropped");

    shop.set_wall(0);
    let shop = shop.reopen().await;
    shop.look_at_retention().await;
    let old = old.at(&shop.address());
    assert_eq!(reason(&old.transactions().await), "돌려줌");
    decided(&shop, "o-4").await;
    let next = shop.order("o-5").register().await;
    let next = next.checkout_with(&toss, buyer).await;
    assert_eq!(known(&next).await, "김철수");
    next.pay().await.expect(200);
    toss.agrees_with(&shop).await;
}

/// What an earlier version did to a directory: every key up to a day in the future is gone.
#[tokio::test]
async fn server_works_after_a_clock_erased_todays_key() {
    let settings = [("DAEGEUM_GATEWAYS_MOCK", "true")];
    let (shop, toss) = Shop::open_with_toss_and(&settings).await;
    let buyer = json!({ "buyer_name": "김철수" });
    let order = shop.order("o-1").register().await;
    let checkout = order.checkout_with(&toss, buyer.clone()).await;
    let old = decided(&shop, "o-2").await;
    let folder = shop.folder().join("keyring");
    let shop = shop
        .reopen_after(|| {
            let bytes: Vec<u8> = (0..64)
                .step_by(2)
                .map(|at| u8::from_str_radix(&secrets::DATA_KEY[at..at + 2], 16).expect("hex"))
                .collect();
            let master = MasterKey::new(bytes.try_into().expect("32 bytes"));
            let keyring = Keyring::open(Arc::new(DiskFiles), &folder, master).expect("it opens");
            for class in RetentionClass::ALL {
                let dropped = keyring.drop_before(40_000, class.code(), &mut |bytes| bytes.fill(7));
                dropped.expect("the file can be written");
            }
        })
        .await;
    let same = again(&shop, &checkout);
    assert_eq!(known(&same).await, Value::Null, "erased");
    same.pay().await.expect(200);
    let old = old.at(&shop.address());
    assert_eq!(reason(&old.transactions().await), Value::Null);
    let fresh = decided(&shop, "o-3").await;
    assert_eq!(reason(&fresh.transactions().await), "돌려줌");
    let next = shop.order("o-4").register().await;
    let next = next.checkout_with(&toss, buyer).await;
    assert_eq!(known(&next).await, "김철수");
    next.pay().await.expect(200);
    assert_eq!(shop.figure("http_answers_total{status=\"500\"}").await, 0);
    toss.agrees_with(&shop).await;
}
