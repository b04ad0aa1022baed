//! The sandbox's clock: the offset of the domain's time from the machine's. It only moves forward, and is on disk
//! before it takes effect, so that a restart does not turn time back.

use std::{
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// The largest offset: a century, so that no date leaves the calendar.
const AHEAD_MS_MAX: i64 = 100 * 366 * 86_400_000;

/// Why the clock cannot be read or moved.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The file cannot be read or written.
    #[error("the sandbox's clock, {0}: {1}")]
    File(PathBuf, io::Error),
    /// The file was not written by this program.
    #[error("the sandbox's clock, {0}, cannot be read; remove it to begin at the machine's time")]
    Unreadable(PathBuf),
    /// It would be more than a century ahead.
    #[error("the clock cannot run more than a hundred years ahead")]
    TooFar,
}

/// The clock of one data directory.
#[derive(Debug)]
pub struct SandboxClock {
    file: PathBuf,
    /// The offset that readers get; always the one on disk.
    ahead_ms: Arc<AtomicI64>,
    moving: Mutex<()>,
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    ahead_ms: i64,
}

impl SandboxClock {
    /// Opens the clock kept in `folder`, or begins at the machine's time.
    pub fn open(folder: &Path) -> Result<Self, ClockError> {
        let file = folder.join("clock");
        let ahead_ms = match std::fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text)
                .ok()
                .map(|stored: Stored| stored.ahead_ms)
                .filter(|ahead_ms| (0..=AHEAD_MS_MAX).contains(ahead_ms))
                .ok_or_else(|| ClockError::Unreadable(file.clone()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(ClockError::File(file, error)),
        };
        Ok(Self {
            file,
            ahead_ms: Arc::new(AtomicI64::new(ahead_ms)),
            moving: Mutex::new(()),
        })
    }

    /// The offset, for code that needs the time.
    pub fn ahead_ms(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.ahead_ms)
    }

    /// Moves it forward and returns the new offset once that is on disk; if it cannot be stored, time stays
    /// unchanged. Blocks on the disk, which a sandbox can afford.
    pub fn advance(&self, by: Duration) -> Result<i64, ClockError> {
        let _moving = self.moving.lock();
        let ahead_ms = i64::try_from(by.as_millis())
            .ok()
            .and_then(|by_ms| self.ahead_ms.load(Ordering::Relaxed).checked_add(by_ms))
            .filter(|ahead_ms| *ahead_ms <= AHEAD_MS_MAX)
            .ok_or(ClockError::TooFar)?;
        self.store(ahead_ms)
            .map_err(|error| ClockError::File(self.file.clone(), error))?;
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        Ok(ahead_ms)
    }

    /// Atomic: writes a temporary file, syncs, renames.
    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox has files of its own"
    )]
    fn store(&self, ahead_ms: i64) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(&self.file);
        std::fs::create_dir_all(folder)?;
        let fresh = self.file.with_extension("fresh");
        let mut out = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        serde_json::to_writer(&mut out, &Stored { ahead_ms })?;
        out.write_all(b"\n")?;
        out.sync_all()?;
        std::fs::rename(&fresh, &self.file)?;
        std::fs::File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn a_restart_does_not_turn_time_back() {
        let folder = tempfile::tempdir().unwrap();
        let clock = SandboxClock::open(folder.path()).unwrap();
        let seen = clock.ahead_ms();
        assert_eq!(clock.advance(HOUR).unwrap(), 3_600_000);
        assert_eq!(clock.advance(HOUR).unwrap(), 7_200_000);
        assert_eq!(seen.load(Ordering::Relaxed), 7_200_000);
        let again = SandboxClock::open(folder.path()).unwrap();
        assert_eq!(again.ahead_ms().load(Ordering::Relaxed), 7_200_000);
    }

    #[test]
    fn advance_that_cannot_be_stored_has_no_effect() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("sandbox");
        let clock = SandboxClock::open(&in_the_way).unwrap();
        std::fs::write(&in_the_way, "a file where the folder should be").unwrap();
        assert!(matches!(clock.advance(HOUR), Err(ClockError::File(..))));
        assert_eq!(clock.ahead_ms().load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_century_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let clock = SandboxClock::open(folder.path()).unwrap();
        for too_far in [Duration::MAX, Duration::from_hours(101 * 366 * 24)] {
            assert!(matches!(clock.advance(too_far), Err(ClockError::TooFar)));
        }
        assert_eq!(clock.ahead_ms().load(Ordering::Relaxed), 0);
    }

    #[test]
    fn unreadable_clock_is_an_error() {
        for wrong in [
            "",
            "{}",
            "{\"ahead_ms\":-1}",
            "{\"ahead_ms\":1,\"x\":1}",
            "7200000",
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("clock"), wrong).unwrap();
            let opened = SandboxClock::open(folder.path());
            assert!(matches!(opened, Err(ClockError::Unreadable(_))), "{wrong}");
        }
    }
}
