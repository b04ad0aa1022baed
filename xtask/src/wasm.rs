//! What of Daegeum runs in browsers: the core is pure, and the npm package `@daegeum/checkout` is
//! built from it, small enough for a phone and working where it says it works.

mod compiler;
mod debian;
mod imports;
mod module;
mod package;
mod purity;
mod size;
mod sysroot;
mod toolchain;

use crate::Stop;
use crate::failure::Failure;
use crate::options::Options;
use toolchain::Toolchain;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const HELP: &str = "\
cargo xtask wasm

Checks that the core without its store compiles for wasm32-unknown-unknown, depends on nothing
that has files, threads or an operating system, and links to a module that imports nothing.
Then builds the npm package @daegeum/checkout into wasm-client/pkg and prints its size. What
else `cargo xtask test --only wasm` does: the package's types and its tests in Node.
";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    options.finish()?;
    Ok(core_and_package()?)
}

/// The core is pure and the package is built.
pub(crate) fn core_and_package() -> Result<(), Failure> {
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
