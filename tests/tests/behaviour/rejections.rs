//! Every error code of the contract is reached through HTTP: one story per code, and a code without a story fails.

use std::collections::BTreeMap;
use std::time::Duration;

use daegeum_engine::rejection::Rejection;
use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, Captured, NoAnswer, Shop, Success};
use serde_json::{Value, json};

/// The codes that the stories below have reached.
#[derive(Default)]
struct Reached(BTreeMap<String, Answer>);

impl Reached {
    fn note(&mut self, answer: Answer) {
        assert!(answer.status >= 400, "{}", answer.body());
        self.0.insert(answer.code().to_owned(), answer);
    }
}

#[tokio::test]
async fn every_rejection_is_reached() {
    let both = [("DAEGEUM_GATEWAYS_MOCK", "true")];
    let (shop, toss) = Shop::open_with_toss_and(&both).await;
    let mut reached = Reached::default();
    of_orders(&shop, &mut reached).await;
    of_requests(&shop, &mut reached).await;
    of_payments(&shop, &mut reached).await;
    of_set_aside_money(&shop, &mut reached).await;
    of_checkouts(&shop, &toss, &mut reached).await;
    of_refused_refunds(&shop, &toss, &mut reached).await;
    of_refunds(&shop, &toss, &mut reached).await;
    of_holds(&shop, &mut reached).await;
    of_consents(&mut reached).await;
    let given = Rejection::all().into_iter();
    for rejection in given.filter(|rejection| !rejection.is_only_kept()) {
        let code = rejection.code();
        let Some(answer) = reached.0.remove(code) else {
            panic!("no story reaches {code}");
        };
        assert_eq!(answer.status, rejection.kind().status(), "{code}");
        assert_eq!(answer["message"], rejection.message(), "{code}");
        let field = &answer["errors"][0]["field"];
        assert_eq!(field.as_str(), rejection.field().as_deref(), "{code}");
        assert_eq!(
            answer["state"].is_string(),
            rejection.state().is_some(),
            "{code}"
        );
        assert_eq!(
            answer["permitted"].is_array(),
            rejection.permitted().is_some(),
            "{code}"
        );
        assert!(!answer.text("request_id").is_empty(), "{code}");
    }
    assert!(
        reached.0.is_empty(),
        "codes nobody lists: {:?}",
        reached.0.keys()
    );
}

async fn of_orders(shop: &Shop, reached: &mut Reached) {
    let merchant = shop.merchant();
    reached.note(merchant.get("/api/v1/orders/nobody's").await);
    let order = shop.order("o-1").register().await;
    reached.note(shop.order("o-1").of(2).send().await);
    order.cancel().await.expect(200);
    reached.note(order.send_payment("k-1").await);
    reached.note(order.confirm().await);
    let wrong = |field: &str, value: Value| {
        let mut body = shop.order("o-2").body();
        body[field] = value;
        body
    };
    let largest = json!({ "name": "한 줄", "quantity": 1, "unit_price": 9_007_199_254_740_991_u64, "tax": "taxable" });
    for body in [
        wrong("total", 10_999.into()),
        wrong("lines", json!([largest, largest])),
        wrong("discounts", json!([{"name": "쿠폰", "amount": 11_001}])),
        wrong("lines", json!([])),
        wrong("expires_at", "2020-01-01T00:00:00Z".into()),
    ] {
        reached.note(merchant.post("/api/v1/orders", &body).await);
    }
    merchant
        .get("/api/v1/orders/o-2")
        .await
        .refused(404, "ORDER_NOT_FOUND");
}

async fn of_requests(shop: &Shop, reached: &mut Reached) {
    let merchant = shop.merchant();
    shop.order("o-3").register().await.pay_with("k-3").await;
    let body = json!({"order_id": "o-3", "amount": 1, "idempotency_key": "k-3"});
    reached.note(merchant.post("/api/v1/payments", &body).await);
    let body = json!({"order_id": "o-3", "amount": 1, "idempotency_key": "k-4"});
    reached.note(merchant.post("/api/v1/payments", &body).await);
    let body =
        json!({"order_id": "o-3", "amount": 11_000, "idempotency_key": "k-5", "provider": "KCP"});
    reached.note(merchant.post("/api/v1/payments", &body).await);
}

async fn of_payments(shop: &Shop, reached: &mut Reached) {
    let unknown = "/api/v1/payments/pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b";
    reached.note(shop.merchant().get(unknown).await);
    let order = shop.order("o-4").register().await;
    let (first, second) = (order.pay().await, order.pay().await);
    first.complete(NoAnswer).await.expect(202);
    reached.note(second.complete(Success).await);
    reached.note(first.cancel().await);
    reached.note(second.capture().await);
    for _ in 2..100 {
        order.pay().await;
    }
    reached.note(order.send_payment("one too many").await);
}

async fn of_set_aside_money(shop: &Shop, reached: &mut Reached) {
    let order = shop.order("o-5").register().await;
    let payment = order.pay().await;
    order.cancel().await.expect(200);
    payment.notify(Captured).await;
    let path = format!("/api/v1/admin/payments/{}/resolve", payment.id);
    for word in ["take", "accept"] {
        let decision = json!({"resolution": word, "reason": "?"});
        reached.note(shop.admin().post(&path, &decision).await);
    }
}

async fn of_checkouts(shop: &Shop, toss: &Gateway, reached: &mut Reached) {
    shop.order("o-7").of(99).register().await;
    let small = json!({"order_id": "o-7", "amount": 99, "provider": "TOSS"});
    let merchant = shop.merchant();
    reached.note(merchant.post_keyed("/api/v1/payments", "o-7", &small).await);
    let order = shop.order("o-8").register().await;
    let by_transfer = json!({"method": "virtual_account"});
    reached.note(order.send_session(by_transfer).await);
    for unoffered in [json!({ "easy_pay": "payco" }), json!({ "installments": 3 })] {
        reached.note(order.send_session(unoffered).await);
    }
    let checkout = order.checkout(toss).await;
    checkout.prepare().await.expect(200);
    reached.note(checkout.payment.complete(Success).await);
    let other = json!({"method": "mobile"});
    let path = format!("/api/v1/payments/sessions/{}/prepare", checkout.id);
    reached.note(checkout.browser.post(&path, &other).await);
    let mut tampered = checkout.approve().await;
    tampered.amount = 1;
    reached.note(checkout.confirm(&tampered).await);
    let path = format!("/api/v1/admin/payments/{}/resolve", checkout.payment.id);
    let done = json!({"resolution": "done", "reason": "?"});
    reached.note(shop.admin().post(&path, &done).await);
    shop.advance(Duration::from_hours(25));
    let late = format!("/api/v1/payments/sessions/{}/prepare", checkout.id);
    reached.note(shop.buyer("buyer-1").ask(&late).await);
}

async fn of_consents(reached: &mut Reached) {
    let required = [("DAEGEUM_CHECKOUT_REQUIRED_CONSENTS", "purchase")];
    let (shop, toss) = Shop::open_with_toss_and(&required).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    reached.note(checkout.prepare().await);
}

/// The last of many refusals: the gateway is not asked for a while.
async fn of_refused_refunds(shop: &Shop, toss: &Gateway, reached: &mut Reached) {
    let checkout = shop
        .order("o-refused")
        .register()
        .await
        .checkout(toss)
        .await;
    checkout.pay().await.expect(200);
    let (status, code, kept) = (403, "NOT_CANCELABLE_AMOUNT".to_owned(), true);
    let refuses = Fault::ErrorBefore { status, code, kept };
    toss.fails_always(&checkout.payment, CallFilter::Cancel, refuses);
    for _ in 0..10 {
        checkout.payment.cancel().await.expect(200);
    }
    reached.note(checkout.payment.cancel().await);
}

async fn of_refunds(shop: &Shop, toss: &Gateway, reached: &mut Reached) {
    let checkout = shop.order("o-parts").register().await.checkout(toss).await;
    checkout.pay().await.expect(200);
    let refund = async |amount: u64| checkout.payment.refund(&json!({ "amount": amount })).await;
    reached.note(refund(11_001).await);
    for _ in 0..100 {
        refund(1).await.expect(200);
    }
    reached.note(refund(1).await);
    // A window that was opened with another tax-free part than the order's.
    let tampered = shop.order("o-split").register().await.checkout(toss).await;
    let mut window = tampered.prepare().await.expect(200)["window"].clone();
    window["tax_free_amount"] = 5_500.into();
    let approved = toss.approve(&window, None);
    tampered.confirm(&approved).await.expect(200);
    reached.note(tampered.payment.refund(&json!({ "amount": 1 })).await);
}

async fn of_holds(shop: &Shop, reached: &mut Reached) {
    let order = shop.order("o-6").on_confirmation().register().await;
    order.pay().await.complete(Success).await.expect(200);
    shop.advance(Duration::from_hours(8 * 24));
    reached.note(order.confirm().await);
}

#[tokio::test]
async fn refusal_names_the_permitted_actions() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    order.pay().await.complete(Success).await.expect(200);
    let refused = order.cancel().await.refused(409, "ORDER_NOT_PERMITTED");
    assert_eq!(
        (&refused["state"], &refused["permitted"]),
        (&json!("PAID"), &json!(["refund"]))
    );
    let pending = shop.order("o-2").register().await;
    let refused = pending.confirm().await.refused(409, "ORDER_NOT_PERMITTED");
    assert_eq!(refused["state"], "PAYMENT_PENDING");
    assert!(
        refused["permitted"]
            .as_array()
            .unwrap()
            .contains(&json!("cancel"))
    );
}

#[tokio::test]
async fn the_bounds_of_an_order_hold_on_both_sides() {
    let shop = Shop::open().await;
    let merchant = shop.merchant();
    let with = |id: &str, lines: usize, unit: u64, total: u64| {
        let mut body = shop.order(id).of(total).body();
        let line = json!({"name": "물감", "quantity": 1, "unit_price": unit, "tax": "taxable"});
        body["lines"] = vec![line; lines].into();
        body
    };
    merchant
        .post("/api/v1/orders", &with("most-lines", 100, 10, 1_000))
        .await
        .expect(201);
    let more = merchant
        .post("/api/v1/orders", &with("more-lines", 101, 10, 1_010))
        .await;
    more.refused(422, "LINE_COUNT_OUT_OF_RANGE");
    let most = 9_007_199_254_740_991;
    merchant
        .post("/api/v1/orders", &with("dearest", 1, most, most))
        .await
        .expect(201);
    let dearer = merchant
        .post("/api/v1/orders", &with("dearer", 1, most, most + 1))
        .await;
    dearer.refused(422, "AMOUNT_OUT_OF_RANGE");
    let overflowing = merchant
        .post("/api/v1/orders", &with("sum", 2, most, most))
        .await;
    overflowing.refused(422, "AMOUNT_OUT_OF_RANGE");
    merchant
        .post("/api/v1/orders", &with("one-won", 1, 1, 1))
        .await
        .expect(201);
    let days = |days: u64| daegeum_tests::story::rfc3339_in(Duration::from_hours(24 * days));
    shop.order("in-399-days")
        .expiring_at(&days(399))
        .send()
        .await
        .expect(201);
    shop.order("in-401-days")
        .expiring_at(&days(401))
        .send()
        .await
        .refused(422, "DEADLINE_OUT_OF_RANGE");
}
