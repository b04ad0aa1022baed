//! The documents: rustdoc without a warning, its examples run (those that must not compile
//! included), and no link in the repository's own documents that leads nowhere.

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
