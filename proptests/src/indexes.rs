//! A real sled index that is lost, cut, overwritten, or swapped for an older one: found out, and made right.
#![expect(
    clippy::disallowed_methods,
    reason = "harm is done to files behind the store's back"
)]

use std::path::Path;
use std::sync::Arc;

use daegeum_engine::command::MockResult;
use daegeum_engine::decide::Policy;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_engine::store::index::{Direction, Entry, IndexHome, SledHome};
use daegeum_engine::store::opening::Rebuilt;
use daegeum_engine::store::verify;

use crate::chance::{self, Dice};
use crate::machine::{Clock, Running, options, request, start};
use crate::shop;

const CACHE: u64 = 1 << 20;

fn open(dir: &Path) -> Running {
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let home = SledHome::new(dir, CACHE);
    start(&files, &home, options(dir), Policy::default()).unwrap()
}

fn work(running: &mut Running, clock: &mut Clock, orders: std::ops::Range<usize>) {
    for n in orders {
        let batch = vec![
            request(shop::create_order(n, CaptureMode::Automatic), None),
            request(shop::create_payment(n), Some(shop::keyed(n as u64, 1))),
        ];
        let executed = running.executor.turn(batch, clock).unwrap();
        let payment = shop::payment_of(&executed[1]);
        let complete = shop::complete(payment, MockResult::Success);
        running
            .executor
            .turn(vec![request(complete, None)], clock)
            .unwrap();
        if n % 5 == 0 {
            running.upkeep.applier.turn().unwrap();
        }
    }
    running.upkeep.applier.turn().unwrap();
    running.upkeep.flusher.turn().unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// A directory that was killed at work, one of its index at half time, and all entries it should have.
struct Killed {
    at_end: tempfile::TempDir,
    half: tempfile::TempDir,
    entries: Vec<Entry>,
}

fn killed() -> Killed {
    let (live, half, at_end) = (temp(), temp(), temp());
    let mut clock = Clock::new();
    let mut running = open(live.path());
    work(&mut running, &mut clock, 0..60);
    // sled keeps its lock for a moment after it is dropped, so only copies are opened.
    copy(live.path(), half.path());
    work(&mut running, &mut clock, 60..120);
    copy(live.path(), at_end.path());
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let reference = temp();
    copy(live.path(), reference.path());
    std::fs::remove_dir_all(reference.path().join("index")).unwrap();
    let home = SledHome::new(reference.path(), CACHE);
    verify::rebuild(&files, &home, &options(reference.path()), &mut |_| {}).unwrap();
    let entries = entries(&home);
    Killed {
        at_end,
        half,
        entries,
    }
}

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// sled gives its lock back a moment after it is dropped.
fn entries(home: &dyn IndexHome) -> Vec<Entry> {
    for _ in 0..10_000 {
        if let Ok(index) = home.open() {
            return index
                .range(&[0], &[u8::MAX], Direction::Ascending, usize::MAX)
                .unwrap();
        }
        std::thread::yield_now();
    }
    panic!("the index does not open");
}

/// Opens a copy with something done to its index; the index must then be what a rebuild gives.
fn opens_right(killed: &Killed, what: &str, harm: impl FnOnce(&Path)) -> Rebuilt {
    let dir = temp();
    copy(killed.at_end.path(), dir.path());
    harm(&dir.path().join("index"));
    let running = open(dir.path());
    let rebuilt = running.rebuilt.clone();
    let found = running.reader.scan(&whole(), usize::MAX / 2).unwrap();
    assert_eq!(found.len(), killed.entries.len(), "{what}: {rebuilt:?}");
    assert_eq!(found, killed.entries, "{what}: {rebuilt:?}");
    rebuilt
}

fn whole() -> daegeum_engine::store::KeyRange {
    daegeum_engine::store::KeyRange {
        from: vec![0],
        to: vec![u8::MAX],
        reverse: false,
    }
}

#[test]
fn a_lost_an_older_and_an_untouched_index_are_brought_to_the_journals_end() {
    let killed = killed();
    let as_it_was = opens_right(&killed, "untouched", |_| {});
    assert_eq!(as_it_was, Rebuilt::No { replayed: 0 });
    let lost = opens_right(&killed, "deleted", |index| {
        std::fs::remove_dir_all(index).unwrap()
    });
    assert_eq!(lost, Rebuilt::No { replayed: 360 }, "from nothing");
    let older = opens_right(&killed, "an older one", |index| {
        std::fs::remove_dir_all(index).unwrap();
        copy(&killed.half.path().join("index"), index);
    });
    assert_eq!(older, Rebuilt::No { replayed: 180 });
}

/// Whatever is done to sled's file: it opens as it was, as it was once, or not at all. Never a wrong answer.
#[test]
fn a_cut_or_overwritten_index_is_found_out() {
    let killed = killed();
    let seed = chance::seed();
    println!("PROPTEST_RNG_SEED={seed}");
    let mut dice = Dice(seed);
    let mut hurt = 0;
    for nth in 0..chance::cases(24) {
        let share = dice.below(1_000) as u64;
        let length_of_harm = 1 + dice.below(4_096);
        let rebuilt = opens_right(
            &killed,
            &format!("{nth}: harmed at {share} per mille"),
            |index| {
                let path = index.join("db");
                let length = std::fs::metadata(&path).unwrap().len();
                let at = length * share / 1_000;
                match nth % 2 {
                    0 => std::fs::OpenOptions::new()
                        .write(true)
                        .open(&path)
                        .unwrap()
                        .set_len(at)
                        .unwrap(),
                    _ => {
                        let mut bytes = std::fs::read(&path).unwrap();
                        let end = bytes.len().min(at as usize + length_of_harm);
                        bytes[at as usize..end].fill(0xa5);
                        std::fs::write(&path, bytes).unwrap();
                    }
                }
            },
        );
        hurt += usize::from(rebuilt != Rebuilt::No { replayed: 0 });
    }
    println!("{hurt} were felt");
    assert!(hurt > 0, "the harm was never felt");
}
