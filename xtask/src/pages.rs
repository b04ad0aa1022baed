//! The pages' scripts and style sheets, built into `server/web/dist`, where the server embeds them; and
//! what a buyer's phone loads of them before anything can be paid.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::cargo::root;
use crate::failure::{Failure, While};
use crate::mirror::mirror;
use crate::options::Options;
use crate::{Stop, npm, process, wasm};

/// The checkout page, all of it: what it says, its style, its scripts and the module.
const BYTES_MAX: u64 = 100_000;

/// The entries of the checkout page, by their names in Vite's manifest.
const ENTRIES: [&str; 2] = ["src/site.js", "src/checkout-page.js"];

const HELP: &str = "\
cargo xtask pages

Builds the npm package @daegeum/checkout and, with it, the pages' scripts and style sheets into
server/web/dist; prints what the checkout page weighs over the wire and fails above 100 KiB. The
next build of the server has them.
";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    options.finish()?;
    Ok(all()?)
}

/// The package, and the pages with it.
pub(crate) fn all() -> Result<(), Failure> {
    npm::ready()?;
    wasm::package()?;
    build()
}

/// The pages, of the package as it was built last.
pub(crate) fn build() -> Result<(), Failure> {
    npm::ready()?;
    let vite = npm::file("vite/bin/vite.js");
    let mut build = npm::node();
    build.arg(vite).args(["build", "--logLevel", "warn"]);
    let aside = root().join("target/pages");
    build.arg("--emptyOutDir").arg("--outDir").arg(&aside);
    process::run(build.current_dir(web()))?;
    publish(&root().join("wasm-client/pkg"), &aside.join("package"))?;
    mirror(&aside, &web().join("dist"))?;
    let weight = weigh(&aside)?;
    if weight <= BYTES_MAX {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the checkout page is {weight} bytes over the wire; more than {BYTES_MAX} are too many for a phone"
    )))
}

/// Puts the package where the server embeds it: packed for npm, and its files for pages that load it by its address.
fn publish(package: &Path, into: &Path) -> Result<(), Failure> {
    let files = into.join("checkout");
    fs::create_dir_all(&files).when(files.display())?;
    for entry in fs::read_dir(package).when(package.display())? {
        let path = entry.when(package.display())?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, files.join(name)).when(path.display())?;
        }
    }
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", "--pack-destination"]);
    let packed = process::output(pack.arg(into).current_dir(package))?;
    let packed = into.join(packed.trim());
    fs::rename(&packed, into.join("checkout.tgz")).when(packed.display())
}

fn web() -> PathBuf {
    root().join("server/web")
}

/// Prints the download size of the checkout page and its parts, for a browser that accepts only gzip.
fn weigh(dist: &Path) -> Result<u64, Failure> {
    let path = dist.join(".vite/manifest.json");
    let text = fs::read_to_string(&path).when(path.display())?;
    let manifest: Value = serde_json::from_str(&text).when(path.display())?;
    let page = page_bytes(&root().join("server/templates"))?;
    println!("{:<40} {page:>7} gzip", "the page itself, about");
    let mut total = page;
    for file in loaded(&manifest)? {
        let packed = dist.join(format!("{file}.gz"));
        let bytes = fs::metadata(&packed).when(packed.display())?.len();
        println!("{file:<40} {bytes:>7} gzip");
        total = total.saturating_add(bytes);
    }
    println!("{:<40} {total:>7} of {BYTES_MAX}", "the checkout page");
    Ok(total)
}

/// Its templates packed: they have instructions where the page has words, and are as long within a kilobyte.
fn page_bytes(templates: &Path) -> Result<u64, Failure> {
    let mut parts = vec![templates.join("layout.html")];
    let folder = templates.join("checkout");
    for entry in fs::read_dir(&folder).when(folder.display())? {
        parts.push(entry.when(folder.display())?.path());
    }
    parts.sort();
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    for part in parts {
        let bytes = fs::read(&part).when(part.display())?;
        packer.write_all(&bytes).when(part.display())?;
    }
    let written = packer.finish().when(folder.display())?;
    u64::try_from(written.len()).when(folder.display())
}

/// The files that the checkout page loads: its entries, what they import, their style sheets and modules.
fn loaded(manifest: &Value) -> Result<BTreeSet<String>, Failure> {
    let mut files = BTreeSet::new();
    let mut waiting: Vec<String> = ENTRIES.map(str::to_owned).to_vec();
    while let Some(name) = waiting.pop() {
        let chunk = manifest
            .get(&name)
            .ok_or_else(|| Failure::new(format!("Vite's manifest lacks {name}")))?;
        let file = chunk.get("file").and_then(Value::as_str);
        if !files.insert(file.unwrap_or_default().to_owned()) {
            continue;
        }
        for more in ["css", "assets"] {
            files.extend(texts(chunk, more));
        }
        for more in ["imports", "dynamicImports"] {
            waiting.extend(texts(chunk, more));
        }
    }
    Ok(files)
}

fn texts(chunk: &Value, name: &str) -> Vec<String> {
    let listed = chunk.get(name).and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    listed.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_loaded_is_weighed_once() {
        let manifest = serde_json::json!({
            "src/site.js": { "file": "assets/site.js", "css": ["assets/site.css"], "imports": ["_a.js"] },
            "src/checkout-page.js": { "file": "assets/checkout.js", "imports": ["_a.js", "_b.js"] },
            "src/shop.js": { "file": "assets/shop.js" },
            "_a.js": { "file": "assets/a.js", "imports": ["_b.js"] },
            "_b.js": { "file": "assets/b.js", "assets": ["assets/b.wasm"], "imports": ["_a.js"] },
        });
        let files = loaded(&manifest).expect("the manifest is whole");
        let expected = [
            "a.js",
            "b.js",
            "b.wasm",
            "checkout.js",
            "site.css",
            "site.js",
        ];
        assert!(
            files
                .iter()
                .map(String::as_str)
                .eq(expected.map(|name| format!("assets/{name}")))
        );
        assert!(loaded(&serde_json::json!({})).is_err());
    }
}
