//! The writer: one queue, one thread, one turn at a time. A batch forms while the previous one syncs.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::embedded::{Committed, EmbeddedStore};
use super::executor::{Executed, Executor, Inputs, Request};
use super::{Store, StoreError};

/// The reason why a request was not executed. Nothing of it happened, and it may be sent again, except for `Stopped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// The queue is full.
    Busy,
    /// The disk is full; reading goes on.
    DiskFull,
    /// The index is being rebuilt.
    Rebuilding,
    /// The store is being stopped, or has failed. A request in flight may or may not have been executed.
    Stopped,
}

type Done = Box<dyn FnOnce(Result<Executed, Unavailable>) + Send>;

/// A message to the writer.
enum Sent {
    /// A request to execute.
    Job(Box<Job>),
    /// Requests after this are not executed.
    Stop,
}

/// A request with its callback.
struct Job {
    request: Request,
    done: Done,
}

/// The sending side. Cloned freely; the writer stops at [`Queue::stop`], or when the last clone is dropped.
#[derive(Clone)]
pub struct Queue {
    sender: SyncSender<Sent>,
    depth: Arc<AtomicUsize>,
}

/// The receiving side.
pub struct Jobs {
    receiver: Receiver<Sent>,
    depth: Arc<AtomicUsize>,
    stopped: Cell<bool>,
}

/// An event for metrics.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// A batch is taken up.
    Begun,
    /// It is answered.
    Ended {
        /// The durable records.
        committed: Committed,
        /// Whether the batch was refused because the disk is full.
        full: bool,
    },
}

/// The largest batch; further requests wait for the next sync.
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
    /// Queues a request; `done` is called once its outcome is durable, or at once if the queue is full.
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

    /// Lets the writer finish the queued requests and end, even if other clones exist. Waits for a place in the
    /// queue.
    pub fn stop(&self) {
        // If the writer is gone, it has stopped already.
        let _ = self.sender.send(Sent::Stop);
    }

    fn turned_away(&self, sent: Sent, why: Unavailable) {
        self.depth.fetch_sub(1, Ordering::Relaxed);
        if let Sent::Job(job) = sent {
            (job.done)(Err(why));
        }
    }
}

/// Runs the queue until it is closed and empty, or the store fails. `observe` is called at each turn.
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

/// One turn over the queued requests, without waiting; returns whether there were any.
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
    /// Waits for a request and takes those queued behind it; `None` once stopped and finished.
    fn next_batch(&self) -> Option<Vec<Job>> {
        if self.stopped.get() {
            return None;
        }
        self.batch_from(self.receiver.recv().ok()?)
    }

    /// The requests queued now; `None` if there are none.
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

/// Executes a batch and calls back; returns whether the disk was full.
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
        // Nothing of the batch was committed: the whole batch is staged before its first commit.
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
