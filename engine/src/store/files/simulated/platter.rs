//! The content of a simulated disk: what programs read, what would survive a power loss, and the unsynced states
//! between.
//!
//! The model is a page cache over a disk with 512-byte atomic sectors. A change is visible at once and durable once
//! its file (for names: its directory) was synced. Any unsynced sector may have reached the disk, in any state it
//! passed through, independently of all others; of names, each change may have or not. This is harsher than any
//! journaling file system.

use super::chance::Chance;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(super) const SECTOR: usize = 512;
const PAGE: u64 = 4096;

pub(super) type FileNumber = u64;

/// Everything that changes a disk. Replaying a list of these gives the same disk again.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Write {
        file: FileNumber,
        offset: usize,
        bytes: Vec<u8>,
    },
    SetLength {
        file: FileNumber,
        length: usize,
    },
    Sync {
        file: FileNumber,
    },
    /// A sync that the disk refused. As on Linux, its data counts as written from then on, is read back, and never
    /// reaches the disk unless it is written again.
    FailSync {
        file: FileNumber,
    },
    Create {
        path: PathBuf,
        file: FileNumber,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    CreateDir {
        path: PathBuf,
    },
    SyncDir {
        path: PathBuf,
    },
}

#[derive(Debug, Clone, Default)]
struct Content {
    /// The content that programs read.
    seen: Vec<u8>,
    /// The content that is certainly on the disk.
    durable: Vec<u8>,
    /// Per changed sector, every state it passed through since the last sync.
    unsynced: BTreeMap<usize, Vec<[u8; SECTOR]>>,
    /// Every length the file passed through since the last sync.
    unsynced_lengths: Vec<usize>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Set {
        path: PathBuf,
        file: FileNumber,
    },
    Move {
        from: PathBuf,
        to: PathBuf,
        file: FileNumber,
    },
    Drop {
        path: PathBuf,
    },
}

#[derive(Debug, Clone, Default)]
pub(super) struct Platter {
    contents: BTreeMap<FileNumber, Content>,
    names: BTreeMap<PathBuf, FileNumber>,
    durable_names: BTreeMap<PathBuf, FileNumber>,
    unsynced_names: Vec<NameChange>,
    directories: BTreeSet<PathBuf>,
    next_file: FileNumber,
}

impl Platter {
    pub(super) fn find(&self, path: &Path) -> Option<FileNumber> {
        self.names.get(path).copied()
    }

    pub(super) fn next_file(&self) -> FileNumber {
        self.next_file
    }

    pub(super) fn has_dir(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || self.directories.contains(path)
    }

    pub(super) fn bytes(&self, file: FileNumber) -> &[u8] {
        self.contents
            .get(&file)
            .map_or(&[], |content| content.seen.as_slice())
    }

    pub(super) fn names_in(&self, dir: &Path) -> Vec<String> {
        let inside = self.names.keys().filter(|path| path.parent() == Some(dir));
        inside
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect()
    }

    pub(super) fn used_bytes(&self) -> usize {
        self.names
            .values()
            .map(|file| self.bytes(*file).len())
            .fold(0, usize::saturating_add)
    }

    pub(super) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write {
                file,
                offset,
                bytes,
            } => {
                self.content(*file).write(*offset, bytes);
            }
            Operation::SetLength { file, length } => self.content(*file).set_length(*length),
            Operation::Sync { file } => self.content(*file).sync(),
            Operation::FailSync { file } => self.content(*file).forget(),
            Operation::Create { path, file } => {
                self.contents.insert(*file, Content::default());
                self.next_file = file.saturating_add(1);
                self.rename(NameChange::Set {
                    path: path.clone(),
                    file: *file,
                });
            }
            Operation::Rename { from, to } => self.apply_rename(from, to),
            Operation::Remove { path } => self.rename(NameChange::Drop { path: path.clone() }),
            Operation::CreateDir { path } => {
                self.directories
                    .extend(path.ancestors().map(Path::to_path_buf));
            }
            Operation::SyncDir { path } => self.sync_names(path),
        }
    }

    /// Applies a write as far as a killed process got: up to some page boundary.
    pub(super) fn apply_cut(&mut self, operation: &Operation, chance: &mut Chance) {
        let Operation::Write {
            file,
            offset,
            bytes,
        } = operation
        else {
            return;
        };
        let start = u64::try_from(*offset).unwrap_or(u64::MAX);
        let pages = u64::try_from(bytes.len())
            .unwrap_or(u64::MAX)
            .div_euclid(PAGE);
        let cut_page = start
            .div_euclid(PAGE)
            .saturating_add(chance.below(pages.saturating_add(2)));
        let kept = cut_page.saturating_mul(PAGE).saturating_sub(start);
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(bytes.len());
        if let Some(kept) = bytes.get(..kept).filter(|kept| !kept.is_empty()) {
            self.content(*file).write(*offset, kept);
        }
    }

    /// The disk after a power loss now.
    pub(super) fn survivors(&self, chance: &mut Chance) -> Self {
        let loss = Loss::choose(chance);
        let mut names = self.durable_names.clone();
        for change in &self.unsynced_names {
            if loss.keeps(chance) {
                apply_name(&mut names, change);
            }
        }
        let contents = self.contents.iter().map(|(file, content)| {
            let durable = content.survivors(loss, chance);
            (
                *file,
                Content {
                    seen: durable.clone(),
                    durable,
                    ..Content::default()
                },
            )
        });
        Self {
            contents: contents.collect(),
            durable_names: names.clone(),
            names,
            unsynced_names: Vec::new(),
            directories: self.directories.clone(),
            next_file: self.next_file,
        }
    }

    /// Inverts one stored bit, as decay or a misdirected write would.
    pub(super) fn flip(&mut self, file: FileNumber, offset: usize, bit: u32) {
        if let Some(content) = self.contents.get_mut(&file) {
            for bytes in [&mut content.seen, &mut content.durable] {
                if let Some(byte) = bytes.get_mut(offset) {
                    *byte ^= 1_u8.rotate_left(bit);
                }
            }
        }
    }

    fn content(&mut self, file: FileNumber) -> &mut Content {
        self.contents.entry(file).or_default()
    }

    fn apply_rename(&mut self, from: &Path, to: &Path) {
        if let Some(file) = self.find(from) {
            self.rename(NameChange::Move {
                from: from.into(),
                to: to.into(),
                file,
            });
        }
    }

    fn rename(&mut self, change: NameChange) {
        apply_name(&mut self.names, &change);
        self.unsynced_names.push(change);
    }

    fn sync_names(&mut self, dir: &Path) {
        let (synced, rest) = std::mem::take(&mut self.unsynced_names)
            .into_iter()
            .partition(|change| change.path().parent() == Some(dir));
        let synced: Vec<NameChange> = synced;
        self.unsynced_names = rest;
        for change in &synced {
            apply_name(&mut self.durable_names, change);
        }
    }
}

impl NameChange {
    fn path(&self) -> &Path {
        match self {
            Self::Set { path, .. } | Self::Drop { path } | Self::Move { to: path, .. } => path,
        }
    }
}

fn apply_name(names: &mut BTreeMap<PathBuf, FileNumber>, change: &NameChange) {
    match change {
        NameChange::Set { path, file } => {
            names.insert(path.clone(), *file);
        }
        NameChange::Move { from, to, file } => {
            if names.get(from) == Some(file) {
                names.remove(from);
            }
            names.insert(to.clone(), *file);
        }
        NameChange::Drop { path } => {
            names.remove(path);
        }
    }
}

impl Content {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len());
        if self.seen.len() < end {
            self.set_length(end);
        }
        if let Some(place) = self.seen.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
        self.note(offset, end);
    }

    fn set_length(&mut self, length: usize) {
        let before = self.seen.len();
        self.seen.resize(length, 0);
        self.unsynced_lengths.push(length);
        self.note(before.min(length), before.max(length));
    }

    fn note(&mut self, start: usize, end: usize) {
        for sector in start.div_euclid(SECTOR)..end.div_ceil(SECTOR) {
            let state = sector_of(&self.seen, sector);
            self.unsynced.entry(sector).or_default().push(state);
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.seen.len(), 0);
        for (sector, states) in std::mem::take(&mut self.unsynced) {
            if let Some(state) = states.last() {
                put_sector(&mut self.durable, sector, state);
            }
        }
        self.unsynced_lengths.clear();
    }

    fn forget(&mut self) {
        self.unsynced.clear();
    }

    fn survivors(&self, loss: Loss, chance: &mut Chance) -> Vec<u8> {
        let mut lengths = vec![self.durable.len()];
        lengths.extend(&self.unsynced_lengths);
        let mut left = self.durable.clone();
        left.resize(
            loss.pick(&lengths, chance).copied().unwrap_or(left.len()),
            0,
        );
        for (sector, passed) in &self.unsynced {
            let mut states = vec![sector_of(&self.durable, *sector)];
            states.extend(passed);
            if let Some(state) = loss.pick(&states, chance) {
                put_sector(&mut left, *sector, state);
            }
        }
        left
    }
}

fn sector_of(content: &[u8], sector: usize) -> [u8; SECTOR] {
    let mut state = [0; SECTOR];
    let rest = content
        .get(sector.saturating_mul(SECTOR)..)
        .unwrap_or_default();
    for (to, from) in state.iter_mut().zip(rest) {
        *to = *from;
    }
    state
}

fn put_sector(content: &mut [u8], sector: usize, state: &[u8; SECTOR]) {
    let rest = content
        .get_mut(sector.saturating_mul(SECTOR)..)
        .unwrap_or_default();
    for (to, from) in rest.iter_mut().zip(state) {
        *to = *from;
    }
}

/// How much of the unsynced data a power loss takes. All kinds occur often, so that few seeds are needed to see each.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Everything,
    Nothing,
    /// Each item is kept with this many chances in eight.
    Some(u64),
}

impl Loss {
    fn choose(chance: &mut Chance) -> Self {
        match chance.below(8) {
            0 => Self::Everything,
            1 => Self::Nothing,
            2 | 3 => Self::Some(1),
            4 | 5 => Self::Some(7),
            _ => Self::Some(4),
        }
    }

    fn keeps(self, chance: &mut Chance) -> bool {
        match self {
            Self::Everything => false,
            Self::Nothing => true,
            Self::Some(eighths) => chance.below(8) < eighths,
        }
    }

    /// One of the states something passed through; the first is the durable one.
    fn pick<'a, T>(self, states: &'a [T], chance: &mut Chance) -> Option<&'a T> {
        if !self.keeps(chance) {
            return states.first();
        }
        // Mostly the last state; now and then an intermediate one.
        if matches!(self, Self::Some(_)) && chance.below(4) == 0 {
            let count = u64::try_from(states.len()).unwrap_or(u64::MAX);
            return states.get(usize::try_from(chance.below(count)).unwrap_or(0));
        }
        states.last()
    }
}
