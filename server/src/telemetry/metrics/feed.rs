//! How far the event feed was read. A reader that requests the events after some event has received that event, so
//! the furthest such position is how far the feed was read; no acknowledgement is needed.
//!
//! Known for this process alone. Before a reader has come, the lag is not known and has no figure; how long the feed is
//! unread counts from the start, so that a reader who stays away after a restart is missed.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
    registry::{Registry, Unit},
};

/// How far the feed was read.
pub struct FeedMetrics {
    read: Mutex<Option<Read>>,
    begun_ns: OnceLock<u64>,
    shown: Shown,
}

/// The figures as they were last looked at; a gauge of its own could not be absent.
#[derive(Debug, Clone, Default)]
struct Shown(Arc<Mutex<Option<Figures>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Figures {
    lag: Option<i64>,
    unread_s: i64,
}

#[derive(Clone, Copy)]
struct Read {
    /// The furthest event that a reader has asked behind.
    up_to: u64,
    /// When it last got further, or had everything.
    got_on_ns: u64,
}

impl FeedMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let shown = Shown::default();
        registry.register_collector(Box::new(shown.clone()));
        Self {
            read: Mutex::default(),
            begun_ns: OnceLock::new(),
            shown,
        }
    }

    /// From now on readers can come; the first moment counts.
    pub fn begin(&self, now_ns: u64) {
        self.begun_ns.get_or_init(|| now_ns);
    }

    /// A reader requests the events after `after`, of a feed that ends with event `last`.
    pub fn read(&self, after: u64, last: u64, now_ns: u64) {
        let mut read = self.read.lock();
        // A second, slower reader does not reduce the progress, and repeating a request is no progress.
        let got_on =
            read.is_none_or(|read| after > read.up_to || (after == read.up_to && after >= last));
        if got_on {
            *read = Some(Read {
                up_to: after,
                got_on_ns: now_ns,
            });
        }
    }

    /// Sets `feed_lag_events` and `feed_unread_seconds`, for a feed that ends with event `last`.
    pub fn look(&self, last: u64, now_ns: u64) {
        let read = *self.read.lock();
        let lag = read.map(|read| last.saturating_sub(read.up_to));
        let begun_ns = *self.begun_ns.get_or_init(|| now_ns);
        let got_on_ns = read.map_or(begun_ns, |read| read.got_on_ns);
        let unread_s = if lag.unwrap_or(last) == 0 {
            0
        } else {
            Duration::from_nanos(now_ns.saturating_sub(got_on_ns)).as_secs()
        };
        let figure = |value| i64::try_from(value).unwrap_or(i64::MAX);
        *self.shown.0.lock() = Some(Figures {
            lag: lag.map(figure),
            unread_s: figure(unread_s),
        });
    }
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(Figures { lag, unread_s }) = *self.0.lock() else {
            return Ok(());
        };
        if let Some(lag) = lag.map(ConstGauge::<i64>::new) {
            let (name, kind) = ("feed_lag_events", lag.metric_type());
            let about = "Events of the feed that no reader has asked behind";
            lag.encode(encoder.encode_descriptor(name, about, None, kind)?)?;
        }
        let unread = ConstGauge::new(unread_s);
        let about = "How long the feed's reader, since the start if none has come, has not got further although there are \
                     events";
        let seconds = Some(&Unit::Seconds);
        unread.encode(encoder.encode_descriptor(
            "feed_unread",
            about,
            seconds,
            unread.metric_type(),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Lag, if it is known, and seconds.
    fn figures(feed: &FeedMetrics, last: u64, now_s: u64) -> (Option<i64>, i64) {
        feed.look(last, now_s.saturating_mul(SECOND));
        let Figures { lag, unread_s } = feed.shown.0.lock().expect("it was looked at");
        (lag, unread_s)
    }

    fn feed() -> FeedMetrics {
        FeedMetrics::registered(&mut Registry::default())
    }

    #[test]
    fn a_reader_that_keeps_up_has_no_lag_and_one_that_stops_falls_behind() {
        let feed = feed();
        feed.read(0, 5, 10 * SECOND);
        feed.read(5, 5, 20 * SECOND);
        assert_eq!(figures(&feed, 5, 25), (Some(0), 0));
        assert_eq!(figures(&feed, 8, 50), (Some(3), 30));
    }

    #[test]
    fn repeated_request_and_slower_reader_are_no_progress() {
        let feed = feed();
        feed.read(5, 9, 10 * SECOND);
        for again in [5, 2, 0] {
            feed.read(again, 9, 60 * SECOND);
        }
        assert_eq!(figures(&feed, 9, 70), (Some(4), 60));
    }

    #[test]
    fn feed_that_nobody_reads_is_unread_since_the_start() {
        let feed = feed();
        feed.begin(10 * SECOND);
        assert_eq!(figures(&feed, 0, 50), (None, 0), "there is nothing to read");
        assert_eq!(figures(&feed, 7, 1_000), (None, 990));
        feed.read(7, 7, 1_010 * SECOND);
        assert_eq!(figures(&feed, 7, 1_020), (Some(0), 0));
    }

    #[test]
    fn lag_has_no_figure_before_a_reader_has_come() {
        let mut registry = Registry::default();
        let feed = FeedMetrics::registered(&mut registry);
        let text = |registry: &Registry| {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
            text
        };
        feed.look(100, SECOND);
        let before = text(&registry);
        assert!(!before.contains("feed_lag_events"), "{before}");
        assert!(before.contains("\nfeed_unread_seconds 0\n"), "{before}");
        feed.read(100, 100, SECOND);
        feed.look(103, 3 * SECOND);
        let text = text(&registry);
        assert!(text.contains("\nfeed_lag_events 3\n"), "{text}");
        assert!(text.contains("\nfeed_unread_seconds 2\n"), "{text}");
    }
}
