//! Segments prepared ahead: filled with zeros, synced and named before the journal needs them, so that a commit
//! overwrites space that the file already has, and syncs nothing but its own bytes.

use super::error::JournalError;
use super::recovery::UNFINISHED;
use super::scan::first_nonzero;
use super::segment;
use super::{JournalOptions, frame};
use crate::store::files::{FileHandle, Files, is_full, with_suffix};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const CHUNK_BYTES: u64 = 1024 * 1024;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The result of one turn of the preparer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preparation {
    /// All wanted segments are ready; nothing to do until the journal takes one.
    Ready,
    /// One more piece of this segment is done; there is more.
    Working {
        /// Which segment.
        segment: u32,
        /// Bytes of it that are done.
        done_bytes: u64,
    },
    /// The disk is too full for this segment. Nothing is damaged; try again later.
    NoRoom {
        /// The segment's number.
        segment: u32,
        /// The segment and the reserve.
        needed_bytes: u64,
        /// What the disk has.
        free_bytes: u64,
    },
}

/// Prepares segments, a bounded piece each turn. For a thread of its own, which may pause between turns; the journal
/// works without it, only slower.
#[derive(Debug, Clone)]
pub struct Preparer {
    pub(super) supply: Arc<Mutex<Supply>>,
}

impl Preparer {
    /// Writes or checks one piece of a segment, about a mebibyte, and syncs it.
    pub fn turn(&self) -> Result<Preparation, JournalError> {
        self.supply.lock().turn()
    }
}

/// The state of the journal and its segments; read without waiting for a turn to end.
#[derive(Debug)]
pub(super) struct Progress {
    /// The segment the journal writes; 0 before the first.
    in_use: AtomicU32,
    /// The highest segment that is ready.
    ready: AtomicU32,
}

impl Progress {
    pub(super) fn new(in_use: u32) -> Self {
        Self {
            in_use: AtomicU32::new(in_use),
            ready: AtomicU32::new(in_use),
        }
    }

    pub(super) fn ready(&self) -> u32 {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) fn use_segment(&self, number: u32) {
        self.in_use.store(number, Ordering::Release);
    }
}

/// Prepares segments, and holds the unfinished one.
#[derive(Debug)]
pub(super) struct Supply {
    files: Arc<dyn Files>,
    dir: PathBuf,
    options: JournalOptions,
    progress: Arc<Progress>,
    /// Segments that an earlier process left: number and length. They are checked before they count as ready.
    unchecked: VecDeque<(u32, u64)>,
    work: Option<Work>,
}

#[derive(Debug)]
struct Work {
    file: Box<dyn FileHandle>,
    path: PathBuf,
    done_bytes: u64,
    length: u64,
}

impl Supply {
    pub(super) fn new(
        files: Arc<dyn Files>,
        dir: PathBuf,
        options: JournalOptions,
        progress: Arc<Progress>,
        prepared: &[(u32, u64)],
    ) -> Result<Self, JournalError> {
        let unchecked = prepared.iter().copied().collect();
        let mut supply = Self {
            files,
            dir,
            options,
            progress,
            unchecked,
            work: None,
        };
        supply.discard_unfit()?;
        Ok(supply)
    }

    /// Prepares segments up to `number` at once.
    pub(super) fn hurry(&mut self, number: u32) -> Result<(), JournalError> {
        while self.progress.ready() < number {
            if let Preparation::NoRoom {
                segment,
                needed_bytes,
                free_bytes,
            } = self.turn_towards(number)?
            {
                let file = segment::path_of(&self.dir, segment);
                return Err(JournalError::NoRoom {
                    file,
                    needed_bytes,
                    free_bytes,
                });
            }
        }
        Ok(())
    }

    pub(super) fn turn(&mut self) -> Result<Preparation, JournalError> {
        let in_use = self.progress.in_use.load(Ordering::Acquire);
        self.turn_towards(in_use.saturating_add(self.options.prepared_ahead))
    }

    fn turn_towards(&mut self, wanted: u32) -> Result<Preparation, JournalError> {
        if let Some((number, length)) = self.unchecked.front().copied() {
            return self.check(number, length);
        }
        if self.progress.ready() >= wanted {
            return Ok(Preparation::Ready);
        }
        let number = self.progress.ready().saturating_add(1);
        match self.work.take() {
            Some(work) => self.fill(number, work),
            None => self.begin(number),
        }
    }

    fn begin(&mut self, number: u32) -> Result<Preparation, JournalError> {
        let length = self.options.length_of(number);
        let needed_bytes = length.saturating_add(self.options.reserve_bytes);
        let free_bytes = self.files.free_bytes(&self.dir);
        let free_bytes = free_bytes.map_err(JournalError::io("measure", &self.dir))?;
        if free_bytes < needed_bytes {
            return Ok(Preparation::NoRoom {
                segment: number,
                needed_bytes,
                free_bytes,
            });
        }
        let path = with_suffix(&segment::path_of(&self.dir, number), UNFINISHED);
        match self.files.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(JournalError::io("remove", &path)(error));
            }
            _ => {}
        }
        match self.files.create(&path) {
            Ok(file) => {
                self.work = Some(Work {
                    file,
                    path,
                    done_bytes: 0,
                    length,
                });
                Ok(Preparation::Working {
                    segment: number,
                    done_bytes: 0,
                })
            }
            Err(error) => self.give_up(number, needed_bytes, "create", &path, error),
        }
    }

    fn fill(&mut self, number: u32, mut work: Work) -> Result<Preparation, JournalError> {
        if let Err(error) = work.fill_chunk() {
            return self.give_up(number, work.length, "fill", &work.path, error);
        }
        let done_bytes = work.done_bytes;
        if done_bytes < work.length {
            self.work = Some(work);
            return Ok(Preparation::Working {
                segment: number,
                done_bytes,
            });
        }
        let path = segment::path_of(&self.dir, number);
        self.files
            .rename(&work.path, &path)
            .map_err(JournalError::io("name", &path))?;
        self.files
            .sync_dir(&self.dir)
            .map_err(JournalError::io("sync", &self.dir))?;
        self.progress.ready.store(number, Ordering::Release);
        Ok(Preparation::Working {
            segment: number,
            done_bytes,
        })
    }

    /// A full disk is a state that passes, and the unfinished segment's space is freed; any other failure is an
    /// error.
    fn give_up(
        &self,
        number: u32,
        needed_bytes: u64,
        action: &'static str,
        path: &Path,
        error: io::Error,
    ) -> Result<Preparation, JournalError> {
        if !is_full(&error) {
            return Err(JournalError::io(action, path)(error));
        }
        match self.files.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(JournalError::io("remove", path)(error));
            }
            _ => {}
        }
        let free_bytes = self.files.free_bytes(&self.dir);
        let free_bytes = free_bytes.map_err(JournalError::io("measure", &self.dir))?;
        Ok(Preparation::NoRoom {
            segment: number,
            needed_bytes,
            free_bytes,
        })
    }

    /// Checks a segment that an earlier process prepared: it must still be all zeros.
    fn check(&mut self, number: u32, length: u64) -> Result<Preparation, JournalError> {
        let path = segment::path_of(&self.dir, number);
        let done_bytes = self.work.take().map_or(0, |work| work.done_bytes);
        let file = self
            .files
            .open(&path)
            .map_err(JournalError::io("open", &path))?;
        let until = done_bytes.saturating_add(CHUNK_BYTES).min(length);
        refuse_nonzero(file.as_ref(), &path, done_bytes, until)?;
        if until < length {
            self.work = Some(Work {
                file,
                path,
                done_bytes: until,
                length,
            });
        } else {
            self.unchecked.pop_front();
            self.progress.ready.store(number, Ordering::Release);
        }
        Ok(Preparation::Working {
            segment: number,
            done_bytes: until,
        })
    }

    /// Removes prepared segments that are too short for a frame, and those after them, from the last on: a gap would
    /// look like a loss.
    fn discard_unfit(&mut self) -> Result<(), JournalError> {
        let least = self.options.least_length();
        let fit = self
            .unchecked
            .iter()
            .take_while(|(_, length)| *length >= least)
            .count();
        for (number, length) in self.unchecked.split_off(fit).into_iter().rev() {
            let path = segment::path_of(&self.dir, number);
            let file = self
                .files
                .open(&path)
                .map_err(JournalError::io("open", &path))?;
            refuse_nonzero(file.as_ref(), &path, 0, length)?;
            self.files
                .remove(&path)
                .map_err(JournalError::io("remove", &path))?;
            self.files
                .sync_dir(&self.dir)
                .map_err(JournalError::io("sync", &self.dir))?;
        }
        Ok(())
    }
}

impl Work {
    /// Writes and syncs the next chunk. Syncs are small, so that commits do not wait for a large one.
    fn fill_chunk(&mut self) -> io::Result<()> {
        let until = self.done_bytes.saturating_add(CHUNK_BYTES).min(self.length);
        let mut at = self.done_bytes;
        while at < until {
            let count = usize::try_from(until.saturating_sub(at)).unwrap_or(usize::MAX);
            let zeros = ZEROS.get(..count).unwrap_or(&ZEROS);
            self.file.write_at(at, zeros)?;
            at = super::scan::plus(at, zeros.len());
        }
        self.done_bytes = until;
        self.file.sync_data()
    }
}

/// Refuses a segment not yet in use that is not all zeros.
pub(super) fn refuse_nonzero(
    file: &dyn FileHandle,
    path: &Path,
    from: u64,
    to: u64,
) -> Result<(), JournalError> {
    match first_nonzero(file, path, from, to)? {
        Some(at) => {
            let what = "this segment has no header and yet is not empty";
            Err(JournalError::altered(path, at, what))
        }
        None => Ok(()),
    }
}

impl JournalOptions {
    /// The least length of a segment that can hold the largest frame.
    pub(super) fn least_length(&self) -> u64 {
        let body = u64::try_from(self.max_body_bytes).unwrap_or(u64::MAX);
        segment::SEGMENT_HEADER_BYTES.saturating_add(frame::frame_bytes(body))
    }

    /// The first segment is short, so that a new journal opens at once.
    fn length_of(&self, number: u32) -> u64 {
        const FIRST_BYTES: u64 = 8 * 1024 * 1024;
        if number > 1 {
            return self.segment_bytes;
        }
        let least = self.least_length().next_multiple_of(4096);
        least.max(FIRST_BYTES).min(self.segment_bytes)
    }
}
