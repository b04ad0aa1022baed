//! The simulator's state and its books: each exchange that changed something adds one line, with the changed things
//! in their new state. Reading the lines in order gives the same state; a line has all of an exchange or none of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use serde::{Deserialize, Serialize};

use super::{api::ApiRequest, books::BooksError, dial::Dial, notify::Notice, payment::Payment};

/// The first answer to an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdempotencyRecord {
    pub(super) first_at_ms: i64,
    /// Before, the exchange is in progress.
    pub(super) ready_at_ms: i64,
    /// Nothing while the exchange has not been looked at.
    pub(super) answer: Option<(u16, String)>,
    /// How often something really happened under this key.
    pub(super) effects: u32,
}

/// A request taken, to be looked at later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// When it is to be looked at, or was.
    pub(super) until_ms: i64,
    pub(super) ask: ApiRequest,
    /// Whether it began its idempotency key.
    pub(super) began: bool,
    /// Once looked at.
    pub(super) answer: Option<(u16, String)>,
}

/// The singletons of the state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Globals {
    /// The generator's position.
    drawn: u64,
    numbered: u64,
    pub(super) notification_url: Option<String>,
    pub(super) taken: i64,
    pub(super) returned: i64,
    /// How often something happened that cannot be undone by not answering.
    pub(super) effects: u64,
    pub(super) notified: u64,
    pub(super) given_up: u64,
    pub(super) minute: i64,
    pub(super) this_minute: BTreeMap<String, u32>,
}

/// One order number: the window opened last, and the one whose payment went through.
#[derive(Debug, Default, PartialEq, Eq)]
struct Order {
    latest: String,
    approved: Option<String>,
}

#[derive(Debug)]
pub(super) struct State {
    payments: BTreeMap<String, Payment>,
    orders: BTreeMap<String, Order>,
    expiries: BTreeSet<(i64, String)>,
    kept: BTreeMap<String, IdempotencyRecord>,
    held: BTreeMap<u64, Held>,
    notices: BTreeMap<u64, Notice>,
    /// The notifications that are not being delivered at present.
    waiting: BTreeSet<(i64, u64)>,
    dial: Dial,
    desk: Globals,
    random: ChaCha8Rng,
    touched: Touched,
}

#[derive(Debug, Default)]
struct Touched {
    payments: BTreeSet<String>,
    kept: BTreeSet<String>,
    held: BTreeSet<u64>,
    notices: BTreeSet<u64>,
    dial: bool,
    desk: bool,
}

/// A line, as written.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payments: Vec<&'a Payment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<(&'a str, &'a IdempotencyRecord)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<(u64, Option<&'a Held>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<(u64, Option<&'a Notice>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dial: Option<&'a Dial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<&'a Globals>,
}

/// A line, as read.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ReadLine {
    payments: Vec<Payment>,
    kept: Vec<(String, IdempotencyRecord)>,
    held: Vec<(u64, Option<Held>)>,
    notices: Vec<(u64, Option<Notice>)>,
    dial: Option<Dial>,
    desk: Option<Globals>,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            payments: BTreeMap::new(),
            orders: BTreeMap::new(),
            expiries: BTreeSet::new(),
            kept: BTreeMap::new(),
            held: BTreeMap::new(),
            notices: BTreeMap::new(),
            waiting: BTreeSet::new(),
            dial: Dial::default(),
            desk: Globals::default(),
            random: ChaCha8Rng::seed_from_u64(seed),
            touched: Touched::default(),
        }
    }

    /// The state that these lines lead to.
    pub(super) fn read(seed: u64, lines: &[u8]) -> Result<Self, BooksError> {
        let mut state = Self::new(seed);
        let whole = lines.split(|byte| *byte == b'\n').enumerate();
        for (index, line) in whole.filter(|(_, line)| !line.is_empty()) {
            let line = serde_json::from_slice(line).map_err(|why| BooksError::Unreadable {
                line: index.saturating_add(1),
                why,
            })?;
            state.apply(line);
        }
        state.touched = Touched::default();
        state.random.set_word_pos(u128::from(state.desk.drawn));
        Ok(state)
    }

    fn apply(&mut self, line: ReadLine) {
        for payment in line.payments {
            self.put(payment);
        }
        for (identity, kept) in line.kept {
            self.keep(identity, kept);
        }
        for (id, held) in line.held {
            self.set_held(id, held);
        }
        for (id, notice) in line.notices {
            self.set_notice(id, notice);
        }
        if let Some(dial) = line.dial {
            self.dial = dial;
        }
        if let Some(desk) = line.desk {
            self.desk = desk;
        }
    }

    /// The line that this exchange adds to the books, if it changed anything.
    pub(super) fn line(&mut self) -> Option<Vec<u8>> {
        self.note_draws();
        let touched = std::mem::take(&mut self.touched);
        if touched.is_empty() {
            return None;
        }
        serde_json::to_vec(&self.rendered(&touched)).ok()
    }

    /// Forgets what was changed: for books that keep nothing.
    pub(super) fn forget_changes(&mut self) {
        self.note_draws();
        self.touched = Touched::default();
    }

    /// All of it, as one line would say it.
    pub(super) fn snapshot(&self) -> Vec<u8> {
        let all = Touched {
            payments: self.payments.keys().cloned().collect(),
            kept: self.kept.keys().cloned().collect(),
            held: self.held.keys().copied().collect(),
            notices: self.notices.keys().copied().collect(),
            dial: true,
            desk: true,
        };
        serde_json::to_vec(&self.rendered(&all)).unwrap_or_default()
    }

    fn rendered(&self, touched: &Touched) -> Line<'_> {
        Line {
            payments: touched
                .payments
                .iter()
                .filter_map(|key| self.payments.get(key))
                .collect(),
            kept: touched
                .kept
                .iter()
                .filter_map(|identity| self.kept.get_key_value(identity))
                .map(|(identity, kept)| (identity.as_str(), kept))
                .collect(),
            held: touched
                .held
                .iter()
                .map(|id| (*id, self.held.get(id)))
                .collect(),
            notices: touched
                .notices
                .iter()
                .map(|id| (*id, self.notices.get(id)))
                .collect(),
            dial: touched.dial.then_some(&self.dial),
            desk: touched.desk.then_some(&self.desk),
        }
    }

    fn note_draws(&mut self) {
        let drawn = u64::try_from(self.random.get_word_pos()).unwrap_or(u64::MAX);
        if drawn != self.desk.drawn {
            self.desk.drawn = drawn;
            self.touched.desk = true;
        }
    }

    // Payments

    pub(super) fn payment(&self, key: &str) -> Option<&Payment> {
        self.payments.get(key)
    }

    pub(super) fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// The payment an order number means: the one that went through, else the latest.
    pub(super) fn payment_of_order(&self, order_id: &str) -> Option<&Payment> {
        let order = self.orders.get(order_id)?;
        self.payments
            .get(order.approved.as_ref().unwrap_or(&order.latest))
    }

    /// Whether another payment of the same order went through.
    pub(super) fn order_is_taken(&self, order_id: &str, by_other_than: Option<&str>) -> bool {
        self.orders
            .get(order_id)
            .and_then(|order| order.approved.as_deref())
            .is_some_and(|approved| Some(approved) != by_other_than)
    }

    /// Puts a new or changed payment in the place of what was there.
    pub(super) fn put(&mut self, payment: Payment) {
        if let Some(before) = self.payments.get(&payment.key)
            && let Some(at_ms) = before.expires_at_ms()
        {
            self.expiries.remove(&(at_ms, payment.key.clone()));
        }
        if let Some(at_ms) = payment.expires_at_ms() {
            self.expiries.insert((at_ms, payment.key.clone()));
        }
        let is_new = !self.payments.contains_key(&payment.key);
        let order = self.orders.entry(payment.order_id.clone()).or_default();
        if is_new {
            order.latest.clone_from(&payment.key);
        }
        if payment.was_approved() && order.approved.is_none() {
            order.approved = Some(payment.key.clone());
        }
        self.touched.payments.insert(payment.key.clone());
        self.payments.insert(payment.key.clone(), payment);
    }

    pub(super) fn first_expiry(&self) -> Option<&(i64, String)> {
        self.expiries.first()
    }

    // Idempotency keys

    pub(super) fn kept(&self, identity: &str) -> Option<&IdempotencyRecord> {
        self.kept.get(identity)
    }

    pub(super) fn all_kept(&self) -> impl Iterator<Item = (&String, &IdempotencyRecord)> {
        self.kept.iter()
    }

    pub(super) fn keep(&mut self, identity: String, kept: IdempotencyRecord) {
        self.touched.kept.insert(identity.clone());
        self.kept.insert(identity, kept);
    }

    // Requests held back

    pub(super) fn held(&self) -> impl Iterator<Item = (u64, &Held)> {
        self.held.iter().map(|(id, held)| (*id, held))
    }

    pub(super) fn one_held(&self, id: u64) -> Option<&Held> {
        self.held.get(&id)
    }

    pub(super) fn set_held(&mut self, id: u64, held: Option<Held>) {
        self.touched.held.insert(id);
        match held {
            Some(held) => self.held.insert(id, held),
            None => self.held.remove(&id),
        };
    }

    // Notifications

    pub(super) fn notice(&self, id: u64) -> Option<&Notice> {
        self.notices.get(&id)
    }

    pub(super) fn notices_waiting(&self) -> usize {
        self.notices.len()
    }

    /// Also takes it back into the queue.
    pub(super) fn set_notice(&mut self, id: u64, notice: Option<Notice>) {
        self.touched.notices.insert(id);
        if let Some(before) = self.notices.remove(&id) {
            self.waiting.remove(&(before.due_ms, id));
        }
        if let Some(notice) = notice {
            self.waiting.insert((notice.due_ms, id));
            self.notices.insert(id, notice);
        }
    }

    pub(super) fn first_notice(&self) -> Option<(i64, u64)> {
        self.waiting.first().copied()
    }

    /// Marks it as being delivered. Not written to the books, so a restart delivers it again.
    pub(super) fn take_notice(&mut self, due: (i64, u64)) {
        self.waiting.remove(&due);
    }

    // What there is one of

    pub(super) fn dial(&self) -> &Dial {
        &self.dial
    }

    pub(super) fn dial_mut(&mut self) -> &mut Dial {
        self.touched.dial = true;
        &mut self.dial
    }

    pub(super) fn desk(&self) -> &Globals {
        &self.desk
    }

    pub(super) fn desk_mut(&mut self) -> &mut Globals {
        self.touched.desk = true;
        &mut self.desk
    }

    /// The next number, never the same again.
    pub(super) fn number(&mut self) -> u64 {
        let desk = self.desk_mut();
        desk.numbered = desk.numbered.saturating_add(1);
        desk.numbered
    }

    // Chance

    /// Below `bound`; the slight unevenness of a remainder is of no matter here.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// So many characters of an alphabet.
    pub(super) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        let size = u64::try_from(letters.len()).unwrap_or(1);
        let mut text = String::with_capacity(length);
        for _ in 0..length {
            let drawn = usize::try_from(self.below(size)).unwrap_or(0);
            text.push(letters.get(drawn).copied().map_or('0', char::from));
        }
        text
    }
}

impl Touched {
    fn is_empty(&self) -> bool {
        self.payments.is_empty()
            && self.kept.is_empty()
            && self.held.is_empty()
            && self.notices.is_empty()
            && !self.dial
            && !self.desk
    }
}

/// The alphabets of keys and numbers.
pub(super) const DIGITS: &str = "0123456789";
pub(super) const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A body that is text, if it is.
pub(super) fn text_of(body: &Bytes) -> Option<String> {
    std::str::from_utf8(body).ok().map(str::to_owned)
}
