//! Reading: the overlay over the index, and the history of a group from the journal. Any thread may.

use std::sync::Arc;

use parking_lot::Mutex;

use super::codec::{self, Kind};
use super::journal::JournalReader;
use super::keys::{self, DueItem, Key};
use super::overlay::Overlay;
use super::record::{Body, GroupRecord, Record};
use super::standing::{Health, Standing};
use super::view::{self, Source, Stored};
use super::{KeyRange, StoreError};
use crate::event::OrderEvent;
use crate::group::{Group, GroupEvent};
use crate::id::{BuyerId, OrderId, PaymentId};
use crate::order::{AnyOrder, Line, OrderState};
use crate::payment::{AnyPayment, PaymentState};
use crate::time::Timestamp;

/// What all readers share.
#[derive(Debug)]
pub struct Shared {
    /// What is durable and not yet in the index.
    pub overlay: Overlay,
    /// The index, as long as it may be asked.
    pub standing: Standing,
    /// Held while a commit becomes durable and is shown.
    pub committing: Mutex<()>,
    /// The journal as far as it is durable.
    pub journal: JournalReader,
}

/// Reads what is durable, and nothing else.
#[derive(Debug, Clone)]
pub struct Reader(pub(super) Arc<Shared>);

impl Source for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.overlay.get(key) {
            Some(known) => Ok(known),
            None => self.standing.get(key),
        }
    }

    /// The journal is checked frame by frame; what contradicts itself beside it is the index.
    fn distrusted(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Damaged(why) => self.standing.distrust(&why),
            passing @ (StoreError::Full(_) | StoreError::Index(_)) => passing,
            failed @ StoreError::Failed(_) => failed,
        }
    }
}

impl Source for Reader {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn distrusted(&self, error: StoreError) -> StoreError {
        self.0.distrusted(error)
    }
}

/// A page of payments, newest first.
#[derive(Debug, Default)]
pub struct PaymentPage {
    /// The payments.
    pub payments: Vec<AnyPayment>,
    /// Where the next page begins; nothing if this is the last.
    pub next: Option<PaymentId>,
}

/// Which payments to list.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// Of this buyer.
    pub buyer: Option<BuyerId>,
    /// Of this order.
    pub order: Option<OrderId>,
    /// In one of these states; empty for any.
    pub states: Vec<PaymentState>,
    /// Begun at or after.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
}

/// One record of a group's history.
#[derive(Debug)]
pub struct PastRecord {
    /// Its number.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What it was.
    pub group: GroupRecord,
}

impl PastRecord {
    /// Applies one of its events.
    fn evolve(
        &self,
        group: &mut Group,
        order: &OrderId,
        event: &GroupEvent,
    ) -> Result<(), StoreError> {
        group.evolve(order, event, self.at).map_err(|impossible| {
            StoreError::Damaged(format!(
                "record {} does not follow: {impossible}",
                self.number
            ))
        })
    }
}

/// A record of the feed with where its events begin.
#[derive(Debug)]
pub struct FeedRecord {
    /// The feed sequence of its first event that concerns the merchant.
    pub first_event: u64,
    /// The record.
    pub record: Record,
}

impl Reader {
    /// How many payments one page may look at before it ends early.
    const MOST_EXAMINED: usize = 5_000;
    /// How many records one group's history may have: more than its payments and their notifications can make.
    const MOST_RECORDS: usize = 20_000;

    /// The order with this id.
    pub fn order(&self, id: &OrderId) -> Result<Option<Stored<AnyOrder>>, StoreError> {
        view::load_order(self, id)
    }

    /// The payment with this id.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Stored<AnyPayment>>, StoreError> {
        view::load_payment(self, id)
    }

    /// Entries of a range, overlay over index.
    pub fn scan(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        let mut rest = range.clone();
        loop {
            let chunk = limit.saturating_sub(found.len()).saturating_add(32);
            let reached = self.scan_chunk(&rest, chunk, &mut found)?;
            let Some(reached) = reached.filter(|_| found.len() < limit) else {
                break;
            };
            if rest.reverse {
                rest.to = reached;
            } else {
                rest.from = reached;
                rest.from.push(0);
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Merges one chunk into `found`; returns how far it got, or nothing at the range's end.
    ///
    /// The overlay is asked first: what moves to the index in between is then seen twice, never missed.
    fn scan_chunk(
        &self,
        range: &KeyRange,
        chunk: usize,
        found: &mut Vec<(Key, Vec<u8>)>,
    ) -> Result<Option<Key>, StoreError> {
        let (mut merged, overlay_reached) = self.0.overlay.range(range, chunk);
        let below = self
            .0
            .standing
            .range(&range.from, &range.to, range.reverse.into(), chunk)?;
        let index_reached = (below.len() >= chunk)
            .then(|| below.last().map(|(key, _)| key.clone()))
            .flatten();
        for (key, value) in below {
            merged.entry(key).or_insert(Some(value));
        }
        let ends = overlay_reached.into_iter().chain(index_reached);
        let reached = if range.reverse {
            ends.max()
        } else {
            ends.min()
        };
        let within = |key: &Key| match &reached {
            None => true,
            Some(end) if range.reverse => key >= end,
            Some(end) => key <= end,
        };
        let live = merged.into_iter().filter(|(key, _)| within(key));
        let live = live.filter_map(|(key, value)| value.map(|value| (key, value)));
        if range.reverse {
            let mut entries: Vec<_> = live.collect();
            entries.reverse();
            found.append(&mut entries);
        } else {
            found.extend(live);
        }
        Ok(reached)
    }

    /// A page of at most `limit` payments before `before`, newest first. A page that had to skip very many ends early.
    pub fn payments(
        &self,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<PaymentPage, StoreError> {
        let mut page = PaymentPage::default();
        let mut last = filter.before_end(before);
        let chunk = limit.saturating_add(1);
        let mut examined = 0_usize;
        while examined < Self::MOST_EXAMINED {
            let candidates = self.candidates(filter, last, chunk)?;
            let exhausted = candidates.len() < chunk;
            examined = examined.saturating_add(candidates.len());
            for id in candidates {
                if page.payments.len() == limit {
                    page.next = last;
                    return Ok(page);
                }
                last = Some(id);
                let payment = self
                    .payment(id)?
                    .filter(|payment| filter.admits(&payment.value));
                page.payments.extend(payment.map(|payment| payment.value));
            }
            if exhausted {
                return Ok(page);
            }
        }
        page.next = last;
        Ok(page)
    }

    /// The ids to look at, newest first, from the narrowest index that the filter allows.
    fn candidates(
        &self,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        most: usize,
    ) -> Result<Vec<PaymentId>, StoreError> {
        if let Some(order) = &filter.order {
            let Some(order) = self.order(order)? else {
                return Ok(Vec::new());
            };
            let ids = order.value.core().payments.iter().copied();
            let mut ids: Vec<PaymentId> = ids
                .filter(|id| before.is_none_or(|before| *id < before))
                .collect();
            // The order has them as they were begun; ids of one millisecond are in no order, and pages go by id.
            ids.sort_unstable_by(|one, other| other.cmp(one));
            ids.truncate(most);
            return Ok(ids);
        }
        let range = match (&filter.buyer, filter.listed_state()) {
            (Some(buyer), _) => keys::buyer_payments_before(buyer, before),
            (None, Some(state)) => keys::listed_before(state, before),
            (None, None) => keys::payments_before(before),
        };
        let found = self.scan(&range, most)?;
        Ok(found
            .iter()
            .filter_map(|(key, _)| keys::trailing_payment(key))
            .collect())
    }

    /// Payments with a money call that has no answer yet, oldest first.
    pub fn in_flight(&self, limit: usize) -> Result<Vec<AnyPayment>, StoreError> {
        let found = self.scan(&keys::all_in_flight(), limit)?;
        let ids = found
            .iter()
            .filter_map(|(key, _)| keys::trailing_payment(key));
        let read = |id| Ok(self.payment(id)?.map(|payment| payment.value));
        ids.filter_map(|id| read(id).transpose()).collect()
    }

    /// Captured payments whose money is not where it should be, newest first.
    pub fn to_look_at(&self, limit: usize) -> Result<Vec<AnyPayment>, StoreError> {
        let found = self.scan(&keys::listed_before(PaymentState::Captured, None), limit)?;
        let ids = found
            .iter()
            .filter_map(|(key, _)| keys::trailing_payment(key));
        let read = |id| Ok(self.payment(id)?.map(|payment| payment.value));
        ids.filter_map(|id| read(id).transpose()).collect()
    }

    /// What has come due, earliest first.
    pub fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueItem>, StoreError> {
        let found = self.scan(&keys::due_by(now), limit)?;
        Ok(found
            .iter()
            .filter_map(|(key, _)| keys::due_item(key))
            .collect())
    }

    /// The group's records, newest first, as far back as its first.
    pub fn history(&self, order: &OrderId) -> Result<Vec<PastRecord>, StoreError> {
        let mut records = Vec::new();
        let mut next = self.order(order)?.map_or(0, |order| order.record);
        while next != 0 {
            if records.len() >= Self::MOST_RECORDS {
                return Err(StoreError::Damaged(format!(
                    "the history of order {order} has no end"
                )));
            }
            let record = self.record(next)?;
            let Body::Group(group) = record.body else {
                return Err(StoreError::Damaged(format!(
                    "record {next} is not of a group"
                )));
            };
            let previous = group.previous;
            records.push(PastRecord {
                number: next,
                at: record.at,
                group,
            });
            next = previous;
        }
        Ok(records)
    }

    /// What is bought, from the record that registered the order.
    pub fn lines(&self, first_record: u64) -> Result<Vec<Line>, StoreError> {
        let Body::Group(group) = self.record(first_record)?.body else {
            return Ok(Vec::new());
        };
        let created = group.events.into_iter().find_map(|event| match event {
            GroupEvent::Order(OrderEvent::OrderCreated(created)) => Some(created.lines),
            _ => None,
        });
        created
            .ok_or_else(|| StoreError::Damaged(format!("record {first_record} registers no order")))
    }

    /// One record by its number.
    pub fn record(&self, number: u64) -> Result<Record, StoreError> {
        let missing = || StoreError::Damaged(format!("record {number} is not in the journal"));
        let frame = self
            .0
            .journal
            .frame_of_record(number)?
            .ok_or_else(missing)?;
        let at =
            usize::try_from(number.saturating_sub(frame.meta.first_record)).unwrap_or(usize::MAX);
        codec::record_at(&frame.body, at).ok_or_else(missing)?
    }

    /// The order and one payment as they were when the payment, or the order, had had `version` events.
    pub fn group_at(
        &self,
        order: &OrderId,
        payment: Option<PaymentId>,
        version: u64,
    ) -> Result<Group, StoreError> {
        let mut group = Group::default();
        for past in self.history(order)?.into_iter().rev() {
            for event in &past.group.events {
                past.evolve(&mut group, order, event)?;
                if version_of(&group, payment) == Some(version) {
                    return Ok(group);
                }
            }
        }
        Err(StoreError::Damaged(format!(
            "order {order} never had version {version}"
        )))
    }

    /// The payment as it was when the call that was under way at its `version` had ended; nothing while it has not.
    pub fn after_call(
        &self,
        order: &OrderId,
        payment: PaymentId,
        version: u64,
    ) -> Result<Option<AnyPayment>, StoreError> {
        let mut call = None;
        let ended = |group: &Group| {
            let now = group.payment(payment).map(AnyPayment::core);
            let Some(now) = now.filter(|now| now.version >= version) else {
                return false;
            };
            let under_way = now.operation.as_ref().filter(|one| one.in_flight());
            let under_way = under_way.map(|one| one.core().id);
            let asked_about = *call.get_or_insert(under_way);
            under_way.is_none() || under_way != asked_about
        };
        let group = self.first_after(order, ended)?;
        let payments = group.map(|group| group.payments).into_iter().flatten();
        Ok(payments.into_iter().find(|one| one.core().id == payment))
    }

    /// The order as it was when the cancellation that was asked for at its `version` was decided; nothing while it
    /// is not.
    pub fn after_cancel(
        &self,
        order: &OrderId,
        version: u64,
    ) -> Result<Option<AnyOrder>, StoreError> {
        let decided = |group: &Group| {
            let now = group.order.as_ref();
            now.is_some_and(|now| {
                now.core().version >= version && now.state() != OrderState::CancelRequested
            })
        };
        Ok(self
            .first_after(order, decided)?
            .and_then(|group| group.order))
    }

    /// The group as it was after the first record with which `is_so` held.
    fn first_after(
        &self,
        order: &OrderId,
        mut is_so: impl FnMut(&Group) -> bool,
    ) -> Result<Option<Group>, StoreError> {
        let mut group = Group::default();
        for past in self.history(order)?.into_iter().rev() {
            for event in &past.group.events {
                past.evolve(&mut group, order, event)?;
            }
            if is_so(&group) {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    /// Records of the feed after event `after`, oldest first, as many as hold `limit` events.
    pub fn feed(&self, after: u64, limit: usize) -> Result<Vec<FeedRecord>, StoreError> {
        let mut found = Vec::new();
        let wanted = after.saturating_add(1);
        let Some(first) = self.0.journal.frame_of_event(wanted)? else {
            return Ok(found);
        };
        for frame in self.0.journal.frames_from(first.meta.first_record) {
            let frame = frame?;
            let mut next = frame.meta.first_event;
            for record in codec::records(&frame.body) {
                let record = record?;
                let first_event = next;
                next = next.saturating_add(u64::from(record.feed_events()));
                if next <= wanted || first_event == next {
                    continue;
                }
                found.push(FeedRecord {
                    first_event,
                    record,
                });
                if usize::try_from(next.saturating_sub(wanted)).is_ok_and(|events| events >= limit)
                {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// The time of the last record that is durable.
    pub fn last_at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.journal.tail().last_at_ms)
    }

    /// The last event of the feed that is durable.
    pub fn last_event(&self) -> u64 {
        self.0.journal.tail().next_event.saturating_sub(1)
    }

    /// How the index is.
    pub fn index_health(&self) -> Health {
        self.0.standing.health()
    }

    /// How many keys the index is behind.
    pub fn lag_keys(&self) -> usize {
        self.0.overlay.lag_keys()
    }

    /// All balances.
    pub fn balances(&self) -> Result<Vec<(String, view::Balance)>, StoreError> {
        let found = self.scan(&keys::all_balances(), 10_000)?;
        let named = found.into_iter().map(|(key, value)| {
            let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
            Ok((name, self.decoded(Kind::Balance, &value)?))
        });
        named.collect()
    }
}

fn version_of(group: &Group, payment: Option<PaymentId>) -> Option<u64> {
    match payment {
        Some(id) => group.payment(id).map(|payment| payment.core().version),
        None => group.order.as_ref().map(|order| order.core().version),
    }
}

impl PaymentFilter {
    fn admits(&self, payment: &AnyPayment) -> bool {
        let core = payment.core();
        let buyer = self
            .buyer
            .as_ref()
            .is_none_or(|buyer| *buyer == core.buyer_id);
        let state = self.states.is_empty() || self.states.contains(&payment.state());
        let from = self.from.is_none_or(|from| core.created_at >= from);
        let to = self.to.is_none_or(|to| core.created_at < to);
        buyer && state && from && to
    }

    /// The one state that has an index of its own, if the filter asks for just it.
    fn listed_state(&self) -> Option<PaymentState> {
        match self.states.as_slice() {
            [state] if state.is_open() || state.needs_decision() => Some(*state),
            _ => None,
        }
    }

    /// Ids grow with time: the end of the asked time is also an end of the ids.
    fn before_end(&self, before: Option<PaymentId>) -> Option<PaymentId> {
        let end = self
            .to
            .map(|to| PaymentId::from_bits(u128::from(to.as_millis()) << 80));
        match (before, end) {
            (Some(before), Some(end)) => Some(before.min(end)),
            (before, end) => before.or(end),
        }
    }
}
