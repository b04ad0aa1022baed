//! The index in memory, for simulations and for comparisons. It can be given the faults of a real disk.

use super::{Direction, Entry, Index, IndexError, check_size};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// Faults of an index in memory. Clones share the faults.
#[derive(Debug, Clone, Default)]
pub struct Harm(Arc<Mutex<Harmed>>);

#[derive(Debug, Default)]
struct Harmed {
    /// Keys that fail to read.
    unreadable: BTreeSet<Vec<u8>>,
    /// How many writes still succeed.
    writes_left: Option<u64>,
    /// How many openings fail.
    openings: u32,
    /// No write finds room. As with sled, once a write has failed for want of room, all fail until it is opened
    /// again.
    full: bool,
    poisoned: bool,
}

impl Harm {
    /// Makes this key, and every range that contains it, fail to read.
    pub fn unreadable(&self, key: Vec<u8>) {
        self.0.lock().unreadable.insert(key);
    }

    /// Makes writes fail after `writes` more.
    pub fn fail_writes_after(&self, writes: u64) {
        self.0.lock().writes_left = Some(writes);
    }

    /// Makes the next `openings` openings fail.
    pub fn fail_openings(&self, openings: u32) {
        self.0.lock().openings = openings;
    }

    /// Sets whether the disk is full.
    pub fn set_full(&self, full: bool) {
        self.0.lock().full = full;
    }

    /// Removes the faults that pass with time; unreadable keys stay so.
    pub fn heal(&self) {
        let mut harmed = self.0.lock();
        (harmed.writes_left, harmed.openings, harmed.full) = (None, 0, false);
    }

    /// Whether it opens. Opening clears a full disk met earlier.
    pub(super) fn open(&self) -> Result<(), IndexError> {
        let mut harmed = self.0.lock();
        if let Some(left) = harmed.openings.checked_sub(1) {
            harmed.openings = left;
            return Err(IndexError::Altered("it does not open".to_owned()));
        }
        if harmed.full {
            return Err(IndexError::Full("no space left on device".to_owned()));
        }
        harmed.poisoned = false;
        Ok(())
    }

    /// Another index replaces this one: faults of single entries are gone with them.
    pub(super) fn set_aside(&self) {
        let mut harmed = self.0.lock();
        harmed.unreadable.clear();
        harmed.writes_left = None;
    }

    fn read(&self, reads: impl FnOnce(&BTreeSet<Vec<u8>>) -> bool) -> Result<(), IndexError> {
        let harmed = self.0.lock();
        harmed.refuse_poisoned()?;
        if reads(&harmed.unreadable) {
            Ok(())
        } else {
            Err(IndexError::Altered("a page does not read".to_owned()))
        }
    }

    fn write(&self, key: &[u8]) -> Result<(), IndexError> {
        let mut harmed = self.0.lock();
        harmed.refuse_poisoned()?;
        if harmed.unreadable.contains(key) {
            return Err(IndexError::Altered("a page does not read".to_owned()));
        }
        if harmed.full {
            harmed.poisoned = true;
            return harmed.refuse_poisoned();
        }
        match harmed.writes_left.map(|left| left.checked_sub(1)) {
            None => Ok(()),
            Some(Some(left)) => {
                harmed.writes_left = Some(left);
                Ok(())
            }
            Some(None) => Err(IndexError::Altered("a page cannot be written".to_owned())),
        }
    }
}

impl Harmed {
    fn refuse_poisoned(&self) -> Result<(), IndexError> {
        if self.poisoned {
            return Err(IndexError::Full("no space left on device".to_owned()));
        }
        Ok(())
    }
}

/// An index that lasts as long as the value does.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    entries: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
    harm: Harm,
}

impl MemoryIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty index with the faults of `harm`.
    pub fn with(harm: Harm) -> Self {
        Self {
            entries: RwLock::default(),
            harm,
        }
    }

    /// Inverts a bit of the value at this place in the order (wrapping around); returns its key.
    pub fn flip(&self, at: usize, bit: usize) -> Option<Vec<u8>> {
        let mut entries = self.entries.write();
        let at = at.checked_rem(entries.len())?;
        let (key, value) = entries.iter_mut().nth(at)?;
        let bit = bit.checked_rem(value.len().saturating_mul(8))?;
        *value.get_mut(bit.div_euclid(8))? ^= 1_u8.rotate_left(u32::try_from(bit % 8).ok()?);
        Some(key.clone())
    }

    /// The key at this place in the order, wrapping around.
    pub fn key_at(&self, at: usize) -> Option<Vec<u8>> {
        let entries = self.entries.read();
        let at = at.checked_rem(entries.len())?;
        entries.keys().nth(at).cloned()
    }
}

impl Index for MemoryIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.harm.read(|unreadable| !unreadable.contains(key))?;
        Ok(self.entries.read().get(key).cloned())
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        check_size(value)?;
        self.harm.write(key)?;
        self.entries.write().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.harm.write(key)?;
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
        // `BTreeMap` panics on a range whose end lies before its start; on disk such a range is empty.
        if from >= to {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        self.harm
            .read(|unreadable| unreadable.range::<[u8], _>(bounds).next().is_none())?;
        let entries = self.entries.read();
        let found = entries.range::<[u8], _>(bounds);
        let own = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(match direction {
            Direction::Ascending => found.take(limit).map(own).collect(),
            Direction::Descending => found.rev().take(limit).map(own).collect(),
        })
    }

    fn visit(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError> {
        self.harm.read(BTreeSet::is_empty)?;
        for (key, value) in self.entries.read().iter() {
            if !visit(key, value) {
                break;
            }
        }
        Ok(())
    }

    fn settle(&self, _writes: usize) {}

    fn flush(&self) -> Result<(), IndexError> {
        self.harm.0.lock().refuse_poisoned()
    }

    fn count(&self) -> Result<u64, IndexError> {
        Ok(u64::try_from(self.entries.read().len()).unwrap_or(u64::MAX))
    }
}
