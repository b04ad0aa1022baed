//! The index: ordered keys and values that may be behind the journal and may be thrown away and rebuilt.
//!
//! It promises order, and that what was inserted before a flush returned is there after a crash or not at all
//! in a way that opening notices. It promises nothing else; the journal does.

mod memory;
mod sled;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

pub use self::memory::{MemoryHome, MemoryIndex};
pub use self::sled::{SledHome, SledIndex};
use super::StoreError;

/// Keys with their values, in order.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// An index failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the index failed: {0}")]
pub struct IndexError(pub String);

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Ordered keys and values. Writes come from one thread; reads from any.
pub trait Index: Send + Sync + fmt::Debug {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;

    /// Puts a value under a key. Values above 32 KiB are refused.
    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError>;

    /// Removes a key, if it is there.
    fn remove(&self, key: &[u8]) -> Result<(), IndexError>;

    /// Up to `limit` entries from `from` (included) up to `to` (excluded), from the start or from the end.
    fn range(&self, from: &[u8], to: &[u8], reverse: bool, limit: usize) -> Result<Entries, IndexError>;

    /// Makes everything inserted so far durable.
    fn flush(&self) -> Result<(), IndexError>;

    /// Called after about so many writes: lets the index give memory back.
    fn breathe(&self, writes: usize);
}

/// Where an index lives: opened, moved aside when it is not to be believed, and made anew beside itself.
pub trait IndexHome: Send + Sync + fmt::Debug {
    /// Opens the index, or makes an empty one.
    fn open(&self) -> Result<Arc<dyn Index>, IndexError>;

    /// Moves the index aside, so that opening makes an empty one. An older one set aside is removed.
    fn set_aside(&self) -> Result<(), IndexError>;

    /// An empty index beside the real one, to compare with; removed by [`IndexHome::drop_scratch`].
    fn scratch(&self) -> Result<Arc<dyn Index>, IndexError>;

    /// Removes the scratch index.
    fn drop_scratch(&self) -> Result<(), IndexError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every index has to do.
    fn contract(index: &dyn Index) {
        for key in [b"b".as_slice(), b"a", b"ab", b"c"] {
            index.insert(key, key).unwrap();
        }
        index.insert(b"c", b"later").unwrap();
        index.remove(b"b").unwrap();
        index.remove(b"absent").unwrap();
        assert_eq!(index.get(b"c").unwrap().as_deref(), Some(b"later".as_slice()));
        assert_eq!(index.get(b"b").unwrap(), None);
        let keys = |reverse, limit| -> Vec<Vec<u8>> {
            index.range(b"a", b"d", reverse, limit).unwrap().into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(false, 10), [b"a".to_vec(), b"ab".to_vec(), b"c".to_vec()]);
        assert_eq!(keys(true, 2), [b"c".to_vec(), b"ab".to_vec()]);
        assert_eq!(index.range(b"ab", b"c", false, 10).unwrap().len(), 1, "the end is excluded");
        assert!(index.range(b"d", b"a", false, 10).unwrap().is_empty());
        assert!(index.insert(b"x", &[0; 40_000]).is_err(), "large values are refused");
        index.flush().unwrap();
    }

    #[test]
    fn both_indexes_keep_the_contract() {
        let dir = tempfile::tempdir().unwrap();
        contract(SledHome::new(dir.path(), 1 << 20).open().unwrap().as_ref());
        contract(MemoryHome::default().open().unwrap().as_ref());
    }

    #[test]
    fn an_index_that_was_set_aside_is_empty_again_and_a_scratch_one_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let homes: [Box<dyn IndexHome>; 2] =
            [Box::new(SledHome::new(dir.path(), 1 << 20)), Box::new(MemoryHome::default())];
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

    #[test]
    fn a_flushed_sled_index_is_there_again_and_a_half_written_snapshot_is_cleared_away() {
        let dir = tempfile::tempdir().unwrap();
        let home = SledHome::new(dir.path(), 1 << 20);
        {
            let index = home.open().unwrap();
            index.insert(b"k", b"v").unwrap();
            index.flush().unwrap();
        }
        let leftover = dir.path().join("index").join("snap.00000000.generating");
        std::fs::write(&leftover, b"half").unwrap();
        assert_eq!(home.open().unwrap().get(b"k").unwrap().as_deref(), Some(b"v".as_slice()));
        assert!(!leftover.exists());
    }
}
