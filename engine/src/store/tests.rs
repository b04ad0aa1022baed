//! The embedded store from end to end, on a simulated disk and on a real one.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

mod conflicting;
mod directory;
mod failing;
mod full;
mod golden;
mod history;
mod mending;
mod samples;

use std::sync::Arc;

use super::executor::{Executed, Executor, Inputs, Request, Shown};
use super::files::{DiskFiles, Files, SimulatedFiles};
use super::index::{IndexHome, MemoryHome, SledHome};
use super::journal::JournalOptions;
use super::opening::{Directory, OpenOptions, Rebuilt};
use super::served_index::Health;
use super::upkeep::Upkeep;
use super::verify;
use crate::command::{Asker, Command, MockResult, NewLine, NewOrder};
use crate::decide::Policy;
use crate::event::Provider;
use crate::id::{BuyerId, Ids, OrderId, PaymentId, uuid_v7};
use crate::idempotency::{Answer, KeyedRequest, hash16};
use crate::money::{Currency, Money};
use crate::order::{CaptureMode, OrderState, Tax};
use crate::payment::PaymentState;
use crate::time::Timestamp;

struct Manual {
    now: u64,
    count: u64,
}

impl Ids for Manual {
    fn next(&mut self) -> u128 {
        self.count += 1;
        let mut random = [0; 10];
        // An id ends in its shard.
        random[1..9].copy_from_slice(&self.count.to_be_bytes());
        uuid_v7(Timestamp::from_millis(self.now), random)
    }
}

impl Inputs for Manual {
    fn now(&mut self) -> Timestamp {
        self.now += 1;
        Timestamp::from_millis(self.now)
    }

    fn ids(&mut self) -> &mut dyn Ids {
        self
    }
}

struct Shop {
    executor: Executor<super::embedded::EmbeddedStore>,
    upkeep: Upkeep,
    rebuilt: Rebuilt,
    inputs: Manual,
    _directory: Held,
}

/// Keeps the directory's lock while the store is moved into the executor.
struct Held(#[allow(dead_code)] super::files::FileLock);

fn options(dir: &std::path::Path) -> OpenOptions {
    let small = JournalOptions {
        segment_bytes: 32 << 20,
        prepared_ahead: 0,
        reserve_bytes: 0,
        ..JournalOptions::default()
    };
    OpenOptions {
        journal: small,
        filter_bytes: 4_096,
        ..OpenOptions::new(dir)
    }
}

fn open(files: &Arc<dyn Files>, home: &dyn IndexHome, dir: &std::path::Path, now: u64) -> Shop {
    open_as(files, home, options(dir), now)
}

fn open_as(files: &Arc<dyn Files>, home: &dyn IndexHome, options: OpenOptions, now: u64) -> Shop {
    let directory = Directory::open(files, home, options, &mut |_| {}).unwrap();
    let upkeep = directory.upkeep();
    let rebuilt = directory.opened.index.clone();
    if let Rebuilt::Because(_) = rebuilt {
        made_anew(&upkeep);
    }
    let (store, lock) = directory.into_parts();
    let executor = Executor::new(store, Policy::default(), Timestamp::from_millis(0));
    Shop {
        executor,
        upkeep,
        rebuilt,
        inputs: Manual { now, count: now },
        _directory: Held(lock),
    }
}

/// Rebuilds the index, as the applier's thread does in production.
fn made_anew(upkeep: &Upkeep) {
    for _ in 0..10_000 {
        if upkeep.applier.health() == Health::Well {
            return;
        }
        upkeep.applier.turn().unwrap();
    }
    panic!("{:?}", upkeep.applier.health());
}

fn new_order(id: &str) -> Command {
    let line = NewLine {
        name: "강의".into(),
        quantity: 1,
        unit_price: 11_000,
        tax: Tax::Taxable,
        item_id: None,
        seller_id: None,
    };
    let new = NewOrder {
        order_id: OrderId::parse(id).unwrap(),
        buyer_id: BuyerId::parse("kim").unwrap(),
        total: Money::new(11_000, Currency::Krw).unwrap(),
        resource: None,
        lines: vec![line],
        discounts: Vec::new(),
        capture: CaptureMode::Automatic,
        expires_at: None,
        fingerprint: hash16(&[id.as_bytes()]),
    };
    Command::CreateOrder(new)
}

fn new_payment(order: &str) -> Command {
    Command::CreatePayment {
        asker: Asker::Merchant,
        order_id: OrderId::parse(order).unwrap(),
        amount: Money::new(11_000, Currency::Krw).unwrap(),
        provider: Some(Provider::Mock),
    }
}

impl Shop {
    fn run(&mut self, command: Command, keyed: Option<KeyedRequest>) -> Executed {
        let request = Request {
            command,
            keyed,
            request_id: "req_test".into(),
        };
        self.executor
            .turn(vec![request], &mut self.inputs)
            .unwrap()
            .pop()
            .unwrap()
    }

    fn order(&mut self, id: &str) {
        assert!(matches!(
            self.run(new_order(id), None).answer,
            Answer::Order {
                status: 201,
                version: 1,
                ..
            }
        ));
    }

    fn payment(&mut self, order: &str, key: &str) -> (PaymentId, Executed) {
        let command = new_payment(order);
        let keyed = KeyedRequest {
            key: hash16(&[key.as_bytes()]),
            fingerprint: [1; 16],
        };
        let executed = self.run(command, Some(keyed));
        match executed.answer {
            Answer::Payment { payment_id, .. } => (payment_id, executed),
            ref other => panic!("{other:?}"),
        }
    }

    fn complete(&mut self, payment_id: PaymentId) -> Executed {
        self.run(
            Command::CompleteMock {
                payment_id,
                result: MockResult::Success,
            },
            None,
        )
    }

    fn assert_paid(&self, order: &str, payment: PaymentId) {
        let reader = self.executor.store().reader();
        assert_eq!(
            reader.payment(payment).unwrap().unwrap().value.state(),
            PaymentState::Captured
        );
        assert_eq!(
            reader
                .order(&OrderId::parse(order).unwrap())
                .unwrap()
                .unwrap()
                .value
                .state(),
            OrderState::Paid
        );
    }
}

fn on_sled(dir: &std::path::Path) -> (Arc<dyn Files>, SledHome) {
    (Arc::new(DiskFiles), SledHome::new(dir, 1 << 20))
}

#[test]
fn captured_payment_survives_a_kill_and_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let (files, home) = on_sled(dir.path());
    let mut shop = open(&files, &home, dir.path(), 1_000_000);
    shop.order("o-1");
    let (payment, _) = shop.payment("o-1", "k-1");
    assert!(matches!(
        shop.complete(payment).shown,
        Some(Shown::Payment(_))
    ));
    shop.assert_paid("o-1", payment);
    drop(shop);

    let shop = open(&files, &home, dir.path(), 2_000_000);
    assert_eq!(shop.rebuilt, Rebuilt::No { replayed: 3 });
    shop.assert_paid("o-1", payment);
    shop.upkeep.finish(shop.executor.store().journal()).unwrap();
    drop(shop);

    let shop = open(&files, &home, dir.path(), 3_000_000);
    assert_eq!(shop.rebuilt, Rebuilt::No { replayed: 0 });
    shop.assert_paid("o-1", payment);
    drop(shop);
    let report = verify::verify(&files, &home, &options(dir.path()), &mut |_| {}).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(report.records, 3);
    assert!(
        report
            .balances
            .contains(&("hold||vat|KRW".to_owned(), -1_000)),
        "{:?}",
        report.balances
    );
}

#[test]
fn repeated_key_gets_the_first_answer_after_the_payment_has_moved_on() {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    let home = MemoryHome::default();
    let dir = std::path::Path::new("data");
    let mut shop = open(&files, &home, dir, 1_000_000);
    shop.order("o-1");
    let (payment, first) = shop.payment("o-1", "k-1");
    assert!(!first.replayed);
    shop.complete(payment);
    let (_, again) = shop.payment("o-1", "k-1");
    assert!(again.replayed && again.shown.is_none());
    assert_eq!(again.answer, first.answer);
    let Answer::Payment { version, .. } = again.answer else {
        panic!()
    };
    let past = shop
        .executor
        .store()
        .reader()
        .payment_at(payment, version)
        .unwrap();
    assert_eq!(past.unwrap().state(), PaymentState::Initiated);
}

#[test]
fn published_writes_are_read_the_same_from_overlay_and_index() {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new());
    let home = MemoryHome::default();
    let mut shop = open(&files, &home, std::path::Path::new("data"), 1_000_000);
    let mut paid = Vec::new();
    for n in 0..50 {
        let order = format!("o-{n}");
        shop.order(&order);
        let (payment, _) = shop.payment(&order, &order);
        if n % 3 == 0 {
            shop.complete(payment);
        }
        if n % 7 == 0 {
            shop.upkeep.applier.turn().unwrap();
        }
        paid.push(payment);
    }
    let reader = shop.executor.store().reader();
    let filter = super::reader::PaymentFilter::default();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = reader.payments(&filter, before, 7).unwrap();
        seen.extend(page.payments.iter().map(|payment| payment.core().id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    paid.reverse();
    assert_eq!(seen, paid, "newest first, each once");
    let feed = reader.feed(0, usize::MAX).unwrap();
    assert_eq!(
        feed.last().unwrap().first_event + u64::from(feed.last().unwrap().record.feed_events()) - 1,
        reader.last_event()
    );
}
