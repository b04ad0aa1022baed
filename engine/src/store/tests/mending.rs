//! An index that is damaged while the store is open: no answer is wrong, no batch is half done, and after the rebuild
//! everything is as before. Nothing waits for room.

use std::path::Path;
use std::sync::Arc;

use super::super::executor::Request;
use super::super::files::{Files, SimulatedFiles};
use super::super::index::{Harm, IndexHome as _, MemoryHome};
use super::super::keys;
use super::super::reader::Reader;
use super::super::served_index::Health;
use super::super::upkeep::Left;
use super::super::writer::{self, Unavailable};
use super::super::{JournalAccess, StoreError};
use super::super::{Store as _, verify};
use super::{Shop, made_anew, new_payment, on_sled, open, open_as, options};
use crate::id::OrderId;
use crate::store::opening::{OpenOptions, Rebuilt};

struct Harmed {
    files: SimulatedFiles,
    home: MemoryHome,
    harm: Harm,
    shop: Shop,
}

/// Ten orders with a payment each, all of it in the index.
fn harmed() -> Harmed {
    let files = SimulatedFiles::new();
    let harm = Harm::default();
    let home = MemoryHome::with(harm.clone());
    let dynamic: Arc<dyn Files> = Arc::new(files.clone());
    let mut shop = open(&dynamic, &home, Path::new("data"), 1_000_000);
    for n in 0..10 {
        let order = format!("o-{n}");
        shop.order(&order);
        let (payment, _) = shop.payment(&order, &order);
        shop.complete(payment);
    }
    apply(&shop);
    Harmed {
        files,
        home,
        harm,
        shop,
    }
}

fn apply(shop: &Shop) {
    while shop.upkeep.applier.turn().unwrap() > 0 {}
}

fn id(order: &str) -> OrderId {
    OrderId::parse(order).unwrap()
}

fn ask(shop: &mut Shop, orders: &[&str]) -> Result<usize, StoreError> {
    let requests = orders.iter().map(|order| Request {
        command: new_payment(order),
        keyed: None,
        request_id: "req_test".into(),
    });
    let executed = shop.executor.turn(requests.collect(), &mut shop.inputs)?;
    Ok(executed.len())
}

fn records(shop: &Shop) -> u64 {
    shop.executor.store().next_record()
}

/// `verify` finds no fault in the directory that a kill leaves.
fn is_sound_after(shop: Shop, files: &SimulatedFiles, home: &MemoryHome) {
    drop(shop);
    let files: Arc<dyn Files> = Arc::new(files.kill());
    let report = verify::verify(&files, home, &options(Path::new("data")), &mut |_| {});
    assert_eq!(report.unwrap().faults, Vec::<String>::new());
}

fn has(reader: &Reader, orders: &[&str]) {
    for order in orders {
        let found = reader.order(&id(order)).unwrap();
        assert!(found.is_some(), "{order}");
    }
}

#[test]
fn unreadable_key_is_never_absent_and_is_back_after_the_rebuild() {
    let Harmed {
        files,
        home,
        harm,
        shop,
    } = harmed();
    harm.unreadable(keys::order(&id("o-3")));
    let reader = shop.executor.store().reader();
    let refused = reader.order(&id("o-3"));
    assert!(matches!(refused, Err(StoreError::Index(_))), "{refused:?}");
    // From then on the index is not read.
    let refused = reader.order(&id("o-4"));
    assert!(matches!(refused, Err(StoreError::Index(_))), "{refused:?}");
    let health = shop.upkeep.applier.health();
    assert!(matches!(health, Health::Rebuilding { .. }), "{health:?}");
    apply(&shop);
    assert_eq!(shop.upkeep.applier.health(), Health::Well);
    assert_eq!(shop.upkeep.applier.rebuilds(), 1);
    for n in 0..10 {
        let order = reader.order(&id(&format!("o-{n}"))).unwrap();
        assert!(order.is_some(), "o-{n}");
    }
    is_sound_after(shop, &files, &home);
}

/// Any one bit of any value: the next reader of it gets an error, and the rebuild corrects it.
#[test]
fn altered_bit_of_any_value_is_found_when_it_is_read() {
    let Harmed { home, shop, .. } = harmed();
    let reader = shop.executor.store().reader();
    let all = super::super::KeyRange {
        from: vec![0],
        to: vec![u8::MAX],
        reverse: false,
    };
    let right = reader.scan(&all, 10_000).unwrap();
    for at in 0..right.len() {
        let key = home.index().flip(at, at * 7).unwrap();
        let refused = reader.scan(&all, 10_000);
        assert!(matches!(refused, Err(StoreError::Index(_))), "{key:?}");
        apply(&shop);
        assert_eq!(reader.scan(&all, 10_000).unwrap(), right, "{key:?}");
    }
}

#[test]
fn batch_that_meets_an_unreadable_key_is_not_done_and_can_be_repeated() {
    let Harmed {
        files,
        home,
        harm,
        mut shop,
    } = harmed();
    let before = records(&shop);
    harm.unreadable(keys::order(&id("o-3")));
    for n in 10..12 {
        shop.order(&format!("o-{n}"));
    }
    let refused = ask(&mut shop, &["o-10", "o-3", "o-11"]);
    assert!(matches!(refused, Err(StoreError::Index(_))), "{refused:?}");
    assert_eq!(
        records(&shop),
        before + 2,
        "the two orders, and nothing else"
    );
    apply(&shop);
    assert_eq!(ask(&mut shop, &["o-10", "o-3", "o-11"]).unwrap(), 3);
    apply(&shop);
    is_sound_after(shop, &files, &home);
}

#[test]
fn writer_goes_on_and_readers_are_told_to_retry() {
    let Harmed { harm, mut shop, .. } = harmed();
    harm.unreadable(keys::order(&id("o-3")));
    let (queue, jobs) = writer::queue(4);
    let (tell, told) = std::sync::mpsc::channel();
    for order in ["o-3", "o-4"] {
        let (request, tell) = (new_payment(order), tell.clone());
        let request = Request {
            command: request,
            keyed: None,
            request_id: "req_test".into(),
        };
        queue.submit(request, move |outcome| {
            tell.send(outcome.map(drop)).unwrap();
        });
    }
    let ran = writer::run_queued(&mut shop.executor, &jobs, &mut shop.inputs, &mut |_| {});
    assert!(ran.unwrap());
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told, [Err(Unavailable::Rebuilding); 2]);
}

/// Commits go on during the rebuild; the new index has each of them once.
#[test]
fn commits_during_a_rebuild_are_in_the_new_index() {
    let Harmed {
        files,
        home,
        harm,
        mut shop,
    } = harmed();
    harm.unreadable(keys::order(&id("o-3")));
    assert!(shop.executor.store().reader().order(&id("o-3")).is_err());
    for n in 20.. {
        // A new order needs nothing of the index, because the absence filter knows that its keys are absent.
        shop.order(&format!("o-{n}"));
        shop.upkeep.applier.turn().unwrap();
        if shop.upkeep.applier.health() == Health::Well {
            break;
        }
        assert!(n < 40, "it is never done");
    }
    shop.order("o-late");
    apply(&shop);
    let reader = shop.executor.store().reader();
    has(&reader, &["o-20", "o-late"]);
    is_sound_after(shop, &files, &home);
}

#[test]
fn index_that_cannot_be_written_or_opened_is_rebuilt_as_soon_as_possible() {
    let Harmed {
        files,
        home,
        harm,
        mut shop,
    } = harmed();
    harm.fail_writes_after(1);
    harm.fail_openings(3);
    shop.order("o-new");
    let mut turns = 0;
    while shop.upkeep.applier.health() != Health::Well || turns == 0 {
        shop.upkeep.applier.turn().unwrap();
        turns += 1;
        assert!(turns < 1_000, "{:?}", shop.upkeep.applier.health());
    }
    let reader = shop.executor.store().reader();
    has(&reader, &["o-new", "o-3"]);
    is_sound_after(shop, &files, &home);
}

#[test]
fn applier_waits_for_room_before_the_index_meets_a_full_disk() {
    let Harmed {
        files,
        home,
        mut shop,
        ..
    } = harmed();
    shop.order("o-new");
    files.set_capacity(Some(0));
    for _ in 0..5 {
        assert_eq!(shop.upkeep.applier.turn().unwrap(), 0);
    }
    let health = shop.upkeep.applier.health();
    assert!(matches!(health, Health::NoRoom(_)), "{health:?}");
    let reader = shop.executor.store().reader();
    assert!(
        reader.order(&id("o-3")).unwrap().is_some(),
        "reading goes on"
    );
    has(&reader, &["o-new"]);
    files.set_capacity(None);
    apply(&shop);
    assert_eq!(shop.upkeep.applier.health(), Health::Well);
    assert_eq!(shop.upkeep.applier.rebuilds(), 0);
    is_sound_after(shop, &files, &home);
}

#[test]
fn index_that_met_a_full_disk_is_reopened_once_there_is_room() {
    let Harmed {
        files,
        home,
        harm,
        mut shop,
    } = harmed();
    shop.order("o-new");
    harm.set_full(true);
    for _ in 0..5 {
        shop.upkeep.applier.turn().unwrap();
        let health = shop.upkeep.applier.health();
        assert!(matches!(health, Health::NoRoom(_)), "{health:?}");
    }
    let refused = shop.executor.store().reader().order(&id("o-3"));
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    harm.set_full(false);
    made_anew(&shop.upkeep);
    apply(&shop);
    assert_eq!(shop.upkeep.applier.rebuilds(), 0, "it has only to catch up");
    let reader = shop.executor.store().reader();
    has(&reader, &["o-new"]);
    is_sound_after(shop, &files, &home);
}

#[test]
fn stop_on_a_full_disk_or_in_a_rebuild_loses_nothing() {
    for full in [true, false] {
        let Harmed {
            files,
            home,
            harm,
            mut shop,
        } = harmed();
        shop.order("o-new");
        if full {
            files.set_capacity(Some(0));
            shop.upkeep.applier.turn().unwrap();
        } else {
            harm.unreadable(keys::order(&id("o-3")));
            assert!(shop.executor.store().reader().order(&id("o-3")).is_err());
        }
        let left = shop.upkeep.finish(shop.executor.store().journal()).unwrap();
        assert_eq!(left == Left::InOrder, !full, "{left:?}");
        drop(shop);
        files.set_capacity(None);
        let files = files.kill();
        let dynamic: Arc<dyn Files> = Arc::new(files.clone());
        let shop = open(&dynamic, &home, Path::new("data"), 2_000_000);
        let reader = shop.executor.store().reader();
        has(&reader, &["o-new", "o-3"]);
        is_sound_after(shop, &files, &home);
    }
}

/// A start whose index does not open does not fail: it answers nothing from the index until it has rebuilt it.
#[test]
fn start_whose_index_does_not_open_rebuilds_it() {
    let Harmed {
        files,
        home,
        harm,
        shop,
    } = harmed();
    drop(shop);
    harm.fail_openings(2);
    let files = files.kill();
    let dynamic: Arc<dyn Files> = Arc::new(files.clone());
    let shop = open(&dynamic, &home, Path::new("data"), 2_000_000);
    assert!(matches!(shop.rebuilt, Rebuilt::Because(_)));
    has(&shop.executor.store().reader(), &["o-3"]);
    is_sound_after(shop, &files, &home);
}

/// A start does not replay for minutes before the store is open: an index far behind is caught up while the store
/// runs, and rebuilt if that fails.
#[test]
fn index_far_behind_is_brought_up_while_the_store_is_open() {
    for unwritable in [false, true] {
        let Harmed {
            files,
            home,
            harm,
            shop,
        } = harmed();
        drop(shop);
        home.set_aside().unwrap();
        let dynamic: Arc<dyn Files> = Arc::new(files.clone());
        let options = OpenOptions {
            replayed_at_once: 3,
            ..options(Path::new("data"))
        };
        let shop = open_as(&dynamic, &home, options, 2_000_000);
        assert!(matches!(shop.rebuilt, Rebuilt::NotYet(_)));
        let refused = shop.executor.store().reader().order(&id("o-3"));
        assert!(matches!(refused, Err(StoreError::Index(_))), "{refused:?}");
        if unwritable {
            harm.fail_writes_after(1);
        }
        made_anew(&shop.upkeep);
        assert_eq!(shop.upkeep.applier.rebuilds(), u64::from(unwritable));
        has(&shop.executor.store().reader(), &["o-3"]);
        is_sound_after(shop, &files, &home);
    }
}

/// Without room no index is opened, and a sound one is not given up for it.
#[test]
fn start_on_a_full_disk_waits_for_room_and_keeps_its_index() {
    for without_index in [true, false] {
        let Harmed {
            files,
            home,
            harm,
            shop,
        } = harmed();
        drop(shop);
        if without_index {
            home.set_aside().unwrap();
        }
        harm.set_full(true);
        let files = files.kill();
        let dynamic: Arc<dyn Files> = Arc::new(files.clone());
        let shop = open(&dynamic, &home, Path::new("data"), 2_000_000);
        assert!(matches!(shop.rebuilt, Rebuilt::NotYet(_)));
        let reader = shop.executor.store().reader();
        for _ in 0..100 {
            let refused = reader.order(&id("o-3")).unwrap_err();
            assert!(matches!(refused, StoreError::Full(_)), "{refused}");
            shop.upkeep.applier.turn().unwrap();
        }
        harm.set_full(false);
        made_anew(&shop.upkeep);
        assert_eq!(shop.upkeep.applier.rebuilds(), 0);
        has(&reader, &["o-3"]);
        is_sound_after(shop, &files, &home);
    }
}

/// The same with sled: its files are moved away and rebuilt under an open store.
#[test]
fn distrusted_sled_is_set_aside_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (files, home) = on_sled(dir.path());
    let mut shop = open(&files, &home, dir.path(), 1_000_000);
    for n in 0..50 {
        shop.order(&format!("o-{n}"));
    }
    apply(&shop);
    let reader = shop.executor.store().reader();
    let said = reader.0.served.distrust("a test says so");
    assert!(said.is_passing(), "{said}");
    shop.order("o-50");
    apply(&shop);
    for n in 0..51 {
        assert!(reader.order(&id(&format!("o-{n}"))).unwrap().is_some());
    }
    assert!(dir.path().join("index.set-aside").is_dir());
    let left = shop.upkeep.finish(shop.executor.store().journal()).unwrap();
    assert_eq!(left, Left::InOrder);
}

/// A damaged journal cannot be mended: the error names the place, and the store stops.
#[test]
fn rebuild_over_a_damaged_journal_fails_and_names_the_byte() {
    let Harmed {
        files, harm, shop, ..
    } = harmed();
    let segment = Path::new("data/journal/00000001.seg");
    files.flip(segment, 700, 3);
    harm.unreadable(keys::order(&id("o-3")));
    assert!(shop.executor.store().reader().order(&id("o-3")).is_err());
    let said = loop {
        match shop.upkeep.applier.turn() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let known = said.failure().unwrap();
    assert!(matches!(said, StoreError::Failed(_)), "{said}");
    assert_eq!(known.during(), Some(JournalAccess::Read), "{said}");
    assert!(known.offset().is_some(), "{said}");
    assert!(said.to_string().contains("00000001.seg at byte"), "{said}");
}
