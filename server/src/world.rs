//! Everything that is not a function of its input: time, randomness, tasks, timers and the network. Server code
//! reaches them only through [`World`], so that a simulation can replace them; the machine's own are in
//! [`SystemWorld`], a test's in [`ManualWorld`].

mod manual;
mod outbound;
mod system;
mod transport;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

pub use manual::ManualWorld;
pub use outbound::{Outbound, Undelivered};
pub use system::{SystemWorld, WorldError};
pub use transport::Reach;

/// A task or a timer of any runtime.
pub type BoxFuture<T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// The world as one value to hand around.
pub type SharedWorld = Arc<dyn World>;

/// The server's access to everything beyond its input.
pub trait World: Send + Sync {
    /// The wall clock as a witness for domain time ([`DomainClock`](crate::domain_clock::DomainClock)), in
    /// milliseconds since 1970. The machine's, but where a test sets the two apart.
    fn wall_ms(&self) -> i64 {
        self.machine_now_ms()
    }

    /// How far domain time was moved forward; only a sandbox's is.
    fn moved_ms(&self) -> i64 {
        0
    }

    /// The machine's clock, in milliseconds since 1970: how fresh a token or a signature is, for
    /// which the sender looked at a real clock.
    fn machine_now_ms(&self) -> i64;

    /// Nanoseconds since some moment before the program began; never goes back, and goes on while the
    /// machine sleeps. For latencies, rates, rests, and how domain time goes on.
    fn monotonic_ns(&self) -> u64;

    /// Nanoseconds since the machine started, as [`World::monotonic_ns`] goes on: the same for every program of one boot.
    fn since_boot_ns(&self) -> u64 {
        self.monotonic_ns()
    }

    /// Fills `bytes` with randomness fit for secrets.
    fn fill_random(&self, bytes: &mut [u8]);

    /// Runs `task` beside the caller. Nothing waits for it.
    fn spawn(&self, task: BoxFuture);

    /// Sends a request to another machine and reads its whole answer. Dropping the future may cut off the exchange: a
    /// caller that must know the outcome has to own it.
    fn send(
        &self,
        outbound: Outbound,
    ) -> BoxFuture<Result<http::Response<bytes::Bytes>, Undelivered>>;

    /// Ready once `duration` of monotonic time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture;
}

/// A duration on the monotonic clock, which counts nanoseconds.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `N` bytes fit for secrets.
pub fn random_bytes<const N: usize>(world: &dyn World) -> [u8; N] {
    let mut bytes = [0; N];
    world.fill_random(&mut bytes);
    bytes
}
