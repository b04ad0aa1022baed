//! How far the event feed was read. A reader that requests the events after some event has received that event, so
//! the furthest such position is how far the feed was read; no acknowledgement is needed.
//!
//! Known for this process alone: there are no figures before a reader has come.

use std::{fmt, sync::Arc, time::Duration};

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
    shown: Shown,
}

/// Lag and seconds as they were last looked at; a gauge of its own could not be absent.
#[derive(Debug, Clone, Default)]
struct Shown(Arc<Mutex<Option<(i64, i64)>>>);

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
            shown,
        }
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
        let Some(read) = *self.read.lock() else {
            return;
        };
        let lag = last.saturating_sub(read.up_to);
        let waited_ns = now_ns.saturating_sub(read.got_on_ns);
        let unread_s = if lag == 0 {
            0
        } else {
            Duration::from_nanos(waited_ns).as_secs()
        };
        let figure = |value| i64::try_from(value).unwrap_or(i64::MAX);
        *self.shown.0.lock() = Some((figure(lag), figure(unread_s)));
    }
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some((lag, unread_s)) = *self.0.lock() else {
            return Ok(());
        };
        let (lag, unread) = (ConstGauge::new(lag), ConstGauge::new(unread_s));
        let about = "Events of the feed that no reader has asked behind";
        lag.encode(encoder.encode_descriptor(
            "feed_lag_events",
            about,
            None,
            lag.metric_type(),
        )?)?;
        let about = "How long the feed's reader has not got further although there are events";
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

    fn figures(feed: &FeedMetrics, last: u64, now_s: u64) -> (i64, i64) {
        feed.look(last, now_s.saturating_mul(SECOND));
        feed.shown.0.lock().expect("somebody has read")
    }

    fn feed() -> FeedMetrics {
        FeedMetrics::registered(&mut Registry::default())
    }

    #[test]
    fn a_reader_that_keeps_up_has_no_lag_and_one_that_stops_falls_behind() {
        let feed = feed();
        feed.read(0, 5, 10 * SECOND);
        feed.read(5, 5, 20 * SECOND);
        assert_eq!(figures(&feed, 5, 25), (0, 0));
        assert_eq!(figures(&feed, 8, 50), (3, 30));
    }

    #[test]
    fn repeated_request_and_slower_reader_are_no_progress() {
        let feed = feed();
        feed.read(5, 9, 10 * SECOND);
        for again in [5, 2, 0] {
            feed.read(again, 9, 60 * SECOND);
        }
        assert_eq!(figures(&feed, 9, 70), (4, 60));
    }

    #[test]
    fn feed_without_readers_has_no_figures() {
        let mut registry = Registry::default();
        let feed = FeedMetrics::registered(&mut registry);
        let text = |registry: &Registry| {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
            text
        };
        feed.look(100, SECOND);
        assert!(!text(&registry).contains("feed_lag_events"));
        feed.read(100, 100, SECOND);
        feed.look(103, 3 * SECOND);
        let text = text(&registry);
        assert!(text.contains("\nfeed_lag_events 3\n"), "{text}");
        assert!(text.contains("\nfeed_unread_seconds 2\n"), "{text}");
    }
}
