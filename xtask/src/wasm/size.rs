//! The download size of the package for a visitor, and its limit.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::failure::{Failure, While};

/// Module and scripts together, as a server sends them.
const GZIP_BYTES_MAX: usize = 60_000;

/// Prints the size of each file; what they are together, in bytes of gzip.
pub(super) fn of(files: &[PathBuf]) -> Result<usize, Failure> {
    let sizes = files.iter().map(|file| Size::of(file));
    let sizes = sizes.collect::<Result<Vec<_>, _>>()?;
    let total = sizes.iter().fold(Size::default(), Size::plus);
    for size in sizes.iter().chain([&total]) {
        println!(
            "{:<14} {:>7} bytes, {:>6} gzip",
            size.name, size.plain, size.gzip
        );
    }
    Ok(total.gzip)
}

/// Fails where it is more than a phone should load.
pub(super) fn is_small(gzip: usize) -> Result<(), Failure> {
    if gzip <= GZIP_BYTES_MAX {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the package is {gzip} bytes of gzip; more than {GZIP_BYTES_MAX} are too many for a phone"
    )))
}

#[derive(Default)]
struct Size {
    name: String,
    plain: usize,
    gzip: usize,
}

impl Size {
    fn of(file: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(file).when(file.display())?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            plain: bytes.len(),
            gzip: compressed(&bytes).when(file.display())?,
        })
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            name: "together".to_owned(),
            plain: self.plain.saturating_add(other.plain),
            gzip: self.gzip.saturating_add(other.gzip),
        }
    }
}

fn compressed(bytes: &[u8]) -> std::io::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish().map(|written| written.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_small_and_what_does_not_is_not() {
        let noise = |at: u32| at.wrapping_mul(0x9e37_79b9).to_be_bytes()[1];
        let noise: Vec<u8> = (0..100_000).map(noise).collect();
        assert!(compressed(&vec![7; 100_000]).expect("into memory") < 1_000);
        assert!(compressed(&noise).expect("into memory") > 1_000);
    }
}
