//! Logs as JSON lines. Rare events go through `tracing`; transitions, which occur with every payment, are written by
//! hand into the same sink, because `tracing` would cost a seventh of the throughput for them. Secrets and personal
//! data are never logged.

use std::{cell::RefCell, io};

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use super::sink::{LogSink, LogWriter};
use crate::config::Log;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No thread to write it.
    #[error("the log's thread cannot be started: {0}")]
    Thread(#[from] io::Error),
    /// A log was set up before.
    #[error("there is a log already: {0}")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging on standard output. Dropping the [`LogWriter`] writes what is left.
pub fn start_logging(
    settings: &Log,
    dropped: prometheus_client::metrics::counter::Counter,
) -> Result<(TransitionLog, LogWriter), LogError> {
    let level = settings.level.0;
    let (sink, writer) = LogSink::start(io::stdout(), settings.buffer.0, dropped)?;
    let events = sink.clone();
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(move || events.clone());
    tracing_subscriber::registry()
        .with(logged_from(level))
        .with(lines)
        .try_init()?;
    Ok((
        TransitionLog::new((level >= tracing::Level::INFO).then_some(sink)),
        writer,
    ))
}

/// Our own lines from `level` on; libraries at most at `info`, because their `debug` lines are not checked for
/// secrets.
fn logged_from(level: tracing::Level) -> Targets {
    let of_libraries = level.min(tracing::Level::INFO);
    Targets::new()
        .with_default(of_libraries)
        .with_target("daegeum", level)
}

/// One step of one payment or order, as the log tells it. What does not apply is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Transition<'a> {
    /// The merchant's order.
    pub order_id: Option<&'a str>,
    /// Our payment.
    pub payment_id: Option<&'a str>,
    /// The gateway's name for it.
    pub provider_payment_id: Option<&'a str>,
    /// The caller's key.
    pub idempotency_key: Option<&'a str>,
    /// The transition: `Initiated -> Captured`.
    pub transition: &'a str,
    /// The request that asked for it.
    pub request_id: Option<&'a str>,
}

/// Logs transitions.
#[derive(Clone)]
pub struct TransitionLog {
    sink: Option<LogSink>,
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl TransitionLog {
    /// Logs to `sink`, or not at all.
    pub fn new(sink: Option<LogSink>) -> Self {
        Self { sink }
    }

    /// Logs one line. `machine_now_ms` is when.
    pub fn log(&self, transition: &Transition<'_>, machine_now_ms: i64) {
        let Some(sink) = &self.sink else { return };
        LINE.with_borrow_mut(|line| {
            line.clear();
            write_line(line, transition, machine_now_ms);
            sink.put(line);
        });
    }
}

fn write_line(line: &mut Vec<u8>, transition: &Transition<'_>, machine_now_ms: i64) {
    line.extend_from_slice(b"{\"timestamp\":\"");
    if let Ok(now) = jiff::Timestamp::from_millisecond(machine_now_ms) {
        use io::Write;
        // Writing to memory does not fail.
        write!(line, "{now:.3}").ok();
    }
    line.extend_from_slice(b"\",\"level\":\"INFO\",\"message\":\"transition\"");
    for (name, value) in [
        ("order_id", transition.order_id),
        ("payment_id", transition.payment_id),
        ("provider_payment_id", transition.provider_payment_id),
        ("idempotency_key", transition.idempotency_key),
        ("transition", Some(transition.transition)),
        ("request_id", transition.request_id),
    ] {
        if let Some(value) = value {
            line.extend_from_slice(b",\"");
            line.extend_from_slice(name.as_bytes());
            line.extend_from_slice(b"\":");
            write_text(line, value);
        }
    }
    line.extend_from_slice(b"}\n");
}

/// A JSON string; ids and keys seldom need an escape.
fn write_text(line: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
    } else if serde_json::to_writer(&mut *line, text).is_err() {
        line.extend_from_slice(b"\"\"");
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use serde_json::{Value, json};

    use super::{super::sink::tests::CapturedOutput, *};

    #[test]
    fn a_transition_is_one_json_line_with_the_promised_fields() {
        let kept = CapturedOutput::default();
        let (sink, writer) = LogSink::start(kept.clone(), 1 << 16, Counter::default()).unwrap();
        let log = TransitionLog::new(Some(sink));
        let whole = Transition {
            order_id: Some("order-1"),
            payment_id: Some("pay_1"),
            provider_payment_id: Some("mock_1"),
            idempotency_key: Some("a \"key\"\\\n"),
            transition: "Initiated -> Captured",
            request_id: Some("req_1"),
        };
        log.log(&whole, 1_700_000_000_123);
        log.log(
            &Transition {
                transition: "x",
                ..Transition::default()
            },
            0,
        );
        drop(writer);

        let written = String::from_utf8(kept.0.lock().clone()).unwrap();
        let lines: Vec<Value> = written
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[0],
            json!({
                "timestamp": "2023-11-14T22:13:20.123Z", "level": "INFO", "message": "transition",
                "order_id": "order-1", "payment_id": "pay_1", "provider_payment_id": "mock_1",
                "idempotency_key": "a \"key\"\\\n", "transition": "Initiated -> Captured",
                "request_id": "req_1",
            })
        );
        assert_eq!(
            lines[1],
            json!({
                "timestamp": "1970-01-01T00:00:00.000Z", "level": "INFO",
                "message": "transition", "transition": "x",
            })
        );
    }
}
