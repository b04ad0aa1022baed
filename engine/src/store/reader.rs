//! Reads from the overlay and the index, and the past from the journal (`history`), on any thread.

mod history;
mod orders;

use std::sync::Arc;

use parking_lot::Mutex;

pub use self::history::{EventPage, PastEvent, PastRecord};
pub use self::orders::{OrderFilter, OrderPage};
use super::codec::{self, Kind};
use super::journal::JournalReader;
use super::keys::{self, DueItem, Key};
use super::overlay::Overlay;
use super::record::{Body, Record};
use super::served_index::{Health, ServedIndex};
use super::view::{self, KeyReader, Stored};
use super::{KeyRange, StoreError};
use crate::event::OrderEvent;
use crate::group::GroupEvent;
use crate::id::{BuyerId, OrderId, PaymentId, SessionId};
use crate::order::{AnyOrder, Contents, Resource};
use crate::payment::{AnyPayment, PaymentDetail, PaymentState};
use crate::time::Timestamp;

/// The state that all readers share.
#[derive(Debug)]
pub struct Shared {
    /// Writes that are durable and not yet in the index.
    pub overlay: Overlay,
    /// The index, while it may be read.
    pub served: ServedIndex,
    /// Held while a commit becomes durable and is published.
    pub committing: Mutex<()>,
    /// The journal as far as it is durable.
    pub journal: JournalReader,
}

/// Reads durable data only.
#[derive(Debug, Clone)]
pub struct Reader(pub(super) Arc<Shared>);

impl KeyReader for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.overlay.get(key) {
            Some(known) => Ok(known),
            None => self.served.get(key),
        }
    }

    /// The journal is verified frame by frame, so a contradiction elsewhere is the index's fault.
    fn distrusted(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Damaged(why) => self.served.distrust(&why),
            passing @ (StoreError::Full(_) | StoreError::Index(_)) => passing,
            failed @ StoreError::Failed(_) => failed,
        }
    }
}

impl KeyReader for Reader {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn distrusted(&self, error: StoreError) -> StoreError {
        self.0.distrusted(error)
    }
}

/// A page of due items.
#[derive(Debug, Default)]
pub struct DuePage {
    /// Earliest first.
    pub items: Vec<DueItem>,
    /// The next page begins after this; `None` if this is the last.
    pub next: Option<Key>,
}

/// A count, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The number counted.
    pub count: usize,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// A page of payments, in the order that was asked for.
#[derive(Debug, Default)]
pub struct PaymentPage {
    /// The payments.
    pub payments: Vec<AnyPayment>,
    /// The next page begins here; `None` if this is the last.
    pub next: Option<PaymentId>,
}

/// Which payments to list.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// Of this buyer.
    pub buyer: Option<BuyerId>,
    /// Of this order.
    pub order: Option<OrderId>,
    /// For this resource of the merchant.
    pub resource: Option<Resource>,
    /// In one of these exact states; empty for any.
    pub details: Vec<PaymentDetail>,
    /// Begun at or after.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
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
    /// The number of payments that one page may look at before it ends early.
    const MOST_EXAMINED: usize = 5_000;
    /// About how far a list is counted: beyond it the count means "at least".
    const MOST_COUNTED: usize = 10_000;

    /// The order with this id.
    pub fn order(&self, id: &OrderId) -> Result<Option<Stored<AnyOrder>>, StoreError> {
        view::load_order(self, id)
    }

    /// The payment with this id.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Stored<AnyPayment>>, StoreError> {
        view::load_payment(self, id)
    }

    /// Entries of a range, from the overlay and the index.
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

    /// Merges one chunk into `found`; returns how far it got, or `None` at the range's end.
    ///
    /// The overlay is read first: an entry that moves to the index in between is then seen twice, never missed.
    fn scan_chunk(
        &self,
        range: &KeyRange,
        chunk: usize,
        found: &mut Vec<(Key, Vec<u8>)>,
    ) -> Result<Option<Key>, StoreError> {
        let (mut merged, overlay_reached) = self.0.overlay.range(range, chunk);
        let below = self
            .0
            .served
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

    /// A page of at most `limit` payments before `before`, newest first. A page that had to skip too many ends early.
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

    /// The ids to look at, newest first, from the narrowest index that fits the filter.
    fn candidates(
        &self,
        filter: &PaymentFilter,
        before: Option<PaymentId>,
        most: usize,
    ) -> Result<Vec<PaymentId>, StoreError> {
        if let Some(order) = &filter.order {
            let order = self.order(order)?.filter(|order| {
                let resource = &order.value.core().resource;
                filter.resource.is_none() || filter.resource == *resource
            });
            let Some(order) = order else {
                return Ok(Vec::new());
            };
            let ids = order.value.core().payments.iter().copied();
            let mut ids: Vec<PaymentId> = ids
                .filter(|id| before.is_none_or(|before| *id < before))
                .collect();
            // The order lists payments as they were begun; ids of one millisecond are unordered, and pages go by id.
            ids.sort_unstable_by(|one, other| other.cmp(one));
            ids.truncate(most);
            return Ok(ids);
        }
        let range = match (&filter.resource, &filter.buyer, filter.listed_state()) {
            (Some(resource), ..) => keys::resource_payments_before(resource, before),
            (None, Some(buyer), _) => keys::buyer_payments_before(buyer, before),
            (None, None, Some(state)) => keys::listed_before(state, before),
            (None, None, None) => keys::payments_before(before),
        };
        let found = self.scan(&range, most)?;
        Ok(found
            .iter()
            .filter_map(|(key, _)| keys::trailing_payment(key))
            .collect())
    }

    /// A page of payments with an unanswered call, oldest first, after `after`.
    pub fn in_flight(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<PaymentPage, StoreError> {
        self.oldest_first(&keys::in_flight_after(after), limit)
    }

    /// The current payment of a checkout.
    pub fn session(&self, id: SessionId) -> Result<Option<Stored<AnyPayment>>, StoreError> {
        let Some(bits) = self.get(&keys::session(id))? else {
            return Ok(None);
        };
        let payment = keys::trailing_payment(&bits);
        payment.map_or(Ok(None), |payment| self.listed(payment).map(Some))
    }

    /// A page of payments whose gateway is to be asked because of an unsigned notification, oldest first, after
    /// `after`.
    pub fn inquiries_wanted(
        &self,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<PaymentPage, StoreError> {
        self.oldest_first(&keys::inquiries_wanted_after(after), limit)
    }

    /// A page of payments on the desk, oldest first, after `after`.
    pub fn desk(&self, after: Option<PaymentId>, limit: usize) -> Result<PaymentPage, StoreError> {
        self.oldest_first(&keys::on_desk_after(after), limit)
    }

    /// The number of payments with an unanswered call.
    pub fn count_in_flight(&self) -> Result<Counted, StoreError> {
        self.count(&keys::in_flight_after(None))
    }

    /// The number of payments on the desk.
    pub fn count_desk(&self) -> Result<Counted, StoreError> {
        self.count(&keys::on_desk_after(None))
    }

    /// The number of payments in a state that the index lists.
    pub fn count_in_state(&self, state: PaymentState) -> Result<Counted, StoreError> {
        self.count(&KeyRange {
            reverse: false,
            ..keys::listed_before(state, None)
        })
    }

    /// A page over a range of payments' keys.
    fn oldest_first(&self, range: &KeyRange, limit: usize) -> Result<PaymentPage, StoreError> {
        let found = self.scan(range, limit.saturating_add(1))?;
        let ids = found
            .iter()
            .filter_map(|(key, _)| keys::trailing_payment(key));
        let mut ids: Vec<PaymentId> = ids.collect();
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().copied().filter(|_| more);
        let mut page = PaymentPage {
            next,
            ..PaymentPage::default()
        };
        for id in ids {
            page.payments.push(self.listed(id)?.value);
        }
        Ok(page)
    }

    /// A payment that a key of the index names. If it is absent, the index is damaged.
    fn listed(&self, id: PaymentId) -> Result<Stored<AnyPayment>, StoreError> {
        self.payment(id)?.ok_or_else(|| {
            let what = format!("the payment {id} is listed, and is not there");
            self.distrusted(StoreError::Damaged(what))
        })
    }

    /// Counts the entries of a range, up to a bound.
    fn count(&self, range: &KeyRange) -> Result<Counted, StoreError> {
        const CHUNK: usize = 1_000;
        let mut counted = Counted {
            count: 0,
            more: false,
        };
        let mut rest = range.clone();
        loop {
            let found = self.scan(&rest, CHUNK)?;
            counted.count = counted.count.saturating_add(found.len());
            let Some((last, _)) = found.last().filter(|_| found.len() == CHUNK) else {
                return Ok(counted);
            };
            if counted.count >= Self::MOST_COUNTED {
                counted.more = true;
                return Ok(counted);
            }
            rest.from.clone_from(last);
            rest.from.push(0);
        }
    }

    /// A page of due items, earliest first, after `after`.
    pub fn due(
        &self,
        now: Timestamp,
        after: Option<Key>,
        limit: usize,
    ) -> Result<DuePage, StoreError> {
        let found = self.scan(&keys::due_by(now, after), limit)?;
        let items = found.iter().filter_map(|(key, _)| keys::due_item(key));
        let items = items.collect();
        let full = found.len() == limit;
        let last = found.into_iter().next_back().map(|(key, _)| key);
        Ok(DuePage {
            items,
            next: last.filter(|_| full),
        })
    }

    /// The order's lines and discounts, from the record that registered it.
    pub fn contents(&self, first_record: u64) -> Result<Contents, StoreError> {
        let Body::Group(group) = self.record(first_record)?.body else {
            return Ok(Contents::default());
        };
        let created = group.events.into_iter().find_map(|event| match event {
            GroupEvent::Order(OrderEvent::OrderCreated(created)) => Some(created.contents()),
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
            .frame_of_record(number)
            .map_err(StoreError::reading)?
            .ok_or_else(missing)?;
        let at =
            usize::try_from(number.saturating_sub(frame.meta.first_record)).unwrap_or(usize::MAX);
        codec::record_at(&frame.body, at).ok_or_else(missing)?
    }

    /// Records of the feed after event `after`, oldest first, as many as hold `limit` events.
    pub fn feed(&self, after: u64, limit: usize) -> Result<Vec<FeedRecord>, StoreError> {
        let mut found = Vec::new();
        let wanted = after.saturating_add(1);
        let Some(first) = self
            .0
            .journal
            .frame_of_event(wanted)
            .map_err(StoreError::reading)?
        else {
            return Ok(found);
        };
        for frame in self.0.journal.frames_from(first.meta.first_record) {
            let frame = frame.map_err(StoreError::reading)?;
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

    /// The number of the last record that is durable; 0 if there is none.
    pub fn last_record(&self) -> u64 {
        self.0.journal.tail().next_record.saturating_sub(1)
    }

    /// The time of a record's commit.
    pub fn time_of(&self, record: u64) -> Result<Timestamp, StoreError> {
        let at_ms = self
            .0
            .journal
            .time_of_record(record)
            .map_err(StoreError::reading)?;
        let missing = || StoreError::Damaged(format!("record {record} is not in the journal"));
        at_ms.map(Timestamp::from_millis).ok_or_else(missing)
    }

    /// The time of the last record that is durable.
    pub fn last_at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.journal.tail().last_at_ms)
    }

    /// The last event of the feed that is durable.
    pub fn last_event(&self) -> u64 {
        self.0.journal.tail().next_event.saturating_sub(1)
    }

    /// The health of the index.
    pub fn index_health(&self) -> Health {
        self.0.served.health()
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

impl PaymentFilter {
    fn admits(&self, payment: &AnyPayment) -> bool {
        let core = payment.core();
        let buyer = self
            .buyer
            .as_ref()
            .is_none_or(|buyer| *buyer == core.buyer_id);
        let state = self.details.is_empty() || self.details.contains(&payment.detail());
        let from = self.from.is_none_or(|from| core.created_at >= from);
        let to = self.to.is_none_or(|to| core.created_at < to);
        buyer && state && from && to
    }

    /// The one state that has an index of its own, if the filter asks for that state alone.
    fn listed_state(&self) -> Option<PaymentState> {
        match self.details.as_slice() {
            [detail] => {
                Some(detail.state()).filter(|state| state.is_open() || state.needs_decision())
            }
            _ => None,
        }
    }

    /// Ids grow with time, so the end of the requested time gives an end of the ids.
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
