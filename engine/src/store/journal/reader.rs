//! Reads durable frames, from any thread, while the journal is being written.

use super::error::JournalError;
use super::frame::{ChainHash, FrameHeader, FrameMeta};
use super::positions::{Marks, Published, Sought};
use super::scan::Scanner;
use super::segment::{self, SEGMENT_HEADER_BYTES};
use super::{Position, Tail};
use crate::store::files::{FileHandle, Files};
use parking_lot::RwLock;
use std::path::PathBuf;
use std::sync::Arc;

/// A group commit as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The frame's counts and time.
    pub meta: FrameMeta,
    /// The chain hash up to and including this frame.
    pub chain: ChainHash,
    /// The frame's position.
    pub position: Position,
    /// The caller's bytes.
    pub body: Vec<u8>,
}

/// Reads frames up to the durable end, and never beyond it.
#[derive(Debug, Clone)]
pub struct JournalReader {
    pub(super) files: Arc<dyn Files>,
    pub(super) dir: PathBuf,
    pub(super) published: Arc<RwLock<Published>>,
}

impl JournalReader {
    /// The durable end.
    pub fn tail(&self) -> Tail {
        self.published.read().tail.clone()
    }

    /// The frame with this record; `None` when it is not written yet. Records count from 1.
    pub fn frame_of_record(&self, record: u64) -> Result<Option<Frame>, JournalError> {
        self.frame_of(Sought::Record(record))
    }

    /// When the frame with this record was written, in milliseconds since 1970. Reads no body.
    pub fn time_of_record(&self, record: u64) -> Result<Option<u64>, JournalError> {
        let found = self.find(Sought::Record(record))?;
        Ok(found.map(|(_, header)| header.meta.at_ms))
    }

    /// The frame with this event; `None` when it is not written yet. Events count from 1.
    pub fn frame_of_event(&self, event: u64) -> Result<Option<Frame>, JournalError> {
        self.frame_of(Sought::Event(event))
    }

    /// The frames from the one with `record` on. The iterator ends at the present durable end, and continues from
    /// there when it is asked again later; after an error it stays ended.
    pub fn frames_from(&self, record: u64) -> Frames {
        Frames {
            reader: self.clone(),
            next_record: record.max(1),
            at: None,
            failed: false,
        }
    }

    fn frame_of(&self, sought: Sought) -> Result<Option<Frame>, JournalError> {
        let Some((mut reading, header)) = self.find(sought)? else {
            return Ok(None);
        };
        reading.read(&header).map(Some)
    }

    /// Finds the frame that contains the record or event, without reading bodies on the way.
    fn find(&self, sought: Sought) -> Result<Option<(Reading, FrameHeader)>, JournalError> {
        let Some(mut reading) = self.near(sought)? else {
            return Ok(None);
        };
        while let Some(header) = reading.scanner.header()? {
            if sought.is_before_end_of(&header.meta) {
                return Ok(Some((reading, header)));
            }
            reading.previous = Some(header.chain);
            reading.scanner.skip(&header);
        }
        Err(reading.broken())
    }

    fn near(&self, sought: Sought) -> Result<Option<Reading>, JournalError> {
        let chapter = {
            let published = self.published.read();
            if !sought.is_within(&published.tail) {
                return Ok(None);
            }
            published.chapter_of(sought)
        };
        let Some(mut reading) = self.read_chapter(chapter)? else {
            return Ok(None);
        };
        let offset = self.offset_before(chapter, sought)?;
        if offset > SEGMENT_HEADER_BYTES {
            reading.start_at(offset);
        }
        Ok(Some(reading))
    }

    fn read_chapter(&self, chapter: usize) -> Result<Option<Reading>, JournalError> {
        let (header, current) = {
            let published = self.published.read();
            let Some(found) = published.chapters.get(chapter) else {
                return Ok(None);
            };
            let last = chapter.saturating_add(1) == published.chapters.len();
            let current = last.then(|| (Arc::clone(&published.file), published.tail.offset));
            (found.header.clone(), current)
        };
        let path = segment::path_of(&self.dir, header.number);
        let (file, end): (Arc<dyn FileHandle>, u64) = if let Some(current) = current {
            current
        } else {
            let file = self
                .files
                .open(&path)
                .map_err(JournalError::io("open", &path))?;
            (Arc::from(file), header.length)
        };
        let scanner = Scanner::new(Arc::clone(&file), path, SEGMENT_HEADER_BYTES, end);
        let previous = Some(header.chain_before);
        Ok(Some(Reading {
            chapter,
            number: header.number,
            file,
            end,
            scanner,
            previous,
        }))
    }

    /// The offset in a chapter to start the search from. The marks of a segment from before the start are made when
    /// first needed, by walking its frame headers.
    fn offset_before(&self, chapter: usize, sought: Sought) -> Result<u64, JournalError> {
        {
            let published = self.published.read();
            if chapter.saturating_add(1) == published.chapters.len() {
                return Ok(published.marks.before(sought));
            }
            let known = published
                .chapters
                .get(chapter)
                .and_then(|found| found.marks.as_ref());
            if let Some(marks) = known {
                return Ok(marks.before(sought));
            }
        }
        let mut marks = Marks::default();
        if let Some(mut reading) = self.read_chapter(chapter)? {
            while let Some(header) = reading.scanner.header()? {
                marks.note(&header.meta, reading.scanner.offset());
                reading.scanner.skip(&header);
            }
        }
        let offset = marks.before(sought);
        if let Some(chapter) = self.published.write().chapters.get_mut(chapter) {
            chapter.marks = Some(marks);
        }
        Ok(offset)
    }
}

/// A place in one segment.
#[derive(Debug)]
struct Reading {
    chapter: usize,
    number: u32,
    file: Arc<dyn FileHandle>,
    end: u64,
    scanner: Scanner,
    /// The chain hash before the next frame, when it is known.
    previous: Option<ChainHash>,
}

impl Reading {
    fn start_at(&mut self, offset: u64) {
        let path = self.scanner.path().to_path_buf();
        self.scanner = Scanner::new(Arc::clone(&self.file), path, offset, self.end);
        self.previous = None;
    }

    fn broken(&self) -> JournalError {
        let what = "a frame that was here is damaged";
        JournalError::altered(self.scanner.path(), self.scanner.offset(), what)
    }

    fn read(&mut self, header: &FrameHeader) -> Result<Frame, JournalError> {
        let offset = self.scanner.offset();
        let body = self.scanner.body(header)?;
        if self
            .previous
            .is_some_and(|previous| header.chain_after(&previous, &body) != header.chain)
        {
            let what = "this frame does not continue the chain";
            return Err(JournalError::altered(self.scanner.path(), offset, what));
        }
        self.scanner.skip(header);
        self.previous = Some(header.chain);
        let position = Position {
            segment: self.number,
            offset,
        };
        Ok(Frame {
            meta: header.meta,
            chain: header.chain,
            position,
            body,
        })
    }
}

/// See [`JournalReader::frames_from`].
#[derive(Debug)]
pub struct Frames {
    reader: JournalReader,
    next_record: u64,
    at: Option<Reading>,
    failed: bool,
}

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.next_record >= self.reader.tail().next_record {
            return None;
        }
        let frame = self.read();
        match &frame {
            Ok(frame) => self.next_record = frame.meta.next_record(),
            Err(_) => self.failed = true,
        }
        Some(frame)
    }
}

impl Frames {
    fn read(&mut self) -> Result<Frame, JournalError> {
        let mut reading = match self.at.take() {
            Some(reading) => reading,
            None => match self.reader.find(Sought::Record(self.next_record))? {
                Some((reading, _)) => reading,
                None => return Err(self.vanished()),
            },
        };
        loop {
            reading.scanner.extend_to(self.end_of(&reading));
            if let Some(header) = reading.scanner.header()? {
                let follows =
                    header.meta.first_record == self.next_record || self.is_first(&header);
                if !follows {
                    return Err(reading.broken());
                }
                let frame = reading.read(&header);
                self.at = Some(reading);
                return frame;
            }
            reading = self.turn_page(&reading)?;
        }
    }

    /// The first frame may begin before the requested record.
    fn is_first(&self, header: &FrameHeader) -> bool {
        header.meta.first_record < self.next_record && self.next_record < header.meta.next_record()
    }

    fn end_of(&self, reading: &Reading) -> u64 {
        let published = self.reader.published.read();
        if published.tail.segment == reading.number {
            published.tail.offset
        } else {
            u64::MAX
        }
        .min(
            published
                .chapters
                .get(reading.chapter)
                .map_or(0, |found| found.header.length),
        )
    }

    /// Continues in the next segment; its header must continue the chain.
    fn turn_page(&self, reading: &Reading) -> Result<Reading, JournalError> {
        let next = self
            .reader
            .read_chapter(reading.chapter.saturating_add(1))?;
        let next = next.ok_or_else(|| reading.broken())?;
        if reading.previous.is_some() && next.previous != reading.previous {
            return Err(reading.broken());
        }
        Ok(next)
    }

    fn vanished(&self) -> JournalError {
        let file = segment::path_of(&self.reader.dir, self.reader.tail().segment);
        JournalError::Missing { file }
    }
}
