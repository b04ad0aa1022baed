//! Tests the package where it is imported: small programs, each built by another bundler or run by another runtime.
//! Their npm packages have a lock file of their own, so that nothing else needs them.

use std::path::PathBuf;

use super::checks;
use crate::cargo::root;
use crate::failure::Failure;
use crate::suites::{self, Tally};
use crate::{browser, npm};

/// A build of Next.js takes minutes where others want the processors.
const PATIENCE: &str = "--test-timeout=900000";

/// Needs the built package.
pub(crate) fn check(tally: &mut Tally) -> Result<(), Failure> {
    npm::ready()?;
    npm::ready_in(&folder())?;
    let chromium = browser::chromium()?;
    let mut node = npm::node();
    node.args([
        "--test",
        "--test-concurrency=2",
        "--test-reporter=spec",
        PATIENCE,
    ]);
    node.args(checks::tests_in(&folder())?);
    node.env("DAEGEUM_CHROMIUM", chromium);
    suites::counted(&mut node, tally)
}

fn folder() -> PathBuf {
    root().join("wasm-client/tests/bundlers")
}
