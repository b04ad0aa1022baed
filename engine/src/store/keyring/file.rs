//! The key file's bytes.
//!
//! A checksum over everything tells damage from a wrong master key; a seal over everything, made
//! with the master key, tells a right master key and lets nobody without it move an erasure back.

use super::{DataKey, Held, KeyId, MasterKey, Random};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

const MAGIC: [u8; 8] = *b"DAEGKEYS";
const FORMAT_VERSION: u32 = 1;
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
    seal_nonce: [u8; NONCE_BYTES],
    seal: [u8; SEAL_BYTES],
}

#[derive(Debug, PartialEq, Eq)]
struct WrappedKey {
    id: KeyId,
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
}

impl Contents {
    /// Wraps every key anew; `None` when the cipher fails, which it has no reason to.
    pub(super) fn wrap(held: &Held, master: &MasterKey, random: Random<'_>) -> Option<Self> {
        let cipher = ChaCha20Poly1305::new((&master.0).into());
        let mut keys = Vec::with_capacity(held.keys.len());
        for (id, key) in &held.keys {
            let nonce = nonce_from(random);
            let wrapped = seal(&cipher, &nonce, key.expose(), &key_context(*id))?;
            keys.push(WrappedKey {
                id: *id,
                nonce,
                wrapped,
            });
        }
        let kept_from = held
            .kept_from
            .iter()
            .map(|(class, day)| (*class, *day))
            .collect();
        let seal_nonce = nonce_from(random);
        let mut contents = Self {
            kept_from,
            keys,
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
        for WrappedKey { id, nonce, wrapped } in &self.keys {
            let key = open(&cipher, nonce, wrapped, &key_context(*id))?;
            held.keys.insert(*id, DataKey(key.try_into().ok()?));
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
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&count(self.kept_from.len()));
        bytes.extend_from_slice(&count(self.keys.len()));
        for (class, day) in &self.kept_from {
            bytes.push(*class);
            bytes.extend_from_slice(&day.to_le_bytes());
        }
        for WrappedKey { id, nonce, wrapped } in &self.keys {
            bytes.push(id.class);
            bytes.extend_from_slice(&id.day.to_le_bytes());
            bytes.extend_from_slice(nonce);
            bytes.extend_from_slice(wrapped);
        }
        bytes
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
        let version = take(&mut rest).map(u32::from_le_bytes);
        match version {
            Some(FORMAT_VERSION) => {}
            Some(version) => return Err(FileFault::Newer(version)),
            None => return Err(FileFault::Damaged("it is cut off")),
        }
        let contents = Self::fields(&mut rest).ok_or(FileFault::Damaged("it is cut off"))?;
        if rest.is_empty() {
            Ok(contents)
        } else {
            Err(FileFault::Damaged("it is too long"))
        }
    }

    fn fields(rest: &mut &[u8]) -> Option<Self> {
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
            keys.push(WrappedKey {
                id,
                nonce: take(rest)?,
                wrapped: take(rest)?,
            });
        }
        Some(Self {
            kept_from,
            keys,
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
