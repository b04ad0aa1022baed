//! The load: several connections, each taking one order after another through its life, until the server is gone.
//! Every answer is recorded before the next request is made.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::acknowledged::{Acknowledged, Asked};
use super::chance::Chance;
use crate::caller::{Answer, Caller};
use crate::gateway::NotificationContent;

const WORKERS: u32 = 8;

/// Starts the workers.
pub fn start(
    base: &str,
    cycle: u32,
    chance: &mut Chance,
    acknowledged: &Arc<Acknowledged>,
) -> Vec<JoinHandle<()>> {
    let worker = |number| {
        let mut worker = Worker {
            name: format!("c{cycle}-w{number}"),
            cycle,
            stranger: Caller::new(base),
            chance: chance.split(),
            acknowledged: Arc::clone(acknowledged),
            keys: 0,
        };
        tokio::spawn(async move {
            let mut order = 0;
            while worker.order(order).await.is_some() {
                order += 1;
            }
        })
    };
    (0..WORKERS).map(worker).collect()
}

struct Worker {
    name: String,
    cycle: u32,
    stranger: Caller,
    chance: Chance,
    acknowledged: Arc<Acknowledged>,
    keys: u64,
}

/// Nothing once the server is gone.
type Alive<T> = Option<T>;

impl Worker {
    /// One order from its registration to one of its ends.
    async fn order(&mut self, number: u64) -> Alive<()> {
        let (id, total) = (
            format!("{}-{number}", self.name),
            1_000 + self.chance.below(90_000),
        );
        let capture = *self
            .chance
            .of(&["automatic", "automatic", "on_confirmation"]);
        let body = json!({
            "order_id": id, "buyer_id": "buyer-1", "currency": "KRW", "total": total, "capture": capture,
            "lines": [{"name": "수업", "quantity": 1, "unit_price": total, "tax": "taxable"}],
        });
        self.ask("/api/v1/orders", false, body).await?;
        let mut payments = Vec::new();
        for _ in 0..1 + self.chance.below(2) {
            let body = json!({"order_id": id, "amount": total});
            let begun = self.ask("/api/v1/payments", true, body).await?;
            payments.push(begun.text("payment_id").to_owned());
        }
        for _ in 0..1 + self.chance.below(4) {
            let payment = self.chance.of(&payments).clone();
            self.step(&id, &payment, total).await?;
        }
        Some(())
    }

    async fn step(&mut self, order: &str, payment: &str, total: u64) -> Alive<()> {
        let below = |verb: &str| format!("/api/v1/payments/{payment}{verb}");
        match self.chance.below(12) {
            0..6 => {
                let result = *self.chance.of(&["SUCCESS", "SUCCESS", "FAIL", "NO_ANSWER"]);
                let body = json!({"result": result});
                self.ask(&below("/mock/complete"), true, body).await?;
            }
            6..9 => {
                let some = [
                    NotificationContent::Captured,
                    NotificationContent::Captured,
                    NotificationContent::Failed,
                    NotificationContent::Canceled,
                    NotificationContent::CapturedOf(7),
                ];
                let body = self.chance.of(&some).about(payment, total);
                let event_id = format!("evt-{}", self.key());
                self.note(Asked::Gateway { event_id, body }).await?;
            }
            9 => drop(
                self.ask(&format!("/api/v1/orders/{order}/cancel"), true, Value::Null)
                    .await?,
            ),
            10 => drop(
                self.ask(
                    &format!("/api/v1/orders/{order}/confirm"),
                    true,
                    Value::Null,
                )
                .await?,
            ),
            _ => drop(self.ask(&below("/cancel"), true, Value::Null).await?),
        }
        Some(())
    }

    async fn ask(&mut self, path: &str, keyed: bool, body: Value) -> Alive<Answer> {
        let key = keyed.then(|| self.key());
        self.note(Asked::Merchant {
            path: path.to_owned(),
            key,
            body,
        })
        .await
    }

    /// Makes the request, and notes the answer if it is one that has to be given again.
    async fn note(&mut self, asked: Asked) -> Alive<Answer> {
        let answer = asked.of(&self.stranger).await.ok()?;
        let kept = matches!(answer.status, 200..300 | 404 | 409 | 422);
        // A server that is being stopped says so; anything else is not expected here.
        assert!(kept || answer.status == 503, "{asked:?}: {}", answer.body());
        if answer.status == 503 {
            return None;
        }
        self.acknowledged.note(self.cycle, asked, &answer);
        Some(answer)
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("{}-k{}", self.name, self.keys)
    }
}
