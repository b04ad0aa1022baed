//! Packages from Debian: the standard library's sources for the compiler's exact release, and tools in any version.
//!
//! apt is used as anybody's, not root's: with lists, cache and status in a folder of ours, so the
//! system's package database is neither read nor written. The mirror is the one the machine is
//! configured with; what it serves is verified by apt against Debian's keys. Which suite carries
//! a given release changes as Debian moves, so several are asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, While};
use crate::process;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Smallest index first: asking a suite means downloading its list of packages.
const SUITES: [(Archive, &str, &str); 5] = [
    (Archive::Debian, "trixie-backports", "rust-src"),
    (Archive::Security, "bookworm-security", "rust-web-src"),
    (Archive::Debian, "forky", "rust-src"),
    (Archive::Debian, "sid", "rust-src"),
    (Archive::Debian, "experimental", "rust-src"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Archive {
    Debian,
    Security,
}

/// Downloads and unpacks into `work`; returns the folder `library`.
pub(super) fn std_sources(release: &str, work: &Path) -> Result<PathBuf, Failure> {
    let mirrors = mirrors()?;
    for (archive, suite, package) in SUITES {
        let Some(mirror) = mirrors.iter().find(|(kind, _)| *kind == archive) else {
            continue;
        };
        let apt = Apt::new(&work.join("apt"), &mirror.1, suite)?;
        let Some(version) = apt.version(package, release)? else {
            continue;
        };
        println!("downloading {package} {version} from {suite} …");
        let archive = apt.download(package, &version, work)?;
        return unpack(&archive, &work.join("sources"));
    }
    let suites = SUITES.map(|(_, suite, _)| suite).join(", ");
    Err(Failure::new(format!(
        "no sources of std {release} in Debian's {suites}"
    )))
}

/// Suites that a tool is taken from whose version does not matter.
const SUITES_OF_TOOLS: [&str; 3] = ["stable", "oldstable", "sid"];

/// Downloads a package in whichever version has the file `path`, and unpacks that one file into `work`. A release may
/// have moved it to another package. What the package depends on is not installed: for programs that need nothing but
/// the C library.
pub(crate) fn tool(package: &str, path: &str, work: &Path) -> Result<PathBuf, Failure> {
    let mirrors = mirrors()?;
    let debian = mirrors.iter().find(|(kind, _)| *kind == Archive::Debian);
    let (_, mirror) =
        debian.ok_or_else(|| Failure::new("apt is configured with no Debian mirror"))?;
    for suite in SUITES_OF_TOOLS {
        let apt = Apt::new(&work.join("apt"), mirror, suite)?;
        let Some(version) = apt.newest(package)? else {
            continue;
        };
        println!("downloading {package} {version} from {suite} …");
        let archive = apt.download(package, &version, work)?;
        if contents(&archive)?.lines().any(|line| line.ends_with(path)) {
            extract(&archive, work, &[&format!("./{path}")])?;
            return Ok(work.join(path));
        }
        fs::remove_file(&archive).when(archive.display())?;
    }
    let suites = SUITES_OF_TOOLS.join(", ");
    Err(Failure::new(format!(
        "no {package} with {path} in Debian's {suites}"
    )))
}

/// The machine's own mirrors, without asking the network.
fn mirrors() -> Result<Vec<(Archive, String)>, Failure> {
    let mut ask = Command::new("apt-get");
    ask.args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
    ]);
    let mirrors: Vec<_> = process::output(&mut ask)?
        .lines()
        .filter_map(mirror)
        .collect();
    if mirrors.is_empty() {
        return Err(Failure::new("apt is configured with no Debian mirror"));
    }
    Ok(mirrors)
}

fn mirror(uri: &str) -> Option<(Archive, String)> {
    let uri = uri.trim_end_matches('/');
    let archive = match uri.rsplit('/').next()? {
        "debian" => Archive::Debian,
        "debian-security" => Archive::Security,
        _ => return None,
    };
    Some((archive, uri.to_owned()))
}

/// apt with one suite for its whole world.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn new(folder: &Path, mirror: &str, suite: &str) -> Result<Self, Failure> {
        for part in [
            "etc/preferences.d",
            "lists/partial",
            "cache/archives/partial",
        ] {
            fs::create_dir_all(folder.join(part)).when(folder.display())?;
        }
        let source = format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
        let sources = folder.join("etc/sources.list");
        fs::write(&sources, source).when(sources.display())?;
        fs::write(folder.join("status"), "").when(folder.display())?;
        let at = |option: &str, part: &str| format!("{option}={}", folder.join(part).display());
        Ok(Self {
            options: vec![
                at("Dir::Etc", "etc"),
                at("Dir::Etc::sourcelist", "etc/sources.list"),
                at("Dir::Etc::sourceparts", "etc/none"),
                at("Dir::State", "."),
                at("Dir::State::lists", "lists"),
                at("Dir::State::status", "status"),
                at("Dir::Cache", "cache"),
                "Acquire::Languages=none".to_owned(),
                "Acquire::Retries=3".to_owned(),
                // Root gives its rights away for downloads, and then cannot write to our folder.
                "APT::Sandbox::User=root".to_owned(),
            ],
        })
    }

    fn call(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .arg("-q")
            .args(self.options.iter().flat_map(|option| ["-o", option]))
            .args(args);
        command
    }

    /// The package's version in this suite that was made from `release`. A suite that cannot be
    /// had is a suite without it.
    fn version(&self, package: &str, release: &str) -> Result<Option<String>, Failure> {
        let table = self.table(package)?;
        Ok(table.and_then(|table| version_of(release, &table)))
    }

    /// The package's newest version in this suite.
    fn newest(&self, package: &str) -> Result<Option<String>, Failure> {
        let table = self.table(package)?.unwrap_or_default();
        Ok(versions(&table).next().map(str::to_owned))
    }

    fn table(&self, package: &str) -> Result<Option<String>, Failure> {
        if let Err(failure) = process::output(&mut self.call("apt-get", &["update"])) {
            println!("{failure}");
            return Ok(None);
        }
        process::output(&mut self.call("apt-cache", &["madison", package])).map(Some)
    }

    fn download(&self, package: &str, version: &str, into: &Path) -> Result<PathBuf, Failure> {
        let wanted = format!("{package}={version}");
        let mut download = self.call("apt-get", &["download", &wanted]);
        process::output(download.current_dir(into))?;
        let found = fs::read_dir(into).when(into.display())?.flatten();
        let mut found = found.map(|entry| entry.path());
        found
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .ok_or_else(|| Failure::new(format!("apt-get downloaded no {wanted}")))
    }
}

/// Reads `name | version | origin` lines; `1.95.0` must not match `1.95.01` nor `11.95.0`.
fn version_of(release: &str, madison: &str) -> Option<String> {
    let ours = format!("{release}+dfsg");
    versions(madison)
        .find(|version| version.starts_with(&ours))
        .map(str::to_owned)
}

fn versions(madison: &str) -> impl Iterator<Item = &str> {
    let columns = madison.lines().filter_map(|line| line.split('|').nth(1));
    columns.map(str::trim)
}

/// Takes only `library` out of `./usr/src/rustc-…/library`: the package has the compiler too.
fn unpack(archive: &Path, into: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(into).when(into.display())?;
    let library = [
        "--strip-components=4",
        "--wildcards",
        "./usr/src/rustc-*/library",
    ];
    extract(archive, into, &library)?;
    let library = into.join("library");
    if library.join("std").is_dir() {
        return Ok(library);
    }
    Err(Failure::new(format!(
        "{} has no library/std in it",
        archive.display()
    )))
}

/// The files of a package, one a line.
fn contents(archive: &Path) -> Result<String, Failure> {
    process::output(Command::new("dpkg-deb").arg("--contents").arg(archive))
}

/// Unpacks what `tar` is told to from a package.
fn extract(archive: &Path, into: &Path, what: &[&str]) -> Result<(), Failure> {
    let mut package = Command::new("dpkg-deb");
    package
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdout(Stdio::piped());
    let line = process::shown(&package);
    let mut package = package.spawn().when(&line)?;
    let Some(files) = package.stdout.take() else {
        return Err(Failure::new(format!("`{line}` has no output")));
    };
    let mut tar = Command::new("tar");
    // `--directory` counts for the patterns after it, and its place is here.
    tar.args(["--extract", "--directory"]).arg(into);
    tar.args(what).stdin(files);
    process::run(&mut tar)?;
    process::succeeded(&line, package.wait().when(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_release_is_taken() {
        let table = "rust-src | 1.95.01+dfsg1-1 | m suite/main all Packages\n\
                     rust-src | 1.95.0+dfsg1-2~bpo13+1 | m suite/main all Packages\n";
        assert_eq!(
            version_of("1.95.0", table).as_deref(),
            Some("1.95.0+dfsg1-2~bpo13+1")
        );
        assert_eq!(version_of("1.94.0", table), None);
        assert_eq!(version_of("1.95", table), None);
    }

    #[test]
    fn mirrors_are_known_by_the_archive_they_carry() {
        let known = |uri| mirror(uri).map(|(archive, _)| archive == Archive::Debian);
        assert_eq!(known("http://mirror.example/debian/"), Some(true));
        assert_eq!(known("http://mirror.example/debian-security"), Some(false));
        assert_eq!(known("http://other.example/ubuntu/"), None);
    }
}
