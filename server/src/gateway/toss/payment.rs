//! Toss's Payment object, as much of it as we judge by, and the checks it has to pass before a word of
//! it is believed.
//!
//! Amounts are JSON integers. `11000.0`, `"11000"` and `-1` are not, and an answer with one of them is
//! no answer: it contradicts the contract, and guessing at money is worse than asking again.

use daegeum_engine::event::ProviderPaymentId;
use daegeum_engine::id::OperationId;
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::time::Timestamp;
use serde::Deserialize;

use crate::gateway::Call;

/// The longest payment key.
pub(super) const KEY_MAX: usize = 200;

/// A payment as it came. Fields we do not know are expected: Toss adds some without a new version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    payment_key: String,
    order_id: String,
    status: String,
    currency: String,
    total_amount: u64,
    balance_amount: u64,
    approved_at: Option<String>,
    cancels: Option<Vec<Cancel>>,
    virtual_account: Option<VirtualAccount>,
    failure: Option<Failure>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    cancel_reason: Option<String>,
    cancel_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VirtualAccount {
    due_date: Option<String>,
    expired: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: Option<String>,
}

/// How a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    Canceled,
    PartialCanceled,
    Aborted,
    Expired,
}

/// How our cancel stands in the list of a payment's cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OurCancel {
    /// It is not there.
    Absent,
    /// Some methods abroad take their time.
    InProgress,
    /// It was begun and given up.
    Aborted,
    /// It is done.
    Done,
}

/// A payment of ours that passed the checks.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) name: ProviderPaymentId,
    pub(super) status: Status,
    pub(super) total: Money,
    pub(super) balance: Money,
    body: Body,
}

impl Payment {
    /// The payment in an answer to `call`; nothing if it is not JSON, not a payment, or not this one.
    pub(super) fn about(call: &Call, body: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let ours = body.order_id == call.payment.to_string();
        let named = call.name.as_ref();
        let same = named.is_none_or(|name| *name.0 == *body.payment_key);
        let well_named = (1..=KEY_MAX).contains(&body.payment_key.len());
        let won = body.currency == Currency::Krw.code();
        let adds_up = body.balance_amount <= body.total_amount;
        if !(ours && same && well_named && won && adds_up) {
            return None;
        }
        Some(Self {
            name: ProviderPaymentId(body.payment_key.as_str().into()),
            status: status(&body.status)?,
            total: Money::new(body.total_amount, Currency::Krw).ok()?,
            balance: Money::new(body.balance_amount, Currency::Krw).ok()?,
            body,
        })
    }

    /// Whether money was ever taken. A virtual account can be canceled before anybody paid into it.
    pub(super) fn was_taken(&self) -> bool {
        self.body.virtual_account.is_none() || self.body.approved_at.is_some()
    }

    /// What has gone back.
    pub(super) fn returned(&self) -> Option<Money> {
        self.total.checked_sub(self.balance).ok()
    }

    /// How the cancel of this operation stands: its reason names the operation.
    pub(super) fn cancel_of(&self, operation: Option<OperationId>) -> OurCancel {
        let Some(operation) = operation.map(|operation| operation.to_string()) else {
            return OurCancel::Absent;
        };
        let mut cancels = self.body.cancels.iter().flatten();
        let ours = cancels.find(|cancel| {
            let reason = cancel.cancel_reason.as_deref();
            reason.is_some_and(|reason| reason.contains(&operation))
        });
        match ours.map(|cancel| cancel.cancel_status.as_deref()) {
            None => OurCancel::Absent,
            // Versions before cancels could be slow do not say it.
            Some(None | Some("DONE")) => OurCancel::Done,
            Some(Some("ABORTED")) => OurCancel::Aborted,
            Some(Some(_)) => OurCancel::InProgress,
        }
    }

    /// Until when the buyer can transfer.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        let due = self.body.virtual_account.as_ref()?.due_date.as_deref()?;
        // Documented without an offset, seen with one; without one it is Korea's time.
        Timestamp::parse_rfc3339(due).or_else(|| Timestamp::parse_rfc3339(&format!("{due}+09:00")))
    }

    /// Whether nobody can transfer any more. The status stays `WAITING_FOR_DEPOSIT` then.
    pub(super) fn account_ran_out(&self) -> bool {
        let account = self.body.virtual_account.as_ref();
        account.is_some_and(|account| account.expired == Some(true))
    }

    /// Why it failed, if Toss says it.
    pub(super) fn failure(&self) -> Option<&str> {
        let code = self.body.failure.as_ref()?.code.as_deref()?;
        (!code.is_empty()).then_some(code)
    }
}

fn status(text: &str) -> Option<Status> {
    Some(match text {
        "READY" => Status::Ready,
        "IN_PROGRESS" => Status::InProgress,
        "WAITING_FOR_DEPOSIT" => Status::WaitingForDeposit,
        "DONE" => Status::Done,
        "CANCELED" => Status::Canceled,
        "PARTIAL_CANCELED" => Status::PartialCanceled,
        "ABORTED" => Status::Aborted,
        "EXPIRED" => Status::Expired,
        _ => return None,
    })
}
