//! Reads from outside when a journal's last frame was written, even while its writer is at work. Changes nothing and
//! verifies nothing.

use super::error::JournalError;
use super::scan::Scanner;
use super::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::store::files::{FileHandle, Files};
use std::path::Path;
use std::sync::Arc;

/// When the last frame of the journal in `dir` was written, in milliseconds since 1970; `None` if it has none.
pub fn last_written_ms(files: &dyn Files, dir: &Path) -> Result<Option<u64>, JournalError> {
    let names = files.list(dir).map_err(JournalError::io("list", dir))?;
    let mut numbers: Vec<u32> = names
        .iter()
        .filter_map(|name| segment::number_of(name))
        .collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    for number in numbers {
        let path = segment::path_of(dir, number);
        let file = files.open(&path).map_err(JournalError::io("open", &path))?;
        let file: Arc<dyn FileHandle> = Arc::from(file);
        // A prepared segment has no header yet.
        if let Some(header) = header_of(&file, &path, number)? {
            return last_in(file, &path, &header);
        }
    }
    Ok(None)
}

fn header_of(
    file: &Arc<dyn FileHandle>,
    path: &Path,
    number: u32,
) -> Result<Option<SegmentHeader>, JournalError> {
    let length = file.length().map_err(JournalError::io("measure", path))?;
    let mut sector = [0; 512];
    let read = file
        .read_at(0, &mut sector)
        .map_err(JournalError::io("read", path))?;
    let sector = sector.get(..read).unwrap_or_default();
    Ok(SegmentHeader::decode(sector, path, number, length).ok())
}

fn last_in(
    file: Arc<dyn FileHandle>,
    path: &Path,
    header: &SegmentHeader,
) -> Result<Option<u64>, JournalError> {
    let path = path.to_path_buf();
    let mut scanner = Scanner::new(file, path, SEGMENT_HEADER_BYTES, header.length);
    let mut last_ms = header.last_at_ms;
    while let Some(frame) = scanner.header()? {
        last_ms = frame.meta.at_ms;
        scanner.skip(&frame);
    }
    Ok((last_ms > 0).then_some(last_ms))
}
