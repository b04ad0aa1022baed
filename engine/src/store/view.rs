//! Applies a record to keys: one function for the live commit, for replay and for verification.
//!
//! `index(before, after)` gives the derived keys of an aggregate; balances add up postings. Every aggregate and
//! balance carries the number of the last record applied to it, so that applying a record twice changes nothing.

mod balances;

pub use self::balances::{Balance, Balances};

use bincode::{Decode, Encode};

use super::codec::{self, Kind};
use super::keys::{self, Begun, DueItem, Key};
use super::record::{self, Body, GroupRecord, Record};
use super::{StoreError, Write};
use crate::event::{PaymentEvent, PaymentEventKind, Provider};
use crate::group::{Group, GroupEvent};
use crate::id::{OrderId, PaymentId};
use crate::idempotency::{Answer, Reply};
use crate::ledger::{self, Posting};
use crate::order::{AnyOrder, OrderState};
use crate::payment::{AnyPayment, PaymentState};
use crate::rejection::Rejection;
use crate::stream::Stream;
use crate::time::Timestamp;
use crate::wire;

/// An aggregate with the last record applied to it.
#[derive(Debug, Encode, Decode)]
pub struct Stored<T> {
    /// The record that began it.
    pub first_record: u64,
    /// The last record applied.
    pub record: u64,
    /// The records of its history that are read often.
    pub marks: Marks,
    /// The aggregate after that record.
    pub value: T,
}

/// The records of a payment's history that are read often, so that finding them needs no walk. Each is a record
/// number, 0 if there is no such record. An order has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Marks {
    /// The last record in which the buyer chose how to pay.
    pub chosen: u64,
    /// The last record in which its order took its money.
    pub taken: u64,
    /// The record that intended its latest money call.
    pub call: u64,
}

impl Marks {
    /// The marks after the `events` of the payment in `record`.
    fn after(mut self, record: u64, payment: PaymentId, events: &[GroupEvent]) -> Self {
        for event in events {
            let GroupEvent::Payment(id, event) = event else {
                continue;
            };
            if *id != payment {
                continue;
            }
            let kind = event.kind();
            if kind == PaymentEventKind::BuyerChose {
                self.chosen = record;
            }
            if kind == PaymentEventKind::PaymentCaptured
                || kind == PaymentEventKind::SuspendedMoneyTaken
            {
                self.taken = record;
            }
            if kind == PaymentEventKind::OperationIntended {
                self.call = record;
            }
        }
        self
    }
}

/// The source of keys' present values.
pub trait KeyReader {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The error for a value that was read and cannot be right; see [`super::Store::distrusted`].
    fn distrusted(&self, error: StoreError) -> StoreError {
        error
    }

    /// Decodes a value of this source.
    fn decoded<T: Decode<()>>(&self, kind: Kind, bytes: &[u8]) -> Result<T, StoreError> {
        codec::decode(kind, bytes).map_err(|error| self.distrusted(error))
    }
}

/// A group as read, with the data needed to write it back.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The order and payments.
    pub group: Group,
    /// The last record of the group; 0 if there is none.
    pub record: u64,
    was: Vec<Was>,
}

/// An aggregate as it was before a decision.
#[derive(Debug)]
struct Was {
    first_record: u64,
    marks: Marks,
    facets: Facets,
}

/// The inputs of an aggregate's derived keys.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Facets {
    Order {
        id: OrderId,
        due: Option<Timestamp>,
    },
    Payment {
        id: PaymentId,
        listed: Option<PaymentState>,
        in_flight: bool,
        on_desk: bool,
        inquiry_wanted: bool,
        due: Option<Timestamp>,
    },
}

impl Facets {
    fn of_order(order: &AnyOrder) -> Self {
        let waits = order.state() == OrderState::PaymentPending;
        Self::Order {
            id: order.core().id.clone(),
            due: waits.then_some(order.core().expires_at),
        }
    }

    fn of_payment(payment: &AnyPayment) -> Self {
        let state = payment.state();
        let due = match payment {
            AnyPayment::Authorized(held) => Some(held.detail().expires_at),
            _ => None,
        };
        Self::Payment {
            id: payment.core().id,
            listed: (state.is_open() || state.needs_decision()).then_some(state),
            in_flight: payment.core().operation_in_flight(),
            on_desk: payment.is_on_the_desk(),
            inquiry_wanted: payment.core().inquiry_wanted,
            due,
        }
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let keys = match self {
            Self::Order { id, due } => [
                due.map(|at| keys::due(at, &DueItem::Order(id.clone()))),
                None,
                None,
                None,
                None,
            ],
            Self::Payment {
                id,
                listed,
                in_flight,
                on_desk,
                inquiry_wanted,
                due,
            } => [
                due.map(|at| keys::due(at, &DueItem::Hold(*id))),
                listed.map(|state| keys::listed(state, *id)),
                in_flight.then(|| keys::in_flight(*id)),
                on_desk.then(|| keys::on_desk(*id)),
                inquiry_wanted.then(|| keys::inquiry_wanted(*id)),
            ],
        };
        keys.into_iter().flatten()
    }
}

/// The writes that take the derived keys from `before` to `after`.
fn index(before: Option<&Facets>, after: &Facets, writes: &mut Vec<Write>) {
    if before == Some(after) {
        return;
    }
    if let Some(before) = before {
        writes.extend(before.keys().map(|key| Write {
            key,
            value: None,
            fresh: false,
        }));
    }
    let fresh = before.is_none();
    writes.extend(after.keys().map(|key| Write {
        key,
        value: Some(Vec::new()),
        fresh,
    }));
}

/// Reads an order.
pub fn load_order(
    source: &impl KeyReader,
    id: &OrderId,
) -> Result<Option<Stored<AnyOrder>>, StoreError> {
    source
        .get(&keys::order(id))?
        .map(|bytes| source.decoded(Kind::Order, &bytes))
        .transpose()
}

/// Reads a payment.
pub fn load_payment(
    source: &impl KeyReader,
    id: PaymentId,
) -> Result<Option<Stored<AnyPayment>>, StoreError> {
    source
        .get(&keys::payment(id))?
        .map(|bytes| source.decoded(Kind::Payment, &bytes))
        .transpose()
}

impl Loaded {
    /// Adds an order.
    pub fn add_order(&mut self, order: Stored<AnyOrder>) {
        self.record = self.record.max(order.record);
        let facets = Facets::of_order(&order.value);
        self.was.push(Was {
            first_record: order.first_record,
            marks: order.marks,
            facets,
        });
        self.group.order = Some(order.value);
    }

    /// Adds a payment.
    pub fn add_payment(&mut self, payment: Stored<AnyPayment>) {
        let facets = Facets::of_payment(&payment.value);
        self.was.push(Was {
            first_record: payment.first_record,
            marks: payment.marks,
            facets,
        });
        self.group.payments.push(payment.value);
    }

    /// Splits into the group and the data needed to write it back.
    pub fn split(self) -> (Group, Before) {
        (
            self.group,
            Before {
                record: self.record,
                was: self.was,
            },
        )
    }
}

/// The state of a group before a decision.
#[derive(Debug, Default)]
pub struct Before {
    /// The last record of the group; 0 if there is none.
    pub record: u64,
    was: Vec<Was>,
}

impl Before {
    /// The record that registered the order, if the order existed.
    pub fn first_record(&self) -> Option<u64> {
        self.order().map(|was| was.first_record)
    }

    fn order(&self) -> Option<&Was> {
        self.was
            .iter()
            .find(|was| matches!(was.facets, Facets::Order { .. }))
    }

    fn payment(&self, payment: PaymentId) -> Option<&Was> {
        let same = |was: &&Was| matches!(&was.facets, Facets::Payment { id, .. } if *id == payment);
        self.was.iter().find(same)
    }
}

/// The writes that follow from a group's new state: aggregates and derived keys.
///
/// The order is stamped with every record of its group; of the payments, only those that `events` name.
pub fn writes_of_group(
    record: u64,
    before: &Before,
    after: &Group,
    events: &[GroupEvent],
) -> Result<Vec<Write>, StoreError> {
    let mut writes = Vec::with_capacity(8);
    if let Some(order) = &after.order {
        let was = before.order();
        if was.is_none() {
            writes.extend(order_listed(order, record));
        }
        let key = keys::order(&order.core().id);
        let aggregate = (Kind::Order, key, order, Marks::default());
        put(
            record,
            was,
            &Facets::of_order(order),
            aggregate,
            &mut writes,
        )?;
    }
    let named = |payment: &&AnyPayment| is_named(payment.core().id, events);
    for payment in after.payments.iter().filter(named) {
        let id = payment.core().id;
        let was = before.payment(id);
        if was.is_none() {
            writes.extend(found_by(payment, after.order.as_ref()));
        }
        writes.extend(sessions_opened(id, events));
        let marks = was.map_or_else(Marks::default, |was| was.marks);
        let marks = marks.after(record, id, events);
        let facets = Facets::of_payment(payment);
        let aggregate = (Kind::Payment, keys::payment(id), payment, marks);
        put(record, was, &facets, aggregate, &mut writes)?;
    }
    Ok(writes)
}

/// The keys by which orders are listed; they never change.
fn order_listed(order: &AnyOrder, record: u64) -> [Write; 2] {
    let core = order.core();
    let at = core.created_at;
    let begun = Begun { at, record };
    let buyers = keys::order_of_buyer(&core.buyer_id, begun);
    [keys::order_begun(begun), buyers].map(|key| Write {
        key,
        value: Some(core.id.as_str().into()),
        fresh: false,
    })
}

/// The keys that find a payment other than by its id; they never change.
fn found_by(payment: &AnyPayment, order: Option<&AnyOrder>) -> impl Iterator<Item = Write> {
    let core = payment.core();
    let resource = order.and_then(|order| order.core().resource.as_ref());
    let resource = resource.map(|resource| keys::resource_payment(resource, core.id));
    let buyer = keys::buyer_payment(&core.buyer_id, core.id);
    std::iter::once(buyer).chain(resource).map(|key| Write {
        key,
        value: Some(Vec::new()),
        fresh: false,
    })
}

/// The keys that point a checkout to the payment it was last opened with.
fn sessions_opened(id: PaymentId, events: &[GroupEvent]) -> impl Iterator<Item = Write> {
    events.iter().filter_map(move |event| match event {
        GroupEvent::Payment(named, PaymentEvent::SessionOpened(opened)) if *named == id => {
            Some(Write {
                key: keys::session(opened.session),
                value: Some(id.bits().to_be_bytes().to_vec()),
                fresh: false,
            })
        }
        GroupEvent::Payment(..) | GroupEvent::Order(_) => None,
    })
}

/// Writes an aggregate after its derived keys.
fn put<T: Encode>(
    record: u64,
    was: Option<&Was>,
    facets: &Facets,
    (kind, key, value, marks): (Kind, Key, &T, Marks),
    writes: &mut Vec<Write>,
) -> Result<(), StoreError> {
    index(was.map(|was| &was.facets), facets, writes);
    let first_record = was.map_or(record, |was| was.first_record);
    let value = codec::encode(
        kind,
        &StoredRef {
            first_record,
            record,
            marks,
            value,
        },
    )?;
    writes.push(Write {
        key,
        value: Some(value),
        fresh: false,
    });
    Ok(())
}

#[derive(Encode)]
struct StoredRef<'a, T: Encode> {
    first_record: u64,
    record: u64,
    marks: Marks,
    value: &'a T,
}

fn is_named(id: PaymentId, events: &[GroupEvent]) -> bool {
    let names = |event: &GroupEvent| matches!(event, GroupEvent::Payment(named, _) if *named == id);
    events.iter().any(names)
}

/// The postings of a record's events.
pub fn postings_of<'a>(
    stream: &'a Stream,
    at: Timestamp,
    group: &Group,
    events: &[GroupEvent],
) -> Vec<Posting<'a>> {
    let provider_of = |event: &GroupEvent| match event {
        GroupEvent::Payment(id, _) => group.payment(*id).map(|payment| payment.core().provider),
        GroupEvent::Order(_) => None,
    };
    events
        .iter()
        .flat_map(|event| {
            let provider: Option<Provider> = provider_of(event);
            provider.map_or_else(Vec::new, |provider| {
                ledger::postings(stream, at, event, provider)
            })
        })
        .collect()
}

/// The writes of replaying a record over `source`. Values that have the record already are left unchanged.
pub fn replay(
    number: u64,
    record: &Record,
    source: &impl KeyReader,
    balances: &mut Balances,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = match record.group() {
        Some((order, group)) => replay_group(number, record, order, group, source, balances)?,
        None => Vec::new(),
    };
    if let Some(reply) = kept_reply(record) {
        writes.push(reply_write(&reply)?);
    }
    Ok(writes)
}

/// The answer that a record keeps, with its key.
pub fn kept_reply(record: &Record) -> Option<Reply> {
    match &record.body {
        Body::Group(group) => group.reply.clone(),
        Body::Kept(reply) => Some(reply.clone()),
        Body::Unmatched(sent) => {
            let keyed = record::notification_key(sent.provider, &sent.event_id);
            let answer = Answer::Rejected {
                wire: wire::CURRENT,
                rejection: Rejection::PaymentNotFound,
                request_id: "".into(),
            };
            Some(Reply {
                key: keyed.key,
                fingerprint: keyed.fingerprint,
                answer,
            })
        }
    }
}

/// The write of an answer under its key.
pub fn reply_write(reply: &Reply) -> Result<Write, StoreError> {
    Ok(Write {
        key: keys::reply(&reply.key),
        value: Some(codec::encode(Kind::Reply, reply)?),
        fresh: false,
    })
}

fn replay_group(
    number: u64,
    whole: &Record,
    order_id: &OrderId,
    record: &GroupRecord,
    source: &impl KeyReader,
    balances: &mut Balances,
) -> Result<Vec<Write>, StoreError> {
    let mut loaded = Loaded::default();
    let order = load_order(source, order_id)?;
    let skip_order = order.as_ref().is_some_and(|order| order.record >= number);
    if let Some(order) = order.filter(|_| !skip_order) {
        loaded.add_order(order);
    }
    let mut skipped = Vec::new();
    let mut providers = Group::default();
    for id in named_payments(&record.events) {
        match load_payment(source, id)? {
            Some(payment) if payment.record >= number => {
                skipped.push(id);
                providers.payments.push(payment.value);
            }
            Some(payment) => loaded.add_payment(payment),
            None => {}
        }
    }
    let (mut group, before) = loaded.split();
    let pending = record.events.iter().filter(|event| match event {
        GroupEvent::Order(_) => !skip_order,
        GroupEvent::Payment(id, _) => !skipped.contains(id),
    });
    for event in pending {
        group
            .evolve(order_id, event, whole.at)
            .map_err(|impossible| {
                StoreError::Damaged(format!("record {number} does not follow: {impossible}"))
            })?;
    }
    let live: Vec<GroupEvent> = record
        .events
        .iter()
        .filter(|event| !matches!(event, GroupEvent::Payment(id, _) if skipped.contains(id)))
        .cloned()
        .collect();
    let mut writes = writes_of_group(number, &before, &group, &live)?;
    providers.payments.append(&mut group.payments);
    let postings = postings_of(&whole.stream, whole.at, &providers, &record.events);
    for posting in &postings {
        balances.load(source, posting)?;
    }
    balances.apply(number, &postings, &mut writes)?;
    Ok(writes)
}

/// The payments that events name, without repetition.
pub fn named_payments(events: &[GroupEvent]) -> Vec<PaymentId> {
    let mut ids = Vec::new();
    for event in events {
        if let GroupEvent::Payment(id, _) = event
            && !ids.contains(id)
        {
            ids.push(*id);
        }
    }
    ids
}
