//! Guards the index: it is read only while it is sound.
//!
//! The index is derived. The first key that cannot be read or written takes the whole index out of service at once:
//! requests that need it are told to retry, and none is told that something is absent. Mending it (`mending.rs`) is
//! one thread's work; readers and the writer only detect damage and report it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::StoreError;
use super::index::{Direction, Entry, Index, IndexError};
use crate::planted::{self, Bug};

/// The health of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is read and written.
    Well,
    /// The disk has no room for its writes. It continues by itself once there is room.
    NoRoom(String),
    /// It was damaged and is rebuilt from the journal, or it is so far behind that it is brought up to date first.
    Rebuilding {
        /// Whether it is rebuilt; otherwise the existing index is brought up to date.
        anew: bool,
        /// The fault in one word, for metrics.
        reason: &'static str,
        /// The fault in full.
        why: String,
        /// Records that the new index has.
        done: u64,
        /// Records that it will have.
        total: u64,
    },
}

impl Health {
    /// Must be rebuilt, for this reason.
    pub fn distrusted(reason: &'static str, why: impl Into<String>) -> Self {
        Self::Rebuilding {
            anew: true,
            reason,
            why: why.into(),
            done: 0,
            total: 0,
        }
    }

    /// Sound, but must be brought to the journal's end before it is read.
    pub fn behind(why: impl Into<String>) -> Self {
        Self::Rebuilding {
            anew: false,
            reason: "behind",
            why: why.into(),
            done: 0,
            total: 0,
        }
    }

    /// The error for a request that needs the index.
    pub fn refusal(&self) -> StoreError {
        match self {
            Self::Well => StoreError::Index("it was away for a moment".to_owned()),
            Self::NoRoom(why) => StoreError::full(why.as_str()),
            Self::Rebuilding { why, .. } => StoreError::Index(why.clone()),
        }
    }
}

/// The index with its health. Shared by all readers and the writer.
#[derive(Debug)]
pub struct ServedIndex {
    /// Set by the first thread that detects damage, cleared when another index is in place.
    away: AtomicBool,
    health: Mutex<Health>,
    index: RwLock<Option<Arc<dyn Index>>>,
    rebuilds: AtomicU64,
}

impl ServedIndex {
    /// A sound index; or none, and why.
    pub fn new(index: Result<Arc<dyn Index>, Health>) -> Self {
        let (index, health) = match index {
            Ok(index) => (Some(index), Health::Well),
            Err(health) => (None, health),
        };
        Self {
            away: AtomicBool::new(index.is_none()),
            health: Mutex::new(health),
            index: RwLock::new(index),
            rebuilds: AtomicU64::new(0),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.ask(|index| index.get(key));
        if planted::is(Bug::UnreadableIsAbsent) && found.is_err() {
            return Ok(None);
        }
        found
    }

    /// Entries of a range.
    pub fn range(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.ask(|index| index.range(from, to, direction, limit))
    }

    /// Reads the index, if it may be read. An error takes it out of service.
    pub fn ask<T>(
        &self,
        ask: impl FnOnce(&dyn Index) -> Result<T, IndexError>,
    ) -> Result<T, StoreError> {
        if self.is_away() {
            return Err(self.health().refusal());
        }
        // Recursive: the thread that takes the index away sets `away` first, and waits for readers.
        let held = self.index.read_recursive();
        let Some(index) = held.as_ref() else {
            return Err(self.health().refusal());
        };
        // Report while holding the lock: an error of this index must not be blamed on the next one.
        ask(index.as_ref()).map_err(|error| self.lost(error))
    }

    /// Whether the index is out of service.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    /// The health.
    pub fn health(&self) -> Health {
        self.health.lock().clone()
    }

    /// How often a damaged index was replaced.
    pub fn rebuilds(&self) -> u64 {
        self.rebuilds.load(Ordering::Relaxed)
    }

    /// Reports a value that could be read but cannot be right.
    pub fn distrust(&self, why: &str) -> StoreError {
        self.lost(IndexError::Altered(why.to_owned()))
    }

    /// Takes the index out of service; the first fault reported is kept.
    fn lost(&self, error: IndexError) -> StoreError {
        if matches!(error, IndexError::TooLarge { .. }) {
            return error.into();
        }
        let mut health = self.health.lock();
        if !self.is_away() {
            *health = match error {
                IndexError::Full(why) => Health::NoRoom(why),
                other => Health::distrusted(reason(&other), other.to_string()),
            };
            self.away.store(true, Ordering::Release);
        }
        health.refusal()
    }

    /// Sets the health; for the mender.
    pub(super) fn tell(&self, health: Health) {
        *self.health.lock() = health;
    }

    /// Sets whether a sound index has room to write. A damaged one stays damaged.
    pub(super) fn tell_room(&self, room: Result<(), String>) {
        let mut health = self.health.lock();
        if !self.is_away() {
            *health = room.map_or_else(Health::NoRoom, |()| Health::Well);
        }
    }

    /// Drops the index once no thread is reading it.
    pub(super) fn retire(&self) {
        let old = self.index.write().take();
        old.map(drop_caught).unwrap_or_default();
    }

    /// Puts a sound index in place.
    pub(super) fn install(&self, index: Arc<dyn Index>, rebuilt: bool) {
        if rebuilt {
            self.rebuilds.fetch_add(1, Ordering::Relaxed);
        }
        let mut held = self.index.write();
        *held = Some(index);
        *self.health.lock() = Health::Well;
        self.away.store(false, Ordering::Release);
    }
}

const fn reason(error: &IndexError) -> &'static str {
    match error {
        IndexError::Unusable { .. } => "unusable",
        IndexError::Failed { .. } | IndexError::Full(_) => "failed",
        IndexError::Altered(_) | IndexError::TooLarge { .. } => "altered",
        IndexError::Panicked(_) => "panicked",
    }
}

/// Drops an index; errors while it closes are ignored.
pub(super) fn drop_caught(index: Arc<dyn Index>) {
    let _ = catch_unwind(AssertUnwindSafe(move || drop(index)));
}
