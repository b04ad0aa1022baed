//! The writer: one queue, one thread, one turn at a time. A batch forms while the one before it syncs.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::embedded::{Committed, EmbeddedStore};
use super::executor::{Executed, Executor, Inputs, Request};
use super::{Store, StoreError};

/// Why a request was not executed. It may be sent again; nothing of it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// The queue is full.
    Busy,
    /// The disk is full; reading goes on.
    DiskFull,
    /// The index is being made anew.
    Rebuilding,
    /// The store is being stopped, or has failed. What was in flight may or may not have happened.
    Stopped,
}

type Done = Box<dyn FnOnce(Result<Executed, Unavailable>) + Send>;

/// What the writer is sent.
enum Sent {
    /// A request to execute.
    Job(Box<Job>),
    /// Nothing after this is executed.
    Stop,
}

/// A request with whom to tell.
struct Job {
    request: Request,
    done: Done,
}

/// Where requests are put. Cloned freely; the writer stops at [`Queue::stop`], or when the last one is gone.
#[derive(Clone)]
pub struct Queue {
    sender: SyncSender<Sent>,
    depth: Arc<AtomicUsize>,
}

/// Where the writer takes them from.
pub struct Jobs {
    receiver: Receiver<Sent>,
    depth: Arc<AtomicUsize>,
    stopped: Cell<bool>,
}

/// What the writer tells whoever measures it.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// A batch is taken up.
    Begun,
    /// It is answered.
    Ended {
        /// What became durable.
        committed: Committed,
        /// Whether it was refused because the disk is full.
        full: bool,
    },
}

/// The most requests one batch has: what is beyond waits for the next sync.
const MOST_PER_BATCH: usize = 1_024;

/// A queue of this depth.
pub fn queue(depth: usize) -> (Queue, Jobs) {
    let (sender, receiver) = sync_channel(depth);
    let depth = Arc::new(AtomicUsize::new(0));
    (
        Queue {
            sender,
            depth: Arc::clone(&depth),
        },
        Jobs {
            receiver,
            depth,
            stopped: Cell::new(false),
        },
    )
}

impl Queue {
    /// Puts a request in the queue; `done` is called once its outcome is durable, or at once if there is no room.
    pub fn submit(
        &self,
        request: Request,
        done: impl FnOnce(Result<Executed, Unavailable>) + Send + 'static,
    ) {
        self.depth.fetch_add(1, Ordering::Relaxed);
        let job = Box::new(Job {
            request,
            done: Box::new(done),
        });
        match self.sender.try_send(Sent::Job(job)) {
            Ok(()) => {}
            Err(TrySendError::Full(sent)) => self.turned_away(sent, Unavailable::Busy),
            Err(TrySendError::Disconnected(sent)) => self.turned_away(sent, Unavailable::Stopped),
        }
    }
}

impl Queue {
    /// How many requests wait for the writer.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    /// Lets the writer finish what is queued and end, whoever still holds the queue. Waits for a place in it.
    pub fn stop(&self) {
        // A writer that is gone has stopped already.
        let _ = self.sender.send(Sent::Stop);
    }

    fn turned_away(&self, sent: Sent, why: Unavailable) {
        self.depth.fetch_sub(1, Ordering::Relaxed);
        if let Sent::Job(job) = sent {
            (job.done)(Err(why));
        }
    }
}

/// Runs the queue until it is closed and empty, or the store fails. `observe` hears of each turn.
pub fn run(
    executor: &mut Executor<EmbeddedStore>,
    jobs: &Jobs,
    inputs: &mut dyn Inputs,
    observe: &mut dyn FnMut(Turn),
) -> Result<(), StoreError> {
    while let Some(batch) = jobs.next_batch() {
        run_batch(executor, jobs, batch, inputs, observe)?;
    }
    Ok(())
}

/// One turn over what is queued, for whoever has no thread to wait in; says whether there was anything.
pub fn run_queued(
    executor: &mut Executor<EmbeddedStore>,
    jobs: &Jobs,
    inputs: &mut dyn Inputs,
    observe: &mut dyn FnMut(Turn),
) -> Result<bool, StoreError> {
    let Some(batch) = jobs.queued_batch() else {
        return Ok(false);
    };
    run_batch(executor, jobs, batch, inputs, observe).map(|()| true)
}

fn run_batch(
    executor: &mut Executor<EmbeddedStore>,
    jobs: &Jobs,
    batch: Vec<Job>,
    inputs: &mut dyn Inputs,
    observe: &mut dyn FnMut(Turn),
) -> Result<(), StoreError> {
    jobs.depth.fetch_sub(batch.len(), Ordering::Relaxed);
    observe(Turn::Begun);
    let full = turn(executor, batch, inputs)?;
    observe(Turn::Ended {
        committed: executor.store_mut().take_committed(),
        full,
    });
    Ok(())
}

impl Jobs {
    /// Waits for a request and takes what has queued behind it; nothing once stopped and finished.
    fn next_batch(&self) -> Option<Vec<Job>> {
        if self.stopped.get() {
            return None;
        }
        self.batch_from(self.receiver.recv().ok()?)
    }

    /// What is queued now; nothing if nothing is.
    fn queued_batch(&self) -> Option<Vec<Job>> {
        if self.stopped.get() {
            return None;
        }
        self.batch_from(self.receiver.try_recv().ok()?)
    }

    fn batch_from(&self, first: Sent) -> Option<Vec<Job>> {
        let Sent::Job(first) = first else {
            return None;
        };
        let mut batch = vec![*first];
        while batch.len() < MOST_PER_BATCH {
            match self.receiver.try_recv() {
                Ok(Sent::Job(job)) => batch.push(*job),
                Ok(Sent::Stop) => {
                    self.stopped.set(true);
                    break;
                }
                Err(_) => break,
            }
        }
        Some(batch)
    }
}

/// Executes a batch and tells everybody; says whether the disk was full.
fn turn<S: Store>(
    executor: &mut Executor<S>,
    batch: Vec<Job>,
    inputs: &mut dyn Inputs,
) -> Result<bool, StoreError> {
    let (requests, waiting): (Vec<Request>, Vec<Done>) =
        batch.into_iter().map(|job| (job.request, job.done)).unzip();
    match executor.turn(requests, inputs) {
        Ok(executed) => {
            waiting
                .into_iter()
                .zip(executed)
                .for_each(|(done, executed)| done(Ok(executed)));
            Ok(false)
        }
        Err(StoreError::Full(_)) => {
            tell_all(waiting, Unavailable::DiskFull);
            Ok(true)
        }
        // Nothing of the batch was committed: all of it is staged before any of it is.
        Err(StoreError::Index(_)) => {
            tell_all(waiting, Unavailable::Rebuilding);
            Ok(false)
        }
        Err(error @ (StoreError::Damaged(_) | StoreError::Failed(_))) => {
            tell_all(waiting, Unavailable::Stopped);
            Err(error)
        }
    }
}

fn tell_all(waiting: Vec<Done>, why: Unavailable) {
    for done in waiting {
        done(Err(why));
    }
}
