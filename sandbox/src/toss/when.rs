//! Times as Toss writes them: Korea's, whole seconds with the offset; in notifications with
//! microseconds and without.

use jiff::{Timestamp, civil::DateTime, tz};

pub(super) const SECOND_MS: i64 = 1_000;
pub(super) const MINUTE_MS: i64 = 60 * SECOND_MS;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// `2024-02-13T12:18:14+09:00`
pub(super) fn with_offset(at_ms: i64) -> String {
    let at = in_korea(at_ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+09:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// `2024-02-13T12:18:14.123000`
pub(super) fn without_zone(at_ms: i64) -> String {
    let at = in_korea(at_ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}000",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// `20240213121814`, the beginning of keys.
pub(super) fn digits(at_ms: i64) -> String {
    let at = in_korea(at_ms);
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Milliseconds that no calendar reaches are the epoch's.
fn in_korea(at_ms: i64) -> DateTime {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    tz::offset(9).to_datetime(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korea_is_nine_hours_ahead() {
        let at_ms = 1_707_794_294_123;
        assert_eq!(with_offset(at_ms), "2024-02-13T12:18:14+09:00");
        assert_eq!(without_zone(at_ms), "2024-02-13T12:18:14.123000");
        assert_eq!(digits(at_ms), "20240213121814");
        assert_eq!(with_offset(i64::MAX), "1970-01-01T09:00:00+09:00");
    }
}
