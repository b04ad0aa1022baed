//! The package's API reference, written by typedoc from its declarations.

use std::fs;
use std::path::Path;

use crate::cargo::root;
use crate::failure::{Failure, While};
use crate::{npm, process};

/// Its sources, in `wasm-client`.
const SOURCES: [&str; 2] = ["js/index.d.ts", "typedoc.json"];

/// Puts it into the package's folder; written anew, in some seconds, when its sources have changed
/// since the last time, in `kept`. Without npm's packages there is none.
pub(super) fn put(package: &Path, kept: &Path) -> Result<(), Failure> {
    let sources = sources()?;
    let made_from = kept.join("made-from");
    if !fs::read(&made_from).is_ok_and(|before| before == sources) {
        if let Err(failure) = npm::ready() {
            println!("{failure}\nThe package is without its reference.");
            return Ok(());
        }
        write(kept)?;
        fs::write(&made_from, sources).when(made_from.display())?;
    }
    let docs = package.join("docs");
    fs::create_dir_all(&docs).when(docs.display())?;
    fs::copy(kept.join("README.md"), docs.join("README.md")).when(docs.display())?;
    Ok(())
}

fn sources() -> Result<Vec<u8>, Failure> {
    let read = |name| {
        let path = root().join("wasm-client").join(name);
        fs::read(&path).when(path.display())
    };
    let sources = SOURCES.map(read).into_iter().collect::<Result<Vec<_>, _>>();
    Ok(sources?.concat())
}

fn write(into: &Path) -> Result<(), Failure> {
    let options = root().join("wasm-client/typedoc.json");
    let mut typedoc = npm::node();
    typedoc.arg(npm::file("typedoc/bin/typedoc"));
    typedoc
        .args(["--logLevel", "Warn", "--options"])
        .arg(options);
    process::run(typedoc.arg("--out").arg(into))
}
