//! The journal: an append-only, hash-chained sequence of frames in preallocated segment files.
//!
//! It is the truth; everything else can be rebuilt from it. It knows nothing of payments: a frame's body is the
//! caller's bytes. Everything appended before [`Journal::sync`] returns survives any crash. At most one frame is
//! unsynced, so that a crash can tear no more than one, and a torn frame can be told from an altered one.
//! docs/journal.md describes the files byte by byte.
//!
//! It must never overwrite a synced frame, never go on after a failed write or sync, and never repair anything that
//! it cannot prove to be torn.

mod error;
mod frame;
mod glance;
mod positions;
mod prepare;
mod reader;
mod recovery;
mod scan;
mod segment;
mod tail;
#[cfg(test)]
mod tests;
mod torn;
mod verify;

pub use error::{JournalError, Place};
pub use frame::{ChainHash, FrameMeta, MAX_BODY_BYTES};
pub use glance::last_written_ms;
pub use prepare::{Preparation, Preparer};
pub use reader::{Frame, Frames, JournalReader};
pub use tail::{ExpectedEnd, LastStop, Position, Tail};
pub use verify::Walk;

use super::files::{FileHandle, Files};
use parking_lot::{Mutex, RwLock};
use positions::{Chapter, Published};
use prepare::{Progress, Supply};
use segment::SegmentHeader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Sizes. They may differ from start to start; existing files keep theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalOptions {
    /// Length of a segment file; the first one may be shorter.
    pub segment_bytes: u64,
    /// How many segments the preparer keeps ready.
    pub prepared_ahead: u32,
    /// The largest body of a frame, at most [`MAX_BODY_BYTES`].
    pub max_body_bytes: usize,
    /// Free space that preparing a segment leaves on the disk.
    pub reserve_bytes: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            prepared_ahead: 2,
            max_body_bytes: MAX_BODY_BYTES,
            reserve_bytes: 64 * 1024 * 1024,
        }
    }
}

/// The result of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenReport {
    /// Bytes of a torn frame that were cut.
    pub cut_bytes: u64,
    /// Whether the journal is new.
    pub created: bool,
}

/// The one writer. The caller holds the directory's lock.
#[derive(Debug)]
pub struct Journal {
    files: Arc<dyn Files>,
    dir: PathBuf,
    options: JournalOptions,
    supply: Arc<Mutex<Supply>>,
    progress: Arc<Progress>,
    published: Arc<RwLock<Published>>,
    file: Arc<dyn FileHandle>,
    /// The segment's length.
    length: u64,
    tail: Tail,
    /// The frame that is written but not synced.
    unsynced: Option<(FrameMeta, u64)>,
    poisoned: bool,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal in `dir`, or makes one. Reads the headers of all segments and scans the last; cuts a frame
    /// torn by a crash; refuses any other alteration.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: JournalOptions,
        last_stop: &LastStop,
    ) -> Result<(Self, OpenReport), JournalError> {
        options.check()?;
        let found = recovery::examine(files.as_ref(), dir, last_stop)?;
        found.repair(files.as_ref(), dir, last_stop)?;
        let in_use = found.segments.last().map_or(0, |header| header.number);
        let dir = dir.to_path_buf();
        if in_use == 0 {
            make_dir(files.as_ref(), &dir)?;
        }
        let progress = Arc::new(Progress::new(in_use));
        let supply = Arc::new(Mutex::new(Supply::new(
            Arc::clone(&files),
            dir.clone(),
            options.clone(),
            Arc::clone(&progress),
            &found.prepared,
        )?));
        let cut_bytes = found
            .last
            .as_ref()
            .map_or(0, recovery::LastSegment::cut_bytes);
        let report = OpenReport {
            cut_bytes,
            created: in_use == 0,
        };
        let published = match found.last {
            Some(last) => Published {
                tail: last.tail,
                chapters: chapters(found.segments),
                marks: last.marks,
                file: last.file,
            },
            None => begin_first(files.as_ref(), &dir, &supply, &progress)?,
        };
        let journal = Self {
            files,
            dir,
            options,
            supply,
            progress,
            file: Arc::clone(&published.file),
            length: published
                .chapters
                .last()
                .map_or(0, |last| last.header.length),
            tail: published.tail.clone(),
            published: Arc::new(RwLock::new(published)),
            unsynced: None,
            poisoned: false,
            buffer: Vec::new(),
        };
        Ok((journal, report))
    }

    /// Writes a frame, in the next segment if this one is full. It is durable, and readers see it,
    /// after [`Self::sync`]; a frame that was not synced yet is synced first. `NoRoom`, `TooLarge`,
    /// `Unmaskable` and `NotNext` leave the journal as it was; any other error poisons it.
    pub fn append(&mut self, meta: FrameMeta, body: &[u8]) -> Result<Position, JournalError> {
        self.sync()?;
        if let Some((what, expected, found)) = self.tail.refuses(&meta) {
            return Err(JournalError::NotNext {
                what,
                expected,
                found,
            });
        }
        let limit = self.options.max_body_bytes;
        if body.len() > limit {
            return Err(JournalError::TooLarge {
                bytes: body.len(),
                limit,
            });
        }
        let length = frame::frame_bytes(u64::try_from(body.len()).unwrap_or(u64::MAX));
        while self.tail.offset.saturating_add(length) > self.length {
            self.roll()?;
        }
        let offset = self.tail.offset;
        let encoded = frame::encode(&mut self.buffer, meta, body, &self.tail.chain, offset)?;
        if let Err(error) = self.file.write_at(offset, &self.buffer) {
            return Err(self.poison("write", error));
        }
        self.tail = self
            .tail
            .moved_behind(&meta, encoded.chain, offset.saturating_add(length));
        self.unsynced = Some((meta, offset));
        Ok(Position {
            segment: self.tail.segment,
            offset,
        })
    }

    /// Returns once everything appended survives a power loss, and lets readers see it.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        let Some((meta, offset)) = self.unsynced else {
            return Ok(());
        };
        if let Err(error) = self.file.sync_data() {
            return Err(self.poison("sync", error));
        }
        self.unsynced = None;
        let mut published = self.published.write();
        published.marks.note(&meta, offset);
        published.tail = self.tail.clone();
        Ok(())
    }

    /// The end, including the unsynced frame.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Whether an earlier failure stopped the journal.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Bytes that can be appended without asking the disk for more.
    pub fn room_bytes(&self) -> u64 {
        let ahead = self.progress.ready().saturating_sub(self.tail.segment);
        let ahead = u64::from(ahead).saturating_mul(self.options.segment_bytes);
        self.length
            .saturating_sub(self.tail.offset)
            .saturating_add(ahead)
    }

    /// A reader of the durable frames, for any thread.
    pub fn reader(&self) -> JournalReader {
        JournalReader {
            files: Arc::clone(&self.files),
            dir: self.dir.clone(),
            published: Arc::clone(&self.published),
        }
    }

    /// A preparer of segments, for a thread of its own.
    pub fn preparer(&self) -> Preparer {
        Preparer {
            supply: Arc::clone(&self.supply),
        }
    }

    /// Continues in the next segment. Everything before is synced, so that its header can contain the chain hash.
    fn roll(&mut self) -> Result<(), JournalError> {
        let begun = begin(
            self.files.as_ref(),
            &self.dir,
            &self.supply,
            &self.progress,
            &self.tail,
        );
        let (header, file) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                self.poisoned = !matches!(error, JournalError::NoRoom { .. });
                return Err(error);
            }
        };
        self.length = header.length;
        self.tail = header.tail();
        self.file = Arc::clone(&file);
        self.published.write().begin(header, file);
        Ok(())
    }

    fn poison(&mut self, action: &'static str, error: std::io::Error) -> JournalError {
        self.poisoned = true;
        JournalError::io(action, &segment::path_of(&self.dir, self.tail.segment))(error)
    }
}

impl JournalOptions {
    fn check(&self) -> Result<(), JournalError> {
        if self.max_body_bytes > MAX_BODY_BYTES {
            return Err(JournalError::Options(
                "max_body_bytes is above what a frame can hold",
            ));
        }
        if self.segment_bytes < self.least_length() {
            return Err(JournalError::Options(
                "segment_bytes is too small for the largest frame",
            ));
        }
        if !self.segment_bytes.is_multiple_of(frame::SECTOR_BYTES) {
            return Err(JournalError::Options(
                "segment_bytes must be a multiple of 512",
            ));
        }
        Ok(())
    }
}

fn make_dir(files: &dyn Files, dir: &Path) -> Result<(), JournalError> {
    files
        .create_dir(dir)
        .map_err(JournalError::io("make", dir))?;
    let parent = dir.parent().unwrap_or(dir);
    files
        .sync_dir(parent)
        .map_err(JournalError::io("sync", parent))
}

fn chapters(segments: Vec<SegmentHeader>) -> Vec<Chapter> {
    segments
        .into_iter()
        .map(|header| Chapter {
            header,
            marks: None,
        })
        .collect()
}

fn begin_first(
    files: &dyn Files,
    dir: &Path,
    supply: &Mutex<Supply>,
    progress: &Progress,
) -> Result<Published, JournalError> {
    let (header, file) = begin(files, dir, supply, progress, &Tail::genesis())?;
    let (tail, marks) = (header.tail(), positions::Marks::default());
    Ok(Published {
        tail,
        chapters: chapters(vec![header]),
        marks,
        file,
    })
}

/// Takes the next prepared segment into use: its header is synced before its first frame.
fn begin(
    files: &dyn Files,
    dir: &Path,
    supply: &Mutex<Supply>,
    progress: &Progress,
    tail: &Tail,
) -> Result<(SegmentHeader, Arc<dyn FileHandle>), JournalError> {
    let number = tail.segment.saturating_add(1);
    if progress.ready() < number {
        supply.lock().hurry(number)?;
    }
    let path = segment::path_of(dir, number);
    let file = files.open(&path).map_err(JournalError::io("open", &path))?;
    let length = file.length().map_err(JournalError::io("measure", &path))?;
    let header = SegmentHeader::after(tail, number, length);
    file.write_at(0, &header.encode())
        .map_err(JournalError::io("write", &path))?;
    file.sync_data().map_err(JournalError::io("sync", &path))?;
    progress.use_segment(number);
    Ok((header, Arc::from(file)))
}
