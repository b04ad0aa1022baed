//! The past of an order or a payment, read backwards from its newest record as far as an answer needs.
//!
//! Each record of a group names the one before it, so the past is walked backwards; an aggregate's earlier state is
//! computed forwards, by the same `evolve` as always. There is no longest history: one record at a time is in memory,
//! with the aggregate and a bounded window of record numbers. Showing the present state costs no replay.

use std::collections::VecDeque;

use super::Reader;
use crate::event::{CallStep, PaymentEvent};
use crate::group::{Group, GroupEvent};
use crate::id::{OrderId, PaymentId};
use crate::order::{AnyOrder, OrderState};
use crate::payment::AnyPayment;
use crate::store::StoreError;
use crate::store::executor::Since;
use crate::store::record::{Body, GroupRecord};
use crate::store::view::{KeyReader as _, Stored};
use crate::time::Timestamp;

/// One record of a group's history.
#[derive(Debug)]
pub struct PastRecord {
    /// Its number.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The record of the group.
    pub group: GroupRecord,
}

/// One event of a payment, with its number.
#[derive(Debug)]
pub struct PastEvent {
    /// Its number among the payment's events, from 1.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The event.
    pub event: GroupEvent,
}

/// A page of a payment's events, oldest first.
#[derive(Debug, Default)]
pub struct EventPage {
    /// The events.
    pub events: VecDeque<PastEvent>,
    /// The next page begins after this event; `None` if this page is the last.
    pub next: Option<u64>,
}

/// The subject of a history: its events are counted, those of others skipped.
#[derive(Debug, Clone, Copy)]
enum Of {
    Order,
    Payment(PaymentId),
    /// An order with all its payments; it has no version.
    Group,
}

impl Of {
    fn has(self, event: &GroupEvent) -> bool {
        match (self, event) {
            (Self::Order, GroupEvent::Order(_)) | (Self::Group, _) => true,
            (Self::Payment(payment), GroupEvent::Payment(id, _)) => *id == payment,
            (Self::Order, GroupEvent::Payment(..)) | (Self::Payment(_), GroupEvent::Order(_)) => {
                false
            }
        }
    }
}

/// A record that has events of the aggregate, with the aggregate's version before and after it.
#[derive(Debug)]
struct Stretch {
    past: PastRecord,
    /// The version before.
    before: u64,
    /// The version after.
    after: u64,
}

/// Walks from an aggregate's newest record back to its first.
#[derive(Debug)]
struct Backwards<'r> {
    reader: &'r Reader,
    of: Of,
    next: u64,
    first: u64,
    version: u64,
}

impl Backwards<'_> {
    fn step(&mut self) -> Result<Option<Stretch>, StoreError> {
        while self.next != 0 && self.next >= self.first {
            let past = self.reader.past_record(self.next)?;
            if past.group.previous >= past.number {
                return Err(StoreError::Damaged(format!(
                    "record {} names a later one as the one before it",
                    past.number
                )));
            }
            self.next = past.group.previous;
            let own = past.group.events.iter().filter(|event| self.of.has(event));
            let own = u64::try_from(own.count()).unwrap_or(u64::MAX);
            if own > 0 {
                let after = self.version;
                self.version = after.saturating_sub(own);
                return Ok(Some(Stretch {
                    past,
                    before: self.version,
                    after,
                }));
            }
        }
        Ok(None)
    }
}

impl Iterator for Backwards<'_> {
    type Item = Result<Stretch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Where a replay stops: the aggregate's state there is the answer.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// The aggregate has had this many events.
    Version(u64),
    /// All of this record's events are applied.
    Record(u64),
    /// The first point from this record on at which the order is decided, or no call about its money is in flight.
    Decided(u64),
}

impl Until {
    /// Whether the stretch has events before the stop, or the stop itself.
    const fn reaches(self, stretch: &Stretch) -> bool {
        match self {
            Self::Version(version) => stretch.before < version,
            Self::Record(record) => stretch.past.number <= record,
            Self::Decided(_) => true,
        }
    }
}

impl Reader {
    /// The number of record numbers that a replay holds at a time; a longer history is walked several times.
    const WINDOW: usize = if cfg!(test) { 16 } else { 4_096 };

    fn past_record(&self, number: u64) -> Result<PastRecord, StoreError> {
        let record = self.record(number)?;
        let Body::Group(group) = record.body else {
            return Err(StoreError::Damaged(format!(
                "record {number} is not of a group"
            )));
        };
        Ok(PastRecord {
            number,
            at: record.at,
            group,
        })
    }

    fn back_from_payment(&self, now: &Stored<AnyPayment>) -> Backwards<'_> {
        let core = now.value.core();
        Backwards {
            reader: self,
            of: Of::Payment(core.id),
            next: now.record,
            first: now.first_record,
            version: core.version,
        }
    }

    fn back_from_order(&self, now: &Stored<AnyOrder>) -> Backwards<'_> {
        Backwards {
            reader: self,
            of: Of::Order,
            next: now.record,
            first: now.first_record,
            version: now.value.core().version,
        }
    }

    fn back_from_group(&self, now: &Stored<AnyOrder>) -> Backwards<'_> {
        Backwards {
            of: Of::Group,
            version: u64::MAX,
            ..self.back_from_order(now)
        }
    }

    /// A record's events of one payment, in order.
    pub fn events_in(
        &self,
        record: u64,
        payment: PaymentId,
    ) -> Result<Vec<PaymentEvent>, StoreError> {
        let past = self.past_record(record)?;
        let own = past
            .group
            .events
            .into_iter()
            .filter_map(|event| match event {
                GroupEvent::Payment(id, event) if id == payment => Some(event),
                GroupEvent::Payment(..) | GroupEvent::Order(_) => None,
            });
        Ok(own.collect())
    }

    /// At most `limit` of the payment's events after its first `after`, oldest first.
    pub fn payment_events(
        &self,
        now: &Stored<AnyPayment>,
        after: u64,
        limit: usize,
    ) -> Result<EventPage, StoreError> {
        let mut page = EventPage::default();
        let of = Of::Payment(now.value.core().id);
        for stretch in self.back_from_payment(now) {
            let Stretch {
                past,
                before,
                after: last,
            } = stretch?;
            if last <= after {
                break;
            }
            let (at, events) = (past.at, past.group.events);
            let own = events.into_iter().rev().filter(|event| of.has(event));
            let first = before.saturating_add(1);
            for (number, event) in (first..=last).rev().zip(own) {
                if number > after {
                    page.events.push_front(PastEvent { number, at, event });
                }
            }
            page.events.truncate(limit);
        }
        let last = page.events.back().map(|event| event.number);
        page.next = last.filter(|last| *last < now.value.core().version);
        Ok(page)
    }

    /// The payment as of `version`; `None` if it never had that many events.
    pub fn payment_at(
        &self,
        id: PaymentId,
        version: u64,
    ) -> Result<Option<AnyPayment>, StoreError> {
        let Some(now) = self.payment(id)? else {
            return Ok(None);
        };
        if now.value.core().version == version {
            return Ok(Some(now.value));
        }
        self.past_payment(&now, Until::Version(version))
    }

    /// The order as of `version`; `None` if it never had that many events.
    pub fn order_at(&self, id: &OrderId, version: u64) -> Result<Option<AnyOrder>, StoreError> {
        let Some(now) = self.order(id)? else {
            return Ok(None);
        };
        if now.value.core().version == version {
            return Ok(Some(now.value));
        }
        self.past_order(&now, Until::Version(version))
    }

    /// The payment as it was when the call ended that was in flight at `version`; `None` while it has not ended.
    pub fn after_call(
        &self,
        payment: PaymentId,
        version: u64,
    ) -> Result<Option<AnyPayment>, StoreError> {
        let Some(now) = self.payment(payment)? else {
            return Ok(None);
        };
        let core = now.value.core();
        if core.version < version {
            return Ok(None);
        }
        if core.version == version {
            let ended = !core.operation_in_flight();
            return Ok(ended.then_some(now.value));
        }
        let Some(record) = self.end_of_call(&now, version)? else {
            return Ok(None);
        };
        if record == now.record {
            return Ok(Some(now.value));
        }
        self.past_payment(&now, Until::Record(record))
    }

    /// The record that ended the call in flight at the payment's `version`; the record of `version` itself if no call
    /// was in flight.
    fn end_of_call(
        &self,
        now: &Stored<AnyPayment>,
        version: u64,
    ) -> Result<Option<u64>, StoreError> {
        let of = Of::Payment(now.value.core().id);
        // Until `asked` is set, the walk is at records newer than the one of `version`.
        let (mut asked, mut ended) = (None, None);
        for stretch in self.back_from_payment(now) {
            let Stretch { past, before, .. } = stretch?;
            let own = past.group.events.iter().filter(|event| of.has(event));
            let steps: Vec<CallStep> = own.filter_map(call_step).collect();
            if asked.is_none() && before >= version {
                let ends = steps.iter().any(|step| *step != CallStep::Unanswered);
                ended = if ends { Some(past.number) } else { ended };
                continue;
            }
            let asked = *asked.get_or_insert(past.number);
            match steps.last() {
                Some(CallStep::Ended) => return Ok(Some(asked)),
                Some(CallStep::Intended(_) | CallStep::Unanswered) => return Ok(ended),
                None => {}
            }
        }
        Ok(asked)
    }

    /// The order as it was when the calls about its money had ended that were in flight when it was answered with
    /// this version: the first point from there on at which it was decided, or no payment had an unanswered call.
    /// `None` while there is no such point.
    pub fn after_calls(
        &self,
        order: &OrderId,
        version: u64,
        since: Since,
    ) -> Result<Option<AnyOrder>, StoreError> {
        let Some((now, decided)) = self.order_with_calls(order)? else {
            return Ok(None);
        };
        let Some(from) = self.answered_in(&now, version, since)? else {
            return Ok(None);
        };
        // The calls in flight then were in flight until the newest record.
        if !from.turned_before_last {
            return Ok(decided.then_some(now.value));
        }
        let walk = || self.back_from_group(&now);
        let until = Until::Decided(from.record);
        let group = replay(&now.value.core().id, walk, until, Self::WINDOW)?;
        Ok(group.and_then(|group| group.order))
    }

    /// The order, with whether it is decided or no call about its money is in flight, both as of one record.
    fn order_with_calls(
        &self,
        id: &OrderId,
    ) -> Result<Option<(Stored<AnyOrder>, bool)>, StoreError> {
        const MOST_TRIES: u32 = 1_000;
        'again: for _ in 0..MOST_TRIES {
            let Some(order) = self.order(id)? else {
                return Ok(None);
            };
            let mut calls = false;
            for payment in &order.value.core().payments {
                let Some(payment) = self.payment(*payment)? else {
                    continue;
                };
                // Every record that moves a payment is a record of its order too, so the order that was read is
                // outdated.
                if payment.record > order.record {
                    continue 'again;
                }
                calls |= payment.value.core().operation_in_flight();
            }
            let decided = is_decided(&order.value, calls);
            return Ok(Some((order, decided)));
        }
        let what = format!("the order {id} is older than its payment");
        Err(self.distrusted(StoreError::Damaged(what)))
    }

    /// The record that the order was answered with, and what has happened since.
    fn answered_in(
        &self,
        now: &Stored<AnyOrder>,
        version: u64,
        since: Since,
    ) -> Result<Option<AnsweredIn>, StoreError> {
        let (mut turned_before_last, mut before) = (false, now.value.core().version);
        for stretch in self.back_from_group(now) {
            let past = stretch?.past;
            let own = past.group.events.iter();
            let own = own.filter(|event| Of::Order.has(event)).count();
            before = before.saturating_sub(u64::try_from(own).unwrap_or(u64::MAX));
            let is_it = match since {
                Since::Record(record) => past.number <= record,
                Since::Key(key) => {
                    let kept = past.group.reply.as_ref();
                    kept.is_some_and(|reply| reply.key == key) || before < version
                }
            };
            if is_it {
                let record = past.number;
                return Ok(Some(AnsweredIn {
                    record,
                    turned_before_last,
                }));
            }
            let mut events = past.group.events.iter();
            let turns = events
                .any(|event| Of::Order.has(event) || call_step(event) == Some(CallStep::Ended));
            turned_before_last |= turns && past.number != now.record;
        }
        Ok(None)
    }

    fn past_payment(
        &self,
        now: &Stored<AnyPayment>,
        until: Until,
    ) -> Result<Option<AnyPayment>, StoreError> {
        let id = now.value.core().id;
        let walk = || self.back_from_payment(now);
        let group = replay(&now.value.core().order_id, walk, until, Self::WINDOW)?;
        Ok(group.and_then(|group| group.payments.into_iter().find(|one| one.core().id == id)))
    }

    fn past_order(
        &self,
        now: &Stored<AnyOrder>,
        until: Until,
    ) -> Result<Option<AnyOrder>, StoreError> {
        let walk = || self.back_from_order(now);
        let group = replay(&now.value.core().id, walk, until, Self::WINDOW)?;
        Ok(group.and_then(|group| group.order))
    }
}

/// The record that an order was answered with.
struct AnsweredIn {
    record: u64,
    /// Whether a call ended or the order moved between it and the newest record.
    turned_before_last: bool,
}

/// Whether the order waits for no call: it reached its final state, or no call is in flight.
const fn is_decided(order: &AnyOrder, calls: bool) -> bool {
    match order.state() {
        OrderState::Paid | OrderState::Canceled | OrderState::Refunded => true,
        OrderState::PaymentPending | OrderState::Reserved | OrderState::CancelRequested => !calls,
    }
}

fn is_settled(group: &Group) -> bool {
    let mut payments = group.payments.iter();
    let calls = payments.any(|payment| payment.core().operation_in_flight());
    let order = group.order.as_ref();
    order.is_some_and(|order| is_decided(order, calls))
}

/// An event's effect on the payment's money call.
const fn call_step(event: &GroupEvent) -> Option<CallStep> {
    match event {
        GroupEvent::Payment(_, event) => event.call_step(),
        GroupEvent::Order(_) => None,
    }
}

/// The state as of `until` of the aggregate that `walk` goes back over; `None` if it never got there.
///
/// A walk only goes backwards. So each pass notes the oldest `window` of the records that were not replayed yet, and
/// replays those.
fn replay<'r>(
    order: &OrderId,
    walk: impl Fn() -> Backwards<'r>,
    until: Until,
    window: usize,
) -> Result<Option<Group>, StoreError> {
    let (mut group, mut replayed) = (Group::default(), 0);
    loop {
        let mut numbers = VecDeque::new();
        for stretch in walk() {
            let stretch = stretch?;
            if stretch.past.number <= replayed {
                break;
            }
            if until.reaches(&stretch) {
                numbers.push_front(stretch.past.number);
                numbers.truncate(window);
            }
        }
        if numbers.is_empty() {
            return Ok(None);
        }
        let from = walk();
        for number in numbers {
            let past = from.reader.past_record(number)?;
            if evolve(&mut group, order, from.of, &past, until)? {
                return Ok(Some(group));
            }
            replayed = number;
        }
    }
}

/// Applies a record's events of the aggregate; returns whether the stop is reached.
fn evolve(
    group: &mut Group,
    order: &OrderId,
    of: Of,
    past: &PastRecord,
    until: Until,
) -> Result<bool, StoreError> {
    for event in past.group.events.iter().filter(|event| of.has(event)) {
        group.evolve(order, event, past.at).map_err(|impossible| {
            StoreError::Damaged(format!(
                "record {} does not follow: {impossible}",
                past.number
            ))
        })?;
        if matches!(until, Until::Version(version) if version_of(group, of) == Some(version)) {
            return Ok(true);
        }
    }
    Ok(match until {
        Until::Version(_) => false,
        Until::Record(record) => record == past.number,
        Until::Decided(from) => past.number >= from && is_settled(group),
    })
}

fn version_of(group: &Group, of: Of) -> Option<u64> {
    match of {
        Of::Payment(id) => group.payment(id).map(|payment| payment.core().version),
        Of::Order => group.order.as_ref().map(|order| order.core().version),
        Of::Group => None,
    }
}
