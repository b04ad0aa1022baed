//! Wallet and instalments as requests carry them, with the method they go with.

use daegeum_engine::card::{CardChoice, Installments};
use daegeum_engine::easy_pay::EasyPay;
use daegeum_engine::method::Method;

use crate::http::{HttpErrorCode, Problem};

/// The method, and what of a card payment is decided. Either alone means a card; a wallet asks for the months itself.
pub fn check(
    method: Option<Method>,
    easy_pay: Option<EasyPay>,
    installments: Option<Installments>,
) -> Result<(Option<Method>, CardChoice), Problem> {
    let card = CardChoice {
        easy_pay,
        installments,
    };
    if card.is_open() {
        return Ok((method, card));
    }
    let wrong = |field, why| Err(Problem::from(HttpErrorCode::InvalidValue).at(field, why));
    let field = if easy_pay.is_some() {
        "easy_pay"
    } else {
        "installments"
    };
    if method.is_some_and(|method| method != Method::Card) {
        return wrong(field, "Goes with the method card.");
    }
    if easy_pay.is_some() && installments.is_some() {
        return wrong(
            "installments",
            "Does not go with easy_pay: the wallet asks for them itself.",
        );
    }
    Ok((Some(Method::Card), card))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLET: Option<EasyPay> = Some(EasyPay::KakaoPay);

    #[test]
    fn wallet_or_instalments_alone_are_a_card_payment() {
        let three = Installments::new(3);
        for (easy_pay, installments) in [(WALLET, None), (None, three)] {
            let (method, card) = check(None, easy_pay, installments).unwrap();
            assert_eq!(method, Some(Method::Card));
            assert_eq!((card.easy_pay, card.installments), (easy_pay, installments));
        }
    }

    #[test]
    fn method_is_left_alone_where_nothing_is_decided() {
        for method in [None, Some(Method::Transfer)] {
            let (said, card) = check(method, None, None).unwrap();
            assert!(said == method && card.is_open());
        }
    }

    #[test]
    fn another_method_and_both_at_once_are_refused() {
        let none = Some(Installments::NONE);
        assert!(check(Some(Method::Transfer), WALLET, None).is_err());
        assert!(check(Some(Method::Mobile), None, none).is_err());
        assert!(check(Some(Method::Card), WALLET, none).is_err());
    }
}
