//! A disk that is full for a while: a decision that was not committed leaves nothing in memory either.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::super::embedded::EmbeddedStore;
use super::super::executor::{Executor, Request};
use super::super::files::{Files, SimulatedFiles};
use super::super::index::MemoryHome;
use super::super::keys::Key;
use super::super::opening::Directory;
use super::super::record::Record;
use super::super::{Commit, Conflict, KeyRange, Store, StoreError};
use super::{Manual, options};
use crate::command::{Command, MockResult};
use crate::decide::Policy;
use crate::idempotency::Answer;
use crate::time::Timestamp;

/// A store without room while its flag is set.
struct SometimesFull {
    store: EmbeddedStore,
    full: Rc<Cell<bool>>,
}

impl Store for SometimesFull {
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.store.get_many(keys)
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        self.store.scan(range, limit)
    }

    fn next_record(&self) -> u64 {
        self.store.next_record()
    }

    fn commit(&mut self, commits: Vec<Commit>) -> Result<Vec<Result<u64, Conflict>>, StoreError> {
        if self.full.get() {
            return Err(StoreError::full("no room"));
        }
        self.store.commit(commits)
    }

    fn replay(
        &self,
        from: u64,
    ) -> Box<dyn Iterator<Item = Result<(u64, Record), StoreError>> + '_> {
        self.store.replay(from)
    }
}

fn ask(command: Command) -> Vec<Request> {
    vec![Request {
        command,
        keyed: None,
        request_id: "req_test".into(),
    }]
}

#[test]
fn capture_refused_for_want_of_room_is_posted_once_when_it_succeeds() {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    let dir = std::path::Path::new("data");
    let home = MemoryHome::default();
    let directory = Directory::open(&files, &home, options(dir), &mut |_| {}).unwrap();
    let reader = directory.reader();
    let (store, _lock) = directory.into_parts();
    let full = Rc::new(Cell::new(false));
    let store = SometimesFull {
        store,
        full: Rc::clone(&full),
    };
    let mut executor = Executor::new(store, Policy::default(), Timestamp::from_millis(0));
    let mut inputs = Manual {
        now: 1_000_000,
        count: 0,
    };
    executor
        .turn(ask(super::new_order("o-1")), &mut inputs)
        .unwrap();
    let begun = executor
        .turn(ask(super::new_payment("o-1")), &mut inputs)
        .unwrap();
    let Answer::Payment { payment_id, .. } = begun[0].answer else {
        panic!("{begun:?}")
    };
    let complete = || {
        ask(Command::CompleteMock {
            payment_id,
            result: MockResult::Success,
        })
    };
    full.set(true);
    for _ in 0..3 {
        let refused = executor.turn(complete(), &mut inputs);
        assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    }
    full.set(false);
    executor.turn(complete(), &mut inputs).unwrap();
    let balances = reader.balances().unwrap();
    let held: i128 = balances
        .iter()
        .filter(|(name, _)| name.starts_with("hold|"))
        .map(|(_, balance)| balance.minor)
        .sum();
    assert_eq!(held, -11_000, "{balances:?}");
}
