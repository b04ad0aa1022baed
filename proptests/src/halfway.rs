//! A process killed between two keys while a window is written into the index: the remains are replayed over, and the
//! index ends as a rebuild would make it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daegeum_engine::command::MockResult;
use daegeum_engine::decide::Policy;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::files::SimulatedFiles;
use daegeum_engine::store::index::{
    Direction, Entry, Index, IndexError, IndexHome, MemoryHome, MemoryIndex,
};

use crate::machine::{
    Clock, DATA, Machine, Running, copy_of, dynamic, faults_of, options, request, start,
};
use crate::shop;
use parking_lot::Mutex;

/// An index that remembers its state after so many writes: what a killed process would have left.
#[derive(Debug)]
struct Cut {
    live: MemoryIndex,
    left: AtomicU64,
    halfway: Mutex<Option<Arc<MemoryIndex>>>,
}

impl Cut {
    fn count_down(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            *self.halfway.lock() = Some(copy_of(&self.live));
        }
    }
}

impl Index for Cut {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.live.get(key)
    }
    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        self.count_down();
        self.live.insert(key, value)
    }
    fn remove(&self, key: &[u8]) -> Result<(), IndexError> {
        self.count_down();
        self.live.remove(key)
    }
    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, IndexError> {
        self.live.range(from, to, direction, limit)
    }
    fn visit(&self, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), IndexError> {
        self.live.visit(visit)
    }
    fn settle(&self, _: usize) {}
    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
    fn count(&self) -> Result<u64, IndexError> {
        self.live.count()
    }
}

#[derive(Debug, Clone)]
struct CutHome(Arc<Cut>);

impl IndexHome for CutHome {
    fn share(&self) -> Arc<dyn IndexHome> {
        Arc::new(self.clone())
    }
    fn drop_set_aside(&self) -> Result<(), IndexError> {
        Ok(())
    }
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::clone(&self.0) as Arc<dyn Index>)
    }
    fn set_aside(&self) -> Result<(), IndexError> {
        panic!("a killed process leaves an index to be used")
    }
    fn scratch(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::new(MemoryIndex::new()))
    }
    fn drop_scratch(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

/// Windows with payments begun in one and ended in the next, so that keys appear, move and go.
fn work(running: &mut Running, clock: &mut Clock) {
    let mut open = Vec::new();
    for n in 0..6 {
        let mode = if n % 2 == 0 {
            CaptureMode::OnConfirmation
        } else {
            CaptureMode::Automatic
        };
        let batch = vec![
            request(shop::create_order(n, mode), None),
            request(shop::create_payment(n), Some(shop::keyed(n as u64, 1))),
        ];
        let executed = running.executor.turn(batch, clock).unwrap();
        open.push(shop::payment_of(&executed[1]));
        if n % 2 == 1 {
            running.upkeep.applier.turn().unwrap();
        }
        if n % 3 == 2 {
            for payment in std::mem::take(&mut open) {
                let complete = shop::complete(payment, MockResult::Success);
                running
                    .executor
                    .turn(vec![request(complete, None)], clock)
                    .unwrap();
            }
        }
    }
    running.upkeep.applier.turn().unwrap();
}

/// The journal continues for a while after the remains of the index: keys of the cut window are removed by then, and
/// replay must not treat them as keys that never existed.
#[test]
fn window_cut_between_two_keys_is_replayed_to_the_same_index() {
    for writes in 0.. {
        let files = SimulatedFiles::new();
        let cut = Arc::new(Cut {
            live: MemoryIndex::new(),
            left: AtomicU64::new(writes),
            halfway: Mutex::default(),
        });
        let mut clock = Clock::new();
        let policy = Policy::default();
        let home = CutHome(Arc::clone(&cut));
        let mut running = start(&dynamic(&files), &home, options(Path::new(DATA)), policy).unwrap();
        work(&mut running, &mut clock);
        let Some(halfway) = cut.halfway.lock().take() else {
            return assert!(writes > 40, "{writes}");
        };
        let machine = Machine::on(files.kill(), MemoryHome::holding(halfway), clock).unwrap();
        assert_eq!(
            machine.faults(),
            Vec::<String>::new(),
            "after {writes} writes"
        );
        let (files, home, _) = machine.stop();
        assert_eq!(
            faults_of(&files, &home),
            Vec::<String>::new(),
            "after {writes} writes"
        );
    }
}
