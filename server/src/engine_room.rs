//! The threads that the store runs on: the writer, and beside it what empties the overlay, flushes the index
//! and prepares the journal's segments. A store that fails stops the program: nothing is guessed afterwards.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use daegeum_engine::decide::Policy;
use daegeum_engine::id::{Ids, uuid_v7};
use daegeum_engine::store::StoreError;
use daegeum_engine::store::embedded::EmbeddedStore;
use daegeum_engine::store::executor::{Executor, Inputs};
use daegeum_engine::store::files::FileLock;
use daegeum_engine::store::journal::Preparation;
use daegeum_engine::store::opening::Directory;
use daegeum_engine::store::reader::Reader;
use daegeum_engine::store::upkeep::{Applier, FLUSH_EVERY, Upkeep};
use daegeum_engine::store::writer::{self, Jobs, Queue, Turn};
use daegeum_engine::time::Timestamp;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::domain_clock::DomainClock;
use crate::telemetry::Metrics;
use crate::world::{SharedWorld, random_bytes};

/// Whether payments can be taken; shared with the health check.
#[derive(Debug, Default)]
pub struct Condition {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    failed: bool,
    full: bool,
}

impl Condition {
    /// The store is open and has room, its index is being written, and nobody has asked to stop.
    pub fn is_ready(&self) -> bool {
        let state = self.state.lock();
        !state.stopping && !state.failed && !state.full
    }

    /// No new work: the health check says so while what is queued is finished.
    pub fn stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
    }

    fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    fn fail(&self) {
        self.state.lock().failed = true;
    }

    /// Waits for `pause`, or until stopped; says whether to go on.
    fn pause(&self, pause: Duration) -> bool {
        let mut state = self.state.lock();
        if !state.stopping {
            self.changed.wait_for(&mut state, pause);
        }
        !state.stopping
    }
}

/// The running store.
pub struct EngineRoom {
    writer: JoinHandle<Result<Executor<EmbeddedStore>, StoreError>>,
    others: Vec<JoinHandle<()>>,
    applier: Applier,
    upkeep: Upkeep,
    condition: Arc<Condition>,
    queue: Queue,
    _lock: FileLock,
}

/// A running store with where to send work and where to read.
pub struct Started {
    /// The threads, to be stopped.
    pub room: EngineRoom,
    /// Where commands are put.
    pub queue: Queue,
    /// What is durable.
    pub reader: Reader,
    /// Whether it is well.
    pub condition: Arc<Condition>,
    /// Fires when the store has failed and the program has to stop.
    pub failed: oneshot::Receiver<()>,
}

impl EngineRoom {
    /// Starts the threads over an open directory.
    pub fn start(
        directory: Directory,
        policy: Policy,
        queue_depth: usize,
        clock: Arc<DomainClock>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Started> {
        let reader = directory.reader();
        let upkeep = directory.upkeep();
        let condition = Arc::new(Condition::default());
        let (store, lock) = directory.into_parts();
        let last_at = Timestamp::from_millis(store.journal().tail().last_at_ms);
        let executor = Executor::new(store, policy, last_at);
        let (queue, jobs) = writer::queue(queue_depth);
        let (tell_failed, failed) = oneshot::channel();
        let writing = Writing::new(executor, jobs, clock, metrics, Arc::clone(&condition));
        let writer = spawn("writer", move || writing.run(tell_failed))?;
        let others = vec![
            spawn_applier(&upkeep.applier, &condition)?,
            spawn_flusher(&upkeep, &condition)?,
            spawn_preparer(&upkeep, &condition)?,
        ];
        let applier = upkeep.applier.clone();
        let room = Self {
            writer,
            others,
            applier,
            upkeep,
            condition: Arc::clone(&condition),
            queue: queue.clone(),
            _lock: lock,
        };
        Ok(Started {
            room,
            queue,
            reader,
            condition,
            failed,
        })
    }

    /// Finishes what is queued, brings the index to the journal's end and leaves the directory in order.
    /// Whoever still holds the queue is told that it is over. Blocks.
    pub fn stop(self) -> Result<(), StoreError> {
        self.queue.stop();
        let written = self
            .writer
            .join()
            .unwrap_or_else(|_| Err(StoreError::Failed("the writer panicked".to_owned())));
        self.condition.stop();
        self.applier.stop();
        for other in self.others {
            if other.join().is_err() {
                return Err(StoreError::Failed(
                    "a thread of the store panicked".to_owned(),
                ));
            }
        }
        self.upkeep.finish(written?.store().journal())
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// A thread that gives way to the writer and to whoever answers requests.
fn spawn_behind(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    const NICENESS: i32 = 10;
    spawn(name, move || {
        // Where the system does not let a thread step back, it runs as an equal.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
        run();
    })
}

/// What the writer's thread has. A simulation has no thread and calls [`Writing::turn`] itself.
pub struct Writing {
    executor: Executor<EmbeddedStore>,
    jobs: Jobs,
    inputs: ClockInputs,
    observer: Observer,
}

impl Writing {
    /// Over an executor and its queue.
    pub fn new(
        executor: Executor<EmbeddedStore>,
        jobs: Jobs,
        clock: Arc<DomainClock>,
        metrics: Arc<Metrics>,
        condition: Arc<Condition>,
    ) -> Self {
        let observer = Observer {
            world: Arc::clone(clock.world()),
            metrics,
            condition,
            begun_ns: 0,
        };
        Self {
            executor,
            jobs,
            inputs: ClockInputs(clock),
            observer,
        }
    }

    /// One turn over what is queued; says whether there was anything.
    pub fn turn(&mut self) -> Result<bool, StoreError> {
        let observer = &mut self.observer;
        let mut observe = |turn| observer.observe(turn);
        writer::run_queued(
            &mut self.executor,
            &self.jobs,
            &mut self.inputs,
            &mut observe,
        )
    }

    /// The store, for what it tells of itself.
    pub const fn store(&self) -> &EmbeddedStore {
        self.executor.store()
    }

    fn run(
        mut self,
        tell_failed: oneshot::Sender<()>,
    ) -> Result<Executor<EmbeddedStore>, StoreError> {
        let observer = &mut self.observer;
        let mut observe = |turn| observer.observe(turn);
        let ran = writer::run(
            &mut self.executor,
            &self.jobs,
            &mut self.inputs,
            &mut observe,
        );
        match ran {
            Ok(()) => Ok(self.executor),
            Err(error) => {
                tracing::error!(%error, "the store failed; the server stops");
                self.observer.condition.fail();
                // Nobody may be listening any more: the server is stopping already.
                let _ = tell_failed.send(());
                Err(error)
            }
        }
    }
}

/// Measures the writer's turns.
struct Observer {
    world: SharedWorld,
    metrics: Arc<Metrics>,
    condition: Arc<Condition>,
    begun_ns: u64,
}

impl Observer {
    fn observe(&mut self, turn: Turn) {
        match turn {
            Turn::Begun => self.begun_ns = self.world.monotonic_ns(),
            Turn::Ended { committed, full } => {
                self.condition.set_full(full);
                let ended_ns = self.world.monotonic_ns();
                let took = Duration::from_nanos(ended_ns.saturating_sub(self.begun_ns));
                let metrics = &self.metrics.store;
                metrics.committed(committed.records, committed.bytes, took);
            }
        }
    }
}

/// Time from the domain's clock, ids from its world.
struct ClockInputs(Arc<DomainClock>);

impl Inputs for ClockInputs {
    fn now(&mut self) -> Timestamp {
        self.0.now()
    }

    fn ids(&mut self) -> &mut dyn Ids {
        self
    }
}

impl Ids for ClockInputs {
    fn next(&mut self) -> u128 {
        uuid_v7(self.0.now(), random_bytes(&**self.0.world()))
    }
}

fn spawn_applier(applier: &Applier, condition: &Arc<Condition>) -> std::io::Result<JoinHandle<()>> {
    let (applier, condition) = (applier.clone(), Arc::clone(condition));
    spawn_behind("index", move || {
        loop {
            let stopping = applier.wait();
            if let Err(error) = applier.turn() {
                tracing::error!(%error, "the index cannot be written; serving goes on until the overlay is full");
                condition.fail();
                return;
            }
            if stopping {
                return;
            }
        }
    })
}

fn spawn_flusher(upkeep: &Upkeep, condition: &Arc<Condition>) -> std::io::Result<JoinHandle<()>> {
    let (flusher, condition) = (upkeep.flusher.clone(), Arc::clone(condition));
    spawn_behind("index-flush", move || {
        while condition.pause(FLUSH_EVERY) {
            if let Err(error) = flusher.turn() {
                tracing::error!(%error, "the index cannot be flushed; serving goes on until the overlay is full");
                condition.fail();
                return;
            }
        }
    })
}

/// How long to wait between pieces of a segment: a piece is synced, and the journal's own syncs come first.
const PREPARE_PIECE_PAUSE: Duration = Duration::from_millis(50);
/// How long to wait when segments are ready, and when the disk is full.
const PREPARE_PAUSE: Duration = Duration::from_millis(200);

fn spawn_preparer(upkeep: &Upkeep, condition: &Arc<Condition>) -> std::io::Result<JoinHandle<()>> {
    let (preparer, condition) = (upkeep.preparer.clone(), Arc::clone(condition));
    spawn_behind("journal-prepare", move || {
        let mut full = false;
        let mut failing = false;
        let mut pause = Duration::ZERO;
        while condition.pause(pause) {
            let turn = preparer.turn();
            pause = match &turn {
                Ok(Preparation::Working { .. }) => PREPARE_PIECE_PAUSE,
                _ => PREPARE_PAUSE,
            };
            match turn {
                Ok(Preparation::NoRoom { .. }) if !full => {
                    full = true;
                    tracing::error!(
                        "the disk is full: no new segment of the journal can be prepared"
                    );
                }
                Ok(Preparation::NoRoom { .. }) => {}
                Ok(_) => (full, failing) = (false, false),
                Err(_) if failing => {}
                Err(error) => {
                    failing = true;
                    tracing::error!(%error, "a segment of the journal cannot be prepared");
                }
            }
        }
    })
}
