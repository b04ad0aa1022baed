//! Checks sled's log before sled opens it.
//!
//! sled 0.34.7 checksums each message of its log, and a bad checksum is an error when a page is read. But when sled
//! opens, it replays the log since its last snapshot (that is: since it was last opened), and there a message with a
//! bad checksum counts as the end of its segment: the rest of the segment is dropped silently, and later segments are
//! replayed all the same. An index that has lost keys in its middle then looks complete. So the same messages are
//! read here first, and such an index is not opened.
//!
//! Not detected here: a whole segment overwritten with zeros. `daegeum verify` detects that.

use std::io;
use std::path::Path;

use crate::store::files::{FileHandle, Files};

const SEGMENT_BYTES: u64 = 512 * 1024;
const SEGMENT_HEADER_BYTES: usize = 20;
/// No message header is longer.
const MESSAGE_HEADER_BYTES_MAX: usize = 32;
/// The message kind of unwritten space and of space that sled has wiped.
const NOTHING: u8 = 0;

/// Describes the damage of the log in `dir`, in the part that sled will replay.
pub(super) fn examine(files: &dyn Files, dir: &Path) -> io::Result<Result<(), String>> {
    let file = match files.open(&dir.join("db")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Ok(())),
        Err(error) => return Err(error),
    };
    let replayed_from = last_snapshot(files, dir)?;
    let mut torn = Vec::new();
    let mut last = 0;
    for at in segment_starts(file.length()?) {
        let mut header = [0; SEGMENT_HEADER_BYTES];
        file.read_at(at, &mut header)?;
        let Some(lsn) = lsn_of(&header) else {
            // Never used, or wiped: then all of it must be.
            if read(file.as_ref(), at)?.iter().any(|byte| *byte != NOTHING) {
                return Ok(Err(format!("the segment of its log at {at} has no header")));
            }
            continue;
        };
        if lsn < replayed_from {
            continue;
        }
        last = last.max(lsn);
        if let Some(within) = tear(&read(file.as_ref(), at)?, lsn) {
            torn.push((lsn, at, within));
        }
    }
    // The log's end is somewhere in its last segment.
    Ok(match torn.into_iter().find(|(lsn, _, _)| *lsn < last) {
        Some((_, at, within)) => Err(format!(
            "a message of its log does not sum, in the segment at {at}, byte {within}"
        )),
        None => Ok(()),
    })
}

fn segment_starts(length: u64) -> impl Iterator<Item = u64> {
    (0..length.div_ceil(SEGMENT_BYTES)).map(|nth| nth.saturating_mul(SEGMENT_BYTES))
}

/// The log position from whose segment on sled replays; it is part of the snapshot's name.
fn last_snapshot(files: &dyn Files, dir: &Path) -> io::Result<u64> {
    let names = files.list(dir)?;
    let positions = names
        .iter()
        .filter_map(|name| u64::from_str_radix(name.strip_prefix("snap.")?, 16).ok());
    let position = positions.max().unwrap_or(0);
    Ok(position
        .div_euclid(SEGMENT_BYTES)
        .saturating_mul(SEGMENT_BYTES))
}

fn read(file: &dyn FileHandle, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(SEGMENT_BYTES).unwrap_or_default()];
    let read = file.read_at(at, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// The log position at the start of a segment, if its header's checksum is right.
fn lsn_of(header: &[u8; SEGMENT_HEADER_BYTES]) -> Option<u64> {
    let (sum, rest) = header.split_first_chunk::<4>()?;
    let (lsn, _) = rest.split_first_chunk::<8>()?;
    let right = crc32fast::hash(rest) == u32::from_le_bytes(*sum) ^ u32::MAX;
    let lsn = i64::from_le_bytes(*lsn) ^ i64::MAX;
    right.then_some(lsn).and_then(|lsn| u64::try_from(lsn).ok())
}

/// The offset of the first damaged message in a segment; `None` if it is whole.
fn tear(segment: &[u8], lsn: u64) -> Option<usize> {
    let number = lsn.div_euclid(SEGMENT_BYTES);
    let whole = usize::try_from(SEGMENT_BYTES).unwrap_or_default();
    let mut at = SEGMENT_HEADER_BYTES;
    while at.saturating_add(MESSAGE_HEADER_BYTES_MAX) <= whole {
        match message_bytes(segment.get(at..).unwrap_or_default(), number) {
            Some(Message::Cap) => return None,
            Some(Message::Other(bytes)) => at = at.saturating_add(bytes),
            None => return Some(at),
        }
    }
    None
}

enum Message {
    /// Nothing follows in this segment.
    Cap,
    /// So many bytes long.
    Other(usize),
}

/// The message at the front, if its checksum is right and it belongs to this segment.
fn message_bytes(bytes: &[u8], segment: u64) -> Option<Message> {
    const CAP: u8 = 2;
    let (sum, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first()?;
    let (length, rest) = number(rest)?;
    let (of_segment, rest) = number(rest)?;
    let (_page, rest) = number(rest)?;
    let length = usize::try_from(length).ok()?;
    let body = rest.get(..length)?;
    let header_bytes = bytes.len().saturating_sub(rest.len());
    let mut crc = crc32fast::Hasher::new();
    crc.update(body);
    crc.update(bytes.get(4..header_bytes)?);
    let right = crc.finalize() ^ u32::MAX == u32::from_le_bytes(*sum);
    if !right || *kind == NOTHING || of_segment != segment {
        return None;
    }
    Some(match *kind {
        CAP => Message::Cap,
        _ => Message::Other(header_bytes.saturating_add(length)),
    })
}

/// A number in sled's encoding: the first byte gives the length.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let first_value = u64::from(*first);
    match *first {
        0..=240 => Some((first_value, rest)),
        241..=248 => {
            let (second, rest) = rest.split_first()?;
            let value = first_value.saturating_sub(241).saturating_mul(256);
            let value = value.saturating_add(240).saturating_add(u64::from(*second));
            Some((value, rest))
        }
        249 => {
            let ([high, low], rest) = rest.split_first_chunk()?;
            let value = u64::from(u16::from_be_bytes([*high, *low]));
            Some((value.saturating_add(2_288), rest))
        }
        250..=255 => {
            let length = usize::from(first.saturating_sub(247));
            let (digits, rest) = rest.split_at_checked(length)?;
            let digit = |value: u64, digit: &u8| (value << 8) | u64::from(*digit);
            Some((digits.iter().rev().fold(0, digit), rest))
        }
    }
}
