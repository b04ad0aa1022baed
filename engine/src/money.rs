//! Money: an integer number of a currency's minor units. No float, no silent overflow.

use std::fmt;

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A supported currency, with the exponent of its minor unit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
pub enum Currency {
    /// South Korean won; it has no minor unit, so one unit is one won.
    #[serde(rename = "KRW")]
    Krw,
    /// United States dollar; one unit is one cent. A gateway may report it where won were due.
    #[serde(rename = "USD")]
    Usd,
}

impl Currency {
    /// ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Krw => "KRW",
            Self::Usd => "USD",
        }
    }

    /// The number of decimal places of the minor unit: won 0, dollar 2.
    pub const fn exponent(self) -> u8 {
        match self {
            Self::Krw => 0,
            Self::Usd => 2,
        }
    }

    /// The currency with this ISO 4217 code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Krw, Self::Usd]
            .into_iter()
            .find(|currency| currency.code() == code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The result is out of range, or the operands are of two currencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The result is below zero or above [`Money::MAX_MINOR`].
    #[error("the amount is out of range")]
    OutOfRange,
    /// The operands have different currencies.
    #[error("the amounts are of different currencies")]
    CurrencyMismatch,
}

/// A number of minor units, never negative, at most 2⁵³ − 1 so that every JSON reader keeps it exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Money {
    minor: u64,
    currency: Currency,
}

impl Money {
    /// The largest amount: the largest integer that a double carries exactly.
    pub const MAX_MINOR: u64 = (1 << 53) - 1;

    /// `minor` units of `currency`.
    pub const fn new(minor: u64, currency: Currency) -> Result<Self, MoneyError> {
        if minor > Self::MAX_MINOR {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self { minor, currency })
    }

    /// Zero, of `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Count of minor units.
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum, if it is in range and of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, u64::checked_add)
    }

    /// The difference, if it is not negative and of one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, u64::checked_sub)
    }

    /// This price for `quantity` pieces.
    pub fn checked_mul(self, quantity: u32) -> Result<Self, MoneyError> {
        let minor = self
            .minor
            .checked_mul(u64::from(quantity))
            .ok_or(MoneyError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    fn combine(self, other: Self, with: fn(u64, u64) -> Option<u64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        Self::new(
            with(self.minor, other.minor).ok_or(MoneyError::OutOfRange)?,
            self.currency,
        )
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn won(minor: u64) -> Money {
        Money::new(minor, Currency::Krw).unwrap()
    }

    #[test]
    fn the_largest_amount_is_exact_in_a_double_and_one_more_is_refused() {
        assert_eq!(
            Money::new(9_007_199_254_740_991, Currency::Krw).map(Money::minor),
            Ok(9_007_199_254_740_991)
        );
        assert_eq!(
            Money::new(9_007_199_254_740_992, Currency::Krw),
            Err(MoneyError::OutOfRange)
        );
    }

    #[test]
    fn sums_differences_and_products_never_wrap() {
        assert_eq!(won(2).checked_sub(won(3)), Err(MoneyError::OutOfRange));
        assert_eq!(
            won(Money::MAX_MINOR).checked_add(won(1)),
            Err(MoneyError::OutOfRange)
        );
        assert_eq!(
            won(Money::MAX_MINOR).checked_mul(u32::MAX),
            Err(MoneyError::OutOfRange)
        );
        assert_eq!(won(1_500).checked_mul(3), Ok(won(4_500)));
    }

    #[test]
    fn currencies_do_not_mix() {
        let cents = Money::new(100, Currency::Usd).unwrap();
        assert_eq!(
            won(100).checked_add(cents),
            Err(MoneyError::CurrencyMismatch)
        );
    }
}
