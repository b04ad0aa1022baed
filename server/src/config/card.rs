//! Card payments as settings: which wallets the shop has a contract for, and in how many months a card may pay.

use daegeum_engine::card::Installments;
use daegeum_engine::easy_pay::EasyPay;

use super::value::{Value, parts, quoted_list};

impl Value for Vec<EasyPay> {
    const KIND: &'static str = "wallets, in the order in which they are shown: kakaopay, naverpay, tosspay, payco, samsungpay, applepay, lpay, ssgpay, pinpay";

    fn parse(text: &str) -> Result<Self, String> {
        let mut wallets = Self::new();
        for part in parts(text) {
            let wallet = EasyPay::from_name(part).ok_or_else(|| {
                let known: Vec<_> = EasyPay::ALL.iter().map(|one| one.name()).collect();
                format!("`{part}` is none of {}", known.join(", "))
            })?;
            if wallets.contains(&wallet) {
                return Err(format!("`{part}` is there twice"));
            }
            wallets.push(wallet);
        }
        Ok(wallets)
    }

    fn toml(&self) -> String {
        quoted_list(self.iter().map(|wallet| wallet.name()))
    }
}

impl Value for Installments {
    const KIND: &'static str = "a number of months, 2 to 12, or 0";

    fn parse(text: &str) -> Result<Self, String> {
        let months = text.parse().ok().and_then(Self::new);
        months.ok_or_else(|| format!("expected {}", Self::KIND))
    }

    fn toml(&self) -> String {
        self.months().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wallets_are_listed_once_by_their_names_and_keep_their_order() {
        let listed = |text| <Vec<EasyPay> as Value>::parse(text);
        let both = listed("naverpay, kakaopay").unwrap();
        assert_eq!(both, [EasyPay::NaverPay, EasyPay::KakaoPay]);
        assert_eq!(both.toml(), r#"["naverpay", "kakaopay"]"#);
        assert_eq!(listed(""), Ok(Vec::new()));
        assert!(listed("kakaopay,kakaopay").unwrap_err().contains("twice"));
        assert!(listed("kakao").unwrap_err().contains("kakaopay"));
    }

    #[test]
    fn months_are_none_or_two_to_twelve() {
        for (text, months) in [("0", 0), ("2", 2), ("12", 12)] {
            let plan = <Installments as Value>::parse(text).unwrap();
            assert_eq!((plan.months(), plan.toml()), (months, text.to_owned()));
        }
        for wrong in ["1", "13", "-2", "three", ""] {
            assert!(<Installments as Value>::parse(wrong).is_err(), "{wrong}");
        }
    }
}
