//! Finds files with secrets or personal data that other users of the machine may read or change. Files made by this
//! program are their user's alone; older ones, or ones from a backup, may be too open, and that is reported.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// A file or directory that others can get at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooOpen {
    path: PathBuf,
    mode: u32,
    wanted: u32,
}

impl TooOpen {
    /// The command that closes it.
    pub fn remedy(&self) -> String {
        format!("chmod {:o} {}", self.wanted, self.path.display())
    }
}

impl fmt::Display for TooOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, mode) = (self.path.display(), self.mode);
        write!(
            f,
            "{path} is open to other users of this machine (mode {mode:o})"
        )
    }
}

const DIRECTORY: u32 = 0o700;
const FILE: u32 = 0o600;
/// The access that a group may have to a file of a deployment: reading.
const SHARED_FILE: u32 = 0o640;

/// Everything of this configuration that is too open.
pub fn too_open(config: &Config) -> Vec<TooOpen> {
    let data = &config.settings.server.data;
    let mut found: Vec<TooOpen> = [
        (data.clone(), DIRECTORY),
        (data.join("keyring"), FILE),
        (data.join("identity"), FILE),
        (data.join("sandbox").join("secrets.toml"), FILE),
    ]
    .into_iter()
    .filter_map(|(path, wanted)| look(&path, wanted))
    .collect();
    let (file, tls) = (config.read_from.as_deref(), &config.settings.tls);
    let laid_down = [file, tls.key.as_deref()].into_iter().flatten();
    found.extend(laid_down.filter_map(|file| look(file, SHARED_FILE)));
    found
}

/// The path, if it is there and others may do more with it than is wanted.
fn look(path: &Path, wanted: u32) -> Option<TooOpen> {
    let stat = rustix::fs::stat(path).ok()?;
    let mode = rustix::fs::Mode::from_raw_mode(stat.st_mode).bits() & 0o777;
    // What its owner may do is the owner's affair.
    let beyond = mode & !wanted & 0o077;
    (beyond != 0).then(|| TooOpen {
        path: path.to_path_buf(),
        mode,
        wanted,
    })
}
