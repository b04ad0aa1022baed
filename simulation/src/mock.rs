//! The mock gateway's side: it knows which unanswered calls it carried out, reports them by signed notifications
//! until they are accepted, and keeps its own books.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::caller::{Caller, Who};
use crate::secrets;
use crate::town::Town;

/// The mock gateway's action on a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Took so many won.
    Took(u64),
    /// Refused.
    Refused,
    /// Gave it up.
    GaveUp,
}

/// Its books: its actions on payments whose calls were left unanswered.
#[derive(Debug, Default)]
pub struct MockGateway {
    books: BTreeMap<String, Did>,
}

impl MockGateway {
    /// Its action on a payment, decided once.
    fn decide(&mut self, payment: &str, amount: u64, roll: u64) -> Did {
        let did = match roll {
            0..=5 => Did::Took(amount),
            6 => Did::Took(amount + 1_000),
            7 | 8 => Did::Refused,
            _ => Did::GaveUp,
        };
        *self.books.entry(payment.to_owned()).or_insert(did)
    }

    /// Won it took without having been able to say so in its answer, by payment.
    pub fn books(&self) -> impl Iterator<Item = (&str, Did)> {
        self.books.iter().map(|(id, did)| (id.as_str(), *did))
    }
}

/// A call was left unanswered: the gateway decides the outcome, and notifies until it is accepted, as often as its
/// own faults cause.
pub fn unanswered(town: &Town, payment: &str, amount: u64) {
    let did = town
        .mock
        .lock()
        .decide(payment, amount, town.dice.below(10));
    for copy in 0..town.dice.between(1, 3) {
        let (town, payment) = (town.clone(), payment.to_owned());
        let of_its_own = copy > 0 && town.dice.one_in(2);
        town.clone().send_out(async move {
            town.wait_up_to(*town.dice.pick(&[0, 100, 5_000, 600_000]))
                .await;
            let event = if of_its_own { copy } else { 0 };
            tell(&town, &payment, did, amount, event).await;
        });
    }
}

/// The gateway said that it refused, and takes the money all the same.
pub fn thinks_better_of_it(town: &Town, payment: &str, amount: u64) {
    let did = town.mock.lock().decide(payment, amount, 0);
    let (town, payment) = (town.clone(), payment.to_owned());
    town.clone().send_out(async move {
        town.wait_up_to(600_000).await;
        tell(&town, &payment, did, amount, 0).await;
    });
}

async fn tell(town: &Town, payment: &str, did: Did, amount: u64, event: u64) {
    let (kind, amount) = match did {
        Did::Took(took) => ("payment.captured", took),
        Did::Refused => ("payment.failed", amount),
        Did::GaveUp => ("payment.canceled", amount),
    };
    let body = json!({ "type": kind, "payment_id": payment, "amount": amount }).to_string();
    let id = format!("evt-{payment}-{event}");
    for _ in 0..200 {
        if deliver(town, &id, &body, None).await == Some(200) {
            return;
        }
        town.wait_up_to(60_000).await;
    }
    town.violated(|| format!("a notification about {payment} is not taken"));
}

/// One delivery, signed, or with another signature; the status it is answered with.
pub async fn deliver(town: &Town, id: &str, body: &str, forged: Option<&str>) -> Option<u16> {
    let at_s = town.clocks.true_ms() / 1_000;
    let signature = match forged {
        Some(forged) => forged.to_owned(),
        None => secrets::signature(id, at_s, body.as_bytes()),
    };
    let at = at_s.to_string();
    let headers = [
        ("webhook-id", id),
        ("webhook-timestamp", at.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    let gateway = Caller::new(town, Who::Stranger);
    let body = Bytes::from(body.to_owned());
    let path = "/api/v1/payments/webhook/mock";
    let answer = gateway.send(Method::POST, path, &headers, Some(body)).await;
    answer.ok().map(|answer| answer.status)
}
