//! Gateways whose notifications are overdue. A change that a gateway reports in an answer should be reported in a
//! notification too; if none comes, the registration is missing or the way in is blocked.
//!
//! Known for this process alone: notifications owed before a restart are forgotten.

use std::{collections::BTreeMap, time::Duration};

use parking_lot::Mutex;

/// By gateway, since when its next notification is owed.
#[derive(Debug, Default)]
pub(super) struct Silences(Mutex<BTreeMap<&'static str, Option<u64>>>);

impl Silences {
    pub(super) fn should_notify(&self, provider: &'static str, now_ns: u64) {
        self.0
            .lock()
            .entry(provider)
            .or_default()
            .get_or_insert(now_ns);
    }

    pub(super) fn has_notified(&self, provider: &'static str) {
        self.0.lock().insert(provider, None);
    }

    /// How long each gateway that was heard of has owed a notification.
    pub(super) fn now(&self, now_ns: u64) -> Vec<(&'static str, Duration)> {
        let silences = self.0.lock();
        let silence = |owed_since: &Option<u64>| {
            let since_ns = owed_since.unwrap_or(now_ns);
            Duration::from_nanos(now_ns.saturating_sub(since_ns))
        };
        silences
            .iter()
            .map(|(provider, since)| (*provider, silence(since)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_with_the_first_change_and_ends_with_any_notification() {
        let (silences, second) = (Silences::default(), 1_000_000_000);
        let seconds = |now: u64| {
            let silences = silences.now(now * second);
            silences
                .into_iter()
                .map(|(_, silence)| silence.as_secs())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            seconds(1),
            [0_u64; 0],
            "nothing is owed by a gateway that was never called"
        );
        silences.should_notify("TOSS", 10 * second);
        silences.should_notify("TOSS", 50 * second);
        assert_eq!(seconds(70), [60]);
        silences.has_notified("TOSS");
        assert_eq!(seconds(90), [0]);
        silences.should_notify("TOSS", 100 * second);
        assert_eq!(seconds(105), [5]);
    }
}
