//! Checks the data directory from outside, while a server may have it open.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use daegeum_engine::store::files::{DiskFiles, Files};
use daegeum_engine::store::identity;
use daegeum_engine::store::journal;
use daegeum_engine::store::keyring::{Keyring, MasterKey};
use rustix::fs::Access;

use super::{Findings, running};
use crate::config::Config;
use crate::domain_clock::{FOLLOWED_MOST, NO_DIFFERENCE};
use crate::modes;

const FREE_WARN_BYTES: u64 = 2 << 30;
const FREE_FAIL_BYTES: u64 = 256 << 20;
const MIB: u64 = 1 << 20;

/// The first bytes of every segment of a journal (docs/journal.md), and the format this program reads.
const JOURNAL_MAGIC: &[u8; 8] = b"DAEGJRNL";
const JOURNAL_FORMAT: u32 = 1;

/// Checks it; returns whether a server has the directory open.
pub(super) fn look(config: &Config, now_ms: i64, findings: &mut Findings) -> bool {
    let data = &config.settings.server.data;
    if !data.is_dir() {
        look_at_nothing(data, findings);
        return false;
    }
    if rustix::fs::access(data, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        findings.fail(
            "data directory",
            format!("{} cannot be written to", data.display()),
            "give it to the user the server runs as, and look as that user",
        );
        return false;
    }
    look_at_space(data, findings);
    let held = look_at_lock(data, findings);
    let journal = look_at_journal(data, findings);
    if journal && !held && !config.settings.server.sandbox {
        look_at_time(data, now_ms, findings);
    }
    look_at_keys(config, data, journal, findings);
    look_at_modes(config, findings);
    held
}

fn look_at_nothing(data: &Path, findings: &mut Findings) {
    const ABOUT: &str = "data directory";
    let shown = data.display();
    if data.exists() {
        let todo = "set data to a directory";
        return findings.fail(ABOUT, format!("{shown} is not a directory"), todo);
    }
    let mut above = data.ancestors().skip(1);
    // The first part of a relative path has an empty parent, which is the current directory.
    let existing = above.find(|dir| dir.as_os_str().is_empty() || dir.is_dir());
    let here = Path::new(".");
    let parent = existing.filter(|dir| !dir.as_os_str().is_empty());
    if rustix::fs::access(parent.unwrap_or(here), Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        let todo = "right before the first start; else set data to where the journal is";
        findings.warn(ABOUT, format!("{shown} is not there yet"), todo);
    } else {
        let todo = "make it, and give it to the user the server runs as";
        findings.fail(
            ABOUT,
            format!("{shown} is not there and cannot be made"),
            todo,
        );
    }
}

fn look_at_space(data: &Path, findings: &mut Findings) {
    const ABOUT: &str = "disk space";
    let todo = "make room: a full disk takes no payments until there is room again";
    match DiskFiles.free_bytes(data) {
        Err(error) => findings.warn(ABOUT, format!("not known: {error}"), todo),
        Ok(free) if free < FREE_FAIL_BYTES => {
            findings.fail(ABOUT, format!("{} MiB free", free / MIB), todo);
        }
        Ok(free) if free < FREE_WARN_BYTES => {
            findings.warn(ABOUT, format!("{} MiB free", free / MIB), todo);
        }
        Ok(free) => findings.ok(ABOUT, format!("{} MiB free", free / MIB)),
    }
}

/// Whether the lock is held. Only an existing lock file is tried, because trying creates it.
fn look_at_lock(data: &Path, findings: &mut Findings) -> bool {
    const ABOUT: &str = "data directory";
    let lock = data.join("lock");
    let held = match DiskFiles.exists(&lock) {
        Ok(true) => DiskFiles.lock(&lock).map(|lock| lock.is_none()),
        Ok(false) => Ok(false),
        Err(error) => Err(error),
    };
    let shown = data.display();
    match &held {
        Ok(true) => findings.ok(ABOUT, format!("{shown}, open in a running server")),
        Ok(false) => findings.ok(ABOUT, format!("{shown}, open in no server")),
        Err(error) => {
            let todo = "look as the user the server runs as";
            findings.fail(ABOUT, format!("{}: {error}", lock.display()), todo);
        }
    }
    matches!(held, Ok(true))
}

/// Checks that there is a journal.
fn look_at_journal(data: &Path, findings: &mut Findings) -> bool {
    const ABOUT: &str = "journal";
    let folder = data.join("journal");
    let names = DiskFiles.list(&folder).unwrap_or_default();
    let segments: Vec<_> = names
        .iter()
        .filter(|name| name.strip_suffix(".seg").is_some())
        .collect();
    // The first one: segments after the written one are prepared, and all zeros.
    let Some(first) = segments.iter().min() else {
        findings.ok(ABOUT, "none yet");
        return false;
    };
    let path = folder.join(first);
    let mut head = [0; 12];
    let read = DiskFiles
        .open(&path)
        .and_then(|file| file.read_at(0, &mut head));
    let (magic, version) = head.split_at(JOURNAL_MAGIC.len());
    let version = version.try_into().map(u32::from_le_bytes);
    let shown = path.display();
    match (read, version) {
        (Err(error), _) => {
            let todo = "look as the user the server runs as; check the disk";
            findings.fail(ABOUT, format!("{shown}: {error}"), todo);
        }
        (Ok(_), Ok(JOURNAL_FORMAT)) if magic == JOURNAL_MAGIC => {
            let count = segments.len();
            let found = format!("format {JOURNAL_FORMAT}, segments: {count}");
            findings.ok(ABOUT, found);
        }
        (Ok(_), Ok(newer)) if magic == JOURNAL_MAGIC => {
            let todo = "start the version of daegeum that wrote it";
            findings.fail(ABOUT, format!("{shown} has format {newer}"), todo);
        }
        _ => {
            let todo = "run `daegeum verify`; restore the directory from a backup";
            findings.fail(ABOUT, format!("{shown} does not begin as a journal"), todo);
        }
    }
    true
}

/// Whether a start would find a clock that fits the records. A running server is asked for its present state.
fn look_at_time(data: &Path, now_ms: i64, findings: &mut Findings) {
    const ABOUT: &str = "domain time";
    let last_ms = match journal::last_written_ms(&DiskFiles, &data.join("journal")) {
        Ok(Some(last_ms)) => last_ms,
        Ok(None) => return,
        Err(error) => {
            let todo = "look as the user the server runs as; check the disk";
            return findings.warn(ABOUT, error.to_string(), todo);
        }
    };
    let now_ms = u64::try_from(now_ms).unwrap_or(0);
    let behind = Duration::from_millis(last_ms.saturating_sub(now_ms));
    let ahead = Duration::from_millis(now_ms.saturating_sub(last_ms));
    if behind > NO_DIFFERENCE {
        running::clock_is_behind(behind, findings);
    } else if ahead > FOLLOWED_MOST {
        running::clock_is_ahead(ahead, findings);
    } else {
        findings.ok(ABOUT, "the clock fits the last record");
    }
}

fn look_at_modes(config: &Config, findings: &mut Findings) {
    const ABOUT: &str = "file modes";
    let open = modes::too_open(config);
    if open.is_empty() {
        return findings.ok(ABOUT, "secrets and data are open to their user alone");
    }
    for open in open {
        findings.warn(ABOUT, open.to_string(), open.remedy());
    }
}

fn look_at_keys(config: &Config, data: &Path, journal: bool, findings: &mut Findings) {
    const ABOUT: &str = "key file";
    let path = data.join("keyring");
    match DiskFiles.exists(&path) {
        Ok(false) if journal => {
            let todo = "restore it from a backup: without it the server does not start, and what was sealed cannot be \
                        read. If it is lost for good, start once with --accept-lost-keys";
            return findings.fail(ABOUT, "not there", todo);
        }
        Ok(false) => return findings.ok(ABOUT, "none yet"),
        _ => {}
    }
    let master = MasterKey::new(*config.secrets.data_key.expose());
    if let Err(error) = identity::examine(&DiskFiles, data, &master) {
        let todo = "the server does not start before this is right";
        return findings.fail(ABOUT, error.to_string(), todo);
    }
    match Keyring::open(Arc::new(DiskFiles), &path, master) {
        Ok(_) => findings.ok(ABOUT, "opens with data_key"),
        Err(error) => findings.fail(
            ABOUT,
            error.to_string(),
            "without it stored personal data cannot be read, and the server does not start",
        ),
    }
}
