//! The API is what `/openapi.json` says: every route it describes is asked here, and what is
//! answered has the status and the properties it promises, none missing and none besides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daegeum_sandbox::toss::{Call, Fault};
use daegeum_tests::drill::Treats;
use daegeum_tests::gateway::Delivery;
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Answer, Captured, Heard, NoAnswer, Shop, Success};
use serde_json::{Value, json};

/// The description, and the operations and statuses that have been seen.
struct Contract {
    described: Value,
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl Contract {
    async fn of(shop: &Shop) -> Self {
        let described = shop.stranger().get("/openapi.json").await.expect(200);
        Self {
            described: described.json().clone(),
            seen: BTreeMap::new(),
        }
    }

    /// This answer to this operation is as described.
    fn holds(&mut self, operation: &str, answer: &Answer) {
        let (method, path) = operation.split_once(' ').expect("GET /path");
        let responses = &self.described["paths"][path][method.to_lowercase()]["responses"];
        let exact = answer.status.to_string();
        let status = match (&responses[&exact], answer.status / 100) {
            (Value::Null, 4) => "4XX".to_owned(),
            _ => exact,
        };
        assert!(
            responses[&status].is_object(),
            "{operation} does not describe {status}: {}",
            answer.body()
        );
        let kind = answer.headers["content-type"].to_str().unwrap();
        let problem = answer.status >= 400;
        assert_eq!(
            kind == "application/problem+json",
            problem,
            "{operation} {kind}"
        );
        if kind.ends_with("json") {
            let content = responses[&status]["content"].as_object();
            // Health answers need no more than their status.
            if let Some(described) = content.and_then(|content| content.values().next()) {
                self.fits(
                    answer.json(),
                    &described["schema"],
                    &format!("{operation} {status}"),
                );
            }
        }
        self.seen
            .entry(operation.to_owned())
            .or_default()
            .insert(status);
    }

    /// The value is as its schema says.
    fn fits(&self, value: &Value, schema: &Value, at: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let named = reference.trim_start_matches('#');
            let schema = self
                .described
                .pointer(named)
                .unwrap_or_else(|| panic!("{reference} is not there"));
            return self.fits(value, schema, at);
        }
        if let Some(any) = schema["oneOf"].as_array() {
            let some = any
                .iter()
                .find(|one| (one["type"] == "null") == value.is_null());
            return self.fits(value, some.unwrap_or_else(|| panic!("{at}: {value}")), at);
        }
        if let Some(all) = schema["allOf"].as_array() {
            return self.fits(value, &self.together(all), at);
        }
        if schema["type"].is_null() && schema["properties"].is_null() {
            // Described in words alone: what a gateway's script is given is the gateway's.
            return;
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            one => vec![one.clone()],
        };
        assert!(
            types.contains(&json!(type_of(value))),
            "{at} is {value}, not {types:?}"
        );
        if let Some(items) = value.as_array() {
            for (n, item) in items.iter().enumerate() {
                self.fits(item, &schema["items"], &format!("{at}[{n}]"));
            }
        }
        if let (Some(fields), Some(properties)) =
            (value.as_object(), schema["properties"].as_object())
        {
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(
                    fields.contains_key(name.as_str().unwrap()),
                    "{at} lacks {name}: {value}"
                );
            }
            for (name, field) in fields {
                let property = properties.get(name);
                let property =
                    property.unwrap_or_else(|| panic!("{at} does not describe {name}: {value}"));
                self.fits(field, property, &format!("{at}.{name}"));
            }
        }
    }

    /// One schema with what each of these says of an object.
    fn together(&self, all: &[Value]) -> Value {
        let mut one = json!({"type": "object", "properties": {}, "required": []});
        for schema in all {
            let named = schema["$ref"]
                .as_str()
                .map(|name| name.trim_start_matches('#'));
            let schema = match named {
                Some(name) => self.described.pointer(name).expect("it is there"),
                None => schema,
            };
            let properties = schema["properties"].as_object().expect("an object's");
            let to = one["properties"].as_object_mut().expect("an object");
            to.extend(properties.clone());
            let required = schema["required"].as_array().cloned();
            let to = one["required"].as_array_mut().expect("an array");
            to.extend(required.unwrap_or_default());
        }
        one
    }

    /// Every operation and every status it promises has been seen.
    fn complete(&self) {
        for (path, operations) in self.described["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let name = format!("{} {path}", method.to_uppercase());
                let promised = operation["responses"].as_object().unwrap().keys();
                // A server that is stopping is not to be had here.
                let promised = promised
                    .filter(|status| *status != "503")
                    .cloned()
                    .collect();
                assert_eq!(self.seen.get(&name), Some(&promised), "{name}");
            }
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[tokio::test]
async fn every_route_answers_as_described() {
    let both = [("DAEGEUM_GATEWAYS_MOCK", "true")];
    let (shop, toss) = Shop::open_with_toss_and(&both).await;
    let mut contract = Contract::of(&shop).await;
    orders(&shop, &mut contract).await;
    payments(&shop, &mut contract).await;
    reading(&shop, &mut contract).await;
    administration(&shop, &mut contract).await;
    checkouts(&shop, &toss, &mut contract).await;
    waiting(&shop, &toss, &mut contract).await;
    held_remotely(&mut contract).await;
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
    toss.fails(Call::Confirm, Fault::ResponseLost { silent_ms: 0 }, 1);
    let told = checkout.confirm_without_answer(&approved).await;
    let told = told.await.expect("no panic").expect(202);
    contract.holds("POST /api/v1/payments/confirm", &told);
    let list = "GET /api/v1/admin/unanswered";
    let path = "/api/v1/admin/unanswered";
    contract.holds(list, &shop.admin().get(path).await);
    contract.holds(list, &shop.merchant().get(path).await);
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
    let aside = Heard::CapturedOf(7).about(&canceled.id, 11_000);
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
async fn what_is_described_can_be_sent() {
    let shop = Shop::open().await;
    let contract = Contract::of(&shop).await;
    let schemas = &contract.described["components"]["schemas"];
    assert_eq!(contract.described["openapi"], "3.1.0");
    let order = shop.order("o-1").body();
    contract.fits(&order, &schemas["CreateOrder"], "CreateOrder");
    let payment =
        json!({"order_id": "o-1", "amount": 1, "idempotency_key": "k", "provider": "MOCK"});
    contract.fits(&payment, &schemas["CreatePayment"], "CreatePayment");
    contract.fits(
        &Captured.about("pay_x", 1),
        &schemas["MockNotification"],
        "MockNotification",
    );
    let page = shop.stranger().get("/docs/").await.expect(200).body();
    assert!(
        page.contains("swagger-ui") && !page.contains("https://"),
        "the reference works offline"
    );
}
