//! The writer: one queue, one thread, one turn at a time. A batch forms while the one before it syncs.

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
    /// The store is being stopped, or has failed. What was in flight may or may not have happened.
    Stopped,
}

type Done = Box<dyn FnOnce(Result<Executed, Unavailable>) + Send>;

/// A request with whom to tell.
struct Job {
    request: Request,
    done: Done,
}

/// Where requests are put. Cloned freely; the writer stops when the last one is gone.
#[derive(Clone)]
pub struct Queue {
    sender: SyncSender<Job>,
    depth: Arc<AtomicUsize>,
}

/// Where the writer takes them from.
pub struct Jobs {
    receiver: Receiver<Job>,
    depth: Arc<AtomicUsize>,
}

/// What the writer tells whoever measures it.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// A batch is taken up.
    Begun,
    /// It is durable and answered.
    Ended(Committed),
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
        Jobs { receiver, depth },
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
        match self.sender.try_send(Job {
            request,
            done: Box::new(done),
        }) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => self.turned_away(job, Unavailable::Busy),
            Err(TrySendError::Disconnected(job)) => self.turned_away(job, Unavailable::Stopped),
        }
    }
}

impl Queue {
    /// How many requests wait for the writer.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    fn turned_away(&self, job: Job, why: Unavailable) {
        self.depth.fetch_sub(1, Ordering::Relaxed);
        (job.done)(Err(why));
    }
}

/// Runs the queue until it is closed and empty, or the store fails. `observe` hears of each turn.
pub fn run(
    executor: &mut Executor<EmbeddedStore>,
    jobs: &Jobs,
    inputs: &mut dyn Inputs,
    observe: &mut dyn FnMut(Turn),
) -> Result<(), StoreError> {
    while let Ok(first) = jobs.receiver.recv() {
        let more = jobs
            .receiver
            .try_iter()
            .take(MOST_PER_BATCH.saturating_sub(1));
        let batch: Vec<Job> = std::iter::once(first).chain(more).collect();
        jobs.depth.fetch_sub(batch.len(), Ordering::Relaxed);
        observe(Turn::Begun);
        turn(executor, batch, inputs)?;
        observe(Turn::Ended(executor.store_mut().take_committed()));
    }
    Ok(())
}

fn turn<S: Store>(
    executor: &mut Executor<S>,
    batch: Vec<Job>,
    inputs: &mut dyn Inputs,
) -> Result<(), StoreError> {
    let (requests, waiting): (Vec<Request>, Vec<Done>) =
        batch.into_iter().map(|job| (job.request, job.done)).unzip();
    match executor.turn(requests, inputs) {
        Ok(executed) => {
            waiting
                .into_iter()
                .zip(executed)
                .for_each(|(done, executed)| done(Ok(executed)));
            Ok(())
        }
        Err(StoreError::Full(_)) => {
            tell_all(waiting, Unavailable::DiskFull);
            Ok(())
        }
        Err(error) => {
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
