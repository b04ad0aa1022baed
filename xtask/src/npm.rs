//! Node and the npm packages that build and test the checkout's package and the pages. None of them is in the server,
//! which embeds only their output.
//!
//! They are installed with `npm ci` from package-lock.json, whose hashes npm checks, and without
//! running any package's own scripts. What was installed is known by a copy of the lock file
//! inside `node_modules`, which goes with the folder when anyone installs anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cargo::root;
use crate::failure::{Failure, While};
use crate::process;

const OLDEST_NODE: u32 = 20;

/// Ten seconds where the registry is near; a network that drops packets never answers.
const PATIENCE: Duration = Duration::from_mins(5);

const LOCK: &str = "package-lock.json";
const INSTALLED: &str = "node_modules/.installed-from";

/// Node is there and so are the packages of package-lock.json, installed now if they were not.
pub(crate) fn ready() -> Result<(), Failure> {
    ready_in(&root())
}

/// The same for a folder that has a package-lock.json of its own.
pub(crate) fn ready_in(folder: &Path) -> Result<(), Failure> {
    node_is_there()?;
    if is_fresh(folder)? {
        return Ok(());
    }
    println!("npm ci …");
    let mut install = Command::new("npm");
    install.current_dir(folder);
    install.args([
        "ci",
        "--ignore-scripts",
        "--prefer-offline",
        "--no-progress",
    ]);
    process::run_within(PATIENCE, &mut install).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nThe npm packages of {LOCK} could not be installed. This needs npm and its \
             registry, once for each lock file; where the network is closed, set npm's `registry` to a mirror that \
             can be reached, or bring node_modules from a machine that has it."
        ))
    })?;
    fs::copy(folder.join(LOCK), folder.join(INSTALLED)).when(INSTALLED)?;
    Ok(())
}

/// `node …` in the workspace's root; call [`ready`] first.
pub(crate) fn node() -> Command {
    let mut command = Command::new("node");
    command.current_dir(root());
    command
}

/// A file of an installed package, `typescript/bin/tsc` for one.
pub(crate) fn file(path: &str) -> PathBuf {
    root().join("node_modules").join(path)
}

fn node_is_there() -> Result<(), Failure> {
    let said = process::output(Command::new("node").arg("--version"));
    let major = said.as_deref().ok().and_then(major_of);
    if major.is_some_and(|major| major >= OLDEST_NODE) {
        return Ok(());
    }
    let found = match said {
        Ok(version) => format!("node {} is here", version.trim()),
        Err(failure) => failure.to_string(),
    };
    Err(Failure::new(format!(
        "the browser's part needs Node {OLDEST_NODE} or newer, with npm ({found}): \
         https://nodejs.org, or `apt-get install nodejs npm`"
    )))
}

/// `v20.20.2` is 20.
fn major_of(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

/// Whether `node_modules` was installed from the lock file as it is now.
fn is_fresh(folder: &Path) -> Result<bool, Failure> {
    let wanted = fs::read(folder.join(LOCK)).when(LOCK)?;
    Ok(fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_first_number() {
        assert_eq!(major_of("v20.20.2\n"), Some(20));
        assert_eq!(major_of("20.20.2"), None);
    }
}
