//! Balances of the accounts after the events of one payment.

use std::collections::BTreeMap;

use super::*;
use crate::event::*;
use crate::id::OrderId;
use crate::money::Money;

fn won(minor: u64) -> Money {
    Money::new(minor, Currency::Krw).unwrap()
}

fn split() -> Amounts {
    Amounts::of(won(11_000), won(0)).unwrap()
}

fn captured() -> PaymentEvent {
    PaymentCaptured {
        captured: split(),
        theirs: split(),
        source: Source::Answer,
    }
    .into()
}

fn accepted(theirs: Amounts) -> PaymentEvent {
    DisagreementAccepted {
        ours: split(),
        theirs,
    }
    .into()
}

fn refunded(at_gateway: Amounts, way: RefundWay) -> PaymentEvent {
    PaymentRefunded {
        refund: None,
        refunded: split(),
        at_gateway,
        requested: false,
        way,
        source: Source::Person,
    }
    .into()
}

/// The sums of all components on each account that is not empty.
fn balances(events: &[PaymentEvent]) -> BTreeMap<&'static str, i64> {
    let stream = Stream::Order(OrderId::parse("o-1").unwrap());
    let payment = PaymentId::from_bits(1);
    let mut sums = BTreeMap::new();
    for event in events {
        let event = GroupEvent::Payment(payment, event.clone());
        for posting in postings(&stream, Timestamp::from_millis(1), &event, Provider::Toss) {
            assert_eq!(posting.cause.payment, Some(payment));
            let minor = i64::try_from(posting.minor).unwrap();
            for (account, signed) in [(posting.from, minor), (posting.to, minor.saturating_neg())] {
                let sum = sums.entry(account.name()).or_insert(0_i64);
                *sum = sum.saturating_add(signed);
            }
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

#[test]
fn refund_through_the_gateway_leaves_no_balance() {
    let events = [captured(), refunded(split(), RefundWay::Gateway)];
    assert_eq!(balances(&events), BTreeMap::new());
}

#[test]
fn refund_by_bank_transfer_leaves_the_gateway_receivable() {
    let events = [captured(), refunded(split(), RefundWay::BankTransfer)];
    let owed = BTreeMap::from([("gateway_receivable", 11_000), ("settlement_bank", -11_000)]);
    assert_eq!(balances(&events), owed);
    let gone = [
        events.to_vec(),
        vec![accepted(Amounts::zero(Currency::Krw))],
    ];
    let lost = BTreeMap::from([
        ("reconciliation_difference", 11_000),
        ("settlement_bank", -11_000),
    ]);
    assert_eq!(balances(&gone.concat()), lost, "the buyer has it twice");
}

#[test]
fn accepted_difference_ends_with_the_full_refund() {
    let theirs = Amounts::of(won(10_000), won(0)).unwrap();
    let before = [captured(), accepted(theirs)];
    let difference = BTreeMap::from([
        ("gateway_receivable", 10_000),
        ("hold", -11_000),
        ("reconciliation_difference", 1_000),
    ]);
    assert_eq!(balances(&before), difference);
    let after = [before.to_vec(), vec![refunded(theirs, RefundWay::Gateway)]];
    assert_eq!(balances(&after.concat()), BTreeMap::new());
}

#[test]
fn another_split_of_the_same_total_moves_no_total() {
    let theirs = Amounts::of(won(5_500), won(5_500)).unwrap();
    let events = [captured(), accepted(theirs)];
    let same = BTreeMap::from([("gateway_receivable", 11_000), ("hold", -11_000)]);
    assert_eq!(balances(&events), same);
}

#[test]
fn refund_of_set_aside_money_by_bank_transfer_leaves_the_gateway_receivable() {
    let received = Amounts::whole(won(900));
    let aside = PaymentMismatched {
        received,
        source: Source::Answer,
    };
    let back = SuspendedMoneyReturned {
        suspended: received,
        at_gateway: received,
        way: RefundWay::BankTransfer,
        source: Source::Person,
    };
    let owed = BTreeMap::from([("gateway_receivable", 900), ("settlement_bank", -900)]);
    assert_eq!(balances(&[aside.into(), back.into()]), owed);
}
