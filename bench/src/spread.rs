//! Summary of rounds: the median, the least and the most. Integers only.

use std::fmt;

/// Of the rounds' figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spread {
    pub(crate) median: u64,
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(figures: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut sorted: Vec<u64> = figures.into_iter().collect();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let lower = if sorted.len().is_multiple_of(2) {
            *sorted.get(middle.checked_sub(1)?)?
        } else {
            upper
        };
        Some(Self {
            median: lower.midpoint(upper),
            least: *sorted.first()?,
            most: *sorted.last()?,
        })
    }

    /// Of `figures / others` in per cent, round by round, so that both had the same machine.
    pub(crate) fn per_cent(figures: &[u64], others: &[u64]) -> Option<Self> {
        let pairs = figures.iter().zip(others);
        Self::of(pairs.filter_map(|(one, other)| one.saturating_mul(100).checked_div(*other)))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            least,
            most,
        } = self;
        write!(out, "{median} [{least}–{most}]")
    }
}

/// Thousandths as a decimal with two places: nanoseconds as µs, microseconds as ms, kB as MB.
pub(crate) fn thousandths(figure: u64) -> String {
    let hundredths = figure.saturating_add(5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |figures: &[u64]| Spread::of(figures.iter().copied()).map(|s| s.median);
        assert_eq!(of(&[9, 1, 5]), Some(5));
        assert_eq!(of(&[4, 1, 2, 9]), Some(3));
        assert_eq!(of(&[]), None);
        let spread = Spread::of([7, 3, 11]).expect("three figures");
        assert_eq!(spread.to_string(), "7 [3–11]");
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was half as fast in the second round, for both.
        let ratio = Spread::per_cent(&[60, 30], &[100, 50]).expect("two rounds");
        assert_eq!((ratio.least, ratio.median, ratio.most), (60, 60, 60));
        assert_eq!(Spread::per_cent(&[1], &[0]), None);
    }

    #[test]
    fn decimals_are_rounded() {
        assert_eq!(thousandths(1_235), "1.24");
        assert_eq!(thousandths(4), "0.00");
        assert_eq!(thousandths(349_996), "350.00");
    }
}
