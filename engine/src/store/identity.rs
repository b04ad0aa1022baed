//! The identity of a data directory: which installation it belongs to, and that its keys are the ones it was made
//! with.
//!
//! The file `identity` names the installation and the generation of its feed, and proves the master key: a directory
//! opens with no other. It is written whole and synced, after an empty key file and before the first record, so a
//! directory that has an identity or a record, and no key file, has lost its keys. Such a directory is refused:
//! starting anyway would silently give up all sealed data. docs/journal.md describes the file byte by byte.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::files::Files;
use super::keyring::{Keyring, KeyringError, MasterKey, Random};
use crate::wire::Hex;

const NAME: &str = "identity";
const KEYS: &str = "keyring";
const MAGIC: [u8; 8] = *b"DAEGIDNT";
const FORMAT_VERSION: u32 = 1;
const LABEL: &[u8] = b"daegeum identity 1";
/// Bytes before the key check and the checksum.
const SAID_BYTES: usize = 32;
const LENGTH: usize = 68;
const MAX_FILE_BYTES: usize = 4_096;

/// The identity of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Random, made at the directory's first start, never changed.
    pub installation: [u8; 16],
    /// The feed's generation: a cursor of another generation is not valid here.
    pub generation: u32,
}

/// The keys of a directory whose identity was checked.
#[derive(Debug)]
pub struct Unlocked {
    /// The directory's identity.
    pub identity: Identity,
    /// Its keys.
    pub keyring: Keyring,
    /// Whether its keys were lost, and new ones were begun because the operator accepted that.
    pub keys_were_lost: bool,
}

/// Options of unlocking.
#[derive(Debug, Clone, Copy)]
pub struct Unlocking {
    /// Whether the journal has a record.
    pub used: bool,
    /// Whether to go on without the missing keys.
    pub accept_lost_keys: bool,
    /// Whether the directory was restored, so that the journal may continue differently than before.
    pub was_restored: bool,
}

impl Unlocking {
    /// The identity that continues from here: after a restore, with the next generation of the feed.
    fn begin(self, identity: Identity) -> Identity {
        let begun_anew = u32::from(self.was_restored);
        Identity {
            generation: identity.generation.saturating_add(begun_anew),
            ..identity
        }
    }
}

/// The reason why a directory is not unlocked.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The disk refused.
    #[error("cannot {action} {}: {source}; check the disk, then try again", file.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// Which file.
        file: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The key file does not open.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The directory was made with another master key.
    #[error(
        "{} was made with another DAEGEUM_DATA_KEY; start with that one. (If it is lost for good, so is what was \
         sealed under it: move `keyring` aside and start once with --accept-lost-keys)",
        dir.display()
    )]
    WrongMaster {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory has records, or had a start, and no key file.
    #[error(
        "{} is missing: restore it from a backup, with the journal or alone, the newest there is. Without it nothing \
         that was sealed can be read ever again: who buyers said they are, what was exchanged with gateways, signed \
         notifications, administrators' remarks. Payments, orders, books and answers are not affected. If it is lost \
         for good, start once with --accept-lost-keys",
        file.display()
    )]
    KeysLost {
        /// The key file.
        file: PathBuf,
    },
    /// The file was altered.
    #[error("{} is damaged ({what}); restore it from a backup", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The fault.
        what: &'static str,
    },
    /// Written by a newer version of this program.
    #[error("{} has format {version}, newer than this program; start the newer one", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        version: u32,
    },
}

/// Reads the directory's identity and opens its keys. In a new directory makes both; in a directory of a version
/// without identities, makes the identity. The caller holds the directory's lock.
pub fn unlock(
    files: &Arc<dyn Files>,
    dir: &Path,
    master: &MasterKey,
    how: Unlocking,
    random: Random<'_>,
) -> Result<Unlocked, IdentityError> {
    let keys = dir.join(KEYS);
    let known = read(files.as_ref(), dir)?;
    let has_keys = files.exists(&keys).map_err(failed("look for", &keys))?;
    let keys_were_lost = !has_keys && (how.used || known.is_some());
    if keys_were_lost && !how.accept_lost_keys {
        // Report a wrong master key first: restoring files that belong to another key does not help.
        if known.as_ref().is_some_and(|known| !known.is_under(master)) {
            return Err(IdentityError::WrongMaster { dir: dir.into() });
        }
        return Err(IdentityError::KeysLost { file: keys });
    }
    if has_keys && known.as_ref().is_some_and(|known| !known.is_under(master)) {
        return Err(IdentityError::WrongMaster { dir: dir.into() });
    }
    let keyring = Keyring::open(Arc::clone(files), &keys, master.clone())?;
    if !has_keys {
        keyring.begin(random)?;
    }
    let identity = match &known {
        Some(known) if !(keys_were_lost || how.was_restored) => known.identity,
        // Bound to the given master key from now on, and still the same installation.
        Some(known) => write(files.as_ref(), dir, how.begin(known.identity), master)?,
        None => write(
            files.as_ref(),
            dir,
            how.begin(Identity::new(random)),
            master,
        )?,
    };
    Ok(Unlocked {
        identity,
        keyring,
        keys_were_lost,
    })
}

/// Whether the directory's identity, if there is one, was made with this master key. Changes nothing.
pub fn examine(files: &dyn Files, dir: &Path, master: &MasterKey) -> Result<(), IdentityError> {
    match read(files, dir)? {
        Some(known) if !known.is_under(master) => {
            Err(IdentityError::WrongMaster { dir: dir.into() })
        }
        Some(_) | None => Ok(()),
    }
}

impl Identity {
    fn new(random: Random<'_>) -> Self {
        let mut installation = [0; 16];
        random(&mut installation);
        Self {
            installation,
            generation: 1,
        }
    }

    fn said(self) -> [u8; SAID_BYTES] {
        let mut said = [0; SAID_BYTES];
        let fields = [
            MAGIC.as_slice(),
            &FORMAT_VERSION.to_le_bytes(),
            &self.installation,
            &self.generation.to_le_bytes(),
        ];
        for (to, from) in said.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        said
    }

    fn encode(self, master: &MasterKey) -> Vec<u8> {
        let said = self.said();
        let mut bytes = said.to_vec();
        bytes.extend_from_slice(&prover(&said, master).finalize().into_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.installation).fmt(f)
    }
}

/// The file's content before the master key is compared.
#[derive(Debug)]
struct Known {
    identity: Identity,
    check: [u8; 32],
}

impl Known {
    /// Compares in constant time.
    fn is_under(&self, master: &MasterKey) -> bool {
        prover(&self.identity.said(), master)
            .verify_slice(&self.check)
            .is_ok()
    }

    fn decode(bytes: &[u8]) -> Result<Self, IdentityDefect> {
        let (summed, sum) = bytes
            .split_last_chunk::<4>()
            .ok_or(IdentityDefect::CutOff)?;
        let mut rest = summed.strip_prefix(&MAGIC).ok_or(IdentityDefect::NotOne)?;
        if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
            return Err(IdentityDefect::Checksum);
        }
        match take(&mut rest).map(u32::from_le_bytes) {
            Some(FORMAT_VERSION) if bytes.len() == LENGTH => {}
            Some(FORMAT_VERSION) | None => return Err(IdentityDefect::CutOff),
            Some(version) => return Err(IdentityDefect::Newer(version)),
        }
        let installation = take(&mut rest).ok_or(IdentityDefect::CutOff)?;
        let generation = take(&mut rest).map(u32::from_le_bytes);
        Ok(Self {
            identity: Identity {
                installation,
                generation: generation.ok_or(IdentityDefect::CutOff)?,
            },
            check: take(&mut rest).ok_or(IdentityDefect::CutOff)?,
        })
    }
}

/// The reason why the bytes are no identity.
#[derive(Debug, PartialEq, Eq)]
enum IdentityDefect {
    CutOff,
    NotOne,
    Checksum,
    Newer(u32),
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*field)
}

fn prover(said: &[u8], master: &MasterKey) -> Hmac<Sha256> {
    // HMAC pads a short key with zeros to a block; with a whole block as the key, construction cannot fail.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(master.expose()) {
        *to = *from;
    }
    let mut prover = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
    prover.update(LABEL);
    prover.update(said);
    prover
}

fn read(files: &dyn Files, dir: &Path) -> Result<Option<Known>, IdentityError> {
    let path = dir.join(NAME);
    let bytes = files
        .read_whole(&path, MAX_FILE_BYTES)
        .map_err(failed("read", &path))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let known = Known::decode(&bytes).map_err(|fault| {
        let file = path.clone();
        let what = match fault {
            IdentityDefect::Newer(version) => return IdentityError::Newer { file, version },
            IdentityDefect::CutOff => "it is cut off",
            IdentityDefect::NotOne => "it is no identity",
            IdentityDefect::Checksum => "its checksum does not match",
        };
        IdentityError::Damaged { file, what }
    })?;
    // An earlier process may have died between the rename and the directory sync.
    files.sync_dir(dir).map_err(failed("sync", dir))?;
    Ok(Some(known))
}

fn write(
    files: &dyn Files,
    dir: &Path,
    identity: Identity,
    master: &MasterKey,
) -> Result<Identity, IdentityError> {
    let path = dir.join(NAME);
    files
        .write_whole(&path, &identity.encode(master))
        .map_err(failed("write", &path))?;
    Ok(identity)
}

fn failed(action: &'static str, file: &Path) -> impl FnOnce(io::Error) -> IdentityError {
    move |source| IdentityError::Io {
        action,
        file: file.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests;
