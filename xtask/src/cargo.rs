//! Cargo, as this tool calls it: the cargo that started us, in the workspace's root.
//!
//! Every build selects `--workspace` and narrows by target name, never by `-p`: cargo unifies
//! features over the selected packages, so each `-p` would compile tokio, hyper, serde and all
//! above them once more with its own set (counted: 41 units for `-p` the crates with unit tests,
//! 39 for `-p daegeum-proptests`). With one selection everywhere they are compiled once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, ffi::OsStr};

use serde_json::Value;

use crate::failure::{Failure, While};
use crate::{planting, process};

/// The crates that a simulation spends its time in.
const SIMULATED: [&str; 4] = [
    "daegeum-engine",
    "daegeum-sandbox",
    "daegeum-server",
    "daegeum-simulation",
];

/// Release for what people run and measure, dev for what the checks have built anyway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
    /// The release profile with the debug information that `dist` strips.
    Dist,
    /// The dev profile with the simulated crates optimized and able to hold planted bugs: fast, with every assertion,
    /// and with the dependencies that the other checks have built.
    Simulation,
}

impl Profile {
    /// As cargo calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dev | Self::Simulation => "dev",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// The folder of the workspace's Cargo.toml.
pub(crate) fn root() -> PathBuf {
    let ours = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    ours.parent()
        .map_or_else(|| ours.clone(), Path::to_path_buf)
}

/// `cargo …`, without what `cargo run` set for xtask itself: ring's build script, for one,
/// watches those variables and would be built again each time.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    for (name, _) in env::vars_os() {
        if is_about_xtask(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    // What is built there is run once and never changed.
    if in_ci() {
        command.env("CARGO_INCREMENTAL", "0");
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    }
    command
}

fn is_about_xtask(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_")
        || variable.starts_with("CARGO_MANIFEST_")
        || [
            "CARGO_BIN_NAME",
            "CARGO_CRATE_NAME",
            "CARGO_PRIMARY_PACKAGE",
        ]
        .contains(&variable)
}

/// Whether the command runs unattended: `CI=true`, as every CI sets it.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// Builds programs of the workspace and says where they are, in the order asked for.
pub(crate) fn build_programs(profile: Profile, names: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let mut command = cargo(["build", "--workspace"]);
    command.args(names.iter().flat_map(|name| ["--bin", name]));
    match profile {
        Profile::Dev => {}
        Profile::Release | Profile::Dist => drop(command.args(["--profile", profile.name()])),
        Profile::Simulation => {
            for name in SIMULATED {
                let optimized = format!("profile.dev.package.{name}.opt-level=2");
                command.args(["--config", &optimized]);
            }
            planting::plant(&mut command)?;
        }
    }
    let built = artifacts(&mut command)?;
    let place = |name: &&str| {
        let artifact = built
            .iter()
            .find(|built| built.name == *name && !built.is_test);
        artifact
            .map(|artifact| artifact.executable.clone())
            .ok_or_else(|| Failure::new(format!("cargo built no program `{name}`")))
    };
    names.iter().map(place).collect()
}

/// One executable that cargo made.
#[derive(Debug)]
pub(crate) struct Artifact {
    pub(crate) package_id: String,
    pub(crate) name: String,
    pub(crate) is_test: bool,
    pub(crate) executable: PathBuf,
}

/// Runs a cargo that builds, with its progress and diagnostics on our stderr, and collects the
/// executables it reports, fresh ones included.
pub(crate) fn artifacts(command: &mut Command) -> Result<Vec<Artifact>, Failure> {
    let messages = messages(command)?;
    Ok(messages.iter().filter_map(artifact).collect())
}

/// Runs a cargo that builds one library, and says where its file with this extension is.
pub(crate) fn library(command: &mut Command, extension: &str) -> Result<PathBuf, Failure> {
    let messages = messages(command)?;
    let files = messages
        .iter()
        .rev()
        .filter_map(|message| message.get("filenames")?.as_array());
    let mut paths = files
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from));
    paths
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .ok_or_else(|| Failure::new(format!("cargo made no .{extension} file")))
}

fn messages(command: &mut Command) -> Result<Vec<Value>, Failure> {
    command.arg("--message-format=json-render-diagnostics");
    let line = process::shown(command);
    let output = command.stderr(Stdio::inherit()).output().when(&line)?;
    process::succeeded(&line, output.status)?;
    let messages = String::from_utf8(output.stdout).when(&line)?;
    let parsed = messages.lines().filter(|line| line.starts_with('{'));
    let parsed = parsed.map(|line| serde_json::from_str::<Value>(line).when("cargo's messages"));
    parsed.collect()
}

fn artifact(message: &Value) -> Option<Artifact> {
    if message.get("reason")? != "compiler-artifact" {
        return None;
    }
    Some(Artifact {
        package_id: message.get("package_id")?.as_str()?.to_owned(),
        name: message.pointer("/target/name")?.as_str()?.to_owned(),
        is_test: message.pointer("/profile/test")?.as_bool()?,
        executable: PathBuf::from(message.get("executable")?.as_str()?),
    })
}

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) folder: PathBuf,
}

/// The workspace's own packages by cargo's id.
pub(crate) fn packages() -> Result<BTreeMap<String, Package>, Failure> {
    let json = process::output(&mut cargo(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&json).when("cargo metadata")?;
    let listed = metadata.get("packages").and_then(Value::as_array);
    let listed = listed.ok_or_else(|| Failure::new("cargo metadata lists no packages"))?;
    Ok(listed.iter().filter_map(package).collect())
}

fn package(listed: &Value) -> Option<(String, Package)> {
    let manifest = Path::new(listed.get("manifest_path")?.as_str()?);
    let text = |field: &str| listed.get(field)?.as_str().map(str::to_owned);
    let (name, version) = (text("name")?, text("version")?);
    let folder = manifest.parent()?.to_path_buf();
    Some((
        listed.get("id")?.as_str()?.to_owned(),
        Package {
            name,
            version,
            folder,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_cargos_messages() {
        let message = serde_json::json!({
            "reason": "compiler-artifact", "package_id": "path+file:///x#0.1.0",
            "target": { "name": "daegeum", "kind": ["bin"] },
            "profile": { "test": false }, "executable": "/t/debug/daegeum",
        });
        let artifact = artifact(&message).expect("an executable");
        assert_eq!(artifact.executable, Path::new("/t/debug/daegeum"));
        assert!(!artifact.is_test);
    }

    #[test]
    fn a_library_is_no_executable() {
        let message = serde_json::json!({
            "reason": "compiler-artifact", "package_id": "x", "target": { "name": "x" },
            "profile": { "test": false }, "executable": null,
        });
        assert!(artifact(&message).is_none());
    }

    #[test]
    fn the_workspace_knows_its_packages() {
        let packages = packages().expect("cargo metadata works here");
        let own = packages.values().find(|package| package.name == "xtask");
        assert_eq!(own.expect("xtask is a member").folder, root().join("xtask"));
    }

    #[test]
    fn variables_meant_for_xtask_do_not_reach_a_build() {
        assert!(is_about_xtask("CARGO_PKG_VERSION_PRE"));
        assert!(is_about_xtask("CARGO_MANIFEST_DIR"));
        assert!(!is_about_xtask("CARGO_HOME"));
        assert!(!is_about_xtask("CARGO_TARGET_DIR"));
    }
}
