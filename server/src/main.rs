//! The program: reads its settings, serves, and stops when asked to.

use std::{error::Error, ffi::OsString, process::ExitCode, sync::Arc};

use axum::Router;
use clap::Parser;
use daegeum_server::{
    cli::{Cli, Command, Serve, offline},
    config::Config,
    http,
    serve::{self, Surroundings},
    telemetry::{Metrics, start_logging},
    welcome,
    world::{Reach, SharedWorld, SystemWorld},
};

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
        Command::Verify(at) => Ok(offline::verify(&at.data, &world)?),
        Command::Rebuild(at) => Ok(offline::rebuild(&at.data, &world).map(|()| true)?),
    }
}

#[tokio::main]
async fn serve_until_stopped(command: &Serve, world: SystemWorld) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&command.flags(), environment(), command.purpose(), &world)?;
    if command.print_config {
        print!("{}", config.to_toml());
        return Ok(());
    }
    let metrics = Arc::new(Metrics::new());
    let (transitions, _log) =
        start_logging(&config.settings.log, metrics.log_lines_dropped.clone())?;
    let stop = http::stop_signal()?;
    let (more_routes, world) = sandbox(&config, world)?;
    let around = Surroundings {
        world,
        metrics,
        transitions,
        more_routes,
    };
    let told = config.clone();
    serve::serve(config, around, stop, move |address| {
        tracing::info!(listen = %address, "serving");
        if let Some(text) = welcome::text(&told, address) {
            eprintln!("{text}");
        }
    })
    .await
}

/// What is not text becomes text that no setting accepts, and is told rather than overlooked.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// In the sandbox the world's clock can be moved, and there are routes to move it.
fn sandbox(config: &Config, world: SystemWorld) -> Result<(Router, SharedWorld), Box<dyn Error>> {
    let reach = if config.settings.gateways.allow_private {
        Reach::Anywhere
    } else {
        Reach::Public
    };
    if !config.settings.server.sandbox {
        return Ok((Router::new(), Arc::new(world.reaching(reach))));
    }
    #[cfg(not(feature = "sandbox"))]
    return Err("this build has no sandbox".into());
    #[cfg(feature = "sandbox")]
    {
        let folder = config.settings.server.data.join("sandbox");
        let clock = Arc::new(daegeum_sandbox::clock::SandboxClock::open(&folder)?);
        let world: SharedWorld =
            Arc::new(SystemWorld::running_ahead(clock.ahead_ms())?.reaching(reach));
        Ok((
            daegeum_server::clock::sandbox_routes(clock, Arc::clone(&world)),
            world,
        ))
    }
}
