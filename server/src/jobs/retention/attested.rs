//! The age of data by the journal's own time. Pure: record numbers and their times.
//!
//! Records prove the time between them if they are not far apart. A longer gap counts as one day: it may be a pause
//! or a clock that jumped, which cannot be told apart. So one wrong clock ages nothing by more than a day, whether it
//! is nine hours or six years ahead.

use daegeum_engine::time::Timestamp;

pub(super) const DAY_MS: u64 = 86_400_000;
/// Records no further apart than this prove all of the time between them.
const SILENCE_MOST_MS: u64 = 3 * DAY_MS;

/// Two records with what lies between them.
#[derive(Clone, Copy)]
struct Stretch {
    from: (u64, Timestamp),
    to: (u64, Timestamp),
}

/// The time before which everything is at least `age_ms` old when the record `last` is written; `None` if the records
/// do not go back so far. `at` gives the time of a record; short stretches are not looked into.
pub(super) fn older_than<E>(
    age_ms: u64,
    last: u64,
    mut at: impl FnMut(u64) -> Result<Timestamp, E>,
) -> Result<Option<Timestamp>, E> {
    if last == 0 {
        return Ok(None);
    }
    let whole = Stretch {
        from: (1, at(1)?),
        to: (last, at(last)?),
    };
    let (mut left_ms, mut stretches) = (age_ms, vec![whole]);
    // The newest first.
    while let Some(Stretch { from, to }) = stretches.pop() {
        let span_ms = to.1.millis_since(from.1);
        let between = to.0.saturating_sub(from.0);
        if span_ms > SILENCE_MOST_MS && between > 1 {
            let middle = from.0.saturating_add(between.checked_div(2).unwrap_or(1));
            let middle = (middle, at(middle)?);
            stretches.push(Stretch { from, to: middle });
            stretches.push(Stretch { from: middle, to });
            continue;
        }
        let attested_ms = if span_ms > SILENCE_MOST_MS {
            DAY_MS
        } else {
            span_ms
        };
        match left_ms.checked_sub(attested_ms) {
            Some(rest_ms) if rest_ms > 0 => left_ms = rest_ms,
            _ if span_ms > SILENCE_MOST_MS => return Ok(Some(from.1)),
            _ => {
                let ms = to.1.as_millis().saturating_sub(left_ms);
                return Ok(Some(Timestamp::from_millis(ms)));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: u64 = 20_000;

    /// The day, counted from the first record's, before which all is `days` old; records are on these days.
    #[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
    fn older(records: &[u64], days: u64) -> Option<u64> {
        let at = |number: u64| {
            let index = usize::try_from(number).unwrap() - 1;
            Ok::<_, ()>(Timestamp::from_millis((BEGAN + records[index]) * DAY_MS))
        };
        let last = records.len().try_into().unwrap();
        let found = older_than(days * DAY_MS, last, at).unwrap();
        found.map(|at| at.as_millis() / DAY_MS - BEGAN)
    }

    #[test]
    fn without_records_nothing_is_old() {
        assert_eq!(older(&[], 1), None);
        assert_eq!(older(&[0], 1), None);
    }

    #[test]
    fn records_day_by_day_attest_every_day() {
        let records: Vec<u64> = (0..=100).collect();
        assert_eq!(older(&records, 30), Some(70));
        assert_eq!(older(&records, 100), Some(0));
        assert_eq!(older(&records, 101), None);
    }

    #[test]
    fn weekends_are_attested_by_the_days_around_them() {
        let records: Vec<u64> = (0..=98).filter(|day| day % 7 < 5).collect();
        assert_eq!(older(&records, 35), Some(63));
    }

    #[test]
    fn a_jump_of_six_years_makes_nothing_older_than_by_a_day() {
        let mut records: Vec<u64> = (0..=100).collect();
        records.push(100 + 6 * 365);
        assert_eq!(older(&records, 30), Some(71));
        assert_eq!(older(&records, 101), Some(0));
        assert_eq!(older(&records, 102), None);
    }

    #[test]
    fn life_after_a_jump_goes_on_day_by_day() {
        let jump = 6 * 365;
        let records: Vec<u64> = (0..=100).chain(jump..=jump + 10).collect();
        assert_eq!(older(&records, 10), Some(jump));
        assert_eq!(older(&records, 11), Some(100), "the jump itself");
        assert_eq!(older(&records, 30), Some(81));
    }

    #[test]
    fn few_records_are_looked_at() {
        let (mut looked, last) = (0_u64, 50_000_000_u64);
        let at = |number: u64| {
            looked += 1;
            // Five years of a thousand records an hour.
            Ok::<_, ()>(Timestamp::from_millis(BEGAN * DAY_MS + number * 3_600))
        };
        let found = older_than(1_825 * DAY_MS, last, at).unwrap();
        let expected = BEGAN * DAY_MS + last * 3_600 - 1_825 * DAY_MS;
        assert_eq!(found.unwrap().as_millis(), expected);
        assert!(looked < 2_100, "{looked}");
    }
}
