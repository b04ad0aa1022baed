//! Facts about the Rust compiler in use.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::TARGET;
use crate::cargo;
use crate::failure::{Failure, While};
use crate::process;

/// A compiler, identified by all of `rustc -vV`.
pub(super) struct Compiler {
    program: PathBuf,
    version: String,
    sysroot: PathBuf,
}

impl Compiler {
    /// The one cargo would use in the workspace.
    pub(super) fn in_use() -> Result<Self, Failure> {
        Self::at(
            env::var_os("RUSTC")
                .unwrap_or_else(|| "rustc".into())
                .into(),
        )
    }

    pub(super) fn at(program: PathBuf) -> Result<Self, Failure> {
        let ask = |args: &[&str]| {
            process::output(Command::new(&program).args(args).current_dir(cargo::root()))
        };
        let version = ask(&["-vV"])?;
        let sysroot = PathBuf::from(ask(&["--print=sysroot"])?.trim());
        Ok(Self {
            program,
            version,
            sysroot,
        })
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// `1.95.0`: what the sources of std have to match to the letter.
    pub(super) fn release(&self) -> &str {
        self.said("release: ")
    }

    pub(super) fn commit(&self) -> &str {
        self.said("commit-hash: ")
    }

    pub(super) fn host(&self) -> &str {
        self.said("host: ")
    }

    fn said(&self, label: &str) -> &str {
        self.version
            .lines()
            .find_map(|line| line.strip_prefix(label))
            .unwrap_or_default()
    }

    /// Different for compilers that cannot use each other's libraries: a distribution's build of
    /// a release is not the official one. FNV-1a, so that names stay the same over the years.
    pub(super) fn fingerprint(&self) -> String {
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = self
            .version
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, fold);
        format!("{}-{hash:016x}", self.release())
    }

    /// `lib/rustlib`, below which every target has its folder.
    pub(super) fn libraries(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib")
    }

    /// Whether std for wasm is installed where this compiler looks for it.
    pub(super) fn has_target(&self) -> bool {
        holds_core(&self.libraries().join(TARGET).join("lib"))
    }
}

/// Whether a folder of libraries has `core`, without which there is no target.
pub(super) fn holds_core(folder: &Path) -> bool {
    libraries_in(folder).is_ok_and(|libraries| {
        libraries
            .iter()
            .any(|path| file_name(path).starts_with("libcore-"))
    })
}

/// Every `.rlib` of a folder.
pub(super) fn libraries_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).when(folder.display())?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths
        .collect::<Result<Vec<_>, _>>()
        .when(folder.display())?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "rlib")
    });
    Ok(paths)
}

pub(super) fn file_name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}
