//! `POST /v1/payments/{paymentKey}/cancel`, and the same from Toss's own dashboard.

use serde::Deserialize;

use super::{
    Toss,
    api::{Answer, ApiRequest},
    confirm::BANKS,
    payment::{Cancel, Method, Pair, Payment, RefundAccount, Status},
    refusal::Refusal,
};

/// A request to cancel; administrators use it too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelRequest {
    /// Why; at most 200 characters.
    pub cancel_reason: String,
    /// All that is left, if absent.
    pub cancel_amount: Option<i64>,
    /// The amount that the caller expects to be left.
    pub refundable_amount: Option<i64>,
    /// How much of it was not taxed.
    pub tax_free_amount: Option<i64>,
    /// KRW.
    pub currency: Option<String>,
    /// The bank account for the refund of a deposit.
    pub refund_receive_account: Option<RefundReceiveAccount>,
}

/// An account to refund to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundReceiveAccount {
    /// Its bank's code.
    pub bank: String,
    /// Digits only.
    pub account_number: String,
    /// The account's holder.
    pub holder_name: String,
}

impl Toss {
    pub(super) fn cancel(
        &mut self,
        now_ms: i64,
        ask: &ApiRequest,
        key: &str,
        pair: Pair,
    ) -> Answer {
        let request: CancelRequest = ask
            .body
            .as_deref()
            .and_then(|body| serde_json::from_str(body).ok())
            .ok_or_else(|| Refusal::of("INVALID_REQUEST"))?;
        match self.known_payment(key, pair) {
            None => return Err(Refusal::of("NOT_FOUND_PAYMENT")),
            Some(payment) if payment.pair != pair => return Err(Refusal::of("INVALID_API_KEY")),
            Some(_) => {}
        }
        let payment = self.canceled(now_ms, key, request)?;
        Ok(self.shown(&payment, now_ms, ask.language))
    }

    pub(super) fn canceled(
        &mut self,
        now_ms: i64,
        key: &str,
        request: CancelRequest,
    ) -> Result<Payment, Refusal> {
        if !(1..=200).contains(&request.cancel_reason.chars().count()) {
            return Err(Refusal::of("INVALID_REQUEST"));
        }
        let mut payment = self
            .state
            .payment(key)
            .cloned()
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        let amount = amount(&payment, &request)?;
        let tax_free = tax_free(&payment, &request, amount)?;
        let refund_to = refund_account(&payment, request.refund_receive_account)?;

        payment.balance = payment.balance.saturating_sub(amount);
        payment.tax_free_balance = payment.tax_free_balance.saturating_sub(tax_free);
        if payment.status != Status::WaitingForDeposit {
            payment.returned = payment.returned.saturating_add(amount);
            let desk = self.state.desk_mut();
            desk.returned = desk.returned.saturating_add(amount);
        }
        payment.status = if payment.balance == 0 {
            Status::Canceled
        } else {
            Status::PartialCanceled
        };
        let transaction_key = self.transaction_key();
        payment.last_transaction_key = Some(transaction_key.clone());
        payment.cancels.push(Cancel {
            amount,
            reason: request.cancel_reason,
            tax_free,
            refundable: payment.balance,
            at_ms: now_ms,
            transaction_key,
            refund_to,
        });
        self.effect();
        self.state.put(payment.clone());
        self.announce(now_ms, &payment);
        Ok(payment)
    }
}

fn amount(payment: &Payment, request: &CancelRequest) -> Result<i64, Refusal> {
    match payment.status {
        Status::Done | Status::PartialCanceled | Status::WaitingForDeposit => {}
        Status::Canceled => return Err(Refusal::of("ALREADY_CANCELED_PAYMENT")),
        _ => return Err(Refusal::of("NOT_CANCELABLE_PAYMENT")),
    }
    if request
        .currency
        .as_deref()
        .is_some_and(|currency| currency != "KRW")
    {
        return Err(Refusal::of("INVALID_CURRENCY"));
    }
    if request
        .refundable_amount
        .is_some_and(|expected| expected != payment.balance)
    {
        return Err(Refusal::of("NOT_MATCHES_REFUNDABLE_AMOUNT"));
    }
    let amount = request.cancel_amount.unwrap_or(payment.balance);
    if amount <= 0 {
        return Err(Refusal::of("INVALID_REQUEST"));
    }
    if amount > payment.balance {
        return Err(Refusal::of("NOT_CANCELABLE_AMOUNT"));
    }
    if amount < payment.balance && payment.status == Status::WaitingForDeposit {
        return Err(Refusal::of("NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT"));
    }
    if amount < payment.amount && (payment.use_escrow || payment.tax_exemption > 0) {
        return Err(Refusal::of("NOT_ALLOWED_PARTIAL_REFUND"));
    }
    Ok(amount)
}

/// All that is left takes all that was not taxed with it; a part only what it says.
fn tax_free(payment: &Payment, request: &CancelRequest, amount: i64) -> Result<i64, Refusal> {
    if amount == payment.balance {
        return Ok(payment.tax_free_balance);
    }
    let tax_free = request.tax_free_amount.unwrap_or(0);
    let taxed = payment.balance.saturating_sub(payment.tax_free_balance);
    let possible = (0..=amount.min(payment.tax_free_balance)).contains(&tax_free)
        && amount.saturating_sub(tax_free) <= taxed;
    possible
        .then_some(tax_free)
        .ok_or_else(|| Refusal::of("NOT_CANCELABLE_AMOUNT"))
}

/// Only money that was deposited needs one.
fn refund_account(
    payment: &Payment,
    account: Option<RefundReceiveAccount>,
) -> Result<Option<RefundAccount>, Refusal> {
    let deposited =
        payment.method == Method::VirtualAccount && payment.status != Status::WaitingForDeposit;
    if !deposited {
        return Ok(None);
    }
    let Some(account) = account else {
        return Err(Refusal::of("INVALID_REFUND_ACCOUNT_INFO"));
    };
    if !BANKS.contains(&account.bank.as_str()) {
        return Err(Refusal::of("INVALID_BANK"));
    }
    let digits = account.account_number.as_str();
    if !(1..=20).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::of("INVALID_REFUND_ACCOUNT_NUMBER"));
    }
    if !(1..=60).contains(&account.holder_name.chars().count()) {
        return Err(Refusal::of("INVALID_REFUND_ACCOUNT_INFO"));
    }
    Ok(Some(RefundAccount {
        bank_code: account.bank,
        account_number: account.account_number,
        holder_name: account.holder_name,
    }))
}
