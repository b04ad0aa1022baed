//! The store: the shape of a commit, and the contract of any store. The pure part; feature `store` adds the embedded
//! store (journal and index) below.
//!
//! The record is the truth and carries events alone. Keys, balances and aggregates are derived from it, by the same
//! functions when it is committed, replayed and verified.

pub mod codec;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod executor;
pub mod keys;
pub mod record;
pub mod schema;
pub mod view;

#[cfg(feature = "store")]
pub mod cursor;
#[cfg(feature = "store")]
pub mod embedded;
#[cfg(feature = "store")]
pub mod files;
#[cfg(feature = "store")]
pub mod filter;
#[cfg(feature = "store")]
pub mod identity;
#[cfg(feature = "store")]
pub mod index;
#[cfg(feature = "store")]
pub mod journal;
#[cfg(feature = "store")]
pub mod keyring;
#[cfg(test)]
#[cfg(feature = "store")]
mod layout;
#[cfg(feature = "store")]
mod marker;
#[cfg(feature = "store")]
mod mending;
#[cfg(feature = "store")]
pub mod opening;
#[cfg(feature = "store")]
pub mod overlay;
#[cfg(feature = "store")]
pub mod reader;
#[cfg(feature = "store")]
mod remembered;
#[cfg(feature = "store")]
pub mod replay;
#[cfg(feature = "store")]
pub mod served_index;
#[cfg(test)]
#[cfg(feature = "store")]
mod tests;
#[cfg(feature = "store")]
pub mod upkeep;
#[cfg(feature = "store")]
pub mod verify;
#[cfg(feature = "store")]
pub mod writer;

use thiserror::Error;

use self::keys::Key;
use self::record::Record;

/// A key to write, or to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The key.
    pub key: Key,
    /// The value; `None` removes the key.
    pub value: Option<Vec<u8>>,
    /// The key belongs to something that began in this very commit, so no older value can lie under it.
    pub fresh: bool,
}

/// One decision; all of it is committed or none.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Versions (the last record applied) that the decision was made on; `None` for absent.
    pub expect: Vec<(Key, Option<u64>)>,
    /// The events.
    pub record: Record,
    /// The writes that follow from the record.
    pub writes: Vec<Write>,
}

/// Another writer committed to the same keys after this decision was made; decide again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict;

/// Why a store cannot go on. The embedded one stops the process on the first of these but `Full` and `Index`.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No room to write; nothing was written and reading goes on.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The index is not to be believed and is being made anew, or cannot be written. Nothing was done, and the
    /// journal has everything: come back later.
    #[error("the index cannot be asked: {0}")]
    Index(String),
    /// What is stored is damaged or contradicts itself.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The store itself failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Somebody else has the data directory open.
    #[cfg(feature = "store")]
    pub fn in_use(dir: &std::path::Path) -> Self {
        Self::Failed(format!(
            "{} is in use by another process, perhaps another daegeum; stop it first, or give this one a directory of \
             its own (--data DIR)",
            dir.display()
        ))
    }

    /// Whether it ends by itself: nothing was done, and whoever comes back later may be served.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Full(_) | Self::Index(_) => true,
            Self::Damaged(_) | Self::Failed(_) => false,
        }
    }
}

/// Keys and values in order, and commits that survive.
pub trait Store {
    /// The error for a value from [`Store::get`] that does not decode, or does not fit its neighbours. A store that
    /// derives its values from a journal treats this as damage of the index, and returns [`StoreError::Index`]
    /// instead.
    fn distrusted(&self, error: StoreError) -> StoreError {
        error
    }

    /// The error for values that decode but contradict each other. A store that derives them treats this as damage of
    /// the index, unless it has just rebuilt it.
    fn contradicted(&self, what: String) -> StoreError {
        StoreError::Damaged(what)
    }

    /// The value of one key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get_many(&[key.to_vec()])?.pop().flatten())
    }

    /// The values of these keys, `None` for absent ones, all from one moment.
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// Up to `limit` entries of `range`, in order or in reverse.
    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Vec<u8>)>, StoreError>;

    /// The number of the next record.
    fn next_record(&self) -> u64;

    /// Makes the commits durable in order, numbered from [`Store::next_record`]. When it returns, each commit is
    /// either durable or in conflict. All commits after a conflicting one conflict too, because they relied on its
    /// number. The contract suite checks this for every store.
    fn commit(&mut self, commits: Vec<Commit>) -> Result<Vec<Result<u64, Conflict>>, StoreError>;

    /// The stored records from number `from` on, in order.
    fn replay(&self, from: u64)
    -> Box<dyn Iterator<Item = Result<(u64, Record), StoreError>> + '_>;
}

/// Keys from `from` (included) up to `to` (excluded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key, included.
    pub from: Key,
    /// The end, excluded.
    pub to: Key,
    /// In descending order.
    pub reverse: bool,
}

#[cfg(feature = "store")]
impl From<journal::JournalError> for StoreError {
    fn from(error: journal::JournalError) -> Self {
        match error {
            journal::JournalError::NoRoom { .. } => Self::Full(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}
