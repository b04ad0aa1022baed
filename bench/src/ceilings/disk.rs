//! The disk's limit: how often per second an append of a size can be written and synced into preallocated space.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::failure::{Failure, While};
use crate::histogram::Histogram;

pub(crate) const ZEROED_BYTES: u64 = 64 << 20;
/// From a lone request's frame to a full batch's.
pub(crate) const APPENDS: [usize; 3] = [4 << 10, 16 << 10, 64 << 10];

/// A file whose blocks are all written, so that overwriting changes no metadata.
pub(crate) fn zeroed(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = options.open(path).when(path.display())?;
    let zeros = vec![0; 1 << 20];
    for _ in 0..ZEROED_BYTES >> 20 {
        file.write_all(&zeros).when(path.display())?;
    }
    file.sync_all().when(path.display())?;
    Ok(file)
}

/// Appends of `bytes`, one sync each, for a time.
pub(crate) fn syncs(folder: &Path, bytes: usize, time: Duration) -> Result<Histogram, Failure> {
    let path = folder.join("appends");
    let file = zeroed(&path)?;
    let block = vec![0xa5; bytes];
    let step = u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut histogram = Histogram::default();
    let (begin, mut offset) = (Instant::now(), 0_u64);
    while begin.elapsed() < time {
        if offset.saturating_add(step) > ZEROED_BYTES {
            offset = 0;
        }
        let asked_at = Instant::now();
        file.write_all_at(&block, offset).when(path.display())?;
        file.sync_data().when(path.display())?;
        let waited = asked_at.elapsed().as_nanos();
        histogram.record(u64::try_from(waited).unwrap_or(u64::MAX));
        offset = offset.saturating_add(step);
    }
    std::fs::remove_file(&path).when(path.display())?;
    Ok(histogram)
}
