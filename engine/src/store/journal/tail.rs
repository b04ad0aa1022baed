//! The journal's end, what may follow it, and how the journal was last left.

use super::frame::{ChainHash, FrameHeader, FrameMeta};
use super::segment::SEGMENT_HEADER_BYTES;

/// Where a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The segment's number.
    pub segment: u32,
    /// Bytes from the start of its file.
    pub offset: u64,
}

/// The journal's end: what comes next, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// The next record's sequence.
    pub next_record: u64,
    /// The next event's sequence.
    pub next_event: u64,
    /// Time of the last frame; the next is not earlier.
    pub last_at_ms: u64,
    /// The chain hash of the last frame.
    pub chain: ChainHash,
    /// The segment being written.
    pub segment: u32,
    /// Where the next frame begins, if it fits.
    pub offset: u64,
}

impl Tail {
    /// The end of a journal nothing was ever written to. Records and events count from 1.
    pub(super) fn genesis() -> Self {
        let (next_record, next_event, last_at_ms) = (1, 1, 0);
        let offset = SEGMENT_HEADER_BYTES;
        Self {
            next_record,
            next_event,
            last_at_ms,
            chain: [0; 32],
            segment: 0,
            offset,
        }
    }

    /// The end after one more frame at `offset`, or the reason why the frame cannot follow.
    pub(super) fn followed_by(
        &self,
        header: &FrameHeader,
        body: &[u8],
        offset: u64,
    ) -> Result<Self, &'static str> {
        if self.refuses(&header.meta).is_some() {
            return Err("this frame does not continue the one before it");
        }
        if header.chain_after(&self.chain, body) != header.chain {
            return Err("this frame does not continue the chain");
        }
        let offset = offset.saturating_add(header.frame_bytes());
        Ok(self.moved_behind(&header.meta, header.chain, offset))
    }

    pub(super) fn moved_behind(&self, meta: &FrameMeta, chain: ChainHash, offset: u64) -> Self {
        Self {
            next_record: meta.next_record(),
            next_event: meta.next_event(),
            last_at_ms: meta.at_ms,
            chain,
            segment: self.segment,
            offset,
        }
    }

    /// The reason why a frame cannot follow, if it cannot: field, expected and found.
    pub(super) fn refuses(&self, meta: &FrameMeta) -> Option<(&'static str, u64, u64)> {
        if meta.first_record != self.next_record || meta.records == 0 {
            return Some(("record", self.next_record, meta.first_record));
        }
        if meta.first_event != self.next_event {
            return Some(("event", self.next_event, meta.first_event));
        }
        let too_early = meta.at_ms < self.last_at_ms;
        too_early.then_some(("a time from", self.last_at_ms, meta.at_ms))
    }

    /// Whether a segment that begins with `other` continues this end.
    pub(super) fn continues_as(&self, other: &Self) -> bool {
        self.next_record == other.next_record
            && self.next_event == other.next_event
            && self.last_at_ms == other.last_at_ms
            && self.chain == other.chain
    }
}

/// How the journal was last left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastStop {
    /// Stopped in order at this end. Any other end is a loss.
    Clean(ExpectedEnd),
    /// The process died and the machine has not restarted since the journal was last opened: only
    /// whole pages can be missing. Record the boot id only after [`super::Journal::open`] has returned.
    Killed,
    /// Power may have failed: any unsynced sector can be missing.
    Unknown,
}

/// Where a journal ended when it was stopped in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedEnd {
    /// The next record's sequence.
    pub next_record: u64,
    /// The chain hash of the last frame.
    pub chain: ChainHash,
    /// The segment.
    pub segment: u32,
    /// Where the next frame would begin.
    pub offset: u64,
}

impl ExpectedEnd {
    pub(super) fn is(&self, tail: &Tail) -> bool {
        *self == Self::from(tail)
    }
}

impl From<&Tail> for ExpectedEnd {
    fn from(tail: &Tail) -> Self {
        let Tail {
            next_record,
            chain,
            segment,
            offset,
            ..
        } = *tail;
        Self {
            next_record,
            chain,
            segment,
            offset,
        }
    }
}
