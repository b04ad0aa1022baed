//! Finds a compiler that can build for wasm32, by the first way that works on this machine.
//!
//! Ordinary machines have the target or rustup fetches it. Behind a closed network rustup cannot;
//! there std is built once from Debian's sources of exactly this release. rust-toolchain.toml
//! names no `targets` on purpose: with that line rustup would try to download before any command,
//! `cargo build` of the server included, and fail all of them.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::compiler::Compiler;
use super::{TARGET, sysroot};
use crate::failure::Failure;
use crate::process;

/// Names one way instead of trying all: `installed`, `rustup` or `sources`.
const CHOICE: &str = "DAEGEUM_WASM_TOOLCHAIN";

/// A download of 20 MB or its refusal; a network that drops packets gives neither.
const RUSTUP_PATIENCE: Duration = Duration::from_mins(2);

/// How to call cargo so that the target is there.
pub(super) struct Toolchain {
    origin: &'static str,
    sysroot: Option<PathBuf>,
}

type Way = fn(&Compiler) -> Result<Toolchain, Failure>;
const WAYS: [(&str, Way); 3] = [
    ("installed", installed),
    ("rustup", by_rustup),
    ("sources", from_sources),
];

impl Toolchain {
    /// The first way that works; when none does, what each of them said and what one can do.
    pub(super) fn ready() -> Result<Self, Failure> {
        let compiler = Compiler::in_use()?;
        let choice = env::var(CHOICE).ok();
        let mut refusals = Vec::new();
        for (name, way) in WAYS {
            if choice.as_deref().is_some_and(|choice| choice != name) {
                continue;
            }
            match way(&compiler) {
                Ok(toolchain) => return Ok(toolchain),
                Err(refusal) => refusals.push(format!("\n  {name}: {refusal}")),
            }
        }
        Err(Failure::new(format!(
            "no std for {TARGET} and rustc {}; tried:{}\n\
             Install it with `rustup target add {TARGET}`, or the rust-src component (or Debian's \
             rust-src package) of exactly this release, or leave the stages out with `--skip wasm,pages,browser`.",
            compiler.release(),
            refusals.concat(),
        )))
    }

    pub(super) fn origin(&self) -> &str {
        self.origin
    }

    /// The encoded variable wins over RUSTFLAGS and may hold a path with spaces; with `--target`
    /// it does not reach build scripts and macros, which are the host's.
    pub(super) fn apply(&self, flags: &[&str], cargo: &mut Command) {
        let mut flags = flags.join("\u{1f}");
        if let Some(sysroot) = &self.sysroot {
            if !flags.is_empty() {
                flags.push('\u{1f}');
            }
            flags.push_str("--sysroot=");
            flags.push_str(&sysroot.to_string_lossy());
        }
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
    }
}

fn installed(compiler: &Compiler) -> Result<Toolchain, Failure> {
    if !compiler.has_target() {
        return Err(Failure::new("not there"));
    }
    Ok(Toolchain {
        origin: "installed",
        sysroot: None,
    })
}

fn by_rustup(compiler: &Compiler) -> Result<Toolchain, Failure> {
    let Some(name) = env::var_os("RUSTUP_TOOLCHAIN") else {
        return Err(Failure::new("this rustc is not rustup's"));
    };
    if std::env::var("RUSTUP_AUTO_INSTALL").is_ok_and(|allowed| allowed == "0") {
        return Err(Failure::new(
            "RUSTUP_AUTO_INSTALL=0 says that rustup installs nothing unasked",
        ));
    }
    println!("rustup target add {TARGET} …");
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", TARGET, "--toolchain"])
        .arg(name);
    process::run_within(RUSTUP_PATIENCE, &mut rustup)?;
    if !compiler.has_target() {
        return Err(Failure::new("rustup says it is there, and it is not"));
    }
    Ok(Toolchain {
        origin: "added by rustup",
        sysroot: None,
    })
}

fn from_sources(compiler: &Compiler) -> Result<Toolchain, Failure> {
    let sysroot = Some(sysroot::built_from_sources(compiler)?);
    Ok(Toolchain {
        origin: "std built from sources of the same release",
        sysroot,
    })
}
