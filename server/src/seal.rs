//! Sealing and opening personal data with the keys of the key file.

use std::sync::Arc;

use daegeum_engine::sealed::{RetentionClass, Sealed, SealingKey, SealingKeyId};
use daegeum_engine::store::keyring::{KeyId, Keyring, KeyringError};
use daegeum_engine::time::Timestamp;

use crate::http::{HttpErrorCode, Problem};
use crate::world::{SharedWorld, random_bytes};

/// The key file with the randomness that sealing needs.
#[derive(Clone)]
pub struct Seals {
    keyring: Arc<Keyring>,
    world: SharedWorld,
}

impl Seals {
    /// Seals with `keyring`.
    pub fn new(keyring: Arc<Keyring>, world: SharedWorld) -> Self {
        Self { keyring, world }
    }

    /// Seals `plain` under the key of `now`'s day. That key is on the disk when this returns.
    pub fn seal(
        &self,
        class: RetentionClass,
        plain: &[u8],
        now: Timestamp,
    ) -> Result<Sealed, Problem> {
        let mut random = |bytes: &mut [u8]| self.world.fill_random(bytes);
        let id = SealingKeyId {
            day: now.korean_day(),
            class,
        };
        let key = self
            .keyring
            .key_for(id.day, class.code(), &mut random)
            .map_err(no_key)?;
        Sealed::seal(
            &SealingKey::new(id, *key.expose()),
            random_bytes(&*self.world),
            plain,
        )
        .map_err(Problem::internal)
    }

    /// What was sealed; nothing once its key is dropped.
    pub fn open(&self, sealed: &Sealed) -> Option<String> {
        let id = sealed.key_id();
        let key = self.keyring.get(key_id(id))?;
        let plain = sealed.open(&SealingKey::new(id, *key.expose())).ok()?;
        Some(String::from_utf8_lossy(&plain).into_owned())
    }

    /// Drops the keys of a class from before `day`; what they sealed is erased for good.
    pub fn drop_before(&self, day: u32, class: RetentionClass) -> Result<usize, Problem> {
        let mut random = |bytes: &mut [u8]| self.world.fill_random(bytes);
        self.keyring
            .drop_before(day, class.code(), &mut random)
            .map_err(Problem::internal)
    }
}

/// Why there is no key to seal with. Nothing was sealed, so a disk without room is a reason to come back.
fn no_key(error: KeyringError) -> Problem {
    match error {
        error if error.is_full() => HttpErrorCode::StorageFull.into(),
        error => Problem::internal(error),
    }
}

const fn key_id(id: SealingKeyId) -> KeyId {
    KeyId {
        class: id.class.code(),
        day: id.day,
    }
}
