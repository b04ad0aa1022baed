//! Python programs that the product is tested with. They are installed from a list of exact versions into an
//! environment of their own in the cache folder, once for each list; nothing of them is in the product.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, While};
use crate::{cache, debian, process};

/// Half a minute where the index is near; a network that drops packets never answers.
const PATIENCE: Duration = Duration::from_mins(10);

/// The folder of the programs that `requirements` lists.
pub(crate) fn ready(requirements: &Path) -> Result<PathBuf, Failure> {
    let wanted = fs::read_to_string(requirements).when(requirements.display())?;
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    let name = format!("python-{:016x}", hasher.finish());
    // A program in an environment begins with the environment's path, so it is made where it stays.
    let folder = cache::made_in_place(&name, |folder| install(folder, requirements))?;
    Ok(folder.join("bin"))
}

fn install(folder: &Path, requirements: &Path) -> Result<(), Failure> {
    println!("pip install -r {} …", requirements.display());
    environment(folder)?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip.arg("--requirement").arg(requirements);
    process::run_within(PATIENCE, &mut pip).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nThe Python packages of {} could not be installed. This needs Python 3.10 or newer and its \
             package index, once; where the network is closed, set pip's `index-url` to a mirror that can be reached, \
             or leave the stage out with `--skip contract`.",
            requirements.display()
        ))
    })
}

/// An empty environment; Debian has what makes one in a package of its own.
fn environment(folder: &Path) -> Result<(), Failure> {
    let make = || {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(folder);
        process::run_within(PATIENCE, &mut venv)
    };
    if make().is_ok() {
        return Ok(());
    }
    debian::install(
        &["python3-venv"],
        "the contract's tests need Python",
        "contract",
    )?;
    make()
}
