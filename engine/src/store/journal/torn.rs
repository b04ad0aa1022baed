//! Tells a torn write from an altered one, at the end of the journal.
//!
//! At most one frame was unsynced when the process or the power failed, so the bytes after the last good frame can
//! only be whole sectors of one frame; its other sectors are still zero. And every sector of a written frame has
//! non-zero bytes (see [`super::frame`]). So a frame with a zero sector was never written whole, and therefore never
//! acknowledged: it may be cut. Anything else was written, perhaps acknowledged, and changed since: the journal
//! refuses it.

use super::Tail;
use super::frame::{
    END_MARK, Fields, FrameHeader, HEADER_BYTES, MAGIC, MAX_BODY_BYTES, SECTOR_BYTES, frame_bytes,
    sector_parts, shows,
};
use super::scan::is_zero;

const PAGE_BYTES: usize = 4096;

/// The ways in which a write under way may have been cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The process was killed: pages from the front are there, the rest is not.
    Pages,
    /// Power may have failed: any sector may be missing.
    Sectors,
}

/// The reason why this is no tear, and its distance from the tail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

const fn altered(at: usize, what: &'static str) -> Result<(), Contradiction> {
    Err(Contradiction { at, what })
}

/// The largest number of bytes behind the tail that a torn frame and a header after it can have.
pub(super) fn reach() -> u64 {
    super::scan::plus(
        frame_bytes(u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX)),
        HEADER_BYTES,
    )
}

/// Judges the bytes behind `tail`, where no good frame begins. `rest` goes up to [`reach`] or the segment's end;
/// `written` is the end of its last non-zero byte. `Ok` means torn: it may be cut.
pub(super) fn judge(
    rest: &[u8],
    written: usize,
    tail: &Tail,
    cut: Cut,
) -> Result<(), Contradiction> {
    if later_frame(rest, written, tail) {
        return altered(
            0,
            "this frame is damaged, and a later one shows that it was once whole",
        );
    }
    let first = sector_parts(rest, tail.offset)
        .next()
        .map_or(0, <[u8]>::len);
    let Some((first_part, behind)) = rest.split_at_checked(first) else {
        return Ok(());
    };
    if is_zero(first_part) {
        return judge_headless(behind, first, written, cut);
    }
    if let Some(header) = FrameHeader::decode(rest) {
        if header.meta.first_record != tail.next_record
            || header.meta.first_event != tail.next_event
        {
            return altered(0, "this frame does not continue the one before it");
        }
        return judge_length(rest, header.frame_bytes(), written, tail, cut);
    }
    let sector = usize::try_from(SECTOR_BYTES).unwrap_or(usize::MAX);
    let second = behind.get(..sector.min(behind.len())).unwrap_or_default();
    if first >= HEADER_BYTES || !is_zero(second) {
        return altered(
            first_nonzero(rest),
            "this is no frame's header, or a damaged one",
        );
    }
    match cut_header(first_part, tail) {
        Some(length) => judge_length(rest, length, written, tail, cut),
        None => altered(
            first_nonzero(rest),
            "this never was the beginning of a frame",
        ),
    }
}

/// Whether `rest` has the header of a frame that was written after the one at the tail.
fn later_frame(rest: &[u8], written: usize, tail: &Tail) -> bool {
    let starts = (8..written).step_by(8);
    starts.filter_map(|start| rest.get(start..)).any(|bytes| {
        bytes.starts_with(&MAGIC)
            && FrameHeader::decode(bytes)
                .is_some_and(|header| header.meta.first_record > tail.next_record)
    })
}

/// The frame's first sector is missing; the sectors that are there must look like its others.
fn judge_headless(
    behind: &[u8],
    first: usize,
    written: usize,
    cut: Cut,
) -> Result<(), Contradiction> {
    let sector = usize::try_from(SECTOR_BYTES).unwrap_or(usize::MAX);
    let mut at = first;
    for part in behind.chunks(sector) {
        if !is_zero(part) {
            let found_at = at.saturating_add(first_nonzero(part));
            if cut == Cut::Pages {
                return altered(
                    found_at,
                    "nothing was ever written here, yet it is not zero",
                );
            }
            let last = written <= at.saturating_add(part.len());
            let fits_a_frame = shows(part) || (last && is_frame_end(part));
            if !fits_a_frame {
                return altered(
                    found_at,
                    "nothing was ever written here, yet it is not zero",
                );
            }
        }
        at = at.saturating_add(part.len());
    }
    Ok(())
}

fn first_nonzero(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte != 0).unwrap_or(0)
}

/// Whether a sector looks like a frame's last: written up to an end mark, zero behind it.
fn is_frame_end(part: &[u8]) -> bool {
    let end = part
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last.saturating_add(1));
    let written = part.get(..end).unwrap_or_default();
    end.is_multiple_of(8) && written.ends_with(&END_MARK) && shows(written)
}

/// The frame's length is known: looks for its unwritten sectors.
fn judge_length(
    rest: &[u8],
    length: u64,
    written: usize,
    tail: &Tail,
    cut: Cut,
) -> Result<(), Contradiction> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let Some((frame, behind)) = rest.split_at_checked(length) else {
        return altered(0, "this frame is longer than its segment has room for");
    };
    if written > length {
        let at = length.saturating_add(first_nonzero(behind));
        return altered(at, "nothing was ever written here, yet it is not zero");
    }
    let mut at = 0_usize;
    for part in sector_parts(frame, tail.offset) {
        if is_zero(part) {
            return match cut {
                Cut::Sectors => Ok(()),
                Cut::Pages => judge_page_cut(at, written, tail),
            };
        }
        at = at.saturating_add(part.len());
    }
    altered(0, "this frame was written whole and has changed since")
}

/// A killed process leaves whole pages from the front: the first hole must be the last.
fn judge_page_cut(hole: usize, written: usize, tail: &Tail) -> Result<(), Contradiction> {
    let page = u64::try_from(PAGE_BYTES).unwrap_or(u64::MAX);
    let hole_at = super::scan::plus(tail.offset, hole);
    if hole_at.is_multiple_of(page) && written <= hole {
        return Ok(());
    }
    altered(
        hole,
        "part of this frame is gone, though the machine did not lose power",
    )
}

/// The length of the frame that begins with `part`, the rest of its header being unwritten; `None` if this cannot be
/// the beginning of the next frame.
fn cut_header(part: &[u8], tail: &Tail) -> Option<u64> {
    let mut fields = Fields(part);
    let magic = fields.take::<4>()?;
    let body_bytes = u32::from_le_bytes(fields.take()?);
    let expected = [tail.next_record, tail.next_event];
    let continues = expected.iter().all(|expected| {
        fields
            .take::<8>()
            .is_none_or(|found| u64::from_le_bytes(found) == *expected)
    });
    let fits = usize::try_from(body_bytes).is_ok_and(|bytes| bytes <= MAX_BODY_BYTES);
    (magic == MAGIC && fits && continues).then(|| frame_bytes(u64::from(body_bytes)))
}
