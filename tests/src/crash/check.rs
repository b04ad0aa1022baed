//! Checks after a crash, by rules written independently: states only move forward, answers are repeated byte by byte,
//! the feed has no gap, and the books agree with the feed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::acknowledged::{Acknowledged, Acknowledgement, Asked, State};
use crate::caller::{Answer, Caller};
use crate::secrets;
use crate::shop::amount_in_books;

const AT_ONCE: usize = 8;

/// Everything acknowledged since a cycle is there, in the state that was acknowledged or a later one.
pub async fn states(merchant: &Caller, acknowledged: &Acknowledged, since: u32) -> Vec<String> {
    at_once(acknowledged.states_since(since), |(path, state)| {
        let merchant = merchant.clone();
        async move { still_there(&merchant, &path, &state).await }
    })
    .await
}

async fn still_there(merchant: &Caller, path: &str, state: &State) -> Option<String> {
    let now = served(|| merchant.get(path)).await;
    let detail = now.text("detail");
    let follows = now.status == 200 && may_follow(&state.detail, detail);
    (!follows).then(|| {
        format!(
            "{path} was {}, is {}: {}",
            state.detail,
            now.status,
            now.body()
        )
    })
}

/// The answer, once there is an index to give it from.
async fn served<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != 503 || answer.code() != "INDEX_REBUILDING" {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// Whether a thing once acknowledged as `was` may now be `is`; no one resolves set-aside money here.
fn may_follow(was: &str, is: &str) -> bool {
    let later: &[&str] = match was {
        "INITIATED" => &[
            "AUTHORIZED",
            "CAPTURED",
            "FAILED",
            "CANCELED",
            "VOIDED",
            "EXPIRED",
            "MISMATCHED",
            "ORPHANED",
        ],
        "AUTHORIZED" => &["CAPTURED", "VOIDED", "MISMATCHED", "ORPHANED"],
        "FAILED" => &["CANCELED", "CAPTURED", "ORPHANED", "MISMATCHED"],
        "VOIDED" | "EXPIRED" => &["CAPTURED", "ORPHANED", "MISMATCHED"],
        // An order cannot leave it; a payment's money can still come late.
        "CANCELED" => &["CAPTURED", "ORPHANED", "MISMATCHED"],
        "MISMATCHED" => &["CAPTURED"],
        "PAYMENT_PENDING" => &["RESERVED", "PAID", "CANCEL_REQUESTED", "CANCELED"],
        "RESERVED" => &["PAYMENT_PENDING", "PAID", "CANCEL_REQUESTED", "CANCELED"],
        "CANCEL_REQUESTED" => &["CANCELED"],
        _ => &[],
    };
    was == is || later.contains(&is)
}

/// Every request made again is answered with the same bytes.
pub async fn repeats(stranger: &Caller, acknowledged: &Acknowledged, since: u32) -> Vec<String> {
    at_once(acknowledged.said_since(since), |said| {
        let stranger = stranger.clone();
        async move { said_again(&stranger, &said).await }
    })
    .await
}

async fn said_again(stranger: &Caller, said: &Acknowledgement) -> Option<String> {
    let ask = || async { said.asked.of(stranger).await.expect("the server runs") };
    let again = served(ask).await;
    let same = match &said.asked {
        Asked::Merchant { .. } => {
            again.status == said.status && again.bytes == said.bytes && again.replayed()
        }
        Asked::Gateway { .. } => again.status == 200 && again.text("result") == "duplicate",
    };
    let first = || String::from_utf8_lossy(&said.bytes).into_owned();
    (!same).then(|| {
        format!(
            "{:?} was {} {}, is {} {}",
            said.asked,
            said.status,
            first(),
            again.status,
            again.body()
        )
    })
}

/// The feed as it was read so far, and what it says of the money.
#[derive(Default)]
pub struct Checked {
    last: u64,
    captured: i64,
    aside: i64,
    paid: BTreeSet<String>,
    captures: BTreeMap<String, u32>,
}

impl Checked {
    /// Reads on in the feed, and compares it with what was acknowledged and with the books.
    pub async fn feed_and_books(
        &mut self,
        stranger: &Caller,
        acknowledged: &Acknowledged,
    ) -> Vec<String> {
        let mut problems = self.read_on(&stranger.with(secrets::MERCHANT)).await;
        for (path, state) in acknowledged.states_since(0) {
            let Some(payment) = path.strip_prefix("/api/v1/payments/") else {
                continue;
            };
            if state.detail == "CAPTURED" && self.captures.get(payment) != Some(&1) {
                problems.push(format!(
                    "the feed does not have the capture of {payment} once"
                ));
            }
        }
        let admin = stranger.with(secrets::KIM);
        for (account, right) in [("hold", -self.captured), ("suspense", -self.aside)] {
            let books = balance(&admin, account).await;
            if books != right {
                problems.push(format!(
                    "the books have {books} in {account}, the feed says {right}"
                ));
            }
        }
        problems
    }

    async fn read_on(&mut self, merchant: &Caller) -> Vec<String> {
        let mut problems = Vec::new();
        loop {
            let page = merchant
                .get(&format!("/api/v1/events?limit=100&after={}", self.last))
                .await;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            for event in &items {
                self.last += 1;
                if event["sequence"] != self.last {
                    problems.push(format!("the feed has {event} at {}", self.last));
                    return problems;
                }
                problems.extend(self.take(event));
            }
            if items.is_empty() {
                if page["last"] != self.last {
                    problems.push(format!(
                        "the feed ends at {}, not at {}",
                        self.last, page["last"]
                    ));
                }
                return problems;
            }
        }
    }

    fn take(&mut self, event: &Value) -> Option<String> {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let money = |field: &str| {
            event["payload"][field]["amount"]
                .as_i64()
                .unwrap_or_default()
        };
        match event["event_type"].as_str().unwrap_or_default() {
            "CAPTURE_SUCCEEDED" | "SUSPENDED_MONEY_TAKEN" => {
                self.captured += money("amount");
                self.aside -= money("suspended");
                *self.captures.entry(text("payment_id")).or_default() += 1;
            }
            "AMOUNT_MISMATCHED" | "MONEY_ORPHANED" => self.aside += money("received"),
            "PAYMENT_SUCCEEDED" if !self.paid.insert(text("order_id")) => {
                return Some(format!("{} was paid twice", text("order_id")));
            }
            _ => {}
        }
        None
    }
}

async fn balance(admin: &Caller, account: &str) -> i64 {
    let books = served(|| admin.get("/api/v1/admin/balances")).await;
    let items = books["items"].as_array().expect("items");
    let of_account = items.iter().filter(|item| item["account"] == account);
    let balance = of_account.map(amount_in_books).sum::<i128>();
    i64::try_from(balance).expect("a balance of 64 bits")
}

/// Asks about all of them, a few at once; what is wrong with each.
async fn at_once<T, F>(all: Vec<T>, ask: impl Fn(T) -> F) -> Vec<String>
where
    F: Future<Output = Option<String>> + Send + 'static,
{
    let (mut problems, mut running) = (Vec::new(), tokio::task::JoinSet::new());
    for one in all {
        if running.len() >= AT_ONCE {
            problems.extend(
                running
                    .join_next()
                    .await
                    .and_then(|done| done.expect("no panic")),
            );
        }
        running.spawn(ask(one));
    }
    while let Some(done) = running.join_next().await {
        problems.extend(done.expect("no panic"));
    }
    problems
}
