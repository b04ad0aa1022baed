//! The cursor: how far the index has come, with the chain hash there, so that an index of another journal,
//! or of another past, is recognised.

use bincode::{Decode, Encode};

use super::StoreError;
use super::codec::{self, Kind};
use super::journal::Tail;

/// The layout of the keys and values of the index; another number means that it has to be rebuilt.
pub const INDEX_FORMAT: u32 = 6;

/// How far the index has come.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The layout it was written with.
    pub format: u32,
    /// The record after the last one it has.
    pub next_record: u64,
    /// The journal's chain hash there.
    pub chain: [u8; 32],
}

impl Cursor {
    /// Where the journal's end is.
    pub const fn of(tail: &Tail) -> Self {
        Self {
            format: INDEX_FORMAT,
            next_record: tail.next_record,
            chain: tail.chain,
        }
    }

    /// As the index stores it.
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        codec::encode(Kind::Applied, self)
    }

    /// As the index stored it.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        codec::decode(Kind::Applied, bytes)
    }
}
