//! Power loss and kills at every kind of moment of a recorded day of the whole store, with the index of that moment,
//! an older one, none, and one of another journal.

use std::path::Path;
use std::sync::Arc;

use daegeum_engine::command::MockResult;
use daegeum_engine::idempotency::Answer;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::Store as _;
use daegeum_engine::store::files::SimulatedFiles;
use daegeum_engine::store::index::{Index, MemoryHome, MemoryIndex};
use daegeum_engine::store::opening::Rebuilt;
use daegeum_engine::store::record::Record;
use daegeum_engine::store::verify;

use crate::chance::{self, Dice};
use crate::machine::{Clock, DATA, Machine, copy_of, dynamic, faults_of, options, request};
use crate::shop;

/// The acknowledged state at some moment of the day.
struct Moment {
    /// Operations on the disk until then.
    operation: u64,
    /// Records that had been acknowledged.
    acknowledged: u64,
    /// The index as it was.
    index: Arc<MemoryIndex>,
}

struct Day {
    disk: SimulatedFiles,
    clock: Clock,
    moments: Vec<Moment>,
    records: Vec<Record>,
    /// Operations from the stop in order to the start after it.
    stop: std::ops::Range<u64>,
}

impl Day {
    /// Orders, payments, answers and refusals, with the upkeep's turns among them, over several segments, and a
    /// stop in order in the middle.
    fn record(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut machine = Machine::on(
            SimulatedFiles::recording(),
            MemoryHome::default(),
            Clock::new(),
        )
        .unwrap();
        let begin = Moment {
            operation: 0,
            acknowledged: 0,
            index: Arc::default(),
        };
        let mut moments = vec![begin, moment(&machine)];
        let mut stop = 0..0;
        for n in 0..60 {
            if n == 30 {
                stop.start = machine.files.operations();
                let (files, home, clock) = machine.stop();
                machine = Machine::on(files, home, clock).unwrap();
                stop.end = machine.files.operations();
                moments.push(moment(&machine));
            }
            let mode = if n % 3 == 0 {
                CaptureMode::OnConfirmation
            } else {
                CaptureMode::Automatic
            };
            let batch = vec![
                request(shop::create_order(n, mode), Some(shop::keyed(n as u64, 1))),
                request(
                    shop::create_payment(n),
                    Some(shop::keyed(1_000 + n as u64, 1)),
                ),
                request(shop::create_payment(n), None),
            ];
            let executed = machine.turn(batch).unwrap();
            let payment = shop::payment_of(&executed[1]);
            moments.push(moment(&machine));
            upkeep(&mut machine, &mut dice, &mut moments);
            let results = [MockResult::Success, MockResult::Fail, MockResult::NoAnswer];
            machine.run(shop::complete(payment, results[dice.below(3)]));
            moments.push(moment(&machine));
            upkeep(&mut machine, &mut dice, &mut moments);
            machine.clock.now += 1;
        }
        let records = machine.running.executor.store().replay(1);
        let records = records.map(|record| record.unwrap().1).collect();
        let (disk, clock) = (machine.files.clone(), machine.clock.clone());
        Self {
            disk,
            clock,
            moments,
            records,
            stop,
        }
    }

    /// The acknowledged state when the disk did this operation.
    fn before(&self, operation: u64) -> &Moment {
        self.moments
            .iter()
            .rev()
            .find(|moment| moment.operation <= operation)
            .unwrap()
    }
}

fn moment(machine: &Machine) -> Moment {
    Moment {
        operation: machine.files.operations(),
        acknowledged: machine.running.executor.store().next_record() - 1,
        index: copy_of(machine.home.index().as_ref()),
    }
}

fn upkeep(machine: &mut Machine, dice: &mut Dice, moments: &mut Vec<Moment>) {
    let upkeep = &machine.running.upkeep;
    match dice.below(6) {
        0 | 1 => drop(upkeep.applier.turn().unwrap()),
        2 => drop(upkeep.flusher.turn().unwrap()),
        3 => drop(upkeep.prepare().unwrap()),
        _ => return,
    }
    moments.push(moment(machine));
}

/// Opens the remains; every acknowledged commit has to be there, and nothing may be wrong.
fn opens(day: &Day, disk: SimulatedFiles, home: MemoryHome, at: u64, what: &str) -> Machine {
    let machine = Machine::on(disk, home, day.clock.clone())
        .unwrap_or_else(|error| panic!("{what} at {at}: {error}"));
    let kept: Vec<Record> = machine
        .running
        .executor
        .store()
        .replay(1)
        .map(|record| record.unwrap().1)
        .collect();
    let acknowledged = day.before(at).acknowledged as usize;
    assert!(
        kept.len() >= acknowledged,
        "{what} at {at}: {} of {acknowledged}",
        kept.len()
    );
    assert_eq!(kept[..], day.records[..kept.len()], "{what} at {at}");
    machine
}

/// The index has, key by key, what a rebuild would have; and the store goes on.
fn is_right(mut machine: Machine, at: u64, what: &str) {
    let executed = machine.run(shop::create_order(5_000, CaptureMode::Automatic));
    assert!(
        matches!(executed.answer, Answer::Order { status: 201, .. }),
        "{what} at {at}"
    );
    let (files, home, _) = machine.stop();
    assert_eq!(
        faults_of(&files, &home),
        Vec::<String>::new(),
        "{what} at {at}"
    );
    let rebuilt = MemoryHome::default();
    verify::rebuild(
        &dynamic(&files),
        &rebuilt,
        &options(Path::new(DATA)),
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(
        entries(home.index().as_ref()),
        entries(rebuilt.index().as_ref()),
        "{what} at {at}"
    );
}

fn entries(index: &dyn Index) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    index
        .visit(&mut |key, value| {
            entries.push((key.to_vec(), value.to_vec()));
            true
        })
        .unwrap();
    entries
}

fn points(day: &Day, count: u32) -> Vec<u64> {
    let all = day.disk.operations();
    let count = u64::from(chance::cases(count)).min(all).max(1);
    (0..count).map(|nth| nth * all / count).collect()
}

#[test]
fn no_acknowledged_commit_is_lost_when_the_power_fails() {
    let seed = chance::seed();
    println!("PROPTEST_RNG_SEED={seed}");
    let day = Day::record(seed);
    let points = points(&day, 320);
    for (nth, at) in points.iter().enumerate() {
        let disk = day.disk.power_lost_at(*at, seed.wrapping_add(nth as u64));
        // Whichever index there is: after another boot it is not trusted.
        let old = &day.before(at / 2).index;
        let index = [
            copy_of(day.before(*at).index.as_ref()),
            copy_of(old.as_ref()),
            Arc::default(),
        ];
        let home = MemoryHome::holding(Arc::clone(&index[nth % 3]));
        let machine = opens(&day, disk, home, *at, "power lost");
        let rebuilt = &machine.running.rebuilt;
        let some = machine.running.executor.store().next_record() > 1;
        // Only after a clean stop may it be trusted.
        let stopped = day.stop.contains(at) && matches!(rebuilt, Rebuilt::No { .. });
        assert!(
            stopped || matches!(rebuilt, Rebuilt::Because(_)) == some,
            "at {at}: {rebuilt:?}"
        );
        is_right(machine, *at, "power lost");
    }
}

#[test]
fn killed_store_goes_on_with_any_index() {
    let seed = chance::seed();
    println!("PROPTEST_RNG_SEED={seed}");
    let (day, other) = (Day::record(seed), Day::record(seed.wrapping_add(1)));
    let (mut strangers, mut turned_away) = (0, 0);
    for (nth, at) in points(&day, 320).into_iter().enumerate() {
        let disk = day.disk.killed_at(at, seed.wrapping_add(nth as u64));
        let (index, what, believed) = match nth % 4 {
            0 => (
                copy_of(day.before(at).index.as_ref()),
                "the index as it was",
                true,
            ),
            1 => (
                copy_of(day.before(at / 2).index.as_ref()),
                "an older index",
                true,
            ),
            2 => (Arc::new(MemoryIndex::new()), "no index", true),
            _ => (
                copy_of(other.before(at / 2).index.as_ref()),
                "another's index",
                false,
            ),
        };
        let foreign = !believed && day.before(at).acknowledged > 30 && index.count().unwrap() > 20;
        let machine = opens(&day, disk, MemoryHome::holding(index), at, what);
        let rebuilt = &machine.running.rebuilt;
        // Two days may begin alike; then the other's index belongs to our own history, and is valid.
        let refused = matches!(rebuilt, Rebuilt::Because(why) if why.contains("another"));
        strangers += usize::from(foreign);
        turned_away += usize::from(foreign && refused);
        is_right(machine, at, what);
    }
    assert!(
        strangers > 20 && turned_away * 2 > strangers,
        "{turned_away} of {strangers}"
    );
}

#[test]
fn index_ahead_of_its_journal_is_refused_with_a_message() {
    let day = Day::record(7);
    let at = day.disk.operations() / 2;
    let last = day.moments.last().unwrap();
    let home = MemoryHome::holding(copy_of(last.index.as_ref()));
    let error = match Machine::on(day.disk.killed_at(at, 1), home, day.clock.clone()) {
        Ok(_) => panic!("a journal without its end was opened"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("the index has records up to"), "{error}");
    assert!(error.contains("daegeum rebuild"), "{error}");
}

#[test]
fn reboot_forces_a_rebuild_although_nothing_is_lost() {
    let machine = Machine::new();
    let mut machine = machine;
    machine.run(shop::create_order(1, CaptureMode::Automatic));
    machine.running.upkeep.applier.turn().unwrap();
    let disk = machine.files.kill();
    disk.set_boot(99);
    let home = machine.home.clone();
    let machine = machine.again(disk, home);
    assert!(matches!(&machine.running.rebuilt, Rebuilt::Because(why) if why.contains("power")));
    is_right(machine, 0, "another boot");
}
