//! Failing disks and full disks: the journal stops, and loses no acknowledged record.

use super::*;
use crate::store::files::FaultOn;
use crate::store::journal::Preparation;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Runs until the first error; returns the number of acknowledged records, and the error.
fn run(files: &SimulatedFiles, frames: usize) -> (u64, Option<JournalError>, Option<Journal>) {
    let mut journal = match open(files, &LastStop::Unknown) {
        Ok((journal, _)) => journal,
        Err(error) => return (1, Some(error), None),
    };
    let mut acknowledged = 1;
    for frame in 0..frames {
        if frame % 4 == 0
            && let Err(error) = journal.preparer().turn()
        {
            return (acknowledged, Some(error), Some(journal));
        }
        if let Err(error) = commit(&mut journal) {
            return (acknowledged, Some(error), Some(journal));
        }
        acknowledged = journal.tail().next_record;
    }
    (acknowledged, None, Some(journal))
}

#[test]
fn a_failure_of_any_write_or_sync_or_creation_stops_the_journal_and_loses_nothing() {
    let clean = SimulatedFiles::new();
    assert!(run(&clean, 40).1.is_none());
    let counters = clean.counters();
    let kinds = [
        (FaultOn::Write, counters.writes),
        (FaultOn::Sync, counters.syncs),
        (FaultOn::Create, counters.creates),
    ];
    for (on, count) in kinds {
        for nth in 1..=count {
            for errno in [EIO, ENOSPC] {
                let story = format!("{on:?} {nth} fails with {errno}");
                let files = SimulatedFiles::new();
                files.fail(on, nth, errno);
                let (acknowledged, error, journal) = run(&files, 40);
                if let Some(mut journal) = journal.filter(Journal::is_poisoned) {
                    let again = commit(&mut journal).unwrap_err();
                    assert!(matches!(again, JournalError::Poisoned), "{story}: {again}");
                    let reader = journal.reader();
                    assert_eq!(reader.tail().next_record, acknowledged, "{story}");
                }
                if errno == EIO {
                    assert!(error.is_some(), "{story} unseen");
                }
                for left in [files.kill(), files.power_loss(nth)] {
                    let mut journal = open_any(&left);
                    assert!(journal.tail().next_record >= acknowledged, "{story}");
                    check_frames(&journal.reader());
                    commit_many(&mut journal, 20);
                    walk(&left, &LastStop::Unknown).unwrap();
                }
            }
        }
    }
}

#[test]
fn full_disk_is_survived_and_appending_goes_on_when_there_is_room() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let preparer = journal.preparer();
    files.set_capacity(Some(SEGMENT * 2 + 4096));
    loop {
        match preparer.turn().unwrap() {
            Preparation::Working { .. } => {}
            Preparation::NoRoom { segment, .. } => {
                assert_eq!(segment, 3);
                break;
            }
            Preparation::Ready => panic!("there is room for two"),
        }
    }
    let room = journal.room_bytes();
    assert!(room < SEGMENT * 2 && room > SEGMENT);
    let error = loop {
        if let Err(error) = commit(&mut journal) {
            break error;
        }
    };
    assert!(matches!(error, JournalError::NoRoom { .. }), "{error}");
    assert!(error.to_string().contains("00000003.seg"), "{error}");
    assert!(!journal.is_poisoned());
    let frames = check_frames(&journal.reader());
    files.set_capacity(None);
    commit_many(&mut journal, 3);
    assert_eq!(check_frames(&journal.reader()), frames + 3);
    walk(&files, &LastStop::Unknown).unwrap();
}

#[test]
fn unfinished_segment_is_removed_from_a_full_disk() {
    let files = SimulatedFiles::new();
    let journal = open_any(&files);
    let used = files.free_bytes(&dir()).unwrap();
    files.fail(FaultOn::Write, files.counters().writes + 1, ENOSPC);
    let preparer = journal.preparer();
    assert!(matches!(
        preparer.turn().unwrap(),
        Preparation::Working { segment: 2, .. }
    ));
    assert!(matches!(
        preparer.turn().unwrap(),
        Preparation::NoRoom { segment: 2, .. }
    ));
    assert_eq!(files.free_bytes(&dir()).unwrap(), used);
    while preparer.turn().unwrap() != Preparation::Ready {}
}
