//! The world for tests: time stands still until it is moved, randomness comes from a seed. Tasks run on the test's
//! tokio runtime.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use parking_lot::Mutex;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::{BoxFuture, Outbound, Undelivered, World, nanos};

/// A world that moves when told to. Clones are the same world.
#[derive(Clone)]
pub struct ManualWorld {
    state: Arc<Mutex<State>>,
    network: Arc<Network>,
}

/// The function that answers requests.
type Network =
    dyn Fn(Outbound) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>> + Send + Sync;

struct State {
    wall_ms: i64,
    moved_ms: i64,
    machine_now_ms: i64,
    monotonic_ns: u64,
    random: ChaCha8Rng,
    /// The waiting timers; the second half of the key keeps timers of one moment apart.
    timers: BTreeMap<(u64, u64), Waker>,
    timers_made: u64,
}

impl ManualWorld {
    /// A world at `now_ms` on both clocks, whose chance follows from `seed`.
    pub fn new(now_ms: i64, seed: u64) -> Self {
        let state = State {
            wall_ms: now_ms,
            moved_ms: 0,
            machine_now_ms: now_ms,
            monotonic_ns: 0,
            random: ChaCha8Rng::seed_from_u64(seed),
            timers: BTreeMap::new(),
            timers_made: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            network: Arc::new(|_| {
                let nobody = Undelivered::NotSent("there is nobody else in this world".to_owned());
                Box::pin(std::future::ready(Err(nobody)))
            }),
        }
    }

    /// The same world, with this peer on its network.
    #[must_use]
    pub fn with_network(
        self,
        network: impl Fn(Outbound) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            network: Arc::new(network),
            ..self
        }
    }

    /// Moves every clock, and wakes the timers that are due.
    pub fn advance(&self, duration: Duration) {
        let due = {
            let mut state = self.state.lock();
            let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            state.wall_ms = state.wall_ms.saturating_add(ms);
            state.machine_now_ms = state.machine_now_ms.saturating_add(ms);
            let ns = nanos(duration);
            state.monotonic_ns = state.monotonic_ns.saturating_add(ns);
            let not_due = (state.monotonic_ns.saturating_add(1), 0);
            let later = state.timers.split_off(&not_due);
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Moves the domain's clock alone, as the sandbox does.
    pub fn advance_domain(&self, duration: Duration) {
        let mut state = self.state.lock();
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        state.moved_ms = state.moved_ms.saturating_add(ms);
    }

    /// Sets the wall clock ahead of the machine's true time by this much, or behind. No timer notices.
    pub fn set_wall(&self, ahead_ms: i64) {
        let mut state = self.state.lock();
        state.wall_ms = state.machine_now_ms.saturating_add(ahead_ms);
    }

    /// The number of waiting timers: a test waits for it before it moves time.
    pub fn timers(&self) -> usize {
        self.state.lock().timers.len()
    }
}

impl World for ManualWorld {
    fn wall_ms(&self) -> i64 {
        self.state.lock().wall_ms
    }

    fn moved_ms(&self) -> i64 {
        self.state.lock().moved_ms
    }

    fn machine_now_ms(&self) -> i64 {
        self.state.lock().machine_now_ms
    }

    fn monotonic_ns(&self) -> u64 {
        self.state.lock().monotonic_ns
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.state.lock().random.fill_bytes(bytes);
    }

    fn send(
        &self,
        outbound: Outbound,
    ) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>> {
        (self.network)(outbound)
    }

    #[expect(clippy::disallowed_methods, reason = "this is a world")]
    fn spawn(&self, task: BoxFuture) {
        tokio::spawn(task);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        let mut state = self.state.lock();
        let number = state.timers_made;
        state.timers_made = number.wrapping_add(1);
        let ns = nanos(duration);
        let due = (state.monotonic_ns.saturating_add(ns), number);
        Box::pin(Sleep {
            state: Arc::clone(&self.state),
            due,
        })
    }
}

/// A timer; forgotten by its world when dropped.
struct Sleep {
    state: Arc<Mutex<State>>,
    due: (u64, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.monotonic_ns >= self.due.0 {
            return Poll::Ready(());
        }
        let replaced = state.timers.insert(self.due, context.waker().clone());
        drop(state);
        drop(replaced); // may be a task's last handle, whose own timers lock again
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waiting = self.state.lock().timers.remove(&self.due);
        drop(waiting); // after the lock, for the same reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_timer_waits_for_time_to_be_moved() {
        let world = ManualWorld::new(0, 1);
        let (woken, waiting) = tokio::sync::oneshot::channel();
        world.spawn(Box::pin({
            let world = world.clone();
            async move {
                world.sleep(Duration::from_secs(5)).await;
                woken.send(world.wall_ms()).unwrap();
            }
        }));
        while world.timers() == 0 {
            tokio::task::yield_now().await;
        }
        world.advance(Duration::from_secs(4));
        assert_eq!(world.timers(), 1, "not due yet");
        world.advance(Duration::from_secs(1));
        assert_eq!(waiting.await.unwrap(), 5000);
        assert_eq!(world.timers(), 0);
    }

    #[test]
    fn a_dropped_timer_is_forgotten_and_the_domain_clock_moves_alone() {
        let world = ManualWorld::new(10, 1);
        let mut timer = world.sleep(Duration::from_secs(1));
        let _ = timer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(world.timers(), 1);
        drop(timer);
        assert_eq!(world.timers(), 0);

        world.advance_domain(Duration::from_millis(7));
        assert_eq!((world.moved_ms(), world.machine_now_ms()), (7, 10));
    }
}
