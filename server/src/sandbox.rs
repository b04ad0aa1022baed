//! The parts that `--sandbox` runs beside the server: the movable clock, a simulator for each gateway that is not
//! configured, on a loopback port of its own, and a demo shop. Their data is below `DATA/sandbox`.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use daegeum_engine::store::StoreError;
use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_sandbox::clock::SandboxClock;
use daegeum_sandbox::toss::listener::{self, Standalone, StandaloneError};
use daegeum_sandbox::toss::{FileBooks, Settings, Toss};
use parking_lot::Mutex;

use crate::cli::Sandbox;
use crate::clock::sandbox_routes;
use crate::config::Config;
use crate::domain_clock::DomainClock;
use crate::listening;
use crate::outside::{Outside, reach};
use crate::shop::Shop;
use crate::world::{SharedWorld, SystemWorld};

/// The path to which the simulator sends notifications on its server.
const NOTIFICATIONS: &str = "/api/v1/payments/webhook/toss";

/// Opens clock and books, and binds the simulators. They are served once the server is, and end with the process.
pub async fn open(config: Config, trusts_clock: bool) -> Result<Outside, Box<dyn Error>> {
    let data = &config.settings.server.data;
    refuse_if_open(data)?;
    let folder = data.join("sandbox");
    let clock = Arc::new(SandboxClock::open(&folder)?);
    let world = SystemWorld::moved_by(clock.ahead_ms())?.reaching(reach(&config));
    let world: SharedWorld = Arc::new(world);
    let domain = Arc::new(DomainClock::new(Arc::clone(&world), trusts_clock));
    let routes = sandbox_routes(clock, Arc::clone(&domain));
    let mut outside = Outside {
        config,
        world,
        clock: domain,
        routes,
        begin: Box::new(|_| {}),
    };
    if outside.config.toss_is_simulated() {
        simulate_toss(&folder, &mut outside).await?;
    }
    Ok(with_shop(outside))
}

/// Clock and books lie below the data directory and are opened before it is locked: a second server is refused here,
/// in the same words, before it touches them.
fn refuse_if_open(data: &Path) -> Result<(), String> {
    let lock = data.join("lock");
    let held = match DiskFiles.exists(&lock) {
        Ok(true) => DiskFiles.lock(&lock).map(|lock| lock.is_none()),
        Ok(false) => Ok(false),
        Err(error) => Err(error),
    };
    match held {
        Ok(false) => Ok(()),
        Ok(true) => Err(StoreError::in_use(data).to_string()),
        Err(error) => Err(format!("{}: {error}", lock.display())),
    }
}

/// The shop calls the API of the server that shows it, so it learns the address when the server listens.
fn with_shop(outside: Outside) -> Outside {
    let Some(shop) = Shop::new(&outside.config, &outside.world) else {
        return outside;
    };
    let (routes, begin) = (outside.routes.merge(shop.routes()), outside.begin);
    let begin = Box::new(move |server| {
        shop.opens_at(server);
        begin(server);
    });
    Outside {
        routes,
        begin,
        ..outside
    }
}

async fn simulate_toss(folder: &Path, outside: &mut Outside) -> Result<(), Box<dyn Error>> {
    let port = outside.config.settings.server.sandbox_ports;
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = listening::bind(place, listening::SIMULATORS).await?;
    let address = listener.local_addr()?;
    outside.config = outside.config.clone().with_toss_at(address);
    let books = FileBooks::open(folder)?;
    let mut toss = Toss::open(Box::new(books), settings(&outside.config, address))?;
    let (world, clock) = (Arc::clone(&outside.world), Arc::clone(&outside.clock));
    outside.begin = Box::new(move |server| {
        toss.set_notification_url(Some(format!("http://{server}{NOTIFICATIONS}")));
        let now: listener::Now =
            Arc::new(move || i64::try_from(clock.now().as_millis()).unwrap_or(i64::MAX));
        world.spawn(Box::pin(async move {
            let (toss, never) = (Arc::new(Mutex::new(toss)), std::future::pending());
            if let Err(error) = listener::serve(listener, toss, now, never).await {
                tracing::error!(%error, "the simulator of Toss ended");
            }
        }));
    });
    Ok(())
}

/// The shop at Toss that the server's keys are those of.
fn settings(config: &Config, address: SocketAddr) -> Settings {
    let (toss, usual) = (&config.settings.toss, Settings::default());
    let client_key = toss.client_key.as_ref().map(|key| key.as_str().to_owned());
    let secret_key = toss.secret_key.as_ref().map(|key| key.expose().to_owned());
    Settings {
        client_key: client_key.unwrap_or(usual.client_key),
        secret_key: secret_key.unwrap_or(usual.secret_key),
        base_url: format!("http://{address}"),
        ..Settings::default()
    }
}

/// `daegeum sandbox`: the simulators alone, for another client.
pub async fn alone(
    asked: &Sandbox,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Box<dyn Error>> {
    let wanted = Standalone {
        folder: asked.data.join("sandbox"),
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, asked.ports)),
        notification_url: asked.notify.clone(),
        settings: Settings::default(),
    };
    let ready = |address: SocketAddr, settings: &Settings| {
        eprintln!(
            "Toss Payments, simulated:\n  API          http://{address}\n  Browser SDK  http://{address}/v2/standard\n  \
             Client key   {}\n  Secret key   {}\n  Books        http://{address}/sandbox/books\n  \
             Faults       http://{address}/sandbox/faults\n  Clock        http://{address}/sandbox/clock",
            settings.client_key, settings.secret_key
        );
    };
    let (address, folder) = (wanted.address, wanted.folder.clone());
    let ran = listener::standalone(wanted, ready, stop).await;
    ran.map_err(|error| match error {
        StandaloneError::Serve(error) if error.kind() == ErrorKind::WouldBlock => {
            let folder = folder.display();
            format!("{folder} is in use by another simulator; stop it, or choose another --data")
                .into()
        }
        StandaloneError::Serve(error) if error.kind() == ErrorKind::AddrInUse => {
            listening::refused(address, listening::SIMULATORS_ALONE, &error).into()
        }
        other => other.into(),
    })
}
