//! The simulator's durable storage: appended lines, each of which is on disk before the exchange that caused it is
//! answered. The content of a line is defined in `state.rs`.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

/// Why the books cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// They cannot be read.
    #[error("the simulator's books cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line, counted from one, is not what this program writes.
    #[error("line {line} of the simulator's books cannot be read: {why}")]
    Unreadable {
        /// Which.
        line: usize,
        /// The error.
        why: serde_json::Error,
    },
    /// A key that moves real money has no place in a simulator.
    #[error("the simulator takes test keys only")]
    LiveKey,
}

/// An append-only sequence of lines.
pub trait Books: Send {
    /// Adds one line, without its end; it is kept when this returns. After an error nothing of it
    /// is there, so that it can be added again.
    fn append(&mut self, line: &[u8]) -> io::Result<()>;
    /// All whole lines, in order, each with its end. A torn last one is forgotten.
    fn load(&mut self) -> io::Result<Vec<u8>>;
    /// Whether lines are kept at all; if not, none are made.
    fn keeps(&self) -> bool {
        true
    }
}

/// Stores nothing: for simulations in which this simulator never restarts.
#[derive(Debug, Default)]
pub struct NoBooks;

impl Books for NoBooks {
    fn append(&mut self, _line: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn load(&mut self) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn keeps(&self) -> bool {
        false
    }
}

/// In memory; clones share the books, so that a test can reopen them.
#[derive(Debug, Clone, Default)]
pub struct MemoryBooks {
    lines: Arc<Mutex<Vec<u8>>>,
}

impl MemoryBooks {
    /// Another copy with what is written so far.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            lines: Arc::new(Mutex::new(self.lines.lock().clone())),
        }
    }
}

impl Books for MemoryBooks {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut lines = self.lines.lock();
        lines.extend_from_slice(line);
        lines.push(b'\n');
        Ok(())
    }

    fn load(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.lines.lock().clone())
    }
}

/// A file in a folder of its own.
#[derive(Debug)]
pub struct FileBooks {
    path: PathBuf,
    file: File,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox has files of its own"
)]
impl FileBooks {
    /// Opens `folder`/toss.jsonl, or begins it. Nobody else may have it open.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("toss.jsonl");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        file.try_lock()?;
        File::open(folder)?.sync_all()?;
        Ok(Self { path, file })
    }
}

impl Books for FileBooks {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut whole = Vec::with_capacity(line.len().saturating_add(1));
        whole.extend_from_slice(line);
        whole.push(b'\n');
        let length = self.file.metadata()?.len();
        let written = self
            .file
            .write_all(&whole)
            .and_then(|()| self.file.sync_data());
        if written.is_err() {
            self.file.set_len(length)?;
        }
        written
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox has files of its own"
    )]
    fn load(&mut self) -> io::Result<Vec<u8>> {
        let mut lines = std::fs::read(&self.path)?;
        let whole = lines
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end.saturating_add(1));
        if whole < lines.len() {
            lines.truncate(whole);
            // Cut, so that the next line does not continue the torn one.
            self.file
                .set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
            self.file.sync_all()?;
        }
        Ok(lines)
    }
}
