//! The Payment object as Toss answers it: every documented key, null where there is nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    card,
    payment::{Cancel, Instrument, Payment, RefundAccount, Status},
    refusal::{Language, message_of},
    when::{self, DAY_MS, MINUTE_MS},
};

/// Refunds to a bank account take two days.
const REFUND_MS: i64 = 2 * DAY_MS;
/// The refund's account is shown for half an hour.
const REFUND_ACCOUNT_MS: i64 = 30 * MINUTE_MS;

/// The data common to all payments.
pub(super) struct Shop<'a> {
    pub(super) merchant_id: &'a str,
    pub(super) base_url: &'a str,
}

/// The payment as JSON, as it is at `now_ms`.
pub(super) fn json(payment: &Payment, shop: &Shop<'_>, now_ms: i64, language: Language) -> String {
    serde_json::to_string(&shown(payment, shop, now_ms, language)).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown<'a> {
    version: &'static str,
    m_id: &'a str,
    payment_key: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    order_id: &'a str,
    order_name: &'a str,
    currency: &'static str,
    method: Option<&'static str>,
    total_amount: i64,
    balance_amount: i64,
    status: Status,
    requested_at: String,
    approved_at: Option<String>,
    use_escrow: bool,
    culture_expense: bool,
    is_partial_cancelable: bool,
    last_transaction_key: Option<&'a str>,
    supplied_amount: i64,
    vat: i64,
    tax_free_amount: i64,
    tax_exemption_amount: i64,
    cancels: Option<Vec<ShownCancel<'a>>>,
    card: Option<OfCard<'a>>,
    virtual_account: Option<VirtualAccount<'a>>,
    secret: Option<&'a str>,
    mobile_phone: Option<OfPhone<'a>>,
    gift_certificate: Option<GiftCertificate<'a>>,
    transfer: Option<Transfer<'a>>,
    metadata: Option<&'a BTreeMap<String, String>>,
    receipt: Option<Link>,
    checkout: Option<Link>,
    easy_pay: Option<EasyPay<'a>>,
    country: &'static str,
    failure: Option<Failure<'a>>,
    cash_receipt: Option<()>,
    cash_receipts: Option<()>,
    discount: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownCancel<'a> {
    cancel_amount: i64,
    cancel_reason: &'a str,
    tax_free_amount: i64,
    tax_exemption_amount: i64,
    refundable_amount: i64,
    card_discount_amount: i64,
    transfer_discount_amount: i64,
    easy_pay_discount_amount: i64,
    canceled_at: String,
    transaction_key: &'a str,
    receipt_key: Option<()>,
    cancel_status: &'static str,
    cancel_request_id: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfCard<'a> {
    amount: i64,
    issuer_code: &'a str,
    acquirer_code: Option<&'a str>,
    number: &'a str,
    installment_plan_months: u8,
    approve_no: &'a str,
    use_card_point: bool,
    card_type: &'static str,
    owner_type: &'static str,
    acquire_status: &'static str,
    is_interest_free: bool,
    interest_payer: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VirtualAccount<'a> {
    account_type: &'static str,
    account_number: &'a str,
    bank_code: &'a str,
    customer_name: Option<&'a str>,
    depositor_name: Option<&'a str>,
    due_date: String,
    refund_status: &'static str,
    expired: bool,
    settlement_status: &'static str,
    refund_receive_account: Option<&'a RefundAccount>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfPhone<'a> {
    customer_mobile_phone: &'a str,
    settlement_status: &'static str,
    receipt_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GiftCertificate<'a> {
    approve_no: &'a str,
    settlement_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transfer<'a> {
    bank_code: &'a str,
    settlement_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EasyPay<'a> {
    provider: &'a str,
    amount: i64,
    discount_amount: i64,
}

#[derive(Serialize)]
struct Link {
    url: String,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: &'static str,
}

pub(super) fn shown<'a>(
    payment: &'a Payment,
    shop: &Shop<'a>,
    now_ms: i64,
    language: Language,
) -> Shown<'a> {
    let (supplied, vat) = payment.supplied_and_vat();
    let receipt = format!("{}/sandbox/receipts/{}", shop.base_url, payment.key);
    let mut shown = Shown {
        version: "2022-11-16",
        m_id: shop.merchant_id,
        payment_key: &payment.key,
        kind: "NORMAL",
        order_id: &payment.order_id,
        order_name: &payment.order_name,
        currency: "KRW",
        method: Some(match language {
            Language::Korean => payment.method.korean(),
            Language::English => payment.method.code(),
        }),
        total_amount: payment.amount,
        balance_amount: payment.balance,
        status: payment.status,
        requested_at: when::with_offset(payment.requested_at_ms),
        approved_at: payment.approved_at_ms.map(when::with_offset),
        use_escrow: payment.use_escrow,
        culture_expense: false,
        is_partial_cancelable: !payment.use_escrow && payment.tax_exemption == 0,
        last_transaction_key: payment.last_transaction_key.as_deref(),
        supplied_amount: supplied,
        vat,
        tax_free_amount: payment.tax_free_balance,
        tax_exemption_amount: payment.tax_exemption,
        cancels: (!payment.cancels.is_empty())
            .then(|| payment.cancels.iter().map(cancel).collect()),
        card: None,
        virtual_account: None,
        secret: payment.secret.as_deref(),
        mobile_phone: None,
        gift_certificate: None,
        transfer: None,
        metadata: payment.metadata.as_ref(),
        receipt: payment.was_approved().then(|| Link {
            url: receipt.clone(),
        }),
        checkout: Some(Link {
            url: format!("{}/sandbox/pay/{}", shop.base_url, payment.key),
        }),
        easy_pay: None,
        country: "KR",
        failure: payment.failure.as_deref().map(|code| Failure {
            code,
            message: message_of(code, language),
        }),
        cash_receipt: None,
        cash_receipts: None,
        discount: None,
    };
    if let Some(instrument) = &payment.instrument {
        show_instrument(&mut shown, instrument, payment, receipt, (now_ms, language));
    }
    shown
}

fn show_instrument<'a>(
    shown: &mut Shown<'a>,
    instrument: &'a Instrument,
    payment: &'a Payment,
    receipt: String,
    (now_ms, language): (i64, Language),
) {
    match instrument {
        Instrument::Card {
            number,
            issuer,
            approve_no,
        } => {
            shown.card = Some(OfCard {
                amount: payment.amount,
                issuer_code: issuer,
                acquirer_code: Some(issuer),
                number,
                installment_plan_months: payment.installments.unwrap_or(0),
                approve_no,
                use_card_point: false,
                card_type: "신용",
                owner_type: "개인",
                acquire_status: if payment.balance == 0 {
                    "CANCELED"
                } else {
                    "READY"
                },
                is_interest_free: false,
                interest_payer: None,
            });
        }
        Instrument::EasyPay { provider } => {
            shown.easy_pay = Some(EasyPay {
                provider: match language {
                    Language::Korean => provider,
                    Language::English => card::in_english(provider),
                },
                amount: payment.amount,
                discount_amount: 0,
            });
        }
        Instrument::Account { bank } => {
            shown.transfer = Some(Transfer {
                bank_code: bank,
                settlement_status: "INCOMPLETED",
            });
        }
        Instrument::VirtualAccount {
            bank,
            number,
            due_ms,
        } => {
            shown.virtual_account = Some(virtual_account(payment, bank, number, *due_ms, now_ms));
        }
        Instrument::Phone { number } => {
            shown.mobile_phone = Some(OfPhone {
                customer_mobile_phone: number,
                settlement_status: "INCOMPLETED",
                receipt_url: receipt,
            });
        }
        Instrument::GiftCertificate { approve_no } => {
            shown.gift_certificate = Some(GiftCertificate {
                approve_no,
                settlement_status: "INCOMPLETED",
            });
        }
    }
}

fn virtual_account<'a>(
    payment: &'a Payment,
    bank: &'a str,
    number: &'a str,
    due_ms: i64,
    now_ms: i64,
) -> VirtualAccount<'a> {
    let last = payment
        .cancels
        .last()
        .and_then(|cancel| cancel.refund_to.as_ref().map(|to| (cancel.at_ms, to)));
    let deposited = payment.taken_times > 0;
    VirtualAccount {
        account_type: "일반",
        account_number: number,
        bank_code: bank,
        customer_name: payment.customer_name.as_deref(),
        depositor_name: payment.customer_name.as_deref().filter(|_| deposited),
        due_date: when::with_offset(due_ms),
        refund_status: match last {
            None => "NONE",
            Some((at_ms, _)) if now_ms >= at_ms.saturating_add(REFUND_MS) => "COMPLETED",
            Some(_) => "PENDING",
        },
        // Said here only: nothing is sent when the date passes.
        expired: payment.status == Status::WaitingForDeposit && now_ms >= due_ms,
        settlement_status: "INCOMPLETED",
        refund_receive_account: last
            .filter(|(at_ms, _)| now_ms < at_ms.saturating_add(REFUND_ACCOUNT_MS))
            .map(|(_, to)| to),
    }
}

fn cancel(cancel: &Cancel) -> ShownCancel<'_> {
    ShownCancel {
        cancel_amount: cancel.amount,
        cancel_reason: &cancel.reason,
        tax_free_amount: cancel.tax_free,
        tax_exemption_amount: 0,
        refundable_amount: cancel.refundable,
        card_discount_amount: 0,
        transfer_discount_amount: 0,
        easy_pay_discount_amount: 0,
        canceled_at: when::with_offset(cancel.at_ms),
        transaction_key: &cancel.transaction_key,
        receipt_key: None,
        cancel_status: "DONE",
        cancel_request_id: None,
    }
}
