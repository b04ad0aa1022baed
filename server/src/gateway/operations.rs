//! Owns the calls to gateways. An operation begins with its committed intent and belongs to a task of its own, never
//! to a request: a closed connection, a request's time limit or a stop neither cancels nor repeats it.
//!
//! At most one exchange per payment is under way. Unanswered calls wait here for their next inquiry; after a restart
//! all of them are inquired about again, and so is every payment with a hint. Nothing here is stored: the journal has
//! it all.
//!
//! All waiting uses the monotonic clock: setting a clock makes no inquiry early, late or lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daegeum_engine::event::CallStep;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::{OperationId, PaymentId};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::store::view::Stored;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc, oneshot};

use crate::world::nanos;

/// The exchanges under way and the waiting calls.
pub struct Operations {
    begun: mpsc::UnboundedSender<PaymentId>,
    state: Mutex<State>,
    rested: Notify,
    places: Semaphore,
    /// The first record that this process writes.
    first_record: u64,
    started_ns: u64,
}

#[derive(Default)]
struct State {
    /// Payments with an exchange under way.
    calling: BTreeSet<PaymentId>,
    /// Payments to inquire about, and when.
    later: BTreeMap<PaymentId, Later>,
    /// Requests that wait for a payment's call to end.
    waiting: Waiting,
    /// Notifications that wait until their payment's gateway was asked.
    asking: Waiting,
    /// When a payment was last inquired about because of a hint.
    hinted: BTreeMap<PaymentId, u64>,
    /// When it was last checked whether a payment's transfer has arrived.
    deposits: BTreeMap<PaymentId, u64>,
    looked_around_ns: Option<u64>,
    /// Unanswered calls, each with the time since when this process knows it.
    known: BTreeMap<PaymentId, Known>,
    stopping: bool,
}

/// An unanswered call.
#[derive(Debug, Clone, Copy)]
struct Known {
    operation: OperationId,
    since_ns: u64,
}

type Waiting = BTreeMap<PaymentId, Vec<oneshot::Sender<()>>>;

/// A payment's next inquiry.
#[derive(Debug, Clone, Default)]
pub struct Later {
    /// When it is due.
    at_ns: u64,
    /// How often the gateway was asked already.
    pub asked: u32,
    /// Whether a notification hinted at news.
    pub hinted: bool,
}

/// The right to make a payment's exchange; released when dropped.
pub struct TurnToCall<'a> {
    operations: &'a Operations,
    payment: PaymentId,
    /// How often the gateway was asked before.
    pub later: Later,
}

/// A payment is inquired about because of hints at most once in this time.
pub const HINTS_EVERY: Duration = Duration::from_secs(5);
/// The most exchanges under way at once; further ones wait.
const MOST_AT_ONCE: usize = 256;

impl Operations {
    /// None under way. Calls intended before the record `first_record` belong to an earlier process. The receiver
    /// gets committed intents.
    pub fn new(first_record: u64, now_ns: u64) -> (Self, mpsc::UnboundedReceiver<PaymentId>) {
        let (begun, receiver) = mpsc::unbounded_channel();
        let operations = Self {
            begun,
            state: Mutex::default(),
            rested: Notify::new(),
            places: Semaphore::new(MOST_AT_ONCE),
            first_record,
            started_ns: now_ns,
        };
        (operations, receiver)
    }

    /// Observes committed events: starts intended calls, and wakes requests whose call has ended.
    pub fn observe(&self, events: &[GroupEvent], now_ns: u64) {
        let mut begun: Vec<PaymentId> = Vec::new();
        for event in events {
            let GroupEvent::Payment(id, event) = event else {
                continue;
            };
            match event.call_step() {
                Some(CallStep::Intended(operation)) => {
                    self.intended(*id, operation, now_ns);
                    begun.push(*id);
                }
                Some(CallStep::Ended) => {
                    begun.retain(|begun| begun != id);
                    self.ended(*id);
                }
                Some(CallStep::Unanswered) => begun.retain(|begun| begun != id),
                None => {}
            }
        }
        for id in begun {
            self.begin_soon(id);
        }
    }

    /// Makes the payment's call as soon as its turn is free.
    pub fn begin_soon(&self, id: PaymentId) {
        // The receiver is gone: the server is stopping, and asks after its next start.
        let _ = self.begun.send(id);
    }

    fn intended(&self, id: PaymentId, operation: OperationId, now_ns: u64) {
        let known = Known {
            operation,
            since_ns: now_ns,
        };
        self.state.lock().known.insert(id, known);
    }

    fn ended(&self, id: PaymentId) {
        let mut state = self.state.lock();
        state.known.remove(&id);
        let waiting = state.waiting.remove(&id);
        drop(state);
        tell(waiting);
    }

    /// The payment's gateway has told its state, and that is recorded.
    pub fn asked(&self, id: PaymentId) {
        let waiting = self.state.lock().asking.remove(&id);
        tell(waiting);
    }

    /// Fires when the payment's gateway was asked about its state.
    pub fn wait_until_asked(&self, id: PaymentId) -> oneshot::Receiver<()> {
        wait(&mut self.state.lock().asking, id)
    }

    /// Fires when the payment's call ends. Subscribe before checking whether it has ended already.
    pub fn wait_for(&self, id: PaymentId) -> oneshot::Receiver<()> {
        wait(&mut self.state.lock().waiting, id)
    }

    /// A permit for an exchange, in first-come order.
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

    /// Schedules another inquiry about the payment.
    pub fn ask_later(&self, id: PaymentId, asked: u32, at_ns: u64) {
        let mut state = self.state.lock();
        let newer = state.later.remove(&id);
        let hinted = newer.as_ref().is_some_and(|later| later.hinted);
        // A hint that came meanwhile does not wait for the earlier schedule.
        let at_ns = newer.map_or(at_ns, |later| at_ns.min(later.at_ns));
        let later = Later {
            at_ns,
            asked,
            hinted,
        };
        state.later.insert(id, later);
    }

    /// Records a hint: the payment is inquired about, but not more often than every few seconds. A later inquiry is
    /// brought forward.
    pub fn hint(&self, id: PaymentId, now_ns: u64) {
        let every_ns = nanos(HINTS_EVERY);
        let mut state = self.state.lock();
        state
            .hinted
            .retain(|_, last_ns| now_ns.saturating_sub(*last_ns) < every_ns);
        if state.later.get(&id).is_some_and(|later| later.hinted) {
            return;
        }
        let last_ns = state.hinted.get(&id).copied();
        let soon_ns = last_ns.map_or(now_ns, |last_ns| {
            now_ns.max(last_ns.saturating_add(every_ns))
        });
        state.hinted.insert(id, soon_ns);
        let later = state.later.entry(id).or_insert(Later {
            at_ns: soon_ns,
            asked: 0,
            hinted: true,
        });
        later.hinted = true;
        later.at_ns = later.at_ns.min(soon_ns);
    }

    /// Runs `act` so that no hint can come in between; it is told whether one came since the payment's turn was
    /// taken.
    pub fn before_any_hint<T>(&self, id: PaymentId, act: impl FnOnce(bool) -> T) -> T {
        let state = self.state.lock();
        act(state.later.get(&id).is_some_and(|later| later.hinted))
    }

    /// At most `most` payments whose inquiry is due.
    pub fn due(&self, now_ns: u64, most: usize) -> Vec<PaymentId> {
        let state = self.state.lock();
        let due = state
            .later
            .iter()
            .filter(|(_, later)| later.at_ns <= now_ns);
        due.map(|(id, _)| *id).take(most).collect()
    }

    /// Whether an earlier process began the payment's call: it was intended before this process's first record. No
    /// clock is used.
    pub fn was_begun_before(&self, payment: &Stored<AnyPayment>) -> bool {
        payment.marks.call < self.first_record
    }

    /// How long this process has known the payment's call: since its intent, or since the start.
    pub fn known_for(&self, payment: &AnyPayment, now_ns: u64) -> Duration {
        let core = payment.core();
        let call = core.operation.as_ref().map(|call| call.core().id);
        let known = self.state.lock().known.get(&core.id).copied();
        let known = known.filter(|known| Some(known.operation) == call);
        let since_ns = known.map_or(self.started_ns, |known| known.since_ns);
        Duration::from_nanos(now_ns.saturating_sub(since_ns))
    }

    /// Whether it is time to look for calls without a task: at the start, and every minute.
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

    /// The last look failed; the next one is due at once.
    pub fn look_again(&self) {
        self.state.lock().looked_around_ns = None;
    }

    /// Drops waiters that have gone away, and deposits that were checked longer than this ago.
    pub fn tidy(&self, now_ns: u64, deposits_every: Duration) {
        let mut state = self.state.lock();
        tidy(&mut state.waiting);
        tidy(&mut state.asking);
        state.deposits.retain(|_, last_ns| {
            Duration::from_nanos(now_ns.saturating_sub(*last_ns)) < deposits_every
        });
    }

    /// Schedules a check whether the payment's transfer has arrived, if none was made lately.
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

    /// Whether an inquiry about the payment is under way or scheduled.
    pub fn knows(&self, id: PaymentId) -> bool {
        let state = self.state.lock();
        state.calling.contains(&id) || state.later.contains_key(&id)
    }

    /// Begins no further exchange.
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

fn wait(waiting: &mut Waiting, id: PaymentId) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let waiting = waiting.entry(id).or_default();
    waiting.retain(|waiter| !waiter.is_closed());
    waiting.push(tell);
    told
}

fn tell(waiting: Option<Vec<oneshot::Sender<()>>>) {
    for waiter in waiting.into_iter().flatten() {
        // The waiter may have gone away.
        let _ = waiter.send(());
    }
}

fn tidy(waiting: &mut Waiting) {
    waiting.retain(|_, waiting| {
        waiting.retain(|waiter| !waiter.is_closed());
        !waiting.is_empty()
    });
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

#[cfg(test)]
mod tests {
    use daegeum_engine::amounts::Amounts;
    use daegeum_engine::event::{PaymentInitiated, Provider};
    use daegeum_engine::id::{BuyerId, OrderId};
    use daegeum_engine::money::{Currency, Money};
    use daegeum_engine::order::CaptureMode;
    use daegeum_engine::payment::Payment;
    use daegeum_engine::time::Timestamp;

    use super::*;
    use daegeum_engine::store::view::Marks;

    const SECOND: u64 = 1_000_000_000;
    const HOUR: u64 = 3_600 * SECOND;

    fn id() -> PaymentId {
        PaymentId::parse("pay_0190163d8b4f7c8a9d2e3f4a5b6c7d8e").unwrap()
    }

    fn operations() -> Operations {
        Operations::new(10, 0).0
    }

    fn due(operations: &Operations, at_ns: u64) -> bool {
        !operations.due(at_ns, 10).is_empty()
    }

    fn is_hinted_again(operations: &Operations) -> bool {
        operations.before_any_hint(id(), |is_hinted| is_hinted)
    }

    /// Takes the payment's turn and gives it back.
    fn taken_up(operations: &Operations) -> Later {
        operations.begin(id()).unwrap().later.clone()
    }

    #[test]
    fn inquiry_is_due_once_at_its_time() {
        let operations = operations();
        operations.ask_later(id(), 3, HOUR);
        assert!(operations.knows(id()));
        assert!(!due(&operations, HOUR - 1));
        assert!(due(&operations, HOUR));
        let later = taken_up(&operations);
        assert_eq!((later.asked, later.hinted), (3, false));
        assert!(!due(&operations, 2 * HOUR));
        assert!(!operations.knows(id()));
    }

    #[test]
    fn hint_brings_a_later_inquiry_forward() {
        let operations = operations();
        operations.ask_later(id(), 7, HOUR);
        operations.hint(id(), SECOND);
        assert!(due(&operations, SECOND));
        let later = taken_up(&operations);
        assert_eq!((later.asked, later.hinted), (7, true));
    }

    #[test]
    fn hint_delays_no_inquiry() {
        let operations = operations();
        operations.hint(id(), 0);
        taken_up(&operations);
        operations.ask_later(id(), 1, 2 * SECOND);
        operations.hint(id(), SECOND);
        assert!(!due(&operations, 2 * SECOND - 1));
        assert!(due(&operations, 2 * SECOND), "not after five");
    }

    #[test]
    fn hints_cause_one_inquiry_in_five_seconds() {
        let operations = operations();
        let (mut asked, step) = (0, SECOND / 10);
        for tenth in 0..=100 {
            operations.hint(id(), tenth * step);
            if due(&operations, tenth * step) {
                assert!(taken_up(&operations).hinted);
                asked += 1;
            }
        }
        assert_eq!(asked, 3, "at 0, 5 and 10 seconds");
    }

    #[test]
    fn hint_during_an_exchange_is_kept() {
        let operations = operations();
        operations.ask_later(id(), 0, 0);
        let turn = operations.begin(id()).unwrap();
        assert!(!is_hinted_again(&operations));
        operations.hint(id(), SECOND);
        assert!(is_hinted_again(&operations));
        assert!(operations.begin(id()).is_none(), "one at a time");
        // A hint that came meanwhile does not wait for the earlier schedule.
        operations.ask_later(id(), 5, HOUR);
        assert!(is_hinted_again(&operations));
        drop(turn);
        assert!(due(&operations, SECOND));
        let later = taken_up(&operations);
        assert_eq!((later.asked, later.hinted), (5, true));
        assert!(!is_hinted_again(&operations));
    }

    #[test]
    fn process_that_began_a_call_is_known_by_its_record() {
        let initiated = PaymentInitiated {
            order_id: OrderId::parse("o-1").unwrap(),
            buyer_id: BuyerId::parse("buyer-1").unwrap(),
            amounts: Amounts::whole(Money::new(11_000, Currency::Krw).unwrap()),
            provider: Provider::Toss,
            capture: CaptureMode::Automatic,
        };
        // However far ahead a clock was when it was written.
        for at in [0, 1_707_794_294_000, 7_000_000_000_000] {
            let at = Timestamp::from_millis(at);
            let stored = |call| Stored {
                first_record: 1,
                record: 20,
                marks: Marks {
                    call,
                    ..Marks::default()
                },
                value: Payment::initiated(id(), &initiated, at).into(),
            };
            let operations = operations();
            assert!(operations.was_begun_before(&stored(9)));
            assert!(!operations.was_begun_before(&stored(10)));
            assert!(!operations.was_begun_before(&stored(11)));
        }
    }

    #[test]
    fn no_exchange_begins_after_stop() {
        let operations = operations();
        operations.ask_later(id(), 0, 0);
        operations.stop();
        assert!(operations.begin(id()).is_none());
    }
}
