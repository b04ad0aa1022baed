//! A real sled index that is lost, cut, overwritten, or replaced by an older one: detected and repaired.
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
use daegeum_engine::store::index::{Checked, Direction, Entry, IndexHome, SledHome};
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
            return Checked::over(index)
                .range(&[0], &[u8::MAX], Direction::Ascending, usize::MAX)
                .unwrap();
        }
        std::thread::yield_now();
    }
    panic!("the index does not open");
}

/// Opens a copy with a damaged index; the index must then be as after a rebuild.
fn opens_right(killed: &Killed, what: &str, harm: impl FnOnce(&Path)) -> Rebuilt {
    let dir = temp();
    copy(killed.at_end.path(), dir.path());
    harm(&dir.path().join("index"));
    let running = open(dir.path());
    let rebuilt = running.rebuilt.clone();
    let found = read_all(&running, what);
    assert_eq!(found.len(), killed.entries.len(), "{what}: {rebuilt:?}");
    assert_eq!(found, killed.entries, "{what}: {rebuilt:?}");
    rebuilt
}

/// All entries. What does not read is mended first, and nothing else may be wrong.
fn read_all(running: &Running, what: &str) -> Vec<Entry> {
    loop {
        match running.reader.scan(&whole(), usize::MAX / 2) {
            Ok(found) => return found,
            Err(error) => assert!(error.is_passing(), "{what}: {error}"),
        }
        running.upkeep.applier.turn().unwrap();
    }
}

fn whole() -> daegeum_engine::store::KeyRange {
    daegeum_engine::store::KeyRange {
        from: vec![0],
        to: vec![u8::MAX],
        reverse: false,
    }
}

#[test]
fn lost_older_and_untouched_indexes_are_brought_to_the_journals_end() {
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

/// Whatever is done to sled's file: it opens in its present state, in an earlier one, or not at all. It never gives a
/// wrong answer.
#[test]
fn cut_or_overwritten_index_is_detected() {
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

/// A directory with two clean restarts behind it, so that sled has snapshots, and a third of its work after them: as
/// a kill leaves it, and as a clean stop does.
fn restarted() -> [Killed; 2] {
    let mut clock = Clock::new();
    let mut dir = temp();
    for session in 0..2 {
        let mut running = open(dir.path());
        work(&mut running, &mut clock, session * 150..(session + 1) * 150);
        let journal = running.executor.store().journal();
        running.upkeep.finish(journal).unwrap();
        drop(running);
        // sled keeps its lock for a moment after it is dropped, so only copies are opened.
        let next = temp();
        copy(dir.path(), next.path());
        dir = next;
    }
    let mut running = open(dir.path());
    work(&mut running, &mut clock, 300..450);
    let killed = temp();
    copy(dir.path(), killed.path());
    let journal = running.executor.store().journal();
    running.upkeep.finish(journal).unwrap();
    drop(running);
    let entries = rebuilt_entries(dir.path());
    let of = |at_end| Killed {
        at_end,
        half: temp(),
        entries: entries.clone(),
    };
    [of(killed), of(dir)]
}

fn rebuilt_entries(dir: &Path) -> Vec<Entry> {
    let reference = temp();
    copy(dir, reference.path());
    std::fs::remove_dir_all(reference.path().join("index")).unwrap();
    let running = open(reference.path());
    running.reader.scan(&whole(), usize::MAX / 2).unwrap()
}

/// Files below `index/`, each as often as it has megabytes, and once at least.
fn files_below(index: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(index).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            let weight = 1 + entry.metadata().unwrap().len() / (1 << 18);
            files.extend((0..weight).map(|_| entry.path()));
        }
    }
    files.sort();
    files
}

fn harm(index: &Path, dice: &mut Dice) -> String {
    let files = files_below(index);
    let path = &files[dice.below(files.len())];
    let mut bytes = std::fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let at = dice.below(bytes.len());
    let said = match dice.below(3) {
        0 => {
            bytes[at] ^= 1 << dice.below(8);
            format!("a bit of {name} at {at}")
        }
        1 => {
            let end = bytes.len().min(at + 512);
            bytes[at..end].fill(0);
            format!("a sector of zeros in {name} at {at}")
        }
        _ => {
            let end = bytes.len().min(at + 1 + dice.below(4_096));
            bytes[at..end].fill_with(|| dice.below(256) as u8);
            format!("rubbish in {name} from {at} to {end}")
        }
    };
    std::fs::write(path, bytes).unwrap();
    said
}

/// Whatever is damaged below `index/`, at rest after a kill or a clean stop: the store opens, never gives a wrong
/// answer, and ends with the index that a rebuild makes.
#[test]
fn random_damage_of_a_sled_with_snapshots_is_detected() {
    let seed = chance::seed();
    println!("PROPTEST_RNG_SEED={seed}");
    let mut dice = Dice(seed);
    let stopped = restarted();
    let (mut at_start, mut later) = (0, 0);
    for nth in 0..chance::cases(40) {
        let left = &stopped[nth as usize % 2];
        let dir = temp();
        copy(left.at_end.path(), dir.path());
        let what = harm(&dir.path().join("index"), &mut dice);
        let running = open(dir.path());
        at_start += u32::from(!matches!(running.rebuilt, Rebuilt::No { .. }));
        let found = read_all(&running, &what);
        later += running.upkeep.applier.rebuilds();
        let stale = left.entries.iter().filter(|entry| !found.contains(entry));
        assert_eq!(
            (stale.count(), found.len()),
            (0, left.entries.len()),
            "{nth}: {what}: {:?}",
            running.rebuilt
        );
    }
    println!("{at_start} were found at the start, {later} later");
}
