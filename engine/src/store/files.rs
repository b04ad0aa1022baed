//! The file system as the store sees it: [`Files`] and [`FileHandle`].
//!
//! Two implementations. [`DiskFiles`] is the operating system's; [`SimulatedFiles`] is in memory and can lose power.
//! Nothing else in the engine may touch a file, so that every promise about durability can be tested against a disk
//! that keeps only what it has to.

mod disk;
mod simulated;

pub use disk::DiskFiles;
pub use simulated::{Counters, FaultOn, SimulatedFiles};

use super::StoreError;
use std::any::Any;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One open file. Offsets are explicit: handles are shared between threads and have no cursor.
pub trait FileHandle: Send + Sync + fmt::Debug {
    /// Fills `buffer` from `offset` as far as the file goes; returns the number of bytes read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`. An error may leave any part of it written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns once content and length survive a power loss.
    fn sync_data(&self) -> io::Result<()>;
    /// Cuts the file, or extends it with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Bytes in the file.
    fn length(&self) -> io::Result<u64>;
}

/// A disk. Names are durable only after [`Files::sync_dir`] of their directory.
pub trait Files: Send + Sync + fmt::Debug {
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn FileHandle>>;
    /// Makes a new, empty file; `AlreadyExists` if the name is taken.
    fn create(&self, path: &Path) -> io::Result<Box<dyn FileHandle>>;
    /// The names of the files (not directories) in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Gives a file or directory another name, replacing a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory and its parents; one that is there already is no error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Returns once creations, renames and removals in `path` survive a power loss.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Bytes this process may still allocate on the disk that holds `path`.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Locks a lock file, making it if need be, until the value is dropped or the process ends;
    /// `None` when someone else holds it.
    fn lock(&self, path: &Path) -> io::Result<Option<FileLock>>;
    /// An id that changes when the machine restarts, so that a killed process can be told from a power loss.
    fn boot_id(&self) -> io::Result<String>;

    /// Whether there is a file of this name.
    fn exists(&self, path: &Path) -> io::Result<bool> {
        match self.open(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads a whole small file; `None` when there is none, an error when it is above `limit` bytes.
    fn read_whole(&self, path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
        if length > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{length} bytes, at most {limit} expected"),
            ));
        }
        let mut bytes = vec![0; length];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }

    /// Replaces a whole small file: after a crash it has the old content or the new; after this returns, the new. A
    /// file that could not be written is removed again, so that it takes no room.
    fn write_whole(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = with_suffix(path, ".new");
        match self.remove(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = self.create(&beside).and_then(|file| {
            file.write_at(0, bytes)?;
            file.sync_data()
        });
        if let Err(error) = written.and_then(|()| self.rename(&beside, path)) {
            // Report the first error; a leftover file is removed by the next attempt.
            let _ = self.remove(&beside);
            return Err(error);
        }
        match path.parent() {
            Some(dir) => self.sync_dir(dir),
            None => Ok(()),
        }
    }
}

/// Whether the operating system's error means that there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// What a disk's refusal is to the store: no room is a state, anything else a failure.
pub(crate) fn failed(what: impl fmt::Display, error: &io::Error) -> StoreError {
    let why = format!("{what}: {error}");
    if is_full(error) {
        StoreError::Full(why)
    } else {
        StoreError::Failed(why)
    }
}

/// Holds a lock file for as long as it lives.
pub struct FileLock {
    _held: Box<dyn Any + Send + Sync>,
}

impl FileLock {
    /// `held` releases the lock when it is dropped.
    pub fn new(held: Box<dyn Any + Send + Sync>) -> Self {
        Self { _held: held }
    }
}

impl fmt::Debug for FileLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileLock")
    }
}

/// `path` with `suffix` after its last name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
