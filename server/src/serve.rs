//! Runs the server: opens the store, then the listener; stops in the opposite order, so that nothing is answered that
//! is not durable and nothing durable stays unanswered.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_engine::store::index::SledHome;
use daegeum_engine::store::opening::OpenOptions;
use daegeum_engine::store::overlay::OverlayLimits;

use crate::assembly::{self, Assembled, Connected};
use crate::config::Config;
use crate::domain_clock::DomainClock;
use crate::engine_room::{EngineRoom, Started};
use crate::gateway::Gateway;
use crate::http::{self, Drained};
use crate::telemetry::{Metrics, TransitionLog};
use crate::waiting_room::{self, Door};
use crate::world::SharedWorld;
use crate::{jobs, listening, metrics_listener, modes};

/// The server's needs from the process around it.
pub struct Surroundings {
    /// Time, chance, tasks, timers.
    pub world: SharedWorld,
    /// The domain's clock over that world, not yet begun.
    pub clock: Arc<DomainClock>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// The log of transitions.
    pub transitions: TransitionLog,
    /// Routes besides the product's own: the sandbox's.
    pub more_routes: Router,
    /// Gateways besides those of the settings: a test's own.
    pub more_gateways: Vec<Arc<dyn Gateway>>,
}

/// Serves until `stop`; `ready` is called once requests are taken. An error means that the store failed.
pub async fn serve(
    mut config: Config,
    around: Surroundings,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(std::net::SocketAddr),
) -> Result<(), Box<dyn Error>> {
    let tls = http::acceptor(&config.settings.tls)?;
    http::buyer_token::check_file(&config.settings.buyers)?;
    let address = config.settings.server.listen;
    let listener = listening::bind(address, listening::API).await?;
    // With port 0 the system has chosen one; from here on it is the configured one.
    config.settings.server.listen = listener.local_addr()?;
    let figures = metrics_listener::bind(&config).await?;
    let config = Arc::new(config);
    for open in modes::too_open(&config) {
        tracing::warn!(remedy = open.remedy(), "{open}");
    }
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let cache_bytes = u64::try_from(config.settings.store.index_cache.0)?;
    let home = SledHome::new(&config.settings.server.data, cache_bytes);
    let mut stop = pin!(stop);
    let open = || assembly::open(&config, &around.clock, &files, &home, open_options(&config));
    let door = Door {
        listener: &listener,
        tls: &tls,
    };
    let opened = tokio::select! {
        opened = waiting_room::open(&config, &around, door, open) => opened?,
        () = &mut stop => return Ok(()),
    };
    let started = EngineRoom::start(
        opened.directory,
        assembly::policy(&config, &around.more_gateways)?,
        config.settings.store.queue,
        Arc::clone(&around.clock),
        Arc::clone(&around.metrics),
    )?;
    let Started {
        room,
        queue,
        reader,
        condition,
        failed,
    } = started;
    let store = Connected {
        queue,
        reader,
        seals: opened.seals,
        identity: opened.identity,
        condition: Arc::clone(&condition),
    };
    let Assembled { app, front, begun } = assembly::assemble(&config, around, store)?;
    front.begin();
    jobs::start(&app, begun);
    if let Some(listener) = figures {
        metrics_listener::start(&app, listener);
    }
    ready(listener.local_addr()?);
    let ended = async {
        tokio::select! {
            () = &mut stop => {}
            _ = failed => {}
        }
        condition.stop();
    };
    let calls_timeout = config.settings.limits.shutdown_timeout;
    let drained = http::serve(listener, tls, front, ended).await;
    if let Drained::CutOff(connections) = drained {
        tracing::warn!(connections, "connections were cut off");
    }
    jobs::clock::keep(&app);
    let (world, operations) = (Arc::clone(&app.world), Arc::clone(&app.operations));
    drop(app);
    // Wait for calls in flight: their answers are then committed, and need no inquiry later.
    operations.stop();
    tokio::select! {
        () = operations.rest() => {}
        () = world.sleep(calls_timeout) => tracing::warn!("calls to gateways were cut off; they are asked about after the next start"),
    }
    // Requests that were cut off may still hold the queue; the writer finishes its content and ends.
    tokio::task::spawn_blocking(move || room.stop()).await??;
    tracing::info!("stopped in order");
    Ok(())
}

/// How a data directory is opened under these settings.
pub fn open_options(config: &Config) -> OpenOptions {
    let wait_at = config.settings.store.overlay.max(1);
    let overlay = OverlayLimits {
        apply_at: (wait_at / 4).max(1),
        wait_at,
    };
    OpenOptions {
        overlay,
        ..OpenOptions::new(&config.settings.server.data)
    }
}
