//! Personal data as stored: sealed under a key of its day, or, if it has to outlive days, under a key of the person
//! it is about. It can be opened while that key exists, and is erased by dropping the key. This module holds no key;
//! the caller provides it.

use std::fmt;

use bincode::{Decode, Encode};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

/// The purpose that personal data is kept for, which sets how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum RetentionClass {
    /// A gateway's message, kept as proof of a payment.
    Evidence,
    /// A person's explanation of an action.
    Remark,
    /// A buyer's contact data, so that they need not give it twice.
    Buyer,
}

impl RetentionClass {
    /// Every class.
    pub const ALL: &'static [Self] = &[Self::Evidence, Self::Remark, Self::Buyer];

    /// The word in metrics.
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

/// The subject of standing data: a seller, an endpoint, an administrator. 128 bits without meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct SubjectId(pub [u8; 16]);

/// The id of a sealing key. Stored: append variants only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum SealingKeyId {
    /// The key of one day and class, dropped when the class's retention is over.
    Day {
        /// The Korean day of sealing, counted from 1970-01-01.
        day: u32,
        /// The retention class.
        class: RetentionClass,
    },
    /// The key of one subject: never dropped by age, dropped when the subject is erased.
    Standing {
        /// The subject.
        subject: SubjectId,
    },
}

/// The key of one day and class.
#[derive(Clone)]
pub struct SealingKey {
    /// The key's id.
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

/// The sealed bytes cannot be opened: they, or the key, have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open under its key")]
pub struct SealBroken;

impl Sealed {
    /// Sealed data from its stored parts.
    pub const fn from_parts(key: SealingKeyId, nonce: [u8; 12], ciphertext: Box<[u8]>) -> Self {
        Self {
            key,
            nonce,
            ciphertext,
        }
    }

    /// Seals `plain`. `nonce` must be new for each call with one key; 96 random bits are.
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

    /// The id of the key that opens it.
    pub const fn key_id(&self) -> SealingKeyId {
        self.key
    }

    /// The opened data.
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

/// Binds the ciphertext to its day and class, or to its subject, so that it cannot be moved to another.
fn aad(id: SealingKeyId) -> Vec<u8> {
    match id {
        SealingKeyId::Day { day, class } => {
            let [a, b, c, d] = day.to_be_bytes();
            vec![a, b, c, d, class.code()]
        }
        SealingKeyId::Standing { subject } => [b"standing", &subject.0[..]].concat(),
    }
}

/// A lookup value for a person: a keyed hash of a phone number or a mail address. Without the key it can neither be
/// computed nor traced back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Lookup(pub [u8; 16]);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup(…)")
    }
}

/// The key of the lookups. It is in the key file and does not depend on the master key, so that a new master key
/// changes no lookup.
#[derive(Clone)]
pub struct LookupKey([u8; 32]);

impl LookupKey {
    /// The key with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The lookup of a text of a kind (`phone`, `mail`). The caller has normalized the text.
    pub fn of(&self, kind: &str, text: &str) -> Lookup {
        use hmac::Mac;
        // HMAC accepts keys of any length; the other arm cannot happen.
        let Ok(mut mac) = <hmac::Hmac<sha2::Sha256> as Mac>::new_from_slice(&self.0) else {
            return Lookup([0; 16]);
        };
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut half = [0; 16];
        half.iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
        Lookup(half)
    }
}

impl fmt::Debug for LookupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookupKey(…)")
    }
}

/// Data of a person who can be looked up, as sealed: the lookups are inside, so only code that can open the data can
/// write the index rows that find it, and they are erased with its key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Findable {
    /// The lookup values.
    pub lookups: Vec<Lookup>,
    /// The data.
    pub plain: Vec<u8>,
}

impl Findable {
    /// The most lookups that are read back.
    const LIMIT: usize = 1 << 20;

    /// Seals the data with its lookups.
    pub fn seal(&self, key: &SealingKey, nonce: [u8; 12]) -> Result<Sealed, SealBroken> {
        let bytes = bincode::encode_to_vec(self, bincode::config::standard());
        Sealed::seal(key, nonce, &bytes.map_err(|_| SealBroken)?)
    }

    /// Opens data sealed by [`Findable::seal`].
    pub fn open(sealed: &Sealed, key: &SealingKey) -> Result<Self, SealBroken> {
        let config = bincode::config::standard().with_limit::<{ Self::LIMIT }>();
        let plain = sealed.open(key)?;
        let (found, used) = bincode::decode_from_slice(&plain, config).map_err(|_| SealBroken)?;
        if used == plain.len() {
            Ok(found)
        } else {
            Err(SealBroken)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(day: u32) -> SealingKey {
        let class = RetentionClass::Evidence;
        SealingKey::new(SealingKeyId::Day { day, class }, [7; 32])
    }

    fn standing(subject: u8) -> SealingKey {
        let subject = SubjectId([subject; 16]);
        SealingKey::new(SealingKeyId::Standing { subject }, [7; 32])
    }

    #[test]
    fn sealed_data_opens_under_its_key_alone() {
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
    fn ciphertext_cannot_be_moved_to_another_day() {
        let mut sealed = Sealed::seal(&key(1), [1; 12], b"x").unwrap();
        sealed.key = key(2).id;
        assert_eq!(sealed.open(&key(1)), Err(SealBroken));
    }

    #[test]
    fn standing_data_cannot_be_moved_to_another_subject() {
        let mut sealed = Sealed::seal(&standing(1), [1; 12], b"x").unwrap();
        assert_eq!(sealed.open(&standing(1)).unwrap(), b"x");
        sealed.key = standing(2).id;
        assert_eq!(sealed.open(&standing(2)), Err(SealBroken));
    }

    #[test]
    fn lookups_are_inside_the_sealed_data() {
        let lookups = LookupKey::new([9; 32]);
        let phone = lookups.of("phone", "01000000000");
        let known = Findable {
            lookups: vec![phone, lookups.of("mail", "someone@shop.example")],
            plain: b"someone".to_vec(),
        };
        let sealed = known.seal(&standing(1), [1; 12]).unwrap();
        assert!(!sealed.ciphertext.windows(16).any(|part| part == phone.0));
        assert_eq!(Findable::open(&sealed, &standing(1)), Ok(known));
        assert_ne!(lookups.of("mail", "01000000000"), phone);
        assert_ne!(LookupKey::new([8; 32]).of("phone", "01000000000"), phone);
    }
}
