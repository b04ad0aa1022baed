//! Toss's own words for the wallets: the code that its script opens one by, and the name that its answers have in Korean.
//! Answers in English are taken to say the code.

use daegeum_engine::easy_pay::EasyPay;

/// What `card.easyPay` of the script is.
pub(super) const fn code(wallet: EasyPay) -> &'static str {
    match wallet {
        EasyPay::TossPay => "TOSSPAY",
        EasyPay::KakaoPay => "KAKAOPAY",
        EasyPay::NaverPay => "NAVERPAY",
        EasyPay::Payco => "PAYCO",
        EasyPay::SamsungPay => "SAMSUNGPAY",
        EasyPay::ApplePay => "APPLEPAY",
        EasyPay::LPay => "LPAY",
        EasyPay::SsgPay => "SSG",
        EasyPay::PinPay => "PINPAY",
    }
}

const fn korean(wallet: EasyPay) -> &'static str {
    match wallet {
        EasyPay::TossPay => "토스페이",
        EasyPay::KakaoPay => "카카오페이",
        EasyPay::NaverPay => "네이버페이",
        EasyPay::Payco => "페이코",
        EasyPay::SamsungPay => "삼성페이",
        EasyPay::ApplePay => "애플페이",
        EasyPay::LPay => "엘페이",
        EasyPay::SsgPay => "SSG페이",
        EasyPay::PinPay => "핀페이",
    }
}

/// The wallet that `easyPay.provider` of an answer names.
pub(super) fn of(provider: &str) -> Option<EasyPay> {
    let mut all = EasyPay::ALL.iter().copied();
    all.find(|wallet| provider == korean(*wallet) || provider == code(*wallet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wallet_is_told_by_its_korean_name_and_by_its_code() {
        for &wallet in EasyPay::ALL {
            assert_eq!(of(korean(wallet)), Some(wallet));
            assert_eq!(of(code(wallet)), Some(wallet));
        }
        assert_eq!(of("새로운페이"), None);
    }
}
