//! Easy payments (간편결제): the wallets that a gateway's window can be opened for by name. A gateway's own words for them
//! are its client's.

use serde::{Deserialize, Serialize};

/// A wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EasyPay {
    /// 토스페이.
    TossPay,
    /// 카카오페이.
    KakaoPay,
    /// 네이버페이.
    NaverPay,
    /// 페이코.
    Payco,
    /// 삼성페이.
    SamsungPay,
    /// 애플페이.
    ApplePay,
    /// 엘페이.
    LPay,
    /// SSG페이.
    SsgPay,
    /// 핀페이.
    PinPay,
}

impl EasyPay {
    /// Every wallet.
    pub const ALL: &'static [Self] = &[
        Self::TossPay,
        Self::KakaoPay,
        Self::NaverPay,
        Self::Payco,
        Self::SamsungPay,
        Self::ApplePay,
        Self::LPay,
        Self::SsgPay,
        Self::PinPay,
    ];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TossPay => "tosspay",
            Self::KakaoPay => "kakaopay",
            Self::NaverPay => "naverpay",
            Self::Payco => "payco",
            Self::SamsungPay => "samsungpay",
            Self::ApplePay => "applepay",
            Self::LPay => "lpay",
            Self::SsgPay => "ssgpay",
            Self::PinPay => "pinpay",
        }
    }

    /// The wallet of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|one| one.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_each_wallet_is_its_word_in_json() {
        for &wallet in EasyPay::ALL {
            assert_eq!(EasyPay::from_name(wallet.name()), Some(wallet));
            let json = serde_json::to_value(wallet).unwrap();
            assert_eq!(json, wallet.name());
        }
    }
}
