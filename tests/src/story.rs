//! The vocabulary of the tests: an order is registered, paid, confirmed, canceled; a payment is completed at the
//! gateway or by its notification. Each word is one request.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::caller::{Answer, Caller};
use crate::gateway::{Delivery, NotificationContent};
use crate::until;

/// The outcome that the mock gateway is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It takes the money.
    Success,
    /// It refuses.
    Fail,
    /// It does not answer.
    NoAnswer,
}

impl Says {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
            Self::NoAnswer => "NO_ANSWER",
        }
    }
}

/// An order about to be registered.
pub struct NewOrder {
    merchant: Caller,
    order_id: String,
    total: u64,
    untaxed: u64,
    body: Value,
}

impl NewOrder {
    /// One thing for 11,000 won, for `buyer-1`.
    pub fn new(merchant: Caller, order_id: &str) -> Self {
        let body = json!({
            "order_id": order_id, "buyer_id": "buyer-1", "currency": "KRW", "capture": "automatic",
        });
        Self {
            merchant,
            order_id: order_id.to_owned(),
            total: 11_000,
            untaxed: 0,
            body,
        }
    }

    /// The total.
    pub fn of(mut self, total: u64) -> Self {
        self.total = total;
        self
    }

    /// The part of the total that bears no VAT.
    pub fn untaxed(mut self, untaxed: u64) -> Self {
        self.untaxed = untaxed;
        self
    }

    /// The buyer.
    pub fn by(mut self, buyer_id: &str) -> Self {
        self.body["buyer_id"] = buyer_id.into();
        self
    }

    /// Its money is held until it is confirmed.
    pub fn on_confirmation(mut self) -> Self {
        self.body["capture"] = "on_confirmation".into();
        self
    }

    /// The merchant's resource that it is for.
    pub fn for_resource(mut self, kind: &str, id: &str) -> Self {
        self.body["resource_type"] = kind.into();
        self.body["resource_id"] = id.into();
        self
    }

    /// Its own deadline, RFC 3339.
    pub fn expiring_at(mut self, at: &str) -> Self {
        self.body["expires_at"] = at.into();
        self
    }

    /// The request's body.
    pub fn body(&self) -> Value {
        let mut body = self.body.clone();
        body["total"] = self.total.into();
        let taxed = self.total - self.untaxed;
        let lines = [
            ("수채화 강의", taxed, "taxable"),
            ("교재", self.untaxed, "tax_free"),
        ];
        let lines = lines
            .iter()
            .filter(|(_, price, tax)| *price > 0 || *tax == "taxable");
        let line = |(name, price, tax): &(&str, u64, &str)| json!({ "name": name, "quantity": 1, "unit_price": price, "tax": tax });
        body["lines"] = lines.map(line).collect();
        body
    }

    /// Registers it, whatever is answered.
    pub async fn send(&self) -> Answer {
        self.merchant.post("/api/v1/orders", &self.body()).await
    }

    /// Registers it.
    pub async fn register(self) -> Order {
        self.send().await.expect(201);
        Order {
            merchant: self.merchant,
            id: self.order_id,
            total: self.total,
        }
    }
}

/// A registered order.
#[derive(Clone)]
pub struct Order {
    merchant: Caller,
    /// Its id.
    pub id: String,
    /// The total.
    pub total: u64,
}

impl Order {
    /// An order that was registered elsewhere.
    pub fn known(merchant: Caller, order_id: &str, total: u64) -> Self {
        Self {
            merchant,
            id: order_id.to_owned(),
            total,
        }
    }

    /// The same at a shop that has moved.
    pub fn at(&self, base: &str) -> Self {
        Self {
            merchant: self.merchant.at(base),
            ..self.clone()
        }
    }

    /// The merchant's backend that registered it.
    pub fn merchant(&self) -> &Caller {
        &self.merchant
    }

    /// The order as it is.
    pub async fn now(&self) -> Answer {
        self.merchant.get(&self.path("")).await.expect(200)
    }

    /// Its status.
    pub async fn status(&self) -> String {
        self.now().await.text("status").to_owned()
    }

    /// Asks for a payment, whatever is answered.
    pub async fn send_payment(&self, key: &str) -> Answer {
        let body = json!({ "order_id": self.id, "amount": self.total, "idempotency_key": key });
        self.merchant.post("/api/v1/payments", &body).await
    }

    /// Begins a payment under `key`.
    pub async fn pay_with(&self, key: &str) -> Payment {
        self.payment(&self.send_payment(key).await.expect(201))
    }

    /// Begins a payment under a key of its own.
    pub async fn pay(&self) -> Payment {
        self.pay_with(&format!("key-{}-{}", self.id, unique()))
            .await
    }

    /// The payment an answer is about.
    pub fn payment(&self, answer: &Answer) -> Payment {
        Payment {
            merchant: self.merchant.clone(),
            id: answer.text("payment_id").to_owned(),
            amount: self.total,
        }
    }

    /// Confirms it: held money is taken.
    pub async fn confirm(&self) -> Answer {
        self.merchant.ask(&self.path("/confirm")).await
    }

    /// Cancels it.
    pub async fn cancel(&self) -> Answer {
        self.merchant.ask(&self.path("/cancel")).await
    }

    /// Cancels it, until that is asked for, and does not wait for what is answered.
    pub async fn begin_to_cancel(&self) -> JoinHandle<Answer> {
        let order = self.clone();
        let canceling = tokio::spawn(async move { order.cancel().await });
        until("its cancellation is asked for", || async {
            self.status().await == "CANCEL_REQUESTED"
        })
        .await;
        canceling
    }

    fn path(&self, verb: &str) -> String {
        format!("/api/v1/orders/{}{verb}", self.id)
    }
}

/// A payment that was begun.
#[derive(Clone)]
pub struct Payment {
    merchant: Caller,
    /// Its id.
    pub id: String,
    /// The amount to pay.
    pub amount: u64,
}

impl Payment {
    /// A payment that was begun elsewhere.
    pub fn known(merchant: Caller, id: &str, amount: u64) -> Self {
        Self {
            merchant,
            id: id.to_owned(),
            amount,
        }
    }

    /// The same at a shop that has moved.
    pub fn at(&self, base: &str) -> Self {
        Self {
            merchant: self.merchant.at(base),
            ..self.clone()
        }
    }

    /// The payment as it is.
    pub async fn now(&self) -> Answer {
        self.merchant.get(&self.path("")).await.expect(200)
    }

    /// Its exact state.
    pub async fn detail(&self) -> String {
        self.now().await.text("detail").to_owned()
    }

    /// Its coarse status.
    pub async fn status(&self) -> String {
        self.now().await.text("status").to_owned()
    }

    /// Whether a call about it has no answer yet.
    pub async fn waits_for_gateway(&self) -> bool {
        let operation = &self.now().await["operation"];
        matches!(operation["state"].as_str(), Some("INTENDED" | "UNKNOWN"))
    }

    /// The ids of the calls about it, oldest first.
    pub async fn operations(&self) -> Vec<String> {
        let events = self.transactions().await;
        let ids = events.iter().filter_map(|event| {
            let intended = event["event_type"] == "OPERATION_INTENDED";
            event["payload"]["operation_id"]
                .as_str()
                .filter(|_| intended)
        });
        ids.map(str::to_owned).collect()
    }

    /// Finishes it at the mock gateway, whatever is answered.
    pub async fn complete(&self, says: Says) -> Answer {
        let body = json!({ "result": says.word() });
        self.merchant
            .post(&self.path("/mock/complete"), &body)
            .await
    }

    /// The same under an idempotency key.
    pub async fn complete_with(&self, key: &str, says: Says) -> Answer {
        let body = json!({ "result": says.word() });
        let path = self.path("/mock/complete");
        self.merchant.post_keyed(&path, key, &body).await
    }

    /// Takes held money.
    pub async fn capture(&self) -> Answer {
        self.merchant.ask(&self.path("/capture")).await
    }

    /// Gives it up.
    pub async fn cancel(&self) -> Answer {
        self.merchant.ask(&self.path("/cancel")).await
    }

    /// The same under an idempotency key.
    pub async fn cancel_with(&self, key: &str) -> Answer {
        let path = self.path("/cancel");
        self.merchant.post_keyed(&path, key, &json!({})).await
    }

    /// Refunds as the body says.
    pub async fn refund(&self, body: &Value) -> Answer {
        self.merchant.post(&self.path("/refund"), body).await
    }

    /// The same under an idempotency key.
    pub async fn refund_with(&self, key: &str, body: &Value) -> Answer {
        let path = self.path("/refund");
        self.merchant.post_keyed(&path, key, body).await
    }

    /// Gives it up, until the gateway's answer is known to be missing.
    pub async fn cancel_without_answer(&self) -> JoinHandle<Answer> {
        let payment = self.clone();
        let canceling = tokio::spawn(async move { payment.cancel().await });
        until("the outcome is unknown", || async {
            self.now().await["operation"]["state"] == "UNKNOWN"
        })
        .await;
        canceling
    }

    /// A notification about it arrives, under an id of its own; what became of it, in a word.
    pub async fn notify(&self, heard: NotificationContent) -> String {
        self.notify_as(&format!("evt_{}", unique()), heard).await
    }

    /// A notification with this id arrives.
    pub async fn notify_as(&self, event_id: &str, heard: NotificationContent) -> String {
        let delivery = Delivery::now(event_id, &heard.about(&self.id, self.amount));
        let answer = delivery.to(&self.merchant).await.expect(200);
        answer.text("result").to_owned()
    }

    /// Its events, oldest first.
    pub async fn transactions(&self) -> Vec<Value> {
        let (mut events, mut page) = (Vec::new(), "limit=100".to_owned());
        loop {
            let path = self.path(&format!("/transactions?{page}"));
            let answer = self.merchant.get(&path).await.expect(200);
            events.extend(answer["items"].as_array().expect("items").iter().cloned());
            match answer["next"].as_str() {
                Some(next) => page = format!("limit=100&after={next}"),
                None => return events,
            }
        }
    }

    /// The names of what happened to it.
    pub async fn events(&self) -> Vec<String> {
        names(&self.transactions().await)
    }

    /// A path below it.
    pub fn path(&self, verb: &str) -> String {
        format!("/api/v1/payments/{}{verb}", self.id)
    }
}

/// The names of events.
pub fn names(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| event["event_type"].as_str().unwrap_or_default().to_owned();
    events.iter().map(name).collect()
}

/// A moment of the machine's clock from now, as RFC 3339 would have it.
pub fn rfc3339_in(from_now: Duration) -> String {
    let millis = (crate::secrets::now_s() + from_now.as_secs()) * 1_000;
    daegeum_engine::time::Timestamp::from_millis(millis).to_string()
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
