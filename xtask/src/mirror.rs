//! Makes one folder equal to another without touching equal files: cargo detects changes by time, and rebuilds the
//! server for each embedded file that is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, While};

/// Makes `into` have the files of `from` and no others.
pub(crate) fn mirror(from: &Path, into: &Path) -> Result<(), Failure> {
    let files = files_below(from)?;
    for file in &files {
        let (source, target) = (from.join(file), into.join(file));
        let bytes = fs::read(&source).when(source.display())?;
        if fs::read(&target).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).when(folder.display())?;
        }
        fs::write(&target, bytes).when(target.display())?;
    }
    if into.is_dir() {
        for gone in files_below(into)?.difference(&files) {
            let gone = into.join(gone);
            fs::remove_file(&gone).when(gone.display())?;
        }
    }
    Ok(())
}

/// Every file below a folder, by its path from there.
fn files_below(folder: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![PathBuf::new()]);
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        for entry in fs::read_dir(&here).when(here.display())? {
            let entry = entry.when(here.display())?;
            let path = below.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_has_the_same_files_and_leaves_those_alike_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let (from, into) = (folder.path().join("from"), folder.path().join("into"));
        for (file, text) in [
            ("from/a/b", "same"),
            ("from/c", "new"),
            ("into/a/b", "same"),
            ("into/c", "old"),
            ("into/d/e", "gone"),
        ] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let untouched = into.join("a/b");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        let file = fs::File::options().append(true).open(&untouched).unwrap();
        file.set_modified(long_ago).unwrap();
        mirror(&from, &into).unwrap();
        assert_eq!(files_below(&into).unwrap(), files_below(&from).unwrap());
        assert_eq!(fs::read_to_string(into.join("c")).unwrap(), "new");
        let modified = fs::metadata(&untouched).unwrap().modified().unwrap();
        assert_eq!(modified, long_ago);
    }
}
