//! Personal data as it is stored: sealed under a key of its day, opened while that key exists, erased
//! by dropping the key. Nothing here keeps a key; the caller brings it.

use std::fmt;

use bincode::{Decode, Encode};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

/// Why personal data is kept, which says for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum RetentionClass {
    /// What a gateway told us, kept as proof of a payment.
    Evidence,
    /// What a person wrote to explain an action.
    Remark,
    /// Who a buyer says they are, so that they can be asked for nothing twice.
    Buyer,
}

impl RetentionClass {
    /// Every class.
    pub const ALL: &'static [Self] = &[Self::Evidence, Self::Remark, Self::Buyer];

    /// The word in figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Remark => "remark",
            Self::Buyer => "buyer",
        }
    }

    /// Its number in the key file.
    pub const fn code(self) -> u8 {
        match self {
            Self::Evidence => 1,
            Self::Remark => 2,
            Self::Buyer => 3,
        }
    }
}

/// Which key sealed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct SealingKeyId {
    /// The Korean day of sealing, counted from 1970-01-01.
    pub day: u32,
    /// Why it is kept.
    pub class: RetentionClass,
}

/// The key of one day and class.
#[derive(Clone)]
pub struct SealingKey {
    /// Which one it is.
    pub id: SealingKeyId,
    bytes: [u8; 32],
}

impl SealingKey {
    /// The key with these bytes.
    pub const fn new(id: SealingKeyId, bytes: [u8; 32]) -> Self {
        Self { id, bytes }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({:?}, …)", self.id)
    }
}

/// Personal data, unreadable without the key it names.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Sealed {
    key: SealingKeyId,
    nonce: [u8; 12],
    ciphertext: Box<[u8]>,
}

/// The sealed bytes do not open: they, or the key, are not the ones they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open under its key")]
pub struct SealBroken;

impl Sealed {
    /// Seals `plain`. `nonce` must be new for each call under one key; 96 random bits are.
    pub fn seal(key: &SealingKey, nonce: [u8; 12], plain: &[u8]) -> Result<Self, SealBroken> {
        let payload = Payload {
            msg: plain,
            aad: &aad(key.id),
        };
        let ciphertext = cipher(key)
            .encrypt(Nonce::from_slice(&nonce), payload)
            .map_err(|_| SealBroken)?;
        Ok(Self {
            key: key.id,
            nonce,
            ciphertext: ciphertext.into(),
        })
    }

    /// The key that is needed to open it.
    pub const fn key_id(&self) -> SealingKeyId {
        self.key
    }

    /// What was sealed.
    pub fn open(&self, key: &SealingKey) -> Result<Vec<u8>, SealBroken> {
        let payload = Payload {
            msg: &self.ciphertext,
            aad: &aad(self.key),
        };
        cipher(key)
            .decrypt(Nonce::from_slice(&self.nonce), payload)
            .map_err(|_| SealBroken)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({:?}, {} bytes)", self.key, self.ciphertext.len())
    }
}

fn cipher(key: &SealingKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(&key.bytes))
}

/// Binds the ciphertext to its day and class, so that neither can be changed.
fn aad(id: SealingKeyId) -> [u8; 5] {
    let [a, b, c, d] = id.day.to_be_bytes();
    [a, b, c, d, id.class.code()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(day: u32) -> SealingKey {
        SealingKey::new(
            SealingKeyId {
                day,
                class: RetentionClass::Evidence,
            },
            [7; 32],
        )
    }

    #[test]
    fn what_is_sealed_opens_under_its_key_alone_and_shows_nothing() {
        let sealed = Sealed::seal(&key(1), [1; 12], "김철수 010-1234-5678".as_bytes()).unwrap();
        assert_eq!(
            sealed.open(&key(1)).unwrap(),
            "김철수 010-1234-5678".as_bytes()
        );
        let other = SealingKey::new(key(1).id, [8; 32]);
        assert_eq!(sealed.open(&other), Err(SealBroken));
        assert!(!format!("{sealed:?}").contains("010"));
        assert!(!sealed.ciphertext.windows(4).any(|w| w == b"1234"));
    }

    #[test]
    fn a_ciphertext_cannot_be_moved_to_another_day() {
        let mut sealed = Sealed::seal(&key(1), [1; 12], b"x").unwrap();
        sealed.key.day = 2;
        assert_eq!(sealed.open(&key(1)), Err(SealBroken));
    }
}
