//! The world of a test's shop: the machine's, except that the clocks are moved by hand and background jobs run only
//! when told to. So the test decides the order of events.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use daegeum_server::http::buyer_token::{ADDRESS_RESTS, TRIED_AGAIN};
use daegeum_server::world::{BoxFuture, Outbound, Reach, SystemWorld, Undelivered, World};
use tokio::sync::oneshot;

use crate::until;

/// How long the server's jobs rest between their turns, by which they are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Unpaid orders and holds that run out.
    Deadlines,
    /// Keys of personal data that are dropped.
    Retention,
    /// Calls to gateways without an answer.
    Unanswered,
    /// The JWK set of buyers' tokens.
    KeySet,
}

impl Job {
    fn resting_for(pause: Duration) -> Option<Self> {
        match pause {
            _ if pause == Duration::from_millis(500) => Some(Self::Deadlines),
            _ if pause == Duration::from_hours(1) => Some(Self::Retention),
            _ if pause == Duration::from_millis(250) => Some(Self::Unanswered),
            ADDRESS_RESTS | TRIED_AGAIN => Some(Self::KeySet),
            _ => None,
        }
    }
}

/// See the module's text.
pub struct ShopWorld {
    machine: SystemWorld,
    ahead_ms: Arc<AtomicI64>,
    wall_off_ms: Arc<AtomicI64>,
    resting: Mutex<BTreeMap<Job, oneshot::Sender<()>>>,
    calling: Arc<AtomicUsize>,
    patience_ms: AtomicU64,
    requests_wait_ms: AtomicU64,
}

/// How long the server lets a request wait for a gateway's answer, by which that rest is recognised.
const REQUESTS_WAIT: Duration = Duration::from_secs(10);

thread_local! {
    /// Whether this thread is inside a task of the server's.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

/// A task of the server's. What it begins in turn is a call to a gateway: connections and jobs are begun
/// by the server itself.
struct Task {
    run: BoxFuture,
    /// One of the calls under way, until it ends.
    call: Option<Arc<AtomicUsize>>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let outside = IN_TASK.replace(true);
        let polled = self.run.as_mut().poll(context);
        IN_TASK.set(outside);
        polled
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(calling) = &self.call {
            calling.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl ShopWorld {
    /// A world in which `ahead_ms` more have passed than on the machine, and whose wall clock is wrong by
    /// `wall_off_ms`.
    pub fn new(ahead_ms: Arc<AtomicI64>, wall_off_ms: Arc<AtomicI64>) -> Self {
        let machine = SystemWorld::new();
        Self {
            machine: machine.expect("randomness").reaching(Reach::Anywhere),
            ahead_ms,
            wall_off_ms,
            resting: Mutex::default(),
            calling: Arc::default(),
            patience_ms: AtomicU64::new(u64::MAX),
            requests_wait_ms: AtomicU64::new(u64::MAX),
        }
    }

    /// From now on no answer of a gateway is waited for longer than this.
    pub fn be_patient_for(&self, patience: Duration) {
        let ms = u64::try_from(patience.as_millis()).expect("not that long");
        self.patience_ms.store(ms, Ordering::Relaxed);
    }

    /// From now on no request waits longer than this for a gateway's answer.
    pub fn let_requests_wait_for(&self, at_most: Duration) {
        let ms = u64::try_from(at_most.as_millis()).expect("not that long");
        self.requests_wait_ms.store(ms, Ordering::Relaxed);
    }

    /// Waits until no call to a gateway is under way, and what each taught is kept.
    pub async fn calls_rest(&self) {
        let none = || async { self.calling.load(Ordering::SeqCst) == 0 };
        until("no call is under way", none).await;
    }

    /// Moves the clocks on. Nothing happens by itself for that.
    pub fn advance(&self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).expect("not that long");
        self.ahead_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Lets a job take one turn, and waits until it rests again.
    pub async fn turn(&self, job: Job) {
        until("the job rests", || async { self.rests(job) }).await;
        let wake = self.resting.lock().unwrap().remove(&job);
        wake.expect("it rested").send(()).expect("it is alive");
        until("the job rests again", || async { self.rests(job) }).await;
    }

    fn rests(&self, job: Job) -> bool {
        self.resting.lock().unwrap().contains_key(&job)
    }
}

impl World for ShopWorld {
    fn wall_ms(&self) -> i64 {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        self.machine.machine_now_ms() + ahead_ms + self.wall_off_ms.load(Ordering::Relaxed)
    }

    fn machine_now_ms(&self) -> i64 {
        self.machine.machine_now_ms()
    }

    fn monotonic_ns(&self) -> u64 {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        let ahead_ms = u64::try_from(ahead_ms).expect("time goes on");
        self.machine.monotonic_ns() + ahead_ms * 1_000_000
    }

    fn since_boot_ns(&self) -> u64 {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        let ahead_ms = u64::try_from(ahead_ms).expect("time goes on");
        self.machine.since_boot_ns() + ahead_ms * 1_000_000
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.machine.fill_random(bytes);
    }

    fn spawn(&self, task: BoxFuture) {
        let call = IN_TASK.get().then(|| Arc::clone(&self.calling));
        if let Some(calling) = &call {
            calling.fetch_add(1, Ordering::SeqCst);
        }
        self.machine.spawn(Box::pin(Task { run: task, call }));
    }

    fn send(
        &self,
        mut outbound: Outbound,
    ) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>> {
        let patience = Duration::from_millis(self.patience_ms.load(Ordering::Relaxed));
        outbound.deadline = outbound.deadline.min(patience);
        self.machine.send(outbound)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        if duration == REQUESTS_WAIT {
            let most = Duration::from_millis(self.requests_wait_ms.load(Ordering::Relaxed));
            return self.machine.sleep(duration.min(most));
        }
        let Some(job) = Job::resting_for(duration) else {
            return self.machine.sleep(duration);
        };
        let (wake, woken) = oneshot::channel();
        self.resting.lock().unwrap().insert(job, wake);
        Box::pin(async {
            if woken.await.is_err() {
                // The shop is gone, so the task is never woken again.
                std::future::pending::<()>().await;
            }
        })
    }
}
