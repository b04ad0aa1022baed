//! promtool, which judges the alert rules and the dashboard's queries: installed, or taken once from Debian's package
//! `prometheus` into the cache folder. The package itself is not installed: it would start a server.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::wasm::debian;
use crate::{cache, process};

const VARIABLE: &str = "DAEGEUM_PROMTOOL";
const PATH: &str = "usr/bin/promtool";

/// Where it is, by the variable by which the tests find it.
pub(crate) fn ready() -> Result<(&'static str, PathBuf), Failure> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    let installed = named.unwrap_or_else(|| PathBuf::from("promtool"));
    if process::output(Command::new(&installed).arg("--version")).is_ok() {
        return Ok((VARIABLE, installed));
    }
    let folder = cache::kept("promtool", |folder| {
        let work = folder.join("work");
        std::fs::create_dir_all(&work).map_err(|error| Failure::new(error.to_string()))?;
        let program = debian::tool("prometheus", PATH, &work)?;
        let kept = folder.join("promtool");
        std::fs::rename(program, kept).map_err(|error| Failure::new(error.to_string()))?;
        std::fs::remove_dir_all(&work).map_err(|error| Failure::new(error.to_string()))
    });
    folder
        .map(|folder| (VARIABLE, folder.join("promtool")))
        .map_err(|failure| {
            Failure::new(format!(
                "{failure}\nthe alert rules are judged by promtool: install Debian's package prometheus, or say where \
                 promtool is in {VARIABLE}"
            ))
        })
}
