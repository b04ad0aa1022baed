//! The store's threads: the writer, and beside it those that empty the overlay, flush the index and prepare the
//! journal's segments. If the store fails, the program stops: it never guesses what the disk holds.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use daegeum_engine::decide::Policy;
use daegeum_engine::id::{Ids, uuid_v7};
use daegeum_engine::store::StoreError;
use daegeum_engine::store::embedded::EmbeddedStore;
use daegeum_engine::store::executor::{Executor, Inputs};
use daegeum_engine::store::files::FileLock;
use daegeum_engine::store::journal::{Preparation, Preparer};
use daegeum_engine::store::opening::Directory;
use daegeum_engine::store::reader::Reader;
use daegeum_engine::store::served_index::Health;
use daegeum_engine::store::upkeep::{Applier, FLUSH_EVERY, Left, Upkeep};
use daegeum_engine::store::writer::{self, Jobs, Queue, Turn};
use daegeum_engine::time::Timestamp;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::domain_clock::DomainClock;
use crate::telemetry::{Metrics, log_store_failure};
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
    /// The journal has no room.
    full: bool,
    index: Option<NotReady>,
}

/// The reason why no payments can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// The server is being stopped, or its store has failed.
    Stopping,
    /// The disk is full.
    Full,
    /// The index is made anew.
    Rebuilding {
        /// Records it has.
        done: u64,
        /// Records it will have.
        total: u64,
    },
}

impl Condition {
    /// `None` while the store is open and has room, its index is sound, and no stop was requested.
    pub fn not_ready(&self) -> Option<NotReady> {
        let state = self.state.lock();
        if state.stopping || state.failed {
            return Some(NotReady::Stopping);
        }
        if state.full {
            return Some(NotReady::Full);
        }
        state.index
    }

    /// Accepts no new work: the health check says so while queued work is finished.
    pub fn stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
    }

    fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    fn set_index(&self, health: &Health) {
        self.state.lock().index = match health {
            Health::Well => None,
            Health::NoRoom(_) => Some(NotReady::Full),
            Health::Rebuilding { done, total, .. } => Some(NotReady::Rebuilding {
                done: *done,
                total: *total,
            }),
        };
    }

    fn fail(&self) {
        self.state.lock().failed = true;
    }

    /// Waits for `pause`, or until stopped; returns whether to go on.
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

/// A running store with its queue and reader.
pub struct Started {
    /// The threads, to be stopped.
    pub room: EngineRoom,
    /// Takes commands.
    pub queue: Queue,
    /// Reads durable data.
    pub reader: Reader,
    /// Its health.
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
        let writing = Writing::new(
            executor,
            jobs,
            clock,
            Arc::clone(&metrics),
            Arc::clone(&condition),
        );
        let alarm = Alarm::new(tell_failed);
        let indexing = Indexing::new(upkeep.applier.clone(), Arc::clone(&condition), metrics);
        let for_writer = alarm.clone();
        let writer = spawn("writer", move || writing.run(&for_writer))?;
        let others = vec![
            spawn_applier(indexing, alarm)?,
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

    /// Finishes the queued work, brings the index to the journal's end and records a clean stop. Later requests are
    /// refused. Blocks.
    pub fn stop(self) -> Result<(), StoreError> {
        self.queue.stop();
        let written = self
            .writer
            .join()
            .unwrap_or_else(|_| Err(StoreError::failed("the writer panicked")));
        self.condition.stop();
        self.applier.stop();
        for other in self.others {
            if other.join().is_err() {
                return Err(StoreError::failed("a thread of the store panicked"));
            }
        }
        match self.upkeep.finish(written?.store().journal())? {
            Left::InOrder => {}
            Left::AsKilled(why) => tracing::warn!(
                why,
                "nothing is lost, but the index was not left in order: the next start does what it does after a kill"
            ),
        }
        Ok(())
    }
}

/// Signals that the store has failed and the program has to stop; the first signal counts.
#[derive(Clone)]
struct Alarm(Arc<Mutex<Option<oneshot::Sender<()>>>>);

impl Alarm {
    fn new(tell: oneshot::Sender<()>) -> Self {
        Self(Arc::new(Mutex::new(Some(tell))))
    }

    fn raise(&self) {
        let tell = self.0.lock().take();
        // The receiver may be gone: the server is stopping already.
        let _ = tell.map(|tell| tell.send(()));
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// A thread with lower priority than the writer and the request threads.
fn spawn_behind(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    const NICENESS: i32 = 10;
    spawn(name, move || {
        // If the system does not permit a lower priority, it runs with the normal one.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
        run();
    })
}

/// The work of the writer's thread. A simulation has no thread and calls [`Writing::turn`] itself.
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

    /// One turn over the queue; returns whether there was anything.
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

    /// The store, for its figures.
    pub const fn store(&self) -> &EmbeddedStore {
        self.executor.store()
    }

    fn run(mut self, alarm: &Alarm) -> Result<Executor<EmbeddedStore>, StoreError> {
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
                log_store_failure(&error, "the store failed; the server stops");
                self.observer.condition.fail();
                alarm.raise();
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
                let (records, bytes) = (committed.records, committed.bytes);
                tracing::trace!(records, bytes, took_us = took.as_micros(), "committed");
            }
        }
    }
}

/// The time from the domain's clock, ids from its world.
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

/// The work of the index's thread. A simulation has no thread and calls [`Indexing::turn`] itself.
pub struct Indexing {
    applier: Applier,
    condition: Arc<Condition>,
    metrics: Arc<Metrics>,
    told: Health,
    told_records: u64,
}

/// The number of records between two log lines about a rebuild's progress.
const PROGRESS_EVERY: u64 = 100_000;

impl Indexing {
    /// Over the store's applier.
    pub fn new(applier: Applier, condition: Arc<Condition>, metrics: Arc<Metrics>) -> Self {
        let mut indexing = Self {
            applier,
            condition,
            metrics,
            told: Health::Well,
            told_records: 0,
        };
        indexing.look();
        indexing
    }

    /// Applies waiting writes, or continues mending the index; logs and counts where mending begins or ends. Returns
    /// how much was done. An error is permanent.
    pub fn turn(&mut self) -> Result<u64, StoreError> {
        // Report damage that a reader has found before mending it.
        self.look();
        let done = self.applier.turn();
        self.look();
        done
    }

    fn look(&mut self) {
        let now = self.applier.health();
        self.condition.set_index(&now);
        match (&self.told, &now) {
            (Health::Well, Health::Well) | (Health::NoRoom(_), Health::NoRoom(_)) => {}
            (Health::Well | Health::Rebuilding { .. }, Health::NoRoom(why)) => tracing::error!(
                why,
                "the disk is full: the index cannot be written; it goes on by itself once there is room"
            ),
            (Health::NoRoom(_), Health::Well) => {
                tracing::info!("there is room again: the index is written");
            }
            (Health::Rebuilding { .. }, Health::Well) => {
                tracing::info!("the index has all of the journal, and payments are taken again");
            }
            (Health::Rebuilding { .. }, Health::Rebuilding { .. }) => self.tell_progress(&now),
            (
                Health::Well | Health::NoRoom(_),
                Health::Rebuilding {
                    anew: false, why, ..
                },
            ) => {
                tracing::info!(why, "the index is brought to the journal's end");
                self.told_records = 0;
            }
            (
                Health::Well | Health::NoRoom(_),
                Health::Rebuilding {
                    anew: true,
                    reason,
                    why,
                    ..
                },
            ) => {
                tracing::warn!(
                    why,
                    "the index is not to be believed: it is set aside and made anew from the journal, which is sound"
                );
                self.metrics.store.index_rebuilds(reason).inc();
                self.told_records = 0;
            }
        }
        self.told = now;
    }

    fn tell_progress(&mut self, now: &Health) {
        let Health::Rebuilding {
            why, done, total, ..
        } = now
        else {
            return;
        };
        if done.saturating_sub(self.told_records) >= PROGRESS_EVERY {
            self.told_records = *done;
            tracing::warn!(why, done, total, "the journal is replayed into the index");
        }
    }
}

fn spawn_applier(mut indexing: Indexing, alarm: Alarm) -> std::io::Result<JoinHandle<()>> {
    spawn_behind("index", move || {
        let mut busy = false;
        loop {
            // A rebuild does not pause, because every request waits for it.
            let stopping = if busy {
                indexing.applier.is_stopping()
            } else {
                indexing.applier.wait()
            };
            match indexing.turn() {
                Ok(done) => busy = done > 0 && indexing.applier.health() != Health::Well,
                Err(error) if indexing.applier.health() == Health::Well => {
                    log_store_failure(
                        &error,
                        "the index cannot be written; serving goes on until the overlay is full",
                    );
                    indexing.condition.fail();
                    return;
                }
                Err(error) => {
                    log_store_failure(
                        &error,
                        "the index cannot be made anew from this journal; the server stops",
                    );
                    indexing.condition.fail();
                    alarm.raise();
                    return;
                }
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
                log_store_failure(
                    &error,
                    "the index cannot be flushed; serving goes on until the overlay is full",
                );
                condition.fail();
                return;
            }
        }
    })
}

/// How long to wait between pieces of a segment: a piece is synced, and the journal's own syncs have priority.
const PREPARE_PIECE_PAUSE: Duration = Duration::from_millis(50);
/// How long to wait when segments are ready, and when the disk is full.
const PREPARE_PAUSE: Duration = Duration::from_millis(200);

/// The work of the preparer's thread. A simulation has no thread and calls [`Preparing::turn`] itself.
pub struct Preparing {
    preparer: Preparer,
    condition: Arc<Condition>,
    full: bool,
    failing: bool,
}

impl Preparing {
    /// Over the journal's preparer.
    pub const fn new(preparer: Preparer, condition: Arc<Condition>) -> Self {
        Self {
            preparer,
            condition,
            full: false,
            failing: false,
        }
    }

    /// Prepares one piece; logs when the disk is full and when it has room again. `None` if it failed; it is tried
    /// again.
    pub fn turn(&mut self) -> Option<Preparation> {
        match self.preparer.turn() {
            Ok(preparation) => {
                self.failing = false;
                self.tell(&preparation);
                Some(preparation)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    log_store_failure(
                        &StoreError::preparing(error),
                        "a segment of the journal cannot be prepared",
                    );
                }
                None
            }
        }
    }

    fn tell(&mut self, preparation: &Preparation) {
        match preparation {
            Preparation::NoRoom { .. } => {
                if !std::mem::replace(&mut self.full, true) {
                    tracing::error!(
                        "the disk is full: no new segment of the journal can be prepared"
                    );
                }
            }
            Preparation::Working { .. } => {}
            Preparation::Ready => {
                // The writer notices room only at a commit, and no request is sent while the server is not ready.
                self.condition.set_full(false);
                if std::mem::replace(&mut self.full, false) {
                    tracing::info!("there is room again: segments of the journal are prepared");
                }
            }
        }
    }
}

fn spawn_preparer(upkeep: &Upkeep, condition: &Arc<Condition>) -> std::io::Result<JoinHandle<()>> {
    let mut preparing = Preparing::new(upkeep.preparer.clone(), Arc::clone(condition));
    spawn_behind("journal-prepare", move || {
        let mut pause = Duration::ZERO;
        while preparing.condition.pause(pause) {
            pause = match preparing.turn() {
                Some(Preparation::Working { .. }) => PREPARE_PIECE_PAUSE,
                Some(Preparation::Ready | Preparation::NoRoom { .. }) | None => PREPARE_PAUSE,
            };
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn condition_gives_the_true_reason_and_clears_it() {
        let condition = Condition::default();
        assert_eq!(condition.not_ready(), None);
        condition.set_index(&Health::distrusted("altered", "a page does not read"));
        let rebuilding = NotReady::Rebuilding { done: 0, total: 0 };
        assert_eq!(condition.not_ready(), Some(rebuilding));
        condition.set_index(&Health::NoRoom("no space".to_owned()));
        assert_eq!(condition.not_ready(), Some(NotReady::Full));
        condition.set_index(&Health::Well);
        condition.set_full(true);
        assert_eq!(condition.not_ready(), Some(NotReady::Full));
        condition.set_full(false);
        assert_eq!(condition.not_ready(), None);
        condition.stop();
        assert_eq!(condition.not_ready(), Some(NotReady::Stopping));
    }
}
