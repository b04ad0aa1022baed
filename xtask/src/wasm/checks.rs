//! Checks of the built package: its types, and its tests in Node. Those in a browser run with the other browser
//! tests.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;
use crate::failure::{Failure, While};
use crate::suites::{self, Tally};
use crate::{npm, process};

/// Programs that have to compile, with lines that must not; and the package's own scripts.
const PROJECTS: [&str; 2] = ["tsconfig.json", "scripts.tsconfig.json"];

/// Each test takes moments: one that waits longer waits for what does not come.
const PATIENCE: &str = "--test-timeout=60000";

/// Needs Node and npm's packages.
pub(super) fn run(tally: &mut Tally) -> Result<(), Failure> {
    npm::ready()?;
    for project in PROJECTS {
        let mut compile = npm::node();
        compile
            .arg(npm::file("typescript/bin/tsc"))
            .arg("--project");
        process::run(compile.arg(tests().join("types").join(project)))?;
    }
    let mut node = npm::node();
    node.args(["--test", "--test-reporter=spec", PATIENCE]);
    suites::counted(node.args(in_folder("node")?), tally)
}

/// The package's tests in a browser.
pub(crate) fn in_browser() -> Result<Vec<PathBuf>, Failure> {
    in_folder("browser")
}

fn in_folder(name: &str) -> Result<Vec<PathBuf>, Failure> {
    tests_in(&tests().join(name))
}

/// The files of tests for Node in a folder.
pub(super) fn tests_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).when(folder.display())?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut found: Vec<PathBuf> = paths.collect::<Result<_, _>>().when(folder.display())?;
    found.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    found.sort();
    Ok(found)
}

fn tests() -> PathBuf {
    root().join("wasm-client/tests")
}
