//! A payment as this simulator keeps it. What a caller is shown of it is `show.rs`'s business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::when::MINUTE_MS;

/// From opening the window until the buyer has been authenticated.
pub(super) const WINDOW_MS: i64 = 30 * MINUTE_MS;
/// From being authenticated until `confirm`.
pub(super) const CONFIRM_MS: i64 = 10 * MINUTE_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    Canceled,
    PartialCanceled,
    Aborted,
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Method {
    Card,
    VirtualAccount,
    EasyPay,
    MobilePhone,
    Transfer,
    CultureGiftCertificate,
    BookGiftCertificate,
    GameGiftCertificate,
}

impl Method {
    pub(super) const ALL: [Self; 8] = [
        Self::Card,
        Self::VirtualAccount,
        Self::EasyPay,
        Self::MobilePhone,
        Self::Transfer,
        Self::CultureGiftCertificate,
        Self::BookGiftCertificate,
        Self::GameGiftCertificate,
    ];

    /// As the SDK's second version says it; also what English answers say (chosen: the English
    /// values are not published).
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Card => "CARD",
            Self::VirtualAccount => "VIRTUAL_ACCOUNT",
            Self::EasyPay => "EASY_PAY",
            Self::MobilePhone => "MOBILE_PHONE",
            Self::Transfer => "TRANSFER",
            Self::CultureGiftCertificate => "CULTURE_GIFT_CERTIFICATE",
            Self::BookGiftCertificate => "BOOK_GIFT_CERTIFICATE",
            Self::GameGiftCertificate => "GAME_GIFT_CERTIFICATE",
        }
    }

    /// As Korean answers and the SDK's first version say it.
    pub(super) fn korean(self) -> &'static str {
        match self {
            Self::Card => "카드",
            Self::VirtualAccount => "가상계좌",
            Self::EasyPay => "간편결제",
            Self::MobilePhone => "휴대폰",
            Self::Transfer => "계좌이체",
            Self::CultureGiftCertificate => "문화상품권",
            Self::BookGiftCertificate => "도서문화상품권",
            Self::GameGiftCertificate => "게임문화상품권",
        }
    }

    pub(super) fn parse(said: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| said == method.code() || said == method.korean())
    }

    /// The least that can be paid: 100 won by card, 200 from an account.
    pub(super) fn minimum(self) -> i64 {
        match self {
            Self::VirtualAccount | Self::Transfer => 200,
            _ => 100,
        }
    }
}

/// Which of the pairs of keys a payment was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pair {
    Api,
    Widget,
    /// The API's of another shop.
    OtherShop,
}

impl Pair {
    /// Whether what was opened with one is known under the other.
    pub(super) fn is_of_the_shop_of(self, other: Self) -> bool {
        (self == Self::OtherShop) == (other == Self::OtherShop)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payment {
    pub(super) key: String,
    pub(super) order_id: String,
    pub(super) order_name: String,
    pub(super) pair: Pair,
    pub(super) amount: i64,
    pub(super) tax_free: i64,
    pub(super) tax_exemption: i64,
    pub(super) method: Method,
    pub(super) easy_pay: Option<String>,
    /// In how many months, if that is settled; books of before do not say.
    #[serde(default)]
    pub(super) installments: Option<u8>,
    pub(super) use_escrow: bool,
    pub(super) customer_name: Option<String>,
    pub(super) customer_phone: Option<String>,
    pub(super) valid_hours: i64,
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) window: Window,
    pub(super) status: Status,
    pub(super) requested_at_ms: i64,
    pub(super) authenticated_at_ms: Option<i64>,
    pub(super) approved_at_ms: Option<i64>,
    pub(super) balance: i64,
    pub(super) tax_free_balance: i64,
    pub(super) cancels: Vec<Cancel>,
    pub(super) instrument: Option<Instrument>,
    pub(super) secret: Option<String>,
    pub(super) last_transaction_key: Option<String>,
    pub(super) failure: Option<String>,
    /// The code that `confirm` will be refused with.
    pub(super) decline: Option<String>,
    /// How often money was really taken: by `confirm`, or by a deposit.
    pub(super) taken_times: u32,
    pub(super) taken: i64,
    pub(super) returned: i64,
    pub(super) hidden: Option<Box<Hidden>>,
}

/// The payment window: where it leads, and whether it can still be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) success_url: Option<String>,
    pub(super) fail_url: Option<String>,
    /// The origin of the page that waits for a message, where there are no URLs.
    pub(super) opener: Option<String>,
    /// Declined or canceled by the buyer: it leads nowhere any more.
    pub(super) left: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cancel {
    pub(super) amount: i64,
    pub(super) reason: String,
    pub(super) tax_free: i64,
    pub(super) refundable: i64,
    pub(super) at_ms: i64,
    pub(super) transaction_key: String,
    pub(super) refund_to: Option<RefundAccount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundAccount {
    pub(super) bank_code: String,
    pub(super) account_number: String,
    pub(super) holder_name: String,
}

/// The means of payment, invented when `confirm` succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Instrument {
    Card {
        /// Masked; the simulator never has another one.
        number: String,
        issuer: String,
        approve_no: String,
    },
    EasyPay {
        provider: String,
    },
    Account {
        bank: String,
    },
    VirtualAccount {
        bank: String,
        number: String,
        due_ms: i64,
    },
    Phone {
        number: String,
    },
    GiftCertificate {
        approve_no: String,
    },
}

/// An earlier state that inquiries still see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hidden {
    pub(super) earlier: Payment,
    pub(super) until_ms: Option<i64>,
    pub(super) reads_left: Option<u32>,
}

impl Payment {
    /// When it expires if nothing happens.
    pub(super) fn expires_at_ms(&self) -> Option<i64> {
        match self.status {
            Status::Ready => Some(self.requested_at_ms.saturating_add(WINDOW_MS)),
            Status::InProgress => Some(
                self.authenticated_at_ms
                    .unwrap_or(self.requested_at_ms)
                    .saturating_add(CONFIRM_MS),
            ),
            _ => None,
        }
    }

    /// Whether the shop has money of this payment, or had.
    pub(super) fn was_approved(&self) -> bool {
        !matches!(
            self.status,
            Status::Ready | Status::InProgress | Status::Aborted | Status::Expired
        )
    }

    /// (supplied amount, VAT) of what is left: VAT is an eleventh of what is taxed, rounded half
    /// up.
    pub(super) fn supplied_and_vat(&self) -> (i64, i64) {
        let untaxed = self.tax_free_balance.min(self.balance);
        let taxed = self.balance.saturating_sub(untaxed).max(0);
        let vat = taxed.saturating_mul(2).saturating_add(11) / 22;
        let supplied = taxed.saturating_sub(vat);
        (supplied, vat)
    }
}
