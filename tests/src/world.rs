//! The world of a test's shop: the machine's, but that the domain's clock is moved by hand and that
//! background jobs take a turn only when told to. So a story decides what happens before what.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
}

impl Job {
    fn resting_for(pause: Duration) -> Option<Self> {
        match pause {
            _ if pause == Duration::from_millis(500) => Some(Self::Deadlines),
            _ if pause == Duration::from_hours(1) => Some(Self::Retention),
            _ if pause == Duration::from_millis(250) => Some(Self::Unanswered),
            _ => None,
        }
    }
}

/// See the module's text.
pub struct ShopWorld {
    machine: SystemWorld,
    ahead_ms: Arc<AtomicI64>,
    resting: Mutex<BTreeMap<Job, oneshot::Sender<()>>>,
}

impl ShopWorld {
    /// A world whose domain clock is ahead of the machine's by what `ahead_ms` says.
    pub fn new(ahead_ms: Arc<AtomicI64>) -> Self {
        let machine = SystemWorld::running_ahead(Arc::clone(&ahead_ms));
        Self {
            machine: machine.expect("randomness").reaching(Reach::Anywhere),
            ahead_ms,
            resting: Mutex::default(),
        }
    }

    /// Moves the domain's clock on. Nothing happens by itself for that.
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
    fn now_ms(&self) -> i64 {
        self.machine.now_ms()
    }

    fn machine_now_ms(&self) -> i64 {
        self.machine.machine_now_ms()
    }

    fn monotonic_ns(&self) -> u64 {
        self.machine.monotonic_ns()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.machine.fill_random(bytes);
    }

    fn spawn(&self, task: BoxFuture) {
        self.machine.spawn(task);
    }

    fn send(
        &self,
        outbound: Outbound,
    ) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>> {
        self.machine.send(outbound)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        let Some(job) = Job::resting_for(duration) else {
            return self.machine.sleep(duration);
        };
        let (wake, woken) = oneshot::channel();
        self.resting.lock().unwrap().insert(job, wake);
        Box::pin(async {
            if woken.await.is_err() {
                // The shop is gone; nobody wakes it any more.
                std::future::pending::<()>().await;
            }
        })
    }
}
