//! A buyer's checkout: the session's token in hand, from the beginning to the gateway's window and back.

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::caller::{Answer, Caller};
use crate::story::{Order, Payment};
use crate::toss::{Approved, Gateway};
use crate::until;

/// A session that was begun.
#[derive(Clone)]
pub struct CheckoutVisit {
    /// Whoever holds the session's token.
    pub browser: Caller,
    /// The session's id.
    pub id: String,
    /// Its payment, as the merchant sees it.
    pub payment: Payment,
    /// Its order.
    pub order: Order,
    gateway: Gateway,
}

impl Order {
    /// Begins a checkout, whatever is answered.
    pub async fn send_session(&self, with: Value) -> Answer {
        let mut body =
            json!({ "order_id": self.id, "redirect_url": "https://shop.example/return" });
        let fields = with.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(fields);
        self.merchant()
            .post("/api/v1/payments/sessions", &body)
            .await
    }

    /// Begins a checkout at this gateway.
    pub async fn checkout(&self, gateway: &Gateway) -> CheckoutVisit {
        self.checkout_with(gateway, json!({})).await
    }

    /// Begins a checkout with more said about the buyer.
    pub async fn checkout_with(&self, gateway: &Gateway, with: Value) -> CheckoutVisit {
        self.begun(&self.send_session(with).await.expect(201), gateway)
    }

    /// The checkout that an answer is about.
    pub fn begun(&self, begun: &Answer, gateway: &Gateway) -> CheckoutVisit {
        CheckoutVisit {
            browser: self.merchant().with(begun.text("session_token")),
            id: begun.text("session_id").to_owned(),
            payment: self.payment(begun),
            order: self.clone(),
            gateway: gateway.clone(),
        }
    }
}

impl CheckoutVisit {
    /// The same checkout at a shop that has moved: where this caller calls.
    pub fn at(&self, stranger: &Caller) -> Self {
        Self {
            browser: self.browser.at(stranger.base()),
            payment: self.payment.at(stranger.base()),
            order: self.order.at(stranger.base()),
            ..self.clone()
        }
    }

    /// The session as it is.
    pub async fn now(&self) -> Answer {
        self.browser.get(&self.path("")).await.expect(200)
    }

    /// Its status.
    pub async fn status(&self) -> String {
        self.now().await.text("status").to_owned()
    }

    /// Asks for what the window needs.
    pub async fn prepare(&self) -> Answer {
        self.browser.ask(&self.path("/prepare")).await
    }

    /// Prepares, opens the window, and approves there.
    pub async fn approve(&self) -> Approved {
        let prepared = self.prepare().await.expect(200);
        self.gateway.approve(&prepared["window"], None)
    }

    /// Prepares and opens the window as a shop would that offers accounts to transfer to, which this version does
    /// not; and approves there.
    pub async fn approve_by_transfer(&self) -> Approved {
        let mut prepared = self.prepare().await.expect(200)["window"].clone();
        prepared["method"] = "VIRTUAL_ACCOUNT".into();
        self.gateway.approve(&prepared, None)
    }

    /// Chooses to transfer: approves and comes back.
    pub async fn pay_by_transfer(&self) -> Answer {
        let approved = self.approve_by_transfer().await;
        self.confirm(&approved).await
    }

    /// Approves what the gateway will refuse to confirm, with this code.
    pub async fn approve_what_fails(&self, code: &str) -> Approved {
        let prepared = self.prepare().await.expect(200);
        self.gateway.approve(&prepared["window"], Some(code))
    }

    /// Comes back from the window.
    pub async fn confirm(&self, approved: &Approved) -> Answer {
        confirm(&self.browser, approved).await
    }

    /// Asks whether what the window gave fits the payment.
    pub async fn verify(&self, approved: &Approved) -> Answer {
        let path = "/api/v1/payments/verify";
        self.browser.post(path, &body(approved)).await
    }

    /// Comes back from the window, and does not wait for what is answered.
    pub fn begin_to_confirm(&self, approved: &Approved) -> JoinHandle<Answer> {
        let (browser, approved) = (self.browser.clone(), approved.clone());
        tokio::spawn(async move { confirm(&browser, &approved).await })
    }

    /// The same, until the gateway's answer is known to be missing.
    pub async fn confirm_without_answer(&self, approved: &Approved) -> JoinHandle<Answer> {
        let confirming = self.begin_to_confirm(approved);
        until("the outcome is unknown", || async {
            self.status().await == "unknown"
        })
        .await;
        confirming
    }

    /// Pays: approves and comes back.
    pub async fn pay(&self) -> Answer {
        let approved = self.approve().await;
        self.confirm(&approved).await
    }

    /// Toss's name for the payment, once it is known.
    pub async fn approved_key(&self) -> String {
        let now = self.payment.now().await;
        now.text("provider_payment_id").to_owned()
    }

    /// The payload of the first event of this name about the payment.
    pub async fn happened(&self, event_type: &str) -> Value {
        let events = self.payment.transactions().await;
        let mut events = events.iter();
        let found = events.find(|event| event["event_type"] == event_type);
        found.unwrap_or_else(|| panic!("no {event_type}"))["payload"].clone()
    }

    fn path(&self, verb: &str) -> String {
        format!("/api/v1/payments/sessions/{}{verb}", self.id)
    }
}

/// A caller's request with the window's parameters.
pub async fn confirm(caller: &Caller, approved: &Approved) -> Answer {
    caller
        .post("/api/v1/payments/confirm", &body(approved))
        .await
}

/// The body of a confirmation.
pub fn body(approved: &Approved) -> Value {
    json!({
        "payment_key": approved.payment_key,
        "order_id": approved.order_id,
        "amount": approved.amount,
    })
}
