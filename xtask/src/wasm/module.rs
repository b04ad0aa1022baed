//! The wasm module of the package and the JavaScript around it: compiled small, bound, optimized.
//!
//! Each step is done again only when what it is made from has changed: the pages are built on the
//! package, and whoever starts the server does not wait for it twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::TARGET;
use super::toolchain::Toolchain;
use crate::cargo::{self, Profile, build_programs, cargo};
use crate::failure::{Failure, While};
use crate::{npm, process};

/// What bindgen leaves, and what the package has.
pub(super) const GLUE: &str = "core.js";
pub(super) const MODULE: &str = "core_bg.wasm";

/// The built files.
pub(super) struct Built {
    /// The folder of [`GLUE`] and [`MODULE`].
    pub(super) folder: PathBuf,
    /// Whether the module is as small as it is shipped.
    pub(super) is_optimized: bool,
}

/// Module and glue from the sources as they are.
pub(super) fn built(toolchain: &Toolchain) -> Result<Built, Failure> {
    let compiled = compiled(toolchain)?;
    let optimizer = optimizer();
    let is_optimized = optimizer.is_some();
    let name = if is_optimized {
        "checkout-optimized"
    } else {
        "checkout"
    };
    let folder = compiled.with_file_name(name);
    let sources = sources(&compiled)?;
    let made_from = folder.join("made-from");
    if fs::read(&made_from).is_ok_and(|before| before == sources) {
        return Ok(Built {
            folder,
            is_optimized,
        });
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).when(folder.display())?;
    }
    bind(&compiled, &folder)?;
    if let Some(optimizer) = optimizer {
        optimize(&optimizer, &folder.join(MODULE))?;
    }
    fs::write(&made_from, sources).when(made_from.display())?;
    Ok(Built {
        folder,
        is_optimized,
    })
}

/// The module, and the program that binds it.
fn sources(compiled: &Path) -> Result<Vec<u8>, Failure> {
    let mut sources = fs::read(compiled).when(compiled.display())?;
    let binds = cargo::root().join("wasm-client/bindgen/src/main.rs");
    sources.extend(fs::read(&binds).when(binds.display())?);
    Ok(sources)
}

/// By name and not with the workspace: with it the engine would be compiled with its store.
fn compiled(toolchain: &Toolchain) -> Result<PathBuf, Failure> {
    let mut build = cargo([
        "build",
        "--lib",
        "--package=daegeum-checkout",
        "--profile=wasm",
        "--target",
        TARGET,
    ]);
    toolchain.apply(&["-Dwarnings"], &mut build);
    cargo::library(&mut build, "wasm")
}

/// In the profile that the tests are built with: compiled once for both, and it runs for a second.
fn bind(module: &Path, folder: &Path) -> Result<(), Failure> {
    for program in build_programs(Profile::Dev, &["daegeum-bindgen"])? {
        process::run(Command::new(program).arg(module).arg(folder))?;
    }
    Ok(())
}

/// wasm-opt, if npm's packages are here or can be had: without it the module is a tenth larger.
fn optimizer() -> Option<PathBuf> {
    match npm::ready() {
        Ok(()) => Some(npm::file("binaryen/bin/wasm-opt")),
        Err(failure) => {
            println!("{failure}\nThe module stays as the compiler made it, without wasm-opt.");
            None
        }
    }
}

fn optimize(optimizer: &Path, module: &Path) -> Result<(), Failure> {
    let mut command = npm::node();
    command.arg(optimizer).arg("-Oz").arg(module);
    process::run(command.arg("-o").arg(module))
}
