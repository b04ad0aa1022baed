//! Mends the index while the store runs: a damaged one is set aside and rebuilt from the journal; one that met a full
//! disk is reopened when there is room.
//!
//! Each turn does one piece, on the thread that otherwise applies windows, so that no old window is written into a
//! new index. Until the new index is in place, neither is read. A damaged journal cannot be mended: that is an error
//! that names the place.

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
/// When this few records are left, they are replayed while commits wait, so that the rebuild catches up with a busy
/// writer.
const LAST_RECORDS: u64 = 1_000;
/// The longest pause between two attempts, in turns.
const MOST_REST_TURNS: u32 = 256;
/// Turns to wait after an index could not be opened for want of room, because opening one reads a lot.
const TURNS_WITHOUT_ROOM: u32 = 16;
/// How often opening an index that only lacked room may fail before it is rebuilt.
const REOPENINGS: u32 = 25;
/// The metrics label of a rebuild because an index did not reopen after the disk was full.
const FULL: &str = "full";

/// Replaces an index that may not be read any more.
#[derive(Debug)]
pub(super) struct Mender {
    home: Arc<dyn IndexHome>,
    work: Option<Work>,
    attempts: u32,
    /// Turns to wait before the next attempt.
    rest_turns: u32,
    reopenings: u32,
}

/// An index that is being brought to the journal's end.
#[derive(Debug)]
struct Work {
    index: Arc<dyn Index>,
    replay: Replay,
    wrong: Wrong,
    /// Whether it is a new index, not the old one reopened.
    anew: bool,
}

/// The old index's fault: in one word, and in full.
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

    /// Does the next piece; returns the number of records replayed, or that there is nothing to do now. `has_room`
    /// says whether the disk has room for an index.
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
            // The index is in place already; the caller's observation is out of date.
            Health::Well => Ok(0),
        }
    }

    /// Leaves an unfinished index for the next start to continue; sets a damaged one aside.
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

    /// Deletes the damaged index that was kept for inspection: the disk is full.
    pub(super) fn make_room(&self) {
        // If it cannot be removed it keeps its room, and removal is tried again.
        self.home.drop_set_aside().ok();
    }

    /// Reopens the index: it has everything written before the disk was full, or before a stop; the journal has the
    /// rest.
    fn reopen(&mut self, shared: &Shared, wrong: Wrong) -> Result<u64, StoreError> {
        let opened = match opening::usable_index(&shared.journal, self.home.as_ref()) {
            // An index ahead of an open journal cannot belong to this journal.
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
            // The previous handle may still be closing.
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
                // A record that does not follow from a reopened index means that the index was damaged before.
                let error = match error {
                    StoreError::Damaged(what) if !work.anew => StoreError::Index(what),
                    error => error,
                };
                self.failed(shared, &wrong, error)
            }
        }
    }

    /// Handles a failed attempt: without room it waits for room, and frees what it can; otherwise it is tried again
    /// after a pause. Errors of the journal are passed on: they are not the index's.
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

/// Puts the index in place; it has everything that the journal has. No commit comes in between: the overlay's content
/// is then in the index, and its windows are cleared, because they lack keys that began and ended within one window.
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

/// Limits the length of the message, however often rebuilding fails.
fn short(mut why: String) -> String {
    const MOST: usize = 400;
    if let Some((end, _)) = why.char_indices().nth(MOST) {
        why.truncate(end);
    }
    why
}
