//! The API matches `/openapi.json`: every described operation is called here, returns each success that it promises,
//! and refuses as described. The caller checks that every answer of every test is as described.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::described::{self, Exchange};
use daegeum_tests::drill::Treats;
use daegeum_tests::gateway::Delivery;
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, Caller, NoAnswer, NotificationContent, Shop, Success, until};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// The operations and statuses that have been seen. That each answer is as described is seen by the caller itself.
#[derive(Default)]
struct Contract {
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl Contract {
    /// This answer was this operation's.
    fn holds(&mut self, operation: &str, answer: &Answer) {
        let seen = self.seen.entry(operation.to_owned()).or_default();
        seen.insert(answer.status.to_string());
    }

    /// Every operation, and every success that it promises, has been seen.
    fn complete(&self) {
        for operation in operations_described() {
            let name = format!("{} {}", operation.method, operation.path);
            let statuses = operation.described["responses"].as_object().unwrap().keys();
            for status in statuses.filter(|status| status.starts_with('2')) {
                let seen = self
                    .seen
                    .get(&name)
                    .is_some_and(|seen| seen.contains(status));
                assert!(seen, "{name} promises {status}, which nobody has seen");
            }
        }
    }
}

/// One operation of the description.
struct Described {
    method: Method,
    path: String,
    described: Value,
}

impl Described {
    fn promises(&self, status: u16) -> bool {
        !self.described["responses"][status.to_string()].is_null()
    }

    /// The callers that may use it.
    fn callers(&self) -> Vec<&str> {
        let all = self.described["security"].as_array().unwrap();
        let names = all.iter().flat_map(|one| one.as_object().unwrap().keys());
        names.map(String::as_str).collect()
    }

    /// Its path, with ids that do not exist.
    fn at_nothing(&self) -> String {
        let nobody = "0".repeat(32);
        self.path
            .replace("{order_id}", "o-nothing")
            .replace("{payment_id}", &format!("pay_{nobody}"))
            .replace("{session_id}", &format!("ses_{nobody}"))
            .replace("{provider}", "nobody")
            .replace("{buyer_id}", "buyer-nobody")
    }

    fn request(&self, caller: &Caller) -> RequestBuilder {
        caller.request(self.method.clone(), &self.at_nothing())
    }

    /// A body that it understands and that is about nothing there is.
    fn body_about_nothing(&self) -> Value {
        let id = format!("pay_{}", "0".repeat(32));
        match self.path.rsplit('/').next().unwrap() {
            "payments" => json!({"order_id": "o-nothing", "amount": 1}),
            "sessions" => json!({"order_id": "o-nothing"}),
            "verify" | "confirm" if self.path.starts_with("/api/v1/payments/") => {
                json!({"payment_key": "k", "order_id": id, "amount": 1})
            }
            "orders" => shop_order(),
            "complete" => json!({"result": "SUCCESS"}),
            "resolve" => json!({"resolution": "take", "reason": "x"}),
            _ => json!({}),
        }
    }
}

fn shop_order() -> Value {
    json!({
        "order_id": "o-new", "buyer_id": "buyer-1", "currency": "KRW", "total": 1, "capture": "automatic",
        "lines": [{"name": "x", "quantity": 1, "unit_price": 1, "tax": "taxable"}],
    })
}

fn operations_described() -> Vec<Described> {
    let paths = described::document()["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let all = item.as_object().unwrap().iter();
        all.map(|(method, described)| Described {
            method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
            path: path.clone(),
            described: described.clone(),
        })
    });
    operations.collect()
}

/// Every refusal that follows from the caller and the form of a request is described where it occurs, and occurs
/// where it is described.
#[tokio::test]
async fn every_operation_refuses_as_described() {
    let (shop, _toss) = Shop::open_with_toss_and(&[("DAEGEUM_GATEWAYS_MOCK", "true")]).await;
    let token = shop
        .order("o-1")
        .register()
        .await
        .send_session(json!({}))
        .await;
    let session = shop.stranger().with(token.text("session_token"));
    let all = [
        ("merchant", shop.merchant()),
        ("admin", shop.admin()),
        ("buyer", shop.buyer("buyer-1")),
        ("session", session),
    ];
    for operation in operations_described() {
        let name = format!("{} {}", operation.method, operation.path);
        let callers = operation.callers();
        let promised = |status| operation.promises(status);
        // A notification is authenticated by its content.
        if operation.path.contains("webhook") {
            continue;
        }
        let stranger = Answer::to(operation.request(shop.stranger())).await;
        assert_eq!(stranger.status == 401, promised(401), "{name}");
        assert_eq!(callers.is_empty(), !promised(401), "{name}");
        for (kind, caller) in &all {
            let answer = Answer::to(operation.request(caller)).await;
            let turned_away = !callers.is_empty() && !callers.contains(kind);
            assert_eq!(answer.status == 403, turned_away, "{name} by {kind}");
        }
        let one = all.iter().find(|(kind, _)| callers.contains(kind));
        let caller = one.map_or(shop.stranger(), |(_, caller)| caller);
        refuses_bodies(&operation, caller).await;
        let surprise = operation.at_nothing() + "?surprise=1";
        Answer::to(caller.request(operation.method.clone(), &surprise)).await;
        refuses_nothing(&operation, caller).await;
    }
}

/// A body that does not fit the operation.
async fn refuses_bodies(operation: &Described, caller: &Caller) {
    let takes_one = !operation.described["requestBody"].is_null();
    let name = format!("{} {}", operation.method, operation.path);
    for status in [400, 408, 413, 415].into_iter().filter(|_| takes_one) {
        assert!(
            operation.promises(status),
            "{name} does not promise {status}"
        );
    }
    if !takes_one {
        assert!(
            !operation.promises(413) && !operation.promises(415),
            "{name}"
        );
        return;
    }
    let send = |kind: &str, body: String| {
        let request = operation.request(caller).header("content-type", kind);
        Answer::to(request.body(body))
    };
    send("text/plain", "x".to_owned()).await.expect(415);
    send("application/json", "{".to_owned()).await.expect(400);
    // After a body that was not read to its end, the connection is closed.
    let large = operation
        .request(caller)
        .header("content-type", "application/json")
        .header("connection", "close");
    Answer::to(large.body("x".repeat(300 << 10)))
        .await
        .expect(413);
}

/// A request about nothing that exists.
async fn refuses_nothing(operation: &Described, caller: &Caller) {
    let name = format!("{} {}", operation.method, operation.path);
    let id = operation.described["operationId"].as_str().unwrap();
    let request = operation.request(caller).header("idempotency-key", id);
    let nothing = if operation.method == Method::POST {
        Answer::to(request.json(&operation.body_about_nothing())).await
    } else {
        Answer::to(request).await
    };
    let missing = operation.promises(404);
    assert_eq!(nothing.status == 404, missing, "{name}: {}", nothing.body());
}

/// Pages of the shop's may do what a buyer may do, and learn so beforehand.
#[tokio::test]
async fn every_operation_of_the_buyers_answers_its_preflight() {
    let (shop, _toss) = Shop::open_with_toss().await;
    for operation in operations_described() {
        let asked = shop
            .stranger()
            .request(Method::OPTIONS, &operation.at_nothing());
        let asked = asked.header("origin", "https://shop.example");
        let asked = asked.header("access-control-request-method", operation.method.as_str());
        let told = Answer::to(asked).await;
        let allowed = told.headers.get("access-control-allow-origin");
        let name = format!("{} {}", operation.method, operation.path);
        let callers = operation.callers();
        let is_buyers = callers.contains(&"buyer") || callers.contains(&"session");
        let is_public = operation.path == "/.well-known/jwks.json";
        assert_eq!(allowed.is_some(), is_buyers || is_public, "{name}");
        if is_buyers {
            told.clone().expect(200);
            let methods = told.headers["access-control-allow-methods"]
                .to_str()
                .unwrap();
            assert!(
                methods.contains(operation.method.as_str()),
                "{name}: {methods}"
            );
            let headers = told.headers["access-control-allow-headers"]
                .to_str()
                .unwrap();
            assert_eq!(headers, "authorization,content-type,idempotency-key");
        }
    }
}

const REQUEST_ID: (&str, &str) = ("x-request-id", "req_1");

fn headers_of(all: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    all.iter().map(header).collect()
}

/// The check that every story's answers pass finds what is not described.
#[test]
fn answers_that_are_not_described_are_found() {
    let erased = |status, kind: &'static str, body: &str| {
        let headers = headers_of(&[("content-type", kind), REQUEST_ID]);
        described::judge(&Exchange {
            method: &Method::POST,
            path: "/api/v1/admin/buyers/b/erase",
            status,
            headers: &headers,
            body: body.as_bytes(),
        })
    };
    let json = "application/json";
    assert_eq!(erased(200, json, r#"{"payments":1}"#), Ok(()));
    for (status, kind, body) in [
        (202, json, r#"{"payments":1}"#),
        (200, "text/plain", r#"{"payments":1}"#),
        (200, json, r#"{"payments":-1}"#),
        (200, json, r#"{"payments":"1"}"#),
        (200, json, r#"{"payments":1,"more":1}"#),
        (200, json, "{}"),
        (200, json, "{"),
        (403, json, r#"{"payments":1}"#),
    ] {
        assert!(
            erased(status, kind, body).is_err(),
            "{status} {kind} {body}"
        );
    }
    let problem = |code: &str| {
        let body = json!({
            "title": "Forbidden", "status": 403, "code": code, "message": "No.", "request_id": "r",
        });
        erased(403, "application/problem+json", &body.to_string())
    };
    assert_eq!(problem("FORBIDDEN"), Ok(()));
    assert!(problem("A_CODE_THAT_NOBODY_HAS").is_err());
}

#[test]
fn answer_without_a_header_that_must_be_there_is_found() {
    let busy = |headers: &[(&'static str, &'static str)]| {
        let headers = headers_of(headers);
        let body = json!({
            "title": "Service Unavailable", "status": 503, "code": "OVERLOADED", "message": "No.", "request_id": "r",
        });
        described::judge(&Exchange {
            method: &Method::POST,
            path: "/api/v1/orders",
            status: 503,
            headers: &headers,
            body: body.to_string().as_bytes(),
        })
    };
    let (kind, wait) = (
        ("content-type", "application/problem+json"),
        ("retry-after", "1"),
    );
    assert_eq!(busy(&[kind, REQUEST_ID, wait]), Ok(()));
    assert!(busy(&[kind, REQUEST_ID]).is_err());
    assert!(busy(&[kind, wait]).is_err());
    assert!(busy(&[kind, REQUEST_ID, ("retry-after", "soon")]).is_err());
}

#[tokio::test]
async fn every_route_answers_as_described() {
    let both = [("DAEGEUM_GATEWAYS_MOCK", "true")];
    let (shop, toss) = Shop::open_with_toss_and(&both).await;
    let mut contract = Contract::default();
    orders(&shop, &mut contract).await;
    payments(&shop, &mut contract).await;
    listing_orders(&shop, &mut contract).await;
    reading(&shop, &mut contract).await;
    administration(&shop, &mut contract).await;
    checkouts(&shop, &toss, &mut contract).await;
    waiting(&shop, &toss, &mut contract).await;
    held_remotely(&mut contract).await;
    sent_back_by_a_person(&mut contract).await;
    contract.complete();
}

async fn held_remotely(contract: &mut Contract) {
    let (shop, drill) = Shop::open_with_drill().await;
    let order = shop.order("h-1").on_confirmation().register().await;
    let payment = drill.holds(&order).await;
    drill.treats(&payment, "capture", Treats::Silent);
    shop.let_requests_wait_for(Duration::from_millis(20));
    let told = order.confirm().await.expect(202);
    contract.holds("POST /api/v1/orders/{order_id}/confirm", &told);
    let told = payment.capture().await.expect(202);
    contract.holds("POST /api/v1/payments/{payment_id}/capture", &told);
    drill.speaks();
    shop.calls_rest().await;
}

async fn checkouts(shop: &Shop, toss: &Gateway, contract: &mut Contract) {
    let (begin, path) = (
        "POST /api/v1/payments/sessions",
        "/api/v1/payments/sessions",
    );
    let order = shop.order("t-1").register().await;
    let begun = order.send_session(json!({"buyer_name": "김하나"})).await;
    contract.holds(begin, &begun);
    contract.holds(begin, &shop.merchant().post(path, &json!({})).await);
    let checkout = order.begun(&begun, toss);
    let read = "GET /api/v1/payments/sessions/{session_id}";
    contract.holds(read, &checkout.now().await);
    let unknown = format!("{path}/ses_x");
    contract.holds(read, &checkout.browser.get(&unknown).await);
    let prepare = "POST /api/v1/payments/sessions/{session_id}/prepare";
    contract.holds(prepare, &checkout.prepare().await);
    let unknown = format!("{path}/ses_x/prepare");
    contract.holds(prepare, &checkout.browser.ask(&unknown).await);

    let approved = checkout.approve_what_fails("REJECT_CARD_COMPANY").await;
    let mut tampered = approved.clone();
    tampered.amount = 1;
    let verify = "POST /api/v1/payments/verify";
    contract.holds(verify, &checkout.verify(&approved).await);
    contract.holds(verify, &checkout.verify(&tampered).await);
    let confirm = "POST /api/v1/payments/confirm";
    contract.holds(confirm, &checkout.confirm(&tampered).await);
    // With what to tell the buyer.
    contract.holds(confirm, &checkout.confirm(&approved).await);
    contract.holds(read, &checkout.now().await);
    let transactions = "GET /api/v1/payments/{payment_id}/transactions";
    let events = checkout.payment.path("/transactions");
    contract.holds(transactions, &shop.merchant().get(&events).await);

    let receipt = "GET /api/v1/payments/{payment_id}/receipt";
    let path = checkout.payment.path("/receipt");
    contract.holds(receipt, &checkout.browser.get(&path).await);
    let pays = shop.order("t-3").register().await.checkout(toss).await;
    pays.pay().await.expect(200);
    let path = pays.payment.path("/receipt");
    contract.holds(receipt, &pays.browser.get(&path).await);
    let keys = shop.stranger().get("/.well-known/jwks.json").await;
    contract.holds("GET /.well-known/jwks.json", &keys);

    contract.holds(
        "GET /api/v1/payments/{payment_id}",
        &pays.payment.now().await,
    );
    let split = shop.order("t-4").register().await.checkout(toss).await;
    let mut window = split.prepare().await.expect(200)["window"].clone();
    window["tax_free_amount"] = 5_500.into();
    let disagreed = split.confirm(&toss.approve(&window, None)).await;
    assert_eq!(disagreed["gateway_amounts"]["tax_free"], 5_500);
    contract.holds(confirm, &disagreed);

    let waits = order.checkout(toss).await;
    contract.holds(confirm, &waits.pay_by_transfer().await);
    let hint = json!({"orderId": waits.payment.id, "status": "DONE"});
    let webhook = "/api/v1/payments/webhook/toss";
    contract.holds(
        "POST /api/v1/payments/webhook/{provider}",
        &shop.stranger().post(webhook, &hint).await,
    );
}

async fn waiting(shop: &Shop, toss: &Gateway, contract: &mut Contract) {
    let gateways = "GET /api/v1/gateways";
    let path = "/api/v1/gateways";
    contract.holds(gateways, &shop.merchant().get(path).await);
    contract.holds(gateways, &shop.stranger().get(path).await);
    shop.let_requests_wait_for(Duration::from_millis(20));
    let order = shop.order("t-2").register().await;
    let checkout = order.checkout(toss).await;
    let approved = checkout.approve().await;
    toss.fails(CallFilter::Confirm, Fault::ResponseLost { silent_ms: 0 }, 1);
    let told = checkout.confirm_without_answer(&approved).await;
    let told = told.await.expect("no panic").expect(202);
    contract.holds("POST /api/v1/payments/confirm", &told);
    going_back(shop, toss, contract).await;
    let list = "GET /api/v1/admin/unanswered";
    let path = "/api/v1/admin/unanswered";
    contract.holds(list, &shop.admin().get(path).await);
    contract.holds(list, &shop.merchant().get(path).await);
}

/// Money on its way back, of which the gateway says nothing yet.
async fn going_back(shop: &Shop, toss: &Gateway, contract: &mut Contract) {
    let lost = Fault::ResponseLost { silent_ms: 0 };
    let refunded = shop.order("t-5").register().await.checkout(toss).await;
    shop.let_requests_wait_for(Duration::from_secs(10));
    refunded.pay().await.expect(200);
    shop.let_requests_wait_for(Duration::from_millis(20));
    toss.fails_once(&refunded.payment, CallFilter::Cancel, lost);
    let told = refunded.payment.cancel_without_answer().await;
    let told = told.await.expect("no panic").expect(202);
    contract.holds("POST /api/v1/payments/{payment_id}/cancel", &told);
    refunded_in_parts(shop, toss, contract).await;
}

/// A refund of a part: answered, refused, and without an answer yet.
async fn refunded_in_parts(shop: &Shop, toss: &Gateway, contract: &mut Contract) {
    let refund = "POST /api/v1/payments/{payment_id}/refund";
    shop.let_requests_wait_for(Duration::from_secs(10));
    let paid = shop.order("t-6").register().await.checkout(toss).await;
    paid.pay().await.expect(200);
    let part = json!({ "amount": 1_000, "reason": "수업 취소" });
    contract.holds(refund, &paid.payment.refund(&part).await.expect(200));
    contract.holds(
        refund,
        &paid.payment.refund(&json!({ "amount": 11_000 })).await,
    );
    shop.let_requests_wait_for(Duration::from_millis(20));
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&paid.payment, CallFilter::Any, lost);
    contract.holds(refund, &paid.payment.refund(&part).await.expect(202));
}

/// Money that a person sends back, of which the gateway says nothing yet.
async fn sent_back_by_a_person(contract: &mut Contract) {
    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("p-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let lost = Fault::RequestLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    let asked = checkout.payment.cancel_without_answer().await;
    let path = checkout
        .payment
        .path("/resolve")
        .replace("/payments/", "/admin/payments/");
    let decide = async |resolution: &str| {
        let decision = json!({"resolution": resolution, "reason": "x"});
        shop.admin().post(&path, &decision).await
    };
    decide("done").await.expect(200);
    asked.await.expect("no panic").expect(200);
    toss.recovers();
    toss.notifies(Some(&shop.address()));
    toss.cancel_part_in_dashboard(&checkout.approved_key().await, Some(1_000));
    until("the gateway is known to have the money", || async {
        shop.advance(Duration::from_secs(10));
        shop.ask_gateway().await;
        checkout.payment.now().await["gateway_holds"]["amount"] == 10_000
    })
    .await;
    shop.let_requests_wait_for(Duration::from_millis(20));
    let lost = Fault::ResponseLost { silent_ms: 0 };
    toss.fails_always(&checkout.payment, CallFilter::Any, lost);
    let told = decide("return").await.expect(202);
    contract.holds("POST /api/v1/admin/payments/{payment_id}/resolve", &told);
    toss.recovers();
    shop.settle(&checkout.payment).await;
}

async fn orders(shop: &Shop, contract: &mut Contract) {
    let merchant = shop.merchant();
    let order = shop.order("o-1").on_confirmation();
    let mut body = order.for_resource("lesson", "lesson-7").body();
    body["lines"][0]["item_id"] = "item-1".into();
    let create = "POST /api/v1/orders";
    contract.holds(create, &merchant.post("/api/v1/orders", &body).await);
    contract.holds(create, &merchant.post("/api/v1/orders", &json!({})).await);
    contract.holds(
        "GET /api/v1/orders/{order_id}",
        &merchant.get("/api/v1/orders/o-1").await,
    );
    contract.holds(
        "GET /api/v1/orders/{order_id}",
        &merchant.get("/api/v1/orders/o-9").await,
    );

    let confirm = "POST /api/v1/orders/{order_id}/confirm";
    contract.holds(confirm, &merchant.ask("/api/v1/orders/o-1/confirm").await);
    let begin = json!({"order_id": "o-1", "amount": 11_000, "idempotency_key": "k-1"});
    let begun = merchant.post("/api/v1/payments", &begin).await;
    contract.holds("POST /api/v1/payments", &begun);
    let complete = format!(
        "/api/v1/payments/{}/mock/complete",
        begun.text("payment_id")
    );
    let held = merchant
        .post(&complete, &json!({"result": "SUCCESS"}))
        .await;
    contract.holds("POST /api/v1/payments/{payment_id}/mock/complete", &held);
    contract.holds(confirm, &merchant.ask("/api/v1/orders/o-1/confirm").await);

    let cancel = "POST /api/v1/orders/{order_id}/cancel";
    contract.holds(cancel, &merchant.ask("/api/v1/orders/o-1/cancel").await);
    let order = shop.order("o-2").register().await;
    order.pay().await.complete(NoAnswer).await;
    contract.holds(cancel, &order.cancel().await);
    contract.holds(cancel, &shop.order("o-3").register().await.cancel().await);
}

async fn payments(shop: &Shop, contract: &mut Contract) {
    let merchant = shop.merchant();
    contract.holds(
        "POST /api/v1/payments",
        &merchant.post("/api/v1/payments", &json!({})).await,
    );
    let order = shop.order("o-4").on_confirmation().register().await;
    let payment = order.pay().await;
    let complete = "POST /api/v1/payments/{payment_id}/mock/complete";
    contract.holds(complete, &payment.complete(NoAnswer).await);
    let cancel = "POST /api/v1/payments/{payment_id}/cancel";
    contract.holds(cancel, &payment.cancel().await);
    contract.holds(complete, &payment.complete(Success).await);
    contract.holds(
        complete,
        &merchant
            .post(&payment.path("/mock/complete"), &json!({}))
            .await,
    );
    contract.holds(
        "POST /api/v1/payments/{payment_id}/capture",
        &payment.capture().await,
    );
    let canceled = shop.order("o-5").register().await.pay().await;
    contract.holds(cancel, &canceled.cancel().await);
    contract.holds(
        "POST /api/v1/payments/{payment_id}/capture",
        &canceled.capture().await,
    );
    let webhook = "POST /api/v1/payments/webhook/{provider}";
    let aside = NotificationContent::CapturedOf(7).about(&canceled.id, 11_000);
    contract.holds(
        webhook,
        &shop.deliver(&Delivery::now("evt-1", &aside)).await,
    );
    contract.holds(
        webhook,
        &shop
            .deliver(&Delivery::signed("evt-2", 1, "{}", b"nobody's"))
            .await,
    );
    // Set-aside money shows what was received.
    contract.holds("GET /api/v1/payments/{payment_id}", &canceled.now().await);
}

async fn listing_orders(shop: &Shop, contract: &mut Contract) {
    let list = shop.merchant().get("/api/v1/orders?limit=2").await;
    contract.holds("GET /api/v1/orders", &list);
}

async fn reading(shop: &Shop, contract: &mut Contract) {
    let merchant = shop.merchant();
    let list = merchant.get("/api/v1/orders?limit=2").await;
    contract.holds("GET /api/v1/orders", &list);
    let refused = merchant.get("/api/v1/orders?limit=0").await;
    contract.holds("GET /api/v1/orders", &refused);
    let list = merchant.get("/api/v1/payments?limit=2").await;
    let payment = list["items"][1]["payment_id"].as_str().unwrap().to_owned();
    contract.holds("GET /api/v1/payments", &list);
    contract.holds(
        "GET /api/v1/payments",
        &merchant.get("/api/v1/payments?limit=0").await,
    );
    let below = |verb: &str| format!("/api/v1/payments/{payment}{verb}");
    contract.holds(
        "GET /api/v1/payments/{payment_id}",
        &merchant.get(&below("")).await,
    );
    contract.holds(
        "GET /api/v1/payments/{payment_id}",
        &shop.stranger().get(&below("")).await,
    );
    let transactions = "GET /api/v1/payments/{payment_id}/transactions";
    contract.holds(transactions, &merchant.get(&below("/transactions")).await);
    contract.holds(
        transactions,
        &merchant.get("/api/v1/payments/x/transactions").await,
    );
    contract.holds(
        "GET /api/v1/events",
        &merchant.get("/api/v1/events?limit=100").await,
    );
    contract.holds(
        "GET /api/v1/events",
        &merchant.get("/api/v1/events?x").await,
    );
    let buyer = shop.buyer("buyer-1");
    contract.holds(
        "GET /api/v1/me/payments",
        &buyer.get("/api/v1/me/payments").await,
    );
    contract.holds(
        "GET /api/v1/me/payments",
        &merchant.get("/api/v1/me/payments").await,
    );
    contract.holds("GET /healthz", &merchant.get("/healthz").await);
    contract.holds("GET /readyz", &merchant.get("/readyz").await);
}

async fn administration(shop: &Shop, contract: &mut Contract) {
    let (admin, merchant) = (shop.admin(), shop.merchant());
    for path in ["/api/v1/admin/desk", "/api/v1/admin/balances", "/metrics"] {
        contract.holds(&format!("GET {path}"), &admin.get(path).await);
        contract.holds(&format!("GET {path}"), &merchant.get(path).await);
    }
    let desk = admin.get("/api/v1/admin/desk").await;
    let aside = desk["items"][0]["payment_id"]
        .as_str()
        .expect("money set aside");
    let resolve = "POST /api/v1/admin/payments/{payment_id}/resolve";
    let decision = json!({"resolution": "return", "reason": "x"});
    let path = format!("/api/v1/admin/payments/{aside}/resolve");
    contract.holds(resolve, &admin.post(&path, &decision).await);
    contract.holds(resolve, &admin.post(&path, &json!({})).await);
    let erase = "POST /api/v1/admin/buyers/{buyer_id}/erase";
    contract.holds(
        erase,
        &admin.ask("/api/v1/admin/buyers/buyer-1/erase").await,
    );
    contract.holds(
        erase,
        &merchant.ask("/api/v1/admin/buyers/buyer-1/erase").await,
    );
}

#[tokio::test]
async fn description_is_served_with_a_page_that_works_offline() {
    let shop = Shop::open().await;
    let served = shop.stranger().get("/openapi.json").await.expect(200);
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["servers"][0]["url"], shop.address());
    let mut ids = BTreeSet::new();
    for operation in operations_described() {
        let id = operation.described["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
    }
    let page = shop.stranger().get("/docs/").await.expect(200).body();
    assert!(
        page.contains("swagger-ui") && !page.contains("https://"),
        "the reference works offline"
    );
}
