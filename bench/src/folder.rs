//! The folder of a run's files: below the target folder, on a real disk, removed at the end.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, While};

/// A folder of this run; removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// `target/bench/<pid>`, and what runs that were killed left there is cleared away.
    pub(crate) fn new() -> Result<Self, Failure> {
        let program = std::env::current_exe().when("this program")?;
        let target = program.ancestors().nth(2);
        let target =
            target.ok_or_else(|| Failure::new("this program is not in a target folder"))?;
        let all = target.join("bench");
        fs::create_dir_all(&all).when(all.display())?;
        clear_abandoned(&all)?;
        let own = all.join(std::process::id().to_string());
        fs::create_dir_all(&own).when(own.display())?;
        Ok(Self(own))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// An empty folder inside.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        remove(&path)?;
        fs::create_dir_all(&path).when(path.display())?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(failure) = remove(&self.0) {
            eprintln!("left behind: {failure}");
        }
    }
}

pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        fs::remove_dir_all(path).when(path.display())?;
    }
    Ok(())
}

fn clear_abandoned(all: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(all).when(all.display())? {
        let path = entry.when(all.display())?.path();
        let pid = path
            .file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove(&path)?;
        }
    }
    Ok(())
}
