//! A wrapper that verifies an index: every value carries a checksum over itself and its key, and a panic below
//! becomes an error.
//!
//! sled checksums the pages of its file. That does not detect a page that is read in the place of another, nor a
//! value that was wrong before it was written; this checksum is computed before a value is handed to sled and checked
//! after sled returns it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Direction, Entry, Index, IndexError};

/// Bytes of the checksum behind each value.
pub(super) const SUM_BYTES: usize = 4;

/// Any index, checked.
#[derive(Debug)]
pub struct Checked {
    below: Arc<dyn Index>,
}

impl Checked {
    /// Wraps `below`. Only the wrapper may write to it.
    pub fn over(below: Arc<dyn Index>) -> Arc<dyn Index> {
        Arc::new(Self { below })
    }
}

/// The value with its checksum behind it.
fn summed(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len().saturating_add(SUM_BYTES));
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(&sum(key, value).to_le_bytes());
    bytes
}

/// Covers the key first, so that a value is valid under its own key only.
fn sum(key: &[u8], value: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(value);
    crc.finalize()
}

/// The value without its checksum, if the checksum is right.
fn value_of(key: &[u8], mut bytes: Vec<u8>) -> Result<Vec<u8>, IndexError> {
    let right = bytes
        .split_last_chunk::<SUM_BYTES>()
        .is_some_and(|(value, kept)| sum(key, value) == u32::from_le_bytes(*kept));
    if !right {
        let family = key.first().copied().unwrap_or_default();
        return Err(IndexError::Altered(format!(
            "a value of {} bytes in family {family:#04x} is not what was written",
            bytes.len()
        )));
    }
    bytes.truncate(bytes.len().saturating_sub(SUM_BYTES));
    Ok(bytes)
}

impl Checked {
    /// Calls the index below; a panic becomes an error. After a panic the index may hold a lock for ever, and dropping
    /// the index could wait for that lock, so a reference is leaked and the index is never dropped.
    fn caught<T>(
        &self,
        doing: &'static str,
        ask: impl FnOnce(&dyn Index) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        catch_unwind(AssertUnwindSafe(|| ask(self.below.as_ref()))).unwrap_or_else(|_| {
            std::mem::forget(Arc::clone(&self.below));
            Err(IndexError::Panicked(format!("while {doing}")))
        })
    }
}

impl Index for Checked {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let found = self.caught("reading", |below| below.get(key))?;
        found.map(|bytes| value_of(key, bytes)).transpose()
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        self.caught("writing", |below| below.insert(key, &summed(key, value)))
    }

    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.caught("removing", |below| below.remove(key))
    }

    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, IndexError> {
        let found = self.caught("reading", |below| below.range(from, to, direction, limit))?;
        let checked = |(key, bytes): Entry| {
            let value = value_of(&key, bytes)?;
            Ok((key, value))
        };
        found.into_iter().map(checked).collect()
    }

    fn visit(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError> {
        let mut wrong = None;
        self.caught("reading", |below| {
            below.visit(&mut |key, bytes| match value_of(key, bytes.to_vec()) {
                Ok(value) => visit(key, &value),
                Err(error) => {
                    wrong = Some(error);
                    false
                }
            })
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn settle(&self, writes: usize) {
        // Only memory is freed; an error shows at the next access.
        let _ = self.caught("settling", |below| {
            below.settle(writes);
            Ok(())
        });
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.caught("flushing", |below| below.flush())
    }

    fn count(&self) -> Result<u64, IndexError> {
        self.caught("counting", |below| below.count())
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryIndex;
    use super::*;

    fn both() -> (Arc<MemoryIndex>, Arc<dyn Index>) {
        let below = Arc::new(MemoryIndex::new());
        let raw: Arc<dyn Index> = Arc::<MemoryIndex>::clone(&below);
        (below, Checked::over(raw))
    }

    #[test]
    fn value_altered_or_moved_to_another_key_is_refused() {
        let (below, checked) = both();
        checked.insert(b"a", b"value").unwrap();
        assert_eq!(checked.get(b"a").unwrap(), Some(b"value".to_vec()));
        let stored = below.get(b"a").unwrap().unwrap();
        below.insert(b"b", &stored).unwrap();
        let moved = checked.get(b"b").unwrap_err();
        assert!(matches!(moved, IndexError::Altered(_)), "{moved}");
        let all = checked.range(b"a", b"c", Direction::Ascending, 9);
        assert!(all.is_err(), "{all:?}");
        assert!(checked.visit(&mut |_, _| true).is_err());
        for bit in 0..stored.len() * 8 {
            let mut altered = stored.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            below.insert(b"a", &altered).unwrap();
            assert!(checked.get(b"a").is_err(), "bit {bit}");
        }
        below.insert(b"a", b"abc").unwrap();
        assert!(checked.get(b"a").is_err(), "too short for a checksum");
    }

    #[derive(Debug)]
    struct Panics;

    impl Index for Panics {
        fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
            panic!("a page made no sense")
        }
        fn insert(&self, _: &[u8], _: &[u8]) -> Result<(), IndexError> {
            panic!("a page made no sense")
        }
        fn remove(&self, _: &[u8]) -> Result<(), IndexError> {
            panic!("a page made no sense")
        }
        fn range(
            &self,
            _: &[u8],
            _: &[u8],
            _: Direction,
            _: usize,
        ) -> Result<Vec<Entry>, IndexError> {
            panic!("a page made no sense")
        }
        fn visit(&self, _: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError> {
            panic!("a page made no sense")
        }
        fn settle(&self, _: usize) {
            panic!("a page made no sense")
        }
        fn flush(&self) -> Result<(), IndexError> {
            panic!("a page made no sense")
        }
        fn count(&self) -> Result<u64, IndexError> {
            panic!("a page made no sense")
        }
    }

    #[test]
    fn panic_in_the_index_becomes_an_error() {
        let checked = Checked::over(Arc::new(Panics));
        let said = [
            checked.get(b"a").map(drop),
            checked.insert(b"a", b"v"),
            checked.remove(b"a"),
            checked.range(b"a", b"b", Direction::Ascending, 1).map(drop),
            checked.visit(&mut |_, _| true),
            checked.flush(),
            checked.count().map(drop),
        ];
        for said in said {
            assert!(matches!(said, Err(IndexError::Panicked(_))), "{said:?}");
        }
        checked.settle(1);
    }
}
