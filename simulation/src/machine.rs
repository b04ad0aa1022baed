//! The machine that the server runs on, and its process: started, turned, killed, started again. The disk and the
//! index outlive the process; a power loss takes unsynced data from the disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daegeum_engine::store::Store as _;
use daegeum_engine::store::executor::Executor as Deciding;
use daegeum_engine::store::files::{FaultOn, FileLock, Files, SimulatedFiles};
use daegeum_engine::store::index::{Harm, MemoryHome};
use daegeum_engine::store::journal::{JournalOptions, Preparation};
use daegeum_engine::store::opening::OpenOptions;
use daegeum_engine::store::record::Record;
use daegeum_engine::store::served_index::Health;
use daegeum_engine::store::upkeep::Upkeep;
use daegeum_engine::store::verify;
use daegeum_engine::store::writer::{self, Queue};
use daegeum_engine::time::Timestamp;
use daegeum_server::app::App;
use daegeum_server::assembly::{self, Connected};
use daegeum_server::config::Config;
use daegeum_server::domain_clock::DomainClock;
use daegeum_server::engine_room::{Condition, Indexing, NotReady, Preparing, Writing};
use daegeum_server::http::Front;
use daegeum_server::jobs;
use daegeum_server::serve::Surroundings;
use daegeum_server::telemetry::{LogSink, Metrics, TransitionLog};
use daegeum_server::world::SharedWorld;

use crate::executor::Owner;
use crate::town::Town;
use crate::world::ServerWorld;

/// The server's data directory on the simulated disk.
pub const DATA: &str = "data";

/// The ways in which a process can die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The process is gone; the machine runs on.
    Kill,
    /// The machine lost power, with all unsynced data.
    Power,
}

/// The faults of a disk that hit the index alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexHarm {
    /// A key does not read.
    Unreadable,
    /// A bit of a value is flipped.
    Altered,
    /// A write fails after a while.
    WriteFails,
    /// It does not open for a few times.
    OpenFails,
}

/// The machine.
pub struct Machine {
    town: Town,
    config: Arc<Config>,
    options: OpenOptions,
    disk: SimulatedFiles,
    home: MemoryHome,
    /// The faults of the index, whichever index it is.
    harm: Harm,
    starts: Owner,
    process: Option<Process>,
    /// Disk operation at which the process ends, and how.
    fuse: Option<(u64, Death)>,
    log: LogSink,
}

/// The process.
struct Process {
    world: Arc<ServerWorld>,
    app: Arc<App>,
    front: Arc<Front>,
    queue: Queue,
    writing: Writing,
    indexing: Indexing,
    preparing: Preparing,
    condition: Arc<Condition>,
    upkeep: Upkeep,
    /// The times of the next turns of writer, applier and preparer.
    writes_at: Option<u64>,
    applies_at: Option<u64>,
    prepares_at: Option<u64>,
    _lock: FileLock,
}

/// The result of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// Something was written.
    Wrote,
    /// Something else was done.
    Kept,
    /// The process cannot go on.
    Died(Death),
}

impl Machine {
    /// A machine with an empty disk; nothing runs on it yet.
    pub fn new(town: &Town, config: Arc<Config>) -> Self {
        let segment_bytes = *town.dice.pick(&[64 << 10, 128 << 10, 512 << 10]);
        let journal = JournalOptions {
            segment_bytes,
            prepared_ahead: 1,
            max_body_bytes: 60 << 10,
            reserve_bytes: 0,
        };
        let options = OpenOptions {
            journal,
            filter_bytes: 1_024,
            ..OpenOptions::new(DATA)
        };
        let harm = Harm::default();
        Self {
            town: town.clone(),
            config,
            options,
            disk: SimulatedFiles::new(),
            home: MemoryHome::with(harm.clone()),
            harm,
            starts: 0,
            process: None,
            fuse: None,
            log: LogSink::kept(usize::MAX, Metrics::new().log_lines_dropped),
        }
    }

    /// The configuration of the next start.
    pub fn configure(&mut self, config: Config) {
        self.config = Arc::new(config);
    }

    /// Whether the process runs.
    pub const fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Opens the store, puts the application together over it and starts its jobs.
    pub fn start(&mut self) -> Result<(), String> {
        self.starts += 1;
        let world = Arc::new(ServerWorld {
            executor: self.town.executor.clone(),
            owner: self.starts,
            dice: self.town.dice.fork(),
            clocks: self.town.clocks.clone(),
            swarm: self.town.swarm.clone(),
            gateways: self.town.gateways.clone(),
            alive: AtomicBool::new(true),
        });
        let shared: SharedWorld = Arc::clone(&world) as SharedWorld;
        let clock = Arc::new(DomainClock::new(Arc::clone(&shared), false));
        let files: Arc<dyn Files> = Arc::new(self.disk.clone());
        let told = |error: Box<dyn std::error::Error>| error.to_string();
        let options = self.options.clone();
        let opened =
            assembly::open(&self.config, &clock, &files, &self.home, options).map_err(told)?;
        let (reader, upkeep) = (opened.directory.reader(), opened.directory.upkeep());
        let (store, lock) = opened.directory.into_parts();
        let last_at = Timestamp::from_millis(store.journal().tail().last_at_ms);
        let policy = assembly::policy(&self.config, &[]).map_err(|error| error.to_string())?;
        let deciding = Deciding::new(store, policy, last_at);
        let (queue, waiting) = writer::queue(self.config.settings.store.queue);
        let metrics = Arc::new(Metrics::new());
        let around = Surroundings {
            world: shared,
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
            transitions: TransitionLog::new(Some(self.log.clone())),
            more_routes: Default::default(),
            more_gateways: Vec::new(),
        };
        let condition: Arc<Condition> = Arc::default();
        let indexing = Indexing::new(
            upkeep.applier.clone(),
            Arc::clone(&condition),
            Arc::clone(&metrics),
        );
        let preparing = Preparing::new(upkeep.preparer.clone(), Arc::clone(&condition));
        let writing = Writing::new(deciding, waiting, clock, metrics, Arc::clone(&condition));
        let connected = Connected {
            queue: queue.clone(),
            reader,
            seals: opened.seals,
            identity: opened.identity,
            condition: Arc::clone(&condition),
        };
        let assembled = assembly::assemble(&self.config, around, connected).map_err(told)?;
        jobs::start(&assembled.app, assembled.begun);
        let process = Process {
            world,
            app: assembled.app,
            front: assembled.front,
            queue,
            writing,
            indexing,
            preparing,
            condition,
            upkeep,
            writes_at: None,
            applies_at: None,
            prepares_at: Some(self.town.executor.now_ns()),
            _lock: lock,
        };
        self.town.network.open(self.starts, &process.front);
        self.process = Some(process);
        self.town.trace.count("started", u64::from(self.starts));
        Ok(())
    }

    /// Schedules the process's death after so many more disk operations.
    pub fn end_after(&mut self, operations: u64, death: Death) {
        let at = self.disk.operations() + operations;
        self.disk.power_off_at(at);
        self.fuse = Some((at, death));
    }

    /// Ends the process where it stands.
    pub fn die(&mut self, death: Death) {
        self.town.network.close();
        if let Some(process) = self.process.take() {
            process.world.alive.store(false, Ordering::Relaxed);
            self.town.executor.cancel_all(process.world.owner);
        }
        self.fuse = None;
        let seed = self.town.dice.next();
        self.disk = match death {
            Death::Kill => self.disk.kill(),
            Death::Power => self.disk.power_loss(seed),
        };
        let how: &[u8] = match death {
            Death::Kill => b"killed",
            Death::Power => b"power lost",
        };
        self.town.trace.note("died:", &[how]);
    }

    /// Stops in order, as a signal would.
    pub fn stop(&mut self) -> Result<(), String> {
        self.town.network.close();
        if let Some(mut process) = self.process.take() {
            while process.writing.turn().map_err(|error| error.to_string())? {}
            process.world.alive.store(false, Ordering::Relaxed);
            self.town.executor.cancel_all(process.world.owner);
            let journal = process.writing.store().journal();
            let finished = process.upkeep.finish(journal);
            finished.map_err(|error| error.to_string())?;
        }
        self.fuse = None;
        self.disk = self.disk.kill();
        self.town.trace.note("stopped", &[]);
        Ok(())
    }

    /// The next sync fails.
    pub fn fail_a_sync(&self) {
        const EIO: i32 = 5;
        let next = self.disk.counters().syncs + 1 + self.town.dice.below(3);
        self.disk.fail(FaultOn::Sync, next, EIO);
    }

    /// The disk has no room, or has it again. The index may meet this before anything has checked.
    pub fn fill(&self, full: bool) {
        self.disk.set_capacity(full.then_some(0));
        self.harm.set_full(full);
    }

    /// The index alone finds no room, or finds it again: another program filled the disk, and freed it, in between.
    pub fn fill_index(&self, full: bool) {
        self.harm.set_full(full);
    }

    /// Harms the index as a disk would.
    pub fn harm(&self, how: IndexHarm) {
        let index = self.home.index();
        let dice = &self.town.dice;
        let at = dice.below(1 << 30) as usize;
        match how {
            IndexHarm::Unreadable => {
                if let Some(key) = index.key_at(at) {
                    self.harm.unreadable(key);
                }
            }
            IndexHarm::Altered => {
                index.flip(at, dice.below(1 << 20) as usize);
            }
            IndexHarm::WriteFails => self.harm.fail_writes_after(dice.below(200)),
            IndexHarm::OpenFails => self.harm.fail_openings(dice.between(1, 6) as u32),
        }
    }

    /// No fault of the disk is left.
    pub fn heal(&mut self) {
        // A fuse that has burnt down already is a death that is about to be noticed.
        if self.fuse_blown().is_none() {
            self.fuse = None;
            self.disk.heal();
            self.harm.heal();
        }
    }

    /// When something of the process wants a turn.
    pub fn next_turn_ns(&mut self) -> Option<u64> {
        let now = self.town.executor.now_ns();
        let swarm = &self.town.swarm;
        let dice = &self.town.dice;
        let process = self.process.as_mut()?;
        let within = |ms: u64| now + dice.below(ms * 1_000_000 + 1);
        if process.writes_at.is_none() && process.queue.depth() > 0 {
            process.writes_at = Some(within(if swarm.is_calm() { 1 } else { swarm.sync_ms }));
        }
        let waits = process.app.reader.lag_keys() > 0;
        let away = process.app.reader.index_health() != Health::Well;
        if process.applies_at.is_none() && (waits || away) {
            process.applies_at = Some(within(swarm.apply_ms.max(u64::from(away) * 200)));
        }
        let turns = [process.writes_at, process.applies_at, process.prepares_at];
        turns.into_iter().flatten().min()
    }

    /// Takes the turn that is due.
    pub fn turn(&mut self) -> Turned {
        let now = self.town.executor.now_ns();
        let Some(process) = self.process.as_mut() else {
            return Turned::Kept;
        };
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        let (turned, failed) = if due(process.writes_at) {
            process.writes_at = None;
            let turned = process.writing.turn();
            if process.prepares_at.is_none() {
                process.prepares_at = Some(now + 50_000_000);
            }
            (Turned::Wrote, turned.err().map(|error| error.to_string()))
        } else if due(process.applies_at) {
            process.applies_at = None;
            let applied = process.indexing.turn();
            (Turned::Kept, applied.err().map(|error| error.to_string()))
        } else {
            process.prepares_at = match process.preparing.turn() {
                Some(Preparation::Working { .. }) => Some(now + 50_000_000),
                Some(Preparation::NoRoom { .. }) | None => Some(now + 2_000_000_000),
                Some(Preparation::Ready) => None,
            };
            // Logged in production, and tried again; the writer continues as long as it has room.
            (Turned::Kept, None)
        };
        if let Some(death) = self.fuse_blown() {
            return Turned::Died(death);
        }
        match failed {
            Some(why) => {
                self.town.trace.note("the store failed:", &[why.as_bytes()]);
                Turned::Died(Death::Kill)
            }
            None => turned,
        }
    }

    /// How the process dies now, if the fuse has burnt down.
    pub fn fuse_blown(&self) -> Option<Death> {
        let (at, death) = self.fuse?;
        (self.disk.operations() >= at).then_some(death)
    }

    /// The records from number `from` on.
    pub fn records(&self, from: u64) -> Result<Vec<Record>, String> {
        let Some(process) = &self.process else {
            return Ok(Vec::new());
        };
        let records = process.writing.store().replay(from);
        let records = records.map(|record| record.map(|(_, record)| record));
        records
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    }

    /// Why it takes no payments, if it does not.
    pub fn not_ready(&self) -> Option<NotReady> {
        self.process.as_ref()?.condition.not_ready()
    }

    /// The running application.
    pub fn app(&self) -> Option<&Arc<App>> {
        self.process.as_ref().map(|process| &process.app)
    }

    /// The report of `daegeum verify` once the directory is closed.
    pub fn verify(&self) -> Result<verify::Report, String> {
        let files: Arc<dyn Files> = Arc::new(self.disk.clone());
        verify::verify(&files, &self.home, &self.options, &mut |_| {})
            .map_err(|error| error.to_string())
    }

    /// The log lines since the last query.
    pub fn logged(&self) -> Vec<u8> {
        self.log.take()
    }

    /// Every byte that programs can read from the disk, file by file.
    pub fn bytes_on_disk(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        for dir in [
            Path::new(DATA).to_path_buf(),
            Path::new(DATA).join("journal"),
        ] {
            for name in self.disk.list(&dir).unwrap_or_default() {
                let path = dir.join(&name);
                if let Ok(Some(bytes)) = self.disk.read_whole(&path, usize::MAX) {
                    found.push((path.display().to_string(), bytes));
                }
            }
        }
        found
    }
}
