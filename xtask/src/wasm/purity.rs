//! The pure core in a browser: it compiles for wasm32-unknown-unknown and its module imports
//! nothing.
//!
//! That it compiles proves little: sled type-checks there, and `SystemTime::now()` compiles and
//! panics when it runs. So the dependency tree is read for what must not be in it, and a real
//! module is linked (the core's own unit tests) whose import section has to be empty: time,
//! randomness or a file would have to come in through there.

use std::fs;

use super::toolchain::Toolchain;
use super::{TARGET, imports};
use crate::cargo::{self, cargo};
use crate::failure::{Failure, While};
use crate::process;

/// The core as the browser has it.
const CORE: [&str; 5] = [
    "-p",
    "daegeum-engine",
    "--no-default-features",
    "--target",
    TARGET,
];

/// Packages that mean files, threads, an operating system or a browser.
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

/// Needs no compiler for the target.
pub(super) fn dependencies_are_pure() -> Result<(), Failure> {
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

/// Warnings fail: no other stage compiles what exists only without `store`. Dead code is linked,
/// or a function that no unit test calls would take its import with it when it is dropped; seen
/// with the first of the two flags alone.
const FLAGS: [&str; 3] = [
    "-Dwarnings",
    "-Clink-dead-code",
    "-Clink-arg=--no-gc-sections",
];

/// Links the core's unit tests and looks at what they would need of a host.
pub(super) fn module_imports_nothing(toolchain: &Toolchain) -> Result<(), Failure> {
    let mut build = cargo(["test", "--lib", "--no-run"]);
    toolchain.apply(&FLAGS, build.args(CORE));
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
