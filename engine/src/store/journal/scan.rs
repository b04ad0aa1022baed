//! Reads one segment file front to back, in large pieces, frame by frame.

use super::Tail;
use super::error::JournalError;
use super::frame::{FrameHeader, HEADER_BYTES};
use crate::store::files::FileHandle;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A look-up reads this much first; a walk doubles it at each step, up to the larger size.
const FIRST_WINDOW_BYTES: usize = 32 * 1024;
const LARGEST_WINDOW_BYTES: usize = 512 * 1024;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A place in a segment, and what was read around it.
#[derive(Debug)]
pub(super) struct Scanner {
    file: Arc<dyn FileHandle>,
    path: PathBuf,
    offset: u64,
    end: u64,
    window: Vec<u8>,
    window_at: u64,
    window_bytes: usize,
}

impl Scanner {
    /// Looks at the bytes from `offset` up to `end`.
    pub(super) fn new(file: Arc<dyn FileHandle>, path: PathBuf, offset: u64, end: u64) -> Self {
        let (window, window_at, window_bytes) = (Vec::new(), 0, FIRST_WINDOW_BYTES);
        Self {
            file,
            path,
            offset,
            end,
            window,
            window_at,
            window_bytes,
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Extends the scan to bytes that were written since.
    pub(super) fn extend_to(&mut self, end: u64) {
        if self.end < end {
            self.end = end;
            self.window.clear();
        }
    }

    /// The header of the frame that begins here; `None` when no undamaged one does.
    pub(super) fn header(&mut self) -> Result<Option<FrameHeader>, JournalError> {
        let room = self.end.saturating_sub(self.offset);
        let header = FrameHeader::decode(self.bytes(HEADER_BYTES)?);
        Ok(header.filter(|header| header.frame_bytes() <= room))
    }

    /// The body of the frame that begins here with this header; damage is an alteration.
    pub(super) fn body(&mut self, header: &FrameHeader) -> Result<Vec<u8>, JournalError> {
        let offset = self.offset;
        let length = usize::try_from(header.frame_bytes()).unwrap_or(usize::MAX);
        let body = header.open_body(self.bytes(length)?);
        body.map_err(|what| JournalError::altered(&self.path, offset, what))
    }

    /// Skips the frame with this header.
    pub(super) fn skip(&mut self, header: &FrameHeader) {
        self.offset = self.offset.saturating_add(header.frame_bytes());
    }

    /// Reads the frame that must continue `tail`, and moves `tail` and the scanner behind it. `None` if no undamaged
    /// header begins here.
    pub(super) fn follow(&mut self, tail: &mut Tail) -> Result<Option<Found>, JournalError> {
        let Some(header) = self.header()? else {
            return Ok(None);
        };
        let offset = self.offset;
        let body = self.body(&header)?;
        let next = tail.followed_by(&header, &body, offset);
        *tail = next.map_err(|what| JournalError::altered(&self.path, offset, what))?;
        self.skip(&header);
        Ok(Some(Found {
            header,
            body,
            offset,
        }))
    }

    fn bytes(&mut self, length: usize) -> Result<&[u8], JournalError> {
        if !self.window_covers(length) {
            let room = self.end.saturating_sub(self.offset);
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            self.window
                .resize(length.max(self.window_bytes).min(room), 0);
            self.window_bytes = self
                .window_bytes
                .saturating_mul(2)
                .min(LARGEST_WINDOW_BYTES);
            let read = self.file.read_at(self.offset, &mut self.window);
            let read = read.map_err(JournalError::io("read", &self.path))?;
            self.window.truncate(read);
            self.window_at = self.offset;
        }
        let rest = self.window.get(self.window_start()..).unwrap_or_default();
        Ok(rest.get(..length).unwrap_or(rest))
    }

    fn window_start(&self) -> usize {
        let start = self.offset.checked_sub(self.window_at);
        start
            .and_then(|start| usize::try_from(start).ok())
            .unwrap_or(usize::MAX)
    }

    fn window_covers(&self, length: usize) -> bool {
        self.window_start()
            .checked_add(length)
            .is_some_and(|end| end <= self.window.len())
    }
}

/// A frame as [`Scanner::follow`] found it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) header: FrameHeader,
    pub(super) body: Vec<u8>,
    pub(super) offset: u64,
}

/// The offset of the first non-zero byte, from `from` up to `to`.
pub(super) fn first_nonzero(
    file: &dyn FileHandle,
    path: &Path,
    from: u64,
    to: u64,
) -> Result<Option<u64>, JournalError> {
    let mut piece = vec![0; ZEROS.len()];
    let mut at = from;
    while at < to {
        let read = read_piece(file, path, at, to, &mut piece)?;
        if !is_zero(read) {
            return Ok(read
                .iter()
                .position(|byte| *byte != 0)
                .map(|found| plus(at, found)));
        }
        if read.is_empty() {
            break;
        }
        at = plus(at, read.len());
    }
    Ok(None)
}

/// The offset behind the last non-zero byte, from `from` up to `to`.
pub(super) fn end_of_nonzero(
    file: &dyn FileHandle,
    path: &Path,
    from: u64,
    to: u64,
) -> Result<Option<u64>, JournalError> {
    let mut piece = vec![0; ZEROS.len()];
    let (mut at, mut end) = (from, None);
    while at < to {
        let read = read_piece(file, path, at, to, &mut piece)?;
        if read.is_empty() {
            break;
        }
        if !is_zero(read) {
            let last = read.iter().rposition(|byte| *byte != 0);
            end = last.map(|last| plus(at, last).saturating_add(1));
        }
        at = plus(at, read.len());
    }
    Ok(end)
}

/// Whether all bytes are zero; compares with a block of zeros, which is fast in debug builds too.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(ZEROS.len())
        .all(|piece| ZEROS.get(..piece.len()) == Some(piece))
}

fn read_piece<'a>(
    file: &dyn FileHandle,
    path: &Path,
    at: u64,
    to: u64,
    piece: &'a mut [u8],
) -> Result<&'a [u8], JournalError> {
    let wanted = usize::try_from(to.saturating_sub(at))
        .unwrap_or(usize::MAX)
        .min(piece.len());
    let place = piece.get_mut(..wanted).unwrap_or_default();
    let read = file
        .read_at(at, place)
        .map_err(JournalError::io("read", path))?;
    Ok(place.get(..read).unwrap_or_default())
}

/// `offset` moved on by a number of bytes in memory.
pub(super) fn plus(offset: u64, bytes: usize) -> u64 {
    offset.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
}
