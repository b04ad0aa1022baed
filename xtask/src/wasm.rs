//! The parts of Daegeum that run in browsers: the core is pure, and the npm package `@daegeum/checkout` is built from
//! it, small enough for a phone and tested where it claims to work.

mod bundlers;
mod checks;
mod compiler;
pub(crate) mod debian;
mod imports;
mod module;
mod package;
mod purity;
mod reference;
mod size;
mod sysroot;
mod toolchain;

use crate::Stop;
use crate::failure::Failure;
use crate::options::Options;
use crate::suites::Tally;
pub(crate) use bundlers::check as check_bundlers;
pub(crate) use checks::in_browser;
use toolchain::Toolchain;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const HELP: &str = "\
cargo xtask wasm

Checks that the core without its store compiles for wasm32-unknown-unknown, depends on nothing
that has files, threads or an operating system, and links to a module that imports nothing.
Then builds the npm package @daegeum/checkout, with its reference, into wasm-client/pkg, prints
its size and fails above 60 KiB of gzip. `cargo xtask test --only wasm` tests it, too: its types
with TypeScript, its calls in Node.
";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    options.finish()?;
    Ok(core_and_package()?)
}

/// All of it: the core, the package, and what the package is held to.
pub(crate) fn check(tally: &mut Tally) -> Result<(), Failure> {
    core_and_package()?;
    checks::run(tally)
}

fn core_and_package() -> Result<(), Failure> {
    purity::dependencies_are_pure()?;
    let toolchain = Toolchain::ready()?;
    println!("wasm target: {}", toolchain.origin());
    purity::module_imports_nothing(&toolchain)?;
    package::build(&toolchain)
}

/// The package alone, for what is built on it: `wasm-client/pkg` as the sources are now.
pub(crate) fn package() -> Result<(), Failure> {
    package::build(&Toolchain::ready()?)
}
