//! Runs the browser tests: the built server with its sandbox and pages, and Chromium clicking through them. They are
//! Node tests in `tests/browser/stories`.

mod chromium;

use std::fs;
use std::path::PathBuf;

use crate::cargo::{Profile, build_programs, root};
use crate::failure::{Failure, While};
use crate::options::Options;
use crate::suites::Tally;
use crate::{Stop, npm, pages, suites, wasm};

const HELP: &str = "\
cargo xtask browser [PATTERN]

Builds the pages and the server, and tells the stories of tests/browser in Chromium; with a
PATTERN those alone whose name matches it. Pictures of every state are in target/screenshots.
The same as `cargo xtask test --only browser`.

Needs Node, Chromium and a Korean font. As root on Debian the latter two are installed when
they are missing; DAEGEUM_CHROMIUM names another Chromium than /usr/bin/chromium.
";

/// The backends quoted in the documents, with one story each.
const EXAMPLES: &str = "docs/examples/shops.test.mjs";

/// A browser and a server each: more at once would only slow each other down on two processors.
const AT_ONCE: &str = "--test-concurrency=2";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    let pattern = options.rest().first().cloned();
    pages::all()?;
    Ok(tell(pattern.as_deref(), &mut Tally::default())?)
}

/// Chromium, for other commands that open pages.
pub(crate) fn chromium() -> Result<PathBuf, Failure> {
    chromium::ready()
}

/// The stories, or those whose name matches, of the server with the pages that were built last.
pub(crate) fn tell(pattern: Option<&str>, tally: &mut Tally) -> Result<(), Failure> {
    npm::ready()?;
    let chromium = chromium::ready()?;
    let server = build_programs(Profile::Dev, &["daegeum"])?;
    let server = server
        .first()
        .ok_or_else(|| Failure::new("one program was asked for"))?;
    forget_pictures()?;
    let mut node = npm::node();
    node.args(["--test", AT_ONCE, "--test-reporter=spec"]);
    node.args(pattern.map(|pattern| format!("--test-name-pattern={pattern}")));
    node.args(stories()?);
    node.env("DAEGEUM_BIN", server);
    node.env("DAEGEUM_CHROMIUM", chromium);
    suites::counted(&mut node, tally)
}

/// Screenshots of an earlier run say nothing about this one.
fn forget_pictures() -> Result<(), Failure> {
    let folder = root().join("target/screenshots");
    if folder.exists() {
        fs::remove_dir_all(&folder).when(folder.display())?;
    }
    Ok(())
}

fn stories() -> Result<Vec<PathBuf>, Failure> {
    let folder = root().join("tests/browser/stories");
    let entries = fs::read_dir(&folder).when(folder.display())?;
    let paths: Result<Vec<PathBuf>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut stories = paths.when(folder.display())?;
    stories.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    stories.extend(wasm::in_browser()?);
    stories.push(root().join(EXAMPLES));
    stories.sort();
    Ok(stories)
}
