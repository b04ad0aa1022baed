//! Toss's Payment object, reduced to the fields that decide, and the checks before it is believed.
//!
//! Amounts are JSON integers. `11000.0`, `"11000"` and `-1` are not, and an answer with one of them is
//! no answer: it contradicts the contract, and guessing at money is worse than asking again.

use daegeum_engine::amounts::Amounts;
use daegeum_engine::event::{PaidWith, ProviderPaymentId};
use daegeum_engine::id::OperationId;
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::wallets;
use crate::gateway::{Call, SlipUrl};

/// The longest payment key.
pub(super) const KEY_MAX: usize = 200;

/// A payment as it came. Fields we do not know are expected: Toss adds some without a new version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    payment_key: String,
    status: String,
    currency: String,
    total_amount: u64,
    balance_amount: u64,
    supplied_amount: Option<u64>,
    vat: Option<u64>,
    tax_free_amount: Option<u64>,
    tax_exemption_amount: Option<u64>,
    approved_at: Option<String>,
    cancels: Option<Vec<Cancel>>,
    virtual_account: Option<VirtualAccount>,
    #[serde(default, deserialize_with = "if_readable")]
    failure: Option<Failure>,
    #[serde(default, deserialize_with = "if_readable")]
    method: Option<String>,
    #[serde(default, deserialize_with = "if_readable")]
    card: Option<Card>,
    #[serde(default, deserialize_with = "if_readable")]
    easy_pay: Option<EasyPay>,
    #[serde(default, deserialize_with = "if_readable")]
    transfer: Option<Transfer>,
    #[serde(default, deserialize_with = "if_readable")]
    receipt: Option<Slip>,
}

/// A purely descriptive field. If its shape differs from Toss's contract it is left out: no decision about money
/// depends on it.
fn if_readable<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

/// The payment's order. This is read first: for another order, nothing else matters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Belongs {
    order_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    issuer_code: Option<String>,
    number: Option<String>,
    #[serde(rename = "cardType")]
    kind: Option<String>,
    approve_no: Option<String>,
    installment_plan_months: Option<u8>,
}

#[derive(Debug, Deserialize)]
struct EasyPay {
    provider: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transfer {
    bank_code: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Slip {
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    cancel_reason: Option<String>,
    cancel_status: Option<String>,
}

impl Cancel {
    /// Our operation, if its reason names one: at its end, in parentheses.
    fn operation(&self) -> Option<OperationId> {
        let (_, named) = self.cancel_reason.as_deref()?.rsplit_once('(')?;
        OperationId::parse(named.strip_suffix(')')?).ok()
    }

    fn stands(&self) -> CancelStands {
        match self.cancel_status.as_deref() {
            // Older API versions, whose cancels were all immediate, omit it.
            None | Some("DONE") => CancelStands::Done,
            Some("ABORTED") => CancelStands::Aborted,
            Some(_) => CancelStands::InProgress,
        }
    }
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

/// The state of a cancel in a payment's list of cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CancelStands {
    /// It is not in the list.
    Absent,
    /// Some foreign methods take time.
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
    /// What was taken in all, and what is left of it, as Toss splits them.
    pub(super) taken: Amounts,
    pub(super) left: Amounts,
    body: Body,
}

/// The payment that an answer is about.
#[derive(Debug)]
pub(super) enum About {
    /// The requested one.
    This(Box<Payment>),
    /// Another order's.
    Another,
}

impl Payment {
    /// The payment in an answer to `call`; `None` if it is no JSON, no payment, or contradicts itself.
    pub(super) fn about(call: &Call, body: &[u8]) -> Option<About> {
        let belongs: Belongs = serde_json::from_slice(body).ok()?;
        if belongs.order_id != call.payment.to_string() {
            return Some(About::Another);
        }
        let body: Body = serde_json::from_slice(body).ok()?;
        let well_named = (1..=KEY_MAX).contains(&body.payment_key.len());
        let won = body.currency == Currency::Krw.code();
        if !(well_named && won) {
            return None;
        }
        let (taken, left) = taken_and_left(&body)?;
        Some(About::This(Box::new(Self {
            name: ProviderPaymentId(body.payment_key.as_str().into()),
            status: status(&body.status)?,
            taken,
            left,
            body,
        })))
    }

    /// Whether it is of the window that the buyer approved in, as far as we know which that was. An order number can
    /// have several.
    pub(super) fn is_of(&self, name: Option<&ProviderPaymentId>) -> bool {
        name.is_none_or(|name| *name == self.name)
    }

    /// What the buyer paid with; nothing before anything was approved.
    pub(super) fn paid_with(&self) -> Option<PaidWith> {
        self.body.approved_at.as_ref()?;
        let (card, easy_pay) = (self.body.card.as_ref(), self.body.easy_pay.as_ref());
        let transfer = self.body.transfer.as_ref();
        let issuer = card
            .and_then(|card| card.issuer_code.as_deref())
            .or(easy_pay.and_then(|easy_pay| easy_pay.provider.as_deref()))
            .or(transfer.and_then(|transfer| transfer.bank_code.as_deref()));
        Some(PaidWith {
            method: self.body.method.as_deref().map(method),
            issuer: issuer.and_then(short),
            last4: card.and_then(|card| last4(card.number.as_deref()?)),
            card_type: card.and_then(|card| short(card.kind.as_deref()?)),
            approval: card.and_then(|card| short(card.approve_no.as_deref()?)),
            installments: card.and_then(|card| card.installment_plan_months),
        })
    }

    /// Which wallet the buyer paid with; nothing if it was none, or before anything was approved.
    pub(super) fn easy_pay(&self) -> Option<Box<str>> {
        self.body.approved_at.as_ref()?;
        let said = self.body.easy_pay.as_ref()?.provider.as_deref()?;
        match wallets::of(said) {
            Some(wallet) => Some(wallet.name().into()),
            None => short(said),
        }
    }

    /// Where Toss shows its own slip; nothing before anything was approved.
    pub(super) fn slip(&self) -> Option<SlipUrl> {
        self.body.approved_at.as_ref()?;
        SlipUrl::parse(&self.body.receipt.as_ref()?.url)
    }

    /// Whether money was ever captured. A virtual account can be canceled before any deposit.
    pub(super) fn was_taken(&self) -> bool {
        self.body.virtual_account.is_none() || self.body.approved_at.is_some()
    }

    /// How the cancel of this operation stands: its reason names the operation.
    pub(super) fn cancel_of(&self, operation: Option<OperationId>) -> CancelStands {
        let mut cancels = self.body.cancels.iter().flatten();
        let ours = cancels.find(|cancel| operation.is_some() && cancel.operation() == operation);
        ours.map_or(CancelStands::Absent, Cancel::stands)
    }

    /// The operations whose cancels are done: their reasons name them. `None` if Toss lists no cancels.
    pub(super) fn our_cancels(&self) -> Option<Vec<OperationId>> {
        let cancels = self.body.cancels.as_ref()?.iter();
        let done = cancels.filter(|cancel| cancel.stands() == CancelStands::Done);
        Some(done.filter_map(Cancel::operation).collect())
    }

    /// Whether any cancel, by anyone, is in progress.
    pub(super) fn is_being_canceled(&self) -> bool {
        let mut cancels = self.body.cancels.iter().flatten();
        cancels.any(|cancel| cancel.stands() == CancelStands::InProgress)
    }

    /// The time by which the buyer has to transfer.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        let due = self.body.virtual_account.as_ref()?.due_date.as_deref()?;
        // Documented without an offset, observed with one; without one it is Korean time.
        Timestamp::parse_rfc3339(due).or_else(|| Timestamp::parse_rfc3339(&format!("{due}+09:00")))
    }

    /// Whether the account has expired. The status stays `WAITING_FOR_DEPOSIT` then.
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

/// The captured amount and the amount left, each split if the given components add up to it. The documentation leaves
/// open whether components after a partial cancel belong to the rest or to the total, so their sum decides; if it
/// matches neither, the answer is invalid.
fn taken_and_left(body: &Body) -> Option<(Amounts, Amounts)> {
    let won = |minor| Money::new(minor, Currency::Krw).ok();
    let (total, balance) = (won(body.total_amount)?, won(body.balance_amount)?);
    total.checked_sub(balance).ok()?;
    let whole = (Amounts::whole(total), Amounts::whole(balance));
    let told = (body.supplied_amount, body.vat, body.tax_free_amount);
    let (Some(supply), Some(vat), Some(tax_free)) = told else {
        return Some(whole);
    };
    let exempt = body.tax_exemption_amount.unwrap_or(0);
    // Nor is it documented whether the tax-free amount includes exempt amounts.
    let candidates = [tax_free, tax_free.saturating_add(exempt)]
        .map(|tax_free| Amounts::split(won(supply)?, won(vat)?, won(tax_free)?).ok());
    let of = |sum: Money| {
        let mut fitting = candidates.iter().flatten();
        fitting.find(|split| split.total() == sum).copied()
    };
    match (of(total), of(balance)) {
        (None, None) => None,
        (taken, left) => Some((taken.unwrap_or(whole.0), left.unwrap_or(whole.1))),
    }
}

/// The common name of a method, which Toss gives in the requested language.
fn method(text: &str) -> Box<str> {
    match text {
        "카드" | "CARD" => "card".into(),
        "간편결제" | "EASY_PAY" => "easy_pay".into(),
        "가상계좌" | "VIRTUAL_ACCOUNT" => "virtual_account".into(),
        "계좌이체" | "TRANSFER" => "transfer".into(),
        "휴대폰" | "MOBILE_PHONE" => "mobile".into(),
        "문화상품권" | "도서문화상품권" | "게임문화상품권" => {
            "gift_certificate".into()
        }
        _ => "other".into(),
    }
}

/// A short text as it is shown to people; a longer one, or one with control characters, is none.
fn short(text: &str) -> Option<Box<str>> {
    let fits = (1..=20).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

/// The last four characters of a masked card number. No part of an unmasked number may be stored, so it gives `None`.
fn last4(number: &str) -> Option<Box<str>> {
    let masked = number.contains('*') && number.is_ascii() && number.len() <= 20;
    let at = number.len().checked_sub(4)?;
    number.get(at..).filter(|_| masked).map(Into::into)
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
