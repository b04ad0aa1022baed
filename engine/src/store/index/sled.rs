//! The index in sled 0.34, with what it needs to be good enough for an index that can be rebuilt.
//!
//! Its `flush` writes without syncing: we sync its file ourselves. A crash while it opens can leave a
//! half-written snapshot that it takes for a whole one: we remove it. Large values spill into files that are
//! never synced: we refuse them. Its memory is given back late: we drive its collector.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Entries, Index, IndexError, IndexHome};

/// Values above this spill into `blobs/`.
const MOST_VALUE_BYTES: usize = 32 << 10;

/// An open sled.
#[derive(Debug)]
pub struct SledIndex {
    db: sled::Db,
    file: std::fs::File,
}

pub(super) fn check_value(value: &[u8]) -> Result<(), IndexError> {
    if value.len() <= MOST_VALUE_BYTES {
        return Ok(());
    }
    Err(IndexError(format!("a value of {} bytes is above {MOST_VALUE_BYTES}", value.len())))
}

fn failed(error: impl std::fmt::Display) -> IndexError {
    IndexError(error.to_string())
}

impl SledIndex {
    #[expect(clippy::disallowed_methods, reason = "sled owns these files; no Files can stand between")]
    fn open(dir: &Path, cache_bytes: u64) -> Result<Self, IndexError> {
        clear_half_written(dir)?;
        let config = sled::Config::new().path(dir).cache_capacity(cache_bytes).flush_every_ms(None);
        let db = config.mode(sled::Mode::HighThroughput).open().map_err(failed)?;
        let blobs = dir.join("blobs");
        if blobs.is_dir() && std::fs::read_dir(&blobs).map_err(failed)?.next().is_some() {
            return Err(IndexError("values have spilled into blobs/, which is never synced".to_owned()));
        }
        let file = std::fs::File::open(dir.join("db")).map_err(failed)?;
        Ok(Self { db, file })
    }
}

/// Removes what a crash during an earlier opening left half-written.
#[expect(clippy::disallowed_methods, reason = "sled owns these files; no Files can stand between")]
fn clear_half_written(dir: &Path) -> Result<(), IndexError> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

impl Index for SledIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.db.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        check_value(value)?;
        self.db.insert(key, value).map_err(failed)?;
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.db.remove(key).map_err(failed)?;
        Ok(())
    }

    fn range(&self, from: &[u8], to: &[u8], reverse: bool, limit: usize) -> Result<Entries, IndexError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let mut range = self.db.range(from..to);
        let mut found = Vec::with_capacity(limit.min(1_024));
        while found.len() < limit {
            let next = if reverse { range.next_back() } else { range.next() };
            let Some(entry) = next else { break };
            let (key, value) = entry.map_err(failed)?;
            found.push((key.to_vec(), value.to_vec()));
        }
        Ok(found)
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.db.flush().map_err(failed)?;
        self.file.sync_data().map_err(failed)
    }

    fn breathe(&self, writes: usize) {
        for _ in 0..=writes / 32 {
            crossbeam_epoch::pin().flush();
        }
    }
}

/// A sled below the data directory.
#[derive(Debug, Clone)]
pub struct SledHome {
    dir: PathBuf,
    cache_bytes: u64,
}

impl SledHome {
    /// In `data/index`, with this much cache.
    pub fn new(data: &Path, cache_bytes: u64) -> Self {
        Self { dir: data.join("index"), cache_bytes }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.dir.with_file_name(name)
    }
}

#[expect(clippy::disallowed_methods, reason = "sled owns these files; no Files can stand between")]
fn remove_dir(dir: &Path) -> Result<(), IndexError> {
    if dir.is_dir() { std::fs::remove_dir_all(dir).map_err(failed) } else { Ok(()) }
}

impl IndexHome for SledHome {
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::new(SledIndex::open(&self.dir, self.cache_bytes)?))
    }

    #[expect(clippy::disallowed_methods, reason = "sled owns these files; no Files can stand between")]
    fn set_aside(&self) -> Result<(), IndexError> {
        let aside = self.beside("index.set-aside");
        if !self.dir.exists() {
            return Ok(());
        }
        remove_dir(&aside)?;
        std::fs::rename(&self.dir, &aside).map_err(failed)
    }

    fn scratch(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::new(SledIndex::open(&self.beside("index.scratch"), self.cache_bytes)?))
    }

    fn drop_scratch(&self) -> Result<(), IndexError> {
        remove_dir(&self.beside("index.scratch"))
    }
}
