//! Strangers: garbage, forged notifications, other people's orders, guessed secrets.

use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::caller::{Caller, Who};
use crate::mock;
use crate::town::Town;

/// Tries a few things.
pub async fn stranger(town: Town, n: u64) {
    let stranger = Caller::new(&town, Who::Stranger);
    for _ in 0..town.dice.between(1, 6) {
        town.wait_up_to(20_000).await;
        attempt(&town, &stranger, n).await;
    }
}

async fn attempt(town: &Town, stranger: &Caller, n: u64) {
    let order = format!("/api/v1/orders/order-{}", town.dice.below(12));
    let expected = match town.dice.below(8) {
        0 => refused(stranger.once(Method::GET, &order, None).await.ok(), &[401]),
        1 => {
            let guess = stranger.carrying("merchant-0000000000000000000000000000000");
            refused(guess.once(Method::GET, &order, None).await.ok(), &[401])
        }
        2 => {
            let somebody = Caller::new(town, Who::Buyer(format!("x{n}").as_str().into()));
            refused(somebody.once(Method::GET, &order, None).await.ok(), &[404])
        }
        3 => {
            let rubbish = Bytes::from_static(b"{\"order_id\": \xff\xfe");
            let path = "/api/v1/payments/webhook/mock";
            let sent = stranger.send(Method::POST, path, &[], Some(rubbish)).await;
            refused(sent.ok(), &[401])
        }
        4 => forged(town).await,
        5 | 6 => {
            hint(town, stranger).await;
            Ok(())
        }
        _ => {
            let body = json!({ "result": "SUCCESS" });
            let path = "/api/v1/payments/pay_00000000000000000000000000000000/mock/complete";
            refused(
                stranger.once(Method::POST, path, Some(&body)).await.ok(),
                &[401],
            )
        }
    };
    if let Err(what) = expected {
        town.violated(|| format!("a stranger got through: {what}"));
    }
}

/// A forged notification of Toss: nothing of it may be believed.
async fn hint(town: &Town, stranger: &Caller) {
    let Some(payment) = some_payment(town) else {
        return;
    };
    let status = *town.dice.pick(&["DONE", "CANCELED", "ABORTED"]);
    let body = json!({
        "eventType": "PAYMENT_STATUS_CHANGED",
        "createdAt": "2026-11-18T20:06:42.440000",
        "data": { "paymentKey": "tgen_forged", "orderId": payment, "status": status },
    });
    let path = "/api/v1/payments/webhook/toss";
    drop(stranger.once(Method::POST, path, Some(&body)).await);
}

/// A payment that a caller was told about.
fn some_payment(town: &Town) -> Option<String> {
    let told = town.told.lock();
    let ids: Vec<&str> = told
        .shown()
        .map(|(id, _)| id)
        .filter(|id| id.starts_with("pay_"))
        .collect();
    (!ids.is_empty()).then(|| (*town.dice.pick(&ids)).to_owned())
}

/// A notification that says that something known was paid, with a signature that is none.
async fn forged(town: &Town) -> Result<(), String> {
    let Some(known) = some_payment(town) else {
        return Ok(());
    };
    let body = json!({ "type": "payment.captured", "payment_id": known, "amount": 1 }).to_string();
    // The id that the gateway's own first notification about it has.
    let id = format!("evt-{known}-0");
    let signature = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    match mock::deliver(town, &id, &body, Some(signature)).await {
        None | Some(401 | 429 | 503 | 408) => Ok(()),
        Some(status) => Err(format!("a forged notification is answered {status}")),
    }
}

fn refused(answer: Option<crate::caller::Answer>, with: &[u16]) -> Result<(), String> {
    match answer {
        None => Ok(()),
        Some(answer) if with.contains(&answer.status) => Ok(()),
        Some(answer) if matches!(answer.status, 408 | 429 | 500 | 503) => Ok(()),
        Some(answer) => Err(format!("{} {}", answer.status, answer.json)),
    }
}
