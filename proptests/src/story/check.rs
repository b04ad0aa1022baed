//! Checks that hold after each step of a story, whatever it was.

use std::collections::BTreeMap;

use daegeum_engine::claim::AnyClaim;
use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::order::{AnyOrder, CancelReason};
use daegeum_engine::payment::{AnyPayment, Stage};
use daegeum_engine::store::Store as _;
use daegeum_engine::store::record::Body;
use daegeum_engine::time::Timestamp;

use super::teller::Teller;
use crate::model::{About, Stands, Waits, Won};
use crate::shop;
use daegeum_engine::amounts::{Amounts, Component};
use daegeum_engine::store::keys::DueItem;

impl Teller {
    pub fn check(&mut self) {
        self.orders_and_payments_stand_alike();
        self.claims_are_held_for_a_reason();
        self.the_feed_tells_what_happened();
        self.the_balances_are_those_of_the_payments();
        self.what_is_due_is_found();
    }

    /// The end of a story: what takes longer to check.
    pub fn end(&mut self) {
        let machine = self.machine();
        let books = books(
            machine
                .running
                .executor
                .store()
                .replay(1)
                .map(|record| record.unwrap().1.body),
        );
        assert_eq!(
            books,
            self.balances(),
            "every balance is the sum of its postings"
        );
        assert_eq!(machine.faults(), Vec::<String>::new());
        self.stop_and_start();
        let machine = self.machine();
        assert_eq!(machine.faults(), Vec::<String>::new());
        self.fed = 0;
        self.check();
    }

    fn orders_and_payments_stand_alike(&self) {
        let reader = &self.machine().running.reader;
        for (n, order) in &self.model.orders {
            let stored = reader.order(&shop::order_id(*n)).unwrap().unwrap().value;
            assert_eq!(waits(&stored), order.waits, "order {n}");
            assert_eq!(stored.core().version, order.events, "order {n}");
            let payments: Vec<_> = order.payments.iter().map(|p| self.ids[*p]).collect();
            assert_eq!(stored.core().payments, payments, "order {n}");
            let claim = order.claim.map(|p| self.ids[p]);
            assert_eq!(stored.core().claim.holder(), claim, "order {n}");
        }
        for (p, payment) in self.model.payments.iter().enumerate() {
            let stored = reader.payment(self.ids[p]).unwrap().unwrap().value;
            assert_eq!(stands(&stored), payment.stands, "payment {p}");
            assert_eq!(stored.core().version, payment.events, "payment {p}");
            assert_eq!(
                stored.core().operation_in_flight(),
                payment.waiting,
                "payment {p}"
            );
            assert_eq!(
                stored.core().notifications.len(),
                payment.heard.len(),
                "payment {p}"
            );
            assert_eq!(stored.core().erased, payment.erased, "payment {p}");
            let (there, said) = (stored.core().at_gateway, stored.core().disagreement);
            assert_eq!(won(&there), payment.there, "payment {p}");
            assert_eq!(said.as_ref().map(won), payment.said, "payment {p}");
            if let AnyPayment::Captured(taken) = &stored {
                let (captured, price) = (taken.detail().captured.total(), stored.core().amount());
                assert!(captured.minor() <= price.minor(), "payment {p}");
            }
        }
        for absent in (0..4).filter(|n| !self.model.orders.contains_key(n)) {
            assert!(
                reader.order(&shop::order_id(absent)).unwrap().is_none(),
                "order {absent}"
            );
        }
    }

    /// A claim is held while a call is unanswered or money is authorized, and settled by the one payment that paid.
    fn claims_are_held_for_a_reason(&self) {
        let reader = &self.machine().running.reader;
        for n in self.model.orders.keys() {
            let order = reader.order(&shop::order_id(*n)).unwrap().unwrap().value;
            let load = |id: &_| reader.payment(*id).unwrap().unwrap().value;
            let payments: Vec<AnyPayment> = order.core().payments.iter().map(load).collect();
            let taken = payments
                .iter()
                .filter(|p| p.stage() == Stage::Taken)
                .count();
            assert_eq!(
                taken,
                usize::from(matches!(order, AnyOrder::Paid(_))),
                "paid once: order {n}"
            );
            let needs_claim = |payment: &&AnyPayment| {
                payment.core().operation_in_flight()
                    || matches!(payment, AnyPayment::Authorized(_) | AnyPayment::Captured(_))
            };
            let reasons: Vec<_> = payments
                .iter()
                .filter(needs_claim)
                .map(|p| p.core().id)
                .collect();
            let holder: Vec<_> = order.core().claim.holder().into_iter().collect();
            assert_eq!(reasons, holder, "order {n}");
            let settled = matches!(order.core().claim, AnyClaim::Settled(_));
            let was_paid = matches!(order, AnyOrder::Paid(_) | AnyOrder::Refunded(_));
            assert_eq!(settled, was_paid, "order {n}");
        }
    }

    /// An event exists if, and only if, its transition does; the feed has no gaps.
    fn the_feed_tells_what_happened(&mut self) {
        let reader = &self.machine().running.reader;
        let mut next = u64::try_from(self.fed).unwrap() + 1;
        let mut told: Vec<(About, &'static str)> = Vec::new();
        for feed in reader.feed(next - 1, usize::MAX).unwrap() {
            assert_eq!(feed.first_event, next, "the feed has no gaps");
            next += u64::from(feed.record.feed_events());
            let (order, group) = feed.record.group().expect("of the feed");
            let events = group
                .events
                .iter()
                .filter(|event| event.concerns_merchant());
            let mut events: Vec<_> = events
                .map(|event| self.about(order.as_str(), event))
                .collect();
            events.sort_by_key(|(about, _)| *about);
            told.append(&mut events);
        }
        assert_eq!(told, self.model.feed[self.fed..]);
        assert_eq!(reader.last_event(), next - 1);
        self.fed = self.model.feed.len();
    }

    fn balances(&self) -> BTreeMap<String, i128> {
        let balances = self
            .machine()
            .running
            .reader
            .balances()
            .unwrap()
            .into_iter();
        let balances = balances.map(|(name, balance)| (name, balance.minor));
        balances.filter(|(_, minor)| *minor != 0).collect()
    }

    fn the_balances_are_those_of_the_payments(&self) {
        let balances = self.balances();
        assert_eq!(balances, self.model.balances());
        assert_eq!(balances.values().sum::<i128>(), 0, "debits equal credits");
    }

    fn what_is_due_is_found(&self) {
        let now = self.machine().clock.now;
        let due = self
            .machine()
            .running
            .reader
            .due(Timestamp::from_millis(now), None, 1_000)
            .unwrap()
            .items;
        let due = due.into_iter().map(|item| match item {
            DueItem::Order(id) => {
                About::Order(id.as_str().strip_prefix("order-").unwrap().parse().unwrap())
            }
            DueItem::Hold(id) => About::Payment(self.number_of(id)),
        });
        let mut due: Vec<About> = due.collect();
        due.sort();
        assert_eq!(due, self.model.overdue(now));
    }
}

/// A second bookkeeper: adds up the movements of the recorded events.
fn books(records: impl Iterator<Item = Body>) -> BTreeMap<String, i128> {
    let mut books = Books::default();
    for body in records {
        let Body::Group(group) = body else { continue };
        for event in group.events {
            if let GroupEvent::Payment(_, event) = event {
                books.write(&event);
            }
        }
    }
    books.0.retain(|_, minor| *minor != 0);
    books.0
}

#[derive(Default)]
struct Books(BTreeMap<String, i128>);

const RECEIVABLE: &str = "gateway_receivable|MOCK";
const SUSPENSE: &str = "suspense|MOCK";
const HOLD: &str = "hold|";

impl Books {
    fn write(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentCaptured(e) => self.owes(HOLD, &e.captured, 1),
            PaymentEvent::PaymentMismatched(e) => self.owes(SUSPENSE, &e.received, 1),
            PaymentEvent::PaymentOrphaned(e) => self.owes(SUSPENSE, &e.received, 1),
            PaymentEvent::SuspendedMoneyReturned(e) => {
                self.owes(SUSPENSE, &e.suspended, -1);
                self.differs(&e.at_gateway, &e.suspended);
            }
            PaymentEvent::SuspendedMoneyTaken(e) => {
                self.owes(SUSPENSE, &e.suspended, -1);
                self.owes(HOLD, &e.captured, 1);
            }
            PaymentEvent::PaymentRefunded(e) => {
                self.owes(HOLD, &e.refunded, -1);
                self.differs(&e.at_gateway, &e.refunded);
            }
            PaymentEvent::DisagreementAccepted(e) => self.differs(&e.ours, &e.theirs),
            _ => {}
        }
    }

    /// The gateway owes it to us, and we owe it to another account.
    fn owes(&mut self, account: &str, amounts: &Amounts, sign: i128) {
        self.add(RECEIVABLE, amounts, sign);
        self.add(account, amounts, -sign);
    }

    /// The gateway has `after` where it had `before`.
    fn differs(&mut self, before: &Amounts, after: &Amounts) {
        for (amounts, sign) in [(before, -1), (after, 1)] {
            self.owes("reconciliation_difference|MOCK", amounts, sign);
        }
    }

    fn add(&mut self, account: &str, amounts: &Amounts, sign: i128) {
        for (component, minor) in amounts.parts() {
            let key = format!("{account}|{}|KRW", component.name());
            *self.0.entry(key).or_default() += sign * i128::from(minor);
        }
    }
}

fn won(amounts: &Amounts) -> Won {
    let parts = [
        Component::Supply,
        Component::Vat,
        Component::TaxFree,
        Component::Unsplit,
    ];
    Won::of_parts(parts.map(|part| amounts.get(part)))
}

fn waits(order: &AnyOrder) -> Waits {
    match order {
        AnyOrder::PaymentPending(_) => Waits::ForPayment,
        AnyOrder::Reserved(_) => Waits::ForConfirmation,
        AnyOrder::Paid(_) => Waits::Paid,
        AnyOrder::CancelRequested(order) => Waits::ToBeCanceled {
            unpaid: order.detail().reason == CancelReason::Unpaid,
        },
        AnyOrder::Canceled(_) => Waits::Canceled,
        AnyOrder::Refunded(_) => Waits::Refunded,
    }
}

fn stands(payment: &AnyPayment) -> Stands {
    match payment {
        AnyPayment::Initiated(_) => Stands::Begun,
        AnyPayment::Prepared(_) | AnyPayment::AwaitingDeposit(_) => {
            panic!("the mock gateway prepares nothing and opens no accounts")
        }
        AnyPayment::Authorized(p) => Stands::Held {
            until: p.detail().expires_at.as_millis(),
        },
        AnyPayment::Captured(p) if p.detail().is_all_back() => Stands::Refunded,
        AnyPayment::Captured(_) => Stands::Taken,
        AnyPayment::Failed(_) => Stands::Failed,
        AnyPayment::Canceled(_) => Stands::GivenUp,
        AnyPayment::Expired(_) => Stands::RanOut,
        AnyPayment::Voided(_) => Stands::Released,
        AnyPayment::Mismatched(p) => Stands::WrongMoney(won(&p.detail().received)),
        AnyPayment::Orphaned(p) => Stands::Homeless(won(&p.detail().received)),
        AnyPayment::Returned(p) => Stands::SentBack(p.detail().returned.total().minor()),
    }
}
