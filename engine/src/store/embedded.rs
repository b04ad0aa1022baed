//! The embedded store: commits are appended to the journal, synced, published in the overlay, and applied to the
//! index later.
//!
//! One writer. A commit is answered and visible only after its sync. Any failed write or sync ends the store: what
//! the disk then holds is known only after opening it again.

use std::sync::Arc;

use super::codec;
use super::cursor::Cursor;
use super::filter::AbsenceFilter;
use super::journal::{FrameMeta, Journal};
use super::keys::{self, Key};
use super::reader::{Reader, Shared};
use super::record::Record;
use super::view::Source;
use super::{Commit, Conflict, KeyRange, Store, StoreError, Write};
use crate::planted::{self, Bug};

/// Figures of one group commit, for metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Committed {
    /// Number of records.
    pub records: usize,
    /// Bytes of records.
    pub bytes: usize,
}

/// The one writer's store.
#[derive(Debug)]
pub struct EmbeddedStore {
    journal: Journal,
    shared: Arc<Shared>,
    filter: Arc<AbsenceFilter>,
    body: Vec<u8>,
    last: Committed,
}

/// A frame is closed once its records have this many bytes; the journal sets the hard limit.
const FRAME_BYTES: usize = 2 << 20;

impl EmbeddedStore {
    /// A store over an open journal and the state shared with readers.
    pub(super) fn new(journal: Journal, shared: Arc<Shared>, filter: Arc<AbsenceFilter>) -> Self {
        Self {
            journal,
            shared,
            filter,
            body: Vec::new(),
            last: Committed::default(),
        }
    }

    /// A reader for any thread.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.shared))
    }

    /// The figures since the last call.
    pub fn take_committed(&mut self) -> Committed {
        std::mem::take(&mut self.last)
    }

    /// The journal, so that it can be closed.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Appends one frame of records to the journal; the caller syncs.
    fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let tail = self.journal.tail();
        let events = records
            .iter()
            .map(Record::feed_events)
            .fold(0, u32::saturating_add);
        let meta = FrameMeta {
            first_record: tail.next_record,
            records: u32::try_from(records.len()).unwrap_or(u32::MAX),
            first_event: tail.next_event,
            events,
            at_ms: records
                .last()
                .map_or(tail.last_at_ms, |record| record.at.as_millis()),
        };
        self.journal.append(meta, &self.body)?;
        self.last.records = self.last.records.saturating_add(records.len());
        self.last.bytes = self.last.bytes.saturating_add(self.body.len());
        self.body.clear();
        Ok(())
    }

    /// Writes all records in as few frames as the cap allows.
    fn append_all(&mut self, records: Vec<Record>) -> Result<(), StoreError> {
        let mut frame = Vec::with_capacity(records.len());
        self.body.clear();
        for record in records {
            codec::push_record(&record, &mut self.body)?;
            frame.push(record);
            if self.body.len() >= FRAME_BYTES {
                self.append_next(&frame)?;
                frame.clear();
            }
        }
        if frame.is_empty() {
            Ok(())
        } else {
            self.append_next(&frame)
        }
    }

    /// A disk that is full before anything of a commit is written is a state that passes; half-way it is a failure.
    fn append_next(&mut self, frame: &[Record]) -> Result<(), StoreError> {
        let halfway = self.last.records > 0;
        self.append(frame).map_err(|error| match error {
            StoreError::Full(why) if halfway => StoreError::Failed(why),
            other => other,
        })
    }
}

impl Store for EmbeddedStore {
    fn distrusted(&self, error: StoreError) -> StoreError {
        Source::distrusted(self.shared.as_ref(), error)
    }

    fn contradicted(&self, what: String) -> StoreError {
        let error = StoreError::Damaged(what);
        if self.shared.served.rebuilds() > 0 {
            return error;
        }
        self.distrusted(error)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if keys::is_mostly_absent(key) && self.filter.is_absent(key) {
            return Ok(None);
        }
        self.shared.get(key)
    }

    fn get_many(&self, wanted: &[Key]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        wanted.iter().map(|key| Store::get(self, key)).collect()
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        self.reader().scan(range, limit)
    }

    fn next_record(&self) -> u64 {
        self.journal.tail().next_record
    }

    /// The only writer never conflicts.
    fn commit(&mut self, commits: Vec<Commit>) -> Result<Vec<Result<u64, Conflict>>, StoreError> {
        let room = self.shared.overlay.wait_for_room();
        room.map_err(|_| self.shared.served.health().refusal())?;
        let shared = Arc::clone(&self.shared);
        // A new index is put in place between two commits, never within one.
        let _committing = shared.committing.lock();
        if planted::is(Bug::AnswerBeforeSync) {
            self.journal.sync()?;
        }
        self.last = Committed::default();
        let first = self.next_record();
        let mut records = Vec::with_capacity(commits.len());
        let mut writes: Vec<Write> = Vec::with_capacity(commits.len().saturating_mul(6));
        for commit in commits {
            records.push(commit.record);
            writes.extend(commit.writes);
        }
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.append_all(records)?;
        if !planted::is(Bug::AnswerBeforeSync) {
            self.journal.sync()?;
        }
        for write in writes
            .iter()
            .filter(|write| keys::is_mostly_absent(&write.key))
        {
            self.filter.insert(&write.key);
        }
        self.shared
            .overlay
            .publish(writes, Cursor::of(self.journal.tail()).encode()?);
        Ok((first..first.saturating_add(count)).map(Ok).collect())
    }

    fn replay(
        &self,
        from: u64,
    ) -> Box<dyn Iterator<Item = Result<(u64, Record), StoreError>> + '_> {
        let frames = self.shared.journal.frames_from(from);
        Box::new(
            frames.flat_map(move |frame| numbered_records(frame.map_err(StoreError::from), from)),
        )
    }
}

fn numbered_records(
    frame: Result<super::journal::Frame, StoreError>,
    from: u64,
) -> Vec<Result<(u64, Record), StoreError>> {
    match frame {
        Err(error) => vec![Err(error)],
        Ok(frame) => {
            let numbers = frame.meta.first_record..;
            let records = numbers.zip(codec::records(&frame.body));
            let wanted = records.filter(|(number, _)| *number >= from);
            wanted
                .map(|(number, record)| record.map(|record| (number, record)))
                .collect()
        }
    }
}
