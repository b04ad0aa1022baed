//! Starts the programs of the workspace: the server, its crash test, its load generator.
//!
//! Each builds first, with cargo's progress in sight, and then becomes the program: signals and
//! the exit code are the program's own, and relative paths mean the folder one typed in.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo::{Profile, build_programs};
use crate::failure::Failure;
use crate::options::Options;
use crate::{Stop, pages, process};

const SERVER: &str = "daegeum";

/// Where the harnesses find the server that was built with them.
const SERVER_VARIABLE: &str = "DAEGEUM_BIN";

const SERVE: &str = "\
cargo xtask serve [-- ARGS]

Builds the pages and the release server and starts `daegeum serve --sandbox ARGS`: with the gateways'
simulators, on loopback, and with secrets made up where none are set. What it listens on and
a first request to try are printed at start. `cargo xtask serve -- --help` lists ARGS.
";

const CRASH: &str = "\
cargo xtask crash [--cycles N] [--seed S] [--dev]

Starts the server under load, kills it at a random moment (during start too), opens what it
left and checks that every acknowledged payment is there, that chain, postings and balances
hold, and that the index equals a rebuild; N times. A failure prints the seed to repeat it.

  --dev   the unoptimized build with its assertions, as `cargo xtask test` runs it
";

const SIMULATE: &str = "\
cargo xtask simulate [--seeds A..B] [--ops N] [--trace SEED | --planted]

Runs server, store, gateways, people, clock, network and crashes in one deterministic world per
seed, in virtual time, and holds all of it to what was promised. A failure prints the seed.

  --seeds A..B   these seeds (0..2000)
  --ops N        operations of people in each, at least (200)
  --trace SEED   this seed alone, everything that happens in it printed
  --planted      plants known bugs, one at a time, and says how many seeds each takes to be found
";

const BENCH: &str = "\
cargo xtask bench [ARGS]

Builds the release server and the load generator, and runs the workloads with real syncs
beside this machine's own ceilings. ARGS are the generator's: `cargo xtask bench -- --help`.
";

pub(crate) fn serve(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, SERVE);
    if options.wants_help() {
        return Err(Stop::Help(SERVE));
    }
    // The API is worth starting without what Node builds; pages then say themselves what is missing.
    if let Err(failure) = pages::all() {
        eprintln!(
            "{failure}\n\nStarting all the same: the API works; shop and checkout are as an earlier build left them, if there was one."
        );
    }
    let mut programs = build_programs(Profile::Release, &[SERVER])?;
    let mut server = Command::new(programs.remove(0));
    Err(process::become_program(server.args(["serve", "--sandbox"]).args(options.rest())).into())
}

pub(crate) fn crash(args: &[String]) -> Result<(), Stop> {
    let mut options = Options::new(args, CRASH);
    if options.wants_help() {
        return Err(Stop::Help(CRASH));
    }
    let profile = if options.flag("--dev") {
        Profile::Dev
    } else {
        Profile::Release
    };
    let mut harness = harness(profile, "crash")?;
    Err(process::become_program(harness.args(options.rest())).into())
}

pub(crate) fn simulate(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, SIMULATE);
    if options.wants_help() {
        return Err(Stop::Help(SIMULATE));
    }
    Err(process::become_program(simulation()?.args(options.rest())).into())
}

/// The simulation. One build serves all its uses: a bug that can be planted is off until it is named.
pub(crate) fn simulation() -> Result<Command, Failure> {
    let programs = build_programs(Profile::Simulation, &["simulate"])?;
    let program = programs.into_iter().next();
    program
        .map(Command::new)
        .ok_or_else(|| Failure::new("one program was asked for"))
}

pub(crate) fn bench(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, BENCH);
    if options.wants_help() {
        return Err(Stop::Help(BENCH));
    }
    let mut harness = harness(Profile::Release, "daegeum-bench")?;
    Err(process::become_program(harness.args(options.rest())).into())
}

/// A program that drives the server, with the server beside it.
pub(crate) fn harness(profile: Profile, name: &str) -> Result<Command, Failure> {
    let programs = build_programs(profile, &[SERVER, name])?;
    let [server, harness]: [PathBuf; 2] = programs
        .try_into()
        .map_err(|_| Failure::new("two programs were asked for"))?;
    let mut command = Command::new(harness);
    command.env(SERVER_VARIABLE, server);
    Ok(command)
}
