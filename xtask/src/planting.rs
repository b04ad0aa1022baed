//! Builds the workspace's own crates with `--cfg planted`, and only those: as the compiler's wrapper for workspace
//! members, so that dependencies are compiled once for both builds.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::failure::{Failure, While};

/// Set for the cargo that calls this program as a compiler.
const VARIABLE: &str = "DAEGEUM_XTASK_PLANTS";

/// Sets up a cargo call to build with planted bugs.
pub(crate) fn plant(cargo: &mut Command) -> Result<(), Failure> {
    let own = std::env::current_exe().when("finding this program")?;
    cargo.env("RUSTC_WORKSPACE_WRAPPER", own).env(VARIABLE, "1");
    Ok(())
}

/// Whether cargo calls this program as a compiler.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Compiles as the real compiler would, which is the first argument, with the cfg on.
pub(crate) fn compile() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(rustc) = words.next() else {
        eprintln!("no compiler is named");
        return ExitCode::FAILURE;
    };
    let words: Vec<OsString> = words.collect();
    let compiled = Command::new(rustc)
        .args(words)
        .args(["--cfg", "planted"])
        .status();
    match compiled {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the compiler does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
