//! Latencies counted in log-linear buckets: under 1 % of error at any size, no allocation after
//! the start, and merging is addition.

/// Buckets per doubling: 2^7.
const PRECISION_BITS: u32 = 7;
const PER_DOUBLING: u64 = 1 << PRECISION_BITS;
/// Nothing measured here is told apart above 2^40 ns, some 18 minutes.
const LARGEST: u64 = (1 << 40) - 1;
const BUCKETS: usize = 34 * 128;

/// Durations in nanoseconds.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            max: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, nanoseconds: u64) {
        if let Some(count) = self.counts.get_mut(bucket_of(nanoseconds)) {
            *count = count.saturating_add(1);
        }
        self.total = self.total.saturating_add(1);
        self.max = self.max.max(nanoseconds);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.total = self.total.saturating_add(other.total);
        self.max = self.max.max(other.max);
    }

    pub(crate) fn count(&self) -> u64 {
        self.total
    }

    /// The longest, exactly.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The duration that `per_mille` of all did not exceed: the bucket's upper edge, so never too low.
    pub(crate) fn quantile(&self, per_mille: u64) -> u64 {
        let rank = self.total.saturating_mul(per_mille).div_ceil(1000).max(1);
        let mut seen = 0_u64;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return upper_edge(bucket).min(self.max);
            }
        }
        self.max
    }
}

/// Below 2^7 a bucket each; above, 2^7 buckets for each doubling.
fn bucket_of(nanoseconds: u64) -> usize {
    let value = nanoseconds.min(LARGEST);
    let doublings = value
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(PRECISION_BITS);
    let bucket = if value < PER_DOUBLING {
        value
    } else {
        // The leading bit is in `value >> doublings`, which adds the first 2^7 by itself.
        (u64::from(doublings) << PRECISION_BITS).saturating_add(value >> doublings)
    };
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

fn upper_edge(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket < PER_DOUBLING {
        return bucket;
    }
    let doublings = (bucket >> PRECISION_BITS).saturating_sub(1);
    let within = bucket & (PER_DOUBLING - 1);
    let first_of_next = PER_DOUBLING.saturating_add(within).saturating_add(1);
    (first_of_next << doublings).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_ends_where_the_next_begins() {
        for bucket in 0..BUCKETS - 1 {
            let edge = upper_edge(bucket);
            assert_eq!(bucket_of(edge), bucket);
            assert_eq!(bucket_of(edge + 1), bucket + 1);
        }
    }

    #[test]
    fn the_longest_measurable_has_the_last_bucket() {
        assert_eq!(bucket_of(LARGEST), BUCKETS - 1);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_within_one_percent_and_never_below() {
        let mut histogram = Histogram::default();
        for value in 1..=100_000_u64 {
            histogram.record(value * 1_000);
        }
        for (per_mille, exact) in [(500, 50_000_000), (990, 99_000_000), (1, 100_000)] {
            let found = histogram.quantile(per_mille);
            assert!(found >= exact, "{per_mille}: {found} < {exact}");
            assert!(found <= exact + exact / 100, "{per_mille}: {found}");
        }
        assert_eq!(histogram.max(), 100_000_000);
        assert_eq!(histogram.quantile(1000), 100_000_000);
    }

    #[test]
    fn one_slow_request_in_a_hundred_is_not_the_99th_but_the_maximum() {
        let mut histogram = Histogram::default();
        (0..99).for_each(|_| histogram.record(100));
        histogram.record(9_999);
        assert_eq!(histogram.quantile(990), 100);
        assert_eq!(histogram.max(), 9_999);
    }

    #[test]
    fn merging_equals_recording_in_one() {
        let (mut left, mut right, mut both) = (
            Histogram::default(),
            Histogram::default(),
            Histogram::default(),
        );
        for value in (0..5_000_u64).map(|n| n * n) {
            if value % 3 == 0 {
                &mut left
            } else {
                &mut right
            }
            .record(value);
            both.record(value);
        }
        left.merge(&right);
        assert_eq!(left.counts, both.counts);
        assert_eq!((left.count(), left.max()), (both.count(), both.max()));
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!(Histogram::default().quantile(990), 0);
    }
}
