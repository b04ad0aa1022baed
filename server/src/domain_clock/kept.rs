//! Keeps domain time in a file beside the data, written every minute and at a stop, so that a start knows how long
//! the server was down, and not only how old the last record is.
//!
//! Within one boot, the time since then is read off the monotonic clock, which cannot be set. After another boot,
//! domain time is at least the kept time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daegeum_engine::store::files::Files;
use serde::{Deserialize, Serialize};

use crate::world::World;

const NAME: &str = "clock.json";
const LIMIT: usize = 4_096;

/// The place of the file.
pub(super) struct Place {
    files: Arc<dyn Files>,
    file: PathBuf,
}

/// The content of the file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockCheckpoint {
    boot_id: String,
    since_boot_ns: u64,
    domain_ns: u128,
}

impl Place {
    pub(super) fn new(files: Arc<dyn Files>, dir: &Path) -> Self {
        let file = dir.join(NAME);
        Self { files, file }
    }

    pub(super) fn keep(&self, world: &dyn World, domain_ns: u128) -> io::Result<()> {
        let kept = ClockCheckpoint {
            boot_id: self.files.boot_id()?,
            since_boot_ns: world.since_boot_ns(),
            domain_ns,
        };
        self.files
            .write_whole(&self.file, &serde_json::to_vec(&kept)?)
    }

    /// The least domain time according to the file; `None` if it is missing or unreadable.
    pub(super) fn domain_ns(&self, world: &dyn World) -> Option<u128> {
        let bytes = self.files.read_whole(&self.file, LIMIT).ok()??;
        let kept: ClockCheckpoint = serde_json::from_slice(&bytes).ok()?;
        let same_boot = self.files.boot_id().is_ok_and(|now| now == kept.boot_id);
        let passed_ns = if same_boot {
            world.since_boot_ns().saturating_sub(kept.since_boot_ns)
        } else {
            0
        };
        Some(kept.domain_ns.saturating_add(u128::from(passed_ns)))
    }
}
