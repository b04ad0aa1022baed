//! What is outside the server: its world, and in the sandbox what stands in for the rest.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use crate::config::Config;
use crate::world::{Reach, SharedWorld, SystemWorld};

/// The outside of one server.
pub struct Outside {
    /// The settings, with the addresses of what is outside.
    pub config: Config,
    /// Time, chance, tasks, timers, the network.
    pub world: SharedWorld,
    /// Routes besides the product's own: the sandbox's.
    pub routes: Router,
    /// What to begin once the server takes requests at this address.
    pub begin: Box<dyn FnOnce(SocketAddr) + Send>,
}

impl Outside {
    /// The real one.
    pub fn real(config: Config, world: SystemWorld) -> Self {
        let world = world.reaching(reach(&config));
        Self {
            config,
            world: Arc::new(world),
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
