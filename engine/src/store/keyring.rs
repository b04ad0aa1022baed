//! The keys of personal data. They are outside the hash chain, so that they can be erased.
//!
//! Every stored name, number and address is sealed under a key of its day and retention class, or, if it has to
//! outlive days, under a key of the subject it is about. This file holds those keys, wrapped under the installation's
//! master key; erasing a day or a subject is rewriting the file without its key. A key is on disk before anything is
//! sealed with it: otherwise a crash would leave data that cannot be opened. docs/journal.md describes the file byte
//! by byte.

mod file;

use super::files::Files;
use crate::sealed::{LookupKey, SubjectId};
use file::{Contents, FileFault};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A source of random bytes.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// The id of a key: a day and a retention class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The retention class, as a number that the caller gives meaning to.
    pub class: u8,
    /// Days since 1970-01-01 in Korea.
    pub day: u32,
}

/// The key itself. Debug does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// The bytes, for use in a cipher only.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(hidden)")
    }
}

/// The key that wraps all data keys (`DAEGEUM_DATA_KEY`). Debug does not show it.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Takes the 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to prove that this is the directory's master key.
    pub(super) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

/// The reason why the keyring refuses.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The disk refused.
    #[error("cannot {action} {}: {source}; check the disk, then try again", file.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// The key file.
        file: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The file is sound, but wrapped under another master key.
    #[error("{} belongs to another DAEGEUM_DATA_KEY; start with the one it was made with", file.display())]
    WrongMaster {
        /// The key file.
        file: PathBuf,
    },
    /// The file was altered.
    #[error("{} is damaged ({what}); restore it from a backup of the same day or later", file.display())]
    Damaged {
        /// The key file.
        file: PathBuf,
        /// The fault.
        what: &'static str,
    },
    /// Written by a newer version of this program.
    #[error("{} has format {version}, newer than this program; start the newer one", file.display())]
    Newer {
        /// The key file.
        file: PathBuf,
        /// Its format.
        version: u32,
    },
    /// The cipher failed to wrap a key.
    #[error("a key could not be wrapped; nothing was stored; this is a defect")]
    Cipher,
    /// The key of this day was dropped; nothing may be sealed under it again.
    #[error("the key of day {} in class {} was erased", id.day, id.class)]
    Erased {
        /// Which key.
        id: KeyId,
    },
}

impl KeyringError {
    /// Whether the disk had no room: nothing was changed, and it may be tried again.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if super::files::is_full(source))
    }
}

/// All data keys. One process has one; threads share it.
#[derive(Debug)]
pub struct Keyring {
    files: Arc<dyn Files>,
    path: PathBuf,
    master: MasterKey,
    held: RwLock<Held>,
    /// Held while the file is rewritten, so that readers need not wait.
    writing: Mutex<()>,
}

/// The file's content, unwrapped.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    keys: BTreeMap<KeyId, DataKey>,
    /// The first day of each class that was not erased.
    kept_from: BTreeMap<u8, u32>,
    /// The keys of subjects whose data outlives days.
    standing: BTreeMap<SubjectId, DataKey>,
    /// The key of the lookup hashes. It is made once and never changes.
    lookup: Option<DataKey>,
}

impl Held {
    fn is_erased(&self, id: KeyId) -> bool {
        self.kept_from
            .get(&id.class)
            .is_some_and(|kept_from| id.day < *kept_from)
    }
}

impl Keyring {
    /// Reads the key file; it does not exist before the first key.
    pub fn open(
        files: Arc<dyn Files>,
        path: &Path,
        master: MasterKey,
    ) -> Result<Self, KeyringError> {
        let path = path.to_path_buf();
        let held = read(files.as_ref(), &path, &master)?;
        let (held, writing) = (RwLock::new(held.unwrap_or_default()), Mutex::new(()));
        Ok(Self {
            files,
            path,
            master,
            held,
            writing,
        })
    }

    /// Writes the file of a new keyring, so that a lost file can be told from one that never existed.
    pub fn begin(&self, random: Random<'_>) -> Result<(), KeyringError> {
        let _writing = self.writing.lock();
        let held = self.held.read().clone();
        self.replace(held, random)
    }

    /// The key to seal with on this day; a missing one is made. When this returns, it is on disk.
    pub fn key_for(
        &self,
        day: u32,
        class: u8,
        random: Random<'_>,
    ) -> Result<DataKey, KeyringError> {
        let id = KeyId { class, day };
        if let Some(key) = self.get(id) {
            return Ok(key);
        }
        let _writing = self.writing.lock();
        let mut next = self.held.read().clone();
        // Another thread may have made it while we waited.
        if let Some(key) = next.keys.get(&id) {
            return Ok(*key);
        }
        if next.is_erased(id) {
            return Err(KeyringError::Erased { id });
        }
        let mut key = DataKey([0; 32]);
        random(&mut key.0);
        next.keys.insert(id, key);
        self.replace(next, random)?;
        Ok(key)
    }

    /// The key to open with; `None` if it was erased or never existed.
    pub fn get(&self, id: KeyId) -> Option<DataKey> {
        self.held.read().keys.get(&id).copied()
    }

    /// The first day of a class that was not erased.
    pub fn kept_from(&self, class: u8) -> u32 {
        let held = self.held.read();
        held.kept_from.get(&class).copied().unwrap_or(0)
    }

    /// How many keys of days before `day` a class has.
    pub fn days_before(&self, day: u32, class: u8) -> usize {
        let held = self.held.read();
        let ids = held.keys.keys();
        ids.filter(|id| id.class == class && id.day < day).count()
    }

    /// Erases a class's keys of all days before `day`, for good: returns how many once the file
    /// without them is on the disk.
    pub fn drop_before(
        &self,
        day: u32,
        class: u8,
        random: Random<'_>,
    ) -> Result<usize, KeyringError> {
        let _writing = self.writing.lock();
        let mut next = self.held.read().clone();
        let before = next.keys.len();
        next.keys.retain(|id, _| id.class != class || id.day >= day);
        let dropped = before.saturating_sub(next.keys.len());
        let kept_from = next.kept_from.entry(class).or_default();
        if dropped == 0 && *kept_from >= day {
            return Ok(0);
        }
        *kept_from = day.max(*kept_from);
        self.replace(next, random)?;
        Ok(dropped)
    }

    /// The key of a subject to open with; `None` if it was erased or never existed.
    pub fn standing(&self, subject: SubjectId) -> Option<DataKey> {
        self.held.read().standing.get(&subject).copied()
    }

    /// The key of a subject to seal with; a missing one is made. When this returns, it is on disk. Dropped keys are
    /// not remembered: the caller must never use an erased subject again.
    pub fn standing_for(
        &self,
        subject: SubjectId,
        random: Random<'_>,
    ) -> Result<DataKey, KeyringError> {
        if let Some(key) = self.standing(subject) {
            return Ok(key);
        }
        let _writing = self.writing.lock();
        let mut next = self.held.read().clone();
        if let Some(key) = next.standing.get(&subject) {
            return Ok(*key);
        }
        let mut key = DataKey([0; 32]);
        random(&mut key.0);
        next.standing.insert(subject, key);
        self.replace(next, random)?;
        Ok(key)
    }

    /// Erases a subject's key for good; returns whether there was one, once the file without it is on disk.
    pub fn drop_standing(
        &self,
        subject: SubjectId,
        random: Random<'_>,
    ) -> Result<bool, KeyringError> {
        let _writing = self.writing.lock();
        let mut next = self.held.read().clone();
        if next.standing.remove(&subject).is_none() {
            return Ok(false);
        }
        self.replace(next, random)?;
        Ok(true)
    }

    /// The key of the lookup hashes; a missing one is made. When this returns, it is on disk.
    pub fn lookup_key(&self, random: Random<'_>) -> Result<LookupKey, KeyringError> {
        let _writing = self.writing.lock();
        let mut next = self.held.read().clone();
        if let Some(key) = next.lookup {
            return Ok(LookupKey::new(key.0));
        }
        let mut key = DataKey([0; 32]);
        random(&mut key.0);
        next.lookup = Some(key);
        self.replace(next, random)?;
        Ok(LookupKey::new(key.0))
    }

    fn replace(&self, next: Held, random: Random<'_>) -> Result<(), KeyringError> {
        let contents = Contents::wrap(&next, &self.master, random).ok_or(KeyringError::Cipher)?;
        let bytes = contents.encode();
        if bytes.len() > MAX_FILE_BYTES {
            let source = io::Error::new(io::ErrorKind::FileTooLarge, "it has too many keys");
            return Err(failed("write", &self.path)(source));
        }
        self.files
            .write_whole(&self.path, &bytes)
            .map_err(failed("write", &self.path))?;
        *self.held.write() = next;
        Ok(())
    }
}

/// The largest key file: some hundred thousand keys.
const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

fn read(files: &dyn Files, path: &Path, master: &MasterKey) -> Result<Option<Held>, KeyringError> {
    let bytes = files
        .read_whole(path, MAX_FILE_BYTES)
        .map_err(failed("read", path))?;
    let Some(bytes) = bytes else { return Ok(None) };
    // An earlier process may have died between the rename and the directory sync; nothing may be sealed with a key
    // that is not certainly on disk.
    if let Some(dir) = path.parent() {
        files.sync_dir(dir).map_err(failed("sync", path))?;
    }
    let file = || path.to_path_buf();
    let contents = Contents::decode(&bytes).map_err(|fault| match fault {
        FileFault::Damaged(what) => KeyringError::Damaged { file: file(), what },
        FileFault::Newer(version) => KeyringError::Newer {
            file: file(),
            version,
        },
    })?;
    let held = contents
        .unwrap(master)
        .ok_or_else(|| KeyringError::WrongMaster { file: file() })?;
    Ok(Some(held))
}

fn failed(action: &'static str, file: &Path) -> impl FnOnce(io::Error) -> KeyringError {
    move |source| KeyringError::Io {
        action,
        file: file.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests;
