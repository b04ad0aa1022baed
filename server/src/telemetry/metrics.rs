//! All metrics, by their exported names. Code that counts often resolves its counter once and keeps it; nothing is
//! looked up while a payment is processed.

use std::{fmt, path::Path, time::Duration};

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

mod feed;
mod money;
mod process;
mod silence;
mod waiting;

pub use feed::FeedMetrics;
pub use money::MoneyMetrics;
pub use waiting::WaitingMetrics;

use self::{
    process::{ProcessFigures, register_build},
    silence::Silences,
};

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The media type of [`Metrics::render`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one server.
pub struct Metrics {
    registry: Registry,
    /// Requests and connections.
    pub http: HttpMetrics,
    /// Payments by what became of them.
    pub payments: PaymentMetrics,
    /// Calls to gateways.
    pub gateways: GatewayMetrics,
    /// The writer, the journal and the index behind it.
    pub store: StoreMetrics,
    /// Money taken and given back.
    pub money: MoneyMetrics,
    /// Payments that wait for a person or a buyer.
    pub waiting: WaitingMetrics,
    /// How far the feed was read.
    pub feed: FeedMetrics,
    /// Background work.
    pub jobs: JobMetrics,
    /// The machine's clock beside domain time.
    pub clock: ClockMetrics,
    /// Keys of personal data that are past their retention.
    pub retention: RetentionMetrics,
    /// `log_lines_dropped_total`: lines dropped because writing was too slow.
    pub log_lines_dropped: Counter,
}

/// Requests and connections.
pub struct HttpMetrics {
    latency: Family<(RouteLabel, Labels<1>), Histogram, fn() -> Histogram>,
    answers: Family<[(&'static str, u16); 1], Counter>,
    refusals: Family<Labels<1>, Counter>,
    /// `http_refusals_unlogged_total`: refused requests that have no line in the log.
    pub refusals_unlogged: Counter,
    /// `http_connections`: open now.
    pub connections: Gauge,
    /// `http_connections_turned_away_total`: over the limit.
    pub turned_away: Counter,
}

/// Initialised to 0: a rate over a counter that first appears at 1 misses that first event.
const SELDOM_ANSWERED: [u16; 3] = [429, 500, 503];
/// As above: the reasons of index rebuilds.
const REBUILD_REASONS: [&str; 6] = ["start", "altered", "failed", "panicked", "unusable", "full"];

type RouteLabel = [(&'static str, String); 1];

/// Payments by what became of them.
pub struct PaymentMetrics {
    create: Family<Labels<1>, Counter>,
    capture: Family<Labels<1>, Counter>,
    webhook: Family<Labels<2>, Counter>,
    /// `payment_idempotent_hit_total`: answers given again.
    pub idempotent_hit: Counter,
    /// `payment_returns_mismatched_total`: browsers that brought back what does not match their payment.
    pub returns_mismatched: Counter,
    /// `payment_unknown_outcomes`: operations whose gateway has not said what happened.
    pub unknown_outcomes: Gauge,
    /// `payment_unknown_outcomes_of_other_keys`: those of them that were made with other keys than the server has now.
    pub unknown_outcomes_of_other_keys: Gauge,
    /// `payment_unknown_outcome_age_seconds`: how long the oldest of them has waited.
    pub unknown_outcome_age: Gauge,
}

/// Calls to gateways.
pub struct GatewayMetrics {
    latency: Family<Labels<2>, Histogram, fn() -> Histogram>,
    silences: Silences,
    silence: Family<Labels<1>, Gauge>,
}

/// The writer, the journal and the index behind it.
pub struct StoreMetrics {
    /// `store_queue_depth`: commands waiting for the writer.
    pub queue_depth: Gauge,
    /// `store_commit_commands`: records in one group commit; a command that changes nothing has none.
    pub commit_commands: Histogram,
    /// `store_commit_bytes`: bytes of one group commit.
    pub commit_bytes: Histogram,
    /// `store_commit_seconds`: from taking a batch up to having answered it.
    pub commit_latency: Histogram,
    /// `store_index_lag`: changes in the journal that the index has not taken yet.
    pub index_lag: Gauge,
    /// `store_ready`: 1 while payments are taken.
    pub ready: Gauge,
    index_rebuilds: Family<Labels<1>, Counter>,
}

/// The machine's clock beside domain time.
pub struct ClockMetrics {
    /// `clock_behind_seconds`: domain time is so far ahead of the machine's clock.
    pub behind: Gauge,
    /// `clock_ahead_seconds`: the machine's clock is so far ahead, and not followed yet.
    pub ahead: Gauge,
}

/// Keys of personal data that are past their retention.
pub struct RetentionMetrics {
    due: Family<Labels<1>, Gauge>,
    doubted: Family<Labels<1>, Gauge>,
}

/// Background work.
pub struct JobMetrics {
    by_state: Family<Labels<1>, Gauge>,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.0, 18)) // 0.1 ms to 13 s
}

fn gateway_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 15)) // 5 ms to 82 s
}

impl Metrics {
    /// Registers every name but those of a process.
    pub fn new() -> Self {
        Self::with(Registry::default())
    }

    /// The same with what is known of this process and of the disk that `data` is on.
    pub fn of_process(data: &Path) -> Self {
        let mut registry = Registry::default();
        register_build(&mut registry);
        registry.register_collector(Box::new(ProcessFigures::of(data)));
        Self::with(registry)
    }

    fn with(mut registry: Registry) -> Self {
        let registry_mut = &mut registry;
        let http = HttpMetrics::registered(registry_mut);
        let payments = PaymentMetrics::registered(registry_mut);
        let gateways = GatewayMetrics::registered(registry_mut);
        let store = StoreMetrics::registered(registry_mut);
        let money = MoneyMetrics::registered(registry_mut);
        let waiting = WaitingMetrics::registered(registry_mut);
        let feed = FeedMetrics::registered(registry_mut);
        let jobs = JobMetrics::registered(registry_mut);
        let clock = ClockMetrics::registered(registry_mut);
        let retention = RetentionMetrics::registered(registry_mut);
        let log_lines_dropped = Counter::default();
        registry.register(
            "log_lines_dropped",
            "Log lines dropped because writing was too slow",
            log_lines_dropped.clone(),
        );
        Self {
            registry,
            http,
            payments,
            gateways,
            store,
            money,
            waiting,
            feed,
            jobs,
            clock,
            retention,
            log_lines_dropped,
        }
    }

    /// Everything, as scrapers read it ([`METRICS_CONTENT_TYPE`]).
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpMetrics {
    fn registered(registry: &mut Registry) -> Self {
        let http = Self {
            latency: Family::new_with_constructor(seconds),
            answers: Family::default(),
            refusals: Family::default(),
            refusals_unlogged: Counter::default(),
            connections: Gauge::default(),
            turned_away: Counter::default(),
        };
        registry.register_with_unit(
            "http_request",
            "From request to answer, by route and method",
            Unit::Seconds,
            http.latency.clone(),
        );
        registry.register("http_answers", "Answers by status", http.answers.clone());
        for status in SELDOM_ANSWERED {
            drop(http.answers.get_or_create(&[("status", status)]));
        }
        registry.register(
            "http_refusals",
            "Refused requests by the code they were answered with",
            http.refusals.clone(),
        );
        registry.register(
            "http_refusals_unlogged",
            "Refused requests that have no line in the log, because there were many with their code or cause",
            http.refusals_unlogged.clone(),
        );
        registry.register(
            "http_connections",
            "Open connections",
            http.connections.clone(),
        );
        registry.register(
            "http_connections_turned_away",
            "Connections refused because there were as many as are served at once",
            http.turned_away.clone(),
        );
        http
    }

    /// `http_request_seconds{route,method}`, to keep.
    pub fn latency(&self, route: &str, method: &'static str) -> Histogram {
        let labels = ([("route", route.to_owned())], [("method", method)]);
        self.latency.get_or_create_owned(&labels)
    }

    /// Counts an answer in `http_answers_total{status}`.
    pub fn answered(&self, status: u16) {
        self.answers.get_or_create(&[("status", status)]).inc();
    }

    /// Counts a refusal in `http_refusals_total{code}`.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&[("code", code)]).inc();
    }
}

impl PaymentMetrics {
    fn registered(registry: &mut Registry) -> Self {
        let payments = Self {
            create: Family::default(),
            capture: Family::default(),
            webhook: Family::default(),
            idempotent_hit: Counter::default(),
            returns_mismatched: Counter::default(),
            unknown_outcomes: Gauge::default(),
            unknown_outcomes_of_other_keys: Gauge::default(),
            unknown_outcome_age: Gauge::default(),
        };
        registry.register(
            "payment_create",
            "Payments that were asked for, by whether one was begun or the rules refused it",
            payments.create.clone(),
        );
        registry.register(
            "payment_capture",
            "Payments by what became of their money: captured, failed, orphaned or mismatched",
            payments.capture.clone(),
        );
        registry.register(
            "payment_webhook",
            "Notifications of gateways, by what was done with them",
            payments.webhook.clone(),
        );
        registry.register(
            "payment_idempotent_hit",
            "Answers given again for a key already used",
            payments.idempotent_hit.clone(),
        );
        registry.register(
            "payment_returns_mismatched",
            "Browsers that brought back what does not match their payment",
            payments.returns_mismatched.clone(),
        );
        registry.register(
            "payment_unknown_outcomes",
            "Money calls without an answer yet, those just begun too, up to 10,000",
            payments.unknown_outcomes.clone(),
        );
        registry.register(
            "payment_unknown_outcomes_of_other_keys",
            "Money calls without an answer yet that were made with other keys than the server has now, among the oldest 1,000",
            payments.unknown_outcomes_of_other_keys.clone(),
        );
        registry.register_with_unit(
            "payment_unknown_outcome_age",
            "How long the oldest money call without an answer has waited, among the oldest 1,000 payments with one",
            Unit::Seconds,
            payments.unknown_outcome_age.clone(),
        );
        payments
    }

    /// `payment_create_total{status}`, to keep.
    pub fn create(&self, status: &'static str) -> Counter {
        self.create.get_or_create_owned(&[("status", status)])
    }

    /// `payment_capture_total{status}`, to keep.
    pub fn capture(&self, status: &'static str) -> Counter {
        self.capture.get_or_create_owned(&[("status", status)])
    }

    /// `payment_webhook_total{provider,status}`, to keep.
    pub fn webhook(&self, provider: &'static str, status: &'static str) -> Counter {
        self.webhook
            .get_or_create_owned(&[("provider", provider), ("status", status)])
    }
}

impl GatewayMetrics {
    fn registered(registry: &mut Registry) -> Self {
        let gateways = Self {
            latency: Family::new_with_constructor(gateway_seconds),
            silences: Silences::default(),
            silence: Family::default(),
        };
        registry.register_with_unit(
            "gateway_call",
            "Exchanges with gateways, by provider and operation; one that was left out has no time",
            Unit::Seconds,
            gateways.latency.clone(),
        );
        registry.register_with_unit(
            "gateway_silence",
            "How long a gateway has notified of nothing since it changed a payment; 0 if it has since",
            Unit::Seconds,
            gateways.silence.clone(),
        );
        gateways
    }

    /// A gateway has said in an answer that it changed a payment: a notification of it should follow.
    pub fn should_notify(&self, provider: &'static str, now_ns: u64) {
        self.silences.should_notify(provider, now_ns);
    }

    /// It has notified of a payment of ours.
    pub fn has_notified(&self, provider: &'static str) {
        self.silences.has_notified(provider);
    }

    /// Sets `gateway_silence_seconds{provider}`.
    pub fn look_at_silence(&self, now_ns: u64) {
        for (provider, silence) in self.silences.now(now_ns) {
            let seconds = i64::try_from(silence.as_secs()).unwrap_or(i64::MAX);
            self.silence
                .get_or_create(&[("provider", provider)])
                .set(seconds);
        }
    }

    /// Notes how long a call took in `gateway_call_seconds{provider,operation}`.
    pub fn called(&self, provider: &'static str, operation: &'static str, took: Duration) {
        let labels = [("provider", provider), ("operation", operation)];
        self.latency
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}

impl StoreMetrics {
    /// Notes one group commit.
    pub fn committed(&self, commands: usize, bytes: usize, took: Duration) {
        let (Ok(commands), Ok(bytes)) = (u32::try_from(commands), u32::try_from(bytes)) else {
            return;
        };
        if commands > 0 {
            self.commit_commands.observe(f64::from(commands));
            self.commit_bytes.observe(f64::from(bytes));
            self.commit_latency.observe(took.as_secs_f64());
        }
    }

    fn registered(registry: &mut Registry) -> Self {
        let store = Self {
            queue_depth: Gauge::default(),
            commit_commands: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            commit_bytes: Histogram::new(exponential_buckets(256.0, 4.0, 10)),
            commit_latency: seconds(),
            index_lag: Gauge::default(),
            ready: Gauge::default(),
            index_rebuilds: Family::default(),
        };
        registry.register(
            "store_queue_depth",
            "Commands waiting for the writer",
            store.queue_depth.clone(),
        );
        registry.register(
            "store_commit_commands",
            "Records in one group commit",
            store.commit_commands.clone(),
        );
        registry.register_with_unit(
            "store_commit",
            "How large a group commit is",
            Unit::Bytes,
            store.commit_bytes.clone(),
        );
        registry.register_with_unit(
            "store_commit",
            "From taking a batch up to having answered it",
            Unit::Seconds,
            store.commit_latency.clone(),
        );
        registry.register(
            "store_index_lag",
            "Changes in the journal that the index has not taken yet",
            store.index_lag.clone(),
        );
        registry.register(
            "store_ready",
            "1 while payments are taken, 0 while /readyz says why they are not",
            store.ready.clone(),
        );
        registry.register(
            "index_rebuilds",
            "Indexes made anew, by why the one before was not used",
            store.index_rebuilds.clone(),
        );
        for reason in REBUILD_REASONS {
            drop(store.index_rebuilds.get_or_create(&[("reason", reason)]));
        }
        store
    }

    /// `index_rebuilds_total{reason}`.
    pub fn index_rebuilds(&self, reason: &'static str) -> Counter {
        self.index_rebuilds
            .get_or_create_owned(&[("reason", reason)])
    }
}

impl ClockMetrics {
    fn registered(registry: &mut Registry) -> Self {
        let (behind, ahead) = (Gauge::default(), Gauge::default());
        registry.register_with_unit(
            "clock_behind",
            "How far the machine's clock is behind domain time",
            Unit::Seconds,
            behind.clone(),
        );
        registry.register_with_unit(
            "clock_ahead",
            "How far the machine's clock is ahead of domain time without being followed",
            Unit::Seconds,
            ahead.clone(),
        );
        Self { behind, ahead }
    }
}

impl RetentionMetrics {
    fn registered(registry: &mut Registry) -> Self {
        let (due, doubted) = (Family::default(), Family::default());
        registry.register(
            "retention_days_due",
            "Days whose personal data is about to be erased",
            Family::clone(&due),
        );
        registry.register(
            "retention_days_doubted",
            "Days past their retention by the calendar that the records do not confirm",
            Family::clone(&doubted),
        );
        Self { due, doubted }
    }

    /// `retention_days_due{class}`.
    pub fn due(&self, class: &'static str) -> Gauge {
        self.due.get_or_create_owned(&[("class", class)])
    }

    /// `retention_days_doubted{class}`.
    pub fn doubted(&self, class: &'static str) -> Gauge {
        self.doubted.get_or_create_owned(&[("class", class)])
    }
}

impl JobMetrics {
    fn registered(registry: &mut Registry) -> Self {
        let jobs = Self {
            by_state: Family::default(),
        };
        registry.register(
            "jobs",
            "Orders and holds that were found due at the last look",
            jobs.by_state.clone(),
        );
        jobs
    }

    /// `jobs{state}`, to keep.
    pub fn in_state(&self, state: &'static str) -> Gauge {
        self.by_state.get_or_create_owned(&[("state", state)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promised_name_is_there() {
        let metrics = Metrics::new();
        metrics.payments.create("INITIATED").inc();
        metrics.payments.capture("CAPTURED").inc();
        metrics.payments.webhook("MOCK", "applied").inc();
        metrics.payments.idempotent_hit.inc();
        metrics
            .gateways
            .called("MOCK", "capture", Duration::from_millis(3));
        metrics
            .http
            .latency("/api/v1/payments", "POST")
            .observe(0.001);
        metrics.http.answered(201);
        metrics.jobs.in_state("due").set(4);
        metrics.retention.due("buyer").set(3);
        metrics.retention.doubted("buyer").set(2);
        metrics.store.commit_bytes.observe(4096.0);
        metrics.store.commit_latency.observe(0.000_3);
        let text = metrics.render().unwrap();
        for line in [
            "payment_create_total{status=\"INITIATED\"} 1\n",
            "payment_capture_total{status=\"CAPTURED\"} 1\n",
            "payment_webhook_total{provider=\"MOCK\",status=\"applied\"} 1\n",
            "payment_idempotent_hit_total 1\n",
            "gateway_call_seconds_count{provider=\"MOCK\",operation=\"capture\"} 1\n",
            "http_request_seconds_count{route=\"/api/v1/payments\",method=\"POST\"} 1\n",
            "http_answers_total{status=\"201\"} 1\n",
            "http_connections 0\n",
            "http_connections_turned_away_total 0\n",
            "store_queue_depth 0\n",
            "store_commit_commands_count 0\n",
            "store_commit_bytes_count 1\n",
            "store_commit_seconds_count 1\n",
            "store_index_lag 0\n",
            "jobs{state=\"due\"} 4\n",
            "clock_behind_seconds 0\n",
            "clock_ahead_seconds 0\n",
            "retention_days_due{class=\"buyer\"} 3\n",
            "retention_days_doubted{class=\"buyer\"} 2\n",
            "payment_unknown_outcomes 0\n",
            "payment_unknown_outcomes_of_other_keys 0\n",
            "payment_unknown_outcome_age_seconds 0\n",
            "log_lines_dropped_total 0\n",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
