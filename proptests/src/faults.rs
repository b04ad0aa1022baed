//! Full disks and failing disks, at every write and every sync of a day of the whole store.

use daegeum_engine::command::{Command, MockResult};
use daegeum_engine::idempotency::Answer;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::files::{Counters, FaultOn, SimulatedFiles};
use daegeum_engine::store::index::MemoryHome;
use daegeum_engine::store::record::Record;
use daegeum_engine::store::{Store as _, StoreError};

use crate::machine::{Clock, Machine, faults_of};
use crate::shop;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const ORDERS: usize = 40;

/// The commands of the day; a payment is known only once it was begun.
fn command(machine: &Machine, step: usize) -> Command {
    let n = step / 3;
    let first = |n| {
        let order = machine
            .running
            .reader
            .order(&shop::order_id(n))
            .unwrap()
            .unwrap();
        order.value.core().payments[0]
    };
    match step % 3 {
        0 => shop::create_order(n, CaptureMode::Automatic),
        1 => shop::create_payment(n),
        _ => shop::complete(first(n), MockResult::Success),
    }
}

/// Works until the first failure; returns the records acknowledged until then, and the failure.
fn works(machine: &mut Machine, from: usize) -> (usize, Option<StoreError>) {
    for step in from..ORDERS * 3 {
        let command = command(machine, step);
        let request = crate::machine::request(command, None);
        if let Err(error) = machine.turn(vec![request]) {
            return (step, Some(error));
        }
        if step % 7 == 0 {
            machine.running.upkeep.applier.turn().unwrap();
        }
    }
    (ORDERS * 3, None)
}

fn records(machine: &Machine) -> Vec<Record> {
    machine
        .running
        .executor
        .store()
        .replay(1)
        .map(|record| record.unwrap().1)
        .collect()
}

/// The number of operations of the day, and of the start alone.
fn counters() -> (Counters, Counters) {
    let mut machine = Machine::new();
    let start = machine.files.counters();
    assert!(works(&mut machine, 0).1.is_none());
    (start, machine.files.counters())
}

#[test]
fn failing_disk_ends_the_store_and_loses_nothing_acknowledged() {
    let (start, end) = counters();
    let faults = (start.writes + 1..=end.writes).map(|nth| (FaultOn::Write, nth));
    let faults = faults.chain((start.syncs + 1..=end.syncs).map(|nth| (FaultOn::Sync, nth)));
    let faults = faults.chain((start.creates + 1..=end.creates).map(|nth| (FaultOn::Create, nth)));
    let mut tried = 0;
    for (on, nth) in faults {
        let mut machine = Machine::new();
        machine.files.fail(on, nth, EIO);
        let (acknowledged, error) = works(&mut machine, 0);
        let error = error.unwrap_or_else(|| panic!("{on:?} {nth} was not noticed"));
        assert!(
            matches!(error, StoreError::Failed(_)),
            "{on:?} {nth}: {error}"
        );
        let durable = records(&machine);
        assert_eq!(
            durable.len(),
            acknowledged,
            "{on:?} {nth}: nothing else is shown"
        );
        if on != FaultOn::Create {
            let request = crate::machine::request(command(&machine, 0), None);
            let fresh =
                crate::machine::request(shop::create_order(999, CaptureMode::Automatic), None);
            drop(machine.turn(vec![request]));
            assert!(
                machine.turn(vec![fresh]).is_err(),
                "{on:?} {nth}: it went on"
            );
        }
        for disk in [machine.files.kill(), machine.files.power_loss(nth)] {
            let opened = Machine::on(disk, MemoryHome::default(), Clock::new());
            let opened = opened.unwrap_or_else(|error| panic!("{on:?} {nth}: {error}"));
            let kept = records(&opened);
            assert!(kept.len() >= acknowledged, "{on:?} {nth}");
            assert_eq!(kept[..acknowledged], durable, "{on:?} {nth}");
            assert_eq!(opened.faults(), Vec::<String>::new(), "{on:?} {nth}");
        }
        tried += 1;
    }
    assert!(tried > 200, "{tried}");
}

/// "No space left" from the write itself: a commit may be half written, so it is a failure like any other. If only a
/// segment could not be made, nothing was written, and work continues once there is room.
#[test]
fn disk_that_becomes_full_at_any_write_loses_nothing_acknowledged() {
    let (start, end) = counters();
    for nth in start.writes + 1..=end.writes {
        let mut machine = Machine::new();
        machine.files.fail(FaultOn::Write, nth, ENOSPC);
        let (acknowledged, error) = works(&mut machine, 0);
        let machine = match error {
            Some(StoreError::Full(_)) => {
                assert_eq!(records(&machine).len(), acknowledged, "write {nth}");
                assert!(works(&mut machine, acknowledged).1.is_none(), "write {nth}");
                machine
            }
            Some(_) => {
                let disk = machine.files.power_loss(nth);
                Machine::on(disk, MemoryHome::default(), Clock::new()).unwrap()
            }
            None => panic!("write {nth} was not noticed"),
        };
        assert!(records(&machine).len() >= acknowledged, "write {nth}");
        assert_eq!(machine.faults(), Vec::<String>::new(), "write {nth}");
    }
}

#[test]
fn full_disk_refuses_without_effect_and_works_again_with_room() {
    let mut machine =
        Machine::on(SimulatedFiles::new(), MemoryHome::default(), Clock::new()).unwrap();
    for spare in [0_u64, 4_096, 10_000, 24 << 10] {
        let used = 26 << 10;
        machine.files.set_capacity(Some(used + spare));
        let before = records(&machine);
        let mut refused = None;
        for n in 0..400 {
            let new =
                shop::create_order(10_000 + spare as usize * 1_000 + n, CaptureMode::Automatic);
            let known = records(&machine).len();
            match machine.turn(vec![crate::machine::request(new.clone(), None)]) {
                Ok(_) => {}
                Err(StoreError::Full(why)) => {
                    assert_eq!(records(&machine).len(), known, "nothing of it happened");
                    let Command::CreateOrder(order) = &new else {
                        unreachable!()
                    };
                    assert!(
                        machine
                            .running
                            .reader
                            .order(&order.order_id)
                            .unwrap()
                            .is_none()
                    );
                    refused = Some((new, why));
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        let (new, why) = refused.expect("the disk runs full");
        assert!(why.to_string().contains("no room"), "{why}");
        assert!(records(&machine).len() >= before.len());
        assert_eq!(
            machine.running.reader.last_event(),
            records(&machine).len() as u64
        );
        machine.files.set_capacity(None);
        let executed = machine.run(new);
        assert!(matches!(
            executed.answer,
            Answer::Order {
                status: 201,
                version: 1,
                ..
            }
        ));
    }
    let (files, home, _) = machine.stop();
    assert_eq!(faults_of(&files, &home), Vec::<String>::new());
}
