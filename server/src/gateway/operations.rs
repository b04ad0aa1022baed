//! Who owns calls to gateways. An operation is begun by its committed intent and belongs to a task of its own,
//! never to a request: a closed connection, a request's time limit or a stop neither cancels nor repeats it.
//!
//! At most one exchange per payment at a time. What has no answer waits here for its next question; after a
//! restart everything without an answer is asked about again. Nothing here is stored: the journal knows it all.
//!
//! All waiting is by the monotonic clock: no clock that somebody sets makes a question early, late or never.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::{OperationId, PaymentId};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc, oneshot};

/// A notification that proves nothing: what is kept of it until the gateway was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Hash of its body.
    pub hash: [u8; 16],
    /// When it came.
    pub at: Timestamp,
    /// From where.
    pub from: std::net::IpAddr,
}

/// The calls under way and those that wait.
pub struct Operations {
    begun: mpsc::UnboundedSender<PaymentId>,
    state: Mutex<State>,
    rested: Notify,
    places: Semaphore,
}

#[derive(Default)]
struct State {
    /// Payments with an exchange under way.
    calling: BTreeSet<PaymentId>,
    /// Payments to be asked about, and when.
    later: BTreeMap<PaymentId, Later>,
    /// Requests that wait for a payment's call to end.
    waiting: BTreeMap<PaymentId, Vec<oneshot::Sender<()>>>,
    /// When a payment was last asked about because of a hint.
    hinted: BTreeMap<PaymentId, u64>,
    /// When it was last asked whether a payment's transfer has come.
    deposits: BTreeMap<PaymentId, u64>,
    looked_around_ns: Option<u64>,
    /// Calls without an answer, each from when this process has known it.
    known: BTreeMap<PaymentId, Known>,
    stopping: bool,
}

/// A call without an answer.
#[derive(Debug, Clone, Copy)]
struct Known {
    operation: OperationId,
    since_ns: u64,
    /// Whether the store was opened with it: an earlier process began it.
    found: bool,
}

/// What is known of a payment's next question.
#[derive(Debug, Clone, Default)]
pub struct Later {
    /// When.
    at_ns: u64,
    /// How often it has been asked about already.
    pub asked: u32,
    /// The notification that made us ask.
    pub heard: Option<Heard>,
}

/// The right to make one payment's exchange; given back when dropped.
pub struct TurnToCall<'a> {
    operations: &'a Operations,
    payment: PaymentId,
    /// How often it has been asked about before.
    pub later: Later,
}

/// A payment is asked about because of hints at most once in this time.
pub const HINTS_EVERY: Duration = Duration::from_secs(5);
/// Hints that wait; more are dropped, and what they hinted at is found by asking.
const MOST_HINTS: usize = 10_000;
/// Exchanges under way at once; the next wait their turn.
const MOST_AT_ONCE: usize = 256;

impl Operations {
    /// None under way; those that the store was opened with are an earlier process's. Intents that are committed
    /// come out of the receiver.
    pub fn new(found: &[AnyPayment], now_ns: u64) -> (Self, mpsc::UnboundedReceiver<PaymentId>) {
        let (begun, receiver) = mpsc::unbounded_channel();
        let known = found.iter().filter_map(|payment| {
            let call = payment.core().operation.as_ref()?;
            let found = Known {
                operation: call.core().id,
                since_ns: now_ns,
                found: true,
            };
            Some((payment.core().id, found))
        });
        let state = State {
            known: known.collect(),
            ..State::default()
        };
        let operations = Self {
            begun,
            state: Mutex::new(state),
            rested: Notify::new(),
            places: Semaphore::new(MOST_AT_ONCE),
        };
        (operations, receiver)
    }

    /// Looks at what was committed: begins what was intended, and tells whoever waited for what has ended.
    pub fn observe(&self, events: &[GroupEvent], now_ns: u64) {
        let mut begun: Vec<PaymentId> = Vec::new();
        for event in events {
            let GroupEvent::Payment(id, event) = event else {
                continue;
            };
            match event {
                PaymentEvent::OperationIntended(intended) => {
                    self.intended(*id, intended.operation, now_ns);
                    begun.push(*id);
                }
                PaymentEvent::ProviderConfirmed(_) | PaymentEvent::ProviderRefused(_) => {
                    begun.retain(|begun| begun != id);
                    self.ended(*id);
                }
                PaymentEvent::OperationUnanswered(_) => begun.retain(|begun| begun != id),
                _ => {}
            }
        }
        for id in begun {
            self.begin_soon(id);
        }
    }

    /// Has the payment's call made as soon as its turn can be taken.
    pub fn begin_soon(&self, id: PaymentId) {
        // Nobody takes them up any more: the server is stopping, and asks after its next start.
        let _ = self.begun.send(id);
    }

    fn intended(&self, id: PaymentId, operation: OperationId, now_ns: u64) {
        let known = Known {
            operation,
            since_ns: now_ns,
            found: false,
        };
        self.state.lock().known.insert(id, known);
    }

    fn ended(&self, id: PaymentId) {
        let mut state = self.state.lock();
        state.known.remove(&id);
        let waiting = state.waiting.remove(&id);
        drop(state);
        for waiter in waiting.into_iter().flatten() {
            // Whoever waited may have gone away.
            let _ = waiter.send(());
        }
    }

    /// Fires when the payment's call ends. Ask before looking whether it has ended already.
    pub fn wait_for(&self, id: PaymentId) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut state = self.state.lock();
        let waiting = state.waiting.entry(id).or_default();
        waiting.retain(|waiter| !waiter.is_closed());
        waiting.push(tell);
        told
    }

    /// A place among the exchanges that may be under way at once, in the order in which it was asked for.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    /// Takes the payment's turn to call, unless it is taken or the server stops.
    pub fn begin(&self, id: PaymentId) -> Option<TurnToCall<'_>> {
        let mut state = self.state.lock();
        if state.stopping || !state.calling.insert(id) {
            return None;
        }
        let later = state.later.remove(&id).unwrap_or_default();
        Some(TurnToCall {
            operations: self,
            payment: id,
            later,
        })
    }

    /// Has the payment asked about again, because of the hint `unanswered` if there was one.
    pub fn ask_later(&self, id: PaymentId, asked: u32, at_ns: u64, unanswered: Option<Heard>) {
        let mut state = self.state.lock();
        let newer = state.later.remove(&id).and_then(|later| later.heard);
        let heard = newer.or(unanswered);
        let later = Later {
            at_ns,
            asked,
            heard,
        };
        state.later.insert(id, later);
    }

    /// Takes a hint: the payment is asked about, but not more often than every few seconds.
    /// Says whether the hint is followed by a question of its own.
    pub fn hint(&self, id: PaymentId, heard: Heard, now_ns: u64) -> bool {
        let every_ns = u64::try_from(HINTS_EVERY.as_nanos()).unwrap_or(u64::MAX);
        let mut state = self.state.lock();
        if let Some(waits) = state.later.get_mut(&id) {
            let first = waits.heard.is_none();
            waits.heard.get_or_insert(heard);
            return first;
        }
        if state.later.len() >= MOST_HINTS {
            return false;
        }
        state
            .hinted
            .retain(|_, last_ns| now_ns.saturating_sub(*last_ns) < every_ns);
        let last_ns = state.hinted.get(&id).copied();
        let at_ns = last_ns.map_or(now_ns, |last_ns| {
            now_ns.max(last_ns.saturating_add(every_ns))
        });
        state.hinted.insert(id, at_ns);
        let later = Later {
            at_ns,
            asked: 0,
            heard: Some(heard),
        };
        state.later.insert(id, later);
        true
    }

    /// At most `most` payments whose time to be asked about has come.
    pub fn due(&self, now_ns: u64, most: usize) -> Vec<PaymentId> {
        let state = self.state.lock();
        let due = state
            .later
            .iter()
            .filter(|(_, later)| later.at_ns <= now_ns);
        due.map(|(id, _)| *id).take(most).collect()
    }

    /// Whether an earlier process began the payment's call: the store was opened with it.
    pub fn was_begun_before(&self, payment: &AnyPayment) -> bool {
        self.known(payment).is_some_and(|known| known.found)
    }

    /// How long this process has known the payment's call.
    pub fn known_for(&self, payment: &AnyPayment, now_ns: u64) -> Duration {
        let since_ns = self.known(payment).map_or(now_ns, |known| known.since_ns);
        Duration::from_nanos(now_ns.saturating_sub(since_ns))
    }

    fn known(&self, payment: &AnyPayment) -> Option<Known> {
        let core = payment.core();
        let call = core.operation.as_ref()?;
        let known = self.state.lock().known.get(&core.id).copied();
        known.filter(|known| known.operation == call.core().id)
    }

    /// Whether it is time to look for calls that nobody has taken up: at the start, and every minute.
    pub fn look_around(&self, now_ns: u64) -> bool {
        const EVERY_NS: u64 = 60_000_000_000;
        let mut state = self.state.lock();
        let last_ns = state.looked_around_ns;
        let due = last_ns.is_none_or(|last_ns| now_ns.saturating_sub(last_ns) >= EVERY_NS);
        if due {
            state.looked_around_ns = Some(now_ns);
        }
        due
    }

    /// Forgets whom nobody waits for any more, and the deposits that were asked about longer than this ago.
    pub fn tidy(&self, now_ns: u64, deposits_every: Duration) {
        let mut state = self.state.lock();
        state.waiting.retain(|_, waiting| {
            waiting.retain(|waiter| !waiter.is_closed());
            !waiting.is_empty()
        });
        state.deposits.retain(|_, last_ns| {
            Duration::from_nanos(now_ns.saturating_sub(*last_ns)) < deposits_every
        });
    }

    /// Has it asked whether the payment's transfer has come, if that was not asked lately.
    pub fn ask_about_deposit(&self, id: PaymentId, now_ns: u64) {
        let mut state = self.state.lock();
        if !state.deposits.contains_key(&id) && !state.later.contains_key(&id) {
            state.deposits.insert(id, now_ns);
            let later = Later {
                at_ns: now_ns,
                ..Later::default()
            };
            state.later.insert(id, later);
        }
    }

    /// Whether the payment is being asked about, or will be.
    pub fn knows(&self, id: PaymentId) -> bool {
        let state = self.state.lock();
        state.calling.contains(&id) || state.later.contains_key(&id)
    }

    /// Begins no exchange any more.
    pub fn stop(&self) {
        self.state.lock().stopping = true;
    }

    /// Ready once no exchange is under way.
    pub async fn rest(&self) {
        loop {
            let rested = self.rested.notified();
            if self.state.lock().calling.is_empty() {
                return;
            }
            rested.await;
        }
    }
}

impl Drop for TurnToCall<'_> {
    fn drop(&mut self) {
        let mut state = self.operations.state.lock();
        state.calling.remove(&self.payment);
        if state.calling.is_empty() {
            self.operations.rested.notify_waiters();
        }
    }
}
