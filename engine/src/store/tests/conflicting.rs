//! A store in memory with other writers: it keeps the contract, and now and then reports a conflict. The executor
//! then decides again, and the answers must not show it.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Manual, open};
use crate::command::{Command, MockResult};
use crate::decide::Policy;
use crate::id::PaymentId;
use crate::idempotency::{Answer, KeyedRequest, hash16};
use crate::payment::PaymentState;
use crate::store::contract::{self, Writers};
use crate::store::executor::{Executed, Executor, Request};
use crate::store::keys::{self, Key};
use crate::store::record::Record;
use crate::store::{Commit, Conflict, KeyRange, Store, StoreError};
use crate::time::Timestamp;

#[derive(Debug, Default)]
struct ConflictingStore {
    entries: BTreeMap<Key, Vec<u8>>,
    /// The last record that wrote a key.
    versions: BTreeMap<Key, u64>,
    records: Vec<Record>,
    /// Every how many commits conflict; 0 for none.
    refuse_every: usize,
    asked: usize,
    conflicts: usize,
}

impl ConflictingStore {
    fn somebody_was_faster(&mut self) -> bool {
        self.asked += 1;
        self.refuse_every > 0 && self.asked.is_multiple_of(self.refuse_every)
    }
}

impl Store for ConflictingStore {
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        Ok(keys
            .iter()
            .map(|key| self.entries.get(key).cloned())
            .collect())
    }

    fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        if range.from >= range.to {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(&range.from), Bound::Excluded(&range.to));
        let found = self.entries.range::<Key, _>(bounds);
        let own = |(key, value): (&Key, &Vec<u8>)| (key.clone(), value.clone());
        Ok(if range.reverse {
            found.rev().take(limit).map(own).collect()
        } else {
            found.take(limit).map(own).collect()
        })
    }

    fn next_record(&self) -> u64 {
        u64::try_from(self.records.len()).unwrap() + 1
    }

    fn commit(&mut self, commits: Vec<Commit>) -> Result<Vec<Result<u64, Conflict>>, StoreError> {
        let mut outcomes = Vec::new();
        let mut conflicted = false;
        for commit in commits {
            let outdated =
                |(key, version): &(Key, Option<u64>)| self.versions.get(key) != version.as_ref();
            conflicted |= commit.expect.iter().any(outdated) || self.somebody_was_faster();
            if conflicted {
                self.conflicts += 1;
                outcomes.push(Err(Conflict));
                continue;
            }
            let number = self.next_record();
            for write in commit.writes {
                match write.value {
                    Some(value) => drop(self.entries.insert(write.key.clone(), value)),
                    None => drop(self.entries.remove(&write.key)),
                }
                self.versions.insert(write.key, number);
            }
            self.records.push(commit.record);
            outcomes.push(Ok(number));
        }
        Ok(outcomes)
    }

    fn replay(
        &self,
        from: u64,
    ) -> Box<dyn Iterator<Item = Result<(u64, Record), StoreError>> + '_> {
        let numbered = (1..).zip(&self.records);
        Box::new(
            numbered
                .filter(move |(n, _)| *n >= from)
                .map(|(n, record)| Ok((n, record.clone()))),
        )
    }
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    contract::check(Writers::Many, ConflictingStore::default);
}

#[test]
fn the_embedded_store_keeps_the_contract() {
    use crate::store::files::{Files, SimulatedFiles};
    use crate::store::index::MemoryHome;
    use std::sync::Arc;
    for apply in [false, true] {
        contract::check(Writers::One, || {
            let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
            let shop = open(
                &files,
                &MemoryHome::default(),
                std::path::Path::new("data"),
                1_000,
            );
            Applied {
                store: shop.executor.into_store(),
                applier: shop.upkeep.applier,
                apply,
            }
        });
    }
}

/// The embedded store whose applier runs after every other commit, or never.
struct Applied {
    store: crate::store::embedded::EmbeddedStore,
    applier: crate::store::upkeep::Applier,
    apply: bool,
}

impl Store for Applied {
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
        let outcome = self.store.commit(commits)?;
        if self.apply && self.store.next_record().is_multiple_of(2) {
            self.applier.turn()?;
        }
        Ok(outcome)
    }
    fn replay(
        &self,
        from: u64,
    ) -> Box<dyn Iterator<Item = Result<(u64, Record), StoreError>> + '_> {
        self.store.replay(from)
    }
}

/// Batches whose requests build on each other: an order, two payments, the first one's key again, its completion.
fn batches(executor: &mut Executor<ConflictingStore>) -> Vec<Executed> {
    let mut inputs = Manual {
        now: 1_000_000,
        count: 0,
    };
    let mut all = Vec::new();
    for n in 0..12 {
        let order = format!("o-{n}");
        let request = |command: Command, key: Option<&str>| Request {
            command,
            keyed: key.map(|key| KeyedRequest {
                key: hash16(&[key.as_bytes(), order.as_bytes()]),
                fingerprint: [1; 16],
            }),
            request_id: "req_test".into(),
        };
        let batch = vec![
            request(super::new_order(&order), None),
            request(super::new_payment(&order), Some("a")),
            request(super::new_payment(&order), Some("a")),
            request(super::new_payment(&order), Some("b")),
            request(super::new_order(&order), None),
        ];
        let executed = executor.turn(batch, &mut inputs).unwrap();
        let Answer::Payment { payment_id, .. } = executed[1].answer else {
            panic!("{:?}", executed[1])
        };
        all.extend(executed);
        let complete = Command::CompleteMock {
            payment_id,
            result: MockResult::Success,
        };
        all.extend(
            executor
                .turn(vec![request(complete, None)], &mut inputs)
                .unwrap(),
        );
    }
    all
}

fn payment_in(executor: &Executor<ConflictingStore>, id: PaymentId) -> Option<PaymentState> {
    let bytes = executor
        .store()
        .get_many(&[keys::payment(id)])
        .unwrap()
        .pop()
        .flatten()?;
    let stored: crate::store::view::Stored<crate::payment::AnyPayment> =
        crate::store::codec::decode(crate::store::codec::Kind::Payment, &bytes).unwrap();
    Some(stored.value.state())
}

#[test]
fn conflicting_decision_is_repeated_without_a_visible_difference() {
    let undisturbed = batches(&mut Executor::new(
        ConflictingStore::default(),
        Policy::default(),
        Timestamp::default(),
    ));
    for refuse_every in 2..9 {
        let store = ConflictingStore {
            refuse_every,
            ..ConflictingStore::default()
        };
        let mut executor = Executor::new(store, Policy::default(), Timestamp::default());
        let executed = batches(&mut executor);
        assert!(executor.store().conflicts > 5);
        assert_eq!(executed.len(), undisturbed.len());
        for (at, (ours, theirs)) in executed.iter().zip(&undisturbed).enumerate() {
            assert_eq!(
                ours.replayed, theirs.replayed,
                "answer {at}, every {refuse_every}"
            );
            assert_eq!(
                ours.events.len(),
                theirs.events.len(),
                "answer {at}, every {refuse_every}"
            );
            if let Answer::Payment { payment_id, .. } = ours.answer {
                assert!(
                    payment_in(&executor, payment_id).is_some(),
                    "answer {at} names a payment that is not there"
                );
            }
        }
        let balances = executor.store().scan(&keys::all_balances(), 100).unwrap();
        let replayed = ConflictingStore::default();
        let mut by_replay = crate::store::view::Balances::default();
        let mut rebuilt = replayed.entries;
        for record in executor.store().replay(1) {
            let (number, record) = record.unwrap();
            let writes =
                crate::store::view::replay(number, &record, &Entries(&rebuilt), &mut by_replay)
                    .unwrap();
            for write in writes {
                match write.value {
                    Some(value) => drop(rebuilt.insert(write.key, value)),
                    None => drop(rebuilt.remove(&write.key)),
                }
            }
        }
        assert!(!balances.is_empty());
        assert_eq!(
            executor.store().entries,
            rebuilt,
            "live and replayed alike, every {refuse_every}"
        );
    }
}

struct Entries<'a>(&'a BTreeMap<Key, Vec<u8>>);

impl crate::store::view::KeyReader for Entries<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }
}
