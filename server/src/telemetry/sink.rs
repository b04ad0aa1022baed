//! The output of log lines: a bounded buffer that a thread of its own writes out. Logging copies a line and returns;
//! if the buffer is full, the line is dropped and counted. The writer is woken once per batch, not once per line.

use std::{
    io::{self, Write},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use parking_lot::{Condvar, Mutex};
use prometheus_client::metrics::counter::Counter;

/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(10);

/// Takes lines. Clones share one buffer.
#[derive(Clone)]
pub struct LogSink {
    shared: Arc<Shared>,
}

/// The thread that writes; dropping it writes what is left.
pub struct LogWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    buffer: Mutex<Buffer>,
    changed: Condvar,
    bytes_max: usize,
    dropped: Counter,
}

struct Buffer {
    lines: Vec<u8>,
    stopped: bool,
}

impl LogSink {
    /// Starts the thread that writes to `out`. At most `bytes_max` wait; the lines that found no
    /// room are counted in `dropped`.
    pub fn start(
        out: impl Write + Send + 'static,
        bytes_max: usize,
        dropped: Counter,
    ) -> io::Result<(Self, LogWriter)> {
        let shared = Arc::new(Shared {
            buffer: Mutex::new(Buffer {
                lines: Vec::new(),
                stopped: false,
            }),
            changed: Condvar::new(),
            bytes_max,
            dropped,
        });
        let emptied = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || emptied.write_until_stopped(out))?;
        Ok((
            Self {
                shared: Arc::clone(&shared),
            },
            LogWriter {
                shared,
                thread: Some(thread),
            },
        ))
    }

    /// A sink that is only emptied by [`LogSink::take`], for tests that read the log.
    pub fn kept(bytes_max: usize, dropped: Counter) -> Self {
        let buffer = Buffer {
            lines: Vec::new(),
            stopped: false,
        };
        let shared = Arc::new(Shared {
            buffer: Mutex::new(buffer),
            changed: Condvar::new(),
            bytes_max,
            dropped,
        });
        Self { shared }
    }

    /// The lines since they were last taken.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.shared.buffer.lock().lines)
    }

    /// Takes one line, its line feed included. Never waits for the writing.
    pub fn put(&self, line: &[u8]) {
        let mut buffer = self.shared.buffer.lock();
        let room = self.shared.bytes_max.saturating_sub(buffer.lines.len());
        if line.len() > room || buffer.stopped {
            drop(buffer);
            self.shared.dropped.inc();
            return;
        }
        let first = buffer.lines.is_empty();
        buffer.lines.extend_from_slice(line);
        drop(buffer);
        if first {
            self.shared.changed.notify_one();
        }
    }
}

impl Shared {
    fn write_until_stopped(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        loop {
            let stopped = self.take(&mut batch);
            if out.write_all(&batch).and_then(|()| out.flush()).is_err() {
                // The log cannot be written any more; only the metric can show it.
                let lines = batch.split_inclusive(|byte| *byte == b'\n').count();
                self.dropped
                    .inc_by(u64::try_from(lines).unwrap_or(u64::MAX));
            }
            batch.clear();
            if stopped {
                return;
            }
        }
    }

    /// Swaps the lines out once there are some and a moment has gathered more; says whether they
    /// are the last.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut buffer = self.buffer.lock();
        while buffer.lines.is_empty() && !buffer.stopped {
            self.changed.wait(&mut buffer);
        }
        if !buffer.stopped {
            let is_running = |buffer: &mut Buffer| !buffer.stopped;
            self.changed.wait_while_for(&mut buffer, is_running, GATHER);
        }
        std::mem::swap(&mut buffer.lines, batch);
        buffer.stopped
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.shared.buffer.lock().stopped = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has nothing left to write.
            thread.join().ok();
        }
    }
}

/// For tracing, which writes each event in one piece.
impl Write for LogSink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Keeps what was written.
    #[derive(Clone, Default)]
    pub(in crate::telemetry) struct CapturedOutput(pub(in crate::telemetry) Arc<Mutex<Vec<u8>>>);

    impl Write for CapturedOutput {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Says that it was asked to write, and then waits to be let.
    struct Stuck(mpsc::Sender<()>, mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(()).ok();
            self.1.recv().ok();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order_before_the_end() {
        let kept = CapturedOutput::default();
        let (sink, writer) = LogSink::start(kept.clone(), 1 << 20, Counter::default()).unwrap();
        let lines: Vec<_> = (0..10_000).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            sink.put(line.as_bytes());
        }
        drop(writer);
        assert_eq!(
            String::from_utf8(kept.0.lock().clone()).unwrap(),
            lines.concat()
        );
    }

    #[test]
    fn a_full_buffer_drops_and_counts_and_never_waits() {
        let dropped = Counter::default();
        let (asked, was_asked) = mpsc::channel();
        let (let_go, may_go) = mpsc::channel();
        let (sink, writer) = LogSink::start(Stuck(asked, may_go), 10, dropped.clone()).unwrap();
        sink.put(b"first\n");
        was_asked.recv().unwrap(); // the writer holds the first line; the buffer is empty
        sink.put(b"12345678\n");
        sink.put(b"no room\n");
        sink.put(b"none either\n");
        let dropped_at_once = dropped.get();
        drop(let_go); // before anything can fail: the writer's end waits for it
        drop(writer);
        assert_eq!(dropped_at_once, 2);
    }

    #[test]
    fn lines_nobody_reads_are_counted() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let dropped = Counter::default();
        let (sink, writer) = LogSink::start(Closed, 1024, dropped.clone()).unwrap();
        sink.put(b"a\n");
        sink.put(b"b\n");
        drop(writer);
        assert_eq!(dropped.get(), 2);
    }
}
