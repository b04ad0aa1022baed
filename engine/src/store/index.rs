//! The index: keys and values derived from the journal, which can be thrown away and rebuilt.
//!
//! It may trail the journal and may forget what was not flushed. Only single keys are atomic: whoever applies a
//! window orders it so that any prefix is consistent.

mod checked;
mod home;
mod memory;
mod sled;
mod sled_log;

pub use self::checked::Checked;
pub use self::home::{IndexHome, MemoryHome, SledHome};
pub use self::sled::{SledIndex, SledOptions};
pub use memory::{Harm, MemoryIndex};

use std::fmt;
use std::path::PathBuf;

/// The largest value an index takes: four kibibytes and the checksum that [`Checked`] appends. sled moves values of
/// 16 KiB and more into files that it never syncs; this limit is far below.
pub const MAX_VALUE_BYTES: usize = 4096 + checked::SUM_BYTES;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The order in which a range is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest keys first.
    Ascending,
    /// The largest keys first.
    Descending,
}

impl From<bool> for Direction {
    /// Whether it is reversed.
    fn from(reverse: bool) -> Self {
        if reverse {
            Self::Descending
        } else {
            Self::Ascending
        }
    }
}

/// An ordered map from bytes to bytes.
pub trait Index: Send + Sync + fmt::Debug {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;
    /// Sets the value of a key; at most [`MAX_VALUE_BYTES`].
    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError>;
    /// Removes a key; removing an absent key is no error.
    fn remove(&self, key: &[u8]) -> Result<(), IndexError>;
    /// Up to `limit` entries with `from <= key < to`. Not isolated from concurrent writes.
    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, IndexError>;
    /// Passes every entry in order to `visit`, until it returns `false`.
    fn visit(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError>;
    /// Call after every batch with the number of its writes, so that the memory of replaced values is freed.
    fn settle(&self, writes: usize);
    /// Returns once everything written before survives a power loss.
    fn flush(&self) -> Result<(), IndexError>;
    /// The number of keys, by counting them.
    fn count(&self) -> Result<u64, IndexError>;
}

/// The reason why an index refuses. None of these loses data: the journal has it all.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It does not open, or contains something that a sound index never does.
    #[error("the index in {} cannot be used: {why}; move it aside and rebuild it", dir.display())]
    Unusable {
        /// Its directory.
        dir: PathBuf,
        /// The fault.
        why: String,
    },
    /// Reading or writing failed while it was open.
    #[error("the index in {} failed: {source}", dir.display())]
    Failed {
        /// Its directory.
        dir: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no room to write. Earlier writes may be lost from memory, never from the journal.
    #[error("no room for the index: {0}")]
    Full(String),
    /// The value read is not the one that was written under this key.
    #[error("the index is damaged: {0}")]
    Altered(String),
    /// It panicked, and may not be used any more.
    #[error("the index panicked: {0}")]
    Panicked(String),
    /// The value is larger than an index takes.
    #[error("a value of {bytes} bytes is above the index's limit of {MAX_VALUE_BYTES}")]
    TooLarge {
        /// The value's size.
        bytes: usize,
    },
}

impl From<IndexError> for crate::store::StoreError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Full(why) => Self::full(why),
            IndexError::TooLarge { .. } => Self::failed(error.to_string()),
            IndexError::Unusable { .. }
            | IndexError::Failed { .. }
            | IndexError::Altered(_)
            | IndexError::Panicked(_) => Self::Index(error.to_string()),
        }
    }
}

fn check_size(value: &[u8]) -> Result<(), IndexError> {
    match value.len() {
        bytes if bytes > MAX_VALUE_BYTES => Err(IndexError::TooLarge { bytes }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
