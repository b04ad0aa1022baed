//! The place of an index: opens it, moves a damaged one aside, and makes a scratch index to compare with.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Harm, Index, IndexError, MemoryIndex, SledIndex, SledOptions};
use crate::store::files::is_full;

/// A place for one index.
pub trait IndexHome: Send + Sync + fmt::Debug {
    /// Another handle to the same place, to open the index again later.
    fn share(&self) -> Arc<dyn IndexHome>;

    /// Opens the index, or makes an empty one.
    fn open(&self) -> Result<Arc<dyn Index>, IndexError>;

    /// Moves the index aside, so that opening makes an empty one. An index that was moved aside earlier is removed.
    fn set_aside(&self) -> Result<(), IndexError>;

    /// Removes the index that was moved aside, if there is one, to free its room.
    fn drop_set_aside(&self) -> Result<(), IndexError>;

    /// An index beside the real one, for comparison; removed by [`IndexHome::drop_scratch`].
    fn scratch(&self) -> Result<Arc<dyn Index>, IndexError>;

    /// Removes the scratch index.
    fn drop_scratch(&self) -> Result<(), IndexError>;
}

/// A sled database below the data directory.
#[derive(Debug, Clone)]
pub struct SledHome {
    dir: PathBuf,
    options: SledOptions,
}

impl SledHome {
    /// In `data/index`, with this much cache.
    pub fn new(data: &Path, cache_bytes: u64) -> Self {
        Self {
            dir: data.join("index"),
            options: SledOptions { cache_bytes },
        }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.dir.with_file_name(name)
    }

    fn failed(&self) -> impl Fn(io::Error) -> IndexError + '_ {
        |source| match source {
            source if is_full(&source) => IndexError::Full(source.to_string()),
            source => IndexError::Failed {
                dir: self.dir.clone(),
                source: Box::new(source),
            },
        }
    }

    /// sled's many files go as one directory. A file or link in its place is removed too.
    #[expect(
        clippy::disallowed_methods,
        reason = "sled owns these files; no Files can stand between"
    )]
    fn remove(&self, dir: &Path) -> Result<(), IndexError> {
        match std::fs::symlink_metadata(dir) {
            Ok(is) if is.is_dir() => std::fs::remove_dir_all(dir).map_err(self.failed()),
            Ok(_) => std::fs::remove_file(dir).map_err(self.failed()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.failed()(error)),
        }
    }
}

impl IndexHome for SledHome {
    fn share(&self) -> Arc<dyn IndexHome> {
        Arc::new(self.clone())
    }

    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::new(SledIndex::open(&self.dir, &self.options)?))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "sled owns these files; no Files can stand between"
    )]
    fn set_aside(&self) -> Result<(), IndexError> {
        // A dangling link counts as existing, too.
        match std::fs::symlink_metadata(&self.dir) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.failed()(error)),
        }
        self.drop_set_aside()?;
        std::fs::rename(&self.dir, self.beside("index.set-aside")).map_err(self.failed())
    }

    fn drop_set_aside(&self) -> Result<(), IndexError> {
        self.remove(&self.beside("index.set-aside"))
    }

    fn scratch(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::new(SledIndex::open(
            &self.beside("index.scratch"),
            &self.options,
        )?))
    }

    fn drop_scratch(&self) -> Result<(), IndexError> {
        self.remove(&self.beside("index.scratch"))
    }
}

/// Where a memory index lives between openings of one simulated machine.
#[derive(Debug, Default, Clone)]
pub struct MemoryHome {
    current: Arc<Mutex<Arc<MemoryIndex>>>,
    scratch: Arc<Mutex<Arc<MemoryIndex>>>,
    harm: Harm,
}

impl MemoryHome {
    /// An empty home whose index has the faults of `harm`.
    pub fn with(harm: Harm) -> Self {
        let home = Self {
            harm,
            ..Self::default()
        };
        *home.current.lock() = home.empty();
        home
    }

    fn empty(&self) -> Arc<MemoryIndex> {
        Arc::new(MemoryIndex::with(self.harm.clone()))
    }

    /// A home that already has this index, for example one of another directory or of the past.
    pub fn holding(index: Arc<MemoryIndex>) -> Self {
        let home = Self::default();
        *home.current.lock() = index;
        home
    }

    /// The index as it is.
    pub fn index(&self) -> Arc<MemoryIndex> {
        Arc::clone(&self.current.lock())
    }
}

impl IndexHome for MemoryHome {
    fn share(&self) -> Arc<dyn IndexHome> {
        Arc::new(self.clone())
    }

    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        self.harm.open()?;
        Ok(self.index())
    }

    fn set_aside(&self) -> Result<(), IndexError> {
        self.harm.set_aside();
        *self.current.lock() = self.empty();
        Ok(())
    }

    fn drop_set_aside(&self) -> Result<(), IndexError> {
        Ok(())
    }

    fn scratch(&self) -> Result<Arc<dyn Index>, IndexError> {
        let index: Arc<MemoryIndex> = Arc::clone(&self.scratch.lock());
        Ok(index)
    }

    fn drop_scratch(&self) -> Result<(), IndexError> {
        *self.scratch.lock() = Arc::default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "these files are sled's")]
    fn whatever_lies_where_an_index_should_be_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let home = SledHome::new(dir.path(), 1 << 20);
        std::os::unix::fs::symlink("nowhere", dir.path().join("index")).unwrap();
        std::fs::write(dir.path().join("index.set-aside"), "a file").unwrap();
        for _ in 0..2 {
            home.set_aside().unwrap();
            home.open().unwrap().insert(b"k", b"v").unwrap();
        }
        home.drop_set_aside().unwrap();
        assert!(!dir.path().join("index.set-aside").exists());
    }

    #[test]
    fn index_set_aside_reopens_empty_and_a_scratch_index_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let homes: [Box<dyn IndexHome>; 2] = [
            Box::new(SledHome::new(dir.path(), 1 << 20)),
            Box::new(MemoryHome::default()),
        ];
        for home in homes {
            home.open().unwrap().insert(b"k", b"v").unwrap();
            for _ in 0..2 {
                home.set_aside().unwrap();
                assert_eq!(home.open().unwrap().get(b"k").unwrap(), None);
            }
            home.scratch().unwrap().insert(b"k", b"v").unwrap();
            home.drop_scratch().unwrap();
            assert_eq!(home.scratch().unwrap().get(b"k").unwrap(), None);
        }
    }
}
