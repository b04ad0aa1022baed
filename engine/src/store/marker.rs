//! The marker file: whether the last stop was in order, and under which boot id the store ran.
//!
//! Written as running before the first commit, and as stopped, with the journal's end, after the last.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::files::Files;
use super::journal::{ExpectedEnd, LastStop, Tail};

const NAME: &str = "marker.json";
const LIMIT: usize = 4096;

/// The content of the marker file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    boot_id: String,
    stopped_at: Option<End>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    next_record: u64,
    segment: u32,
    offset: u64,
    chain: String,
}

impl Marker {
    /// The store is open under this boot.
    pub const fn running(boot_id: String) -> Self {
        Self {
            boot_id,
            stopped_at: None,
        }
    }

    /// The store was stopped in order, the journal's end being `tail`.
    pub fn stopped(boot_id: String, tail: &Tail) -> Self {
        let chain = hex(&tail.chain);
        let end = End {
            next_record: tail.next_record,
            segment: tail.segment,
            offset: tail.offset,
            chain,
        };
        Self {
            boot_id,
            stopped_at: Some(end),
        }
    }

    /// How the journal was left according to this marker, for a start under `boot_id`.
    pub fn last_stop(&self, boot_id: &str) -> LastStop {
        match &self.stopped_at {
            Some(end) => end.expected().map_or(LastStop::Unknown, LastStop::Clean),
            None if self.boot_id == boot_id => LastStop::Killed,
            None => LastStop::Unknown,
        }
    }
}

impl End {
    fn expected(&self) -> Option<ExpectedEnd> {
        let mut chain = [0; 32];
        for (at, byte) in chain.iter_mut().enumerate() {
            let from = at.saturating_mul(2);
            *byte = u8::from_str_radix(self.chain.get(from..from.saturating_add(2))?, 16).ok()?;
        }
        let whole = self.chain.len() == 64;
        whole.then_some(ExpectedEnd {
            next_record: self.next_record,
            chain,
            segment: self.segment,
            offset: self.offset,
        })
    }
}

/// Reads the marker; a file that does not parse counts as absent, so the index is not trusted.
pub fn read(files: &dyn Files, dir: &Path) -> Result<Option<Marker>, StoreError> {
    let path = dir.join(NAME);
    let bytes = files
        .read_whole(&path, LIMIT)
        .map_err(StoreError::file("read", &path))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Replaces the marker; it is on disk when this returns.
pub fn write(files: &dyn Files, dir: &Path, marker: &Marker) -> Result<(), StoreError> {
    let bytes =
        serde_json::to_vec(marker).map_err(|error| StoreError::failed(error.to_string()))?;
    let path = dir.join(NAME);
    files
        .write_whole(&path, &bytes)
        .map_err(StoreError::file("write", &path))
}

/// Two hexadecimal digits for each byte.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
