//! Replay: applies the journal's records to an index, in windows, by the same functions as a live commit.

use super::codec;
use super::cursor::Cursor;
use super::index::{Index, IndexError};
use super::journal::JournalReader;
use super::keys;
use super::overlay::Window;
use super::view::{self, Balances, KeyReader};
use super::{StoreError, Write};

/// The progress of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records replayed.
    pub done: u64,
    /// Records to replay in all.
    pub total: u64,
}

/// Keys in a window before it is applied. Larger than a live window: keys are sorted, and the more there are, the
/// more of them share a page that is read and written once. Takes a few hundred megabytes of memory during the
/// replay.
const WINDOW_KEYS: usize = 500_000;

struct OverIndex<'a> {
    window: &'a Window,
    index: &'a dyn Index,
}

impl KeyReader for OverIndex<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.window.get(key) {
            Some(known) => Ok(known),
            None => Ok(self.index.get(key)?),
        }
    }

    fn distrusted(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Damaged(why) => StoreError::Index(why),
            other @ (StoreError::Full(_) | StoreError::Index(_) | StoreError::Failed(_)) => other,
        }
    }
}

/// A replay in pieces, between which time may pass and the journal may grow.
#[derive(Debug)]
pub struct Replay {
    from: u64,
    next: u64,
    balances: Balances,
}

impl Replay {
    /// A replay over an index that has every record before `from`.
    pub fn from(from: u64) -> Self {
        Self {
            from,
            next: from,
            balances: Balances::default(),
        }
    }

    /// The progress towards the journal's present end.
    pub fn progress(&self, journal: &JournalReader) -> Progress {
        let end = journal.tail().next_record;
        Progress {
            done: self.next.saturating_sub(self.from),
            total: end.saturating_sub(self.from),
        }
    }

    /// Replays one window of about `most_keys` keys; returns the number of records, 0 at the journal's end. After an
    /// error the replay cannot be used any more.
    pub fn step(
        &mut self,
        journal: &JournalReader,
        index: &dyn Index,
        most_keys: usize,
    ) -> Result<u64, StoreError> {
        let begun = self.next;
        // Asking beyond the end would request a record that does not exist.
        if begun >= journal.tail().next_record {
            return Ok(0);
        }
        let mut window = Window::default();
        for frame in journal.frames_from(begun) {
            let frame = frame.map_err(StoreError::reading)?;
            for (number, record) in (frame.meta.first_record..).zip(codec::records(&frame.body)) {
                let record = record?;
                if number < self.next {
                    continue;
                }
                let source = OverIndex {
                    window: &window,
                    index,
                };
                let writes = view::replay(number, &record, &source, &mut self.balances)?;
                window.put(writes, false);
            }
            self.next = frame.meta.next_record();
            let cursor = Cursor {
                format: super::cursor::INDEX_FORMAT,
                next_record: self.next,
                chain: frame.chain,
            };
            window.cursor = Some(cursor.encode()?);
            if window.len() >= most_keys {
                break;
            }
        }
        apply(&window, index)?;
        self.balances.trim();
        Ok(self.next.saturating_sub(begun))
    }
}

/// Replays records `from` to the journal's end into `index` and flushes it; returns how many.
pub fn replay(
    journal: &JournalReader,
    from: u64,
    index: &dyn Index,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, StoreError> {
    let mut replay = Replay::from(from);
    while replay.step(journal, index, WINDOW_KEYS)? > 0 {
        progress(replay.progress(journal));
    }
    let done = replay.progress(journal).done;
    if done > 0 {
        index.flush()?;
    }
    Ok(done)
}

/// Writes a window into the index: derived keys, balances, aggregates, and the cursor last. After a crash half-way,
/// replay writes it again.
pub fn apply(window: &Window, index: &dyn Index) -> Result<(), IndexError> {
    let mut written = 0_usize;
    for (key, value) in window.iter() {
        match value {
            Some(value) => index.insert(key, value)?,
            None => index.remove(key)?,
        }
        written = written.saturating_add(1);
        if written.is_multiple_of(64) {
            index.settle(64);
        }
    }
    if let Some(cursor) = &window.cursor {
        index.insert(&keys::applied(), cursor)?;
    }
    index.settle(64);
    Ok(())
}

/// The keys that a record writes for the first time, for the absence filter.
pub fn first_written(record: &super::record::Record) -> Result<Vec<keys::Key>, StoreError> {
    let reply = view::kept_reply(record);
    let reply = reply.as_ref().map(view::reply_write).transpose()?;
    let mut found: Vec<Write> = reply.into_iter().collect();
    if let Some((order, group)) = record.group()
        && group.previous == 0
    {
        found.push(Write {
            key: keys::order(order),
            value: None,
            fresh: true,
        });
    }
    Ok(found.into_iter().map(|write| write.key).collect())
}
