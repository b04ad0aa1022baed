//! The API's description as third parties use it: validators, generated clients, requests made from it. The tests are
//! Node's own in `tests/contract`; their tools are npm's of its package-lock.json and Python's of its requirements.txt,
//! and are installed there and into the cache folder.

use crate::cargo::{Profile, build_programs, root};
use crate::failure::Failure;
use crate::suites::Tally;
use crate::{npm, python, suites};

const TESTS: &str = "tests/contract/contract.test.mjs";
const FOLDER: &str = "tests/contract";

/// Runs the tests against the server as it is.
pub(crate) fn check(tally: &mut Tally) -> Result<(), Failure> {
    npm::ready_in(&root().join(FOLDER))?;
    let tools = python::ready(&root().join(FOLDER).join("requirements.txt"))?;
    let server = build_programs(Profile::Dev, &["daegeum"])?;
    let server = server
        .first()
        .ok_or_else(|| Failure::new("one program was asked for"))?;
    let mut node = npm::node();
    node.args(["--test", "--test-reporter=spec", TESTS]);
    node.env("DAEGEUM_BIN", server);
    node.env("DAEGEUM_PYTHON", tools);
    suites::counted(&mut node, tally)
}
