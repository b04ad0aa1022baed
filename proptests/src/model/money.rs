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
    /// In these parts: supply, VAT, tax-free, and unsplit.
    Parts([u64; 4]),
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
            Split::Parts(parts) => parts,
        }
    }

    /// The same amount however it was made.
    pub fn of_parts(parts: [u64; 4]) -> Self {
        let minor = parts.iter().sum();
        let split = match parts {
            [0, 0, 0, _] => Split::Unsaid,
            [0, 0, _, 0] => Split::Theirs,
            _ if parts == Self::PRICE.parts() => Split::Ours,
            _ => Split::Parts(parts),
        };
        Self { minor, split }
    }

    /// The amount without `parts` of it.
    pub fn without(self, parts: [u64; 4]) -> Self {
        Self::of_parts(without(self.parts(), parts))
    }

    /// What a gateway with this money pays of a refund of `parts`: those very parts if it has them, else as many won
    /// in its own split.
    pub fn pays(self, parts: [u64; 4]) -> [u64; 4] {
        let own = self.parts();
        if own.iter().zip(parts).all(|(own, part)| part <= *own) {
            return parts;
        }
        let minor = parts.iter().sum();
        let [taxed, free, unsplit] = shared(minor, [own[0] + own[1], own[2], own[3]]);
        let vat = eleventh(taxed)
            .max(taxed.saturating_sub(own[0]))
            .min(own[1].min(taxed));
        [taxed - vat, vat, free, unsplit]
    }
}

/// The parts of a refund of `minor` won of a captured payment, of which `gone` was refunded before.
pub fn next_refund(gone: [u64; 4], minor: u64) -> [u64; 4] {
    let left = without(Won::PRICE.parts(), gone);
    let [taxed, free, _] = shared(minor, [left[0] + left[1], left[2], 0]);
    let so_far = eleventh(gone[0] + gone[1] + taxed).saturating_sub(gone[1]);
    let vat = so_far
        .max(taxed.saturating_sub(left[0]))
        .min(left[1].min(taxed));
    [taxed - vat, vat, free, 0]
}

pub fn without(parts: [u64; 4], less: [u64; 4]) -> [u64; 4] {
    std::array::from_fn(|at| parts[at].saturating_sub(less[at]))
}

/// An eleventh, half a won rounded up.
const fn eleventh(taxed: u64) -> u64 {
    (2 * taxed + 11) / 22
}

/// `minor` won in proportion to the weights; what is left over goes to the largest remainders, the first of equal ones.
fn shared(minor: u64, weights: [u64; 3]) -> [u64; 3] {
    let sum: u64 = weights.iter().sum();
    if sum == 0 {
        return [0; 3];
    }
    let mut shares = weights.map(|weight| minor * weight / sum);
    let mut places = [0, 1, 2];
    places.sort_by_key(|at| std::cmp::Reverse(minor * weights[*at] % sum));
    let over = minor - shares.iter().sum::<u64>();
    for at in places.into_iter().take(usize::try_from(over).unwrap()) {
        shares[at] += 1;
    }
    shares
}

impl Won {
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
                Stands::Taken => (Won::PRICE.without(payment.refunded), "hold|"),
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
