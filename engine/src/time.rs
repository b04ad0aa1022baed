//! Points in time and spans, in milliseconds. The caller passes the time; the engine reads no clock.

use std::fmt;

use bincode::{Decode, Encode};

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last instant that can be represented: late in the year 9999.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// `ms` milliseconds after the epoch, at most [`Timestamp::MAX`].
    pub const fn from_millis(ms: u64) -> Self {
        if ms > Self::MAX.0 {
            Self::MAX
        } else {
            Self(ms)
        }
    }

    /// Milliseconds after the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// `ms` later.
    #[must_use]
    pub const fn plus_millis(self, ms: u64) -> Self {
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// The milliseconds since `earlier`, or zero.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day in Korea (UTC+9, no daylight saving), counted from 1970-01-01.
    pub fn korean_day(self) -> u32 {
        const NINE_HOURS_MS: u64 = 9 * 3_600_000;
        const DAY_MS: u64 = 86_400_000;
        u32::try_from(self.0.saturating_add(NINE_HOURS_MS) / DAY_MS).unwrap_or(u32::MAX)
    }

    /// Parses RFC 3339, with any offset; `None` for other texts, and for times before the epoch.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        let ms = u64::try_from(at.as_millisecond()).ok()?;
        (ms <= Self::MAX.0).then_some(Self(ms))
    }
}

/// RFC 3339 in UTC with exactly three decimals, so that equal instants are equal texts.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = i64::try_from(self.0).unwrap_or(i64::MAX);
        let at = jiff::Timestamp::from_millisecond(ms).map_err(|_| fmt::Error)?;
        write!(f, "{at:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_with_three_decimals_and_read_back() {
        let at = Timestamp::from_millis(1_795_000_000_120);
        assert_eq!(at.to_string(), "2026-11-18T11:06:40.120Z");
        assert_eq!(
            Timestamp::parse_rfc3339("2026-11-18T20:06:40.12+09:00"),
            Some(at)
        );
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
    }

    #[test]
    fn garbage_and_times_before_the_epoch_are_refused() {
        for text in [
            "",
            "2026-11-18",
            "2026-11-18 20:06",
            "1969-12-31T23:59:59Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn the_korean_day_turns_at_fifteen_hundred_utc() {
        let before = Timestamp::parse_rfc3339("2026-11-18T14:59:59.999Z").unwrap();
        assert_eq!(before.plus_millis(1).korean_day(), before.korean_day() + 1);
    }
}
