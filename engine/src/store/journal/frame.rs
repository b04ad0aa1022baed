//! One frame, byte by byte: a group commit on disk.
//!
//! Every part of a frame that lies in one 512-byte sector has non-zero bytes (one in sixteen at least). So a zero
//! sector inside a frame was never written, and a torn write can be told from an altered one. docs/journal.md has the
//! layout; a test reads it against the golden segment.

use super::error::JournalError;
use sha2::{Digest, Sha256};

/// Bytes before the body.
pub(super) const HEADER_BYTES: usize = 80;
/// Checksum and end mark.
pub(super) const TRAILER_BYTES: usize = 8;
/// The largest body of a frame, whatever the options say.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The unit that a disk writes whole or not at all.
pub(super) const SECTOR_BYTES: u64 = 512;

pub(super) const MAGIC: [u8; 4] = *b"DGFR";
pub(super) const END_MARK: [u8; 4] = *b"DGFE";
const FILLER: u8 = 0xFF;

/// A hash over everything written up to a frame.
pub type ChainHash = [u8; 32];

/// The content of a frame, counted in records and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameMeta {
    /// Sequence of its first record.
    pub first_record: u64,
    /// How many records.
    pub records: u32,
    /// Sequence of its first event, or of the next one if it has none.
    pub first_event: u64,
    /// How many events.
    pub events: u32,
    /// The time of the commit, in milliseconds since 1970.
    pub at_ms: u64,
}

impl FrameMeta {
    /// The record after its last.
    pub fn next_record(&self) -> u64 {
        self.first_record.saturating_add(u64::from(self.records))
    }

    /// The event after its last.
    pub fn next_event(&self) -> u64 {
        self.first_event.saturating_add(u64::from(self.events))
    }
}

/// A frame's header as found on disk; its own checksum was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) meta: FrameMeta,
    pub(super) body_bytes: u32,
    pub(super) chain: ChainHash,
    mask: u8,
}

impl FrameHeader {
    /// `None` unless the bytes begin with an undamaged header.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let (summed, sum) = header.split_last_chunk::<4>()?;
        if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
            return None;
        }
        let mut fields = Fields(summed);
        if fields.take::<4>()? != MAGIC {
            return None;
        }
        let body_bytes = u32::from_le_bytes(fields.take()?);
        let meta = FrameMeta {
            first_record: u64::from_le_bytes(fields.take()?),
            first_event: u64::from_le_bytes(fields.take()?),
            records: u32::from_le_bytes(fields.take()?),
            events: u32::from_le_bytes(fields.take()?),
            at_ms: u64::from_le_bytes(fields.take()?),
        };
        let chain = fields.take()?;
        let [mask, second, third, fourth] = fields.take::<4>()?;
        let uniform = mask == second && mask == third && mask == fourth;
        let fits = usize::try_from(body_bytes).is_ok_and(|bytes| bytes <= MAX_BODY_BYTES);
        (uniform && fits).then_some(Self {
            meta,
            body_bytes,
            chain,
            mask,
        })
    }

    /// The length from the header's first byte to the end mark's last.
    pub(super) fn frame_bytes(&self) -> u64 {
        frame_bytes(u64::from(self.body_bytes))
    }

    fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.chained_fields());
        bytes.extend_from_slice(&self.chain);
        bytes.extend_from_slice(&[self.mask; 4]);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = from;
        }
        header
    }

    /// Bytes 4 to 40 of the header, which the chain covers besides the body.
    fn chained_fields(&self) -> Vec<u8> {
        let meta = &self.meta;
        let mut bytes = Vec::with_capacity(36);
        bytes.extend_from_slice(&self.body_bytes.to_le_bytes());
        bytes.extend_from_slice(&meta.first_record.to_le_bytes());
        bytes.extend_from_slice(&meta.first_event.to_le_bytes());
        bytes.extend_from_slice(&meta.records.to_le_bytes());
        bytes.extend_from_slice(&meta.events.to_le_bytes());
        bytes.extend_from_slice(&meta.at_ms.to_le_bytes());
        bytes
    }

    /// The chain hash of a frame with these fields and this body after `previous`.
    pub(super) fn chain_after(&self, previous: &ChainHash, body: &[u8]) -> ChainHash {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(self.chained_fields());
        hash.update(body);
        hash.finalize().into()
    }

    /// The body of the frame at the front of `bytes`, or a description of its damage.
    pub(super) fn open_body(&self, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        let frame_bytes = usize::try_from(self.frame_bytes()).unwrap_or(usize::MAX);
        let body_bytes = usize::try_from(self.body_bytes).unwrap_or(usize::MAX);
        let frame = bytes.get(..frame_bytes).ok_or("the frame is cut off")?;
        let stored = frame
            .get(HEADER_BYTES..)
            .and_then(|rest| rest.split_last_chunk());
        let (stored, trailer): (&[u8], &[u8; TRAILER_BYTES]) =
            stored.ok_or("the frame is cut off")?;
        let mut trailer = Fields(trailer);
        let sum = trailer.take::<4>().map(u32::from_le_bytes);
        if trailer.take::<4>() != Some(END_MARK) {
            return Err("the frame's end mark is damaged");
        }
        if sum != Some(crc32fast::hash(stored)) {
            return Err("the frame's body does not match its checksum");
        }
        let (body, filler) = stored
            .split_at_checked(body_bytes)
            .ok_or("the frame is cut off")?;
        if filler.iter().any(|byte| *byte != FILLER) {
            return Err("the frame's filler is damaged");
        }
        let mut body = body.to_vec();
        apply_mask(&mut body, self.mask);
        Ok(body)
    }
}

/// A frame ready to be written.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) chain: ChainHash,
}

/// Writes a frame into `buffer` (emptied first), as it must be at `offset` of its segment.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    meta: FrameMeta,
    body: &[u8],
    previous: &ChainHash,
    offset: u64,
) -> Result<Encoded, JournalError> {
    let too_large = || JournalError::TooLarge {
        bytes: body.len(),
        limit: MAX_BODY_BYTES,
    };
    if body.len() > MAX_BODY_BYTES {
        return Err(too_large());
    }
    let body_bytes = u32::try_from(body.len()).map_err(|_| too_large())?;
    let mut header = FrameHeader {
        meta,
        body_bytes,
        chain: [0; 32],
        mask: 0,
    };
    header.chain = header.chain_after(previous, body);
    for mask in 0..=u8::MAX {
        header.mask = mask;
        lay_out(buffer, &header, body);
        if every_sector_shows(buffer, offset) {
            return Ok(Encoded {
                chain: header.chain,
            });
        }
    }
    Err(JournalError::Unmaskable { bytes: body.len() })
}

fn lay_out(buffer: &mut Vec<u8>, header: &FrameHeader, body: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(&header.encode());
    buffer.extend_from_slice(body);
    let stored = |buffer: &Vec<u8>| buffer.len().saturating_sub(HEADER_BYTES);
    if let Some(body) = buffer.get_mut(HEADER_BYTES..) {
        apply_mask(body, header.mask);
    }
    let filled = HEADER_BYTES.saturating_add(stored(buffer).next_multiple_of(8));
    buffer.resize(filled, FILLER);
    let sum = crc32fast::hash(buffer.get(HEADER_BYTES..).unwrap_or_default());
    buffer.extend_from_slice(&sum.to_le_bytes());
    buffer.extend_from_slice(&END_MARK);
}

/// Bytes a frame takes on disk.
pub(super) fn frame_bytes(body_bytes: u64) -> u64 {
    let around = HEADER_BYTES.saturating_add(TRAILER_BYTES);
    body_bytes
        .next_multiple_of(8)
        .saturating_add(u64::try_from(around).unwrap_or(u64::MAX))
}

/// `bytes`, which begin at `offset` of a file, split at sector boundaries.
pub(super) fn sector_parts(bytes: &[u8], offset: u64) -> impl Iterator<Item = &[u8]> {
    let first = offset.next_multiple_of(SECTOR_BYTES).saturating_sub(offset);
    let first = usize::try_from(first)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let (head, rest) = bytes.split_at_checked(first).unwrap_or((bytes, &[]));
    let sector = usize::try_from(SECTOR_BYTES).unwrap_or(usize::MAX);
    std::iter::once(head)
        .filter(|head| !head.is_empty())
        .chain(rest.chunks(sector))
}

/// Whether a part of a sector has enough non-zero bytes to be part of a frame rather than unwritten disk.
pub(super) fn shows(part: &[u8]) -> bool {
    let needed = part.len().div_euclid(16).max(1);
    part.iter().filter(|byte| **byte != 0).take(needed).count() == needed
}

fn every_sector_shows(frame: &[u8], offset: u64) -> bool {
    sector_parts(frame, offset).all(shows)
}

fn apply_mask(body: &mut [u8], mask: u8) {
    if mask != 0 {
        for byte in body {
            *byte ^= mask;
        }
    }
}

/// Takes fixed-size fields off the front of a slice.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}
