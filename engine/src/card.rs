//! Card payments that leave less to the gateway's window: which wallet it opens for, or in how many monthly instalments
//! the card pays. What a shop offers of it are its settings; what of that an amount allows is decided here.

use serde::{Deserialize, Serialize};

use crate::easy_pay::EasyPay;
use crate::money::Money;
use crate::rejection::Rejection;

/// A number of monthly instalments: 0, which is all at once (일시불), or 2 to 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Installments(u8);

impl Installments {
    /// All at once.
    pub const NONE: Self = Self(0);
    /// The most months that a gateway is asked for.
    pub const MOST: u8 = 12;

    /// This many months, if there is such a plan.
    pub const fn new(months: u8) -> Option<Self> {
        match months {
            0 | 2..=Self::MOST => Some(Self(months)),
            _ => None,
        }
    }

    /// How many months.
    pub const fn months(self) -> u8 {
        self.0
    }
}

/// No plan has this many months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("instalments are 0 (all at once) or 2 to 12")]
pub struct NoSuchPlan;

impl TryFrom<u8> for Installments {
    type Error = NoSuchPlan;

    fn try_from(months: u8) -> Result<Self, NoSuchPlan> {
        Self::new(months).ok_or(NoSuchPlan)
    }
}

impl From<Installments> for u8 {
    fn from(plan: Installments) -> Self {
        plan.months()
    }
}

/// What a buyer decides of a card payment before the window opens. What is left open the window asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CardChoice {
    /// The wallet whose window opens.
    pub easy_pay: Option<EasyPay>,
    /// In how many instalments.
    pub installments: Option<Installments>,
}

impl CardChoice {
    /// Whether all is left to the window.
    pub const fn is_open(self) -> bool {
        self.easy_pay.is_none() && self.installments.is_none()
    }
}

/// What a shop offers to decide before the window opens. Nothing, unless its settings say so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardOffer {
    /// The wallets it has a contract for, in the order in which they are shown.
    pub easy_pays: Vec<EasyPay>,
    /// The most months it lets a card pay in; 0 if it leaves the question to the window.
    pub installments_max: u8,
    /// The least amount that can be paid in months, in minor units.
    pub installments_from_minor: u64,
}

impl CardOffer {
    /// The most months for this amount; 0 if there is nothing to choose.
    pub const fn installments_max_for(&self, amount: Money) -> u8 {
        if amount.minor() < self.installments_from_minor {
            0
        } else {
            self.installments_max
        }
    }

    /// Refuses what is not offered for this amount. All at once can always be said, and nothing is paid in any way.
    pub fn takes(&self, choice: CardChoice, amount: Money) -> Result<(), Rejection> {
        if amount.is_zero() {
            return Ok(());
        }
        if choice
            .easy_pay
            .is_some_and(|wallet| !self.easy_pays.contains(&wallet))
        {
            return Err(Rejection::EasyPayUnavailable);
        }
        let most = self.installments_max_for(amount);
        if choice.installments.is_some_and(|plan| plan.months() > most) {
            return Err(Rejection::InstallmentsUnavailable { most });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn offer() -> CardOffer {
        CardOffer {
            easy_pays: vec![EasyPay::KakaoPay],
            installments_max: 6,
            installments_from_minor: 50_000,
        }
    }

    fn won(minor: u64) -> Money {
        Money::new(minor, Currency::Krw).unwrap()
    }

    fn in_months(months: u8) -> CardChoice {
        CardChoice {
            installments: Installments::new(months),
            ..CardChoice::default()
        }
    }

    #[test]
    fn one_month_and_more_than_twelve_are_no_plans() {
        let plans: Vec<u8> = (0..=u8::MAX)
            .filter_map(Installments::new)
            .map(Installments::months)
            .collect();
        assert_eq!(plans, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    }

    #[test]
    fn wallet_without_a_contract_is_refused() {
        let by = |easy_pay| CardChoice {
            easy_pay: Some(easy_pay),
            ..CardChoice::default()
        };
        assert_eq!(offer().takes(by(EasyPay::KakaoPay), won(100)), Ok(()));
        let refused = offer().takes(by(EasyPay::Payco), won(100));
        assert_eq!(refused, Err(Rejection::EasyPayUnavailable));
    }

    #[test]
    fn instalments_begin_at_the_least_amount_and_end_at_the_most_months() {
        let takes = |months, minor| offer().takes(in_months(months), won(minor));
        assert_eq!(takes(6, 50_000), Ok(()));
        let refused = |most| Err(Rejection::InstallmentsUnavailable { most });
        assert_eq!(takes(7, 50_000), refused(6));
        assert_eq!(takes(2, 49_999), refused(0));
        assert_eq!(takes(0, 100), Ok(()));
    }

    #[test]
    fn shop_without_settings_leaves_everything_to_the_window() {
        let none = CardOffer::default();
        assert_eq!(none.installments_max_for(won(1_000_000)), 0);
        assert_eq!(none.takes(CardChoice::default(), won(1_000_000)), Ok(()));
    }
}
