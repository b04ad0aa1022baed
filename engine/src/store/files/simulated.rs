//! An in-memory disk that can be killed, lose power, run full and fail on request.
//!
//! Deterministic: the same operations and the same seed give the same disk. Clones share one disk, as processes do;
//! [`SimulatedFiles::kill`] and [`SimulatedFiles::power_loss`] return a new disk with what survived, and leave this
//! one unchanged.

mod chance;
mod platter;

use super::{FileHandle, FileLock, Files};
use chance::Chance;
use parking_lot::Mutex;
use platter::{FileNumber, Operation, Platter};
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The kinds of operation that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultOn {
    /// `write_at`. The failing write leaves the first half of its pages written.
    Write,
    /// `sync_data` and `sync_dir`. The data of a failing `sync_data` is read back as if it had been written, and is
    /// not on the disk.
    Sync,
    /// `create`.
    Create,
}

/// How many operations of each kind were requested, the failing ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls of `write_at`.
    pub writes: u64,
    /// Calls of `sync_data` and `sync_dir`.
    pub syncs: u64,
    /// Calls of `create`.
    pub creates: u64,
}

/// The simulated disk.
#[derive(Clone)]
pub struct SimulatedFiles {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug)]
struct Disk {
    platter: Platter,
    /// All operations since the disk was new, when they are recorded.
    history: Option<(Platter, Vec<Operation>)>,
    operations: u64,
    boot: u64,
    capacity: Option<u64>,
    locked: BTreeSet<PathBuf>,
    counters: Counters,
    faults: Vec<(FaultOn, u64, i32)>,
    off_at: Option<u64>,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const PAGE: usize = 4096;

impl fmt::Debug for SimulatedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedFiles")
    }
}

impl fmt::Debug for SimulatedHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedHandle({})", self.file)
    }
}

impl Default for SimulatedFiles {
    fn default() -> Self {
        Self::holding(Platter::default(), 1, None)
    }
}

impl SimulatedFiles {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty disk that remembers every operation, for [`Self::killed_at`] and
    /// [`Self::power_lost_at`]. Its memory grows with all that is ever written.
    pub fn recording() -> Self {
        let files = Self::default();
        files.disk.lock().history = Some((Platter::default(), Vec::new()));
        files
    }

    fn holding(platter: Platter, boot: u64, capacity: Option<u64>) -> Self {
        let disk = Disk {
            platter,
            history: None,
            operations: 0,
            boot,
            capacity,
            locked: BTreeSet::new(),
            counters: Counters::default(),
            faults: Vec::new(),
            off_at: None,
        };
        Self {
            disk: Arc::new(Mutex::new(disk)),
        }
    }

    /// How many operations changed or synced the disk so far.
    pub fn operations(&self) -> u64 {
        self.disk.lock().operations
    }

    /// How many operations of each kind were requested.
    pub fn counters(&self) -> Counters {
        self.disk.lock().counters
    }

    /// Makes the `nth` operation of a kind (counted from 1 since the disk was made) fail.
    pub fn fail(&self, on: FaultOn, nth: u64, errno: i32) {
        self.disk.lock().faults.push((on, nth, errno));
    }

    /// Cancels every fault that has not happened yet, and removes the capacity limit.
    pub fn heal(&self) {
        let mut disk = self.disk.lock();
        disk.faults.clear();
        disk.off_at = None;
        disk.capacity = None;
    }

    /// From this operation on nothing reaches the disk and every operation fails.
    pub fn power_off_at(&self, operation: u64) {
        self.disk.lock().off_at = Some(operation);
    }

    /// Sets the disk's capacity; writes beyond it fail with "no space left".
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.disk.lock().capacity = bytes;
    }

    /// Makes the machine look restarted without losing anything.
    pub fn set_boot(&self, boot: u64) {
        self.disk.lock().boot = boot;
    }

    /// The disk after the process was killed: all written data is there, and no lock is held.
    #[must_use]
    pub fn kill(&self) -> Self {
        let disk = self.disk.lock();
        Self::holding(disk.platter.clone(), disk.boot, disk.capacity)
    }

    /// The disk after a power loss: all synced data, and a part of the rest chosen by `seed`.
    #[must_use]
    pub fn power_loss(&self, seed: u64) -> Self {
        let disk = self.disk.lock();
        let left = disk.platter.survivors(&mut Chance::new(seed));
        Self::holding(left, disk.boot.saturating_add(1), disk.capacity)
    }

    /// The recording disk, killed during operation number `operation` (from 0); a write under way is cut at a page
    /// boundary.
    #[must_use]
    pub fn killed_at(&self, operation: u64, seed: u64) -> Self {
        let disk = self.disk.lock();
        let (mut platter, during) = disk.rewound_to(operation);
        if let Some(during) = during {
            platter.apply_cut(during, &mut Chance::new(seed));
        }
        Self::holding(platter, disk.boot, disk.capacity)
    }

    /// The recording disk after a power loss during operation number `operation` (from 0).
    #[must_use]
    pub fn power_lost_at(&self, operation: u64, seed: u64) -> Self {
        let disk = self.disk.lock();
        let (mut platter, during) = disk.rewound_to(operation);
        // A sync under way has promised nothing yet; anything else is merely unsynced.
        if let Some(during) = during
            && !matches!(during, Operation::Sync { .. } | Operation::SyncDir { .. })
        {
            platter.apply(during);
        }
        let left = platter.survivors(&mut Chance::new(seed));
        Self::holding(left, disk.boot.saturating_add(1), disk.capacity)
    }

    /// Inverts one bit of a file without any operation.
    pub fn flip(&self, path: &Path, offset: usize, bit: u32) {
        let mut disk = self.disk.lock();
        if let Some(file) = disk.platter.find(path) {
            disk.platter.flip(file, offset, bit);
        }
    }
}

impl Disk {
    fn rewound_to(&self, operation: u64) -> (Platter, Option<&Operation>) {
        let Some((start, operations)) = &self.history else {
            return (self.platter.clone(), None);
        };
        let mut platter = start.clone();
        let before = usize::try_from(operation).unwrap_or(usize::MAX);
        for operation in operations.iter().take(before) {
            platter.apply(operation);
        }
        (platter, operations.get(before))
    }

    fn apply(&mut self, operation: Operation) -> io::Result<()> {
        if self.off_at.is_some_and(|off_at| self.operations >= off_at) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.operations = self.operations.saturating_add(1);
        self.platter.apply(&operation);
        if let Some((_, operations)) = &mut self.history {
            operations.push(operation);
        }
        Ok(())
    }

    fn count(&mut self, on: FaultOn) -> io::Result<()> {
        let counter = match on {
            FaultOn::Write => &mut self.counters.writes,
            FaultOn::Sync => &mut self.counters.syncs,
            FaultOn::Create => &mut self.counters.creates,
        };
        *counter = counter.saturating_add(1);
        let now = *counter;
        match self
            .faults
            .iter()
            .find(|(kind, nth, _)| *kind == on && *nth == now)
        {
            Some((_, _, errno)) => Err(io::Error::from_raw_os_error(*errno)),
            None => Ok(()),
        }
    }

    fn write(&mut self, file: FileNumber, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        if let Err(error) = self.count(FaultOn::Write) {
            self.write_half(file, offset, bytes)?;
            return Err(error);
        }
        let grown = offset.saturating_add(bytes.len());
        let added = grown.saturating_sub(self.platter.bytes(file).len());
        if u64::try_from(added).unwrap_or(u64::MAX) > self.free() {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        self.apply(Operation::Write {
            file,
            offset,
            bytes: bytes.to_vec(),
        })
    }

    fn write_half(&mut self, file: FileNumber, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let middle = offset.saturating_add(bytes.len().div_euclid(2));
        let cut = middle
            .div_euclid(PAGE)
            .saturating_mul(PAGE)
            .saturating_sub(offset);
        match bytes.get(..cut).filter(|half| !half.is_empty()) {
            Some(half) => self.apply(Operation::Write {
                file,
                offset,
                bytes: half.to_vec(),
            }),
            None => Ok(()),
        }
    }

    fn free(&self) -> u64 {
        let used = u64::try_from(self.platter.used_bytes()).unwrap_or(u64::MAX);
        self.capacity.unwrap_or(u64::MAX).saturating_sub(used)
    }
}

impl Files for SimulatedFiles {
    fn open(&self, path: &Path) -> io::Result<Box<dyn FileHandle>> {
        let file = self
            .disk
            .lock()
            .platter
            .find(path)
            .ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedHandle {
            disk: Arc::clone(&self.disk),
            file,
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileHandle>> {
        let mut disk = self.disk.lock();
        disk.count(FaultOn::Create)?;
        if disk.platter.find(path).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !path.parent().is_some_and(|dir| disk.platter.has_dir(dir)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = disk.platter.next_file();
        disk.apply(Operation::Create {
            path: path.into(),
            file,
        })?;
        Ok(Box::new(SimulatedHandle {
            disk: Arc::clone(&self.disk),
            file,
        }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk.lock();
        if !disk.platter.has_dir(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(disk.platter.names_in(dir))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.platter.find(from).ok_or(io::ErrorKind::NotFound)?;
        disk.apply(Operation::Rename {
            from: from.into(),
            to: to.into(),
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.platter.find(path).ok_or(io::ErrorKind::NotFound)?;
        disk.apply(Operation::Remove { path: path.into() })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk
            .lock()
            .apply(Operation::CreateDir { path: path.into() })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk.lock();
        disk.count(FaultOn::Sync)?;
        disk.apply(Operation::SyncDir { path: path.into() })
    }

    fn free_bytes(&self, _path: &Path) -> io::Result<u64> {
        Ok(self.disk.lock().free())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<FileLock>> {
        if !self.disk.lock().locked.insert(path.into()) {
            return Ok(None);
        }
        let held = SimulatedLock {
            disk: Arc::clone(&self.disk),
            path: path.into(),
        };
        Ok(Some(FileLock::new(Box::new(held))))
    }

    fn boot_id(&self) -> io::Result<String> {
        Ok(format!("boot-{}", self.disk.lock().boot))
    }
}

struct SimulatedHandle {
    disk: Arc<Mutex<Disk>>,
    file: FileNumber,
}

impl FileHandle for SimulatedHandle {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let disk = self.disk.lock();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = disk
            .platter
            .bytes(self.file)
            .get(offset..)
            .unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.lock().write(self.file, offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.lock();
        if let Err(error) = disk.count(FaultOn::Sync) {
            disk.apply(Operation::FailSync { file: self.file })?;
            return Err(error);
        }
        disk.apply(Operation::Sync { file: self.file })
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.disk.lock().apply(Operation::SetLength {
            file: self.file,
            length,
        })
    }

    fn length(&self) -> io::Result<u64> {
        let disk = self.disk.lock();
        u64::try_from(disk.platter.bytes(self.file).len()).map_err(io::Error::other)
    }
}

struct SimulatedLock {
    disk: Arc<Mutex<Disk>>,
    path: PathBuf,
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.lock().locked.remove(&self.path);
    }
}
