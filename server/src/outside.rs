//! The server's surroundings: its world, and in the sandbox the simulated parts.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use crate::config::Config;
use crate::domain_clock::DomainClock;
use crate::world::{Reach, SharedWorld, SystemWorld};

/// The outside of one server.
pub struct Outside {
    /// The settings, with the addresses of what is outside.
    pub config: Config,
    /// Time, chance, tasks, timers, the network.
    pub world: SharedWorld,
    /// The domain's clock over that world.
    pub clock: Arc<DomainClock>,
    /// Routes besides the product's own: the sandbox's.
    pub routes: Router,
    /// The tasks to start once the server takes requests at this address.
    pub begin: Box<dyn FnOnce(SocketAddr) + Send>,
}

impl Outside {
    /// The real one; whether its clock is trusted is a person's word.
    pub fn real(config: Config, world: SystemWorld, trusts_clock: bool) -> Self {
        let world: SharedWorld = Arc::new(world.reaching(reach(&config)));
        Self {
            config,
            clock: Arc::new(DomainClock::new(Arc::clone(&world), trusts_clock)),
            world,
            routes: Router::new(),
            begin: Box::new(|_| {}),
        }
    }
}

/// Which addresses the server may call.
pub fn reach(config: &Config) -> Reach {
    if config.settings.gateways.allow_private {
        Reach::Anywhere
    } else {
        Reach::Public
    }
}
