//! Whether the index may be asked: as long as it is sound, and not one question longer.
//!
//! The index is derived. The first key that does not read or cannot be written takes it out of service for
//! everybody at once: whoever asks is told to come back, nobody is told that something is absent. Mending it
//! (`mending.rs`) is one thread's work; readers and the writer only find out and say so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::StoreError;
use super::index::{Direction, Entry, Index, IndexError};
use crate::planted::{self, Bug};

/// How the index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is read and written.
    Well,
    /// The disk has no room for what it should be given. It goes on by itself once there is room.
    NoRoom(String),
    /// It was not to be believed and is made anew from the journal, or trails it so far that it is brought up first.
    Rebuilding {
        /// Whether it is made anew; else what there is is brought up.
        anew: bool,
        /// What was wrong with it, in one word for figures.
        reason: &'static str,
        /// What was wrong with it.
        why: String,
        /// Records that the new one has.
        done: u64,
        /// Records that it will have.
        total: u64,
    },
}

impl Health {
    /// To be made anew, and why.
    pub fn distrusted(reason: &'static str, why: impl Into<String>) -> Self {
        Self::Rebuilding {
            anew: true,
            reason,
            why: why.into(),
            done: 0,
            total: 0,
        }
    }

    /// Sound, and to be brought to the journal's end before it may be asked.
    pub fn behind(why: impl Into<String>) -> Self {
        Self::Rebuilding {
            anew: false,
            reason: "behind",
            why: why.into(),
            done: 0,
            total: 0,
        }
    }

    /// What whoever needs the index is told.
    pub fn refusal(&self) -> StoreError {
        match self {
            Self::Well => StoreError::Index("it was away for a moment".to_owned()),
            Self::NoRoom(why) => StoreError::full(why.as_str()),
            Self::Rebuilding { why, .. } => StoreError::Index(why.clone()),
        }
    }
}

/// The index with what is known about it. Shared by all who read and write.
#[derive(Debug)]
pub struct ServedIndex {
    /// Set by whoever finds it out, cleared when another index is in its place.
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

    /// Asks the index, if it may be asked. An answer that it does not give takes it out of service.
    pub fn ask<T>(
        &self,
        ask: impl FnOnce(&dyn Index) -> Result<T, IndexError>,
    ) -> Result<T, StoreError> {
        if self.is_away() {
            return Err(self.health().refusal());
        }
        // Recursive: whoever takes the index away has said so first, and waits for those who ask.
        let held = self.index.read_recursive();
        let Some(index) = held.as_ref() else {
            return Err(self.health().refusal());
        };
        // While it is held: what is found out about this index must not be said of the next.
        ask(index.as_ref()).map_err(|error| self.lost(error))
    }

    /// Whether nothing may be asked.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    /// How it is.
    pub fn health(&self) -> Health {
        self.health.lock().clone()
    }

    /// How often another index was put in place of one that was not to be believed.
    pub fn rebuilds(&self) -> u64 {
        self.rebuilds.load(Ordering::Relaxed)
    }

    /// What the index gave, though read, cannot be right.
    pub fn distrust(&self, why: &str) -> StoreError {
        self.lost(IndexError::Altered(why.to_owned()))
    }

    /// Takes it out of service; the first who finds something says why.
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

    /// Says how it is, for whoever mends it.
    pub(super) fn tell(&self, health: Health) {
        *self.health.lock() = health;
    }

    /// Says whether a sound index may be written. One that was just found not to be sound stays so.
    pub(super) fn tell_room(&self, room: Result<(), String>) {
        let mut health = self.health.lock();
        if !self.is_away() {
            *health = room.map_or_else(Health::NoRoom, |()| Health::Well);
        }
    }

    /// Gives the index back, once nobody asks it any more.
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

/// Gives an index back; what it still writes then is of no interest to anybody.
pub(super) fn drop_caught(index: Arc<dyn Index>) {
    let _ = catch_unwind(AssertUnwindSafe(move || drop(index)));
}
