//! A hash over everything that happens, in order: the same seed must give the same hash. Printed line by line when a
//! single seed is shown.

use std::fmt::Arguments;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::executor::Executor;

/// The record of one run. Clones write the same one.
#[derive(Clone)]
pub struct Trace {
    hash: Arc<Mutex<Sha256>>,
    executor: Executor,
    printed: bool,
}

impl Trace {
    /// An empty one; `printed` shows each line as it is written.
    pub fn new(executor: Executor, printed: bool) -> Self {
        Self {
            hash: Arc::default(),
            executor,
            printed,
        }
    }

    /// Whether the trace is printed.
    pub const fn is_printed(&self) -> bool {
        self.printed
    }

    /// Something happened, told by bytes.
    pub fn note(&self, what: &str, parts: &[&[u8]]) {
        let now_ns = self.executor.now_ns();
        let mut hash = self.hash.lock();
        hash.update(now_ns.to_le_bytes());
        for part in std::iter::once(&what.as_bytes()).chain(parts) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        drop(hash);
        if self.printed {
            let text: Vec<_> = parts
                .iter()
                .map(|part| String::from_utf8_lossy(part))
                .collect();
            self.print(now_ns, format_args!("{what} {}", text.join(" ")));
        }
    }

    /// Something happened, told by a number.
    pub fn count(&self, what: &str, number: u64) {
        let mut hash = self.hash.lock();
        hash.update(what.as_bytes());
        hash.update(number.to_le_bytes());
        drop(hash);
        if self.printed {
            self.print(self.executor.now_ns(), format_args!("{what} {number}"));
        }
    }

    /// A line for the reader alone.
    pub fn say(&self, line: Arguments<'_>) {
        if self.printed {
            self.print(self.executor.now_ns(), line);
        }
    }

    fn print(&self, now_ns: u64, line: Arguments<'_>) {
        let (seconds, micros) = (now_ns / 1_000_000_000, now_ns / 1_000 % 1_000_000);
        println!("{seconds:>6}.{micros:06} {line}");
    }

    /// The hash of all of it so far.
    pub fn hash(&self) -> [u8; 32] {
        self.hash.lock().clone().finalize().into()
    }
}
