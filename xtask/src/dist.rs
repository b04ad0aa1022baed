//! Builds the packages: the program without its debug information, which goes beside it, as a tarball and as a Debian
//! package, and the recipe of an image that installs the package.

mod check;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{Profile, build_programs, cargo, packages, root};
use crate::failure::{Failure, While};
use crate::options::Options;
use crate::stages::Outcome;
use crate::{Stop, cache, pages, process};

pub(crate) use check::check;

const HELP: &str = "\
cargo xtask dist [--check]

Builds the pages and the program as it is handed out, and leaves in target/packages:

  daegeum-VERSION-TARGET.tar.gz    program, documents, rules and units
  daegeum-VERSION-TARGET.debug     its debug information, found by gdb and addr2line beside it
  daegeum_VERSION_ARCH.deb         program, systemd unit, user, settings
  Containerfile                    an image of the package

  --check   install the package into a folder, start it over an older version's data, upgrade and
            remove it; the same as `cargo xtask test --only package` with the program handed out

Needs objcopy (Debian's package binutils) and dpkg; cargo-deb is built once into the cache folder.
";

const SERVER: &str = "daegeum";
const CARGO_DEB_VERSION: &str = "3.8.0";
/// Debian's release whose C library the image has; no older than the one that built the program.
const OLDEST_DEBIAN: &str = "bookworm";

pub(crate) fn command(args: &[String]) -> Result<(), Stop> {
    let mut options = Options::new(args, HELP);
    if options.wants_help() {
        return Err(Stop::Help(HELP));
    }
    let checks = options.flag("--check");
    options.finish()?;
    pages::all()?;
    let folder = folder()?;
    let program = built(Profile::Dist)?;
    let version = version()?;
    let name = format!("daegeum-{version}-{}", target()?);
    let stripped = folder.join(SERVER);
    take_apart(&program, &stripped, &folder.join(format!("{name}.debug")))?;
    tarball(&stripped, &name, &folder)?;
    let package = package(Profile::Dist, None, &folder)?;
    containerfile(&package, &folder)?;
    fs::remove_file(&stripped).when(stripped.display())?;
    println!("\n{} has", folder.display());
    for entry in fs::read_dir(&folder).when(folder.display())? {
        let entry = entry.when(folder.display())?;
        let bytes = entry.metadata().when(entry.path().display())?.len();
        println!(
            "{:>12} bytes  {}",
            bytes,
            entry.file_name().to_string_lossy()
        );
    }
    if checks && let Outcome::NotChecked(what) = check(Profile::Dist)? {
        println!("{what}");
    }
    Ok(())
}

/// Empty, so that nothing of an earlier version lies beside this one's.
fn folder() -> Result<PathBuf, Failure> {
    let folder = root().join("target/packages");
    if folder.exists() {
        fs::remove_dir_all(&folder).when(folder.display())?;
    }
    fs::create_dir_all(&folder).when(folder.display())?;
    Ok(folder)
}

fn built(profile: Profile) -> Result<PathBuf, Failure> {
    let programs = build_programs(profile, &[SERVER])?;
    let program = programs.into_iter().next();
    program.ok_or_else(|| Failure::new("one program was asked for"))
}

/// The version of the server's package.
fn version() -> Result<String, Failure> {
    let packages = packages()?;
    let server = packages
        .values()
        .find(|package| package.name == "daegeum-server");
    let server = server.ok_or_else(|| Failure::new("the workspace has no server"))?;
    Ok(server.version.clone())
}

/// The machine that rustc builds for: `x86_64-unknown-linux-gnu`.
fn target() -> Result<String, Failure> {
    let said = process::output(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::new("rustc does not say what it builds for"))?;
    Ok(host.to_owned())
}

/// Writes the program without its debug information, and that beside it; the one names the other.
fn take_apart(program: &Path, stripped: &Path, debug: &Path) -> Result<(), Failure> {
    let objcopy = |args: &[&str], from: &Path, to: Option<&Path>| {
        let mut command = Command::new("objcopy");
        command.args(args).arg(from).args(to);
        // The link has the name of the file alone, which is looked for beside the program.
        command.current_dir(debug.parent().unwrap_or(debug));
        process::run(&mut command)
    };
    let debug_name = debug.file_name().unwrap_or_default().to_string_lossy();
    let link = format!("--add-gnu-debuglink={debug_name}");
    objcopy(&["--only-keep-debug"], program, Some(debug))?;
    objcopy(&["--strip-debug"], program, Some(stripped))?;
    objcopy(&[&link], stripped, None)
}

/// Files of the repository that go with the program.
const BESIDE: [&str; 6] = [
    "LICENSE",
    "README.md",
    "README.ko.md",
    "CHANGELOG.md",
    "docs",
    "deploy",
];

fn tarball(program: &Path, name: &str, folder: &Path) -> Result<(), Failure> {
    let stage = folder.join("stage");
    let top = stage.join(name);
    let bin = top.join("bin");
    fs::create_dir_all(&bin).when(bin.display())?;
    fs::copy(program, bin.join(SERVER)).when(bin.display())?;
    let mut copy = Command::new("cp");
    copy.arg("-R").args(BESIDE).arg(&top).current_dir(root());
    process::run(&mut copy)?;
    let archive = folder.join(format!("{name}.tar.gz"));
    // The same bytes from the same files, on any machine and at any time.
    let mut tar = Command::new("tar");
    tar.args([
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
    ]);
    tar.args(["--mode=u=rwX,go=rX", "--use-compress-program=gzip -n9"]);
    tar.arg("-cf").arg(&archive).arg("-C").arg(&stage).arg(name);
    process::run(&mut tar)?;
    fs::remove_dir_all(&stage).when(stage.display())
}

/// The Debian package of the program that was built in this profile; in another version, if one is said.
fn package(profile: Profile, version: Option<&str>, into: &Path) -> Result<PathBuf, Failure> {
    let mut deb = Command::new(cargo_deb()?);
    // Run by its own name it takes `deb` for its subcommand's; cargo is asked for metadata only.
    deb.current_dir(root()).arg("deb");
    deb.env("CARGO", cargo::<&str>([]).get_program());
    deb.args(["--package", "daegeum-server", "--no-build", "--quiet"]);
    deb.args(["--profile", profile.name()]);
    deb.arg("--output").arg(into);
    if profile == Profile::Dev {
        deb.arg("--fast"); // to be looked at and thrown away
    } else {
        deb.arg("--strip"); // its debug information is the file beside the package
    }
    if let Some(version) = version {
        deb.args(["--deb-version", version]);
    }
    process::run(&mut deb)?;
    let files = fs::read_dir(into).when(into.display())?.flatten();
    let mut files = files.map(|entry| entry.path());
    let package = files.find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    package.ok_or_else(|| Failure::new("cargo-deb made no package"))
}

fn cargo_deb() -> Result<PathBuf, Failure> {
    let name = format!("cargo-deb-{CARGO_DEB_VERSION}");
    let folder = cache::kept(&name, |folder| {
        println!("building cargo-deb {CARGO_DEB_VERSION} once into the cache folder …");
        let mut install = cargo([
            "install",
            "cargo-deb",
            "--locked",
            "--version",
            CARGO_DEB_VERSION,
        ]);
        install.args(["--quiet", "--debug", "--root"]).arg(folder);
        install
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0");
        // Not ours: cargo then builds in a temporary folder, and leaves only the program.
        process::run(install.env_remove("CARGO_TARGET_DIR"))
    })?;
    Ok(folder.join("bin/cargo-deb"))
}

/// The recipe beside the package, naming it.
fn containerfile(package: &Path, folder: &Path) -> Result<(), Failure> {
    let recipe = root().join("deploy/container/Containerfile");
    let text = fs::read_to_string(&recipe).when(recipe.display())?;
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let text = text
        .replace("@PACKAGE@", &name)
        .replace("@DEBIAN@", &debian());
    is_complete(&text, |source| folder.join(source).exists())?;
    let place = folder.join("Containerfile");
    fs::write(&place, text).when(place.display())
}

/// Whether nothing is left to fill in, and everything that the recipe copies is there.
fn is_complete(recipe: &str, is_there: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let is_name = |word: &&str| {
        let mut letters = word.bytes();
        !word.is_empty() && letters.all(|letter| letter.is_ascii_uppercase() || letter == b'_')
    };
    // What stands before the first @ and behind the last is not between two.
    let mut between = recipe.lines().flat_map(|line| {
        let words: Vec<&str> = line.split('@').collect();
        let inner = words.len().saturating_sub(2);
        words.into_iter().skip(1).take(inner)
    });
    if let Some(left) = between.find(is_name) {
        let what = format!("the Containerfile still has @{left}@");
        return Err(Failure::new(what));
    }
    let copies = recipe
        .lines()
        .filter_map(|line| line.trim().strip_prefix("COPY "));
    for copy in copies {
        let mut sources: Vec<&str> = copy.split_whitespace().collect();
        sources.retain(|word| !word.starts_with("--"));
        sources.pop(); // where to
        if let Some(missing) = sources.iter().find(|source| !is_there(source)) {
            let what = format!("the Containerfile copies {missing}, which is not beside it");
            return Err(Failure::new(what));
        }
    }
    Ok(())
}

/// The release that built the program, whose C library it needs; elsewhere than on Debian the oldest there is.
fn debian() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    match (field("ID="), field("VERSION_CODENAME=")) {
        (Some(id), Some(codename)) if id == "debian" => codename,
        _ => OLDEST_DEBIAN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipe_with_a_placeholder_or_without_its_package_is_incomplete() {
        for (recipe, expected) in [
            ("FROM debian:trixie-slim\nCOPY a.deb /tmp/a.deb\n", true),
            (
                "FROM debian@sha256:00 AS a@b\nCOPY --chown=0 a.deb /tmp/\n",
                true,
            ),
            ("FROM debian:@DEBIAN@-slim\nCOPY a.deb /tmp/a.deb\n", false),
            ("COPY @PACKAGE@ /tmp/a.deb\n", false),
            ("  COPY a.deb b.deb /tmp/\n", false),
        ] {
            let complete = is_complete(recipe, |source| source == "a.deb");
            assert_eq!(complete.is_ok(), expected, "{recipe}");
        }
    }
}
