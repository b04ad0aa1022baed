//! Rate limits by source and by key. Sources are counted before credentials are checked, so that guessing is limited;
//! keys after. The number of remembered entries is limited: the least recently seen are dropped first, so that a
//! flood of new sources cannot fill memory.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
};

use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, nanos::Nanos, state::StateStore,
};
use parking_lot::Mutex;

use super::error::{HttpErrorCode, Problem};
use crate::{config::Limits, world::SharedWorld};

/// A key or a buyer in the rate limits: a prefix of a digest.
pub type RateKey = [u8; 16];

/// Counts what comes with each key.
pub(super) type Limiter<K> = RateLimiter<K, Recent<K>, WorldClock, NoOpMiddleware<Nanos>>;

/// The rates of `limits`, in force.
pub struct RateLimits {
    per_source: Option<Limiter<IpAddr>>,
    per_key: Option<Limiter<RateKey>>,
    clock: WorldClock,
}

impl RateLimits {
    /// Starts with everybody unheard.
    pub fn new(limits: &Limits, world: SharedWorld) -> Self {
        Self {
            per_source: limiter(limits.rate_per_source, limits.rates_tracked, &world),
            per_key: limiter(limits.rate_per_key, limits.rates_tracked, &world),
            clock: WorldClock(world),
        }
    }

    /// Counts a request of `source`, or says when the next may come. An IPv6 /64 belongs to one household or server,
    /// so it is one source.
    pub fn count_source(&self, source: IpAddr) -> Result<(), Problem> {
        let source = match source {
            IpAddr::V4(_) => source,
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
        };
        self.count(self.per_source.as_ref(), &source)
    }

    /// Counts a request with `key`, or says when the next may come.
    pub fn count_key(&self, key: &RateKey) -> Result<(), Problem> {
        self.count(self.per_key.as_ref(), key)
    }

    fn count<K: Hash + Eq + Clone>(
        &self,
        limiter: Option<&Limiter<K>>,
        key: &K,
    ) -> Result<(), Problem> {
        let Some(limiter) = limiter else {
            return Ok(());
        };
        limiter.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            Problem::from(HttpErrorCode::RateLimited).retry_after(wait)
        })
    }
}

/// Lets `per_second` pass with each key, twice as many at once; 0 is no limit.
pub(super) fn limiter<K: Hash + Eq + Clone>(
    per_second: u32,
    tracked: usize,
    world: &SharedWorld,
) -> Option<Limiter<K>> {
    let rate = NonZeroU32::new(per_second)?;
    let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST_SECONDS));
    let clock = WorldClock(Arc::clone(world));
    Some(RateLimiter::new(quota, Recent::new(tracked), clock))
}

/// A burst is what two seconds would allow.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// The world's monotonic time, as governor wants it.
#[derive(Clone)]
pub(super) struct WorldClock(SharedWorld);

impl Clock for WorldClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.monotonic_ns())
    }
}

/// The recently seen keys, at most about twice `tracked`. Each shard has two generations: when the younger is full it
/// becomes the older, and the older is dropped. A key that is seen again moves to the younger, so only silent keys
/// are lost, which have used no rate anyway.
pub(super) struct Recent<K> {
    shards: [Mutex<Generations<K>>; SHARDS],
    hasher: RandomState,
    per_generation: usize,
}

const SHARDS: usize = 16;

struct Generations<K> {
    younger: HashMap<K, Nanos>,
    older: HashMap<K, Nanos>,
}

impl<K: Hash + Eq + Clone> Recent<K> {
    fn new(tracked: usize) -> Self {
        let empty = || {
            Mutex::new(Generations {
                younger: HashMap::new(),
                older: HashMap::new(),
            })
        };
        Self {
            shards: std::array::from_fn(|_| empty()),
            hasher: RandomState::new(),
            per_generation: tracked.div_ceil(SHARDS),
        }
    }

    fn shard(&self, key: &K) -> Option<&Mutex<Generations<K>>> {
        let shards = u64::try_from(SHARDS).unwrap_or(1);
        let hash = self.hasher.hash_one(key).checked_rem(shards)?;
        self.shards.get(usize::try_from(hash).ok()?)
    }
}

impl<K: Hash + Eq + Clone> StateStore for Recent<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let Some(shard) = self.shard(key) else {
            return measure(None).map(|(answer, _)| answer);
        };
        let mut known = shard.lock();
        if let Some(heard) = known.younger.get_mut(key) {
            let (answer, next) = measure(Some(*heard))?;
            *heard = next;
            return Ok(answer);
        }
        let (answer, next) = measure(known.older.get(key).copied())?;
        if known.younger.len() >= self.per_generation {
            known.older = std::mem::take(&mut known.younger);
        }
        known.younger.insert(key.clone(), next);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::ManualWorld;

    fn recent_len<K>(recent: &Recent<K>) -> usize {
        let lengths = recent.shards.iter().map(|shard| {
            let known = shard.lock();
            known.younger.len().saturating_add(known.older.len())
        });
        lengths.sum()
    }

    fn limits(per_second: u32) -> (ManualWorld, RateLimits) {
        let world = ManualWorld::new(0, 1);
        let shared: SharedWorld = Arc::new(world.clone());
        (
            world,
            RateLimits {
                per_source: limiter(per_second, 64, &shared),
                per_key: limiter(per_second, 64, &shared),
                clock: WorldClock(shared),
            },
        )
    }

    #[test]
    fn two_seconds_may_come_at_once_then_the_rate_holds() {
        let (world, limits) = limits(10);
        let source: IpAddr = "192.0.2.1".parse().unwrap();
        let passed = (0..100)
            .filter(|_| limits.count_source(source).is_ok())
            .count();
        assert_eq!(passed, 20);
        limits
            .count_source("192.0.2.2".parse().unwrap())
            .expect("another source");
        world.advance(Duration::from_millis(100));
        assert!(limits.count_source(source).is_ok());
        let refused = limits.count_source(source).unwrap_err();
        assert_eq!(refused.code(), "RATE_LIMITED");
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let (_, limits) = limits(1);
        let mut passed = 0;
        for host in 0..10 {
            let address = format!("2001:db8::{host:x}").parse().unwrap();
            passed += usize::from(limits.count_source(address).is_ok());
        }
        assert_eq!(passed, 2);
        limits
            .count_source("2001:db8:0:1::1".parse().unwrap())
            .expect("another network");
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let (_, limits) = limits(0);
        assert!((0..10_000).all(|_| limits.count_key(&[1; 16]).is_ok()));
    }

    #[test]
    fn flood_of_sources_is_bounded_and_frees_no_busy_source() {
        let recent = Recent::new(160);
        let count = |key: u32| {
            recent.measure_and_replace::<_, _, ()>(&key, |heard| {
                let times = heard.map_or(0, Nanos::as_u64) + 1;
                Ok((times, Nanos::new(times)))
            })
        };
        for stranger in 1..=100_000 {
            count(stranger).unwrap();
            if stranger % 2 == 0 {
                count(0).unwrap();
            }
        }
        assert!(recent_len(&recent) <= 320, "{}", recent_len(&recent));
        assert_eq!(count(0), Ok(50_001));
    }
}
