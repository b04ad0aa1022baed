//! Who owns calls to gateways. An operation is begun by its committed intent and belongs to a task of its own,
//! never to a request: a closed connection, a request's time limit or a stop neither cancels nor repeats it.
//!
//! At most one exchange per payment at a time. What has no answer waits here for its next question; after a
//! restart everything without an answer is asked about again. Nothing here is stored: the journal knows it all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::PaymentId;
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
    started_at: Timestamp,
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
    hinted: BTreeMap<PaymentId, Timestamp>,
    /// When it was last asked whether a payment's transfer has come.
    deposits: BTreeMap<PaymentId, Timestamp>,
    looked_around: Option<Timestamp>,
    stopping: bool,
}

/// What is known of a payment's next question.
#[derive(Debug, Clone, Default)]
pub struct Later {
    /// When.
    at: Timestamp,
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
    /// None under way. Intents that are committed come out of the receiver.
    pub fn new(now: Timestamp) -> (Self, mpsc::UnboundedReceiver<PaymentId>) {
        let (begun, receiver) = mpsc::unbounded_channel();
        let operations = Self {
            begun,
            state: Mutex::default(),
            rested: Notify::new(),
            started_at: now,
            places: Semaphore::new(MOST_AT_ONCE),
        };
        (operations, receiver)
    }

    /// Looks at what was committed: begins what was intended, and tells whoever waited for what has ended.
    pub fn observe(&self, events: &[GroupEvent]) {
        let mut begun: Vec<PaymentId> = Vec::new();
        for event in events {
            let GroupEvent::Payment(id, event) = event else {
                continue;
            };
            match event {
                PaymentEvent::OperationIntended(_) => begun.push(*id),
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

    fn ended(&self, id: PaymentId) {
        let waiting = self.state.lock().waiting.remove(&id);
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
    pub fn ask_later(&self, id: PaymentId, asked: u32, at: Timestamp, unanswered: Option<Heard>) {
        let mut state = self.state.lock();
        let newer = state.later.remove(&id).and_then(|later| later.heard);
        let heard = newer.or(unanswered);
        state.later.insert(id, Later { at, asked, heard });
    }

    /// Takes a hint: the payment is asked about, but not more often than every few seconds.
    /// Says whether the hint is followed by a question of its own.
    pub fn hint(&self, id: PaymentId, heard: Heard, now: Timestamp) -> bool {
        let every_ms = u64::try_from(HINTS_EVERY.as_millis()).unwrap_or(u64::MAX);
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
            .retain(|_, last| now.millis_since(*last) < every_ms);
        let last = state.hinted.get(&id).copied();
        let at = last.map_or(now, |last| now.max(last.plus_millis(every_ms)));
        state.hinted.insert(id, at);
        let later = Later {
            at,
            asked: 0,
            heard: Some(heard),
        };
        state.later.insert(id, later);
        true
    }

    /// At most `most` payments whose time to be asked about has come.
    pub fn due(&self, now: Timestamp, most: usize) -> Vec<PaymentId> {
        let state = self.state.lock();
        let due = state.later.iter().filter(|(_, later)| later.at <= now);
        due.map(|(id, _)| *id).take(most).collect()
    }

    /// Calls that were intended before this are from before the start.
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Whether it is time to look for calls that nobody has taken up: at the start, and every minute.
    pub fn look_around(&self, now: Timestamp) -> bool {
        const EVERY_MS: u64 = 60_000;
        let mut state = self.state.lock();
        let last = state.looked_around;
        let due = last.is_none_or(|last| now.millis_since(last) >= EVERY_MS);
        if due {
            state.looked_around = Some(now);
        }
        due
    }

    /// The last look saw nothing; the next one is due at once.
    pub fn look_again(&self) {
        self.state.lock().looked_around = None;
    }

    /// Forgets whom nobody waits for any more, and the deposits that were asked about longer than this ago.
    pub fn tidy(&self, now: Timestamp, deposits_every_ms: u64) {
        let mut state = self.state.lock();
        state.waiting.retain(|_, waiting| {
            waiting.retain(|waiter| !waiter.is_closed());
            !waiting.is_empty()
        });
        state
            .deposits
            .retain(|_, last| now.millis_since(*last) < deposits_every_ms);
    }

    /// Has it asked whether the payment's transfer has come, if that was not asked lately.
    pub fn ask_about_deposit(&self, id: PaymentId, now: Timestamp) {
        let mut state = self.state.lock();
        if !state.deposits.contains_key(&id) && !state.later.contains_key(&id) {
            state.deposits.insert(id, now);
            let later = Later {
                at: now,
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
