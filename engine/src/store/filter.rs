//! The absence filter: knows for certain that a key was never written, so that a new order or a new idempotency key
//! costs no look-up on disk. It never knows for certain that a key is present; then the index is asked.
//!
//! A blocked Bloom filter: the bits of a key lie in one 64-byte block, so a look-up touches one cache line.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::idempotency::hash16;

const WORDS_PER_BLOCK: usize = 8;
const BITS_PER_KEY: usize = 8;

/// Which keys were never written.
#[derive(Debug)]
pub struct AbsenceFilter {
    words: Box<[AtomicU64]>,
}

impl AbsenceFilter {
    /// A filter of `bytes`; with sixteen bits for each key, about one absent key in two hundred is not recognised as
    /// absent.
    pub fn new(bytes: usize) -> Self {
        let blocks = (bytes / 64).max(1);
        let words = blocks.saturating_mul(WORDS_PER_BLOCK);
        Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Restores the filter from the bytes of [`AbsenceFilter::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let whole = !bytes.is_empty() && bytes.len().is_multiple_of(64);
        let words = bytes.chunks_exact(8).map(|chunk| {
            chunk
                .first_chunk()
                .map(|word| AtomicU64::new(u64::from_le_bytes(*word)))
        });
        whole
            .then(|| words.collect::<Option<Box<[AtomicU64]>>>())
            .flatten()
            .map(|words| Self { words })
    }

    /// All its bits, little-endian words.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words
            .iter()
            .flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes())
            .collect()
    }

    /// Records that `key` was written.
    pub fn insert(&self, key: &[u8]) {
        for (word, mask) in self.places(key) {
            word.fetch_or(mask, Ordering::Relaxed);
        }
    }

    /// Whether `key` was certainly never written.
    pub fn is_absent(&self, key: &[u8]) -> bool {
        self.places(key)
            .any(|(word, mask)| word.load(Ordering::Relaxed) & mask == 0)
    }

    /// Eight bits of one block, one in each word.
    fn places(&self, key: &[u8]) -> impl Iterator<Item = (&AtomicU64, u64)> {
        let hash = u128::from_be_bytes(hash16(&[key]));
        let blocks = u128::try_from(self.words.len() / WORDS_PER_BLOCK)
            .unwrap_or(1)
            .max(1);
        let block = usize::try_from((hash >> 64).checked_rem(blocks).unwrap_or(0)).unwrap_or(0);
        let start = block.saturating_mul(WORDS_PER_BLOCK);
        let words = self
            .words
            .get(start..start.saturating_add(WORDS_PER_BLOCK))
            .unwrap_or(&[]);
        words
            .iter()
            .take(BITS_PER_KEY)
            .enumerate()
            .map(move |(at, word)| {
                let shift = at.saturating_mul(6);
                let bit = u32::try_from((hash >> shift) & 63).unwrap_or(0);
                (word, 1_u64.rotate_left(bit))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_keys_are_never_absent_and_most_others_are() {
        let filter = AbsenceFilter::new(1 << 16);
        let key = |n: u32| n.to_be_bytes();
        (0..20_000).for_each(|n| filter.insert(&key(n)));
        assert!((0..20_000).all(|n| !filter.is_absent(&key(n))));
        let wrong = (20_000..120_000)
            .filter(|n| !filter.is_absent(&key(*n)))
            .count();
        assert!(wrong < 3_000, "{wrong} of 100,000 said maybe");
    }

    #[test]
    fn its_bytes_read_back() {
        let filter = AbsenceFilter::new(128);
        filter.insert(b"a");
        let again = AbsenceFilter::from_bytes(&filter.to_bytes()).unwrap();
        assert!(!again.is_absent(b"a"));
        assert!(AbsenceFilter::from_bytes(&[0; 63]).is_none());
        assert!(AbsenceFilter::from_bytes(&[]).is_none());
    }
}
