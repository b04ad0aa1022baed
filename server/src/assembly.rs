//! Assembles the application: opens the data directory, and builds everything that answers requests. It starts no
//! threads and opens no sockets: `serve` adds them, a simulation has neither.

use std::error::Error;
use std::sync::Arc;

use daegeum_engine::decide::Policy;
use daegeum_engine::id::PaymentId;
use daegeum_engine::signature::WebhookSecret;
use daegeum_engine::store::files::Files;
use daegeum_engine::store::identity::{self, Identity, Unlocking};
use daegeum_engine::store::index::IndexHome;
use daegeum_engine::store::keyring::MasterKey;
use daegeum_engine::store::opening::{Directory, OpenOptions, Opened as Report, Rebuilt};
use daegeum_engine::store::reader::Reader;
use daegeum_engine::store::replay::Progress;
use daegeum_engine::store::writer::Queue;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::config::Config;
use crate::domain_clock::DomainClock;
use crate::engine_room::Condition;
use crate::gateway::operations::Operations;
use crate::gateway::{Gateway, Gateways};
use crate::http::{Front, SessionTokens};
use crate::notifications;
use crate::pages::ConsentTexts;
use crate::receipts::ReceiptSigner;
use crate::routes;
use crate::seal::Seals;
use crate::serve::Surroundings;
use crate::transitions::{Counters, Witness};

/// An open data directory with its key file.
pub struct Opened {
    /// The store, not yet running.
    pub directory: Directory,
    /// Seals and opens personal data.
    pub seals: Seals,
    /// The identity of the directory.
    pub identity: Identity,
}

/// A running store as the application uses it.
pub struct Connected {
    /// Takes commands.
    pub queue: Queue,
    /// Reads durable data.
    pub reader: Reader,
    /// Seals and opens personal data.
    pub seals: Seals,
    /// The identity of the directory.
    pub identity: Identity,
    /// Whether the store is healthy.
    pub condition: Arc<Condition>,
}

/// The assembled application.
pub struct Assembled {
    /// Everything that handlers and jobs may use.
    pub app: Arc<App>,
    /// The routes and their front.
    pub front: Arc<Front>,
    /// Payments whose call to a gateway is to be made, for the jobs.
    pub begun: UnboundedReceiver<PaymentId>,
}

/// Opens the data directory and its key file, and logs the repairs.
pub fn open(
    config: &Config,
    clock: &DomainClock,
    files: &Arc<dyn Files>,
    home: &dyn IndexHome,
    options: OpenOptions,
) -> Result<Opened, Box<dyn Error>> {
    let dir = options.dir.clone();
    let directory = Directory::open(files, home, options, &mut tell_progress)?;
    tell(&directory.opened);
    let reader = directory.reader();
    clock.keep_in(files, &dir);
    clock.begin((reader.last_record() > 0).then(|| reader.last_at()));
    let master = MasterKey::new(*config.secrets.data_key.expose());
    let how = Unlocking {
        used: directory.store.journal().tail().next_record > 1,
        accept_lost_keys: config.accept_lost_keys,
        was_restored: directory.opened.was_restored,
    };
    let mut random = |bytes: &mut [u8]| clock.world().fill_random(bytes);
    let unlocked = identity::unlock(files, &dir, &master, how, &mut random)?;
    if unlocked.keys_were_lost {
        tracing::warn!("new keys were begun, as was asked: what was sealed before cannot be read");
    }
    let identity = unlocked.identity;
    if directory.opened.was_restored {
        tracing::warn!(
            generation = identity.generation,
            "the journal was restored, or its end given up: the feed is begun anew, and readers are told so"
        );
    }
    tracing::info!(installation = %identity, generation = identity.generation, "the data directory is open");
    Ok(Opened {
        directory,
        seals: Seals::new(Arc::new(unlocked.keyring), Arc::clone(clock.world())),
        identity,
    })
}

/// Connects handlers and jobs to a running store. The jobs are not started.
pub fn assemble(
    config: &Arc<Config>,
    around: Surroundings,
    store: Connected,
) -> Result<Assembled, Box<dyn Error>> {
    let witness = Witness::new(
        Counters::new(&around.metrics),
        around.transitions,
        Arc::clone(&around.world),
    );
    let first_record = store.reader.last_record().saturating_add(1);
    let (operations, begun) = Operations::new(first_record, around.world.monotonic_ns());
    let gateways = Gateways::configured(&config.settings).and(around.more_gateways);
    let app = Arc::new(App {
        world: Arc::clone(&around.world),
        clock: Arc::clone(&around.clock),
        config: Arc::clone(config),
        queue: store.queue,
        reader: store.reader,
        seals: store.seals,
        identity: store.identity,
        mock_secrets: mock_secrets(config)?,
        session_tokens: SessionTokens::new(&config.secrets.data_key),
        receipts: ReceiptSigner::new(&config.settings.receipts, &config.secrets.data_key)?,
        gateways,
        consents: ConsentTexts::new(&config.settings),
        operations: Arc::new(operations),
        condition: store.condition,
        metrics: Arc::clone(&around.metrics),
        witness: Arc::new(witness),
    });
    notifications::count_from_zero(&app);
    app.metrics.feed.begin(app.world.monotonic_ns());
    let (routes, cross_origin) = routes::routes(Arc::clone(&app))?;
    let routes = routes.merge(around.more_routes);
    let front = Front::new((routes, cross_origin), config, around.clock, around.metrics);
    Ok(Assembled { app, front, begun })
}

/// The merchant's settings as decisions use them, with the credentials at each gateway that is on.
pub fn policy(
    config: &Config,
    more_gateways: &[Arc<dyn Gateway>],
) -> Result<Policy, std::num::TryFromIntError> {
    let orders = &config.settings.orders;
    let gateways = Gateways::configured(&config.settings).and(more_gateways.to_vec());
    let credentials = gateways
        .all()
        .map(|gateway| (gateway.provider(), gateway.credentials()));
    let offers = gateways
        .all()
        .map(|gateway| (gateway.provider(), gateway.card_offer()));
    Ok(Policy {
        card_offers: offers.collect(),
        credentials: credentials.collect(),
        unpaid_after_ms: u64::try_from(orders.unpaid_after.as_millis())?,
        cancel_on_failure: orders.cancel_on_failure,
        required_consents: config.settings.checkout.required_consents.clone(),
        ..Policy::default()
    })
}

fn mock_secrets(config: &Config) -> Result<Vec<WebhookSecret>, Box<dyn Error>> {
    let secrets = config
        .secrets
        .mock_webhook
        .iter()
        .map(|secret| WebhookSecret::from_bytes(secret.expose()));
    Ok(secrets.collect::<Result<_, _>>()?)
}

fn tell_progress(done: Progress) {
    tracing::info!(
        done = done.done,
        total = done.total,
        "replaying the journal into the index"
    );
}

fn tell(opened: &Report) {
    match &opened.index {
        // Nothing to log; or the engine room logs its progress.
        Rebuilt::No { replayed: 0 } | Rebuilt::Because(_) => {}
        Rebuilt::No { replayed } => {
            tracing::info!(replayed, "the index was brought to the journal's end");
        }
        Rebuilt::NotYet(why) => tracing::warn!(
            why,
            "the index cannot be used yet: nothing is served until it can"
        ),
    }
    if opened.journal.cut_bytes > 0 {
        let bytes = opened.journal.cut_bytes;
        tracing::warn!(
            bytes,
            "a frame that a crash had torn was cut from the journal; nothing in it was acknowledged"
        );
    }
}
