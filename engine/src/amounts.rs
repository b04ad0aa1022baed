//! Amount vectors: what an amount consists of for the tax office, summing exactly to the whole.
//!
//! Prices include VAT. The VAT of a whole is `round half up (taxable / 11)`; parts of a whole share
//! it by largest remainder, so that they add up to the last won.

use bincode::{Decode, Encode};

use crate::money::{Currency, Money, MoneyError};

/// Supply value, VAT and tax-free part of one amount. All of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Amounts {
    currency: Currency,
    supply: u64,
    vat: u64,
    tax_free: u64,
}

/// A component of an [`Amounts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Component {
    /// The taxable part less its VAT.
    Supply,
    /// The VAT within the taxable part.
    Vat,
    /// The part that bears no VAT.
    TaxFree,
    /// A whole whose parts are not known, such as money that belongs to no order.
    Unsplit,
}

impl Component {
    /// The word for this component in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supply => "supply",
            Self::Vat => "vat",
            Self::TaxFree => "tax_free",
            Self::Unsplit => "unsplit",
        }
    }
}

impl Amounts {
    /// The vector of a price: `taxable` includes its VAT, `tax_free` has none.
    pub fn of(taxable: Money, tax_free: Money) -> Result<Self, MoneyError> {
        taxable.checked_add(tax_free)?;
        let vat = vat_within(taxable.minor());
        let supply = taxable
            .minor()
            .checked_sub(vat)
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Self {
            currency: taxable.currency(),
            supply,
            vat,
            tax_free: tax_free.minor(),
        })
    }

    /// The currency of every component.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// One component.
    pub fn get(&self, component: Component) -> u64 {
        match component {
            Component::Supply => self.supply,
            Component::Vat => self.vat,
            Component::TaxFree => self.tax_free,
            Component::Unsplit => 0,
        }
    }

    /// The components that are not zero, in a fixed order.
    pub fn parts(&self) -> impl Iterator<Item = (Component, u64)> + use<> {
        [
            (Component::Supply, self.supply),
            (Component::Vat, self.vat),
            (Component::TaxFree, self.tax_free),
        ]
        .into_iter()
        .filter(|(_, minor)| *minor > 0)
    }

    /// The whole. It cannot be out of range: [`Amounts::of`] has added it up before.
    pub fn total(&self) -> Money {
        let sum = self
            .supply
            .saturating_add(self.vat)
            .saturating_add(self.tax_free);
        Money::new(sum, self.currency).unwrap_or(Money::zero(self.currency))
    }
}

/// The VAT within a taxable amount at 10 %: one eleventh, half a won rounded up.
fn vat_within(taxable: u64) -> u64 {
    let whole = taxable / 11;
    let rest = taxable % 11;
    whole.saturating_add(u64::from(rest >= 6))
}

/// Shares `whole` among `weights` in proportion, by largest remainder: the shares sum to `whole`
/// exactly, and of equal remainders the earlier one gets the extra unit. All-zero weights share nothing.
pub fn allot(whole: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().copied().map(u128::from).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u64| u128::from(whole).saturating_mul(u128::from(weight));
    let mut shares: Vec<u64> = weights
        .iter()
        .map(|w| u64::try_from(exact(*w).checked_div(sum).unwrap_or(0)).unwrap_or(u64::MAX))
        .collect();
    let given: u64 = shares.iter().copied().fold(0, u64::saturating_add);
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    let remainder = |at: &usize| {
        weights
            .get(*at)
            .map_or(0, |w| exact(*w).checked_rem(sum).unwrap_or(0))
    };
    by_remainder.sort_by_key(|at| std::cmp::Reverse(remainder(at)));
    let left = usize::try_from(whole.saturating_sub(given)).unwrap_or(usize::MAX);
    for at in by_remainder.into_iter().take(left) {
        if let Some(share) = shares.get_mut(at) {
            *share = share.saturating_add(1);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn won(minor: u64) -> Money {
        Money::new(minor, Currency::Krw).unwrap()
    }

    #[test]
    fn vat_is_an_eleventh_rounded_half_up_and_the_parts_sum_exactly() {
        for (taxable, vat) in [
            (0, 0),
            (5, 0),
            (6, 1),
            (11, 1),
            (16, 1),
            (17, 2),
            (10_000, 909),
            (11_000, 1_000),
            (9_900, 900),
        ] {
            let amounts = Amounts::of(won(taxable), won(0)).unwrap();
            assert_eq!(amounts.get(Component::Vat), vat, "VAT within {taxable}");
            assert_eq!(amounts.total(), won(taxable));
        }
    }

    #[test]
    fn the_tax_free_part_bears_no_vat() {
        let amounts = Amounts::of(won(11_000), won(7_777)).unwrap();
        assert_eq!(amounts.get(Component::Vat), 1_000);
        assert_eq!(amounts.get(Component::TaxFree), 7_777);
        assert_eq!(amounts.total(), won(18_777));
    }

    #[test]
    fn shares_by_largest_remainder_sum_to_the_whole() {
        assert_eq!(allot(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(allot(909, &[3_333, 3_333, 3_334]), [303, 303, 303]);
        assert_eq!(allot(10, &[0, 7, 3]), [0, 7, 3]);
        assert_eq!(allot(5, &[]), Vec::<u64>::new());
        assert_eq!(allot(5, &[0, 0]), [0, 0]);
        assert_eq!(
            allot(Money::MAX_MINOR, &[u64::MAX, u64::MAX])
                .iter()
                .sum::<u64>(),
            Money::MAX_MINOR
        );
    }
}
