//! The first sector of a segment file: the segment's number and the chain before it.
//!
//! It is one sector, so that a crash leaves it whole or absent. Its checksum is at the same place in every version of
//! the format, so that a newer version can be told from a damaged byte.

use super::Tail;
use super::error::JournalError;
use super::frame::{ChainHash, Fields};
use std::path::{Path, PathBuf};

/// Bytes before the first frame.
pub(super) const SEGMENT_HEADER_BYTES: u64 = 512;
const SECTOR: usize = 512;
const MAGIC: [u8; 8] = *b"DAEGJRNL";
/// The format this program writes, and the newest it reads.
pub(super) const FORMAT_VERSION: u32 = 1;
const FIELD_BYTES: usize = 80;

/// The fields of a segment header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) number: u32,
    pub(super) length: u64,
    pub(super) first_record: u64,
    pub(super) first_event: u64,
    /// Time of the last frame before this segment.
    pub(super) last_at_ms: u64,
    /// Chain hash of the last frame before this segment.
    pub(super) chain_before: ChainHash,
}

impl SegmentHeader {
    /// The header of the segment after `tail`.
    pub(super) fn after(tail: &Tail, number: u32, length: u64) -> Self {
        Self {
            number,
            length,
            first_record: tail.next_record,
            first_event: tail.next_event,
            last_at_ms: tail.last_at_ms,
            chain_before: tail.chain,
        }
    }

    /// The journal's end while this segment has no frame.
    pub(super) fn tail(&self) -> Tail {
        Tail {
            next_record: self.first_record,
            next_event: self.first_event,
            last_at_ms: self.last_at_ms,
            chain: self.chain_before,
            segment: self.number,
            offset: SEGMENT_HEADER_BYTES,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SECTOR);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.first_record.to_le_bytes());
        bytes.extend_from_slice(&self.first_event.to_le_bytes());
        bytes.extend_from_slice(&self.last_at_ms.to_le_bytes());
        bytes.extend_from_slice(&self.chain_before);
        bytes.resize(SECTOR.saturating_sub(4), 0);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the first sector of `file`, which must be segment `number` and `length` bytes long.
    pub(super) fn decode(
        sector: &[u8],
        file: &Path,
        number: u32,
        length: u64,
    ) -> Result<Self, JournalError> {
        let damaged = || JournalError::altered(file, 0, "the segment's header is damaged");
        let (summed, sum) = sector.split_last_chunk::<4>().ok_or_else(damaged)?;
        let mut fields = Fields(summed);
        let magic = fields.take::<8>().ok_or_else(damaged)?;
        if sector.len() != SECTOR
            || magic != MAGIC
            || crc32fast::hash(summed) != u32::from_le_bytes(*sum)
        {
            return Err(damaged());
        }
        let version = u32::from_le_bytes(fields.take().ok_or_else(damaged)?);
        if version != FORMAT_VERSION {
            let (file, supported) = (file.to_path_buf(), FORMAT_VERSION);
            return Err(JournalError::Newer {
                file,
                version,
                supported,
            });
        }
        let header = Self::fields(&mut fields).ok_or_else(damaged)?;
        if header.number != number {
            let what = "it is another segment under this name; someone swapped or copied files";
            return Err(JournalError::altered(file, 12, what));
        }
        if header.length != length {
            return Err(JournalError::altered(
                file,
                header.length.min(length),
                "the file is not as long as its header says",
            ));
        }
        if summed
            .get(FIELD_BYTES..)
            .is_none_or(|rest| rest.iter().any(|byte| *byte != 0))
        {
            return Err(damaged());
        }
        Ok(header)
    }

    fn fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            number: u32::from_le_bytes(fields.take()?),
            length: u64::from_le_bytes(fields.take()?),
            first_record: u64::from_le_bytes(fields.take()?),
            first_event: u64::from_le_bytes(fields.take()?),
            last_at_ms: u64::from_le_bytes(fields.take()?),
            chain_before: fields.take()?,
        })
    }
}

/// The file of a segment.
pub(super) fn path_of(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}.seg"))
}

/// The number in a segment's file name; `None` for other files.
pub(super) fn number_of(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (format!("{number:08}.seg") == name).then_some(number)
}
