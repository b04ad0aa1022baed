//! The shop's items and prices. Prices are only here: a browser sends an item and a quantity, never an amount.

use serde::Serialize;

use crate::pages::Language;

/// Something that can be bought.
#[derive(Debug)]
pub struct Item {
    /// Its name in addresses.
    pub slug: &'static str,
    /// Its name.
    pub name: InBoth,
    /// A description in a sentence or two.
    pub about: InBoth,
    /// When its money is taken.
    pub capture: Capture,
    /// How many can be bought at once.
    pub quantity_max: u32,
    parts: &'static [Part],
}

/// The parts of an item: each is a line of the order.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: InBoth,
    /// Its price, VAT included.
    pub unit_price: u64,
    tax: Tax,
}

/// A text of the shop's own.
#[derive(Debug)]
pub struct InBoth {
    ko: &'static str,
    en: &'static str,
}

/// When the money of an order is taken, in the API's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// When the buyer pays.
    Automatic,
    /// When the shop confirms.
    OnConfirmation,
}

/// Whether a price includes VAT, in the API's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Tax {
    Taxable,
    TaxFree,
}

/// A line of an order as the API takes it.
#[derive(Debug, Serialize)]
pub struct Line {
    name: &'static str,
    quantity: u32,
    unit_price: u64,
    tax: Tax,
    item_id: &'static str,
}

const fn both(ko: &'static str, en: &'static str) -> InBoth {
    InBoth { ko, en }
}

/// All of it. Toss takes 100 won by card and 200 won by bank transfer at least; the cheapest is above both.
pub const ITEMS: &[Item] = &[
    Item {
        slug: "watercolor-course",
        name: both("수채화 첫걸음 강의", "First steps in watercolour"),
        about: both(
            "8주 온라인 강의와 교재 한 권. 교재는 면세입니다.",
            "An online course of eight weeks, with a book. The book is tax-free.",
        ),
        capture: Capture::Automatic,
        quantity_max: 5,
        parts: &[
            Part {
                name: both("수채화 강의 (8주)", "Watercolour course (8 weeks)"),
                unit_price: 66_000,
                tax: Tax::Taxable,
            },
            Part {
                name: both("교재 『물과 종이』", "Course book “Water and Paper”"),
                unit_price: 18_000,
                tax: Tax::TaxFree,
            },
        ],
    },
    Item {
        slug: "hanok-night",
        name: both("한옥에서 하룻밤", "A night in a hanok"),
        about: both(
            "주인이 예약을 확정하면 결제가 확정되고, 취소하면 전액 돌려받습니다.",
            "Yours once the host confirms. If the host cancels, you get all of it back.",
        ),
        capture: Capture::OnConfirmation,
        quantity_max: 7,
        parts: &[Part {
            name: both("한옥 1박", "One night in a hanok"),
            unit_price: 120_000,
            tax: Tax::Taxable,
        }],
    },
    Item {
        slug: "postcard",
        name: both("그림엽서", "A picture postcard"),
        about: both(
            "결제를 가볍게 시험해 보기 좋은 엽서 한 장.",
            "One postcard: a small thing to try a payment with.",
        ),
        capture: Capture::Automatic,
        quantity_max: 50,
        parts: &[Part {
            name: both("그림엽서", "Picture postcard"),
            unit_price: 500,
            tax: Tax::Taxable,
        }],
    },
];

impl Item {
    /// The item of this name.
    pub fn find(slug: &str) -> Option<&'static Self> {
        ITEMS.iter().find(|item| item.slug == slug)
    }

    /// The parts of one item.
    pub fn parts(&self) -> &'static [Part] {
        self.parts
    }

    /// The price of one. Prices are ours, so their sum fits.
    pub fn price(&self) -> u64 {
        self.parts
            .iter()
            .fold(0, |sum: u64, part| sum.saturating_add(part.unit_price))
    }

    /// The price of this many.
    pub fn total(&self, quantity: u32) -> u64 {
        self.price().saturating_mul(u64::from(quantity))
    }

    /// Whether some of it bears no VAT.
    pub fn has_tax_free_part(&self) -> bool {
        self.parts.iter().any(Part::is_tax_free)
    }

    /// Whether the host has to confirm.
    pub fn awaits_confirmation(&self) -> bool {
        self.capture == Capture::OnConfirmation
    }

    /// The order's lines for this many, if so many can be bought.
    pub fn lines(&self, quantity: u32, language: Language) -> Option<Vec<Line>> {
        let lines = || {
            self.parts.iter().map(|part| Line {
                name: part.name.text(language),
                quantity,
                unit_price: part.unit_price,
                tax: part.tax,
                item_id: self.slug,
            })
        };
        (1..=self.quantity_max)
            .contains(&quantity)
            .then(|| lines().collect())
    }
}

impl Part {
    /// Whether it bears no VAT.
    pub fn is_tax_free(&self) -> bool {
        self.tax == Tax::TaxFree
    }
}

impl InBoth {
    /// The text in this language.
    pub fn text(&self, language: Language) -> &'static str {
        match language {
            Language::Korean => self.ko,
            Language::English => self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orders_lines_add_up_to_its_total() {
        for item in ITEMS {
            for quantity in [1, 2, item.quantity_max] {
                let lines = item.lines(quantity, Language::Korean).expect("buyable");
                let sum: u64 = lines
                    .iter()
                    .map(|line| line.unit_price * u64::from(line.quantity))
                    .sum();
                assert_eq!(sum, item.total(quantity), "{}", item.slug);
            }
        }
    }

    #[test]
    fn quantity_is_between_one_and_the_stock() {
        let card = Item::find("postcard").expect("an item");
        assert!(card.lines(0, Language::English).is_none());
        assert!(
            card.lines(card.quantity_max + 1, Language::English)
                .is_none()
        );
        assert!(Item::find("nothing-of-the-kind").is_none());
    }

    #[test]
    fn every_price_is_above_the_minimum_of_every_method() {
        for item in ITEMS {
            assert!(item.price() >= 200, "{}", item.slug);
        }
    }
}
