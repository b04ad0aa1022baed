//! Prices of orders with discounts, against sums in wider integers.

use daegeum_engine::amounts::Component;
use daegeum_engine::command::NewLine;
use daegeum_engine::order::{BorneBy, Discount, Tax};
use daegeum_engine::pricing::{Priced, price};
use daegeum_engine::rejection::Rejection;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::chance::for_all;
use crate::shop;

/// Unit price, pieces, and whether VAT is in it.
type Sold = (u64, u32, bool);
/// How much, and the lines it is on; none means all.
type Off = (u64, Option<Vec<u8>>);

fn sold() -> impl Strategy<Value = Vec<Sold>> {
    vec((0..2_000_000_u64, 1..40_u32, any::<bool>()), 1..12)
}

fn off() -> impl Strategy<Value = Vec<Off>> {
    let much = prop_oneof![3 => 1..5_000_u64, 1 => 1..50_000_000_u64];
    let on = prop_oneof![Just(None), vec(0..12_u8, 1..4).prop_map(Some)];
    vec((much, on), 0..6)
}

fn discount(off: &Off) -> Discount {
    Discount {
        name: "쿠폰".into(),
        minor: off.0,
        lines: off.1.clone(),
        borne_by: BorneBy::Shop,
    }
}

fn lines(sold: &[Sold]) -> Vec<NewLine> {
    let line = |(unit_price, pieces, is_taxed): &Sold| {
        let tax = if *is_taxed {
            Tax::Taxable
        } else {
            Tax::TaxFree
        };
        shop::line(*pieces, *unit_price, tax)
    };
    sold.iter().map(line).collect()
}

fn sum(off: &[Off]) -> u64 {
    off.iter().map(|(much, _)| much).sum()
}

/// The order's price if its total is the lines' less the discounts.
fn priced(sold: &[Sold], off: &[Off]) -> Result<Priced, Rejection> {
    let discounts: Vec<Discount> = off.iter().map(discount).collect();
    let total = full(sold).iter().sum::<u64>().saturating_sub(sum(off));
    price(lines(sold), &discounts, shop::won(total))
}

/// What each line costs before discounts.
fn full(sold: &[Sold]) -> Vec<u64> {
    let price = |(unit_price, pieces, _): &Sold| unit_price * u64::from(*pieces);
    sold.iter().map(price).collect()
}

#[test]
fn discounts_come_off_the_total_to_the_last_won_and_off_no_other_line() {
    for_all(4_000, (sold(), off()), |(sold, off)| {
        let Ok(priced) = priced(&sold, &off) else {
            return;
        };
        let full = full(&sold);
        let whole: u64 = full.iter().sum();
        assert_eq!(priced.amounts.total().minor() + sum(&off), whole);
        for component in [Component::Supply, Component::Vat, Component::TaxFree] {
            let of_lines = priced.lines.iter().map(|line| line.amounts.get(component));
            assert_eq!(of_lines.sum::<u64>(), priced.amounts.get(component));
        }
        for (at, (line, full)) in priced.lines.iter().zip(full).enumerate() {
            let is_on = |on: &Option<Vec<u8>>| {
                let mut places = on.iter().flatten();
                on.is_none() || places.any(|place| usize::from(*place) == at)
            };
            let most: u64 = off
                .iter()
                .filter(|(_, on)| is_on(on))
                .map(|(much, _)| much)
                .sum();
            let left = line.amounts.total().minor();
            assert!(left <= full && full - left <= most, "line {at}");
        }
    });
}

#[test]
fn refused_discount_is_the_first_that_does_not_fit() {
    for_all(4_000, (sold(), off()), |(sold, off)| {
        let Err(refused) = priced(&sold, &off) else {
            return;
        };
        let Rejection::DiscountOutOfRange { at } = refused else {
            panic!("{refused:?}");
        };
        let at = usize::from(at);
        assert!(priced(&sold, &off[..at]).is_ok(), "those before it fit");
        let again = priced(&sold, &off[..=at]).err();
        assert_eq!(again, Some(refused), "those after it do not matter");
    });
}

#[test]
fn total_that_is_not_the_lines_less_the_discounts_is_refused() {
    for_all(
        1_000,
        (sold(), off(), 1..1_000_u64),
        |(sold, off, wrong)| {
            let Ok(right) = priced(&sold, &off) else {
                return;
            };
            let total = right.amounts.total().minor();
            let discounts: Vec<Discount> = off.iter().map(discount).collect();
            for total in [Some(total + wrong), total.checked_sub(wrong)]
                .into_iter()
                .flatten()
            {
                let other = price(lines(&sold), &discounts, shop::won(total));
                assert_eq!(other.err(), Some(Rejection::TotalMismatch));
            }
        },
    );
}
