//! Tests the simulation itself: it has to find each of the bugs that are planted one at a time.

use daegeum_engine::planted::{Bug, plant};

use crate::many::run_once_each;

/// How many seeds a bug may need.
pub const SEEDS_MAX: u64 = 1_000;

/// A bug with what it took to find it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which bug.
    pub bug: Bug,
    /// How many seeds it took, and what then did not hold; nothing if it was not found.
    pub by: Option<(u64, String)>,
}

/// Plants each bug and runs seeds until one fails.
pub fn find_all(operations: u64, mut tell: impl FnMut(&Found)) -> bool {
    let mut all = true;
    for bug in Bug::ALL.iter().copied() {
        plant(Some(bug));
        let failed = run_once_each(0..SEEDS_MAX, operations).err();
        let by = failed.map(|failed| (failed.seed + 1, failed.what));
        all &= by.is_some();
        tell(&Found { bug, by });
    }
    plant(None);
    all
}
