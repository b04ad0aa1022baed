//! Opening a data directory: what can be trusted after each kind of stop, and the repairs.
//!
//! After a clean stop the index is trusted. After a kill (same boot) it is trusted, and the journal's tail is
//! replayed. If power may have failed (another boot), or the index does not open, or it belongs to another journal or
//! another history, it is moved aside, and the open store rebuilds it (`mending`). The journal itself is never
//! repaired beyond a torn last frame.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cursor::{Cursor, INDEX_FORMAT};
use super::embedded::EmbeddedStore;
use super::files::{FileLock, Files};
use super::filter::AbsenceFilter;
use super::index::{Checked, Direction, Index, IndexError, IndexHome};
use super::journal::{Journal, JournalOptions, JournalReader, LastStop, OpenReport};
use super::keys;
use super::marker::{self, Marker};
use super::overlay::{Overlay, OverlayLimits};
use super::reader::{Reader, Shared};
use super::remembered;
use super::replay::{self, Progress};
use super::served_index::{Health, ServedIndex};
use super::{StoreError, StoreFailure};

use parking_lot::Mutex;

/// Options of opening.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The data directory.
    pub dir: PathBuf,
    /// Sizes of the journal.
    pub journal: JournalOptions,
    /// Bounds of the overlay.
    pub overlay: OverlayLimits,
    /// The smallest absence filter in bytes; a larger store gets a larger one.
    pub filter_bytes: usize,
    /// At most this many records are replayed before the store is open; a longer tail is replayed while it is open.
    pub replayed_at_once: u64,
}

impl OpenOptions {
    /// The default sizes, in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            // Small segments are prepared with little disturbance; a frame has at most one batch's two mebibytes and
            // one record.
            journal: JournalOptions {
                segment_bytes: 16 << 20,
                max_body_bytes: 3 << 20,
                ..JournalOptions::default()
            },
            overlay: OverlayLimits::default(),
            filter_bytes: 4 << 20,
            replayed_at_once: 100_000,
        }
    }

    /// Where the journal's segments are.
    pub(super) fn journal_dir(&self) -> PathBuf {
        self.dir.join("journal")
    }
}

/// The metrics label of a rebuild at start.
const AT_START: &str = "start";

/// The state of the index after opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuilt {
    /// It was used; the journal's tail was replayed into it.
    No {
        /// How many records.
        replayed: u64,
    },
    /// It was set aside, for this reason: the store is open but answers nothing from the index until the applier has
    /// rebuilt it.
    Because(String),
    /// It cannot be used yet, for this reason: the store is open but answers nothing from the index, and the applier
    /// keeps trying.
    NotYet(String),
}

/// The result of opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The journal's report.
    pub journal: OpenReport,
    /// The state of the index.
    pub index: Rebuilt,
    /// Whether the journal has records and there is no marker: it was restored from a backup, or its later records
    /// were given up.
    pub was_restored: bool,
}

/// An open data directory: the store, and its upkeep.
#[derive(Debug)]
pub struct Directory {
    /// The one writer's store.
    pub store: EmbeddedStore,
    /// The report of opening.
    pub opened: Opened,
    pub(super) files: Arc<dyn Files>,
    pub(super) options: OpenOptions,
    pub(super) filter: Arc<AbsenceFilter>,
    pub(super) home: Arc<dyn IndexHome>,
    lock: FileLock,
}

impl Directory {
    /// Opens `options.dir`, making a new one if needed. `progress` is called during a long replay.
    pub fn open(
        files: &Arc<dyn Files>,
        home: &dyn IndexHome,
        options: OpenOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, StoreError> {
        files
            .create_dir(&options.dir)
            .map_err(StoreError::file("make", &options.dir))?;
        let lock = lock(files.as_ref(), &options.dir)?;
        let boot_id = files.boot_id().map_err(StoreError::boot_id)?;
        let marker = marker::read(files.as_ref(), &options.dir)?;
        let last_stop = marker
            .as_ref()
            .map_or(LastStop::Unknown, |marker| marker.last_stop(&boot_id));
        let (journal, report) = Journal::open(
            Arc::clone(files),
            &options.journal_dir(),
            options.journal.clone(),
            &last_stop,
        )
        .map_err(StoreError::opening)?;
        let was_restored = marker.is_none() && journal.tail().next_record > 1;
        let distrust = distrust(&journal, &last_stop, report.created);
        let at_once = options.replayed_at_once;
        let (served, rebuilt) = open_index(&journal.reader(), home, distrust, at_once, progress)?;
        let filter = remembered::filter(files.as_ref(), &options, &journal, &served)?;
        marker::write(files.as_ref(), &options.dir, &Marker::running(boot_id))?;
        let filter = Arc::new(filter);
        let overlay = Overlay::new(options.overlay);
        let shared = Arc::new(Shared {
            overlay,
            served,
            committing: Mutex::new(()),
            journal: journal.reader(),
        });
        let store = EmbeddedStore::new(journal, shared, Arc::clone(&filter));
        let opened = Opened {
            was_restored,
            journal: report,
            index: rebuilt,
        };
        Ok(Self {
            store,
            opened,
            files: Arc::clone(files),
            options,
            filter,
            home: home.share(),
            lock,
        })
    }

    /// The store for the writer, and the lock to hold for as long as it runs.
    pub fn into_parts(self) -> (EmbeddedStore, FileLock) {
        (self.store, self.lock)
    }

    /// A reader for any thread.
    pub fn reader(&self) -> Reader {
        self.store.reader()
    }
}

/// The lock of an existing directory.
pub(super) fn lock_existing(files: &dyn Files, dir: &Path) -> Result<FileLock, StoreError> {
    if files.list(&dir.join("journal")).is_err() {
        let dir = dir.to_path_buf();
        return Err(StoreError::Failed(StoreFailure::NoJournal { dir }));
    }
    lock(files, dir)
}

fn lock(files: &dyn Files, dir: &Path) -> Result<FileLock, StoreError> {
    let path = dir.join("lock");
    let held = files.lock(&path).map_err(StoreError::file("lock", &path))?;
    held.ok_or_else(|| StoreError::in_use(dir))
}

/// The reason to distrust the index, from the kind of the last stop alone.
fn distrust(journal: &Journal, last_stop: &LastStop, created: bool) -> Option<String> {
    let empty = created || journal.tail().next_record == 1;
    match last_stop {
        LastStop::Unknown if !empty => {
            Some("power may have failed since it was written".to_owned())
        }
        _ => None,
    }
}

/// The index brought to the journal's end; or none, and what has to be done first. Damage of the journal is an error.
fn open_index(
    journal: &JournalReader,
    home: &dyn IndexHome,
    distrust: Option<String>,
    at_once: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(ServedIndex, Rebuilt), StoreError> {
    let reason = match distrust.map_or_else(|| usable_index(journal, home), |why| Ok(Err(why))) {
        Ok(Ok((index, from))) => match bring_up(journal, index.as_ref(), (from, at_once), progress)
        {
            Ok(replayed) => {
                let index = ServedIndex::new(Ok(index));
                return Ok((index, Rebuilt::No { replayed }));
            }
            Err(NotBroughtUp::Behind(why)) => {
                let index = ServedIndex::new(Err(Health::behind(why.clone())));
                return Ok((index, Rebuilt::NotYet(why)));
            }
            Err(NotBroughtUp::Failed(StoreError::Full(why))) => return Ok(without_room(&why)),
            // A record that does not follow from the index need not be the journal's fault: the rebuild will tell.
            Err(NotBroughtUp::Failed(StoreError::Index(why) | StoreError::Damaged(why))) => why,
            Err(NotBroughtUp::Failed(error @ StoreError::Failed(_))) => return Err(error),
        },
        Ok(Err(reason)) => reason,
        // It may be sound: it is opened when there is room.
        Err(StoreError::Full(why)) => return Ok(without_room(&why)),
        Err(error) => return Err(error),
    };
    // Must come before the marker is written: the marker says that this boot's index can be trusted.
    home.set_aside()?;
    let index = ServedIndex::new(Err(Health::distrusted(AT_START, reason.clone())));
    Ok((index, Rebuilt::Because(reason)))
}

fn without_room(why: &StoreFailure) -> (ServedIndex, Rebuilt) {
    let index = ServedIndex::new(Err(Health::NoRoom(why.to_string())));
    (index, Rebuilt::NotYet(why.to_string()))
}

/// The reason why an index was not brought to the journal's end.
enum NotBroughtUp {
    /// The tail is too long to replay before the store is open.
    Behind(String),
    Failed(StoreError),
}

fn bring_up(
    journal: &JournalReader,
    index: &dyn Index,
    (from, at_once): (u64, u64),
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, NotBroughtUp> {
    let behind = journal.tail().next_record.saturating_sub(from);
    if behind > at_once {
        let why = format!("it trails the journal by {behind} records");
        return Err(NotBroughtUp::Behind(why));
    }
    replay::replay(journal, from, index, progress).map_err(NotBroughtUp::Failed)
}

/// Moves the index aside and makes a new one from the journal. If there is no room for both, the old one is deleted.
pub(super) fn rebuild(
    journal: &JournalReader,
    home: &dyn IndexHome,
    progress: &mut dyn FnMut(Progress),
) -> Result<Arc<dyn Index>, StoreError> {
    home.set_aside()?;
    let made = go_on(journal, home, progress);
    if let Err(StoreError::Full(_)) = made {
        home.drop_set_aside()?;
        return go_on(journal, home, progress);
    }
    made
}

/// Replays the missing records into the index.
fn go_on(
    journal: &JournalReader,
    home: &dyn IndexHome,
    progress: &mut dyn FnMut(Progress),
) -> Result<Arc<dyn Index>, StoreError> {
    let (index, from) = usable_index(journal, home)?.map_err(StoreError::Index)?;
    replay::replay(journal, from, index.as_ref(), progress)?;
    Ok(index)
}

/// The index and the record to replay from, or the reason why it cannot be used.
pub(super) type Usable = Result<(Arc<dyn Index>, u64), String>;

/// Checks that the index is sound and belongs to this journal. One that does not open for want of room may be sound.
pub(super) fn usable_index(
    journal: &JournalReader,
    home: &dyn IndexHome,
) -> Result<Usable, StoreError> {
    let index = match home.open() {
        Ok(index) => Checked::over(index),
        Err(IndexError::Full(why)) => return Err(StoreError::full(why)),
        Err(error) => return Ok(Err(format!("it does not open: {error}"))),
    };
    let cursor = match index.get(&keys::applied()) {
        Ok(cursor) => cursor,
        Err(error) => return Ok(Err(format!("it does not read: {error}"))),
    };
    let Some(bytes) = cursor else {
        let first = index.range(&[0], &[u8::MAX], Direction::Ascending, 1);
        return Ok(match first.map(|found| found.is_empty()) {
            Ok(true) => Ok((index, 1)),
            Ok(false) => Err("it has entries and no cursor".to_owned()),
            Err(error) => Err(format!("it does not read: {error}")),
        });
    };
    let Ok(cursor) = Cursor::decode(&bytes) else {
        return Ok(Err("its cursor does not decode".to_owned()));
    };
    if cursor.format != INDEX_FORMAT {
        return Ok(Err("it is of another format".to_owned()));
    }
    let end = journal.tail().next_record;
    if cursor.next_record > end {
        return Err(StoreError::Damaged(format!(
            "the index has records up to {}, the journal ends before {end}: either the journal has lost its end \
             (restore it), or the index is another's (run `daegeum rebuild`)",
            cursor.next_record.saturating_sub(1)
        )));
    }
    Ok(if belongs(journal, &cursor)? {
        Ok((index, cursor.next_record))
    } else {
        Err("it belongs to another journal or another past".to_owned())
    })
}

/// Whether the journal had this chain hash at this record.
fn belongs(journal: &JournalReader, cursor: &Cursor) -> Result<bool, StoreError> {
    if cursor.next_record <= 1 {
        return Ok(cursor.next_record == 1);
    }
    let last = cursor.next_record.saturating_sub(1);
    let frame = journal.frame_of_record(last).map_err(StoreError::reading)?;
    Ok(frame.is_some_and(|frame| {
        frame.meta.next_record() == cursor.next_record && frame.chain == cursor.chain
    }))
}
