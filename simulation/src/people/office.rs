//! The office: an administrator who looks at the desk now and then and decides its entries, and a backend that reads
//! the feed and checks that it has no gap.

use http::Method;
use serde_json::json;

use crate::books;
use crate::caller::{Caller, Who};
use crate::secrets;
use crate::town::Town;

/// Looks at everything once.
pub async fn office_hours(town: Town) {
    let admin = Caller::new(&town, Who::Admin);
    if let Some(desk) = admin.read("/api/v1/admin/desk").await {
        let items = desk.json["items"].as_array().cloned().unwrap_or_default();
        for item in items.iter().filter_map(|item| item["payment_id"].as_str()) {
            if town.dice.one_in(2) {
                decide(&town, &admin, item).await;
            }
        }
    }
    if town.dice.one_in(3) && !town.swarm.is_calm() {
        guess(&town, &admin).await;
    }
    feed(&town).await;
    if town.dice.one_in(12) {
        let path = format!("/api/v1/admin/buyers/b{}/erase", town.dice.below(6));
        drop(admin.once(Method::POST, &path, None).await);
    }
}

async fn decide(town: &Town, admin: &Caller, payment: &str) {
    let resolution = *town
        .dice
        .pick(&["take", "return", "return", "returned", "accept", "accept"]);
    resolve(town, admin, payment, resolution).await;
}

/// An impatient person resolves an unanswered call, now and then wrongly.
async fn guess(town: &Town, admin: &Caller) {
    let Some(waiting) = admin.read("/api/v1/admin/unanswered").await else {
        return;
    };
    let items = waiting.json["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for payment in items.iter().map(|item| &item["payment"]) {
        let Some(id) = payment["payment_id"].as_str() else {
            continue;
        };
        if town.dice.one_in(8) {
            town.mistaken.lock().insert(id.to_owned());
            // A confirmation that is wrongly called done is not corrected by the gateway's later answers yet.
            let words: &[&str] = match payment["operation"]["kind"].as_str() {
                Some("cancel") => &["not_done", "not_done", "done"],
                _ => &["not_done"],
            };
            let word = *town.dice.pick(words);
            resolve(town, admin, id, word).await;
        }
    }
}

async fn resolve(town: &Town, admin: &Caller, payment: &str, resolution: &str) {
    town.trace
        .note("office:", &[payment.as_bytes(), resolution.as_bytes()]);
    let reason = secrets::personal("office", "called the buyer");
    let body = json!({ "resolution": resolution, "reason": reason });
    let path = format!("/api/v1/admin/payments/{payment}/resolve");
    drop(admin.once(Method::POST, &path, Some(&body)).await);
}

/// Reads the feed from some place on; numbers follow each other.
async fn feed(town: &Town) {
    let backend = Caller::new(town, Who::Merchant);
    let after = town.dice.below(30);
    let path = format!("/api/v1/events?limit=40&after={after}");
    let Some(page) = backend.read(&path).await else {
        return;
    };
    let items = page.json["items"].as_array().cloned().unwrap_or_default();
    for (item, expected) in items.iter().zip(after + 1..) {
        if item["sequence"] != expected {
            town.violated(|| format!("the feed has a gap at {expected}: {item}"));
        }
    }
}

/// Looks into the gateway's own books and says what became of a call without an answer.
pub async fn say_what_happened(town: Town, payment: String) {
    let admin = Caller::new(&town, Who::Admin);
    let Some(shown) = admin.read(&format!("/api/v1/payments/{payment}")).await else {
        return;
    };
    let done = match shown.json["operation"]["kind"].as_str() {
        Some("cancel") => match unanswered(&admin, &payment).await {
            Some(operation) => books::has_canceled(&town, &payment, &operation),
            None => return,
        },
        _ => books::has_taken(&town, &payment),
    };
    let word = if done { "done" } else { "not_done" };
    resolve(&town, &admin, &payment, word).await;
}

/// The operation of a payment's call without an answer.
async fn unanswered(admin: &Caller, payment: &str) -> Option<String> {
    let waiting = admin.read("/api/v1/admin/unanswered?limit=100").await?;
    let mut items = waiting.json["items"].as_array()?.iter();
    let item = items.find(|item| item["payment"]["payment_id"] == payment)?;
    item["operation_id"].as_str().map(str::to_owned)
}

/// Asks once more for an order to be canceled whose money the gateway would not give back.
pub async fn cancel_again(town: Town, order: String) {
    let backend = Caller::new(&town, Who::Merchant);
    let path = format!("/api/v1/orders/{order}/cancel");
    drop(backend.once(Method::POST, &path, None).await);
}
