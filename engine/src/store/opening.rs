//! Opening a data directory: what may be trusted after each kind of stop, and putting right what may not.
//!
//! Clean stop: the index is trusted. Killed (same boot): trusted, and the journal's tail is replayed. Power may
//! have failed (another boot): the index is rebuilt. An index that does not open, or that is of another journal
//! or another past, is moved aside and rebuilt. The journal itself is never repaired beyond a torn last frame.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::StoreError;
use super::cursor::{Cursor, INDEX_FORMAT};
use super::embedded::EmbeddedStore;
use super::files::{FileLock, Files};
use super::filter::AbsenceFilter;
use super::index::{Direction, Index, IndexHome};
use super::journal::{Journal, JournalOptions, LastStop, OpenReport};
use super::keys;
use super::marker::{self, Marker};
use super::overlay::{Overlay, OverlayLimits};
use super::reader::{Reader, Shared};
use super::remembered;
use super::replay::{self, Progress};

/// Where and how to open.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The data directory.
    pub dir: PathBuf,
    /// Sizes of the journal.
    pub journal: JournalOptions,
    /// Bounds of the overlay.
    pub overlay: OverlayLimits,
    /// Bytes of the absence filter at least; a larger store gets a larger one.
    pub filter_bytes: usize,
}

impl OpenOptions {
    /// The usual sizes, in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            // Small segments are prepared gently; a frame has at most one batch's two mebibytes and a record.
            journal: JournalOptions {
                segment_bytes: 16 << 20,
                max_body_bytes: 3 << 20,
                ..JournalOptions::default()
            },
            overlay: OverlayLimits::default(),
            filter_bytes: 4 << 20,
        }
    }

    /// Where the journal's segments are.
    pub(super) fn journal_dir(&self) -> PathBuf {
        self.dir.join("journal")
    }
}

/// Why the index was not simply used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuilt {
    /// It was used; this many records of the journal's tail were replayed into it.
    No {
        /// How many records.
        replayed: u64,
    },
    /// It was rebuilt from the journal, and why.
    Because(String),
}

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What the journal found.
    pub journal: OpenReport,
    /// What became of the index.
    pub index: Rebuilt,
}

/// An open data directory: the store, and what has to be kept up beside it.
#[derive(Debug)]
pub struct Directory {
    /// For the one writer.
    pub store: EmbeddedStore,
    /// What opening found and did.
    pub opened: Opened,
    pub(super) files: Arc<dyn Files>,
    pub(super) options: OpenOptions,
    pub(super) filter: Arc<AbsenceFilter>,
    lock: FileLock,
}

impl Directory {
    /// Opens `options.dir`, making it if it is new. `progress` is told how far a long replay has come.
    pub fn open(
        files: &Arc<dyn Files>,
        home: &dyn IndexHome,
        options: OpenOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, StoreError> {
        let failed = |what: &'static str| {
            move |error: std::io::Error| StoreError::Failed(format!("{what}: {error}"))
        };
        files
            .create_dir(&options.dir)
            .map_err(failed("the data directory cannot be made"))?;
        let lock = lock(files.as_ref(), &options.dir)?;
        let boot_id = files
            .boot_id()
            .map_err(failed("the boot id cannot be read"))?;
        let marker = marker::read(files.as_ref(), &options.dir)?;
        let last_stop = marker
            .as_ref()
            .map_or(LastStop::Unknown, |marker| marker.last_stop(&boot_id));
        let (journal, report) = Journal::open(
            Arc::clone(files),
            &options.journal_dir(),
            options.journal.clone(),
            &last_stop,
        )?;
        let distrust = distrust(&journal, &last_stop, report.created);
        let (index, rebuilt) = open_index(&journal, home, distrust, progress)?;
        let filter = remembered::filter(files.as_ref(), &options, &journal, index.as_ref())?;
        marker::write(files.as_ref(), &options.dir, &Marker::running(boot_id))?;
        let filter = Arc::new(filter);
        let overlay = Overlay::new(options.overlay);
        let shared = Arc::new(Shared {
            overlay,
            index,
            journal: journal.reader(),
        });
        let store = EmbeddedStore::new(journal, shared, Arc::clone(&filter));
        let opened = Opened {
            journal: report,
            index: rebuilt,
        };
        Ok(Self {
            store,
            opened,
            files: Arc::clone(files),
            options,
            filter,
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

/// The lock of a directory that has to be there already.
pub(super) fn lock_existing(files: &dyn Files, dir: &Path) -> Result<FileLock, StoreError> {
    if files.list(&dir.join("journal")).is_err() {
        return Err(StoreError::Failed(format!(
            "{} holds no journal; is it the right directory?",
            dir.display()
        )));
    }
    lock(files, dir)
}

fn lock(files: &dyn Files, dir: &Path) -> Result<FileLock, StoreError> {
    let path = dir.join("lock");
    let held = files
        .lock(&path)
        .map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?;
    held.ok_or_else(|| StoreError::in_use(dir))
}

/// Why the index may not be believed, whatever it says.
fn distrust(journal: &Journal, last_stop: &LastStop, created: bool) -> Option<String> {
    let empty = created || journal.tail().next_record == 1;
    match last_stop {
        LastStop::Unknown if !empty => {
            Some("power may have failed since it was written".to_owned())
        }
        _ => None,
    }
}

fn open_index(
    journal: &Journal,
    home: &dyn IndexHome,
    distrust: Option<String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Arc<dyn Index>, Rebuilt), StoreError> {
    let usable = match distrust {
        Some(reason) => Err(reason),
        None => usable_index(journal, home)?,
    };
    match usable {
        Ok((index, from)) => {
            let replayed = replay::replay(&journal.reader(), from, index.as_ref(), progress)?;
            Ok((index, Rebuilt::No { replayed }))
        }
        Err(reason) => Ok((rebuild(journal, home, progress)?, Rebuilt::Because(reason))),
    }
}

/// Moves the index aside and makes a new one from the journal.
pub(super) fn rebuild(
    journal: &Journal,
    home: &dyn IndexHome,
    progress: &mut dyn FnMut(Progress),
) -> Result<Arc<dyn Index>, StoreError> {
    home.set_aside()?;
    let index = home.open()?;
    replay::replay(&journal.reader(), 1, index.as_ref(), progress)?;
    Ok(index)
}

/// The index and the record to replay from, or why it cannot be used.
pub(super) type Usable = Result<(Arc<dyn Index>, u64), String>;

/// Looks whether the index is sound and of this journal.
pub(super) fn usable_index(journal: &Journal, home: &dyn IndexHome) -> Result<Usable, StoreError> {
    let index = match home.open() {
        Ok(index) => index,
        Err(error) => return Ok(Err(format!("it does not open: {error}"))),
    };
    let cursor = match index.get(&keys::applied()) {
        Ok(cursor) => cursor,
        Err(error) => return Ok(Err(format!("it does not read: {error}"))),
    };
    let Some(bytes) = cursor else {
        let empty = index
            .range(&[0], &[u8::MAX], Direction::Ascending, 1)?
            .is_empty();
        return Ok(if empty {
            Ok((index, 1))
        } else {
            Err("it has entries and no cursor".to_owned())
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
fn belongs(journal: &Journal, cursor: &Cursor) -> Result<bool, StoreError> {
    if cursor.next_record <= 1 {
        return Ok(cursor.next_record == 1);
    }
    let last = cursor.next_record.saturating_sub(1);
    let frame = journal.reader().frame_of_record(last)?;
    Ok(frame.is_some_and(|frame| {
        frame.meta.next_record() == cursor.next_record && frame.chain == cursor.chain
    }))
}
