//! Installs Debian packages as root; otherwise prints the command to type.

use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::process;

/// Some 300 MB, over a slow mirror.
const PATIENCE: Duration = Duration::from_mins(20);

/// Installs the packages as root; `why` and the `stage` that can be left out are told to who is not.
pub(crate) fn install(packages: &[&str], why: &str, stage: &str) -> Result<(), Failure> {
    let by_hand = format!(
        "{why}; as root, run:\n  \
         apt-get update && apt-get install --no-install-recommends {}\n\
         or leave the stage out with `--skip {stage}`",
        packages.join(" ")
    );
    if !is_root() {
        return Err(Failure::new(by_hand));
    }
    println!("apt-get install {} …", packages.join(" "));
    let mut update = apt_get();
    let updated = process::run_within(PATIENCE, update.arg("update"));
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]);
    // Lists that are there already may do; what apt says of the packages counts.
    let installed = process::run_within(PATIENCE, install.args(packages));
    installed.map_err(|failure| {
        let lists = updated.err().map(|failure| format!("\n{failure}"));
        Failure::new(format!("{failure}{}\n{by_hand}", lists.unwrap_or_default()))
    })
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    let id = process::output(Command::new("id").arg("-u"));
    id.is_ok_and(|id| id.trim() == "0")
}
