//! Errors of a failing disk: each keeps the journal's operation, the file, the byte, and the system's own error.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Shop, new_order, open, options};
use crate::store::executor::Request;
use crate::store::files::{FaultOn, Files, SimulatedFiles};
use crate::store::index::MemoryHome;
use crate::store::opening::{Directory, OpenOptions};
use crate::store::{JournalAccess, StoreError, StoreFailure, verify};

const EIO: i32 = 5;

fn dir() -> &'static Path {
    Path::new("data")
}

fn segment() -> PathBuf {
    dir().join("journal/00000001.seg")
}

fn shop() -> (SimulatedFiles, Shop) {
    let files = SimulatedFiles::new();
    let disk: Arc<dyn Files> = Arc::new(files.clone());
    let mut shop = open(&disk, &MemoryHome::default(), dir(), 1_000);
    shop.order("o-1");
    (files, shop)
}

/// The error of an order that cannot be registered.
fn refused(shop: &mut Shop) -> StoreError {
    let request = Request {
        command: new_order("o-2"),
        keyed: None,
        request_id: "req_test".into(),
    };
    shop.executor
        .turn(vec![request], &mut shop.inputs)
        .err()
        .unwrap()
}

fn known(error: &StoreError) -> &StoreFailure {
    error
        .failure()
        .unwrap_or_else(|| panic!("nothing is known of {error}"))
}

#[test]
fn a_failed_write_is_of_an_append_with_file_and_refusal() {
    let (files, mut shop) = shop();
    files.fail(FaultOn::Write, files.counters().writes + 1, EIO);
    let error = refused(&mut shop);
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    assert_eq!(known(&error).during(), Some(JournalAccess::Append));
    assert_eq!(known(&error).file(), Some(segment().as_path()));
    let eio = io::Error::from_raw_os_error(EIO).kind();
    assert_eq!(known(&error).io_kind(), Some(eio));
}

#[test]
fn a_failed_sync_is_of_a_sync_and_what_follows_is_refused_without_a_file() {
    let (files, mut shop) = shop();
    files.fail(FaultOn::Sync, files.counters().syncs + 1, EIO);
    let error = refused(&mut shop);
    assert_eq!(known(&error).during(), Some(JournalAccess::Sync));
    assert_eq!(known(&error).file(), Some(segment().as_path()));
    let after = refused(&mut shop);
    assert_eq!(known(&after).during(), Some(JournalAccess::Append));
    assert_eq!(known(&after).file(), None);
    assert_eq!(known(&after).io_kind(), None);
}

#[test]
fn a_segment_without_room_is_a_full_disk_that_names_it() {
    let files = SimulatedFiles::new();
    let disk: Arc<dyn Files> = Arc::new(files.clone());
    let small = OpenOptions {
        journal: crate::store::journal::JournalOptions {
            segment_bytes: 8 << 10,
            max_body_bytes: 7 << 10,
            ..options(dir()).journal
        },
        ..options(dir())
    };
    let mut shop = super::open_as(&disk, &MemoryHome::default(), small, 1_000);
    files.set_capacity(Some(24 << 10));
    let error = (0..200)
        .find_map(|n| {
            let request = Request {
                command: new_order(&format!("o-{n}")),
                keyed: None,
                request_id: "req_test".into(),
            };
            shop.executor.turn(vec![request], &mut shop.inputs).err()
        })
        .unwrap();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert_eq!(known(&error).during(), Some(JournalAccess::Append));
    let file = known(&error).file().unwrap();
    assert!(file.starts_with(dir().join("journal")), "{file:?}");
}

#[test]
fn an_altered_byte_is_named_by_opening_and_by_reading() {
    let (files, shop) = shop();
    shop.upkeep.finish(shop.executor.store().journal()).unwrap();
    drop(shop);
    files.flip(&segment(), 700, 3);
    let disk: Arc<dyn Files> = Arc::new(files);
    let opened = Directory::open(&disk, &MemoryHome::default(), options(dir()), &mut |_| {});
    let verified = verify::verify(&disk, &MemoryHome::default(), &options(dir()), &mut |_| {});
    for (error, during) in [
        (opened.err().unwrap(), JournalAccess::Open),
        (verified.err().unwrap(), JournalAccess::Read),
    ] {
        assert!(matches!(error, StoreError::Failed(_)), "{error}");
        assert_eq!(known(&error).during(), Some(during), "{error}");
        assert_eq!(known(&error).file(), Some(segment().as_path()), "{error}");
        assert!(known(&error).offset().is_some(), "{error}");
    }
}

#[test]
fn a_file_beside_the_journal_is_named_with_what_was_done_to_it() {
    let mut errors = Vec::new();
    for nth in 1..20 {
        let files = SimulatedFiles::new();
        files.fail(FaultOn::Create, nth, EIO);
        let disk: Arc<dyn Files> = Arc::new(files);
        let opened = Directory::open(&disk, &MemoryHome::default(), options(dir()), &mut |_| {});
        errors.extend(opened.err());
    }
    let marker = errors
        .iter()
        .find(|error| known(error).file() == Some(dir().join("marker.json").as_path()));
    let marker = marker.unwrap_or_else(|| panic!("{errors:?}"));
    assert_eq!(known(marker).during(), None);
    assert!(known(marker).io_kind().is_some());
    let said = marker.to_string();
    assert!(
        said.starts_with("the store failed: cannot write data/marker.json: "),
        "{said}"
    );
}

#[test]
fn a_directory_without_a_journal_is_not_verified_and_is_named() {
    let disk: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    let refused = verify::verify(&disk, &MemoryHome::default(), &options(dir()), &mut |_| {});
    let error = refused.err().unwrap();
    assert!(
        matches!(known(&error), StoreFailure::NoJournal { dir: named } if named == dir()),
        "{error}"
    );
}
