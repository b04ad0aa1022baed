//! Upkeep beside the writer: emptying the overlay into the index, flushing the index, preparing segments.
//! Each is a `turn` that a thread calls in production and a simulation calls itself.

use std::sync::Arc;
use std::time::Duration;

use super::StoreError;
use super::files::Files;
use super::filter::AbsenceFilter;
use super::journal::{Journal, Preparation, Preparer};
use super::marker::{self, Marker};
use super::opening::{Directory, OpenOptions};
use super::reader::Shared;
use super::remembered;
use super::replay;

/// Empties the overlay into the index.
#[derive(Debug, Clone)]
pub struct Applier {
    shared: Arc<Shared>,
}

/// How long a window may collect writes before it is applied.
pub const WINDOW_AGE: Duration = Duration::from_millis(200);
/// How often the index is made durable.
pub const FLUSH_EVERY: Duration = Duration::from_secs(1);

impl Applier {
    /// Applies the window that has collected, if there is one; says how many keys it had.
    pub fn turn(&self) -> Result<usize, StoreError> {
        let Some(window) = self.shared.overlay.take() else {
            return Ok(0);
        };
        let applied = replay::apply(&window, self.shared.index.as_ref());
        if applied.is_err() {
            // Never dropped: what is in the window stays readable until the process ends.
            self.shared.overlay.fail();
        }
        applied?;
        self.shared.overlay.applied();
        Ok(window.len())
    }

    /// Waits for the next turn; says whether the store is being stopped.
    pub fn wait(&self) -> bool {
        self.shared.overlay.wait_for_work(WINDOW_AGE)
    }

    /// Lets waiting end.
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
    /// Flushes.
    pub fn turn(&self) -> Result<(), StoreError> {
        let flushed = self.shared.index.flush();
        if flushed.is_err() {
            self.shared.overlay.fail();
        }
        Ok(flushed?)
    }
}

/// What keeps a directory going, and stops it in order.
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
    /// What has to be kept up beside the writer.
    pub fn upkeep(&self) -> Upkeep {
        let shared = self.store.reader().0;
        Upkeep {
            applier: Applier {
                shared: Arc::clone(&shared),
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
    /// Prepares the journal's next segments, a bounded piece of work at a time.
    pub fn prepare(&self) -> Result<Preparation, StoreError> {
        Ok(self.preparer.turn()?)
    }

    /// After the writer's last commit: brings the index up to the journal's end and says so on disk.
    pub fn finish(&self, journal: &Journal) -> Result<(), StoreError> {
        while self.applier.turn()? > 0 {}
        self.flusher.turn()?;
        remembered::save(
            self.files.as_ref(),
            &self.options,
            journal.tail(),
            &self.filter,
        )?;
        let boot_id = self
            .files
            .boot_id()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        marker::write(
            self.files.as_ref(),
            &self.options.dir,
            &Marker::stopped(boot_id, journal.tail()),
        )
    }
}
