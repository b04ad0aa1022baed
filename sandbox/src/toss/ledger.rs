//! `GET /sandbox/books`: the simulator's view of all payments, to compare with the server's.

use serde::Serialize;

use super::{
    Toss,
    payment::{Payment, Status},
    when,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Books<'a> {
    payments: Vec<Line<'a>>,
    totals: Totals,
    keys: Vec<Used<'a>>,
    notifications: Notifications,
    /// Since the simulator was opened.
    calls: Calls,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    payment_key: &'a str,
    order_id: &'a str,
    status: Status,
    total_amount: i64,
    balance_amount: i64,
    /// How often money was really taken.
    confirms: u32,
    taken: i64,
    returned: i64,
    cancels: Vec<Reversal<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reversal<'a> {
    cancel_amount: i64,
    cancel_reason: &'a str,
    canceled_at: String,
    transaction_key: &'a str,
}

#[derive(Serialize)]
struct Totals {
    taken: i64,
    returned: i64,
    balance: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Used<'a> {
    idempotency_key: &'a str,
    url: String,
    effects: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notifications {
    waiting: usize,
    delivered: u64,
    given_up: u64,
}

#[derive(Serialize)]
struct Calls {
    confirm: u64,
    inquire: u64,
    cancel: u64,
}

impl Toss {
    pub(super) fn ledger(&self) -> serde_json::Value {
        let desk = self.state.desk();
        let books = Books {
            payments: self.state.payments().map(line).collect(),
            totals: Totals {
                taken: desk.taken,
                returned: desk.returned,
                balance: desk.taken.saturating_sub(desk.returned),
            },
            keys: self
                .state
                .all_kept()
                .filter_map(|(identity, kept)| key(identity, kept.effects))
                .collect(),
            notifications: Notifications {
                waiting: self.state.notices_waiting(),
                delivered: desk.notified,
                given_up: desk.given_up,
            },
            calls: Calls {
                confirm: self.calls.confirm,
                inquire: self.calls.inquire,
                cancel: self.calls.cancel,
            },
        };
        serde_json::to_value(books).unwrap_or_default()
    }
}

fn line(payment: &Payment) -> Line<'_> {
    Line {
        payment_key: &payment.key,
        order_id: &payment.order_id,
        status: payment.status,
        total_amount: payment.amount,
        balance_amount: payment.balance,
        confirms: payment.taken_times,
        taken: payment.taken,
        returned: payment.returned,
        cancels: payment
            .cancels
            .iter()
            .map(|cancel| Reversal {
                cancel_amount: cancel.amount,
                cancel_reason: &cancel.reason,
                canceled_at: when::with_offset(cancel.at_ms),
                transaction_key: &cancel.transaction_key,
            })
            .collect(),
    }
}

/// An identity is the pair of keys, the method, the path and the key; the key may have spaces.
fn key(identity: &str, effects: u32) -> Option<Used<'_>> {
    let mut parts = identity.splitn(4, ' ').skip(1);
    let (method, path, idempotency_key) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Used {
        idempotency_key,
        url: format!("{method} {path}"),
        effects,
    })
}
