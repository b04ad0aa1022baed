//! Upkeep beside the writer: empties the overlay into the index, flushes the index, prepares segments. Each is a
//! `turn` that a thread calls in production and a simulation calls itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::StoreError;
use super::files::Files;
use super::filter::AbsenceFilter;
use super::journal::{Journal, Preparation, Preparer};
use super::marker::{self, Marker};
use super::mending::Mender;
use super::opening::{Directory, OpenOptions};
use super::reader::Shared;
use super::remembered;
use super::replay;
use super::served_index::Health;
use crate::planted::{self, Bug};

/// Empties the overlay, and mends a damaged index. Clones share the work.
#[derive(Debug, Clone)]
pub struct Applier {
    shared: Arc<Shared>,
    mender: Arc<Mutex<Mender>>,
    files: Arc<dyn Files>,
    dir: PathBuf,
}

/// How long a window may collect writes before it is applied.
pub const WINDOW_AGE: Duration = Duration::from_millis(200);
/// How often the index is flushed.
pub const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// The free space below which nothing is written into the index: once sled has met a full disk it refuses everything
/// until it is reopened, so it should not meet one.
const INDEX_ROOM_BYTES: u64 = 8 << 20;
/// The index's files grow by about this many bytes for each byte written.
const INDEX_GROWTH: u64 = 4;

impl Applier {
    /// Applies the collected window, or does the next step of mending the index; returns how much was done: keys
    /// applied, or records replayed. An error is permanent.
    pub fn turn(&self) -> Result<u64, StoreError> {
        let mut mender = self.mender.lock();
        let served = &self.shared.served;
        let waited = matches!(served.health(), Health::NoRoom(_));
        let mut has_room = self.has_room();
        if !has_room {
            mender.make_room();
            has_room = self.has_room();
        }
        has_room &= !(waited && planted::is(Bug::FullForGood));
        let done = if served.is_away() {
            mender.turn(&self.shared, has_room)?
        } else if has_room {
            if waited {
                served.tell_room(Ok(()));
            }
            self.apply()?
        } else {
            let dir = self.dir.display();
            served.tell_room(Err(format!("{dir} has no room for the index")));
            0
        };
        // The writer need not wait for a window that cannot be applied.
        let health = served.health();
        self.shared.overlay.suspend(health != Health::Well);
        Ok(done)
    }

    fn apply(&self) -> Result<u64, StoreError> {
        let Some(window) = self.shared.overlay.take() else {
            return Ok(0);
        };
        match self
            .shared
            .served
            .ask(|index| replay::apply(&window, index))
        {
            Ok(()) => {
                self.shared.overlay.applied();
                Ok(u64::try_from(window.len()).unwrap_or(u64::MAX).max(1))
            }
            // The window stays readable until this index has it, or another index has the records it came from.
            Err(error) if error.is_passing() => Ok(0),
            Err(error) => {
                self.shared.overlay.suspend(true);
                Err(error)
            }
        }
    }

    /// Whether the waiting writes can go into the index without filling the disk. If the disk does not say, assume
    /// so.
    fn has_room(&self) -> bool {
        let waiting = self.shared.overlay.waiting_bytes();
        let needed = waiting
            .saturating_mul(INDEX_GROWTH)
            .saturating_add(INDEX_ROOM_BYTES);
        self.files
            .free_bytes(&self.dir)
            .map_or(true, |free| free >= needed)
    }

    /// The health of the index.
    pub fn health(&self) -> Health {
        self.shared.served.health()
    }

    /// How often the index was rebuilt since the store was opened.
    pub fn rebuilds(&self) -> u64 {
        self.shared.served.rebuilds()
    }

    /// Waits for the next turn; returns whether the store is being stopped.
    pub fn wait(&self) -> bool {
        self.shared.overlay.wait_for_work(WINDOW_AGE)
    }

    /// Whether the store is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.shared.overlay.is_stopping()
    }

    /// Ends waiting.
    pub fn stop(&self) {
        self.shared.overlay.stop();
    }
}

/// Makes the index durable. It may trail; its cursor never runs ahead of the journal.
#[derive(Debug, Clone)]
pub struct Flusher {
    shared: Arc<Shared>,
}

impl Flusher {
    /// Flushes; returns whether the index is durable up to its position. A damaged index is left to the applier.
    pub fn turn(&self) -> Result<bool, StoreError> {
        match self.shared.served.ask(|index| index.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.is_passing() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// How a directory was left at a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The next start can use everything.
    InOrder,
    /// Nothing is lost, but the next start does the same as after a kill, for this reason.
    AsKilled(String),
}

/// The upkeep of a directory, including its stop.
#[derive(Debug)]
pub struct Upkeep {
    /// Empties the overlay.
    pub applier: Applier,
    /// Flushes the index.
    pub flusher: Flusher,
    /// Prepares segments.
    pub preparer: Preparer,
    files: Arc<dyn Files>,
    options: OpenOptions,
    filter: Arc<AbsenceFilter>,
}

impl Directory {
    /// The upkeep beside the writer.
    pub fn upkeep(&self) -> Upkeep {
        let shared = self.store.reader().0;
        Upkeep {
            applier: Applier {
                shared: Arc::clone(&shared),
                mender: Arc::new(Mutex::new(Mender::new(Arc::clone(&self.home)))),
                files: Arc::clone(&self.files),
                dir: self.options.dir.clone(),
            },
            flusher: Flusher { shared },
            preparer: self.store.journal().preparer(),
            files: Arc::clone(&self.files),
            options: self.options.clone(),
            filter: Arc::clone(&self.filter),
        }
    }
}

impl Upkeep {
    /// Prepares the journal's next segments, one bounded piece.
    pub fn prepare(&self) -> Result<Preparation, StoreError> {
        self.preparer.turn().map_err(StoreError::preparing)
    }

    /// Call after the writer's last commit: brings the index to the journal's end and records a clean stop. If that
    /// is impossible, for want of room or because the index was being mended, the journal has everything and the next
    /// start continues from there.
    pub fn finish(&self, journal: &Journal) -> Result<Left, StoreError> {
        let served = &self.applier.shared.served;
        while !served.is_away() && self.applier.turn()? > 0 {}
        match self.leave(journal) {
            Ok(left) => Ok(left),
            Err(error) if error.is_passing() => Ok(Left::AsKilled(error.to_string())),
            Err(error) => Err(error),
        }
    }

    fn leave(&self, journal: &Journal) -> Result<Left, StoreError> {
        match self.applier.health() {
            Health::Well => {
                if !self.flusher.turn()? {
                    return Err(self.applier.health().refusal());
                }
            }
            Health::NoRoom(why) => return Ok(Left::AsKilled(why)),
            Health::Rebuilding { .. } => {
                let mut mender = self.applier.mender.lock();
                mender.give_up(&self.applier.shared)?;
            }
        }
        let saved = remembered::save(
            self.files.as_ref(),
            &self.options,
            journal.tail(),
            &self.filter,
        );
        // Without the filter file, the next start takes a little longer.
        saved.or_else(|error| {
            if error.is_passing() {
                Ok(())
            } else {
                Err(error)
            }
        })?;
        let boot_id = self.files.boot_id().map_err(StoreError::boot_id)?;
        marker::write(
            self.files.as_ref(),
            &self.options.dir,
            &Marker::stopped(boot_id, journal.tail()),
        )?;
        Ok(Left::InOrder)
    }
}
