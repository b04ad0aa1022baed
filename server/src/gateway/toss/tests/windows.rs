//! The values that the script opens a window with.

use daegeum_engine::card::CardChoice;
use daegeum_engine::method::Method;

use super::*;
use crate::gateway::Customer;

fn window(card: CardChoice) -> Value {
    toss().window(&Offer {
        payment: PaymentId::parse(ORDER).unwrap(),
        amount: won(TOTAL),
        tax_free: 0,
        title: "토스 티셔츠".to_owned(),
        customer_key: "123".to_owned(),
        customer: Customer::default(),
        method: Method::Card,
        card,
        return_to: None,
    })
}

#[test]
fn wallet_is_opened_directly_by_its_code() {
    let wallet = CardChoice {
        easy_pay: Some(EasyPay::KakaoPay),
        installments: None,
    };
    let window = window(wallet);
    assert_eq!(window["method"], "CARD");
    let direct = json!({ "flow_mode": "DIRECT", "easy_pay": "KAKAOPAY" });
    assert_eq!(window["card"], direct);
}

#[test]
fn instalments_are_settled_in_the_common_window() {
    for months in [0, 3] {
        let plan = CardChoice {
            easy_pay: None,
            installments: Installments::new(months),
        };
        let settled = json!({ "flow_mode": "DEFAULT", "card_installment_plan": months });
        assert_eq!(window(plan)["card"], settled);
    }
}

#[test]
fn window_asks_for_everything_that_was_not_chosen() {
    assert_eq!(window(CardChoice::default()).get("card"), None);
}
