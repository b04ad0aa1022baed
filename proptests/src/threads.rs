//! Readers on threads beside the writer and the applier: no reader sees a version go back, or data that is not on
//! disk yet.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use daegeum_engine::command::MockResult;
use daegeum_engine::decide::Policy;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::files::{FileHandle, FileLock, Files, SimulatedFiles};
use daegeum_engine::store::index::MemoryHome;
use daegeum_engine::store::reader::{PaymentFilter, Reader};

use crate::machine::{Clock, DATA, options, request, start};
use crate::shop;

/// A disk that counts syncs of segments and says whether one is under way.
#[derive(Debug, Clone)]
struct Observed {
    disk: SimulatedFiles,
    /// While a sync is under way, the readers must not see what it is about: it calls them.
    syncing: Arc<parking_lot::Mutex<Option<Spy>>>,
}

/// The check made before a sync is done.
#[derive(Debug, Clone)]
struct Spy {
    reader: Reader,
    /// The records that were durable before.
    durable: Arc<AtomicU64>,
    looked: Arc<AtomicU64>,
}

impl Spy {
    fn look(&self) {
        let durable = self.durable.load(Ordering::SeqCst);
        for n in 0..ORDERS {
            if let Some(order) = self.reader.order(&shop::order_id(n)).unwrap() {
                assert!(
                    order.record <= durable,
                    "order {n} shows record {} of {durable}",
                    order.record
                );
            }
        }
        let feed = self.reader.feed(0, usize::MAX).unwrap();
        let shown = feed.len() as u64;
        assert!(
            shown <= durable,
            "the feed shows {shown} records of {durable}"
        );
        self.looked.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Handle(Box<dyn FileHandle>, Observed);

impl FileHandle for Handle {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_at(offset, bytes)
    }
    fn sync_data(&self) -> std::io::Result<()> {
        let spy = self.1.syncing.lock().clone();
        if let Some(spy) = spy {
            spy.look();
        }
        self.0.sync_data()
    }
    fn set_length(&self, length: u64) -> std::io::Result<()> {
        self.0.set_length(length)
    }
    fn length(&self) -> std::io::Result<u64> {
        self.0.length()
    }
}

impl Files for Observed {
    fn open(&self, path: &Path) -> std::io::Result<Box<dyn FileHandle>> {
        Ok(Box::new(Handle(self.disk.open(path)?, self.clone())))
    }
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn FileHandle>> {
        Ok(Box::new(Handle(self.disk.create(path)?, self.clone())))
    }
    fn list(&self, dir: &Path) -> std::io::Result<Vec<String>> {
        self.disk.list(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.disk.remove(path)
    }
    fn create_dir(&self, path: &Path) -> std::io::Result<()> {
        self.disk.create_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> std::io::Result<()> {
        self.disk.sync_dir(path)
    }
    fn free_bytes(&self, path: &Path) -> std::io::Result<u64> {
        self.disk.free_bytes(path)
    }
    fn lock(&self, path: &Path) -> std::io::Result<Option<FileLock>> {
        self.disk.lock(path)
    }
    fn boot_id(&self) -> std::io::Result<String> {
        self.disk.boot_id()
    }
}

const ORDERS: usize = 60;

#[test]
fn readers_see_only_synced_records() {
    let observed = Observed {
        disk: SimulatedFiles::new(),
        syncing: Arc::default(),
    };
    let files: Arc<dyn Files> = Arc::new(observed.clone());
    let home = MemoryHome::default();
    let mut running = start(&files, &home, options(Path::new(DATA)), Policy::default()).unwrap();
    let (durable, looked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let spy = Spy {
        reader: running.reader.clone(),
        durable: Arc::clone(&durable),
        looked: Arc::clone(&looked),
    };
    *observed.syncing.lock() = Some(spy);
    let mut clock = Clock::new();
    for n in 0..ORDERS {
        let batch = vec![
            request(shop::create_order(n, CaptureMode::Automatic), None),
            request(shop::create_payment(n), None),
        ];
        let executed = running.executor.turn(batch, &mut clock).unwrap();
        durable.fetch_add(2, Ordering::SeqCst);
        let payment = shop::payment_of(&executed[1]);
        let complete = shop::complete(payment, MockResult::Success);
        running
            .executor
            .turn(vec![request(complete, None)], &mut clock)
            .unwrap();
        durable.fetch_add(1, Ordering::SeqCst);
    }
    assert!(looked.load(Ordering::SeqCst) >= 2 * ORDERS as u64);
}

#[test]
fn no_reader_sees_a_version_go_back_or_a_payment_vanish() {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    let home = MemoryHome::default();
    let mut running = start(&files, &home, options(Path::new(DATA)), Policy::default()).unwrap();
    let done = AtomicBool::new(false);
    let applier = running.upkeep.applier.clone();
    let readers: Vec<Reader> = (0..3).map(|_| running.reader.clone()).collect();
    std::thread::scope(|scope| {
        for reader in readers {
            let done = &done;
            scope.spawn(move || watch(&reader, done));
        }
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                applier.turn().unwrap();
            }
        });
        let stop = Stop(&done);
        let mut clock = Clock::new();
        for n in 0..ORDERS * 5 {
            let batch = vec![
                request(shop::create_order(n, CaptureMode::Automatic), None),
                request(shop::create_payment(n), None),
            ];
            let executed = running.executor.turn(batch, &mut clock).unwrap();
            let payment = shop::payment_of(&executed[1]);
            for result in [MockResult::NoAnswer, MockResult::Success] {
                let complete = shop::complete(payment, result);
                running
                    .executor
                    .turn(vec![request(complete, None)], &mut clock)
                    .unwrap();
            }
        }
        drop(stop);
    });
}

/// Ends the other threads, also when this one fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn watch(reader: &Reader, done: &AtomicBool) {
    let mut versions = vec![0; ORDERS * 5];
    let (mut most, mut last_event) = (0, 0);
    let mut rounds = 0_usize;
    while !done.load(Ordering::SeqCst) || rounds == 0 {
        rounds += 1;
        for (n, known) in versions.iter_mut().enumerate() {
            let order = reader.order(&shop::order_id(n)).unwrap();
            let version = order.map_or(0, |order| order.value.core().version);
            assert!(
                version >= *known,
                "order {n} went from {known} to {version}"
            );
            *known = version;
        }
        let page = reader
            .payments(&PaymentFilter::default(), None, 10_000)
            .unwrap()
            .payments;
        assert!(page.len() >= most, "{} payments after {most}", page.len());
        most = page.len();
        let ids = page.iter().map(|payment| payment.core().id);
        assert!(
            ids.clone()
                .zip(ids.skip(1))
                .all(|(newer, older)| newer > older),
            "each once, newest first"
        );
        let event = reader.last_event();
        assert!(event >= last_event);
        last_event = event;
    }
}
