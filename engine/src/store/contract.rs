//! The contract of a [`Store`], as a test suite for any implementation (feature `contract`).
//!
//! A failure panics with the promise that was broken. Keys and values are arbitrary bytes here: a store knows nothing
//! of payments. Values stay as small as an index takes them.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test suite: what fails here is meant to panic"
)]

use std::collections::BTreeMap;

use super::keys::Key;
use super::record::{Body, GroupRecord, Record};
use super::{Commit, Conflict, KeyRange, Store, Write};
use crate::id::OrderId;
use crate::stream::Stream;
use crate::time::Timestamp;

/// The writers that a store may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Only this one, so that no decision is ever outdated.
    One,
    /// Others as well: a decision on an outdated version conflicts.
    Many,
}

/// Runs the whole suite; `fresh` makes an empty store.
pub fn check<S: Store>(writers: Writers, mut fresh: impl FnMut() -> S) {
    an_empty_store_has_nothing(&fresh());
    commits_are_numbered_and_replayed_in_order(&mut fresh());
    the_last_write_of_a_key_is_read(&mut fresh());
    scans_agree_with_a_sorted_map(&mut fresh());
    if writers == Writers::Many {
        an_outdated_decision_conflicts_and_leaves_nothing(&mut fresh());
        what_follows_a_conflict_conflicts(&mut fresh());
    }
}

fn record(n: u64) -> Record {
    let group = GroupRecord {
        previous: 0,
        events: Vec::new(),
        reply: None,
    };
    let order = OrderId::parse(&format!("o-{n}")).unwrap();
    let at = Timestamp::from_millis(1_000 + n);
    Record::new(at, Stream::Order(order), Body::Group(group))
}

fn put(key: &[u8], value: &[u8]) -> Write {
    Write {
        key: key.to_vec(),
        value: Some(value.to_vec()),
        fresh: false,
    }
}

fn remove(key: &[u8]) -> Write {
    Write {
        key: key.to_vec(),
        value: None,
        fresh: false,
    }
}

fn commit(n: u64, expect: Vec<(Key, Option<u64>)>, writes: Vec<Write>) -> Commit {
    Commit {
        expect,
        record: record(n),
        writes,
    }
}

/// Commits writes that cannot conflict.
fn keep(store: &mut impl Store, n: u64, writes: Vec<Write>) -> u64 {
    let kept = store.commit(vec![commit(n, Vec::new(), writes)]).unwrap();
    kept[0].expect("nothing was expected, so nothing can conflict")
}

fn replayed(store: &impl Store, from: u64) -> Vec<(u64, Record)> {
    store.replay(from).map(Result::unwrap).collect()
}

fn everything() -> KeyRange {
    KeyRange {
        from: vec![1],
        to: vec![0x3f],
        reverse: false,
    }
}

fn an_empty_store_has_nothing(store: &impl Store) {
    assert_eq!(store.next_record(), 1, "records count from 1");
    assert_eq!(store.get_many(&[b"\x20a".to_vec()]).unwrap(), [None]);
    assert_eq!(store.get_many(&[]).unwrap(), Vec::<Option<Vec<u8>>>::new());
    assert_eq!(store.scan(&everything(), 10).unwrap(), []);
    assert_eq!(replayed(store, 1), []);
}

fn commits_are_numbered_and_replayed_in_order(store: &mut impl Store) {
    let mut kept = Vec::new();
    for batch in [1_u64, 3, 1, 2] {
        let first = store.next_record();
        let numbers = first..first + batch;
        let commits = numbers
            .clone()
            .map(|n| commit(n, Vec::new(), vec![put(b"\x20k", &n.to_be_bytes())]));
        let outcome = store.commit(commits.collect()).unwrap();
        assert_eq!(outcome, numbers.clone().map(Ok).collect::<Vec<_>>());
        kept.extend(numbers.map(|n| (n, record(n))));
        assert_eq!(store.next_record(), first + batch);
    }
    for from in 0..=8 {
        let expected = kept.iter().filter(|(n, _)| *n >= from).cloned();
        assert_eq!(
            replayed(store, from),
            expected.collect::<Vec<_>>(),
            "from {from}"
        );
    }
    assert_eq!(store.commit(Vec::new()).unwrap(), []);
}

fn the_last_write_of_a_key_is_read(store: &mut impl Store) {
    let keys = [b"\x20b".to_vec(), b"\x20none".to_vec(), b"\x20a".to_vec()];
    let first = commit(
        1,
        Vec::new(),
        vec![put(b"\x20a", b"1"), put(b"\x20b", b"1")],
    );
    let second = commit(2, Vec::new(), vec![put(b"\x20a", b"2")]);
    store.commit(vec![first, second]).unwrap();
    let found = store.get_many(&keys).unwrap();
    assert_eq!(found, [Some(b"1".to_vec()), None, Some(b"2".to_vec())]);
    keep(
        store,
        3,
        vec![remove(b"\x20b"), remove(b"\x20none"), put(b"\x20a", b"")],
    );
    let found = store.get_many(&keys).unwrap();
    assert_eq!(
        found,
        [None, None, Some(Vec::new())],
        "a removed key is gone, an empty value is there"
    );
    keep(store, 4, vec![put(b"\x20b", b"4")]);
    let found = store.get_many(&keys).unwrap();
    assert_eq!(found[0], Some(b"4".to_vec()), "a removed key can come back");
}

/// Pseudo-random numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn key(&mut self) -> Key {
        let digits = self.below(3);
        let mut key = vec![0x20];
        key.extend((0..digits).map(|_| b"abc\xff"[usize::try_from(self.below(4)).unwrap()]));
        key
    }
}

fn scans_agree_with_a_sorted_map(store: &mut impl Store) {
    let (mut numbers, mut map) = (Numbers(11), BTreeMap::new());
    for n in 0..400 {
        let (key, value) = (numbers.key(), numbers.below(100).to_be_bytes().to_vec());
        if numbers.below(3) == 0 {
            keep(store, n, vec![remove(&key)]);
            map.remove(&key);
        } else {
            keep(store, n, vec![put(&key, &value)]);
            map.insert(key, value);
        }
        let reverse = numbers.below(2) == 0;
        let range = KeyRange {
            from: numbers.key(),
            to: numbers.key(),
            reverse,
        };
        let limit = usize::try_from(numbers.below(8)).unwrap();
        let within = map
            .iter()
            .filter(|(key, _)| range.from <= **key && **key < range.to);
        let mut expected: Vec<_> = within
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if reverse {
            expected.reverse();
        }
        expected.truncate(limit);
        assert_eq!(
            store.scan(&range, limit).unwrap(),
            expected,
            "{range:?}, {limit}"
        );
    }
}

fn an_outdated_decision_conflicts_and_leaves_nothing(store: &mut impl Store) {
    let a = || b"\x30a".to_vec();
    let first = keep(store, 1, vec![put(&a(), b"1")]);
    keep(store, 2, vec![put(&a(), b"2")]);
    let next = store.next_record();
    let outdated = commit(
        3,
        vec![(a(), Some(first))],
        vec![put(&a(), b"3"), put(b"\x20x", b"3")],
    );
    assert_eq!(store.commit(vec![outdated]).unwrap(), [Err(Conflict)]);
    let absent = commit(3, vec![(a(), None)], vec![put(&a(), b"3")]);
    assert_eq!(store.commit(vec![absent]).unwrap(), [Err(Conflict)]);
    let found = store.get_many(&[a(), b"\x20x".to_vec()]).unwrap();
    assert_eq!(
        found,
        [Some(b"2".to_vec()), None],
        "all of a commit or none"
    );
    assert_eq!(store.next_record(), next);
    let right = commit(3, vec![(a(), Some(next - 1))], vec![put(&a(), b"3")]);
    assert_eq!(store.commit(vec![right]).unwrap(), [Ok(next)]);
    assert_eq!(replayed(store, next), [(next, record(3))]);
}

/// Later commits relied on the numbers, and perhaps on the writes, of those before them.
fn what_follows_a_conflict_conflicts(store: &mut impl Store) {
    let kept = keep(store, 1, vec![put(b"\x30a", b"1")]);
    let batch = vec![
        commit(
            2,
            vec![(b"\x30b".to_vec(), None)],
            vec![put(b"\x30b", b"2")],
        ),
        commit(
            3,
            vec![(b"\x30a".to_vec(), Some(kept + 7))],
            vec![put(b"\x30a", b"3")],
        ),
        commit(
            4,
            vec![(b"\x30c".to_vec(), None)],
            vec![put(b"\x30c", b"4")],
        ),
    ];
    let outcome = store.commit(batch).unwrap();
    assert_eq!(outcome, [Ok(kept + 1), Err(Conflict), Err(Conflict)]);
    let keys = [b"\x30a".to_vec(), b"\x30b".to_vec(), b"\x30c".to_vec()];
    let found = store.get_many(&keys).unwrap();
    assert_eq!(found, [Some(b"1".to_vec()), Some(b"2".to_vec()), None]);
    assert_eq!(store.next_record(), kept + 2);
}
