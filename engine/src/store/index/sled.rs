//! The index on disk: sled 0.34.7, with the precautions that make it trustworthy.
//!
//! By itself sled survives neither power loss (its flush on Linux syncs no file) nor a crash while opening (a
//! half-written snapshot is taken for a whole one), and its garbage collection lags. Each remedy stands where it is
//! applied, with its reason. Transactions, batches, merge operators and watches are not used: they lock readers out
//! or were not found sound.

use super::{Direction, Entry, Index, IndexError, check_size, sled_log};
use crate::store::files::{DiskFiles, FileHandle, Files, is_full};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Options of sled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SledOptions {
    /// Bytes of pages kept in memory. sled goes some way above it.
    pub cache_bytes: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// One sled tree in a directory of its own.
#[derive(Debug)]
pub struct SledIndex {
    db: sled::Db,
    dir: PathBuf,
    /// sled's main file, for the syncs that sled omits.
    file: Box<dyn FileHandle>,
}

impl SledIndex {
    /// Opens the index in `dir`, or makes one. On [`IndexError::Unusable`], move it aside and rebuild.
    pub fn open(dir: &Path, options: &SledOptions) -> Result<Self, IndexError> {
        let unusable = |why: String| IndexError::Unusable {
            dir: dir.to_path_buf(),
            why,
        };
        prepare(dir).map_err(unusable)?;
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(options.cache_bytes)
            // sled's own flusher would write at uncontrolled moments; `flush` is called instead.
            .flush_every_ms(None);
        // sled panics on some damaged files instead of returning an error.
        let db = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| unusable("sled panicked while opening it".to_owned()))?
            .map_err(|error| match error {
                sled::Error::Io(error) if is_full(&error) => IndexError::Full(error.to_string()),
                error => unusable(error.to_string()),
            })?;
        let file = DiskFiles
            .open(&dir.join("db"))
            .map_err(|error| unusable(error.to_string()))?;
        DiskFiles
            .sync_dir(dir)
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            db,
            dir: dir.to_path_buf(),
            file,
        })
    }

    /// After a write error sled returns the same error for ever: it has to be opened again.
    fn failed(&self) -> impl Fn(sled::Error) -> IndexError + '_ {
        |source| match source {
            sled::Error::Io(error) if is_full(&error) => IndexError::Full(error.to_string()),
            source => IndexError::Failed {
                dir: self.dir.clone(),
                source: Box::new(source),
            },
        }
    }

    fn entries(
        &self,
        found: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>,
        limit: usize,
    ) -> Result<Vec<Entry>, IndexError> {
        let own = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
            entry
                .map(|(key, value)| (key.to_vec(), value.to_vec()))
                .map_err(self.failed())
        };
        found.take(limit).map(own).collect()
    }
}

/// Cleans and checks sled's directory before sled opens it.
fn prepare(dir: &Path) -> Result<(), String> {
    let say = |error: std::io::Error| error.to_string();
    DiskFiles.create_dir(dir).map_err(say)?;
    for name in DiskFiles.list(dir).map_err(say)? {
        // A crash while sled opens leaves one of these; the next open would take it for a snapshot
        // and find it corrupt for ever.
        if name.starts_with("snap.") && name.ends_with(".generating") {
            DiskFiles.remove(&dir.join(name)).map_err(say)?;
        }
    }
    sled_log::examine(&DiskFiles, dir).map_err(say)??;
    match DiskFiles.list(&dir.join("blobs")) {
        Ok(blobs) if !blobs.is_empty() => {
            Err("it has values in blobs/, which sled never syncs".to_owned())
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

impl Index for SledIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let value = self.db.get(key).map_err(self.failed())?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        check_size(value)?;
        self.db.insert(key, value).map_err(self.failed())?;
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.db.remove(key).map_err(self.failed())?;
        Ok(())
    }

    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, IndexError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let found = self.db.range(from..to);
        match direction {
            Direction::Ascending => self.entries(found, limit),
            Direction::Descending => self.entries(found.rev(), limit),
        }
    }

    fn visit(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError> {
        for entry in self.db.iter() {
            let (key, value) = entry.map_err(self.failed())?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    /// Drives crossbeam's epochs: otherwise they lag so far behind that memory grows by gigabytes.
    fn settle(&self, writes: usize) {
        for _ in 0..=writes.div_euclid(32) {
            crossbeam_epoch::pin().flush();
        }
    }

    /// sled's flush writes and waits for the pages, but syncs neither the file's length nor the device's cache: the
    /// sync after it does.
    fn flush(&self) -> Result<(), IndexError> {
        self.db.flush().map_err(self.failed())?;
        let synced = self.file.sync_data();
        synced.map_err(|error| self.failed()(sled::Error::Io(error)))
    }

    fn count(&self) -> Result<u64, IndexError> {
        let mut count = 0_u64;
        for key in self.db.iter().keys() {
            key.map_err(self.failed())?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}
