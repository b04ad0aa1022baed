//! Reads agree with a naive reader: pages under any filter, whichever entries are in the overlay and in the index,
//! and the feed from any event.

use daegeum_engine::amounts::Amounts;
use daegeum_engine::command::{Fact, MockResult};
use daegeum_engine::id::PaymentId;
use daegeum_engine::order::CaptureMode;
use daegeum_engine::payment::{AnyPayment, PaymentState};
use daegeum_engine::store::reader::PaymentFilter;
use daegeum_engine::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::chance;
use crate::machine::{BEGINNING, Machine};
use crate::shop;

const STATES: [PaymentState; 7] = [
    PaymentState::Initiated,
    PaymentState::Authorized,
    PaymentState::Captured,
    PaymentState::Failed,
    PaymentState::Canceled,
    PaymentState::Mismatched,
    PaymentState::Orphaned,
];

#[derive(Debug, Clone)]
enum Step {
    Pay {
        order: usize,
        how: usize,
    },
    Tick(i64),
    Apply,
    Restart,
    ModelRequest {
        buyer: Option<usize>,
        order: Option<usize>,
        states: Vec<usize>,
        from: Option<i64>,
        to: Option<i64>,
        limit: usize,
        before: Option<usize>,
    },
    Feed {
        after: u64,
        limit: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let moment = || option::weighted(0.3, -20..60_i64);
    let filter = (
        option::weighted(0.3, 0..3_usize),
        option::weighted(0.2, 0..5_usize),
        vec(0..STATES.len(), 0..3),
    );
    let page = (1..6_usize, option::weighted(0.3, 0..64_usize));
    prop_oneof![
        8 => (0..5_usize, 0..7_usize).prop_map(|(order, how)| Step::Pay { order, how }),
        2 => (-3..6_i64).prop_map(Step::Tick),
        2 => Just(Step::Apply),
        1 => Just(Step::Restart),
        6 => (filter, moment(), moment(), page).prop_map(|((buyer, order, states), from, to, (limit, before))| {
            Step::ModelRequest { buyer, order, states, from, to, limit, before }
        }),
        2 => (0..200_u64, 1..40_usize).prop_map(|(after, limit)| Step::Feed { after, limit }),
    ]
}

#[test]
fn pages_and_the_feed_are_what_a_naive_reader_finds() {
    chance::for_all(300, vec(step(), 1..80), |steps| {
        let mut machine = Machine::new();
        for order in 0..5 {
            machine.run(shop::create_order(order, CaptureMode::OnConfirmation));
        }
        let mut known: Vec<PaymentId> = Vec::new();
        for step in steps {
            machine = tell(machine, &mut known, step);
        }
    });
}

fn tell(mut machine: Machine, known: &mut Vec<PaymentId>, step: Step) -> Machine {
    match step {
        Step::Pay { order, how } => known.extend(pay(&mut machine, order, how)),
        Step::Tick(ms) => machine.clock.now = machine.clock.now.checked_add_signed(ms).unwrap(),
        Step::Apply => drop(machine.running.upkeep.applier.turn().unwrap()),
        Step::Restart => {
            let (files, home) = (machine.files.kill(), machine.home.clone());
            return machine.again(files, home);
        }
        Step::ModelRequest {
            buyer,
            order,
            states,
            from,
            to,
            limit,
            before,
        } => {
            let at = |ms: i64| Timestamp::from_millis(BEGINNING.checked_add_signed(ms).unwrap());
            let filter = PaymentFilter {
                buyer: buyer.map(shop::buyer),
                order: order.map(shop::order_id),
                resource: None,
                details: states
                    .into_iter()
                    .map(|state| STATES[state].into())
                    .collect(),
                from: from.map(at),
                to: to.map(at),
            };
            let before = before.and_then(|at| known.get(at).copied());
            pages(&machine, known, &filter, before, limit);
        }
        Step::Feed { after, limit } => feed(&machine, after, limit),
    }
    machine
}

fn pay(machine: &mut Machine, order: usize, how: usize) -> Option<PaymentId> {
    let executed = machine.run(shop::create_payment(order));
    let daegeum_engine::idempotency::Answer::Payment { payment_id, .. } = executed.answer else {
        return None;
    };
    let wrong = Fact::captured(Amounts::whole(shop::won(1)));
    match how {
        0 => drop(machine.run(shop::complete(payment_id, MockResult::Success))),
        1 => drop(machine.run(shop::complete(payment_id, MockResult::Fail))),
        2 => drop(machine.run(shop::notify(payment_id, "evt-1", Fact::Canceled))),
        3 => drop(machine.run(shop::notify(payment_id, "evt-1", wrong))),
        _ => {}
    }
    Some(payment_id)
}

fn admits(filter: &PaymentFilter, payment: &AnyPayment) -> bool {
    let core = payment.core();
    filter
        .buyer
        .as_ref()
        .is_none_or(|buyer| core.buyer_id == *buyer)
        && filter
            .order
            .as_ref()
            .is_none_or(|order| core.order_id == *order)
        && (filter.details.is_empty() || filter.details.contains(&payment.detail()))
        && filter.from.is_none_or(|from| from <= core.created_at)
        && filter.to.is_none_or(|to| core.created_at < to)
}

fn pages(
    machine: &Machine,
    known: &[PaymentId],
    filter: &PaymentFilter,
    before: Option<PaymentId>,
    limit: usize,
) {
    let reader = &machine.running.reader;
    let all = known
        .iter()
        .map(|id| reader.payment(*id).unwrap().unwrap().value);
    let wanted = all
        .filter(|payment| admits(filter, payment))
        .map(|payment| payment.core().id);
    let mut wanted: Vec<_> = wanted
        .filter(|id| before.is_none_or(|before| *id < before))
        .collect();
    wanted.sort();
    wanted.reverse();
    let (mut found, mut next) = (Vec::new(), before);
    loop {
        let page = reader.payments(filter, next, limit).unwrap();
        assert!(page.payments.len() <= limit);
        found.extend(page.payments.iter().map(|payment| payment.core().id));
        next = page.next;
        if next.is_none() {
            break;
        }
        assert_eq!(page.payments.len(), limit, "only the last page is short");
    }
    assert_eq!(found, wanted, "{filter:?} before {before:?} by {limit}");
}

/// From any event on: the records that have it and what follows, until as many events as asked for.
fn feed(machine: &Machine, after: u64, limit: usize) {
    let reader = &machine.running.reader;
    let whole = reader.feed(0, usize::MAX).unwrap();
    let found = reader.feed(after, limit).unwrap();
    let mut wanted = Vec::new();
    for feed in &whole {
        let end = feed.first_event + u64::from(feed.record.feed_events());
        if end <= after + 1 {
            continue;
        }
        wanted.push((feed.first_event, &feed.record));
        if end - after > limit as u64 {
            break;
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|feed| (feed.first_event, &feed.record))
        .collect();
    assert_eq!(found, wanted, "after {after}, {limit} events");
}
