//! Amount vectors: an amount's components as the tax office needs them, summing exactly to the total.
//!
//! Prices include VAT. The VAT of a total is `round half up (taxable / 11)`; its parts share that VAT by largest
//! remainder, so that they add up to the last won.

use bincode::{Decode, Encode};

use crate::money::{Currency, Money, MoneyError};
use crate::planted::{self, Bug};

/// An amount by component, in one currency.
///
/// Our own amounts are split; an amount from a gateway that does not split it is an [`Amounts::whole`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Amounts {
    currency: Currency,
    supply: u64,
    vat: u64,
    tax_free: u64,
    tip: u64,
    unsplit: u64,
}

/// A component of an [`Amounts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Component {
    /// The taxable part without its VAT.
    Supply,
    /// The VAT within the taxable part.
    Vat,
    /// The part that bears no VAT.
    TaxFree,
    /// An amount whose components are unknown: its gateway does not split it.
    Unsplit,
    /// A tip; it bears no VAT.
    Tip,
}

impl Component {
    /// The word for this component in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supply => "supply",
            Self::Vat => "vat",
            Self::TaxFree => "tax_free",
            Self::Unsplit => "unsplit",
            Self::Tip => "tip",
        }
    }

    /// Every component, in the order of their names' first use in the API.
    pub const ALL: [Self; 5] = [
        Self::Supply,
        Self::Vat,
        Self::TaxFree,
        Self::Tip,
        Self::Unsplit,
    ];
}

impl Amounts {
    /// Zero, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self {
            currency,
            supply: 0,
            vat: 0,
            tax_free: 0,
            tip: 0,
            unsplit: 0,
        }
    }

    /// The vector of a price: `taxable` includes its VAT, `tax_free` has none.
    pub fn of(taxable: Money, tax_free: Money) -> Result<Self, MoneyError> {
        taxable.checked_add(tax_free)?;
        let vat = vat_within(taxable.minor());
        let supply = taxable
            .minor()
            .checked_sub(vat)
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Self {
            supply,
            vat,
            tax_free: tax_free.minor(),
            ..Self::zero(taxable.currency())
        })
    }

    /// An amount without a known split.
    pub const fn whole(money: Money) -> Self {
        Self {
            unsplit: money.minor(),
            ..Self::zero(money.currency())
        }
    }

    /// An amount in the split that a gateway gives. The components have to fit a [`Money`].
    pub fn split(supply: Money, vat: Money, tax_free: Money) -> Result<Self, MoneyError> {
        supply.checked_add(vat)?.checked_add(tax_free)?;
        Ok(Self {
            supply: supply.minor(),
            vat: vat.minor(),
            tax_free: tax_free.minor(),
            ..Self::zero(supply.currency())
        })
    }

    /// The currency of every component.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// One component.
    pub const fn get(&self, component: Component) -> u64 {
        match component {
            Component::Supply => self.supply,
            Component::Vat => self.vat,
            Component::TaxFree => self.tax_free,
            Component::Tip => self.tip,
            Component::Unsplit => self.unsplit,
        }
    }

    /// The components that are not zero, in a fixed order.
    pub fn parts(&self) -> impl Iterator<Item = (Component, u64)> + use<> {
        let own = *self;
        let parts = Component::ALL.map(|component| (component, own.get(component)));
        parts.into_iter().filter(|(_, minor)| *minor > 0)
    }

    /// The total. It cannot be out of range: it was checked when the vector was made.
    pub fn total(&self) -> Money {
        let parts = Component::ALL.iter().map(|component| self.get(*component));
        let sum = parts.fold(0, u64::saturating_add);
        Money::new(sum, self.currency).unwrap_or(Money::zero(self.currency))
    }

    /// The sum, component by component.
    pub fn checked_add(&self, other: &Self) -> Result<Self, MoneyError> {
        self.total().checked_add(other.total())?;
        let sum = |one: u64, other: u64| one.checked_add(other).ok_or(MoneyError::OutOfRange);
        Ok(Self {
            currency: self.currency,
            supply: sum(self.supply, other.supply)?,
            vat: sum(self.vat, other.vat)?,
            tax_free: sum(self.tax_free, other.tax_free)?,
            tip: sum(self.tip, other.tip)?,
            unsplit: sum(self.unsplit, other.unsplit)?,
        })
    }

    /// Shares this amount among its parts, each given by its total and whether it is taxable; VAT is shared by
    /// largest remainder among the taxable ones. The shares add up to the amount, component by component.
    pub fn shared(&self, parts: &[(u64, bool)]) -> Vec<Self> {
        let taxable = |(minor, taxable): &(u64, bool)| if *taxable { *minor } else { 0 };
        let weights: Vec<u64> = parts.iter().map(taxable).collect();
        let vats = allot(self.vat, &weights);
        let share = |((minor, taxable), vat): (&(u64, bool), u64)| {
            let own = Self::zero(self.currency);
            if *taxable {
                let supply = minor.saturating_sub(vat);
                Self { supply, vat, ..own }
            } else {
                Self {
                    tax_free: *minor,
                    ..own
                }
            }
        };
        parts.iter().zip(vats).map(share).collect()
    }

    /// Whether every component is zero.
    pub fn is_zero(&self) -> bool {
        self.parts().next().is_none()
    }

    /// Whether the two are compatible: the same total, and the same split where both are split.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let split = self.unsplit == 0 && other.unsplit == 0 && !planted::is(Bug::SplitNotCompared);
        self.total() == other.total() && (!split || self == other)
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
    fn the_parts_of_an_order_add_up_to_it_component_by_component() {
        let parts = [(3_333, true), (5_000, false), (3_333, true), (3_334, true)];
        let whole = Amounts::of(won(10_000), won(5_000)).unwrap();
        let shares = whole.shared(&parts);
        let sum = shares
            .iter()
            .try_fold(Amounts::zero(Currency::Krw), |sum, share| {
                sum.checked_add(share)
            });
        assert_eq!(sum, Ok(whole));
        for (share, (minor, _)) in shares.iter().zip(parts) {
            assert_eq!(share.total().minor(), minor);
        }
    }

    #[test]
    fn amounts_agree_if_totals_and_known_splits_are_equal() {
        let split = Amounts::of(won(11_000), won(0)).unwrap();
        let other = Amounts::of(won(5_500), won(5_500)).unwrap();
        assert!(split.agrees_with(&split));
        assert!(!split.agrees_with(&other));
        assert!(split.agrees_with(&Amounts::whole(won(11_000))));
        assert!(!split.agrees_with(&Amounts::whole(won(10_999))));
        let dollars = Money::new(11_000, Currency::Usd).unwrap();
        assert!(!split.agrees_with(&Amounts::whole(dollars)));
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
