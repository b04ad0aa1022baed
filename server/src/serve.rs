//! Runs the server: opens the store, then the listener; stops in the opposite order, so that nothing is answered that
//! is not durable and nothing durable stays unanswered.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_engine::store::index::SledHome;
use daegeum_engine::store::opening::OpenOptions;
use daegeum_engine::store::overlay::OverlayLimits;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::assembly::{self, Assembled, Connected, Opened};
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

/// The addresses that the server listens on, taken before anything begins that would have to be stopped.
struct Listening {
    api: TcpListener,
    tls: Option<TlsAcceptor>,
    figures: Option<TcpListener>,
}

/// Serves until `stop`; `ready` is called once requests are taken. An error means that the store failed.
pub async fn serve(
    mut config: Config,
    around: Surroundings,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Box<dyn Error>> {
    let listening = listen(&mut config).await?;
    let config = Arc::new(config);
    for open in modes::too_open(&config) {
        tracing::warn!(remedy = open.remedy(), "{open}");
    }
    let mut stop = pin!(stop);
    let opened = tokio::select! {
        opened = open(&config, &around, &listening) => opened?,
        () = &mut stop => return Ok(()),
    };
    let Started {
        room,
        queue,
        reader,
        condition,
        failed,
    } = EngineRoom::start(
        opened.directory,
        assembly::policy(&config, &around.more_gateways)?,
        config.settings.store.queue,
        Arc::clone(&around.clock),
        Arc::clone(&around.metrics),
    )?;
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
    let Listening { api, tls, figures } = listening;
    if let Some(listener) = figures {
        metrics_listener::start(&app, listener);
    }
    ready(api.local_addr()?);
    let ended = async {
        tokio::select! {
            () = &mut stop => {}
            _ = failed => {}
        }
        condition.stop();
    };
    let drained = http::serve(api, tls, front, ended).await;
    if let Drained::CutOff(connections) = drained {
        tracing::warn!(connections, "connections were cut off");
    }
    shut_down(app, room).await
}

async fn listen(config: &mut Config) -> Result<Listening, Box<dyn Error>> {
    let tls = http::acceptor(&config.settings.tls)?;
    http::buyer_token::check_file(&config.settings.buyers)?;
    let api = listening::bind(config.settings.server.listen, listening::API).await?;
    // With port 0 the system has chosen one; from here on it is the configured one.
    config.settings.server.listen = api.local_addr()?;
    let figures = metrics_listener::bind(config).await?;
    Ok(Listening { api, tls, figures })
}

/// Opens the data directory, as soon as its disk has room.
async fn open(
    config: &Config,
    around: &Surroundings,
    listening: &Listening,
) -> Result<Opened, Box<dyn Error>> {
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let cache_bytes = u64::try_from(config.settings.store.index_cache.0)?;
    let home = SledHome::new(&config.settings.server.data, cache_bytes);
    let open = || assembly::open(config, &around.clock, &files, &home, open_options(config));
    let door = Door {
        listener: &listening.api,
        tls: &listening.tls,
    };
    waiting_room::open(config, around, door, open).await
}

/// Stops what still runs once no request is taken any more.
async fn shut_down(app: Arc<App>, room: EngineRoom) -> Result<(), Box<dyn Error>> {
    jobs::clock::keep(&app);
    let (world, operations) = (Arc::clone(&app.world), Arc::clone(&app.operations));
    let calls_timeout = app.config.settings.limits.shutdown_timeout;
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
