//! Serving: the store is opened, then the listener; stopped in the opposite order, so that nothing is answered
//! that is not durable and nothing durable is left unanswered.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use daegeum_engine::decide::Policy;
use daegeum_engine::signature::WebhookSecret;
use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_engine::store::index::SledHome;
use daegeum_engine::store::keyring::{Keyring, MasterKey};
use daegeum_engine::store::opening::{Directory, OpenOptions, Rebuilt};
use daegeum_engine::store::overlay::OverlayLimits;
use daegeum_engine::store::replay::Progress;
use daegeum_engine::time::Timestamp;
use tokio::net::TcpListener;

use crate::app::App;
use crate::config::Config;
use crate::engine_room::{EngineRoom, Started};
use crate::gateway::Gateways;
use crate::gateway::operations::Operations;
use crate::http::{self, Drained, Front};
use crate::seal::Seals;
use crate::telemetry::{Metrics, TransitionLog};
use crate::transitions::{Counters, Witness};
use crate::world::SharedWorld;
use crate::{jobs, metrics_listener, routes};

/// What serving needs from the process around it.
pub struct Surroundings {
    /// Time, chance, tasks, timers.
    pub world: SharedWorld,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// The log of transitions.
    pub transitions: TransitionLog,
    /// The real gateways that take payments here.
    pub gateways: Gateways,
    /// Routes besides the product's own: the sandbox's.
    pub more_routes: Router,
}

/// Serves until `stop`; `ready` is called once requests are taken. An error means that the store failed.
pub async fn serve(
    config: Config,
    around: Surroundings,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(std::net::SocketAddr),
) -> Result<(), Box<dyn Error>> {
    let config = Arc::new(config);
    let tls = http::acceptor(&config.settings.tls)?;
    let listener = TcpListener::bind(config.settings.server.listen).await?;
    let (started, seals) = open(&config, &around)?;
    let Started {
        room,
        queue,
        reader,
        condition,
        failed,
    } = started;
    let started_at = u64::try_from(around.world.now_ms())?;
    let (operations, begun) =
        Operations::new(Timestamp::from_millis(started_at).max(reader.last_at()));
    let operations = Arc::new(operations);
    let app = Arc::new(App {
        world: Arc::clone(&around.world),
        config: Arc::clone(&config),
        queue,
        reader,
        seals,
        mock_secrets: mock_secrets(&config)?,
        gateways: around.gateways,
        operations: Arc::clone(&operations),
        condition: Arc::clone(&condition),
        metrics: Arc::clone(&around.metrics),
        witness: Arc::new(Witness::new(
            Counters::new(&around.metrics.payments),
            around.transitions,
            Arc::clone(&around.world),
        )),
    });
    jobs::start(&app, begun);
    metrics_listener::start(&app).await?;
    let routes = routes::routes(Arc::clone(&app)).merge(around.more_routes);
    let front = Front::new(routes, &config, around.world, around.metrics);
    ready(listener.local_addr()?);
    let ended = async {
        tokio::select! {
            () = stop => {}
            _ = failed => {}
        }
        condition.stop();
    };
    let calls_timeout = config.settings.limits.shutdown_timeout;
    let drained = http::serve(listener, tls, front, ended).await;
    if let Drained::CutOff(connections) = drained {
        tracing::warn!(connections, "connections were cut off");
    }
    let world = Arc::clone(&app.world);
    drop(app);
    // A call under way is waited for: what the gateway says is then committed, and nothing has to be asked later.
    operations.stop();
    tokio::select! {
        () = operations.rest() => {}
        () = world.sleep(calls_timeout) => tracing::warn!("calls to gateways were cut off; they are asked about after the next start"),
    }
    // What was cut off may still hold the queue; the writer finishes what is in it and ends.
    tokio::task::spawn_blocking(move || room.stop()).await??;
    tracing::info!("stopped in order");
    Ok(())
}

fn mock_secrets(config: &Config) -> Result<Vec<WebhookSecret>, Box<dyn Error>> {
    let secrets = config
        .secrets
        .mock_webhook
        .iter()
        .map(|secret| WebhookSecret::from_bytes(secret.expose()));
    Ok(secrets.collect::<Result<_, _>>()?)
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

fn open(config: &Config, around: &Surroundings) -> Result<(Started, Seals), Box<dyn Error>> {
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let data: &Path = &config.settings.server.data;
    let home = SledHome::new(data, u64::try_from(config.settings.store.index_cache.0)?);
    let mut progress = |done: Progress| {
        tracing::info!(
            done = done.done,
            total = done.total,
            "replaying the journal into the index"
        );
    };
    let directory = Directory::open(&files, &home, open_options(config), &mut progress)?;
    match &directory.opened.index {
        Rebuilt::No { replayed: 0 } => {}
        Rebuilt::No { replayed } => {
            tracing::info!(replayed, "the index was brought to the journal's end");
        }
        Rebuilt::Because(why) => tracing::warn!(why, "the index was rebuilt from the journal"),
    }
    if directory.opened.journal.cut_bytes > 0 {
        let bytes = directory.opened.journal.cut_bytes;
        tracing::warn!(
            bytes,
            "a frame that a crash had torn was cut from the journal; nothing in it was acknowledged"
        );
    }
    let master = MasterKey::new(*config.secrets.data_key.expose());
    let path = data.join("keyring");
    if directory.store.journal().tail().next_record > 1 && !files.exists(&path)? {
        tracing::error!(
            "the key file is missing: what was sealed before cannot be read; restore it now if there is a copy"
        );
    }
    let keyring = Keyring::open(files, &path, master)?;
    let seals = Seals::new(Arc::new(keyring), Arc::clone(&around.world));
    let policy = Policy {
        unpaid_after_ms: u64::try_from(config.settings.orders.unpaid_after.as_millis())?,
        cancel_on_failure: config.settings.orders.cancel_on_failure,
        ..Policy::default()
    };
    let started = EngineRoom::start(
        directory,
        policy,
        config.settings.store.queue,
        Arc::clone(&around.world),
        Arc::clone(&around.metrics),
    )?;
    Ok((started, seals))
}
