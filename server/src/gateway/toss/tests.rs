//! The client against Toss's contract, in bodies written out from its documentation.

mod answers;
mod hostile;
mod refusals;
mod requests;
mod windows;

use bytes::Bytes;
use daegeum_engine::amounts::Amounts;
use daegeum_engine::card::Installments;
use daegeum_engine::command::Fact;
use daegeum_engine::easy_pay::EasyPay;
use daegeum_engine::event::{PaidWith, ProviderPaymentId};
use daegeum_engine::id::{OperationId, PaymentId};
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::operation::OperationKind;
use serde_json::{Value, json};

use super::*;
use crate::config::Value as _;
use crate::gateway::{By, Description, SlipUrl};

const KEY: &str = "tgen_20240513184816ZSAZ9";
const ORDER: &str = "pay_0190163d8b4f7c8a9d2e3f4a5b6c7d8e";
const OPERATION: &str = "op_0190163d8b4f7c8a9d2e3f4a5b6c7d8f";
const TOTAL: u64 = 11_000;

fn toss() -> Toss {
    let configured = config::Toss {
        secret_key: Some(TossSecretKey::parse("test_sk_zXLkKEypNArWmo50").unwrap()),
        client_key: Some(TossClientKey::parse("test_ck_zXLkKEypNArWmo50").unwrap()),
        base_url: HttpUrl::parse("https://api.tosspayments.com").unwrap(),
        sdk_url: HttpUrl::parse("https://js.tosspayments.com/v2/standard").unwrap(),
        webhook_secret: None,
        easy_pays: vec![EasyPay::KakaoPay],
        installments_max: Installments::new(12).unwrap(),
        installments_minimum: 50_000,
    };
    Toss::configured(&configured).unwrap()
}

fn won(minor: u64) -> Money {
    Money::new(minor, Currency::Krw).unwrap()
}

fn call(ask: Ask) -> Call {
    Call {
        ask,
        operation: Some(OperationId::parse(OPERATION).unwrap()),
        sent_before: false,
        other_credentials: false,
        payment: PaymentId::parse(ORDER).unwrap(),
        name: Some(ProviderPaymentId(KEY.into())),
        amounts: split(10_000, 1_000, 0),
        there: split(10_000, 1_000, 0),
    }
}

/// An amount that is split so.
fn split(supply: u64, vat: u64, tax_free: u64) -> Amounts {
    Amounts::split(won(supply), won(vat), won(tax_free)).unwrap()
}

/// An amount without a split.
fn whole(minor: u64) -> Amounts {
    Amounts::whole(won(minor))
}

/// By Toss's own key.
const fn inquiry(about: Option<OperationKind>, window_over: bool) -> Ask {
    Ask::Inquire {
        about,
        window_over,
        by: By::Name,
    }
}

const fn by_order_number(about: Option<OperationKind>, window_over: bool) -> Ask {
    Ask::Inquire {
        about,
        window_over,
        by: By::OrderNumber,
    }
}

/// Every kind of call.
fn asks() -> Vec<Ask> {
    let mut asks = vec![Ask::Confirm, Ask::Capture, Ask::Void, Ask::Cancel];
    for about in [
        None,
        Some(OperationKind::Confirm),
        Some(OperationKind::Capture),
        Some(OperationKind::Void),
        Some(OperationKind::Cancel),
    ] {
        for window_over in [false, true] {
            asks.extend([
                inquiry(about, window_over),
                by_order_number(about, window_over),
            ]);
        }
    }
    asks
}

/// Whether it requests the payment by Toss's own key.
const fn names(ask: Ask) -> bool {
    matches!(ask, Ask::Inquire { by: By::Name, .. })
}

/// The operation that an inquiry asks about; `None` for other calls.
const fn asked_about(ask: Ask) -> Option<OperationKind> {
    match ask {
        Ask::Inquire { about, .. } => about,
        Ask::Confirm | Ask::Capture | Ask::Void | Ask::Cancel => None,
    }
}

const SLIP: &str = "https://dashboard.tosspayments.com/receipt";

/// The card of a payment, as stored.
fn by_card() -> PaidWith {
    PaidWith {
        method: Some("card".into()),
        issuer: Some("71".into()),
        last4: Some("000*".into()),
        card_type: Some("신용".into()),
        approval: Some("00000000".into()),
        installments: Some(0),
    }
}

/// A payment as Toss sends it, with `changes` over it.
fn payment(changes: Value) -> Value {
    let mut body = json!({
        "mId": "tosspayments", "version": "2022-11-16", "paymentKey": KEY, "status": "DONE",
        "lastTransactionKey": "B7103F204998813B889C77C043D09502", "method": "카드", "orderId": ORDER,
        "orderName": "토스 티셔츠 외 2건", "requestedAt": "2024-02-13T12:17:57+09:00",
        "approvedAt": "2024-02-13T12:18:14+09:00", "useEscrow": false, "cultureExpense": false,
        "card": {"issuerCode": "71", "acquirerCode": "71", "number": "12345678****000*",
                 "installmentPlanMonths": 0, "isInterestFree": false, "interestPayer": null,
                 "approveNo": "00000000", "useCardPoint": false, "cardType": "신용",
                 "ownerType": "개인", "acquireStatus": "READY", "amount": TOTAL},
        "virtualAccount": null, "transfer": null, "mobilePhone": null, "giftCertificate": null,
        "cashReceipt": null, "cashReceipts": null, "discount": null, "cancels": null,
        "secret": "ps_5GePWvyJnrKmpyxDqNKLVgLzN97E", "type": "NORMAL",
        "easyPay": null, "country": "KR", "failure": null, "isPartialCancelable": true,
        "receipt": {"url": SLIP}, "currency": "KRW",
        "totalAmount": TOTAL, "balanceAmount": TOTAL, "suppliedAmount": 10_000, "vat": 1_000,
        "taxFreeAmount": 0, "taxExemptionAmount": 0, "metadata": null,
    });
    merge(&mut body, changes);
    body
}

fn merge(body: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else {
        return;
    };
    for (name, value) in changes {
        body[name] = value;
    }
}

/// A fully refunded payment, by a cancel with this reason.
fn canceled(reason: &str) -> Value {
    payment(json!({
        "status": "CANCELED", "balanceAmount": 0, "suppliedAmount": 0, "vat": 0,
        "cancels": [{"cancelAmount": TOTAL, "cancelReason": reason, "taxFreeAmount": 0,
            "taxExemptionAmount": 0, "refundableAmount": 0, "canceledAt": "2024-02-13T12:20:23+09:00",
            "transactionKey": "8B4F646A829571D870A3011A4E13D640", "receiptKey": null,
            "cancelStatus": "DONE", "cancelRequestId": null}],
    }))
}

fn our_reason() -> String {
    format!("주문 취소 ({OPERATION})")
}

fn raw(ask: Ask, status: u16, body: impl Into<Bytes>) -> Outcome {
    come(&call(ask), status, body)
}

/// The outcome of this call with this response.
fn come(call: &Call, status: u16, body: impl Into<Bytes>) -> Outcome {
    let response = Response::builder().status(status).body(body.into());
    toss().read(call, &Ok(response.unwrap()))
}

fn read(ask: Ask, status: u16, body: &Value) -> Outcome {
    raw(ask, status, body.to_string())
}

fn error(ask: Ask, status: u16, code: &str) -> Outcome {
    read(ask, status, &json!({"code": code, "message": "메시지"}))
}

/// The fact of the outcome, if it has one.
fn fact(outcome: &Outcome) -> Option<&Fact> {
    match outcome {
        Outcome::Answered { fact, .. } => Some(fact),
        Outcome::NotSent | Outcome::NotThisOne | Outcome::NotYet { .. } | Outcome::Unknown => None,
    }
}

/// Whether the outcome proves neither that something was done nor that it was not.
fn says_nothing(outcome: &Outcome) -> bool {
    fact(outcome).is_none_or(|fact| *fact == Fact::Undecided)
}
