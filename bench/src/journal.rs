//! The written size of a journal. Its segments are preallocated with zeros, so each counts up to its last non-zero
//! byte.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::failure::{Failure, While};

const CHUNK: u64 = 1 << 20;

/// Bytes of all segments of a data directory up to where each is written.
pub(crate) fn bytes_written(data: &Path) -> Result<u64, Failure> {
    let folder = data.join("journal");
    let mut sum = 0_u64;
    for entry in fs::read_dir(&folder).when(folder.display())? {
        let path = entry.when(folder.display())?.path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            sum = sum.saturating_add(last_written(&path)?);
        }
    }
    Ok(sum)
}

/// Read from the end, so that a full segment costs one read.
fn last_written(path: &Path) -> Result<u64, Failure> {
    let file = File::open(path).when(path.display())?;
    let mut end = file.metadata().when(path.display())?.len();
    let mut chunk = Vec::new();
    while end > 0 {
        let begin = end.saturating_sub(CHUNK);
        let length = usize::try_from(end.saturating_sub(begin)).when(path.display())?;
        chunk.resize(length, 0);
        file.read_exact_at(&mut chunk, begin).when(path.display())?;
        if let Some(last) = chunk.iter().rposition(|byte| *byte != 0) {
            let within = u64::try_from(last).when(path.display())?;
            return Ok(begin.saturating_add(within).saturating_add(1));
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_do_not_count() {
        let folder = std::env::temp_dir().join(format!("daegeum-bench-{}", std::process::id()));
        fs::create_dir_all(folder.join("journal")).expect("a folder");
        let mut used = vec![0_u8; 3 << 20];
        used[(1 << 20) + 41] = 7;
        for (name, bytes) in [
            ("1.seg", &used),
            ("2.seg", &vec![0; 100]),
            ("x.tmp", &vec![1; 9]),
        ] {
            fs::write(folder.join("journal").join(name), bytes).expect("written");
        }
        let written = bytes_written(&folder);
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(written, Ok((1 << 20) + 42));
    }
}
