//! Kill and power loss at every operation: acknowledged records are there, and the journal goes on.

use super::*;
use crate::store::files::FaultOn;
use crate::store::journal::Preparation;

/// A recorded history, with the number of acknowledged records after each operation.
struct Workload {
    files: SimulatedFiles,
    acknowledged: Vec<(u64, u64)>,
}

impl Workload {
    /// Commits, preparation in between, and one restart.
    fn run(frames: usize) -> Self {
        let files = SimulatedFiles::recording();
        let mut acknowledged = Vec::new();
        let mut journal = open_any(&files);
        for frame in 0..frames {
            if frame == frames / 2 {
                journal = open_any(&files);
            }
            if frame % 3 == 0 {
                assert!(!matches!(
                    journal.preparer().turn().unwrap(),
                    Preparation::NoRoom { .. }
                ));
            }
            commit(&mut journal).unwrap();
            acknowledged.push((files.operations(), journal.tail().next_record));
        }
        Self {
            files,
            acknowledged,
        }
    }

    fn acknowledged_before(&self, operation: u64) -> u64 {
        let before = self
            .acknowledged
            .iter()
            .take_while(|(at, _)| *at <= operation);
        before.last().map_or(1, |(_, next_record)| *next_record)
    }
}

/// Opens the remains, checks that no acknowledged record is missing, and that the journal goes on.
fn check_goes_on(left: &SimulatedFiles, last_stop: &LastStop, acknowledged: u64, story: &str) {
    let (mut journal, _) = open(left, last_stop).unwrap_or_else(|error| panic!("{story}: {error}"));
    let next_record = journal.tail().next_record;
    assert!(
        next_record >= acknowledged,
        "{story}: {next_record} of {acknowledged}"
    );
    let frames = check_frames(&journal.reader());
    commit_many(&mut journal, 3);
    assert_eq!(check_frames(&journal.reader()), frames + 3, "{story}");
    let tail = walk(left, last_stop).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert_eq!(tail, *journal.tail(), "{story}");
    let again = open_any(&left.power_loss(acknowledged));
    assert_eq!(
        again.tail(),
        journal.tail(),
        "{story}, and power lost after that"
    );
}

#[test]
fn power_loss_at_every_operation_loses_nothing_acknowledged() {
    let workload = Workload::run(55);
    let operations = workload.files.operations();
    assert!(operations > 150);
    for operation in 0..=operations {
        for seed in 0..6 {
            let left = workload
                .files
                .power_lost_at(operation, operation * 1000 + seed);
            let acknowledged = workload.acknowledged_before(operation);
            let story = format!("power lost at operation {operation}, seed {seed}");
            check_goes_on(&left, &LastStop::Unknown, acknowledged, &story);
        }
    }
}

#[test]
fn kill_at_every_operation_loses_nothing_acknowledged() {
    let workload = Workload::run(55);
    for operation in 0..=workload.files.operations() {
        for seed in 0..2 {
            let left = workload.files.killed_at(operation, operation * 1000 + seed);
            let acknowledged = workload.acknowledged_before(operation);
            let story = format!("killed at operation {operation}, seed {seed}");
            check_goes_on(&left, &LastStop::Killed, acknowledged, &story);
        }
    }
}

/// The disk right after a frame of `length` was written behind one of `before`, and not synced.
fn unsynced(before: usize, length: usize) -> (SimulatedFiles, u64, u64) {
    let files = SimulatedFiles::new();
    let mut journal = open_any(&files);
    let meta = FrameMeta {
        records: 1,
        events: 1,
        ..meta_at(journal.tail())
    };
    journal.append(meta, &body_of(1, before)).unwrap();
    journal.sync().unwrap();
    let start = journal.tail().offset;
    let meta = FrameMeta {
        records: 1,
        events: 1,
        ..meta_at(journal.tail())
    };
    journal.append(meta, &body_of(2, length)).unwrap();
    (files, start, journal.tail().offset)
}

/// Tears the frame from `start` to `end`: `kept` says which of its sectors reached the disk.
fn tear(files: &SimulatedFiles, start: u64, end: u64, kept: impl Fn(usize) -> bool) -> bool {
    let mut at = start;
    let mut whole = true;
    for sector in 0.. {
        let next = (at + 1).next_multiple_of(512).min(end);
        if !kept(sector) {
            write_file(files, &segment(1), at, &vec![0; (next - at) as usize]);
            whole = false;
        }
        at = next;
        if at >= end {
            return whole;
        }
    }
    whole
}

#[test]
fn torn_frame_is_cut_however_it_is_torn_and_wherever_it_begins() {
    // 80 + 8 bytes around the bodies: the second frame begins at every multiple of 8 in a sector.
    for start_in_sector in 0..64 {
        for length in [0, 40, 300, 1200] {
            let before = (start_in_sector * 8 + 512 - 88) % 512;
            let (files, start, end) = unsynced(before, length);
            let sectors = (end - 1) / 512 - start / 512 + 1;
            for kept in 0..1_u32 << sectors {
                let left = files.kill();
                let whole = tear(&left, start, end, |sector| kept & (1 << sector) != 0);
                let story = format!("from {start} to {end}, sectors {kept:b}");
                let (mut journal, report) =
                    open(&left, &LastStop::Unknown).unwrap_or_else(|e| panic!("{story}: {e}"));
                assert_eq!(
                    journal.tail().next_record,
                    if whole { 3 } else { 2 },
                    "{story}"
                );
                assert_eq!(report.cut_bytes > 0, kept != 0 && !whole, "{story}");
                if !whole {
                    let bytes = read_file(&left, &segment(1));
                    assert!(
                        bytes[start as usize..].iter().all(|byte| *byte == 0),
                        "{story}"
                    );
                }
                commit(&mut journal).unwrap();
                walk(&left, &LastStop::Unknown).unwrap();
            }
        }
    }
}

#[test]
fn killed_process_tears_a_frame_only_at_page_boundaries() {
    let (files, start, end) = unsynced(3000, 5000);
    let first_page = (start as usize).next_multiple_of(4096);
    let left = files.kill();
    write_file(
        &left,
        &segment(1),
        first_page as u64,
        &vec![0; end as usize - first_page],
    );
    assert_eq!(
        open(&left, &LastStop::Killed).unwrap().0.tail().next_record,
        2
    );
    // A hole that only a power loss can leave.
    let left = files.kill();
    write_file(&left, &segment(1), 4096 + 512, &[0; 512]);
    let error = open(&left, &LastStop::Killed).unwrap_err();
    assert!(matches!(error, JournalError::Altered { .. }), "{error}");
    assert_eq!(
        open(&left, &LastStop::Unknown)
            .unwrap()
            .0
            .tail()
            .next_record,
        2
    );
}

#[test]
fn a_killed_process_leaves_no_frame_without_its_beginning() {
    let (files, start, _) = unsynced(3000, 5000);
    write_file(&files, &segment(1), start, &vec![0; 4096 - start as usize]);
    let error = open(&files.kill(), &LastStop::Killed).unwrap_err();
    assert!(matches!(error, JournalError::Altered { .. }), "{error}");
    let (journal, report) = open(&files, &LastStop::Unknown).unwrap();
    assert_eq!(journal.tail().next_record, 2);
    assert!(report.cut_bytes > 0);
}

#[test]
fn undurable_segment_name_is_synced_before_the_segment_is_used() {
    let files = SimulatedFiles::recording();
    let mut journal = open_any(&files);
    commit_many(&mut journal, 5);
    let before = files.operations();
    while journal.preparer().turn().unwrap() != Preparation::Ready {}
    for operation in before..=files.operations() {
        let killed = files.killed_at(operation, operation);
        let mut journal = open(&killed, &LastStop::Killed).unwrap().0;
        while journal.tail().segment == 1 {
            commit(&mut journal).unwrap();
        }
        for seed in 0..8 {
            let left = killed.power_loss(seed);
            assert_eq!(
                open_any(&left).tail(),
                journal.tail(),
                "{operation}, {seed}"
            );
        }
    }
}

#[test]
fn crash_while_a_torn_frame_is_cut_loses_nothing() {
    let (files, start, end) = unsynced(1000, 5500);
    for (torn, last_stop) in [(4096, LastStop::Killed), (512, LastStop::Unknown)] {
        let left = files.kill();
        let from = (start + 2000).next_multiple_of(torn);
        let length = if torn == 512 { 512 } else { end - from };
        write_file(&left, &segment(1), from, &vec![0; length as usize]);
        let whole = left.kill();
        open(&whole, &last_stop).unwrap();
        let operations = whole.operations();
        assert!(operations >= 4);
        for stop_after in 0..=operations {
            for seed in 0..8 {
                let disk = left.kill();
                disk.power_off_at(stop_after);
                let opened = open(&disk, &last_stop);
                let again = match last_stop {
                    LastStop::Killed => disk.kill(),
                    _ => disk.power_loss(seed),
                };
                assert_eq!(
                    opened.is_ok(),
                    stop_after >= operations,
                    "stopped at {stop_after}"
                );
                let (mut journal, _) = open(&again, &last_stop).unwrap();
                assert_eq!(journal.tail().next_record, 2, "stopped at {stop_after}");
                commit_many(&mut journal, 3);
                assert_eq!(walk(&again, &last_stop).unwrap(), *journal.tail());
            }
        }
    }
}

#[test]
fn failed_sync_is_repeated_after_the_restart() {
    // The system reads back data that it could not write and calls it written; only writing it again brings it to the
    // disk. First the header of a new segment, then a frame.
    let clean = SimulatedFiles::new();
    let mut journal = open_any(&clean);
    while journal.tail().segment < 2 {
        commit(&mut journal).unwrap();
    }
    commit(&mut journal).unwrap();
    let syncs = clean.counters().syncs;
    for nth in syncs - 3..=syncs {
        let files = SimulatedFiles::new();
        files.fail(FaultOn::Sync, nth, 5);
        let mut journal = open_any(&files);
        while commit(&mut journal).is_ok() {}
        let restarted = files.kill();
        let tail = open(&restarted, &LastStop::Killed)
            .unwrap()
            .0
            .tail()
            .clone();
        for seed in 0..32 {
            let left = restarted.power_loss(seed);
            assert_eq!(
                *open_any(&left).tail(),
                tail,
                "sync {nth} failed, seed {seed}"
            );
        }
    }
}
