//! The overlay: writes that are durable in the journal and not yet in the index. Readers look here first.
//!
//! It has one window of coalesced writes that the writer fills, and one that the applier writes into the index:
//! several steps of one payment cost one index write. A window leaves only when the index has all of it, so a reader
//! that asks the newer window, then the older, then the index, misses nothing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};

use super::keys::Key;
use super::{KeyRange, Write};

/// The numbers of keys at which a window is applied, and at which the writer waits.
#[derive(Debug, Clone, Copy)]
pub struct OverlayLimits {
    /// The applier takes a window of this many keys at once.
    pub apply_at: usize,
    /// The writer waits at this many, so that the index cannot fall behind without bound.
    pub wait_at: usize,
}

impl Default for OverlayLimits {
    fn default() -> Self {
        Self {
            apply_at: 50_000,
            wait_at: 200_000,
        }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    value: Option<Vec<u8>>,
    fresh: bool,
}

/// Coalesced writes, the last one of each key, and the journal position they reach.
#[derive(Debug, Default)]
pub struct Window {
    entries: BTreeMap<Key, Entry>,
    /// Bytes of keys and values put in, including overwritten ones.
    bytes: usize,
    /// The value of the cursor key once all entries are in the index.
    pub cursor: Option<Vec<u8>>,
}

impl Window {
    /// Adds writes. A key that is fresh and removed within one live window was never written elsewhere, so it is
    /// dropped entirely; in replay (`live` is false) an older index may have it, so the removal is kept.
    pub fn put(&mut self, writes: Vec<Write>, live: bool) {
        for write in writes {
            let value_bytes = write.value.as_ref().map_or(0, Vec::len);
            self.bytes = self
                .bytes
                .saturating_add(write.key.len())
                .saturating_add(value_bytes);
            let fresh = match self.entries.get(&write.key) {
                Some(known) if known.fresh && write.value.is_none() && live => {
                    self.entries.remove(&write.key);
                    continue;
                }
                Some(known) => known.fresh,
                None => write.fresh,
            };
            self.entries.insert(
                write.key,
                Entry {
                    value: write.value,
                    fresh,
                },
            );
        }
    }

    /// The value of a key: `None` if this window does not know it, `Some(None)` if it is removed.
    pub fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.entries.get(key).map(|entry| entry.value.clone())
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.cursor.is_none()
    }

    /// Keys and values in the order in which they are written to the index.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, Option<&[u8]>)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key, entry.value.as_deref()))
    }

    fn range(&self, range: &KeyRange, limit: usize) -> Vec<(Key, Option<Vec<u8>>)> {
        if range.from >= range.to {
            return Vec::new();
        }
        let bounds = (Bound::Included(&range.from), Bound::Excluded(&range.to));
        let found = self
            .entries
            .range::<Key, _>(bounds)
            .map(|(key, entry)| (key.clone(), entry.value.clone()));
        if range.reverse {
            found.rev().take(limit).collect()
        } else {
            found.take(limit).collect()
        }
    }
}

/// The two windows in front of the index.
#[derive(Debug, Default)]
pub struct Overlay {
    active: RwLock<Window>,
    applying: RwLock<Option<Arc<Window>>>,
    limits: OverlayLimits,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Gate {
    keys: usize,
    suspended: bool,
    stopping: bool,
}

/// The overlay is full and is not being emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspended;

impl Overlay {
    /// An empty overlay.
    pub fn new(limits: OverlayLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Publishes durable writes to readers. `cursor` is the index's position once it has them.
    pub fn publish(&self, writes: Vec<Write>, cursor: Vec<u8>) {
        let mut active = self.active.write();
        active.put(writes, true);
        active.cursor = Some(cursor);
        // Must be under the window's lock: if the applier overtook this count, the writer would wait for ever.
        let mut gate = self.gate.lock();
        gate.keys = active.len();
        if gate.keys >= self.limits.apply_at {
            self.changed.notify_all();
        }
    }

    /// Waits until the active window has room. While the applier is suspended, writes are accepted until it is full,
    /// and then refused.
    pub fn wait_for_room(&self) -> Result<(), Suspended> {
        let mut gate = self.gate.lock();
        while gate.keys >= self.limits.wait_at {
            if gate.suspended {
                return Err(Suspended);
            }
            self.changed.wait(&mut gate);
        }
        Ok(())
    }

    /// Waits until a window is worth applying, `at_most` has passed, or the overlay is being stopped. Returns whether
    /// it is being stopped.
    pub fn wait_for_work(&self, at_most: Duration) -> bool {
        let mut gate = self.gate.lock();
        if gate.keys < self.limits.apply_at && !gate.stopping {
            self.changed.wait_for(&mut gate, at_most);
        }
        gate.stopping
    }

    /// Whether it is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.gate.lock().stopping
    }

    /// Lets the applier finish instead of waiting for work.
    pub fn stop(&self) {
        self.gate.lock().stopping = true;
        self.changed.notify_all();
    }

    /// Sets whether the index cannot be written now: then no thread may wait for it.
    pub fn suspend(&self, suspended: bool) {
        self.gate.lock().suspended = suspended;
        self.changed.notify_all();
    }

    /// Drops both windows: the index has all of them. No publishing may happen meanwhile.
    pub fn clear(&self) {
        let mut applying = self.applying.write();
        let mut active = self.active.write();
        (*applying, *active) = (None, Window::default());
        self.gate.lock().keys = 0;
        self.changed.notify_all();
    }

    /// Roughly how many bytes wait to be applied.
    pub fn waiting_bytes(&self) -> u64 {
        let applying = self
            .applying
            .read()
            .as_ref()
            .map_or(0, |window| window.bytes);
        let active = self.active.read().bytes;
        u64::try_from(applying.saturating_add(active)).unwrap_or(u64::MAX)
    }

    /// Takes the active window to be applied; `None` if it is empty.
    pub fn take(&self) -> Option<Arc<Window>> {
        let mut applying = self.applying.write();
        if let Some(unfinished) = applying.as_ref() {
            return Some(Arc::clone(unfinished));
        }
        let mut active = self.active.write();
        let window = std::mem::take(&mut *active);
        self.gate.lock().keys = 0;
        drop(active);
        self.changed.notify_all();
        if window.is_empty() {
            return None;
        }
        let window = Arc::new(window);
        *applying = Some(Arc::clone(&window));
        Some(window)
    }

    /// Drops the taken window: the index has all of it.
    pub fn applied(&self) {
        *self.applying.write() = None;
    }

    /// How many keys wait for the index.
    pub fn lag_keys(&self) -> usize {
        let applying = self
            .applying
            .read()
            .as_ref()
            .map_or(0, |window| window.len());
        self.active.read().len().saturating_add(applying)
    }

    /// The value of a key here: `None` if the index has to be asked.
    pub fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        if let Some(value) = self.active.read().get(key) {
            return Some(value);
        }
        self.applying
            .read()
            .as_ref()
            .and_then(|window| window.get(key))
    }

    /// Up to `limit` entries of a range, removals included, the newest write of each key; and whether there may be
    /// more.
    pub fn range(
        &self,
        range: &KeyRange,
        limit: usize,
    ) -> (BTreeMap<Key, Option<Vec<u8>>>, Option<Key>) {
        let newest = self.active.read().range(range, limit);
        let older = self
            .applying
            .read()
            .as_ref()
            .map_or_else(Vec::new, |window| window.range(range, limit));
        let ends = [&newest, &older]
            .into_iter()
            .filter(|part| part.len() >= limit)
            .filter_map(|part| part.last());
        let ends = ends.map(|(key, _)| key.clone());
        let reached = if range.reverse {
            ends.max()
        } else {
            ends.min()
        };
        let merged = older.into_iter().chain(newest).collect();
        (merged, reached)
    }
}
