//! The server's acknowledgements, kept outside it: every answer with its request, and the latest acknowledged state
//! of each order and payment.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use serde_json::Value;

use crate::caller::{Answer, Caller};
use crate::gateway::Delivery;

/// A request that can be made again.
#[derive(Debug, Clone)]
pub enum Asked {
    /// By the merchant's backend; under a key, or one that is the same by its body.
    Merchant {
        /// Where.
        path: String,
        /// The idempotency key.
        key: Option<String>,
        /// The body.
        body: Value,
    },
    /// A notification, signed anew each time it is delivered.
    Gateway {
        /// The event's id.
        event_id: String,
        /// The body.
        body: Value,
    },
}

impl Asked {
    /// Makes the request.
    pub async fn of(&self, stranger: &Caller) -> Result<Answer, reqwest::Error> {
        match self {
            Self::Merchant { path, key, body } => {
                let merchant = stranger.with(crate::secrets::MERCHANT);
                let mut request = merchant.request(Method::POST, path).json(body);
                if let Some(key) = key {
                    request = request.header("idempotency-key", key);
                }
                Answer::try_to(request).await
            }
            Self::Gateway { event_id, body } => {
                Answer::try_to(Delivery::now(event_id, body).request(stranger)).await
            }
        }
    }
}

/// An answer that was given.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    /// In which cycle.
    pub cycle: u32,
    /// To what.
    pub asked: Asked,
    /// The status.
    pub status: u16,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The latest state something was said to be in.
#[derive(Debug, Clone)]
pub struct State {
    /// In which cycle.
    pub cycle: u32,
    /// The exact state.
    pub detail: String,
}

/// All of it.
#[derive(Default)]
pub struct Acknowledged {
    said: Mutex<Vec<Acknowledgement>>,
    states: Mutex<BTreeMap<String, State>>,
    count: AtomicU64,
}

impl Acknowledged {
    /// Notes an answer, and the state it shows.
    pub fn note(&self, cycle: u32, asked: Asked, answer: &Answer) {
        if let Some(path) = shown(answer) {
            let detail = answer.text("detail").to_owned();
            self.states
                .lock()
                .unwrap()
                .insert(path, State { cycle, detail });
        }
        let (status, bytes) = (answer.status, answer.bytes.clone());
        let said = Acknowledgement {
            cycle,
            asked,
            status,
            bytes,
        };
        self.said.lock().unwrap().push(said);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many answers there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The answers since a cycle.
    pub fn said_since(&self, cycle: u32) -> Vec<Acknowledgement> {
        let said = self.said.lock().unwrap();
        said.iter()
            .filter(|said| said.cycle >= cycle)
            .cloned()
            .collect()
    }

    /// The states since a cycle, by the path where they are read.
    pub fn states_since(&self, cycle: u32) -> Vec<(String, State)> {
        let states = self.states.lock().unwrap();
        let since = states.iter().filter(|(_, state)| state.cycle >= cycle);
        since
            .map(|(path, state)| (path.clone(), state.clone()))
            .collect()
    }
}

/// The path at which an answer's subject can be read again.
fn shown(answer: &Answer) -> Option<String> {
    if answer.status >= 300 || answer.text("detail").is_empty() {
        return None;
    }
    Some(match answer.text("payment_id") {
        "" => format!("/api/v1/orders/{}", answer.text("order_id")),
        payment => format!("/api/v1/payments/{payment}"),
    })
}
