//! `cargo xtask bench`: the release server under load, beside what this machine can do at most.
//!
//! Everything is measured from outside: a generator of our own over real sockets, a store with
//! real syncs on a real disk, figures from `/proc`. A wrong answer ends the run, and its failure is the
//! program's.

#![expect(
    clippy::disallowed_methods,
    reason = "this program measures the world's time and files; it is outside of what a simulation owns"
)]

mod aims;
mod ceilings;
mod client;
mod connection;
mod endurance;
mod failure;
mod folder;
mod generator;
mod histogram;
mod http;
mod identity;
mod journal;
mod json;
mod look;
mod measure;
mod metrics;
mod options;
mod process;
mod product;
mod report;
mod requests;
mod results;
mod run;
mod signature;
mod spread;
mod store;
mod usage;
mod workloads;

use std::process::ExitCode;

use clap::Parser as _;

use ceilings::{bare, log_only};
use failure::Failure;
use options::{Cli, Options, Own};

/// As the server has it: the ceilings are to differ by what they do.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { options, own } = Cli::parse();
    let outcome = match own {
        None => measure(options),
        Some(Own::Bare { listen, sizes }) => bare::run(listen, &sizes),
        Some(Own::LogOnly {
            listen,
            sizes,
            folder,
        }) => log_only::run(listen, &sizes, &folder),
        Some(Own::Hold { words }) => Err(process::hold(&words)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: Options) -> Result<(), Failure> {
    let options = options.settled();
    let json = options.json.clone();
    let (results, outcome) = run::Run::new(options)?.finish();
    print!("{}", report::text(&results));
    if outcome.is_err() {
        println!("\nINCOMPLETE: the run failed; what is above is what was measured before.");
    }
    json.map_or(Ok(()), |path| results.write(&path))?;
    outcome
}
