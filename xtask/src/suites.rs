//! The workspace's tests: built once by one cargo call, then run package by package.
//!
//! `cargo test -p X` would do both at once, but with features unified for X alone, and so compile
//! much of the tree anew for every suite (see `cargo.rs`). The environment is the one cargo gives
//! to tests, as far as anything here reads it (trybuild does).

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{self, cargo};
use crate::failure::{Failure, While};
use crate::process;

/// A stage's share of the test executables. Tests of a new package count as unit tests until this says otherwise, so
/// that none is forgotten.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    Unit,
    Behaviour,
    Property,
}

impl Suite {
    fn of(package: &str) -> Self {
        match package {
            "daegeum-tests" | "daegeum-misuse" => Self::Behaviour,
            "daegeum-proptests" => Self::Property,
            _ => Self::Unit,
        }
    }
}

/// One executable full of tests.
pub(crate) struct TestProgram {
    package: String,
    folder: PathBuf,
    target: String,
    executable: PathBuf,
}

/// Tests that ran, by cargo's own count.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// Of a line `test result: ok. 3 passed; 0 failed; …`, or one of Node's two, `ℹ pass 3` and
    /// `ℹ fail 0`; other lines count nothing.
    fn of(line: &str) -> Option<Self> {
        if let Some(count) = line.strip_prefix("ℹ pass ") {
            let passed = count.parse().ok()?;
            return Some(Self { passed, failed: 0 });
        }
        if let Some(count) = line.strip_prefix("ℹ fail ") {
            let failed = count.parse().ok()?;
            return Some(Self { passed: 0, failed });
        }
        let result = line.strip_prefix("test result: ")?;
        let (_, counts) = result.split_once(". ")?;
        let count = |what| {
            let part = counts
                .split("; ")
                .find_map(|part| part.strip_suffix(what))?;
            part.parse().ok()
        };
        Some(Self {
            passed: count(" passed")?,
            failed: count(" failed")?,
        })
    }
}

/// Builds every test of the workspace.
pub(crate) fn build() -> Result<Vec<TestProgram>, Failure> {
    let built = cargo::artifacts(&mut cargo(["test", "--workspace", "--no-run"]))?;
    let packages = cargo::packages()?;
    let tests = built.into_iter().filter(|artifact| artifact.is_test);
    let program = |artifact: cargo::Artifact| {
        let package = packages.get(&artifact.package_id)?;
        Some(TestProgram {
            package: package.name.clone(),
            folder: package.folder.clone(),
            target: artifact.name,
            executable: artifact.executable,
        })
    };
    Ok(tests.filter_map(program).collect())
}

/// Which tests of a suite are run, and what they are told.
#[derive(Clone, Copy, Default)]
pub(crate) struct Chosen<'a> {
    /// Arguments of Rust's test harness.
    pub(crate) arguments: &'a [&'a str],
    pub(crate) variable: Option<(&'a str, &'a Path)>,
}

/// Runs all of a suite's programs, also after one has failed, and adds to the tally.
pub(crate) fn run(
    suite: Suite,
    programs: &[TestProgram],
    chosen: Chosen<'_>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for program in programs
        .iter()
        .filter(|program| Suite::of(&program.package) == suite)
    {
        println!("\n{} ({})", program.package, program.target);
        let mut command = Command::new(&program.executable);
        command.current_dir(&program.folder).args(chosen.arguments);
        command.envs(chosen.variable);
        command.env("CARGO_MANIFEST_DIR", &program.folder);
        command.env("CARGO_PKG_NAME", &program.package);
        if let Err(failure) = counted(&mut command, tally) {
            failures.push(format!(
                "{} ({}): {failure}",
                program.package, program.target
            ));
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(failures.join("\n")))
    }
}

/// Runs a program that reports as Rust's test harness or Node's does, passing its output on as it comes.
pub(crate) fn counted(command: &mut Command, tally: &mut Tally) -> Result<(), Failure> {
    let line = process::shown(command);
    let mut child = command.stdout(Stdio::piped()).spawn().when(&line)?;
    if let Some(pipe) = child.stdout.take() {
        let mut lines = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while lines.read_until(b'\n', &mut bytes).when(&line)? > 0 {
            std::io::stdout().write_all(&bytes).when("our own output")?;
            let found = Tally::of(String::from_utf8_lossy(&bytes).trim_end());
            *tally = tally.plus(found.unwrap_or_default());
            bytes.clear();
        }
    }
    process::succeeded(&line, child.wait().when(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; \
                    40 filtered out; finished in 0.10s";
        assert_eq!(
            Tally::of(line),
            Some(Tally {
                passed: 12,
                failed: 3
            })
        );
    }

    #[test]
    fn nodes_lines_are_counted() {
        let said = ["ℹ tests 7", "ℹ pass 5", "ℹ fail 2", "ℹ skipped 0"];
        let tally = said.into_iter().filter_map(Tally::of);
        let tally = tally.fold(Tally::default(), Tally::plus);
        assert_eq!((tally.passed, tally.failed), (5, 2));
    }

    #[test]
    fn other_lines_are_not() {
        assert_eq!(Tally::of("test money::adds ... ok"), None);
        assert_eq!(Tally::of("test result: ok"), None);
        assert_eq!(Tally::of("running 3 tests"), None);
    }

    #[test]
    fn new_package_counts_as_unit_tests() {
        assert!(Suite::of("daegeum-something-new") == Suite::Unit);
        assert!(Suite::of("daegeum-proptests") == Suite::Property);
    }
}
