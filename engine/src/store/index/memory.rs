//! The index's twin in memory: for simulations, and as the second opinion of a comparison.

use super::{Direction, Entry, Index, IndexError, check_size};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::ops::Bound;

/// An index that lasts as long as the value does.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    entries: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Index for MemoryIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.entries.read().get(key).cloned())
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        check_size(value)?;
        self.entries.write().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.entries.write().remove(key);
        Ok(())
    }

    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, IndexError> {
        // A map in memory refuses a range whose end lies before its start; on disk it is empty.
        if from >= to {
            return Ok(Vec::new());
        }
        let entries = self.entries.read();
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let found = entries.range::<[u8], _>(bounds);
        let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(match direction {
            Direction::Ascending => found.take(limit).map(own).collect(),
            Direction::Descending => found.rev().take(limit).map(own).collect(),
        })
    }

    fn visit(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError> {
        for (key, value) in self.entries.read().iter() {
            if !visit(key, value) {
                break;
            }
        }
        Ok(())
    }

    fn settle(&self, _writes: usize) {}

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }

    fn count(&self) -> Result<u64, IndexError> {
        Ok(u64::try_from(self.entries.read().len()).unwrap_or(u64::MAX))
    }
}
