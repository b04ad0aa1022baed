//! The cursor: the index's position in the journal, with the chain hash there, so that an index of another journal,
//! or of another history, is detected.

use bincode::{Decode, Encode};

use super::StoreError;
use super::codec::{self, Kind};
use super::journal::Tail;

/// The layout of the index's keys and values; an index with another number has to be rebuilt.
pub const INDEX_FORMAT: u32 = 7;

/// The index's position in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The layout that the index was written with.
    pub format: u32,
    /// The number of the first record that the index does not have.
    pub next_record: u64,
    /// The journal's chain hash there.
    pub chain: [u8; 32],
}

impl Cursor {
    /// The cursor of an index that has everything up to `tail`.
    pub const fn of(tail: &Tail) -> Self {
        Self {
            format: INDEX_FORMAT,
            next_record: tail.next_record,
            chain: tail.chain,
        }
    }

    /// The stored form.
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        codec::encode(Kind::Applied, self)
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        codec::decode(Kind::Applied, bytes)
    }
}
