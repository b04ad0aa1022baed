//! Money, its components and its shares, against arithmetic in wider integers.

use daegeum_engine::amounts::{Amounts, Component, allot};
use daegeum_engine::money::{Currency, Money, MoneyError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::chance::for_all;

fn minor() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..100_u64,
        0..10_000_000_u64,
        0..=Money::MAX_MINOR,
        (Money::MAX_MINOR - 100)..=Money::MAX_MINOR
    ]
}

fn currency() -> impl Strategy<Value = Currency> {
    prop_oneof![4 => Just(Currency::Krw), 1 => Just(Currency::Usd)]
}

fn money(wide: i128, currency: Currency) -> Result<Money, MoneyError> {
    let minor = u64::try_from(wide).map_err(|_| MoneyError::OutOfRange)?;
    Money::new(minor, currency)
}

#[test]
fn money_never_wraps_never_mixes_and_is_otherwise_exact() {
    for_all(
        4_000,
        (minor(), currency(), minor(), currency(), any::<u32>()),
        |(a, of_a, b, of_b, times)| {
            let (left, right) = (Money::new(a, of_a).unwrap(), Money::new(b, of_b).unwrap());
            let (a, b) = (i128::from(a), i128::from(b));
            let sum = if of_a == of_b {
                money(a + b, of_a)
            } else {
                Err(MoneyError::CurrencyMismatch)
            };
            let rest = if of_a == of_b {
                money(a - b, of_a)
            } else {
                Err(MoneyError::CurrencyMismatch)
            };
            assert_eq!(left.checked_add(right), sum);
            assert_eq!(left.checked_sub(right), rest);
            assert_eq!(left.checked_mul(times), money(a * i128::from(times), of_a));
        },
    );
}

#[test]
fn components_sum_to_the_whole_and_vat_is_the_nearest_eleventh() {
    for_all(4_000, (minor(), minor()), |(taxable, tax_free)| {
        let won = |minor| Money::new(minor, Currency::Krw).unwrap();
        let Ok(amounts) = Amounts::of(won(taxable), won(tax_free)) else {
            return assert!(taxable + tax_free > Money::MAX_MINOR);
        };
        let part = |component| amounts.get(component);
        let (supply, vat) = (part(Component::Supply), part(Component::Vat));
        assert_eq!(supply + vat, taxable);
        assert_eq!(part(Component::TaxFree), tax_free);
        assert_eq!(amounts.total().minor(), taxable + tax_free);
        assert_eq!(
            amounts.parts().map(|(_, minor)| minor).sum::<u64>(),
            taxable + tax_free
        );
        // Half a won away at most, and up at exactly half: 22 vat is within (2 taxable - 11, 2 taxable + 11].
        let (twice, vat) = (2 * i128::from(taxable), 22 * i128::from(vat));
        assert!(twice - 11 < vat && vat <= twice + 11, "{taxable}");
    });
}

#[test]
fn shares_are_whole_fair_and_sum_to_what_is_shared() {
    let weight = prop_oneof![
        Just(0_u64),
        1..10_u64,
        any::<u32>().prop_map(u64::from),
        any::<u64>()
    ];
    for_all(4_000, (minor(), vec(weight, 0..12)), |(whole, weights)| {
        let shares = allot(whole, &weights);
        let sum: u128 = weights.iter().copied().map(u128::from).sum();
        assert_eq!(shares.len(), weights.len());
        if sum == 0 {
            return assert!(shares.iter().all(|share| *share == 0));
        }
        assert_eq!(
            shares.iter().copied().map(u128::from).sum::<u128>(),
            u128::from(whole)
        );
        for (share, weight) in shares.iter().zip(&weights) {
            let exact = u128::from(whole) * u128::from(*weight);
            assert!(
                u128::from(*share) >= exact / sum,
                "at least its part rounded down"
            );
            assert!(
                u128::from(*share) <= exact.div_ceil(sum),
                "at most its part rounded up"
            );
        }
        for (at, share) in shares.iter().enumerate() {
            let rest = |at: usize| (u128::from(whole) * u128::from(weights[at])) % sum;
            let extra = |at: usize, share: u64| {
                u128::from(share) > (u128::from(whole) * u128::from(weights[at])) / sum
            };
            for (other, its) in shares.iter().enumerate().filter(|_| extra(at, *share)) {
                let earlier = rest(other) > rest(at) || (rest(other) == rest(at) && other < at);
                assert!(
                    !earlier || extra(other, *its),
                    "the larger remainder comes first"
                );
            }
        }
    });
}
