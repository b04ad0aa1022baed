//! The program: reads its settings, serves, and stops when asked to.

use std::{error::Error, ffi::OsString, net::SocketAddr, process::ExitCode, sync::Arc};

use clap::Parser;
use daegeum_server::{
    cli::{
        Cli, Command, Doctor, Serve,
        doctor::{self, Ways},
        offline,
    },
    config::{CREDENTIALS_VARIABLE, Config, CredentialError, credentials},
    http,
    outside::{Outside, reach},
    serve::{self, Surroundings},
    telemetry::{Metrics, start_logging, start_tracing},
    welcome,
    world::{Reach, SharedWorld, SystemWorld},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("daegeum: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was typed; whether all was well.
fn run() -> Result<bool, Box<dyn Error>> {
    let world = SystemWorld::new()?;
    match Cli::parse().command {
        Command::Serve(command) => serve_until_stopped(&command, world).map(|()| true),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(asked) => simulate(&asked).map(|()| true),
        Command::Verify(at) => Ok(offline::verify(&at.data, &world)?),
        Command::Rebuild(at) => Ok(offline::rebuild(&at.data, &world).map(|()| true)?),
        Command::Doctor(command) => look(&command, world),
    }
}

#[tokio::main]
async fn serve_until_stopped(command: &Serve, world: SystemWorld) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&command.flags(), environment()?, command.purpose(), &world)?;
    if command.print_config {
        print!("{}", config.to_toml());
        return Ok(());
    }
    let metrics = Arc::new(Metrics::of_process(&config.settings.server.data));
    let (transitions, _log) =
        start_logging(&config.settings.log, metrics.log_lines_dropped.clone())?;
    let to_collector: SharedWorld = Arc::new(SystemWorld::new()?.reaching(Reach::Anywhere));
    let _spans = start_tracing(&config.settings.traces, to_collector)?;
    let stop = http::stop_signal()?;
    let outside = outside(config, world, command.trust_clock).await?;
    let around = Surroundings {
        world: outside.world,
        clock: outside.clock,
        metrics,
        transitions,
        more_routes: outside.routes,
        more_gateways: Vec::new(),
    };
    let mut told = outside.config.clone();
    serve::serve(outside.config, around, stop, move |address| {
        // With port 0 the system has chosen one.
        told.settings.server.listen = address;
        tell_start(&told, address);
        (outside.begin)(address);
        if let Some(text) = welcome::text(&told, address) {
            eprintln!("{text}");
        }
    })
    .await
}

/// Logs the most important facts first: the program's version, its data directory, and whether it takes real money.
fn tell_start(config: &Config, address: SocketAddr) {
    let server = &config.settings.server;
    // As it was said, where this machine does not say which directory it is in.
    let data = std::path::absolute(&server.data).unwrap_or_else(|_| server.data.clone());
    tracing::info!(
        version = VERSION,
        listen = %address,
        address = config.address(),
        gateways = config.gateways_in_words().join(", "),
        data = %data.display(),
        sandbox = server.sandbox,
        "serving"
    );
    if config.is_live_without_address() {
        tracing::warn!(
            "public_url is not set: buyers' browsers are told {}, which they cannot reach; set it to the https \
             address of this server",
            config.address()
        );
    }
}

/// Credentials and, above them, the environment. What is not text becomes text that no setting accepts, and is told
/// rather than overlooked.
fn environment() -> Result<impl Iterator<Item = (String, String)>, CredentialError> {
    let credentials = credentials(std::env::var_os(CREDENTIALS_VARIABLE).as_deref())?;
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(move |(name, value)| (text(name), text(value)));
    Ok(credentials.into_iter().chain(variables))
}

/// Examines, tells, and says whether nothing has to be corrected.
#[tokio::main(flavor = "current_thread")]
async fn look(command: &Doctor, world: SystemWorld) -> Result<bool, Box<dyn Error>> {
    let to_server: SharedWorld = Arc::new(world.reaching(Reach::Anywhere));
    let findings = match doctor::settings(command, environment()?, &to_server) {
        Ok(config) => {
            let to_gateways = Arc::new(SystemWorld::new()?.reaching(reach(&config)));
            let ways = Ways {
                to_gateways,
                to_server,
            };
            doctor::examine(command, &config, &ways).await
        }
        Err(findings) => findings,
    };
    if command.json {
        println!("{}", findings.to_json());
    } else {
        print!("{findings}");
    }
    Ok(findings.well())
}

/// The server's surroundings: in the sandbox a clock that can be moved and simulated gateways.
async fn outside(
    config: Config,
    world: SystemWorld,
    trusts_clock: bool,
) -> Result<Outside, Box<dyn Error>> {
    if !config.settings.server.sandbox {
        return Ok(Outside::real(config, world, trusts_clock));
    }
    #[cfg(not(feature = "sandbox"))]
    return Err("this build has no sandbox".into());
    #[cfg(feature = "sandbox")]
    daegeum_server::sandbox::open(config, trusts_clock).await
}

#[cfg(feature = "sandbox")]
#[tokio::main]
async fn simulate(asked: &daegeum_server::cli::Sandbox) -> Result<(), Box<dyn Error>> {
    let stop = http::stop_signal()?;
    daegeum_server::sandbox::alone(asked, stop).await
}
