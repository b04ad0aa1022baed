//! Verifies the whole journal from its first byte to its last.

use super::error::JournalError;
use super::prepare::refuse_nonzero;
use super::reader::Frame;
use super::recovery::{self, Examined};
use super::scan::{Scanner, first_nonzero};
use super::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::{LastStop, Position, Tail};
use crate::store::files::{FileHandle, Files};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Yields every frame, checked against its checksum, its chain, its neighbours and its segment; bytes between and
/// behind frames must be zeros. Changes nothing. Ends after an error.
#[derive(Debug)]
pub struct Walk {
    files: Arc<dyn Files>,
    dir: PathBuf,
    found: Examined,
    tail: Tail,
    at: Option<Scanner>,
    segment: usize,
    done_bytes: u64,
    ended: bool,
}

impl Walk {
    /// Begins a walk over the journal in `dir`; no process may be writing it.
    pub fn begin(
        files: Arc<dyn Files>,
        dir: &Path,
        last_stop: &LastStop,
    ) -> Result<Self, JournalError> {
        let found = recovery::examine(files.as_ref(), dir, last_stop)?;
        Ok(Self {
            files,
            dir: dir.to_path_buf(),
            found,
            tail: Tail::genesis(),
            at: None,
            segment: 0,
            done_bytes: 0,
            ended: false,
        })
    }

    /// Bytes in all segments in use.
    pub fn total_bytes(&self) -> u64 {
        self.found
            .segments
            .iter()
            .map(|header| header.length)
            .fold(0, u64::saturating_add)
    }

    /// Bytes of them walked so far.
    pub fn done_bytes(&self) -> u64 {
        let here = self.at.as_ref().map_or(0, Scanner::offset);
        self.done_bytes.saturating_add(here)
    }

    /// The walk's position; at its end, the journal's end.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Bytes of a torn frame behind the end, which the next start will cut.
    pub fn torn_bytes(&self) -> u64 {
        self.found
            .last
            .as_ref()
            .map_or(0, recovery::LastSegment::cut_bytes)
    }

    fn step(&mut self) -> Result<Option<Frame>, JournalError> {
        loop {
            let Some(header) = self.found.segments.get(self.segment).cloned() else {
                self.check_prepared()?;
                return Ok(None);
            };
            let mut scanner = match self.at.take() {
                Some(scanner) => scanner,
                None => self.enter(&header)?,
            };
            if !self.is_last() || scanner.offset() < self.end().offset {
                if let Some(found) = scanner.follow(&mut self.tail)? {
                    self.at = Some(scanner);
                    let position = Position {
                        segment: header.number,
                        offset: found.offset,
                    };
                    let (meta, chain) = (found.header.meta, found.header.chain);
                    return Ok(Some(Frame {
                        meta,
                        chain,
                        position,
                        body: found.body,
                    }));
                }
                self.leave(&header, &scanner)?;
            }
            self.done_bytes = self.done_bytes.saturating_add(header.length);
            self.segment = self.segment.saturating_add(1);
        }
    }

    fn is_last(&self) -> bool {
        self.segment.saturating_add(1) == self.found.segments.len()
    }

    fn end(&self) -> Tail {
        self.found
            .last
            .as_ref()
            .map_or_else(Tail::genesis, |last| last.tail.clone())
    }

    fn open(&self, number: u32) -> Result<(Arc<dyn FileHandle>, PathBuf), JournalError> {
        let path = segment::path_of(&self.dir, number);
        let file = self
            .files
            .open(&path)
            .map_err(JournalError::io("open", &path))?;
        Ok((Arc::from(file), path))
    }

    fn enter(&mut self, header: &SegmentHeader) -> Result<Scanner, JournalError> {
        let (file, path) = self.open(header.number)?;
        // That it continues the previous segment was checked when that one was left.
        self.tail = header.tail();
        Ok(Scanner::new(
            file,
            path,
            SEGMENT_HEADER_BYTES,
            header.length,
        ))
    }

    /// This segment has no further frame: then the rest must be zeros, and the next segment must continue it.
    fn leave(&self, header: &SegmentHeader, scanner: &Scanner) -> Result<(), JournalError> {
        let (file, path) = self.open(header.number)?;
        let offset = scanner.offset();
        if let Some(at) = first_nonzero(file.as_ref(), &path, offset, header.length)? {
            let what = "what is here is neither a good frame nor unwritten";
            return Err(JournalError::altered(&path, at, what));
        }
        let next = self.found.segments.get(self.segment.saturating_add(1));
        match next.map(SegmentHeader::tail) {
            Some(begins) if self.tail.continues_as(&begins) => Ok(()),
            _ => {
                let what = "frames that were here are gone: the next segment continues others";
                Err(JournalError::altered(&path, offset, what))
            }
        }
    }

    fn check_prepared(&self) -> Result<(), JournalError> {
        for (number, length) in &self.found.prepared {
            let (file, path) = self.open(*number)?;
            refuse_nonzero(file.as_ref(), &path, 0, *length)?;
        }
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }
}
