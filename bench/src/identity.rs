//! Names as merchants make them: order numbers that are no counter, keys that look like UUIDs,
//! ten thousand buyers. Distinct over all runs on one data directory.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::{Failure, While};

/// 2026-01-01T00:00:00Z.
const NUMBERED_FROM: u64 = 1_767_225_600;
const NUMBER_BITS: u32 = 52;
const BUYERS: u64 = 10_000;

/// Hands out numbers that are never repeated, across restarts too: they begin at the second of the start.
pub(crate) struct Numbers(AtomicU64);

impl Numbers {
    pub(crate) fn new() -> Result<Self, Failure> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .when("the clock")?;
        let seconds = now.as_secs().saturating_sub(NUMBERED_FROM);
        Ok(Self(AtomicU64::new(seconds << 24)))
    }

    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// `ORD-20261121-<base36>`, unrelated for neighbours.
pub(crate) fn order_id(number: u64, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"ORD-20261121-");
    let mut rest = shuffled(number);
    for _ in 0..11 {
        let digit = usize::try_from(rest % 36).unwrap_or(0);
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        out.push(digits.get(digit).copied().unwrap_or(b'0'));
        rest /= 36;
    }
}

/// The form of a UUID.
pub(crate) fn key(number: u64, out: &mut String) {
    let high = scrambled(number);
    let low = scrambled(high ^ number.rotate_left(32));
    let (first, second) = (high >> 32, high >> 16 & 0xffff);
    let (third, fourth) = (high & 0x0fff, low >> 48 & 0x3fff | 0x8000);
    let last = low & 0xffff_ffff_ffff;
    out.clear();
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{last:012x}"
    );
}

pub(crate) fn buyer(number: u64) -> u64 {
    scrambled(number) % BUYERS
}

/// A quantity and prices, in won.
pub(crate) struct Basket {
    pub(crate) quantity: u64,
    pub(crate) unit_price: u64,
    pub(crate) tax_free: u64,
}

impl Basket {
    pub(crate) fn of(number: u64) -> Self {
        let chance = scrambled(number ^ 0x5bd1);
        Self {
            quantity: (chance % 4).saturating_add(1),
            unit_price: (chance >> 8 & 0x3ff)
                .saturating_mul(100)
                .saturating_add(4_900),
            tax_free: (chance >> 20 & 0xff)
                .saturating_mul(50)
                .saturating_add(1_000),
        }
    }

    pub(crate) fn total(&self) -> u64 {
        let taxable = self.quantity.saturating_mul(self.unit_price);
        taxable.saturating_add(self.tax_free)
    }
}

/// One to one on 52 bits: an odd factor and a folded upper half can both be undone.
fn shuffled(number: u64) -> u64 {
    const MASK: u64 = (1 << NUMBER_BITS) - 1;
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & MASK;
    let mixed = mixed ^ (mixed >> 26);
    mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) & MASK
}

/// splitmix64.
fn scrambled(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_numbers_share_an_order_id_or_a_key() {
        let (mut orders, mut keys) = (HashSet::new(), HashSet::new());
        let (mut order, mut text) = (Vec::new(), String::new());
        for number in (28 << 48)..(28 << 48) + 50_000 {
            order_id(number, &mut order);
            key(number, &mut text);
            assert!(orders.insert(order.clone()) && keys.insert(text.clone()));
        }
    }

    #[test]
    fn they_look_like_what_merchants_send() {
        let (mut order, mut text) = (Vec::new(), String::new());
        order_id(1, &mut order);
        key(1, &mut text);
        assert_eq!((order.len(), text.len()), (24, 36));
        let dashes: Vec<_> = text.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!(dashes, [8, 13, 18, 23]);
    }

    #[test]
    fn totals_are_of_a_size_people_pay() {
        for number in 0..1_000 {
            let total = Basket::of(number).total();
            assert!((5_000..500_000).contains(&total), "{total}");
        }
    }
}
