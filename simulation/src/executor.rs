//! Tasks and timers on one thread, in virtual time. The seed chooses which ready task is polled next; time jumps to
//! the next timer when nothing is ready. All tasks of an owner can be dropped at once, between any two polls: that is
//! a crash.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use daegeum_server::world::nanos;
use parking_lot::Mutex;

use crate::dice::Dice;

/// A task as the executor keeps it.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The owner: 0 is the world outside, every start of the server has its own number.
pub type Owner = u32;

/// The world outside the server.
pub const OUTSIDE: Owner = 0;

/// Names a task for as long as it lives, and no other afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId {
    slot: usize,
    generation: u64,
}

/// Runs tasks. Clones are the same executor.
#[derive(Clone)]
pub struct Executor {
    state: Arc<Mutex<State>>,
    ready: Arc<Mutex<Vec<TaskId>>>,
    dice: Dice,
}

#[derive(Default)]
struct State {
    now_ns: u64,
    slots: Vec<Slot>,
    free: Vec<usize>,
    generations: u64,
    /// The waiting timers; the second half of the key keeps timers of one moment apart.
    timers: BTreeMap<(u64, u64), Waker>,
    timers_made: u64,
}

struct Slot {
    id: TaskId,
    owner: Owner,
    /// Taken out while it is polled.
    task: Option<Task>,
    waker: Arc<TaskWaker>,
    alive: bool,
}

struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    ready: Arc<Mutex<Vec<TaskId>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().push(self.id);
        }
    }
}

impl Executor {
    /// An executor at moment zero, whose choices `dice` makes.
    pub fn new(dice: Dice) -> Self {
        Self {
            state: Arc::default(),
            ready: Arc::default(),
            dice,
        }
    }

    /// Nanoseconds since the beginning.
    pub fn now_ns(&self) -> u64 {
        self.state.lock().now_ns
    }

    /// Starts a task.
    pub fn spawn(&self, owner: Owner, task: Task) -> TaskId {
        let mut state = self.state.lock();
        let slot = state.free.pop().unwrap_or(state.slots.len());
        state.generations += 1;
        let id = TaskId {
            slot,
            generation: state.generations,
        };
        let waker = Arc::new(TaskWaker {
            id,
            queued: AtomicBool::new(true),
            ready: Arc::clone(&self.ready),
        });
        let entry = Slot {
            id,
            owner,
            task: Some(task),
            waker,
            alive: true,
        };
        if slot == state.slots.len() {
            state.slots.push(entry);
        } else {
            state.slots[slot] = entry;
        }
        self.ready.lock().push(id);
        id
    }

    /// Drops a task where it stands; one that has ended is no error.
    pub fn cancel(&self, id: TaskId) {
        let mut state = self.state.lock();
        let dropped = state.kill(id);
        drop(state);
        drop(dropped); // what it holds may lock the executor again
    }

    /// Drops every task of an owner where it stands.
    pub fn cancel_all(&self, owner: Owner) {
        let mut state = self.state.lock();
        let ids: Vec<TaskId> = state
            .slots
            .iter()
            .filter(|slot| slot.alive && slot.owner == owner)
            .map(|slot| slot.id)
            .collect();
        let dropped: Vec<Option<Task>> = ids.into_iter().map(|id| state.kill(id)).collect();
        drop(state);
        drop(dropped);
    }

    /// How many tasks of an owner there are.
    pub fn tasks(&self, owner: Owner) -> usize {
        let state = self.state.lock();
        state
            .slots
            .iter()
            .filter(|slot| slot.alive && slot.owner == owner)
            .count()
    }

    /// Polls one ready task, if there is one.
    pub fn poll_one(&self) -> bool {
        let Some((id, mut task, waker)) = self.take_ready() else {
            return false;
        };
        let polled = task
            .as_mut()
            .poll(&mut Context::from_waker(&Waker::from(waker)));
        let mut state = self.state.lock();
        let lives = state
            .slots
            .get(id.slot)
            .is_some_and(|slot| slot.id == id && slot.alive);
        let ended = if polled.is_pending() && lives {
            state.slots[id.slot].task = Some(task);
            None
        } else {
            state.release(id);
            Some(task)
        };
        drop(state);
        drop(ended);
        true
    }

    fn take_ready(&self) -> Option<(TaskId, Task, Arc<TaskWaker>)> {
        loop {
            let id = {
                let mut ready = self.ready.lock();
                if ready.is_empty() {
                    return None;
                }
                let at = self.dice.index(ready.len());
                ready.swap_remove(at)
            };
            let mut state = self.state.lock();
            let slot = state
                .slots
                .get_mut(id.slot)
                .filter(|slot| slot.id == id && slot.alive);
            let Some(slot) = slot else { continue };
            slot.waker.queued.store(false, Ordering::Relaxed);
            if let Some(task) = slot.task.take() {
                return Some((id, task, Arc::clone(&slot.waker)));
            }
        }
    }

    /// When the next timer is due.
    pub fn next_timer_ns(&self) -> Option<u64> {
        self.state
            .lock()
            .timers
            .first_key_value()
            .map(|((at, _), _)| *at)
    }

    /// Moves time on to `now_ns` and wakes whose timers are due by then. Time never goes back.
    pub fn advance_to(&self, now_ns: u64) {
        let due = {
            let mut state = self.state.lock();
            state.now_ns = state.now_ns.max(now_ns);
            let not_due = (state.now_ns.saturating_add(1), 0);
            let later = state.timers.split_off(&not_due);
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Ready once `duration` has passed.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let mut state = self.state.lock();
        let number = state.timers_made;
        state.timers_made += 1;
        let ns = nanos(duration);
        let due = (state.now_ns.saturating_add(ns), number);
        Sleep {
            state: Arc::clone(&self.state),
            due,
        }
    }
}

impl State {
    fn kill(&mut self, id: TaskId) -> Option<Task> {
        let slot = self
            .slots
            .get_mut(id.slot)
            .filter(|slot| slot.id == id && slot.alive)?;
        slot.alive = false;
        let task = slot.task.take();
        if task.is_some() {
            // A task that is being polled frees its place itself.
            self.free.push(id.slot);
        }
        task
    }

    fn release(&mut self, id: TaskId) {
        if let Some(slot) = self.slots.get_mut(id.slot).filter(|slot| slot.id == id) {
            slot.alive = false;
            self.free.push(id.slot);
        }
    }
}

/// A timer; forgotten when dropped.
pub struct Sleep {
    state: Arc<Mutex<State>>,
    due: (u64, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.now_ns >= self.due.0 {
            return Poll::Ready(());
        }
        let replaced = state.timers.insert(self.due, context.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waiting = self.state.lock().timers.remove(&self.due);
        drop(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order_of(seed: u64) -> Vec<u32> {
        let executor = Executor::new(Dice::new(seed));
        let seen = Arc::new(Mutex::new(Vec::new()));
        for n in 0..8 {
            let seen = Arc::clone(&seen);
            executor.spawn(OUTSIDE, Box::pin(async move { seen.lock().push(n) }));
        }
        while executor.poll_one() {}
        seen.lock().clone()
    }

    #[test]
    fn seed_decides_the_order_of_ready_tasks() {
        assert_eq!(order_of(7), order_of(7));
        assert!((0..20).any(|seed| order_of(seed) != order_of(7)));
    }

    #[test]
    fn time_jumps_to_the_next_timer_and_wakes_it() {
        let executor = Executor::new(Dice::new(1));
        let told = Arc::new(Mutex::new(Vec::new()));
        for seconds in [5, 2] {
            let (own, told) = (executor.clone(), Arc::clone(&told));
            executor.spawn(
                OUTSIDE,
                Box::pin(async move {
                    own.sleep(Duration::from_secs(seconds)).await;
                    told.lock().push((seconds, own.now_ns()));
                }),
            );
        }
        while executor.poll_one() {}
        while let Some(next) = executor.next_timer_ns() {
            executor.advance_to(next);
            while executor.poll_one() {}
        }
        assert_eq!(*told.lock(), [(2, 2_000_000_000), (5, 5_000_000_000)]);
    }

    #[test]
    fn crash_drops_only_its_owners_tasks_and_timers() {
        let executor = Executor::new(Dice::new(1));
        let tell = Arc::new(());
        for owner in [1, 1, 2] {
            let (own, tell) = (executor.clone(), Arc::clone(&tell));
            executor.spawn(
                owner,
                Box::pin(async move {
                    own.sleep(Duration::from_secs(9)).await;
                    drop(tell);
                }),
            );
        }
        while executor.poll_one() {}
        executor.cancel_all(1);
        assert_eq!((executor.tasks(1), executor.tasks(2)), (0, 1));
        assert_eq!(Arc::strong_count(&tell), 2);
        assert_eq!(executor.state.lock().timers.len(), 1);
    }

    #[test]
    fn a_task_may_cancel_itself() {
        let executor = Executor::new(Dice::new(1));
        let id = Arc::new(Mutex::new(None));
        let (own, named) = (executor.clone(), Arc::clone(&id));
        let task = executor.spawn(
            OUTSIDE,
            Box::pin(async move {
                let id: Option<TaskId> = *named.lock();
                own.cancel(id.unwrap());
                own.sleep(Duration::from_secs(1)).await;
            }),
        );
        *id.lock() = Some(task);
        while executor.poll_one() {}
        assert_eq!(executor.tasks(OUTSIDE), 0);
        let again = executor.spawn(OUTSIDE, Box::pin(async {}));
        assert_ne!(again, task);
    }
}
