//! Copies a data directory, leaving holes where there are only zeros: the journal's prepared
//! segments are large and empty.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Copies `from` to `to`, which is made anew.
pub fn folder(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    below(from, to)
}

fn below(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            below(&entry.path(), &target)?;
        } else {
            file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn file(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let (mut chunk, mut length) = (vec![0; 1 << 18], 0);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return to.set_len(length);
        }
        let bytes = &chunk[..read];
        if bytes.iter().all(|byte| *byte == 0) {
            to.seek(SeekFrom::Current(read.try_into().expect("small")))?;
        } else {
            to.write_all(bytes)?;
        }
        length += u64::try_from(read).expect("small");
    }
}
