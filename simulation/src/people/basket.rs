//! An order's lines, its discounts, and the amount left to pay. Discounts are drawn so that the amount left, and its
//! tax-free part, are known without the server's rule.

use serde_json::{Value, json};

use crate::dice::Dice;

/// The least that every method takes.
const LEAST: u64 = 200;

/// Lines, and a discount on one of them or on all.
#[derive(Clone)]
pub struct Basket {
    lines: Vec<Line>,
    discount: Option<Discount>,
}

#[derive(Clone, Copy)]
struct Line {
    tax: &'static str,
    price: u64,
}

#[derive(Clone, Copy)]
enum Discount {
    /// All of everything: the order is free.
    Whole,
    /// So much off the line at this place.
    Line(usize, u64),
}

impl Basket {
    /// One order in four is cheaper than its lines, and some of these cost nothing.
    pub fn draw(dice: &Dice) -> Self {
        let price = dice.between(2, 300) * 100 + dice.below(11);
        let tax_free = *dice.pick(&[0, price, price / 3]);
        let lines = [("taxable", price - tax_free), ("tax_free", tax_free)];
        let lines = lines.map(|(tax, price)| Line { tax, price });
        let lines: Vec<Line> = lines.into_iter().filter(|line| line.price > 0).collect();
        let mut basket = Self {
            lines,
            discount: None,
        };
        if dice.one_in(4) {
            let at = dice.below(basket.lines.len() as u64) as usize;
            let off = dice.between(1, basket.lines[at].price);
            let is_left = price - off >= LEAST && !dice.one_in(3);
            basket.discount = Some(if is_left {
                Discount::Line(at, off)
            } else {
                Discount::Whole
            });
        }
        basket
    }

    /// The amount left to pay.
    pub fn total(&self) -> u64 {
        self.left().map(|line| line.price).sum()
    }

    /// The tax-free part of it.
    pub fn tax_free(&self) -> u64 {
        let untaxed = self.left().filter(|line| line.tax == "tax_free");
        untaxed.map(|line| line.price).sum()
    }

    fn left(&self) -> impl Iterator<Item = Line> + '_ {
        self.lines.iter().enumerate().map(|(at, line)| {
            let off = match self.discount {
                None => 0,
                Some(Discount::Whole) => line.price,
                Some(Discount::Line(place, off)) if place == at => off,
                Some(Discount::Line(..)) => 0,
            };
            Line {
                price: line.price - off,
                ..*line
            }
        })
    }

    /// The lines, as the order is registered with.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.lines.iter();
        lines
            .map(|Line { tax, price }| {
                json!({ "name": "수채화 강의", "quantity": 1, "unit_price": price, "tax": tax })
            })
            .collect()
    }

    /// The discounts, as the order is registered with.
    pub fn discounts(&self) -> Vec<Value> {
        let price: u64 = self.lines.iter().map(|line| line.price).sum();
        let discount = self.discount.map(|discount| match discount {
            Discount::Whole => json!({ "name": "첫 구매", "amount": price }),
            Discount::Line(at, off) => {
                json!({ "name": "쿠폰", "amount": off, "lines": [at] })
            }
        });
        discount.into_iter().collect()
    }
}
