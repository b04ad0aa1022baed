//! An index in memory, for simulations: the same contract, nothing on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::{Entries, Index, IndexError, IndexHome};

/// A sorted map.
#[derive(Debug, Default)]
pub struct MemoryIndex(RwLock<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryIndex {
    /// All entries, to compare.
    pub fn entries(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.0.read().clone()
    }

    /// A copy that goes its own way.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(RwLock::new(self.entries()))
    }
}

impl Index for MemoryIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.0.read().get(key).cloned())
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        super::sled::check_value(value)?;
        self.0.write().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.0.write().remove(key);
        Ok(())
    }

    fn range(&self, from: &[u8], to: &[u8], reverse: bool, limit: usize) -> Result<Entries, IndexError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let map = self.0.read();
        let found = map.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let found = found.map(|(key, value)| (key.clone(), value.clone()));
        Ok(if reverse { found.rev().take(limit).collect() } else { found.take(limit).collect() })
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }

    fn breathe(&self, _: usize) {}
}

/// Where a memory index lives between openings of one simulated machine.
#[derive(Debug, Default, Clone)]
pub struct MemoryHome {
    current: Arc<Mutex<Arc<MemoryIndex>>>,
    scratch: Arc<Mutex<Arc<MemoryIndex>>>,
}

impl MemoryHome {
    /// A home whose index has these entries already: another's past, say.
    pub fn holding(index: MemoryIndex) -> Self {
        let home = Self::default();
        *home.current.lock() = Arc::new(index);
        home
    }

    /// The index as it is.
    pub fn index(&self) -> Arc<MemoryIndex> {
        Arc::clone(&self.current.lock())
    }
}

impl IndexHome for MemoryHome {
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(self.index())
    }

    fn set_aside(&self) -> Result<(), IndexError> {
        *self.current.lock() = Arc::default();
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
