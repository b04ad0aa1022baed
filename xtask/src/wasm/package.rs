//! The npm package `@daegeum/checkout`, put together in `wasm-client/pkg`: the module, the
//! JavaScript around it, what is written by hand beside it, and its reference.
//!
//! It has three entries, each of one file. `index.js` is for pages, with the module as a file
//! beside it; `inline.js` is for servers, with the module in it, so that no bundler can lose it;
//! `index.cjs` is the same for `require`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::toolchain::Toolchain;
use super::{module, reference, size};
use crate::cargo::root;
use crate::failure::{Failure, While};
use crate::{npm, process};

/// In `wasm-client/js`, beside what is generated.
const SCRIPTS: [&str; 7] = [
    "index.js",
    "inline.js",
    "checkout.js",
    "arguments.js",
    "errors.js",
    "module.js",
    "platform.js",
];
/// The module as a script, which `inline.js` imports.
const BYTES: &str = "core_bytes.js";
/// The entry for pages.
const LOADED: [&str; 2] = ["index.js", module::MODULE];
const TYPES: &str = "index.d.ts";
/// The same for `require`: TypeScript reads them as another kind of module.
const COMMON_TYPES: &str = "index.d.cts";

/// Builds the package, prints its size and refuses one that is too large to be shipped. Needs npm's
/// packages, which join the scripts.
pub(super) fn build(toolchain: &Toolchain) -> Result<(), Failure> {
    npm::ready()?;
    let built = module::built(toolchain)?;
    let made = built.folder;
    let package = folder();
    let sources = root().join("wasm-client");
    let scripts = made.with_file_name("checkout-scripts");
    empty(&package)?;
    empty(&scripts)?;
    for name in SCRIPTS {
        copy(&sources.join("js"), &scripts, name)?;
    }
    copy(&made, &scripts, module::GLUE)?;
    copy(&made, &package, module::MODULE)?;
    write_bytes(&made.join(module::MODULE), &scripts.join(BYTES))?;
    join_scripts(&scripts, &package)?;
    let types = sources.join("js").join(TYPES);
    for name in [TYPES, COMMON_TYPES] {
        fs::copy(&types, package.join(name)).when(types.display())?;
    }
    copy(&sources, &package, "README.md")?;
    copy(&root(), &package, "LICENSE")?;
    write_manifest(&sources, &package)?;
    reference::put(&package, &made.with_file_name("checkout-reference"))?;
    println!("{}", package.display());
    let total = size::of(&LOADED.map(|name| package.join(name)))?;
    // What is shipped is judged: a machine without wasm-opt builds to try things out.
    if built.is_optimized {
        size::is_small(total)?;
    }
    Ok(())
}

/// The package's folder.
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

fn write_bytes(module: &Path, script: &Path) -> Result<(), Failure> {
    let bytes = fs::read(module).when(module.display())?;
    let text = format!("export default \"{}\";\n", STANDARD.encode(bytes));
    fs::write(script, text).when(script.display())
}

/// A page's script is minified; a server's stays readable in stack traces.
fn join_scripts(scripts: &Path, package: &Path) -> Result<(), Failure> {
    let entries: [(&str, &str, &[&str]); 3] = [
        (
            "index.js",
            "index.js",
            &["--platform=browser", "--minify", "--sourcemap"],
        ),
        ("inline.js", "inline.js", &["--platform=neutral"]),
        (
            "inline.js",
            "index.cjs",
            &["--platform=node", "--format=cjs"],
        ),
    ];
    for (entry, file, options) in entries {
        let mut rolldown = npm::node();
        rolldown.arg(npm::file("rolldown/bin/cli.mjs"));
        rolldown.arg(scripts.join(entry)).args(options);
        process::output(rolldown.arg("--file").arg(package.join(file)))?;
    }
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
