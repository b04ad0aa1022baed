//! Money in the gateway's words and in our books.

use std::collections::BTreeMap;

use super::{Model, PRICE, Stands};

/// How an amount is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Not split.
    Unsaid,
    /// As the order is: 11,000 won with their eleventh, 700 won without tax.
    Ours,
    /// The price without any tax.
    Theirs,
}

/// So many won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Won {
    pub minor: u64,
    pub split: Split,
}

impl Won {
    pub const NOTHING: Self = Self::unsaid(0);
    pub const PRICE: Self = Self::price(Split::Ours);

    pub const fn unsaid(minor: u64) -> Self {
        let split = Split::Unsaid;
        Self { minor, split }
    }

    pub const fn price(split: Split) -> Self {
        let minor = PRICE;
        Self { minor, split }
    }

    /// Supply, VAT, tax-free, and unsplit.
    pub const fn parts(self) -> [u64; 4] {
        match self.split {
            Split::Unsaid => [0, 0, 0, self.minor],
            Split::Ours => [10_000, 1_000, 700, 0],
            Split::Theirs => [0, 0, self.minor, 0],
        }
    }

    /// The sum decides; the split only where both say theirs.
    pub fn agrees_with(self, other: Self) -> bool {
        let unsaid = self.split == Split::Unsaid || other.split == Split::Unsaid;
        self.minor == other.minor && (unsaid || self.split == other.split)
    }
}

/// A gateway's captured amount, and its remaining amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub taken: Won,
    pub left: Won,
}

impl Told {
    pub const fn whole(taken: Won) -> Self {
        let left = taken;
        Self { taken, left }
    }

    pub const fn part(taken: u64, left: u64) -> Self {
        let (taken, left) = (Won::unsaid(taken), Won::unsaid(left));
        Self { taken, left }
    }
}

impl Model {
    /// Debits minus credits, by account and component. The gateway receivable is the gateway's amount by our books;
    /// captured money beyond that is an accepted difference.
    pub fn balances(&self) -> BTreeMap<String, i128> {
        let mut balances = BTreeMap::new();
        for payment in &self.payments {
            let (taken, account) = match payment.stands {
                Stands::Taken => (Won::PRICE, "hold|"),
                Stands::WrongMoney(won) | Stands::Homeless(won) => (won, "suspense|MOCK"),
                Stands::Begun
                | Stands::Held { .. }
                | Stands::Failed
                | Stands::GivenUp
                | Stands::RanOut
                | Stands::Released
                | Stands::SentBack(_)
                | Stands::Refunded => (Won::NOTHING, "hold|"),
            };
            let names = ["supply", "vat", "tax_free", "unsplit"];
            let both = taken.parts().into_iter().zip(payment.there.parts());
            for (name, (taken, there)) in names.into_iter().zip(both) {
                let (taken, there) = (i128::from(taken), i128::from(there));
                let mut moves = |account: &str, minor: i128| {
                    let key = format!("{account}|{name}|KRW");
                    *balances.entry(key).or_default() += minor;
                };
                moves("gateway_receivable|MOCK", there);
                moves("reconciliation_difference|MOCK", taken - there);
                moves(account, -taken);
            }
        }
        balances.retain(|_, minor| *minor != 0);
        balances
    }
}
