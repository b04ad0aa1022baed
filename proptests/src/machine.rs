//! One simulated machine: a disk, an index that outlives the process, a clock that a test moves, and the store
//! running on them.

use std::path::Path;
use std::sync::Arc;

use daegeum_engine::command::Command;
use daegeum_engine::decide::Policy;
use daegeum_engine::id::{Ids, uuid_v7};
use daegeum_engine::idempotency::KeyedRequest;
use daegeum_engine::store::StoreError;
use daegeum_engine::store::embedded::EmbeddedStore;
use daegeum_engine::store::executor::{Executed, Executor, Inputs, Request};
use daegeum_engine::store::files::{FileLock, Files, SimulatedFiles};
use daegeum_engine::store::index::{Index, IndexHome, MemoryHome, MemoryIndex};
use daegeum_engine::store::journal::JournalOptions;
use daegeum_engine::store::opening::{Directory, OpenOptions, Rebuilt};
use daegeum_engine::store::reader::Reader;
use daegeum_engine::store::served_index::Health;
use daegeum_engine::store::upkeep::Upkeep;
use daegeum_engine::store::verify;
use daegeum_engine::time::Timestamp;

/// When every story begins.
pub const BEGINNING: u64 = 1_795_000_000_000;

/// Time and ids as the test wants them.
#[derive(Debug, Clone)]
pub struct Clock {
    pub now: u64,
    pub count: u64,
}

impl Clock {
    pub fn new() -> Self {
        let now = BEGINNING;
        Self { now, count: 0 }
    }
}

impl Ids for Clock {
    /// From the clock's time, which is not the decision's if the clock goes back or a batch takes long.
    fn next(&mut self) -> u128 {
        self.count += 1;
        let mut random = [0; 10];
        // An id ends in its shard.
        random[1..9].copy_from_slice(&self.count.to_be_bytes());
        uuid_v7(Timestamp::from_millis(self.now + self.count % 3), random)
    }
}

impl Inputs for Clock {
    fn now(&mut self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn ids(&mut self) -> &mut dyn Ids {
        self
    }
}

/// Segments of a few frames, so that stories cross their borders.
pub fn options(dir: &Path) -> OpenOptions {
    OpenOptions {
        journal: JournalOptions {
            segment_bytes: 24 << 10,
            prepared_ahead: 1,
            max_body_bytes: 16 << 10,
            reserve_bytes: 0,
        },
        filter_bytes: 1_024,
        ..OpenOptions::new(dir)
    }
}

pub const DATA: &str = "data";

/// A running store with what it runs on.
pub struct Machine {
    pub files: SimulatedFiles,
    pub home: MemoryHome,
    pub clock: Clock,
    pub policy: Policy,
    pub running: Running,
}

/// The process.
pub struct Running {
    pub executor: Executor<EmbeddedStore>,
    pub upkeep: Upkeep,
    pub reader: Reader,
    pub rebuilt: Rebuilt,
    _lock: FileLock,
}

/// Starts the process over any disk.
pub fn start(
    files: &Arc<dyn Files>,
    home: &dyn IndexHome,
    options: OpenOptions,
    policy: Policy,
) -> Result<Running, StoreError> {
    let directory = Directory::open(files, home, options, &mut |_| {})?;
    let upkeep = directory.upkeep();
    let reader = directory.reader();
    let rebuilt = directory.opened.index.clone();
    while let Health::Rebuilding { .. } = upkeep.applier.health() {
        upkeep.applier.turn()?;
    }
    let (store, lock) = directory.into_parts();
    let last_at = Timestamp::from_millis(store.journal().tail().last_at_ms);
    let executor = Executor::new(store, policy, last_at);
    Ok(Running {
        executor,
        upkeep,
        reader,
        rebuilt,
        _lock: lock,
    })
}

pub fn dynamic(files: &SimulatedFiles) -> Arc<dyn Files> {
    Arc::new(files.clone())
}

/// An index with the same entries.
pub fn copy_of(index: &dyn Index) -> Arc<MemoryIndex> {
    let copy = MemoryIndex::new();
    index
        .visit(&mut |key, value| copy.insert(key, value).is_ok())
        .unwrap();
    Arc::new(copy)
}

impl Machine {
    pub fn new() -> Self {
        Self::on(SimulatedFiles::new(), MemoryHome::default(), Clock::new()).unwrap()
    }

    pub fn on(files: SimulatedFiles, home: MemoryHome, clock: Clock) -> Result<Self, StoreError> {
        Self::under(Policy::default(), files, home, clock)
    }

    pub fn under(
        policy: Policy,
        files: SimulatedFiles,
        home: MemoryHome,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let options = options(Path::new(DATA));
        let running = start(&dynamic(&files), &home, options, policy.clone())?;
        Ok(Self {
            files,
            home,
            clock,
            policy,
            running,
        })
    }

    /// One batch, as the writer would run it.
    pub fn turn(&mut self, requests: Vec<Request>) -> Result<Vec<Executed>, StoreError> {
        self.running.executor.turn(requests, &mut self.clock)
    }

    /// One command without a key, which the store has to take.
    pub fn run(&mut self, command: Command) -> Executed {
        self.turn(vec![request(command, None)])
            .unwrap()
            .pop()
            .unwrap()
    }

    /// The process ends in order.
    pub fn stop(self) -> (SimulatedFiles, MemoryHome, Clock) {
        let journal = self.running.executor.store().journal();
        self.running.upkeep.finish(journal).unwrap();
        (self.files, self.home, self.clock)
    }

    /// The process is gone; another starts on this disk and this index.
    pub fn again(self, files: SimulatedFiles, home: MemoryHome) -> Self {
        let (policy, clock) = (self.policy, self.clock);
        drop(self.running);
        Self::under(policy, files, home, clock).unwrap()
    }

    /// The report of `verify` on a copy of the present disk and index.
    pub fn faults(&self) -> Vec<String> {
        faults_of(
            &self.files,
            &MemoryHome::holding(copy_of(self.home.index().as_ref())),
        )
    }
}

/// The report of `verify` on a directory that no process has open.
pub fn faults_of(files: &SimulatedFiles, home: &MemoryHome) -> Vec<String> {
    let options = options(Path::new(DATA));
    match verify::verify(&dynamic(&files.kill()), home, &options, &mut |_| {}) {
        Ok(report) => report.faults,
        Err(error) => vec![error.to_string()],
    }
}

pub fn request(command: Command, keyed: Option<KeyedRequest>) -> Request {
    Request {
        command,
        keyed,
        request_id: "req_test".into(),
    }
}
