//! Chromium and a font with Korean letters: found, or installed where that is ours to do.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::{debian, process};

const USUAL: &str = "/usr/bin/chromium";
const VARIABLE: &str = "DAEGEUM_CHROMIUM";
const PACKAGES: [&str; 3] = ["chromium", "fonts-nanum", "fontconfig"];

/// The path of Chromium; a Korean font is installed too.
pub(crate) fn ready() -> Result<PathBuf, Failure> {
    let chromium = std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from(USUAL), PathBuf::from);
    if chromium.is_file() && korean_is_drawn() {
        return Ok(chromium);
    }
    let why = "the browser's stories need Chromium and a Korean font";
    debian::install(&PACKAGES, why, "browser")?;
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
