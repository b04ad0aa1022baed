//! Card options that a shop sets before the window opens: the wallet and the instalments of the SDK's `card`.
//!
//! Documented: `DIRECT` opens the window of one wallet or one card company, `DEFAULT` the common one whatever wallet is
//! named, in which the buyer chooses; months are 0 or 2 to 12, and not both forms at once. Chosen: that less than 50,000
//! won are not paid in months, which each card company decides, and the code of each refusal.

use super::{payment::Method, refusal::Refusal, window::OpenWindow};

/// The wallets: the SDK's code, and the name that answers have. English answers say the code (chosen).
const WALLETS: [(&str, &str); 9] = [
    ("TOSSPAY", "토스페이"),
    ("NAVERPAY", "네이버페이"),
    ("SAMSUNGPAY", "삼성페이"),
    ("APPLEPAY", "애플페이"),
    ("LPAY", "엘페이"),
    ("KAKAOPAY", "카카오페이"),
    ("PAYCO", "페이코"),
    ("SSG", "SSG페이"),
    ("PINPAY", "핀페이"),
];

/// Least amount in months.
const INSTALLMENTS_FROM: i64 = 50_000;

/// What the window has to keep to.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) method: Method,
    /// As answers name it.
    pub(super) easy_pay: Option<String>,
    /// Nothing, if the buyer chooses.
    pub(super) installments: Option<u8>,
}

/// What is settled, or why the window does not open.
pub(super) fn checked(open: &OpenWindow, method: Method, amount: i64) -> Result<Settled, Refusal> {
    let wallet = match open.easy_pay.as_deref() {
        None => None,
        Some(said) => Some(wallet(said).ok_or_else(|| Refusal::of("INVALID_EASY_PAY"))?),
    };
    let direct = match open.flow_mode.as_deref() {
        None | Some("DEFAULT") => false,
        Some("DIRECT") => true,
        Some(_) => return Err(Refusal::of("INVALID_FLOW_MODE_PARAMETERS")),
    };
    // One window and no other: of one wallet, or of one card company.
    if direct && wallet.is_some() == open.card_company.is_some() {
        return Err(Refusal::of("INVALID_FLOW_MODE_PARAMETERS"));
    }
    let installments = checked_months(open, amount)?;
    let opens_wallet = direct && wallet.is_some() && method == Method::Card;
    Ok(Settled {
        method: if opens_wallet {
            Method::EasyPay
        } else {
            method
        },
        // The common window opens whatever wallet was named, and the first version's own method is easy pay.
        easy_pay: wallet
            .filter(|_| opens_wallet || method == Method::EasyPay)
            .map(str::to_owned),
        installments,
    })
}

fn checked_months(open: &OpenWindow, amount: i64) -> Result<Option<u8>, Refusal> {
    let (settled, most) = (open.card_installment_plan, open.max_card_installment_plan);
    if settled.is_some() && most.is_some() {
        let code = "INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE";
        return Err(Refusal::of(code));
    }
    for months in [settled, most].into_iter().flatten() {
        if !matches!(months, 0 | 2..=12) {
            return Err(Refusal::of("INVALID_CARD_INSTALLMENT_PLAN"));
        }
        if months > 0 && amount < INSTALLMENTS_FROM {
            return Err(Refusal::of("NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT"));
        }
    }
    Ok(settled)
}

/// The name of a wallet that is said by its code or by its name.
fn wallet(said: &str) -> Option<&'static str> {
    let mut all = WALLETS.iter();
    all.find(|(code, name)| said == *code || said == *name)
        .map(|(_, name)| *name)
}

/// The name in an answer of this language.
pub(super) fn in_english(name: &str) -> &str {
    let mut all = WALLETS.iter();
    all.find(|(_, korean)| name == *korean)
        .map_or(name, |(code, _)| *code)
}
