//! Mending the index while the store runs: what is not to be believed is set aside and made anew from the journal;
//! what only lacked room is opened again when there is room.
//!
//! One piece a turn, on the thread that otherwise applies windows, so that nobody writes an old window into a new
//! index. Until the new one is in place nothing is answered from either. A journal that does not read is not
//! mended: that is an error, and it names the place.

use std::sync::Arc;

use super::StoreError;
use super::index::{Checked, Index, IndexHome};
use super::opening;
use super::reader::Shared;
use super::replay::{Progress, Replay};
use super::served_index::{Health, drop_caught};
use crate::planted::{self, Bug};

/// Keys of one turn's piece.
const PIECE_KEYS: usize = 50_000;
/// So few records are taken up while commits wait: whoever writes on is caught up with.
const LAST_RECORDS: u64 = 1_000;
/// Turns between two attempts at most, however often they fail.
const MOST_REST_TURNS: u32 = 256;
/// Turns to let pass after an index did not open for want of room: opening one reads a lot.
const TURNS_WITHOUT_ROOM: u32 = 16;
/// How often an index that only lacked room is opened in vain before it is made anew.
const REOPENINGS: u32 = 25;
/// The word for figures of a rebuild because an index did not open again after the disk was full.
const FULL: &str = "full";

/// Puts another index in the place of one that may not be asked any more.
#[derive(Debug)]
pub(super) struct Mender {
    home: Arc<dyn IndexHome>,
    work: Option<Work>,
    attempts: u32,
    /// Turns to let pass before the next attempt.
    rest_turns: u32,
    reopenings: u32,
}

/// An index on its way to the journal's end.
#[derive(Debug)]
struct Work {
    index: Arc<dyn Index>,
    replay: Replay,
    wrong: Wrong,
    /// Whether it is another than the one before.
    anew: bool,
}

/// What was wrong with the index before: in one word, and at length.
#[derive(Debug, Clone)]
struct Wrong {
    reason: &'static str,
    why: String,
}

impl Wrong {
    fn of_full_disk() -> Self {
        Self {
            reason: FULL,
            why: "the disk was full".to_owned(),
        }
    }
}

impl Mender {
    pub(super) fn new(home: Arc<dyn IndexHome>) -> Self {
        Self {
            home,
            work: None,
            attempts: 0,
            rest_turns: 0,
            reopenings: 0,
        }
    }

    /// The next piece; says how many records it took up, or that there is nothing to do right now. `has_room` is
    /// whether the disk has room for an index.
    pub(super) fn turn(&mut self, shared: &Shared, has_room: bool) -> Result<u64, StoreError> {
        if let Some(work) = self.work.take() {
            return self.go_on(shared, work);
        }
        if let Some(rest) = self.rest_turns.checked_sub(1) {
            self.rest_turns = rest;
            return Ok(0);
        }
        shared.served.retire();
        match shared.served.health() {
            Health::NoRoom(_) if !has_room || planted::is(Bug::FullForGood) => Ok(0),
            Health::NoRoom(_) => self.reopen(shared, Wrong::of_full_disk()),
            Health::Rebuilding {
                anew, reason, why, ..
            } => {
                let wrong = Wrong { reason, why };
                if anew {
                    self.begin_anew(shared, wrong)
                } else {
                    self.reopen(shared, wrong)
                }
            }
            // It is in place already; whoever saw it away saw it a moment ago.
            Health::Well => Ok(0),
        }
    }

    /// Leaves what is not finished for the next start to go on with; what is not to be believed is set aside.
    pub(super) fn give_up(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let flushed = self.work.take().map(|work| {
            let flushed = work.index.flush();
            drop_caught(work.index);
            flushed
        });
        shared.served.retire();
        let sound = match flushed {
            Some(flushed) => flushed.is_ok(),
            None => !matches!(
                shared.served.health(),
                Health::Rebuilding { anew: true, .. }
            ),
        };
        if sound {
            return Ok(());
        }
        Ok(self.home.set_aside()?)
    }

    /// Gives up the index that was only kept to be looked at: the disk is full.
    pub(super) fn make_room(&self) {
        // What cannot be removed takes room as before, and is tried again.
        self.home.drop_set_aside().ok();
    }

    /// What was written before the disk was full, or before a stop, is there; the journal has the rest.
    fn reopen(&mut self, shared: &Shared, wrong: Wrong) -> Result<u64, StoreError> {
        let opened = match opening::usable_index(&shared.journal, self.home.as_ref()) {
            // An index ahead of a journal that is open cannot be this journal's.
            Err(StoreError::Damaged(why)) => {
                self.reopenings = REOPENINGS;
                Err(why)
            }
            Err(StoreError::Full(why)) => {
                self.rest_turns = TURNS_WITHOUT_ROOM;
                shared.served.tell(Health::NoRoom(why.to_string()));
                return Ok(0);
            }
            opened => opened?,
        };
        match opened {
            Ok((index, from)) => {
                self.work = Some(Work {
                    index,
                    replay: Replay::from(from),
                    wrong,
                    anew: false,
                });
                Ok(1)
            }
            // The one before may still be on its way out.
            Err(_) if self.reopenings < REOPENINGS => {
                self.reopenings = self.reopenings.saturating_add(1);
                Ok(0)
            }
            Err(why) => {
                let reason = wrong.reason;
                shared.served.tell(Health::distrusted(reason, why.clone()));
                self.begin_anew(shared, Wrong { reason, why })
            }
        }
    }

    fn begin_anew(&mut self, shared: &Shared, wrong: Wrong) -> Result<u64, StoreError> {
        let begun = self.home.set_aside().and_then(|()| self.home.open());
        match begun {
            Ok(index) => {
                let (index, replay) = (Checked::over(index), Replay::from(1));
                tell_progress(shared, (true, &wrong), replay.progress(&shared.journal));
                self.work = Some(Work {
                    index,
                    replay,
                    wrong,
                    anew: true,
                });
                Ok(1)
            }
            Err(error) => self.failed(shared, &wrong, error.into()),
        }
    }

    fn go_on(&mut self, shared: &Shared, mut work: Work) -> Result<u64, StoreError> {
        let Progress { done, total } = work.replay.progress(&shared.journal);
        let ended = if total.saturating_sub(done) <= LAST_RECORDS {
            put_in_place(shared, &mut work)
        } else {
            let step = work
                .replay
                .step(&shared.journal, work.index.as_ref(), PIECE_KEYS);
            match step {
                Ok(records) => {
                    let progress = work.replay.progress(&shared.journal);
                    tell_progress(shared, (work.anew, &work.wrong), progress);
                    self.work = Some(work);
                    return Ok(records);
                }
                Err(error) => Err(error),
            }
        };
        match ended {
            Ok(()) => {
                (self.attempts, self.reopenings) = (0, 0);
                Ok(1)
            }
            Err(error) => {
                let wrong = work.wrong.clone();
                drop_caught(work.index);
                // Over one that was opened again a record may not follow: then it was damaged all the while.
                let error = match error {
                    StoreError::Damaged(what) if !work.anew => StoreError::Index(what),
                    error => error,
                };
                self.failed(shared, &wrong, error)
            }
        }
    }

    /// What became of an attempt: without room it waits for room, and what it could do without goes; else it is
    /// tried again after a while. The journal's own faults are not the index's.
    fn failed(
        &mut self,
        shared: &Shared,
        wrong: &Wrong,
        error: StoreError,
    ) -> Result<u64, StoreError> {
        match error {
            StoreError::Full(full) => {
                self.make_room();
                shared.served.tell(Health::NoRoom(full.to_string()));
                Ok(0)
            }
            StoreError::Index(again) => {
                self.attempts = self.attempts.saturating_add(1);
                self.rest_turns = 1_u32
                    .checked_shl(self.attempts)
                    .unwrap_or(MOST_REST_TURNS)
                    .min(MOST_REST_TURNS);
                let why = if again == wrong.why {
                    again
                } else {
                    short(format!("{}; then: {again}", wrong.why))
                };
                shared.served.tell(Health::distrusted(wrong.reason, why));
                Ok(0)
            }
            StoreError::Damaged(_) | StoreError::Failed(_) => Err(error),
        }
    }
}

/// The index has what the journal has; from here on it is asked. No commit comes in between: what the overlay keeps
/// is then in the index, and its windows, which know nothing of what began and ended within one, are not put over it.
fn put_in_place(shared: &Shared, work: &mut Work) -> Result<(), StoreError> {
    work.index.flush()?;
    let _no_commit = shared.committing.lock();
    while work
        .replay
        .step(&shared.journal, work.index.as_ref(), PIECE_KEYS)?
        > 0
    {}
    shared.served.install(Arc::clone(&work.index), work.anew);
    shared.overlay.clear();
    Ok(())
}

fn tell_progress(shared: &Shared, (anew, wrong): (bool, &Wrong), progress: Progress) {
    shared.served.tell(Health::Rebuilding {
        anew,
        reason: wrong.reason,
        why: wrong.why.clone(),
        done: progress.done,
        total: progress.total,
    });
}

/// However often it fails, what is told of it stays short.
fn short(mut why: String) -> String {
    const MOST: usize = 400;
    if let Some((end, _)) = why.char_indices().nth(MOST) {
        why.truncate(end);
    }
    why
}
