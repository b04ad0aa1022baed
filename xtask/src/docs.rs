//! Checks the documents: rustdoc without warnings, its examples run (including those that must not compile), and no
//! broken relative links in the repository's documents.

use crate::cargo::cargo;
use crate::failure::Failure;
use crate::suites::{self, Tally};
use crate::{links, process};

pub(crate) fn check(tally: &mut Tally) -> Result<(), Failure> {
    let mut rustdoc = cargo(["doc", "--workspace", "--no-deps"]);
    process::run(rustdoc.env("RUSTDOCFLAGS", "-D warnings"))?;
    suites::counted(&mut cargo(["test", "--workspace", "--doc"]), tally)?;
    links::check()
}
