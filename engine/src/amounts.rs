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

    /// The sum, component by component, of amounts that are known to fit. Of another currency nothing is added.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.checked_add(other).unwrap_or(*self)
    }

    /// The difference, component by component; a component of which less is there becomes zero. Of another currency
    /// nothing is taken.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        if self.currency != other.currency {
            return *self;
        }
        Self {
            currency: self.currency,
            supply: self.supply.saturating_sub(other.supply),
            vat: self.vat.saturating_sub(other.vat),
            tax_free: self.tax_free.saturating_sub(other.tax_free),
            tip: self.tip.saturating_sub(other.tip),
            unsplit: self.unsplit.saturating_sub(other.unsplit),
        }
    }

    /// Whether every component of `part` is in this amount.
    pub fn contains(&self, part: &Self) -> bool {
        let fits = |component: &Component| part.get(*component) <= self.get(*component);
        self.currency == part.currency && Component::ALL.iter().all(fits)
    }

    /// The next part of this amount, of which `taken` went before. The VAT is that of everything taken so far, less
    /// that of what went before, so that any sequence of parts ends at the whole. `None` if the part is more than is
    /// left.
    pub fn next_part(&self, taken: &Self, part: Portion) -> Option<Self> {
        let left = self.less(taken);
        let fits = part.taxable <= left.taxable()
            && part.tax_free <= left.tax_free
            && part.tip <= left.tip
            && part.unsplit <= left.unsplit;
        if !fits {
            return None;
        }
        let so_far = taken.taxable().saturating_add(part.taxable);
        let least = part.taxable.saturating_sub(left.supply);
        let most = left.vat.min(part.taxable);
        let vat = vat_within(so_far)
            .saturating_sub(taken.vat)
            .max(least)
            .min(most);
        Some(Self {
            currency: self.currency,
            supply: part.taxable.saturating_sub(vat),
            vat,
            tax_free: part.tax_free,
            tip: part.tip,
            unsplit: part.unsplit,
        })
    }

    /// The portion of `total` minor units of this amount, each kind in proportion. All of it if `total` is more.
    pub fn portion(&self, total: u64) -> Portion {
        let kinds = [self.taxable(), self.tax_free, self.tip, self.unsplit];
        let whole = self.total().minor();
        match allot(total.min(whole), &kinds).as_slice() {
            [taxable, tax_free, tip, unsplit] => Portion {
                taxable: *taxable,
                tax_free: *tax_free,
                tip: *tip,
                unsplit: *unsplit,
            },
            _ => Portion::default(),
        }
    }

    /// The portion of `total` minor units by which `left` is less than this amount, if both are split alike.
    pub fn portion_less(&self, left: &Self, total: u64) -> Option<Portion> {
        if self.unsplit > 0 || left.unsplit > 0 || self.currency != left.currency {
            return None;
        }
        let portion = Portion {
            taxable: self.taxable().checked_sub(left.taxable())?,
            tax_free: self.tax_free.checked_sub(left.tax_free)?,
            tip: self.tip.checked_sub(left.tip)?,
            unsplit: 0,
        };
        let sum = portion
            .taxable
            .checked_add(portion.tax_free)?
            .checked_add(portion.tip)?;
        (sum == total).then_some(portion)
    }

    const fn taxable(&self) -> u64 {
        self.supply.saturating_add(self.vat)
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

    /// Whether the two are compatible after parts of each were taken: as [`Self::agrees_with`], but for one unit of VAT,
    /// which a gateway that computes it anew from the rest rounds to the other side.
    pub fn agrees_but_for_rounding(&self, other: &Self) -> bool {
        let same_kinds = self.tax_free == other.tax_free && self.tip == other.tip;
        let rounds = same_kinds && self.vat.abs_diff(other.vat) <= 1;
        self.agrees_with(other) || (self.total() == other.total() && rounds)
    }

    /// Whether the two are compatible: the same total, and the same split where both are split.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let split = self.unsplit == 0 && other.unsplit == 0 && !planted::is(Bug::SplitNotCompared);
        self.total() == other.total() && (!split || self == other)
    }
}

/// A part of an amount before its VAT is known, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Portion {
    /// The taxable part, VAT included.
    pub taxable: u64,
    /// The part that bears no VAT.
    pub tax_free: u64,
    /// The tip.
    pub tip: u64,
    /// The part whose components are unknown.
    pub unsplit: u64,
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
