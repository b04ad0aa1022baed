//! Records are read back unchanged, by record, by event and in order, across segments and restarts.

use super::*;
use crate::store::files::DiskFiles;
use crate::store::journal::{ExpectedEnd, Preparation};
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn only_synced_frames_are_read() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let reader = journal.reader();
    append(&mut journal).unwrap();
    assert_eq!(reader.frames_from(1).count(), 0);
    assert_eq!(reader.frame_of_record(1).unwrap(), None);
    journal.sync().unwrap();
    assert_eq!(check_frames(&reader), 1);
    assert_eq!(reader.tail(), *journal.tail());
}

#[test]
fn frames_are_found_by_record_and_by_event_in_old_and_new_segments() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 60);
    let before = journal.reader();
    let journal = open_any(&files);
    let after = journal.reader();
    assert!(journal.tail().segment > 2);
    for reader in [before, after] {
        for frame in reader.frames_from(1) {
            let frame = frame.unwrap();
            for record in frame.meta.first_record..frame.meta.next_record() {
                assert_eq!(
                    reader.frame_of_record(record).unwrap().as_ref(),
                    Some(&frame)
                );
            }
            for event in frame.meta.first_event..frame.meta.next_event() {
                assert_eq!(reader.frame_of_event(event).unwrap().as_ref(), Some(&frame));
            }
        }
        assert_eq!(reader.frame_of_record(0).unwrap(), None);
        assert_eq!(reader.frame_of_event(0).unwrap(), None);
        assert_eq!(reader.frames_from(0).count(), 60);
        let tail = reader.tail();
        assert_eq!(reader.frame_of_record(tail.next_record).unwrap(), None);
        assert_eq!(reader.frame_of_event(tail.next_event).unwrap(), None);
    }
}

#[test]
fn time_of_a_record_is_its_frames_and_the_last_is_seen_from_outside() {
    let files = SimulatedFiles::new();
    let glance = || crate::store::journal::last_written_ms(&files, &dir());
    let mut journal = open_any(&files);
    assert_eq!(glance().unwrap(), None, "made, and nothing written");
    commit_many(&mut journal, 60);
    let reader = journal.reader();
    for frame in reader.frames_from(1) {
        let meta = frame.unwrap().meta;
        for record in meta.first_record..meta.next_record() {
            assert_eq!(reader.time_of_record(record).unwrap(), Some(meta.at_ms));
        }
    }
    let tail = reader.tail();
    assert_eq!(reader.time_of_record(tail.next_record).unwrap(), None);
    assert!(tail.segment > 2);
    assert_eq!(glance().unwrap(), Some(tail.last_at_ms));
}

#[test]
fn marks_shorten_the_search_and_find_the_same_frames() {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    let options = JournalOptions {
        segment_bytes: 400 * 1024,
        ..options()
    };
    let open = || {
        Journal::open(
            Arc::clone(&files),
            &dir(),
            options.clone(),
            &LastStop::Unknown,
        )
    };
    let mut journal = open().unwrap().0;
    commit_many(&mut journal, 600);
    let reopened = open().unwrap().0.reader();
    assert!(journal.tail().segment > 1);
    for record in (1..journal.tail().next_record).step_by(17) {
        let frame = journal.reader().frame_of_record(record).unwrap().unwrap();
        assert!((frame.meta.first_record..frame.meta.next_record()).contains(&record));
        assert_eq!(reopened.frame_of_record(record).unwrap(), Some(frame));
    }
}

#[test]
fn iterator_continues_with_frames_appended_later() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let mut frames = journal.reader().frames_from(1);
    let mut seen = 0;
    for _ in 0..50 {
        commit(&mut journal).unwrap();
        assert_eq!(
            frames.next().unwrap().unwrap().meta.next_record(),
            journal.tail().next_record
        );
        assert!(frames.next().is_none());
        seen += 1;
    }
    assert_eq!(check_frames(&journal.reader()), seen);
}

#[test]
fn frames_from_the_middle_begin_with_the_frame_that_has_the_record() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 40);
    let middle = journal.tail().next_record / 2;
    let first = journal
        .reader()
        .frames_from(middle)
        .next()
        .unwrap()
        .unwrap();
    assert!((first.meta.first_record..first.meta.next_record()).contains(&middle));
    let last = journal
        .reader()
        .frames_from(middle)
        .last()
        .unwrap()
        .unwrap();
    assert_eq!(last.meta.next_record(), journal.tail().next_record);
}

#[test]
fn a_clean_stop_is_checked_to_the_byte() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 9);
    let earlier = ExpectedEnd::from(journal.tail());
    commit(&mut journal).unwrap();
    let end = ExpectedEnd::from(journal.tail());
    let (reopened, report) = open(&files, &LastStop::Clean(end)).unwrap();
    assert_eq!(reopened.tail(), journal.tail());
    assert_eq!(
        report,
        OpenReport {
            cut_bytes: 0,
            created: false
        }
    );
    let error = open(&files, &LastStop::Clean(earlier.clone())).unwrap_err();
    assert!(matches!(error, JournalError::EndDiffers { .. }), "{error}");
    assert!(
        error.to_string().contains("Nothing of the journal is lost"),
        "{error}"
    );
    let empty = SimulatedFiles::new();
    let error = open(&empty, &LastStop::Clean(earlier)).unwrap_err();
    assert!(matches!(error, JournalError::EndDiffers { .. }), "{error}");
    assert!(error.to_string().contains("has lost its end"), "{error}");
}

#[test]
fn frame_that_does_not_come_next_is_refused_without_loss() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit(&mut journal).unwrap();
    let good = meta_at(journal.tail());
    let bad = [
        FrameMeta {
            first_record: good.first_record + 1,
            ..good
        },
        FrameMeta {
            first_event: good.first_event + 1,
            ..good
        },
        FrameMeta { records: 0, ..good },
        FrameMeta { at_ms: 1, ..good },
    ];
    for meta in bad {
        let error = journal.append(meta, b"body").unwrap_err();
        assert!(matches!(error, JournalError::NotNext { .. }), "{error}");
    }
    let error = journal.append(good, &vec![7; 6001]).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::TooLarge {
                bytes: 6001,
                limit: 6000
            }
        ),
        "{error}"
    );
    assert!(!journal.is_poisoned());
    commit(&mut journal).unwrap();
    assert_eq!(check_frames(&journal.reader()), 2);
}

#[test]
fn bodies_of_zeros_are_stored_without_a_zero_sector() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let mut mixed = vec![0_u8; 3000];
    mixed[1000..2000].fill(1);
    mixed[2000..3000].fill(2);
    for body in [vec![0; 6000], vec![0xFF; 6000], mixed] {
        let meta = FrameMeta {
            records: 1,
            ..meta_at(journal.tail())
        };
        let position = journal.append(meta, &body).unwrap();
        journal.sync().unwrap();
        let frame = journal
            .reader()
            .frame_of_record(meta.first_record)
            .unwrap()
            .unwrap();
        assert_eq!((frame.body, frame.position), (body, position));
        let bytes = read_file(&files, &segment(position.segment));
        let end = journal.tail().offset as usize;
        let written = &bytes[position.offset as usize..end];
        let mut parts = crate::store::journal::frame::sector_parts(written, position.offset);
        assert!(parts.all(|part| part.iter().any(|byte| *byte != 0)));
    }
    walk(&files, &LastStop::Unknown).unwrap();
}

#[test]
fn preparer_stays_two_segments_ahead_and_the_journal_uses_them() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let preparer = journal.preparer();
    while preparer.turn().unwrap() != Preparation::Ready {}
    let names = files.list(&dir()).unwrap();
    assert_eq!(names, ["00000001.seg", "00000002.seg", "00000003.seg"]);
    let syncs = files.counters().syncs;
    while journal.tail().segment == 1 {
        commit(&mut journal).unwrap();
    }
    let frames = check_frames(&journal.reader()) as u64;
    assert_eq!(
        files.counters().syncs - syncs,
        frames + 1,
        "one sync a frame, one for the header"
    );
    while preparer.turn().unwrap() != Preparation::Ready {}
    assert!(
        files
            .list(&dir())
            .unwrap()
            .contains(&"00000004.seg".to_owned())
    );
}

#[test]
fn frame_costs_one_write_and_one_sync() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let before = files.counters();
    commit_many(&mut journal, 5);
    let after = files.counters();
    assert_eq!(
        (after.writes - before.writes, after.syncs - before.syncs),
        (5, 5)
    );
}

#[test]
fn segments_made_with_other_sizes_are_read_and_unfit_ones_replaced() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 20);
    while journal.preparer().turn().unwrap() != Preparation::Ready {}
    let larger = JournalOptions {
        segment_bytes: 256 * 1024,
        max_body_bytes: 100_000,
        ..options()
    };
    let files_again: Arc<dyn Files> = Arc::new(files.clone());
    let mut journal = Journal::open(files_again, &dir(), larger, &LastStop::Unknown)
        .unwrap()
        .0;
    let meta = meta_at(journal.tail());
    journal.append(meta, &body_of(1, 100_000)).unwrap();
    journal.sync().unwrap();
    walk(&files, &LastStop::Unknown).unwrap();
}

#[test]
fn journal_works_on_a_real_disk() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("journal");
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let open = |stop: &LastStop| Journal::open(Arc::clone(&files), &dir, options(), stop);
    let (mut journal, report) = open(&LastStop::Unknown).unwrap();
    assert!(report.created);
    commit_many(&mut journal, 30);
    let end = ExpectedEnd::from(journal.tail());
    let (mut journal, report) = open(&LastStop::Clean(end)).unwrap();
    assert!(!report.created);
    commit_many(&mut journal, 5);
    assert_eq!(check_frames(&journal.reader()), 35);
    let walked = Walk::begin(Arc::clone(&files), &dir, &LastStop::Killed).unwrap();
    assert_eq!(walked.map(Result::unwrap).count(), 35);
}

#[test]
fn options_that_cannot_work_are_refused() {
    for bad in [
        JournalOptions {
            segment_bytes: 6000,
            ..options()
        },
        JournalOptions {
            segment_bytes: SEGMENT + 1,
            ..options()
        },
        JournalOptions {
            max_body_bytes: usize::MAX,
            ..options()
        },
    ] {
        let files = Arc::new(SimulatedFiles::new());
        let error = Journal::open(files, &dir(), bad, &LastStop::Unknown).unwrap_err();
        assert!(matches!(error, JournalError::Options(_)), "{error}");
    }
}

#[test]
fn readers_and_the_preparer_work_while_the_journal_is_written() {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let (reader, preparer) = (journal.reader(), journal.preparer());
    let done = AtomicBool::new(false);
    let frames = 400;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                assert!(!matches!(
                    preparer.turn().unwrap(),
                    Preparation::NoRoom { .. }
                ));
                std::thread::yield_now();
            }
        });
        scope.spawn(|| {
            let mut following = reader.frames_from(1);
            let mut next_record = 1;
            while next_record < 2 || !done.load(Ordering::Acquire) {
                for frame in &mut following {
                    let meta = frame.unwrap().meta;
                    assert_eq!(meta.first_record, next_record);
                    next_record = meta.next_record();
                    let found = reader.frame_of_record(next_record / 2 + 1).unwrap();
                    assert!(found.is_some() || next_record / 2 + 1 >= next_record);
                }
                std::thread::yield_now();
            }
        });
        commit_many(&mut journal, frames);
        done.store(true, Ordering::Release);
    });
    assert_eq!(check_frames(&journal.reader()), frames);
    walk(&files, &LastStop::Unknown).unwrap();
}
