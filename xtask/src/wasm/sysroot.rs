//! std for wasm32, built from its sources into a sysroot of our own; the installed toolchain is
//! not touched.
//!
//! std is an ordinary cargo package once four things are arranged, each learned from a failure:
//! sources of exactly the compiler's release (language items), std's own lock file, the three
//! `rustc-std-workspace-*` crates patched in, and a root crate that needs no core to compile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::compiler::{Compiler, file_name, holds_core, libraries_in};
use super::{TARGET, debian};
use crate::failure::{Failure, While};
use crate::{cache, cargo, process};

/// Part of the folder's name: to be raised when what is built below changes.
const RECIPE: u32 = 1;

const ROOT_CRATE: &str = "#![feature(no_core)]\n#![no_core]\n";

/// The sysroot, built now if this machine has none for this compiler (about 1.5 minutes).
pub(super) fn built_from_sources(compiler: &Compiler) -> Result<PathBuf, Failure> {
    let name = format!("wasm32-std{RECIPE}-{}", compiler.fingerprint());
    cache::kept(&name, |draft| build(compiler, draft))
}

fn build(compiler: &Compiler, draft: &Path) -> Result<(), Failure> {
    let work = draft.join("build");
    let library = sources(compiler, &work)?;
    println!("building std for {TARGET} from {} …", library.display());
    let root = work.join("root");
    write_root_crate(&root, &library)?;
    process::run(&mut compile(compiler, &root, &library))?;

    let libraries = draft.join("lib/rustlib").join(TARGET).join("lib");
    let built = root.join("target").join(TARGET).join("release/deps");
    fs::create_dir_all(&libraries).when(libraries.display())?;
    for library in libraries_in(&built)? {
        let name = file_name(&library).into_owned();
        if !name.starts_with("libstd_root") {
            fs::copy(&library, libraries.join(&name)).when(&name)?;
        }
    }
    if !holds_core(&libraries) {
        return Err(Failure::new("std was built, but there is no libcore in it"));
    }
    link_host_tools(compiler, draft)?;
    fs::remove_dir_all(&work).when(work.display())
}

/// `library/` of the compiler's release: rustup's rust-src, Debian's if installed, or Debian's
/// downloaded for this once.
fn sources(compiler: &Compiler, work: &Path) -> Result<PathBuf, Failure> {
    let release = compiler.release();
    let component = compiler.libraries().join("src/rust/library");
    let installed = PathBuf::from(format!("/usr/src/rustc-{release}/library"));
    let there = [component, installed]
        .into_iter()
        .find(|path| path.join("std").is_dir());
    there.map_or_else(|| debian::std_sources(release, &work.join("debian")), Ok)
}

fn write_root_crate(root: &Path, library: &Path) -> Result<(), Failure> {
    fs::create_dir_all(root).when(root.display())?;
    let write = |name: &str, text: &str| fs::write(root.join(name), text).when(name);
    write("lib.rs", ROOT_CRATE)?;
    write("Cargo.toml", &root_manifest(library))?;
    fs::copy(library.join("Cargo.lock"), root.join("Cargo.lock")).when("std's Cargo.lock")?;
    Ok(())
}

fn root_manifest(library: &Path) -> String {
    let library = library.display();
    let patches = ["core", "alloc", "std"].map(|part| {
        let name = format!("rustc-std-workspace-{part}");
        format!("{name} = {{ path = '{library}/{name}' }}\n")
    });
    // compiler_builtins: as many units as there are functions, so that a program that brings its
    // own of one does not collide with the others.
    format!(
        "package = {{ name = 'std-root', version = '0.0.0', edition = '2024' }}\n\
         lib = {{ path = 'lib.rs' }}\n\
         [workspace]\n\
         [dependencies.sysroot]\n\
         path = '{library}/sysroot'\n\
         default-features = false\n\
         features = ['panic-unwind', 'backtrace', 'compiler-builtins-mem']\n\
         [patch.crates-io]\n{}\
         [profile.release]\n\
         codegen-units = 1\n\
         debug = 0\n\
         package.compiler_builtins.codegen-units = 10000\n",
        patches.concat()
    )
}

/// Private to the toolchain, hence `RUSTC_BOOTSTRAP`: a stable compiler refuses to build std.
fn compile(compiler: &Compiler, root: &Path, library: &Path) -> Command {
    let mut build = cargo::cargo(["build", "--quiet", "--release", "--target", TARGET]);
    build.current_dir(root);
    let vendored = library.join("vendor");
    if vendored.is_dir() {
        // Debian ships what std depends on beside it; rustup's component leaves it to crates.io.
        let directory = format!("source.vendored.directory='{}'", vendored.display());
        build.args([
            "--offline",
            "--config",
            "source.crates-io.replace-with='vendored'",
        ]);
        build.args(["--config", &directory]);
    }
    let moved = format!("{}=/rustc/{}/library", library.display(), compiler.commit());
    let flags = [
        "-Zforce-unstable-if-unmarked",
        "-Cembed-bitcode=yes",
        "--remap-path-prefix",
    ];
    let flags = [flags.as_slice(), &[&moved]].concat().join("\u{1f}");
    build
        .env("RUSTC", compiler.program())
        .env("RUSTC_BOOTSTRAP", "1");
    build.env("CARGO_ENCODED_RUSTFLAGS", flags);
    build.env("CARGO_TARGET_DIR", root.join("target"));
    build.env("__CARGO_DEFAULT_LIB_METADATA", "daegeum-xtask");
    build
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    build.env_remove("CARGO_BUILD_TARGET");
    build
}

/// rustc looks for rust-lld below the sysroot's own host folder.
#[cfg(unix)]
fn link_host_tools(compiler: &Compiler, sysroot: &Path) -> Result<(), Failure> {
    let there = compiler.libraries().join(compiler.host());
    let here = sysroot.join("lib/rustlib").join(compiler.host());
    std::os::unix::fs::symlink(there, &here).when(here.display())
}

#[cfg(not(unix))]
fn link_host_tools(_: &Compiler, _: &Path) -> Result<(), Failure> {
    Err(Failure::new(
        "a sysroot of our own needs symbolic links, which only unix has",
    ))
}
