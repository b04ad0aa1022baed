//! The bytes of the key file.
//!
//! A checksum over everything tells damage from a wrong master key. A seal over everything, made with the master key,
//! proves the right master key, and prevents anyone without it from undoing an erasure.
//!
//! A file without subject keys and without a lookup key is written in format 1, which has neither, so that an earlier
//! version can read it.

use super::{DataKey, Held, KeyId, MasterKey, Random};
use crate::sealed::SubjectId;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

const MAGIC: [u8; 8] = *b"DAEGKEYS";
/// Keys of days alone.
const FORMAT_DAYS: u32 = 1;
/// Keys of days and subjects, and the lookup key.
const FORMAT_SUBJECTS: u32 = 2;
const NONCE_BYTES: usize = 12;
const WRAPPED_BYTES: usize = 48;
const SEAL_BYTES: usize = 16;

/// Why a file cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileFault {
    Damaged(&'static str),
    Newer(u32),
}

/// The file's fields, keys still wrapped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    kept_from: Vec<(u8, u32)>,
    keys: Vec<WrappedKey>,
    standing: Vec<(SubjectId, Wrapped)>,
    lookup: Option<Wrapped>,
    seal_nonce: [u8; NONCE_BYTES],
    seal: [u8; SEAL_BYTES],
}

#[derive(Debug, PartialEq, Eq)]
struct WrappedKey {
    id: KeyId,
    wrapped: Wrapped,
}

#[derive(Debug, PartialEq, Eq)]
struct Wrapped {
    nonce: [u8; NONCE_BYTES],
    bytes: [u8; WRAPPED_BYTES],
}

impl Wrapped {
    fn of(
        key: &DataKey,
        cipher: &ChaCha20Poly1305,
        context: &[u8],
        random: Random<'_>,
    ) -> Option<Self> {
        let nonce = nonce_from(random);
        let bytes = seal(cipher, &nonce, key.expose(), context)?;
        Some(Self { nonce, bytes })
    }

    fn open(&self, cipher: &ChaCha20Poly1305, context: &[u8]) -> Option<DataKey> {
        let key = open(cipher, &self.nonce, &self.bytes, context)?;
        Some(DataKey(key.try_into().ok()?))
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(&self.bytes);
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        Some(Self {
            nonce: take(rest)?,
            bytes: take(rest)?,
        })
    }
}

impl Contents {
    /// Wraps every key anew; `None` if the cipher fails, which is not expected.
    pub(super) fn wrap(held: &Held, master: &MasterKey, random: Random<'_>) -> Option<Self> {
        let cipher = ChaCha20Poly1305::new((&master.0).into());
        let mut keys = Vec::with_capacity(held.keys.len());
        for (id, key) in &held.keys {
            let wrapped = Wrapped::of(key, &cipher, &key_context(*id), random)?;
            keys.push(WrappedKey { id: *id, wrapped });
        }
        let mut standing = Vec::with_capacity(held.standing.len());
        for (subject, key) in &held.standing {
            let wrapped = Wrapped::of(key, &cipher, &subject_context(*subject), random)?;
            standing.push((*subject, wrapped));
        }
        let lookup = match &held.lookup {
            Some(key) => Some(Wrapped::of(key, &cipher, LOOKUP_CONTEXT, random)?),
            None => None,
        };
        let kept_from = held
            .kept_from
            .iter()
            .map(|(class, day)| (*class, *day))
            .collect();
        let seal_nonce = nonce_from(random);
        let mut contents = Self {
            kept_from,
            keys,
            standing,
            lookup,
            seal_nonce,
            seal: [0; SEAL_BYTES],
        };
        contents.seal = seal(&cipher, &seal_nonce, b"", &contents.sealed_part())?;
        Some(contents)
    }

    /// The keys; `None` under another master key.
    pub(super) fn unwrap(&self, master: &MasterKey) -> Option<Held> {
        let cipher = ChaCha20Poly1305::new((&master.0).into());
        open(&cipher, &self.seal_nonce, &self.seal, &self.sealed_part())?;
        let mut held = Held::default();
        for WrappedKey { id, wrapped } in &self.keys {
            let key = wrapped.open(&cipher, &key_context(*id))?;
            held.keys.insert(*id, key);
        }
        for (subject, wrapped) in &self.standing {
            let key = wrapped.open(&cipher, &subject_context(*subject))?;
            held.standing.insert(*subject, key);
        }
        if let Some(wrapped) = &self.lookup {
            held.lookup = Some(wrapped.open(&cipher, LOOKUP_CONTEXT)?);
        }
        held.kept_from = self.kept_from.iter().copied().collect();
        Some(held)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.sealed_part();
        bytes.extend_from_slice(&self.seal_nonce);
        bytes.extend_from_slice(&self.seal);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    fn sealed_part(&self) -> Vec<u8> {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.format().to_le_bytes());
        bytes.extend_from_slice(&count(self.kept_from.len()));
        bytes.extend_from_slice(&count(self.keys.len()));
        for (class, day) in &self.kept_from {
            bytes.push(*class);
            bytes.extend_from_slice(&day.to_le_bytes());
        }
        for WrappedKey { id, wrapped } in &self.keys {
            bytes.push(id.class);
            bytes.extend_from_slice(&id.day.to_le_bytes());
            wrapped.write(&mut bytes);
        }
        if self.format() == FORMAT_SUBJECTS {
            bytes.extend_from_slice(&count(self.standing.len()));
            bytes.push(u8::from(self.lookup.is_some()));
            for (subject, wrapped) in &self.standing {
                bytes.extend_from_slice(&subject.0);
                wrapped.write(&mut bytes);
            }
            if let Some(wrapped) = &self.lookup {
                wrapped.write(&mut bytes);
            }
        }
        bytes
    }

    fn format(&self) -> u32 {
        if self.standing.is_empty() && self.lookup.is_none() {
            FORMAT_DAYS
        } else {
            FORMAT_SUBJECTS
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, FileFault> {
        let short = FileFault::Damaged("it is cut off");
        let (summed, sum) = bytes.split_last_chunk::<4>().ok_or(short)?;
        if !summed.starts_with(&MAGIC) {
            return Err(FileFault::Damaged("it is no key file"));
        }
        if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
            return Err(FileFault::Damaged("its checksum does not match"));
        }
        let mut rest = summed.get(MAGIC.len()..).unwrap_or_default();
        let subjects = match take(&mut rest).map(u32::from_le_bytes) {
            Some(FORMAT_DAYS) => false,
            Some(FORMAT_SUBJECTS) => true,
            Some(version) => return Err(FileFault::Newer(version)),
            None => return Err(FileFault::Damaged("it is cut off")),
        };
        let contents =
            Self::fields(&mut rest, subjects).ok_or(FileFault::Damaged("it is cut off"))?;
        if rest.is_empty() {
            Ok(contents)
        } else {
            Err(FileFault::Damaged("it is too long"))
        }
    }

    fn fields(rest: &mut &[u8], subjects: bool) -> Option<Self> {
        let classes = u32::from_le_bytes(take(rest)?);
        let count = u32::from_le_bytes(take(rest)?);
        let (mut kept_from, mut keys) = (Vec::new(), Vec::new());
        for _ in 0..classes {
            let [class] = take(rest)?;
            kept_from.push((class, u32::from_le_bytes(take(rest)?)));
        }
        for _ in 0..count {
            let [class] = take(rest)?;
            let id = KeyId {
                class,
                day: u32::from_le_bytes(take(rest)?),
            };
            let wrapped = Wrapped::read(rest)?;
            keys.push(WrappedKey { id, wrapped });
        }
        let (mut standing, mut lookup) = (Vec::new(), None);
        if subjects {
            let count = u32::from_le_bytes(take(rest)?);
            let [has_lookup] = take(rest)?;
            for _ in 0..count {
                standing.push((SubjectId(take(rest)?), Wrapped::read(rest)?));
            }
            if has_lookup == 1 {
                lookup = Some(Wrapped::read(rest)?);
            }
        }
        Some(Self {
            kept_from,
            keys,
            standing,
            lookup,
            seal_nonce: take(rest)?,
            seal: take(rest)?,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*field)
}

fn nonce_from(random: Random<'_>) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce);
    nonce
}

/// Binds a wrapped key to its day and class, so that two cannot be exchanged.
fn key_context(id: KeyId) -> Vec<u8> {
    let mut context = b"daegeum data key 1".to_vec();
    context.push(id.class);
    context.extend_from_slice(&id.day.to_le_bytes());
    context
}

/// Binds a wrapped key to its subject.
fn subject_context(subject: SubjectId) -> Vec<u8> {
    [b"daegeum standing key 1", &subject.0[..]].concat()
}

const LOOKUP_CONTEXT: &[u8] = b"daegeum lookup key 1";

/// `N` is the length of `plain` and the 16 bytes of the tag.
fn seal<const N: usize>(
    cipher: &ChaCha20Poly1305,
    nonce: &[u8; NONCE_BYTES],
    plain: &[u8],
    context: &[u8],
) -> Option<[u8; N]> {
    let payload = Payload {
        msg: plain,
        aad: context,
    };
    cipher
        .encrypt(Nonce::from_slice(nonce), payload)
        .ok()?
        .try_into()
        .ok()
}

fn open(
    cipher: &ChaCha20Poly1305,
    nonce: &[u8; NONCE_BYTES],
    sealed: &[u8],
    context: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: sealed,
        aad: context,
    };
    cipher.decrypt(Nonce::from_slice(nonce), payload).ok()
}
