//! The cache of things made once per machine and shared by every checkout: tools and a wasm sysroot.
//!
//! An entry is made in a temporary folder and renamed into place, so an existing folder is complete; an entry that
//! cannot be moved has a mark file instead. One process makes an entry at a time; a second one waits and finds it
//! done.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::{env, process};

use crate::failure::{Failure, While};

/// `$XDG_CACHE_HOME/daegeum-xtask`, or the same below `~/.cache`. Deleting it is always safe.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    let xdg = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = xdg.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let base = base.ok_or_else(|| Failure::new("no home folder: set XDG_CACHE_HOME"))?;
    Ok(base.join("daegeum-xtask"))
}

/// The folder `name` of the cache, made by `make` in an empty folder when it is not there yet.
pub(crate) fn kept(
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<PathBuf, Failure> {
    let cache = folder()?;
    let kept = cache.join(name);
    if kept.exists() {
        return Ok(kept);
    }
    let _lock = lock(&cache)?;
    if kept.exists() {
        return Ok(kept);
    }
    let draft = cache.join(format!("{name}.{}", process::id()));
    fs::create_dir_all(&draft).when(draft.display())?;
    let outcome = make(&draft);
    let placed = outcome.and_then(|()| fs::rename(&draft, &kept).when(kept.display()));
    if placed.is_err() && draft.exists() {
        fs::remove_dir_all(&draft).when(draft.display())?;
    }
    placed.map(|()| kept)
}

/// The same for an entry that cannot be moved because it contains its own path: a mark file says that it is complete.
pub(crate) fn made_in_place(
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<PathBuf, Failure> {
    let cache = folder()?;
    let kept = cache.join(name);
    let mark = kept.join(".whole");
    if mark.exists() {
        return Ok(kept);
    }
    let _lock = lock(&cache)?;
    if mark.exists() {
        return Ok(kept);
    }
    if kept.exists() {
        fs::remove_dir_all(&kept).when(kept.display())?;
    }
    make(&kept)?;
    fs::write(&mark, "").when(mark.display())?;
    Ok(kept)
}

/// Held until the file is dropped; the system releases it when the process dies.
fn lock(cache: &Path) -> Result<File, Failure> {
    fs::create_dir_all(cache).when(cache.display())?;
    let path = cache.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .when(path.display())?;
    file.lock().when(path.display())?;
    Ok(file)
}
