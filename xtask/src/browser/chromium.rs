//! Chromium and a font with Korean letters: found, or installed where that is ours to do.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::process;

const USUAL: &str = "/usr/bin/chromium";
const VARIABLE: &str = "DAEGEUM_CHROMIUM";
const PACKAGES: [&str; 3] = ["chromium", "fonts-nanum", "fontconfig"];
/// Some 300 MB, over a slow mirror.
const PATIENCE: Duration = Duration::from_mins(20);

/// Where Chromium is; a Korean font is there too.
pub(crate) fn ready() -> Result<PathBuf, Failure> {
    let chromium = std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from(USUAL), PathBuf::from);
    if chromium.is_file() && korean_is_drawn() {
        return Ok(chromium);
    }
    install()?;
    if !chromium.is_file() {
        let place = chromium.display();
        return Err(Failure::new(format!(
            "there is no Chromium at {place}; say where it is in {VARIABLE}"
        )));
    }
    if korean_is_drawn() {
        return Ok(chromium);
    }
    Err(Failure::new(
        "no font here has Korean letters (`fc-list :lang=ko` names none): pages would show boxes",
    ))
}

/// Whether fontconfig knows a font for Korean; without fontconfig nobody does.
fn korean_is_drawn() -> bool {
    let fonts = process::output(Command::new("fc-list").arg(":lang=ko"));
    fonts.is_ok_and(|fonts| !fonts.trim().is_empty())
}

fn install() -> Result<(), Failure> {
    let by_hand = format!(
        "the browser's stories need Chromium and a Korean font; as root, run:\n  \
         apt-get update && apt-get install --no-install-recommends {}\n\
         or leave the stage out with `--skip browser`",
        PACKAGES.join(" ")
    );
    if !is_root() {
        return Err(Failure::new(by_hand));
    }
    println!("apt-get install {} …", PACKAGES.join(" "));
    let mut update = apt_get();
    let updated = process::run_within(PATIENCE, update.arg("update"));
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]);
    // Lists that are there already may do; what apt says of the packages counts.
    let installed = process::run_within(PATIENCE, install.args(PACKAGES));
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
