//! The npm package `@daegeum/checkout`, put together in `wasm-client/pkg`: the module, the
//! JavaScript around it, what is written by hand beside it, and its reference.

use std::fs;
use std::path::{Path, PathBuf};

use super::toolchain::Toolchain;
use super::{module, reference, size};
use crate::cargo::root;
use crate::failure::{Failure, While};

/// In `wasm-client/js`; all of it is loaded where the package is imported.
const SCRIPTS: [&str; 3] = ["index.js", "errors.js", "platform.js"];
/// What no browser loads.
const BESIDE: [&str; 2] = ["index.node.js", "index.d.ts"];

/// Builds the package, prints its size and refuses one that is too large to be shipped.
pub(super) fn build(toolchain: &Toolchain) -> Result<(), Failure> {
    let built = module::built(toolchain)?;
    let made = built.folder;
    let package = folder();
    empty(&package)?;
    let sources = root().join("wasm-client");
    for name in [module::GLUE, module::MODULE] {
        copy(&made, &package, name)?;
    }
    for name in SCRIPTS.iter().chain(&BESIDE) {
        copy(&sources.join("js"), &package, name)?;
    }
    copy(&sources, &package, "README.md")?;
    copy(&root(), &package, "LICENSE")?;
    write_manifest(&sources, &package)?;
    reference::put(&package, &made.with_file_name("checkout-reference"))?;
    println!("{}", package.display());
    let loaded = SCRIPTS.iter().chain(&[module::GLUE, module::MODULE]);
    let loaded: Vec<PathBuf> = loaded.map(|name| package.join(name)).collect();
    let total = size::of(&loaded)?;
    // What is shipped is judged: a machine without wasm-opt builds to try things out.
    if built.is_optimized {
        size::is_small(total)?;
    }
    Ok(())
}

/// Where the package is.
fn folder() -> PathBuf {
    root().join("wasm-client/pkg")
}

fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).when(folder.display())?;
    }
    fs::create_dir_all(folder).when(folder.display())
}

fn copy(from: &Path, to: &Path, name: &str) -> Result<(), Failure> {
    let from = from.join(name);
    fs::copy(&from, to.join(name)).when(from.display())?;
    Ok(())
}

/// `js/package.json` with the workspace's version, which is ours too. As text: the order of its
/// `exports` has a meaning.
fn write_manifest(sources: &Path, package: &Path) -> Result<(), Failure> {
    let path = sources.join("js/package.json");
    let text = fs::read_to_string(&path).when(path.display())?;
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let text = text.replacen("\"version\": \"0.0.0\"", &version, 1);
    let path = package.join("package.json");
    fs::write(&path, text).when(path.display())
}
