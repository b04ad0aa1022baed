//! Seals and opens personal data with the keys of the key file.

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

    /// Seals `plain` under the key of `now`'s day, which is on disk when this returns. If a clock was once so far
    /// ahead that this day counts as erased, the first day that does not is used.
    pub fn seal(
        &self,
        class: RetentionClass,
        plain: &[u8],
        now: Timestamp,
    ) -> Result<Sealed, Problem> {
        let mut random = |bytes: &mut [u8]| self.world.fill_random(bytes);
        let first_kept = self.keyring.kept_from(class.code());
        let day = now.korean_day().max(first_kept);
        let id = SealingKeyId::Day { day, class };
        let key = self
            .keyring
            .key_for(day, class.code(), &mut random)
            .map_err(no_key)?;
        Sealed::seal(
            &SealingKey::new(id, *key.expose()),
            random_bytes(&*self.world),
            plain,
        )
        .map_err(Problem::internal)
    }

    /// The opened data; `None` once its key is dropped.
    pub fn open(&self, sealed: &Sealed) -> Option<String> {
        let id = sealed.key_id();
        let key = match id {
            SealingKeyId::Day { day, class } => self.keyring.get(KeyId {
                class: class.code(),
                day,
            }),
            SealingKeyId::Standing { subject } => self.keyring.standing(subject),
        }?;
        let plain = sealed.open(&SealingKey::new(id, *key.expose())).ok()?;
        Some(String::from_utf8_lossy(&plain).into_owned())
    }

    /// How many days before `day` still have a key of this class.
    pub fn days_before(&self, day: u32, class: RetentionClass) -> usize {
        self.keyring.days_before(day, class.code())
    }

    /// Drops the keys of a class from before `day`; what they sealed is erased for good.
    pub fn drop_before(&self, day: u32, class: RetentionClass) -> Result<usize, Problem> {
        let mut random = |bytes: &mut [u8]| self.world.fill_random(bytes);
        self.keyring
            .drop_before(day, class.code(), &mut random)
            .map_err(Problem::internal)
    }
}

/// The refusal if there is no key. Nothing was sealed, so a full disk means: retry later.
fn no_key(error: KeyringError) -> Problem {
    match error {
        error if error.is_full() => HttpErrorCode::StorageFull.into(),
        error => Problem::internal(error),
    }
}
