//! Observability: [`Metrics`] by name, and logs as JSON lines. Both are cheap: counters are resolved once, and
//! logging never waits for the output.

mod log;
mod metrics;
mod sink;
mod store_failure;
mod traces;

pub use log::{LogError, Transition, TransitionLog, start_logging};
pub use metrics::{
    FeedMetrics, GatewayMetrics, HttpMetrics, JobMetrics, METRICS_CONTENT_TYPE, Metrics,
    MoneyMetrics, PaymentMetrics, StoreMetrics, WaitingMetrics,
};
pub use sink::{LogSink, LogWriter};
pub use store_failure::log_store_failure;
pub use traces::{TraceSender, Traced, start_tracing};
