//! Card options that a shop sets before the window opens: the wallet and the instalments. Contract, section 2 (`card`).

use daegeum_sandbox::toss::OpenWindow;
use serde_json::{Value, json};

use crate::shop::{Shop, order};

const AMOUNT: i64 = 60_000;

/// An order with these options of `card`.
fn with(amount: i64, card: &Value) -> Value {
    let mut request = order("order-1", amount);
    for (name, value) in card.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

/// The payment that comes of it when the buyer approves what the window offers first.
fn paid(card: &Value) -> Value {
    let mut shop = Shop::new();
    let key = shop.open(with(AMOUNT, card));
    shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
    shop.confirm(&key, "order-1", AMOUNT).body
}

/// The code that the window does not open with.
fn refused(amount: i64, card: &Value) -> String {
    let mut shop = Shop::new();
    let open: OpenWindow = serde_json::from_value(with(amount, card)).unwrap();
    let refusal = shop.toss.open_window(shop.now_ms, &open).unwrap_err();
    refusal.code
}

#[test]
fn direct_window_of_a_wallet_pays_by_that_wallet() {
    for said in ["KAKAOPAY", "카카오페이"] {
        let payment = paid(&json!({"flowMode": "DIRECT", "easyPay": said}));
        assert_eq!(payment["method"], "간편결제");
        assert_eq!(payment["easyPay"]["provider"], "카카오페이");
        assert_eq!(payment["easyPay"]["amount"], AMOUNT);
    }
}

#[test]
fn common_window_opens_whatever_wallet_is_named() {
    let payment = paid(&json!({"flowMode": "DEFAULT", "easyPay": "KAKAOPAY"}));
    assert_eq!(payment["method"], "카드");
    assert_eq!(payment["easyPay"], Value::Null);
}

#[test]
fn settled_instalments_are_the_cards() {
    for months in [0, 2, 12] {
        let payment = paid(&json!({"cardInstallmentPlan": months}));
        assert_eq!(payment["card"]["installmentPlanMonths"], months);
    }
    let payment = paid(&json!({"maxCardInstallmentPlan": 6}));
    assert_eq!(payment["card"]["installmentPlanMonths"], 0);
}

#[test]
fn direct_window_is_of_one_wallet_or_one_card_company() {
    let code = "INVALID_FLOW_MODE_PARAMETERS";
    assert_eq!(refused(AMOUNT, &json!({"flowMode": "DIRECT"})), code);
    let both = json!({"flowMode": "DIRECT", "easyPay": "KAKAOPAY", "cardCompany": "신한"});
    assert_eq!(refused(AMOUNT, &both), code);
    assert_eq!(refused(AMOUNT, &json!({"flowMode": "POPUP"})), code);
    let unknown = json!({"flowMode": "DIRECT", "easyPay": "CACAOPAY"});
    assert_eq!(refused(AMOUNT, &unknown), "INVALID_EASY_PAY");
}

#[test]
fn instalments_that_are_none_are_refused() {
    for months in [1, 13] {
        let plan = json!({"cardInstallmentPlan": months});
        assert_eq!(refused(AMOUNT, &plan), "INVALID_CARD_INSTALLMENT_PLAN");
    }
    let both = json!({"cardInstallmentPlan": 3, "maxCardInstallmentPlan": 6});
    let code = "INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE";
    assert_eq!(refused(AMOUNT, &both), code);
    let three = json!({"cardInstallmentPlan": 3});
    let code = "NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT";
    assert_eq!(refused(49_999, &three), code);
}
