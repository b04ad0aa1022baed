//! The program: reads its settings, serves, and stops when asked to.

use std::{error::Error, ffi::OsString, process::ExitCode, sync::Arc};

use axum::Router;
use clap::Parser;
use daegeum_server::{
    cli::{Cli, Command, Serve},
    config::Config,
    http::{self, Front},
    telemetry::{Metrics, start_logging},
    world::{SharedWorld, SystemWorld},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(command) => serve(&command),
        Command::Verify(_) | Command::Rebuild(_) => Err("this build has no store yet".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("daegeum: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(command: &Serve) -> Result<(), Box<dyn Error>> {
    let world = SystemWorld::new()?;
    let config = Config::load(&command.flags(), environment(), command.purpose(), &world)?;
    if command.print_config {
        print!("{}", config.to_toml());
        return Ok(());
    }
    let metrics = Arc::new(Metrics::new());
    let (_transitions, _log) =
        start_logging(&config.settings.log, metrics.log_lines_dropped.clone())?;
    let stop = http::stop_signal()?;
    let (routes, world) = routes(&config, world)?;
    let tls = http::acceptor(&config.settings.tls)?;
    let listener = tokio::net::TcpListener::bind(config.settings.server.listen).await?;
    tracing::info!(listen = %listener.local_addr()?, "serving");
    let drained = http::serve(
        listener,
        tls,
        Front::new(routes, &config, world, metrics),
        stop,
    )
    .await;
    tracing::info!(?drained, "stopped");
    Ok(())
}

/// What is not text becomes text that no setting accepts, and is told rather than overlooked.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// In the sandbox the world's clock can be moved, and there are routes to move it.
fn routes(config: &Config, world: SystemWorld) -> Result<(Router, SharedWorld), Box<dyn Error>> {
    if !config.settings.server.sandbox {
        return Ok((Router::new(), Arc::new(world)));
    }
    #[cfg(not(feature = "sandbox"))]
    return Err("this build has no sandbox".into());
    #[cfg(feature = "sandbox")]
    {
        let folder = config.settings.server.data.join("sandbox");
        let clock = Arc::new(daegeum_sandbox::clock::SandboxClock::open(&folder)?);
        let world: SharedWorld = Arc::new(SystemWorld::running_ahead(clock.ahead_ms())?);
        Ok((
            daegeum_server::clock::sandbox_routes(clock, Arc::clone(&world)),
            world,
        ))
    }
}
