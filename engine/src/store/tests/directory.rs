//! A data directory as this version once wrote it: every later version has to open it.
//!
//! `DAEGEUM_BLESS=1` writes it if it does not exist. It has no index: an index is rebuilt.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{open, open_as, options};
use crate::order::CaptureMode;
use crate::payment::PaymentState;
use crate::store::files::{DiskFiles, Files};
use crate::store::index::{MemoryHome, SledHome};
use crate::store::journal::JournalOptions;
use crate::store::opening::{Directory, OpenOptions};
use crate::store::reader::PaymentFilter;
use crate::store::verify;

const ORDERS: usize = 12;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data.v1")
}

fn small(dir: &Path) -> OpenOptions {
    let journal = JournalOptions {
        segment_bytes: 8 << 10,
        prepared_ahead: 0,
        max_body_bytes: 7 << 10,
        reserve_bytes: 0,
    };
    OpenOptions {
        journal,
        filter_bytes: 64,
        ..options(dir)
    }
}

fn bless() {
    let dir = golden();
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let mut shop = open_as(
        &files,
        &MemoryHome::default(),
        small(&dir),
        1_795_000_000_000,
    );
    for n in 0..ORDERS {
        let order = format!("o-{n}");
        shop.order(&order);
        let (payment, _) = shop.payment(&order, &order);
        if n % 3 != 0 {
            shop.complete(payment);
        }
    }
    shop.upkeep.finish(shop.executor.store().journal()).unwrap();
    drop(shop);
    files.remove(&dir.join("lock")).unwrap();
}

/// A copy to work on: opening writes.
fn copy(to: &Path) {
    let files = DiskFiles;
    files.create_dir(&to.join("journal")).unwrap();
    for folder in ["", "journal"] {
        for name in files.list(&golden().join(folder)).unwrap() {
            let bytes = files
                .read_whole(&golden().join(folder).join(&name), 1 << 20)
                .unwrap()
                .unwrap();
            files
                .write_whole(&to.join(folder).join(&name), &bytes)
                .unwrap();
        }
    }
}

#[test]
fn a_directory_of_version_1_opens_verifies_and_goes_on() {
    if std::env::var_os("DAEGEUM_BLESS").is_some() && !golden().exists() {
        bless();
    }
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path());
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let home = SledHome::new(dir.path(), 1 << 20);
    let report = verify::verify(&files, &home, &small(dir.path()), &mut |_| {}).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(report.records, 32);
    assert!(
        report
            .balances
            .contains(&("hold||vat|KRW".to_owned(), -8_000)),
        "{:?}",
        report.balances
    );

    // The default sizes differ from those it was made with.
    let mut shop = open(&files, &home, dir.path(), 1_795_100_000_000);
    let reader = shop.executor.store().reader();
    let payments = reader
        .payments(&PaymentFilter::default(), None, 100)
        .unwrap()
        .payments;
    let captured = payments
        .iter()
        .filter(|payment| payment.state() == PaymentState::Captured);
    assert_eq!((payments.len(), captured.count()), (ORDERS, 8));
    assert_eq!(payments[0].core().capture, CaptureMode::Automatic);
    let (_, again) = shop.payment("o-1", "o-1");
    assert!(again.replayed, "its keys are known");
    shop.order("o-new");
    drop(shop);
    let reopened = Directory::open(&files, &home, options(dir.path()), &mut |_| {}).unwrap();
    assert_eq!(reopened.opened.journal.cut_bytes, 0);
}
