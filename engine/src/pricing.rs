//! Prices of an order: the lines' amounts after discounts, by component and to the last won.
//!
//! A discount is shared among its lines in proportion to their remaining prices, by largest remainder; a later
//! discount sees the prices that an earlier one left. VAT is computed from the discounted price.

use crate::amounts::{Amounts, allot};
use crate::command::NewLine;
use crate::money::Money;
use crate::order::{Discount, Line, OrderCore, Tax};
use crate::rejection::Rejection;

/// Lines with their prices; the lines add up to the total, component by component.
#[derive(Debug, PartialEq, Eq)]
pub struct Priced {
    /// The lines.
    pub lines: Vec<Line>,
    /// The total.
    pub amounts: Amounts,
}

/// Prices the lines. They have to add up to `total`, which can be zero.
pub fn price(
    lines: Vec<NewLine>,
    discounts: &[Discount],
    total: Money,
) -> Result<Priced, Rejection> {
    if discounts.len() > OrderCore::MAX_DISCOUNTS {
        return Err(Rejection::discount_out_of_range(OrderCore::MAX_DISCOUNTS));
    }
    let mut rests = full_prices(&lines, total)?;
    for (at, discount) in discounts.iter().enumerate() {
        take_off(discount, &mut rests).ok_or_else(|| Rejection::discount_out_of_range(at))?;
    }
    let amounts = amounts_of(&lines, &rests, total)?;
    if amounts.total() != total {
        return Err(Rejection::TotalMismatch);
    }
    let bears_vat = |line: &NewLine| line.tax == Tax::Taxable;
    let sums: Vec<(u64, bool)> = rests.into_iter().zip(lines.iter().map(bears_vat)).collect();
    let shares = amounts.shared(&sums);
    let priced = lines.into_iter().zip(shares);
    Ok(Priced {
        lines: priced.map(|(line, amounts)| line.priced(amounts)).collect(),
        amounts,
    })
}

/// The lines' prices before discounts, in their order. Their sum must be a valid amount too.
fn full_prices(lines: &[NewLine], total: Money) -> Result<Vec<u64>, Rejection> {
    if lines.is_empty() || lines.len() > OrderCore::MAX_LINES {
        return Err(Rejection::LineCountOutOfRange);
    }
    let mut sum = Money::zero(total.currency());
    let mut prices = Vec::with_capacity(lines.len());
    for line in lines {
        if line.quantity == 0 {
            return Err(Rejection::SumOutOfRange);
        }
        let price = Money::new(line.unit_price, total.currency())?.checked_mul(line.quantity)?;
        sum = sum.checked_add(price)?;
        prices.push(price.minor());
    }
    Ok(prices)
}

/// Takes a discount off its lines; `None` if it is zero, names a line that does not exist or one twice, or exceeds
/// the lines' remaining prices.
fn take_off(discount: &Discount, rests: &mut [u64]) -> Option<()> {
    let is_on = marked(discount, rests.len())?;
    let weights: Vec<u64> = rests
        .iter()
        .zip(&is_on)
        .map(|(rest, is_on)| if *is_on { *rest } else { 0 })
        .collect();
    let left: u64 = weights.iter().copied().fold(0, u64::saturating_add);
    if discount.minor == 0 || discount.minor > left {
        return None;
    }
    for (rest, share) in rests.iter_mut().zip(allot(discount.minor, &weights)) {
        *rest = rest.checked_sub(share)?;
    }
    Some(())
}

/// Marks the discounted ones among `lines` lines.
fn marked(discount: &Discount, lines: usize) -> Option<Vec<bool>> {
    let Some(named) = &discount.lines else {
        return Some(vec![true; lines]);
    };
    let mut marks = vec![false; lines];
    for at in named {
        let mark = marks.get_mut(usize::from(*at))?;
        if std::mem::replace(mark, true) {
            return None;
        }
    }
    Some(marks)
}

fn amounts_of(lines: &[NewLine], rests: &[u64], total: Money) -> Result<Amounts, Rejection> {
    let sum = |tax: Tax| {
        let bearing = lines.iter().zip(rests).filter(|(line, _)| line.tax == tax);
        let minor = bearing.map(|(_, rest)| *rest).fold(0, u64::saturating_add);
        Money::new(minor, total.currency())
    };
    Ok(Amounts::of(sum(Tax::Taxable)?, sum(Tax::TaxFree)?)?)
}

impl NewLine {
    fn priced(self, amounts: Amounts) -> Line {
        Line {
            name: self.name,
            quantity: self.quantity,
            unit_price: self.unit_price,
            tax: self.tax,
            item_id: self.item_id,
            seller_id: self.seller_id,
            amounts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amounts::Component;
    use crate::money::Currency;
    use crate::order::BorneBy;

    fn won(minor: u64) -> Money {
        Money::new(minor, Currency::Krw).unwrap()
    }

    fn line(unit_price: u64, quantity: u32, tax: Tax) -> NewLine {
        NewLine {
            name: "item".into(),
            quantity,
            unit_price,
            tax,
            item_id: None,
            seller_id: None,
        }
    }

    fn off(minor: u64, lines: Option<&[u8]>) -> Discount {
        Discount {
            name: "off".into(),
            minor,
            lines: lines.map(<[u8]>::to_vec),
            borne_by: BorneBy::Shop,
        }
    }

    fn totals(priced: &Priced) -> Vec<u64> {
        let total = |line: &Line| line.amounts.total().minor();
        priced.lines.iter().map(total).collect()
    }

    #[test]
    fn discount_reduces_total_and_vat_base_exactly() {
        let lines = vec![line(11_000, 1, Tax::Taxable)];
        let priced = price(lines, &[off(1_100, None)], won(9_900)).unwrap();
        assert_eq!(priced.amounts.get(Component::Vat), 900);
        assert_eq!(priced.amounts.get(Component::Supply), 9_000);
    }

    #[test]
    fn discount_on_all_lines_is_shared_by_price_and_sums_to_the_last_won() {
        let lines = vec![
            line(3_333, 1, Tax::Taxable),
            line(5_000, 1, Tax::TaxFree),
            line(1_667, 2, Tax::Taxable),
        ];
        let priced = price(lines, &[off(1_000, None)], won(10_667)).unwrap();
        assert_eq!(totals(&priced), [3_047, 4_572, 3_048]);
        assert_eq!(priced.amounts.get(Component::TaxFree), 4_572);
        assert_eq!(priced.amounts.get(Component::Vat), 554);
    }

    #[test]
    fn later_discount_sees_what_the_earlier_one_left() {
        let lines = vec![line(1_000, 1, Tax::Taxable), line(1_000, 1, Tax::Taxable)];
        let both = [off(900, Some(&[0])), off(1_100, None)];
        let priced = price(lines, &both, won(0)).unwrap();
        assert_eq!(totals(&priced), [0, 0]);
        assert!(priced.amounts.is_zero());
    }

    #[test]
    fn zero_excessive_and_misplaced_discounts_are_refused() {
        let refused = |discount: Discount| {
            let lines = vec![line(1_000, 1, Tax::Taxable), line(500, 1, Tax::TaxFree)];
            let ok = off(100, Some(&[1]));
            price(lines, &[ok, discount], won(0)).err()
        };
        let out = Some(Rejection::DiscountOutOfRange { at: 1 });
        assert_eq!(refused(off(0, None)), out);
        assert_eq!(refused(off(1_401, None)), out);
        assert_eq!(refused(off(401, Some(&[1]))), out);
        assert_eq!(refused(off(1, Some(&[2]))), out);
        assert_eq!(refused(off(2, Some(&[0, 0]))), out);
        assert_eq!(refused(off(1, Some(&[]))), out);
        assert_eq!(refused(off(1_400, None)), None, "all that is left");
    }

    #[test]
    fn sums_beyond_the_largest_amount_are_refused_before_discounts_too() {
        let lines = vec![
            line(Money::MAX_MINOR, 1, Tax::Taxable),
            line(1, 1, Tax::TaxFree),
        ];
        let refused = price(lines, &[off(1, None)], won(Money::MAX_MINOR));
        assert_eq!(refused, Err(Rejection::SumOutOfRange));
    }
}
