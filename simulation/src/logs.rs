//! Checks the server's log while a seed runs: no secret, no personal data, and no error that was not caused on
//! purpose.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};

use memchr::memmem;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

use crate::secrets::{PERSONAL, SECRET};
use crate::trace::Trace;

thread_local! {
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Listens to this thread's log for as long as it lives.
pub struct Listening {
    _guard: DefaultGuard,
}

struct Listener(Trace);

/// Begins to listen.
pub fn listen(trace: &Trace) -> Listening {
    LINES.with_borrow_mut(String::clear);
    Listening {
        _guard: tracing::subscriber::set_default(Listener(trace.clone())),
    }
}

impl Listening {
    /// Looks at all that was logged, these lines included.
    pub fn check(&self, transitions: &[u8]) -> Result<(), String> {
        let clean = |what: &str, bytes: &[u8]| {
            for word in [SECRET, PERSONAL] {
                if let Some(at) = memmem::find(bytes, word) {
                    let from = at.saturating_sub(80);
                    let to = (at + 80).min(bytes.len());
                    let around = String::from_utf8_lossy(&bytes[from..to]).into_owned();
                    return Err(format!("{what} shows what it must not: …{around}…"));
                }
            }
            Ok(())
        };
        clean("the log of transitions", transitions)?;
        LINES.with_borrow(|lines| clean("the log", lines.as_bytes()))
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{}:", event.metadata().level()));
        event.record(&mut line);
        self.0.note("log", &[line.0.as_bytes()]);
        LINES.with_borrow_mut(|lines| {
            lines.push_str(&line.0);
            lines.push('\n');
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        write!(self.0, " {field}={value:?}").ok();
    }
}
