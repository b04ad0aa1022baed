//! One order from registration to the end, as its merchant and its buyer act: with repetitions, concurrently, too
//! late, or not at all.

use http::Method;
use serde_json::{Value, json};

use super::basket::Basket;
use super::checkout::check_out;
use crate::caller::{Answer, Caller, Who};
use crate::mock;
use crate::secrets;
use crate::town::Town;

/// The number of attempts of a person who cannot know that the server is down.
const PATIENCE: u32 = 8;

/// An order and who has to do with it.
#[derive(Clone)]
pub struct Story {
    /// The town.
    pub town: Town,
    /// The merchant's backend.
    pub merchant: Caller,
    /// The buyer.
    pub buyer: Caller,
    /// The buyer's name.
    pub buyer_name: String,
    /// The order's.
    pub order_id: String,
    /// The lines.
    pub basket: Basket,
    /// The total.
    pub total: u64,
    /// The tax-free part of it.
    pub tax_free: u64,
}

/// Tells the story of the order number `n`.
pub async fn order_story(town: Town, n: u64) {
    let buyer = format!("b{}", town.dice.below(6));
    let basket = Basket::draw(&town.dice);
    let story = Story {
        merchant: Caller::new(&town, Who::Merchant),
        buyer: Caller::new(&town, Who::Buyer(buyer.as_str().into())),
        buyer_name: buyer,
        order_id: format!("order-{n}"),
        total: basket.total(),
        tax_free: basket.tax_free(),
        basket,
        town,
    };
    if story.register().await.is_none() {
        return;
    }
    let attempts = *story.town.dice.pick(&[0, 1, 1, 1, 2, 3]);
    let by_mock = story.town.dice.below(100) < story.town.swarm.mock;
    for attempt in 0..attempts {
        if by_mock {
            story.attempt(attempt).await;
        } else if attempt > 0 && story.town.dice.one_in(2) {
            // A second session while the first is still open somewhere.
            let other = story.clone();
            story
                .town
                .send_out(async move { check_out(&other, attempt).await });
        } else {
            check_out(&story, attempt).await;
        }
        story
            .town
            .wait_up_to(*story.town.dice.pick(&[0, 50, 2_000, 90_000]))
            .await;
    }
    story.afterwards().await;
}

impl Story {
    async fn register(&self) -> Option<Answer> {
        let dice = &self.town.dice;
        let capture = if dice.below(100) < self.town.swarm.on_confirmation {
            "on_confirmation"
        } else {
            "automatic"
        };
        let mut body = json!({
            "order_id": self.order_id, "buyer_id": self.buyer_name, "currency": "KRW", "capture": capture,
            "total": self.total, "lines": self.basket.lines(), "discounts": self.basket.discounts(),
        });
        if dice.one_in(2) {
            let within_ms = *dice.pick(&[15_000, 60_000, 300_000, 1_500_000]);
            let within_ms = dice.between(within_ms / 2, within_ms) as i64;
            let at = (self.town.clocks.true_ms() + within_ms) as u64;
            let at = daegeum_engine::time::Timestamp::from_millis(at);
            body["expires_at"] = at.to_string().into();
        }
        let key = format!("register-{}", self.order_id);
        let times = if dice.one_in(5) { 2 } else { 1 };
        let mut registered = None;
        for _ in 0..times {
            let path = "/api/v1/orders";
            registered = if dice.one_in(2) {
                self.merchant.keyed(PATIENCE, path, &key, Some(&body)).await
            } else {
                let asked = Method::POST;
                self.merchant
                    .until_answered(PATIENCE, asked, path, &[], Some(&body))
                    .await
            };
        }
        let registered = registered?;
        let too_late =
            registered.text("code") == "DEADLINE_OUT_OF_RANGE" && !body["expires_at"].is_null();
        if too_late {
            return None;
        }
        if registered.status != 201 {
            self.town
                .violated(|| format!("an order is refused: {}", registered.json));
        }
        Some(registered)
    }

    async fn attempt(&self, attempt: u64) {
        let dice = &self.town.dice;
        let body = json!({ "order_id": self.order_id, "amount": self.total, "provider": "MOCK" });
        let key = format!("pay-{}-{attempt}", self.order_id);
        let payer = if dice.one_in(2) {
            &self.buyer
        } else {
            &self.merchant
        };
        let Some(begun) = payer
            .keyed(PATIENCE, "/api/v1/payments", &key, Some(&body))
            .await
        else {
            return;
        };
        if begun.status != 201 {
            return;
        }
        let payment = begun.text("payment_id").to_owned();
        if dice.one_in(6) {
            payer
                .keyed(PATIENCE, "/api/v1/payments", &key, Some(&body))
                .await;
        }
        self.town.wait_up_to(*dice.pick(&[0, 500, 60_000])).await;
        self.complete(&payment, attempt).await;
    }

    async fn complete(&self, payment: &str, attempt: u64) {
        let dice = &self.town.dice;
        let path = format!("/api/v1/payments/{payment}/mock/complete");
        let words: &[&str] = if dice.one_in(6) {
            &["SUCCESS", "FAIL"]
        } else {
            &[""]
        };
        for word in words {
            let word = match *word {
                "" => *dice.pick(&["SUCCESS", "SUCCESS", "NO_ANSWER", "NO_ANSWER", "FAIL"]),
                word => word,
            };
            let body = json!({ "result": word });
            let key = format!("complete-{}-{attempt}-{word}", self.order_id);
            let answer = if dice.one_in(2) {
                self.merchant
                    .keyed(PATIENCE, &path, &key, Some(&body))
                    .await
            } else {
                let answer = self.merchant.once(Method::POST, &path, Some(&body)).await;
                answer.ok()
            };
            if word == "FAIL" && dice.one_in(4) && answer.as_ref().is_some_and(Answer::is_done) {
                mock::thinks_better_of_it(&self.town, payment, self.total);
            }
            let unanswered = match answer {
                Some(answer) => answer.status == 202,
                None => self.is_unknown(payment).await,
            };
            if unanswered {
                mock::unanswered(&self.town, payment, self.total);
            }
        }
    }

    /// Refunds a part or a few, or all that is left, each request once or twice under its key.
    async fn refund_in_parts(&self, payment: &str) {
        let dice = &self.town.dice;
        let path = format!("/api/v1/payments/{payment}/refund");
        for n in 0..dice.between(1, 3) {
            self.town
                .wait_up_to(*dice.pick(&[0, 2_000, 60_000, 600_000]))
                .await;
            let mut body = json!({ "reason": secrets::personal("office", "a lesson fell out") });
            let part = dice.between(1, self.total.max(1));
            match dice.below(6) {
                0 => {}
                1 => {
                    body["components"] =
                        json!({ "tax_free": dice.between(1, self.tax_free.max(1)) })
                }
                2 => body["amount"] = (part / 10 + 1).into(),
                _ => body["amount"] = part.into(),
            }
            let key = format!("refund-{payment}-{n}");
            for _ in 0..dice.between(1, 2) {
                self.merchant
                    .keyed(PATIENCE, &path, &key, Some(&body))
                    .await;
            }
        }
    }

    async fn is_unknown(&self, payment: &str) -> bool {
        let path = format!("/api/v1/payments/{payment}");
        let shown = self.merchant.read_patiently(12, &path).await;
        shown.is_some_and(|shown| shown.json["operation"]["state"] == "UNKNOWN")
    }

    async fn afterwards(&self) {
        let dice = &self.town.dice;
        let path = |verb: &str| format!("/api/v1/orders/{}{verb}", self.order_id);
        match dice.below(6) {
            0 => drop(
                self.merchant
                    .once(Method::POST, &path("/cancel"), None)
                    .await,
            ),
            1 => {
                let key = format!("cancel-{}", self.order_id);
                self.merchant
                    .keyed(PATIENCE, &path("/cancel"), &key, None)
                    .await;
            }
            2 | 3 => {
                let key = format!("confirm-{}", self.order_id);
                self.merchant
                    .keyed(PATIENCE, &path("/confirm"), &key, None)
                    .await;
                self.merchant
                    .keyed(PATIENCE, &path("/confirm"), &key, None)
                    .await;
            }
            _ => {}
        }
        let reader = if dice.one_in(2) {
            &self.buyer
        } else {
            &self.merchant
        };
        let Some(order) = reader.read(&path("")).await else {
            return;
        };
        if order.status != 200 {
            self.town
                .violated(|| format!("an acknowledged order cannot be read: {}", order.json));
        }
        let payments = order.json["payments"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for payment in payments.iter().filter_map(Value::as_str) {
            reader.read(&format!("/api/v1/payments/{payment}")).await;
            if dice.one_in(3) {
                self.refund_in_parts(payment).await;
            }
            if dice.one_in(8) {
                let path = format!("/api/v1/payments/{payment}/cancel");
                drop(reader.once(Method::POST, &path, None).await);
            }
        }
    }
}
