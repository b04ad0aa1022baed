//! `cargo xtask`: what people and CI type. It builds, starts and checks the product and is no
//! part of it; nothing here ends up in the server.
#![allow(
    clippy::disallowed_methods,
    reason = "the rules about time and files are for the product; a build tool has no World"
)]

mod browser;
mod cache;
mod cargo;
mod contract;
mod debian;
mod deny;
mod dist;
mod docs;
mod failure;
mod generated;
mod links;
mod mirror;
mod npm;
mod options;
mod pages;
mod planting;
mod process;
mod product;
mod promtool;
mod python;
mod report;
mod stages;
mod suites;
mod test;
mod wasm;

use std::process::ExitCode;

use failure::Failure;

const HELP: &str = "\
cargo xtask COMMAND

  serve [-- ARGS]   build the server and start it with the sandbox on this machine
  test              every check CI runs, seconds per stage
  crash             kill the server under load, again and again, and check what it promised
  simulate [ARGS]   the whole system from seeds, faults and crashes included, in virtual time
  bench [ARGS]      measure the release server beside this machine's ceilings
  pages             build the pages' scripts and style sheets, so that the server can embed them
  wasm              check that the core is pure, and build the npm package for browsers
  dist [--check]    tarball, Debian package and Containerfile, in target/packages
  browser [PATTERN] tell the stories of the shop and the checkout in Chromium

cargo xtask COMMAND --help says more.
";

/// The exit code of a usage error; 1 is for a command that failed.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    if planting::is_asked_for() {
        return planting::compile();
    }
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    let done = match command.as_str() {
        "serve" => product::serve(&args),
        "test" => test::command(&args),
        "crash" => product::crash(&args),
        "simulate" => product::simulate(&args),
        "bench" => product::bench(&args),
        "wasm" => wasm::command(&args),
        "dist" => dist::command(&args),
        "pages" => pages::command(&args),
        "browser" => browser::command(&args),
        "help" | "--help" | "-h" => Err(Stop::Help(HELP)),
        "" => Err(Stop::Usage(HELP.to_owned())),
        unknown => Err(Stop::Usage(format!(
            "there is no command `{unknown}`\n\n{HELP}"
        ))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Help(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(Stop::Usage(text)) => {
            eprint!("{text}");
            ExitCode::from(USAGE)
        }
        Err(Stop::Failed(failure)) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
        Err(Stop::Reported) => ExitCode::FAILURE,
    }
}

/// Why a command ends without having done what it is for.
enum Stop {
    /// It was asked what it does.
    Help(&'static str),
    /// It was asked wrongly; the text says how to ask.
    Usage(String),
    Failed(Failure),
    /// It failed and has already said so, at length.
    Reported,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
