//! Promises of the journal, tested on disks that are killed, cut off, full and altered.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "tests overflow loudly"
)]

mod crash;
mod damage;
mod faults;
mod layout;
mod reading;

use super::{
    FrameMeta, Journal, JournalError, JournalOptions, JournalReader, LastStop, OpenReport, Tail,
    Walk,
};
use crate::store::files::{Files, SimulatedFiles};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const SEGMENT: u64 = 16 * 1024;

pub(super) fn dir() -> PathBuf {
    PathBuf::from("data/journal")
}

pub(super) fn segment(number: u32) -> PathBuf {
    super::segment::path_of(&dir(), number)
}

pub(super) fn options() -> JournalOptions {
    JournalOptions {
        segment_bytes: SEGMENT,
        prepared_ahead: 2,
        max_body_bytes: 6000,
        reserve_bytes: 4096,
    }
}

pub(super) fn open(
    files: &SimulatedFiles,
    last_stop: &LastStop,
) -> Result<(Journal, OpenReport), JournalError> {
    Journal::open(Arc::new(files.clone()), &dir(), options(), last_stop)
}

pub(super) fn open_any(files: &SimulatedFiles) -> Journal {
    open(files, &LastStop::Unknown).unwrap().0
}

/// A body that is unique to its record: the record's number, scattered.
pub(super) fn body_of(record: u64, length: usize) -> Vec<u8> {
    let mut state = record.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // One byte in four is zero, as in real records.
            if state & 0x3000 == 0 {
                0
            } else {
                (state >> 24) as u8
            }
        })
        .collect()
}

/// Lengths that put headers, bodies and ends at various places in a sector.
pub(super) fn length_of(record: u64) -> usize {
    match record % 7 {
        0 => 3000 + (record as usize * 97) % 2500,
        1 => 0,
        _ => (record as usize * 131) % 700,
    }
}

pub(super) fn meta_at(tail: &Tail) -> FrameMeta {
    let record = tail.next_record;
    FrameMeta {
        first_record: record,
        records: 1 + (record % 3) as u32,
        first_event: tail.next_event,
        events: (record % 4) as u32,
        at_ms: 1_780_000_000_000 + record,
    }
}

/// Appends the frame that always follows at this place, without syncing it.
pub(super) fn append(journal: &mut Journal) -> Result<(), JournalError> {
    let meta = meta_at(journal.tail());
    let body = body_of(meta.first_record, length_of(meta.first_record));
    journal.append(meta, &body).map(|_| ())
}

pub(super) fn commit(journal: &mut Journal) -> Result<(), JournalError> {
    append(journal)?;
    journal.sync()
}

pub(super) fn commit_many(journal: &mut Journal, count: usize) {
    for _ in 0..count {
        commit(journal).unwrap();
    }
}

/// Checks that every frame is the one that [`append`] writes there; returns the number of frames.
pub(super) fn check_frames(reader: &JournalReader) -> usize {
    let mut count = 0;
    for frame in reader.frames_from(1) {
        let frame = frame.unwrap();
        let record = frame.meta.first_record;
        assert_eq!(
            frame.body,
            body_of(record, length_of(record)),
            "record {record}"
        );
        count += 1;
    }
    count
}

/// Checks that the whole journal verifies; returns its end.
pub(super) fn walk(files: &SimulatedFiles, last_stop: &LastStop) -> Result<Tail, JournalError> {
    let mut walk = Walk::begin(Arc::new(files.clone()), &dir(), last_stop)?;
    for frame in &mut walk {
        frame?;
    }
    assert_eq!(walk.done_bytes(), walk.total_bytes());
    Ok(walk.tail().clone())
}

pub(super) fn read_file(files: &SimulatedFiles, path: &Path) -> Vec<u8> {
    files.read_whole(path, usize::MAX).unwrap().unwrap()
}

pub(super) fn write_file(files: &SimulatedFiles, path: &Path, offset: u64, bytes: &[u8]) {
    let file = files.open(path).unwrap();
    file.write_at(offset, bytes).unwrap();
    file.sync_data().unwrap();
}
