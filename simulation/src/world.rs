//! The world of one start of the server: its clocks, randomness, tasks, timers and network belong to the simulation.
//! When that process dies, everything it had begun is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daegeum_server::world::{BoxFuture, Outbound, Undelivered, World};

use crate::dice::Dice;
use crate::executor::{Executor, Owner};
use crate::gateways::Gateways;
use crate::swarm::Swarm;

/// When every run begins, in milliseconds since 1970.
pub const BEGINNING_MS: i64 = 1_795_000_000_000;

/// The clocks, which outlive every process. Clones are the same.
#[derive(Clone)]
pub struct Clocks {
    executor: Executor,
    /// How far the server's wall clock is from true time.
    ahead_ms: Arc<AtomicI64>,
    /// The furthest that it was ever ahead: a server that has followed it stays there.
    most_ahead_ms: Arc<AtomicI64>,
}

impl Clocks {
    /// Clocks that agree.
    pub fn new(executor: Executor) -> Self {
        Self {
            executor,
            ahead_ms: Arc::default(),
            most_ahead_ms: Arc::default(),
        }
    }

    /// True time, which gateways and callers have.
    pub fn true_ms(&self) -> i64 {
        BEGINNING_MS + i64::try_from(self.executor.now_ns() / 1_000_000).expect("not that long")
    }

    /// The server's wall clock.
    pub fn wall_ms(&self) -> i64 {
        self.true_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Sets the server's wall clock ahead of true time by this much, or behind.
    pub fn set_ahead(&self, ms: i64) {
        self.ahead_ms.store(ms, Ordering::Relaxed);
        self.most_ahead_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// The latest that a server can take it to be.
    pub fn latest_ms(&self) -> i64 {
        self.true_ms() + self.most_ahead_ms.load(Ordering::Relaxed)
    }
}

/// See the module's text.
pub struct ServerWorld {
    /// Tasks, timers and virtual time.
    pub executor: Executor,
    /// Which start of the server this is.
    pub owner: Owner,
    /// Chance.
    pub dice: Dice,
    /// True time and the server's.
    pub clocks: Clocks,
    /// The faults.
    pub swarm: Swarm,
    /// The gateways on the network.
    pub gateways: Gateways,
    /// Whether the process lives.
    pub alive: AtomicBool,
}

impl World for ServerWorld {
    fn wall_ms(&self) -> i64 {
        self.clocks.wall_ms()
    }

    fn machine_now_ms(&self) -> i64 {
        self.clocks.true_ms()
    }

    fn monotonic_ns(&self) -> u64 {
        self.executor.now_ns()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.dice.fill(bytes);
    }

    fn spawn(&self, task: BoxFuture) {
        // A destructor that runs while the process dies must not begin anything.
        if self.alive.load(Ordering::Relaxed) {
            self.executor.spawn(self.owner, task);
        }
    }

    fn send(&self, outbound: Outbound) -> BoxFuture<Result<http::Response<Bytes>, Undelivered>> {
        self.gateways.send(outbound)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        let late_ms = self.dice.below(self.swarm.timer_late_ms + 1);
        Box::pin(
            self.executor
                .sleep(duration + Duration::from_millis(late_ms)),
        )
    }
}
