//! Runs cargo-deny over Cargo.lock: bans, licences and sources always, advisories if their database can be fetched.
//!
//! An installed cargo-deny is used; else one is built once into the cache folder. Unoptimized that
//! takes 75 s of two cores (and is as quick to run: the check is 3 s), optimized it takes minutes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cargo::cargo;
use crate::failure::Failure;
use crate::stages::Outcome;
use crate::{cache, process};

const VERSION: &str = "0.20.2";

/// A clone of a few MB, or a network that never answers.
const DATABASE_PATIENCE: Duration = Duration::from_mins(1);

/// A missing tool or database is reported and is no failure: both come from outside, and a server that is down says
/// nothing about our dependencies.
pub(crate) fn check() -> Result<Outcome, Failure> {
    let deny = match program() {
        Ok(program) => program,
        Err(failure) => {
            println!("{failure}");
            return Ok(Outcome::NotChecked(format!(
                "not checked: cargo install cargo-deny --locked --version {VERSION}"
            )));
        }
    };
    process::run(&mut call(
        &deny,
        &[
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ],
    ))?;
    if let Err(failure) = process::run_within(DATABASE_PATIENCE, &mut call(&deny, &["fetch", "db"]))
    {
        println!("{failure}");
        let what = "advisories not checked: their database could not be fetched";
        return Ok(Outcome::NotChecked(what.to_owned()));
    }
    process::run(&mut call(
        &deny,
        &["check", "--disable-fetch", "advisories"],
    ))?;
    Ok(Outcome::Checked)
}

fn call(deny: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(deny);
    // Git asks for a name and a password when a proxy answers instead of the database.
    command
        .current_dir(crate::cargo::root())
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(args);
    command
}

fn program() -> Result<PathBuf, Failure> {
    let installed = PathBuf::from("cargo-deny");
    if process::output(Command::new(&installed).arg("--version")).is_ok() {
        return Ok(installed);
    }
    let folder = cache::kept(&format!("cargo-deny-{VERSION}"), install)?;
    Ok(folder.join("bin/cargo-deny"))
}

fn install(folder: &Path) -> Result<(), Failure> {
    println!("building cargo-deny {VERSION} once into the cache folder …");
    let mut install = cargo(["install", "cargo-deny", "--locked", "--version", VERSION]);
    install.args(["--quiet", "--debug", "--root"]).arg(folder);
    install
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0");
    // Not ours: cargo then builds in a temporary folder, and leaves only the program.
    process::run(install.env_remove("CARGO_TARGET_DIR"))
}
