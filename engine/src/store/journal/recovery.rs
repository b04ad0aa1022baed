//! Recovery at opening: reads the files, checks that a crash can have left them so, and repairs the little that may
//! be repaired.
//!
//! [`examine`] only reads, and scans only the last segment in use; [`Examined::repair`] cuts a torn
//! frame. Both can be interrupted anywhere and run again.

use super::error::{JournalError, Place};
use super::frame::SECTOR_BYTES;
use super::positions::Marks;
use super::scan::{Scanner, end_of_nonzero, first_nonzero, is_zero, plus};
use super::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::torn::{self, Cut};
use super::{LastStop, Tail};
use crate::store::files::{FileHandle, Files};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much of a segment not yet in use is checked here; the preparer checks the rest.
const GLANCE_BYTES: u64 = 64 * 1024;
const PAGE_BYTES: u64 = 4096;
pub(super) const UNFINISHED: &str = ".preparing";

/// The state of the directory.
#[derive(Debug)]
pub(super) struct Examined {
    /// The segments in use, from number 1 on without a gap.
    pub(super) segments: Vec<SegmentHeader>,
    /// Prepared segments behind them: number and length.
    pub(super) prepared: Vec<(u32, u64)>,
    /// Unfinished files of an interrupted preparation.
    unfinished: Vec<PathBuf>,
    /// The last segment in use; `None` in a new directory.
    pub(super) last: Option<LastSegment>,
}

/// The segment the journal ends in.
#[derive(Debug)]
pub(super) struct LastSegment {
    pub(super) file: Arc<dyn FileHandle>,
    path: PathBuf,
    pub(super) tail: Tail,
    pub(super) marks: Marks,
    /// The last write: the last frame, or the header if there is none.
    last_written: (u64, u64),
    /// Where the torn frame's last byte ends, when there is one.
    torn_end: Option<u64>,
}

impl LastSegment {
    pub(super) fn cut_bytes(&self) -> u64 {
        self.torn_end
            .map_or(0, |end| end.saturating_sub(self.tail.offset))
    }
}

/// Reads the directory; refuses a state that no crash can have left.
pub(super) fn examine(
    files: &dyn Files,
    dir: &Path,
    last_stop: &LastStop,
) -> Result<Examined, JournalError> {
    let names = match files.list(dir) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(JournalError::io("list", dir)(error)),
    };
    let mut found = Examined {
        segments: Vec::new(),
        prepared: Vec::new(),
        unfinished: unfinished_of(dir, &names),
        last: None,
    };
    let mut last_file = None;
    for (number, expected) in names
        .iter()
        .filter_map(|name| segment::number_of(name))
        .zip(1..)
    {
        let path = segment::path_of(dir, expected);
        if number != expected {
            return Err(JournalError::Missing { file: path });
        }
        let file = files.open(&path).map_err(JournalError::io("open", &path))?;
        if let Some(header) = found.place(file.as_ref(), &path, expected)? {
            found.segments.push(header);
            last_file = Some((Arc::from(file), path));
        }
    }
    if let Some(((file, path), header)) = last_file.zip(found.segments.last()) {
        found.last = Some(scan_last(file, path, header, last_stop)?);
    }
    found.check_end(dir, last_stop)?;
    Ok(found)
}

fn unfinished_of(dir: &Path, names: &[String]) -> Vec<PathBuf> {
    names
        .iter()
        .filter(|name| name.ends_with(UNFINISHED))
        .map(|name| dir.join(name))
        .collect()
}

impl Examined {
    /// Classifies one file in its order; returns its header if it is in use.
    fn place(
        &mut self,
        file: &dyn FileHandle,
        path: &Path,
        number: u32,
    ) -> Result<Option<SegmentHeader>, JournalError> {
        let length = file.length().map_err(JournalError::io("measure", path))?;
        let mut sector = vec![0; usize::try_from(SEGMENT_HEADER_BYTES).unwrap_or(usize::MAX)];
        let read = file
            .read_at(0, &mut sector)
            .map_err(JournalError::io("read", path))?;
        sector.truncate(read);
        if is_zero(&sector) {
            let glance = length.min(GLANCE_BYTES);
            if let Some(at) = first_nonzero(file, path, SEGMENT_HEADER_BYTES, glance)? {
                let what = "this segment has no header and yet is not empty";
                return Err(JournalError::altered(path, at, what));
            }
            self.prepared.push((number, length));
            return Ok(None);
        }
        let header = SegmentHeader::decode(&sector, path, number, length)?;
        if self.prepared.is_empty() && self.continues_with(&header) {
            return Ok(Some(header));
        }
        let what = "this segment does not continue the one before it";
        Err(JournalError::altered(path, 0, what))
    }

    /// Whether headers alone permit `next` to follow; the chain is checked elsewhere.
    fn continues_with(&self, next: &SegmentHeader) -> bool {
        match self.segments.last() {
            Some(last) => {
                last.first_record <= next.first_record
                    && last.first_event <= next.first_event
                    && last.last_at_ms <= next.last_at_ms
            }
            None => Tail::genesis().continues_as(&next.tail()),
        }
    }

    fn check_end(&self, dir: &Path, last_stop: &LastStop) -> Result<(), JournalError> {
        let LastStop::Clean(expected) = last_stop else {
            return Ok(());
        };
        let genesis = Tail::genesis();
        let tail = self.last.as_ref().map_or(&genesis, |last| &last.tail);
        if expected.is(tail) {
            return Ok(());
        }
        let place = Place {
            file: segment::path_of(dir, tail.segment.max(1)),
            offset: tail.offset,
        };
        Err(JournalError::EndDiffers {
            place,
            found_record: tail.next_record,
            expected_record: expected.next_record,
        })
    }

    /// Makes the disk match the journal: removes unfinished files, writes zeros after the tail, and writes the tail
    /// itself again, because a failed sync may have left it in the cache only.
    pub(super) fn repair(
        &self,
        files: &dyn Files,
        dir: &Path,
        last_stop: &LastStop,
    ) -> Result<(), JournalError> {
        if self.segments.is_empty() && self.prepared.is_empty() && self.unfinished.is_empty() {
            return Ok(());
        }
        for path in &self.unfinished {
            files
                .remove(path)
                .map_err(JournalError::io("remove", path))?;
        }
        // An earlier process may have died between naming a segment and syncing the directory.
        files.sync_dir(dir).map_err(JournalError::io("sync", dir))?;
        match (&self.last, last_stop) {
            (Some(last), LastStop::Killed | LastStop::Unknown) => last.repair(),
            _ => Ok(()),
        }
    }
}

impl LastSegment {
    fn repair(&self) -> Result<(), JournalError> {
        if let Some(end) = self.torn_end {
            self.cut(end)?;
        }
        // After a failed sync the system may call pages clean that never reached the disk. Writing them again makes
        // them dirty, so that the sync below covers them.
        let (offset, length) = self.last_written;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let read = self.file.read_at(offset, &mut bytes);
        let read = read.map_err(JournalError::io("read", &self.path))?;
        let bytes = bytes.get(..read).unwrap_or_default();
        self.file
            .write_at(offset, bytes)
            .map_err(JournalError::io("write", &self.path))?;
        self.file
            .sync_data()
            .map_err(JournalError::io("sync", &self.path))
    }

    /// Writes zeros from the tail to `end`, last page first: a crash half-way leaves a shorter torn frame and never
    /// one without its beginning.
    fn cut(&self, end: u64) -> Result<(), JournalError> {
        let mut end = end;
        while end > self.tail.offset {
            let page = end
                .saturating_sub(1)
                .div_euclid(PAGE_BYTES)
                .saturating_mul(PAGE_BYTES);
            let start = page.max(self.tail.offset);
            let zeros = vec![0; usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX)];
            self.file
                .write_at(start, &zeros)
                .map_err(JournalError::io("write", &self.path))?;
            end = start;
        }
        self.file
            .sync_data()
            .map_err(JournalError::io("sync", &self.path))
    }
}

fn scan_last(
    file: Arc<dyn FileHandle>,
    path: PathBuf,
    header: &SegmentHeader,
    last_stop: &LastStop,
) -> Result<LastSegment, JournalError> {
    let mut tail = header.tail();
    let mut marks = Marks::default();
    let mut last_written = (0, SECTOR_BYTES);
    let mut scanner = Scanner::new(
        Arc::clone(&file),
        path.clone(),
        SEGMENT_HEADER_BYTES,
        header.length,
    );
    while let Some(next) = scanner.header()? {
        // A torn frame may have a whole header; only its sectors show that it is torn.
        let before = tail.clone();
        match scanner.follow(&mut tail) {
            Ok(Some(found)) => marks.note(&found.header.meta, found.offset),
            Ok(None) => break,
            Err(JournalError::Altered { .. }) => {
                tail = before;
                break;
            }
            Err(error) => return Err(error),
        }
        last_written = (before.offset, next.frame_bytes());
    }
    let torn_end = torn_end(file.as_ref(), &path, &tail, header.length, last_stop)?;
    Ok(LastSegment {
        file,
        path,
        tail,
        marks,
        last_written,
        torn_end,
    })
}

/// Where the torn frame behind `tail` ends; `None` when there is nothing behind it.
fn torn_end(
    file: &dyn FileHandle,
    path: &Path,
    tail: &Tail,
    length: u64,
    last_stop: &LastStop,
) -> Result<Option<u64>, JournalError> {
    let Some(end) = end_of_nonzero(file, path, tail.offset, length)? else {
        return Ok(None);
    };
    let unwritten = "nothing was ever written here, yet it is not zero";
    let cut = match last_stop {
        // The marker is older than the journal's end and says nothing about it; `check_end` reports that.
        LastStop::Clean(expected) if tail.next_record > expected.next_record => return Ok(None),
        LastStop::Clean(_) => {
            let at = first_nonzero(file, path, tail.offset, length)?.unwrap_or(tail.offset);
            return Err(JournalError::altered(
                path,
                at,
                "it does not belong to a good frame",
            ));
        }
        LastStop::Killed => Cut::Pages,
        LastStop::Unknown => Cut::Sectors,
    };
    let reach = tail.offset.saturating_add(torn::reach()).min(length);
    let room = reach.saturating_sub(tail.offset);
    let mut rest = vec![0; usize::try_from(room).unwrap_or(usize::MAX)];
    let read = file
        .read_at(tail.offset, &mut rest)
        .map_err(JournalError::io("read", path))?;
    rest.truncate(read);
    let written = end.min(reach).saturating_sub(tail.offset);
    let written = usize::try_from(written).unwrap_or(usize::MAX);
    if let Err(found) = torn::judge(&rest, written, tail, cut) {
        return Err(JournalError::altered(
            path,
            plus(tail.offset, found.at),
            found.what,
        ));
    }
    match first_nonzero(file, path, reach, length)? {
        Some(at) => Err(JournalError::altered(path, at, unwritten)),
        None => Ok(Some(end)),
    }
}
