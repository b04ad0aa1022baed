//! The keys of the index: one family byte, then big-endian parts, so that each query is a range.
//!
//! The families are numbered in the order in which a window is applied: keys derived from an aggregate before the
//! aggregate, and the cursor last. After a crash in between, replay writes the same keys again.

use crate::amounts::Component;
use crate::id::{BuyerId, OrderId, PaymentId, SessionId};
use crate::ledger::Account;
use crate::money::Currency;
use crate::order::Resource;
use crate::payment::PaymentState;
use crate::time::Timestamp;

use super::KeyRange;

/// A key of the index.
pub type Key = Vec<u8>;

const BUYER: u8 = 0x10;
const LISTED: u8 = 0x11;
const DUE: u8 = 0x12;
/// A list code besides the states' own codes.
const IN_FLIGHT: u8 = 0x80;
const ON_DESK: u8 = 0x81;
const INQUIRY_WANTED: u8 = 0x82;
const REPLY: u8 = 0x13;
const SESSION: u8 = 0x14;
const RESOURCE: u8 = 0x15;
const BEGUN: u8 = 0x16;
const BUYERS_ORDER: u8 = 0x17;
const BALANCE: u8 = 0x20;
const ORDER: u8 = 0x30;
const PAYMENT: u8 = 0x31;
const APPLIED: u8 = 0x40;

/// The kind of a due item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueItem {
    /// An unpaid order's deadline.
    Order(OrderId),
    /// The end of a hold.
    Hold(PaymentId),
}

fn key(family: u8, parts: &[&[u8]]) -> Key {
    let len = parts
        .iter()
        .map(|part| part.len())
        .fold(1, usize::saturating_add);
    let mut key = Vec::with_capacity(len);
    key.push(family);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// The order itself.
pub fn order(id: &OrderId) -> Key {
    key(ORDER, &[id.as_str().as_bytes()])
}

/// The payment itself; ids grow with time, so these keys are also in order of creation.
pub fn payment(id: PaymentId) -> Key {
    key(PAYMENT, &[&id.bits().to_be_bytes()])
}

/// An order's place in the order of registration: time and record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// When it was registered.
    pub at: Timestamp,
    /// The record that registered it.
    pub record: u64,
}

impl Begun {
    /// Before everything that was registered at this time or later.
    pub const fn before(at: Timestamp) -> Self {
        Self { at, record: 0 }
    }

    fn bytes(self) -> [u8; 16] {
        let (at, record) = (u128::from(self.at.as_millis()), u128::from(self.record));
        ((at << 64) | record).to_be_bytes()
    }
}

/// An order in the order of registration.
pub fn order_begun(begun: Begun) -> Key {
    key(BEGUN, &[&begun.bytes()])
}

/// A buyer's order in the order of registration.
pub fn order_of_buyer(buyer: &BuyerId, begun: Begun) -> Key {
    key(
        BUYERS_ORDER,
        &[buyer.as_str().as_bytes(), &[0], &begun.bytes()],
    )
}

/// Orders, all or a buyer's, newest first: those registered from `from` on and before `before`.
pub fn orders_before(
    buyer: Option<&BuyerId>,
    from: Option<Begun>,
    before: Option<Begun>,
) -> KeyRange {
    let prefix = buyer.map_or_else(
        || key(BEGUN, &[]),
        |buyer| key(BUYERS_ORDER, &[buyer.as_str().as_bytes(), &[0]]),
    );
    let mut end = prefix.clone();
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    let at = |begun: Begun| [prefix.as_slice(), &begun.bytes()].concat();
    KeyRange {
        from: from.map_or_else(|| prefix.clone(), at),
        to: before.map_or(end, at),
        reverse: true,
    }
}

/// A buyer's payment.
pub fn buyer_payment(buyer: &BuyerId, id: PaymentId) -> Key {
    key(
        BUYER,
        &[buyer.as_str().as_bytes(), &[0], &id.bits().to_be_bytes()],
    )
}

/// A payment that is listed by state, because it may need attention.
pub fn listed(state: PaymentState, id: PaymentId) -> Key {
    key(LISTED, &[&[state_code(state)], &id.bits().to_be_bytes()])
}

/// A payment with an unanswered call.
pub fn in_flight(id: PaymentId) -> Key {
    marked(IN_FLIGHT, id)
}

/// The payments with an unanswered call, oldest first, after `after`.
pub fn in_flight_after(after: Option<PaymentId>) -> KeyRange {
    marked_after(IN_FLIGHT, after)
}

/// A payment on the desk: a person has to look at it.
pub fn on_desk(id: PaymentId) -> Key {
    marked(ON_DESK, id)
}

/// The payments on the desk, oldest first, after `after`.
pub fn on_desk_after(after: Option<PaymentId>) -> KeyRange {
    marked_after(ON_DESK, after)
}

/// A payment whose gateway is to be asked, because an unsigned notification came.
pub fn inquiry_wanted(id: PaymentId) -> Key {
    marked(INQUIRY_WANTED, id)
}

/// The payments whose gateway is to be asked, oldest first, after `after`.
pub fn inquiries_wanted_after(after: Option<PaymentId>) -> KeyRange {
    marked_after(INQUIRY_WANTED, after)
}

fn marked(mark: u8, id: PaymentId) -> Key {
    key(LISTED, &[&[mark], &id.bits().to_be_bytes()])
}

fn marked_after(mark: u8, after: Option<PaymentId>) -> KeyRange {
    let mark_alone = || key(LISTED, &[&[mark]]);
    let behind = |id: PaymentId| key(LISTED, &[&[mark], &id.bits().to_be_bytes(), &[0]]);
    KeyRange {
        from: after.map_or_else(mark_alone, behind),
        to: key(LISTED, &[&[mark.saturating_add(1)]]),
        reverse: false,
    }
}

/// The current payment of a checkout.
pub fn session(id: SessionId) -> Key {
    key(SESSION, &[&id.bits().to_be_bytes()])
}

/// A payment for the merchant's resource.
pub fn resource_payment(resource: &Resource, id: PaymentId) -> Key {
    key(
        RESOURCE,
        &[
            resource.kind.as_bytes(),
            &[0],
            resource.id.as_bytes(),
            &[0],
            &id.bits().to_be_bytes(),
        ],
    )
}

/// The payments for the merchant's resource, newest first, before `before`.
pub fn resource_payments_before(resource: &Resource, before: Option<PaymentId>) -> KeyRange {
    let (kind, name) = (resource.kind.as_bytes(), resource.id.as_bytes());
    let to = before.map_or_else(
        || key(RESOURCE, &[kind, &[0], name, &[1]]),
        |id| resource_payment(resource, id),
    );
    KeyRange {
        from: key(RESOURCE, &[kind, &[0], name, &[0]]),
        to,
        reverse: true,
    }
}

/// A due item.
pub fn due(at: Timestamp, item: &DueItem) -> Key {
    let time = at.as_millis().to_be_bytes();
    match item {
        DueItem::Order(id) => key(DUE, &[&time, b"o", id.as_str().as_bytes()]),
        DueItem::Hold(id) => key(DUE, &[&time, b"p", &id.bits().to_be_bytes()]),
    }
}

/// The answer to a keyed request.
pub fn reply(hash: &[u8; 16]) -> Key {
    key(REPLY, &[hash])
}

/// A balance.
pub fn balance(account: Account, component: Component, currency: Currency) -> Key {
    let provider = account.provider().map_or("", crate::event::Provider::name);
    let text = format!(
        "{}|{provider}|{}|{}",
        account.name(),
        component.name(),
        currency.code()
    );
    key(BALANCE, &[text.as_bytes()])
}

/// The index's position in the journal.
pub fn applied() -> Key {
    key(APPLIED, &[])
}

/// All balances.
pub fn all_balances() -> KeyRange {
    family(BALANCE, false)
}

/// All payments, newest first, before `before`.
pub fn payments_before(before: Option<PaymentId>) -> KeyRange {
    let to = before.map_or_else(|| key(PAYMENT + 1, &[]), payment);
    KeyRange {
        from: key(PAYMENT, &[]),
        to,
        reverse: true,
    }
}

/// A buyer's payments, newest first, before `before`.
pub fn buyer_payments_before(buyer: &BuyerId, before: Option<PaymentId>) -> KeyRange {
    let name = buyer.as_str().as_bytes();
    let to = before.map_or_else(|| key(BUYER, &[name, &[1]]), |id| buyer_payment(buyer, id));
    KeyRange {
        from: key(BUYER, &[name, &[0]]),
        to,
        reverse: true,
    }
}

/// The listed payments in a state, newest first, before `before`.
pub fn listed_before(state: PaymentState, before: Option<PaymentId>) -> KeyRange {
    let code = state_code(state);
    let to = before.map_or_else(
        || key(LISTED, &[&[code.saturating_add(1)]]),
        |id| listed(state, id),
    );
    KeyRange {
        from: key(LISTED, &[&[code]]),
        to,
        reverse: true,
    }
}

/// The items due by `now`, earliest first, after the key `after`.
pub fn due_by(now: Timestamp, after: Option<Key>) -> KeyRange {
    let end = now.plus_millis(1).as_millis().to_be_bytes();
    let mut from = after.unwrap_or_else(|| key(DUE, &[]));
    if from.len() > 1 {
        from.push(0);
    }
    KeyRange {
        from,
        to: key(DUE, &[&end]),
        reverse: false,
    }
}

/// The payment id at the end of a payment, buyer or listed key.
pub fn trailing_payment(key: &[u8]) -> Option<PaymentId> {
    key.last_chunk()
        .map(|bits| PaymentId::from_bits(u128::from_be_bytes(*bits)))
}

/// The item of a due key.
pub fn due_item(key: &[u8]) -> Option<DueItem> {
    let (kind, id) = key.get(9..)?.split_first()?;
    match kind {
        b'o' => OrderId::parse(std::str::from_utf8(id).ok()?)
            .ok()
            .map(DueItem::Order),
        b'p' => id
            .first_chunk()
            .map(|bits| DueItem::Hold(PaymentId::from_bits(u128::from_be_bytes(*bits)))),
        _ => None,
    }
}

/// Whether decisions read keys of this family: aggregates and answers, but no derived keys.
pub fn is_decided_on(key: &[u8]) -> bool {
    matches!(key.first(), Some(&(REPLY | ORDER | PAYMENT)))
}

/// Whether the first read of a key of this family mostly finds nothing.
pub fn is_mostly_absent(key: &[u8]) -> bool {
    matches!(key.first(), Some(&(REPLY | ORDER)))
}

/// The ranges of the families that [`is_mostly_absent`] names.
pub fn mostly_absent() -> [KeyRange; 2] {
    [family(REPLY, false), family(ORDER, false)]
}

fn family(family: u8, reverse: bool) -> KeyRange {
    KeyRange {
        from: vec![family],
        to: vec![family.saturating_add(1)],
        reverse,
    }
}

const fn state_code(state: PaymentState) -> u8 {
    match state {
        PaymentState::Initiated => 1,
        PaymentState::Prepared => 2,
        PaymentState::Authorized => 3,
        PaymentState::Captured => 4,
        PaymentState::Failed => 5,
        PaymentState::Canceled => 6,
        PaymentState::Expired => 7,
        PaymentState::Voided => 8,
        PaymentState::Mismatched => 9,
        PaymentState::Orphaned => 10,
        PaymentState::Returned => 11,
        PaymentState::AwaitingDeposit => 12,
    }
}
