//! The machine itself as the world: the one place where the real clock, the system's randomness
//! and tokio's tasks and timers are touched; the network is in its [`transport`](super::transport).

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::transport::{Reach, Transport};
use super::{BoxFuture, Outbound, Undelivered, World};

/// Why there is no world to run in.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Without randomness there are no ids and no secrets.
    #[error("the system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

/// Nanoseconds since the machine started, with the time that it slept.
fn since_boot_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let rest = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// The machine's clocks, randomness and tasks. Needs a tokio runtime around it for `spawn` and
/// `sleep`.
pub struct SystemWorld {
    started_ns: u64,
    /// How far the domain's time was moved; zero in production.
    moved_ms: Arc<AtomicI64>,
    /// Seeds one generator per thread, so that threads share nothing afterwards.
    seeds: Mutex<ChaCha20Rng>,
    transport: Transport,
}

impl SystemWorld {
    /// The world in which the domain's clock is the machine's.
    pub fn new() -> Result<Self, WorldError> {
        Self::moved_by(Arc::default())
    }

    /// The world whose domain time is moved by what `moved_ms` says at each look.
    #[expect(clippy::disallowed_methods, reason = "this is the world")]
    pub fn moved_by(moved_ms: Arc<AtomicI64>) -> Result<Self, WorldError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(WorldError::Randomness)?;
        Ok(Self {
            started_ns: since_boot_ns(),
            moved_ms,
            seeds: Mutex::new(ChaCha20Rng::from_seed(seed)),
            transport: Transport::new(Reach::Public),
        })
    }

    /// The same world, whose requests go as far as this.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self {
            transport: Transport::new(reach),
            ..self
        }
    }

    fn seeded(&self) -> ChaCha20Rng {
        let mut seed = [0; 32];
        self.seeds.lock().fill_bytes(&mut seed);
        ChaCha20Rng::from_seed(seed)
    }
}

thread_local! {
    static RANDOM: RefCell<Option<ChaCha20Rng>> = const { RefCell::new(None) };
}

impl World for SystemWorld {
    fn moved_ms(&self) -> i64 {
        self.moved_ms.load(Ordering::Relaxed)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the world")]
    fn machine_now_ms(&self) -> i64 {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic_ns(&self) -> u64 {
        since_boot_ns().saturating_sub(self.started_ns)
    }

    fn since_boot_ns(&self) -> u64 {
        since_boot_ns()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        RANDOM.with_borrow_mut(|own| own.get_or_insert_with(|| self.seeded()).fill_bytes(bytes));
    }

    fn send(
        &self,
        outbound: Outbound,
    ) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>> {
        self.transport.send(outbound)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the world")]
    fn spawn(&self, task: BoxFuture) {
        tokio::spawn(task);
    }

    #[expect(clippy::disallowed_methods, reason = "this is the world")]
    fn sleep(&self, duration: Duration) -> BoxFuture {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::world::random_bytes;

    #[test]
    fn threads_draw_different_bytes() {
        let world = Arc::new(SystemWorld::new().unwrap());
        let draws: Vec<_> = (0..4)
            .map(|_| {
                let world = Arc::clone(&world);
                std::thread::spawn(move || (0..64).map(|_| random_bytes::<16>(&*world)).collect())
            })
            .flat_map(|thread: std::thread::JoinHandle<Vec<[u8; 16]>>| thread.join().unwrap())
            .collect();
        assert_eq!(draws.iter().collect::<HashSet<_>>().len(), 256);
    }

    #[test]
    fn only_domain_time_is_moved() {
        let moved_ms = Arc::new(AtomicI64::new(0));
        let world = SystemWorld::moved_by(Arc::clone(&moved_ms)).unwrap();
        let before = world.machine_now_ms();
        moved_ms.store(86_400_000, Ordering::Relaxed);
        assert_eq!(world.moved_ms(), 86_400_000);
        assert!(world.machine_now_ms() - before < 3_600_000);
    }

    #[test]
    fn monotonic_time_never_goes_back() {
        let world = SystemWorld::new().unwrap();
        let looks: Vec<_> = (0..1000).map(|_| world.monotonic_ns()).collect();
        assert!(looks.is_sorted());
    }
}
