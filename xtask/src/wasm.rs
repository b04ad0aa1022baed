//! The pure core in a browser: it compiles for wasm32-unknown-unknown and its module imports
//! nothing.
//!
//! That it compiles proves little: sled type-checks there, and `SystemTime::now()` compiles and
//! panics when it runs. So the dependency tree is read for what must not be in it, and a real
//! module is linked (the core's own unit tests) whose import section has to be empty: time,
//! randomness or a file would have to come in through there.

mod compiler;
mod debian;
mod imports;
mod sysroot;
mod toolchain;

use std::fs;

use crate::cargo::{self, cargo};
use crate::failure::{Failure, While};
use crate::options::Options;
use crate::{Stop, process};
use toolchain::Toolchain;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The core as the browser has it.
const CORE: [&str; 5] = [
    "-p",
    "daegeum-engine",
    "--no-default-features",
    "--target",
    TARGET,
];

/// What stands for files, threads, an operating system or a browser.
const FOREIGN: [&str; 10] = [
    "sled",
    "tokio",
    "getrandom",
    "rustix",
    "libc",
    "mio",
    "parking_lot",
    "js-sys",
    "web-sys",
    "wasm-bindgen",
];

const HELP: &str = "\
cargo xtask wasm

Checks that the core without its store compiles for wasm32-unknown-unknown, depends on nothing
that has files, threads or an operating system, and links to a module that imports nothing.
The same as `cargo xtask test --only wasm`.
";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    options.finish()?;
    Ok(check()?)
}

/// The whole check; needs the target and gets it if it can.
pub(crate) fn check() -> Result<(), Failure> {
    dependencies_are_pure()?;
    let toolchain = Toolchain::ready()?;
    println!("wasm target: {}", toolchain.origin());
    module_imports_nothing(&toolchain)
}

fn dependencies_are_pure() -> Result<(), Failure> {
    let mut tree = cargo([
        "tree",
        "--edges=normal",
        "--prefix=none",
        "--format={lib} {p}",
    ]);
    let tree = process::output(tree.args(CORE))?;
    let foreign = foreign_in(&tree);
    if foreign.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the core without `store` depends on {}: see who brings it with `cargo tree {} -i {}`",
        foreign.join(", "),
        CORE.join(" "),
        foreign.first().copied().unwrap_or_default(),
    )))
}

/// The foreign packages among `cargo tree` lines that start with library and package name.
fn foreign_in(tree: &str) -> Vec<&'static str> {
    let named = |name: &&str| {
        tree.lines()
            .any(|line| line.split(' ').nth(1) == Some(name))
    };
    FOREIGN.into_iter().filter(named).collect()
}

fn module_imports_nothing(toolchain: &Toolchain) -> Result<(), Failure> {
    let mut build = cargo(["test", "--lib", "--no-run"]);
    toolchain.apply(build.args(CORE));
    let linked = cargo::artifacts(&mut build)?;
    let module = linked
        .first()
        .ok_or_else(|| Failure::new("cargo linked no wasm module"))?;
    let path = module.executable.display();
    let bytes = fs::read(&module.executable).when(path)?;
    let imports = imports::of(&bytes).when(module.executable.display())?;
    if imports.is_empty() {
        println!("{} bytes of wasm import nothing", bytes.len());
        return Ok(());
    }
    let imports = imports.join(", ");
    Err(Failure::new(format!(
        "the core is not pure: its wasm module imports {imports}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_package_is_seen_by_its_whole_name() {
        let tree = "serde serde v1.0.0\nsled sled v0.34.7\nmio_like mio-like v1.0.0 (*)\n";
        assert_eq!(foreign_in(tree), ["sled"]);
    }
}
