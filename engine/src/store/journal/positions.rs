//! The positions of frames: one mark about every 64 KiB, so that finding a frame reads only that much.

use super::Tail;
use super::frame::FrameMeta;
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::store::files::FileHandle;
use std::sync::Arc;

const SPACING_BYTES: u64 = 64 * 1024;

/// A frame's beginning.
#[derive(Debug, Clone, Copy)]
struct Mark {
    first_record: u64,
    first_event: u64,
    offset: u64,
}

/// The marks of one segment, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks(Vec<Mark>);

/// The record or event to find.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sought {
    Record(u64),
    Event(u64),
}

impl Sought {
    /// Whether the record or event is in this frame or a later one.
    fn is_from(self, first_record: u64, first_event: u64) -> bool {
        match self {
            Self::Record(record) => first_record <= record,
            Self::Event(event) => first_event <= event,
        }
    }

    /// Whether the record or event is in this frame or an earlier one.
    pub(super) fn is_before_end_of(self, meta: &FrameMeta) -> bool {
        match self {
            Self::Record(record) => record < meta.next_record(),
            Self::Event(event) => event < meta.next_event(),
        }
    }

    /// Whether it was ever written: both are counted from 1.
    pub(super) fn is_within(self, tail: &Tail) -> bool {
        match self {
            Self::Record(record) => (1..tail.next_record).contains(&record),
            Self::Event(event) => (1..tail.next_event).contains(&event),
        }
    }
}

impl Marks {
    /// Adds a mark if the last one is far enough behind. Frames come in order.
    pub(super) fn note(&mut self, meta: &FrameMeta, offset: u64) {
        let last = self
            .0
            .last()
            .map_or(SEGMENT_HEADER_BYTES, |mark| mark.offset);
        if offset.saturating_sub(last) >= SPACING_BYTES {
            let FrameMeta {
                first_record,
                first_event,
                ..
            } = *meta;
            self.0.push(Mark {
                first_record,
                first_event,
                offset,
            });
        }
    }

    /// The offset to start the search from.
    pub(super) fn before(&self, sought: Sought) -> u64 {
        let behind = self
            .0
            .partition_point(|mark| sought.is_from(mark.first_record, mark.first_event));
        let mark = behind.checked_sub(1).and_then(|last| self.0.get(last));
        mark.map_or(SEGMENT_HEADER_BYTES, |mark| mark.offset)
    }
}

/// A segment in use.
#[derive(Debug, Clone)]
pub(super) struct Chapter {
    pub(super) header: SegmentHeader,
    /// For a segment from before the start: made when first needed.
    pub(super) marks: Option<Marks>,
}

/// The segments that readers may see: every segment in use, up to the durable end.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) tail: Tail,
    pub(super) chapters: Vec<Chapter>,
    /// The marks of the last chapter.
    pub(super) marks: Marks,
    /// The file of the last chapter, which is read most.
    pub(super) file: Arc<dyn FileHandle>,
}

impl Published {
    /// The chapter that contains the record or event, counted from 0.
    pub(super) fn chapter_of(&self, sought: Sought) -> usize {
        let behind = self.chapters.partition_point(|chapter| {
            sought.is_from(chapter.header.first_record, chapter.header.first_event)
        });
        behind.saturating_sub(1)
    }

    /// Begins the next segment.
    pub(super) fn begin(&mut self, header: SegmentHeader, file: Arc<dyn FileHandle>) {
        let marks = std::mem::take(&mut self.marks);
        if let Some(last) = self.chapters.last_mut() {
            last.marks = Some(marks);
        }
        self.tail = header.tail();
        self.file = file;
        self.chapters.push(Chapter {
            header,
            marks: None,
        });
    }
}
