//! Who owns calls to gateways. An operation is begun by its committed intent and belongs to a task of its own,
//! never to a request: a closed connection, a request's time limit or a stop neither cancels nor repeats it.
//!
//! At most one exchange per payment at a time. What has no answer waits here for its next question; after a
//! restart everything without an answer is asked about again, and so is every payment that somebody said there is news
//! of. Nothing here is stored: the journal knows it all.
//!
//! All waiting is by the monotonic clock: no clock that somebody sets makes a question early, late or never.

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

/// The calls under way and those that wait.
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
    /// Payments to be asked about, and when.
    later: BTreeMap<PaymentId, Later>,
    /// Requests that wait for a payment's call to end.
    waiting: Waiting,
    /// Notifications that wait until their payment's gateway was asked how it stands.
    asking: Waiting,
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
}

type Waiting = BTreeMap<PaymentId, Vec<oneshot::Sender<()>>>;

/// What is known of a payment's next question.
#[derive(Debug, Clone, Default)]
pub struct Later {
    /// When.
    at_ns: u64,
    /// How often it has been asked about already.
    pub asked: u32,
    /// Whether somebody said that there is news.
    pub hinted: bool,
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
/// Exchanges under way at once; the next wait their turn.
const MOST_AT_ONCE: usize = 256;

impl Operations {
    /// None under way. Calls that were intended before the record `first_record` are an earlier process's. Intents that
    /// are committed come out of the receiver.
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

    /// Looks at what was committed: begins what was intended, and tells whoever waited for what has ended.
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

    /// Has the payment's call made as soon as its turn can be taken.
    pub fn begin_soon(&self, id: PaymentId) {
        // Nobody takes them up any more: the server is stopping, and asks after its next start.
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

    /// The payment's gateway has said how it stands, and that is kept.
    pub fn asked(&self, id: PaymentId) {
        let waiting = self.state.lock().asking.remove(&id);
        tell(waiting);
    }

    /// Fires when the payment's gateway was asked how it stands.
    pub fn wait_until_asked(&self, id: PaymentId) -> oneshot::Receiver<()> {
        wait(&mut self.state.lock().asking, id)
    }

    /// Fires when the payment's call ends. Ask before looking whether it has ended already.
    pub fn wait_for(&self, id: PaymentId) -> oneshot::Receiver<()> {
        wait(&mut self.state.lock().waiting, id)
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

    /// Has the payment asked about again.
    pub fn ask_later(&self, id: PaymentId, asked: u32, at_ns: u64) {
        let mut state = self.state.lock();
        let newer = state.later.remove(&id);
        let hinted = newer.as_ref().is_some_and(|later| later.hinted);
        // What was said meanwhile is not made to wait for what was asked before.
        let at_ns = newer.map_or(at_ns, |later| at_ns.min(later.at_ns));
        let later = Later {
            at_ns,
            asked,
            hinted,
        };
        state.later.insert(id, later);
    }

    /// Somebody says that there is news of the payment: it is asked about, but not more often than every few seconds.
    /// A question that was to come later comes now.
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

    /// Does something before anybody can say again that there is news; it is told whether somebody has since the
    /// payment's turn was taken.
    pub fn before_any_hint<T>(&self, id: PaymentId, act: impl FnOnce(bool) -> T) -> T {
        let state = self.state.lock();
        act(state.later.get(&id).is_some_and(|later| later.hinted))
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

    /// Whether an earlier process began the payment's call. No clock is asked: it was intended before this one's first
    /// record.
    pub fn was_begun_before(&self, payment: &Stored<AnyPayment>) -> bool {
        payment.marks.call < self.first_record
    }

    /// How long this process has known the payment's call: since it was intended, or since the start.
    pub fn known_for(&self, payment: &AnyPayment, now_ns: u64) -> Duration {
        let core = payment.core();
        let call = core.operation.as_ref().map(|call| call.core().id);
        let known = self.state.lock().known.get(&core.id).copied();
        let known = known.filter(|known| Some(known.operation) == call);
        let since_ns = known.map_or(self.started_ns, |known| known.since_ns);
        Duration::from_nanos(now_ns.saturating_sub(since_ns))
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

    /// The last look saw nothing; the next one is due at once.
    pub fn look_again(&self) {
        self.state.lock().looked_around_ns = None;
    }

    /// Forgets whom nobody waits for any more, and the deposits that were asked about longer than this ago.
    pub fn tidy(&self, now_ns: u64, deposits_every: Duration) {
        let mut state = self.state.lock();
        tidy(&mut state.waiting);
        tidy(&mut state.asking);
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

fn wait(waiting: &mut Waiting, id: PaymentId) -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    let waiting = waiting.entry(id).or_default();
    waiting.retain(|waiter| !waiter.is_closed());
    waiting.push(tell);
    told
}

fn tell(waiting: Option<Vec<oneshot::Sender<()>>>) {
    for waiter in waiting.into_iter().flatten() {
        // Whoever waited may have gone away.
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
    fn a_question_comes_when_its_time_has_come_and_once() {
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
    fn a_hint_hastens_a_question_that_was_to_come_in_an_hour() {
        let operations = operations();
        operations.ask_later(id(), 7, HOUR);
        operations.hint(id(), SECOND);
        assert!(due(&operations, SECOND));
        let later = taken_up(&operations);
        assert_eq!((later.asked, later.hinted), (7, true));
    }

    #[test]
    fn a_hint_delays_no_question() {
        let operations = operations();
        operations.hint(id(), 0);
        taken_up(&operations);
        operations.ask_later(id(), 1, 2 * SECOND);
        operations.hint(id(), SECOND);
        assert!(!due(&operations, 2 * SECOND - 1));
        assert!(due(&operations, 2 * SECOND), "not after five");
    }

    #[test]
    fn hints_are_followed_once_in_five_seconds_however_many_come() {
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
    fn a_hint_during_a_question_leaves_its_mark() {
        let operations = operations();
        operations.ask_later(id(), 0, 0);
        let turn = operations.begin(id()).unwrap();
        assert!(!is_hinted_again(&operations));
        operations.hint(id(), SECOND);
        assert!(is_hinted_again(&operations));
        assert!(operations.begin(id()).is_none(), "one at a time");
        // What was said meanwhile does not wait for what was asked before.
        operations.ask_later(id(), 5, HOUR);
        assert!(is_hinted_again(&operations));
        drop(turn);
        assert!(due(&operations, SECOND));
        let later = taken_up(&operations);
        assert_eq!((later.asked, later.hinted), (5, true));
        assert!(!is_hinted_again(&operations));
    }

    #[test]
    fn which_process_began_a_call_is_read_off_its_record() {
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
    fn nothing_is_begun_once_it_stops() {
        let operations = operations();
        operations.ask_later(id(), 0, 0);
        operations.stop();
        assert!(operations.begin(id()).is_none());
    }
}
