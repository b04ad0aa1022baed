//! Bugs that can be planted, to see that the simulation finds them. A build without `--cfg planted` has none of
//! them: [`is`] is then a constant `false`, and what asks it compiles to nothing.
//!
//! Each stands at the one place where its rule lives.

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// Each retry of a call to a gateway has another idempotency key.
    NewKeyPerRetry = 1,
    /// Callers are answered before the journal is synced.
    AnswerBeforeSync,
    /// A payment that failed is not captured by a later success.
    FailedForGood,
    /// A notification's id is noted before its signature is looked at.
    DedupeBeforeAuthentication,
    /// A payment is sent to its gateway without the order's claim.
    ClaimNotChecked,
    /// A gateway that does not answer is taken to have refused.
    UnknownIsFailure,
    /// A call without an answer is taken for one that was never sent.
    NoAnswerIsNotSent,
    /// A gateway that is not yet done is taken to have refused.
    NotYetIsFailure,
    /// What an unsigned notification says is believed.
    HintIsBelieved,
    /// What the browser says is to be paid is not compared with the order.
    ReturnNotCompared,
    /// Money that comes after its order was canceled is kept.
    MoneyIsKept,
    /// A deadline cancels an order whose payment is being taken.
    DeadlineOvertakes,
    /// Calls that a restart left without an answer are forgotten.
    NotResumed,
    /// Answers are not kept under their idempotency keys.
    AnswersForgotten,
    /// Domain time is what the wall clock says, and stands still while that is behind the records.
    ClockIsBelieved,
    /// Money of which a part went back before we heard of it is not booked.
    PartsAreDropped,
    /// What a person gave back from the bank is taken for given back by the gateway.
    WayIsForgotten,
    /// A call that was made with other credentials is asked about as if they were the same.
    CredentialsForgotten,
    /// A refusal of a call that was sent again is believed about the first sending.
    RepetitionIsBelieved,
    /// That a gateway answered about another payment is taken for no answer at all.
    AnotherIsNothing,
    /// That there is news of a payment is kept in memory only.
    HintsInMemory,
    /// How a gateway splits an amount is not compared.
    SplitNotCompared,
    /// A key of the index that does not read is taken for one that is not there.
    UnreadableIsAbsent,
    /// An index that has met a full disk is not tried again.
    FullForGood,
}

impl Bug {
    /// Every bug.
    pub const ALL: &'static [Self] = &[
        Self::NewKeyPerRetry,
        Self::AnswerBeforeSync,
        Self::FailedForGood,
        Self::DedupeBeforeAuthentication,
        Self::ClaimNotChecked,
        Self::UnknownIsFailure,
        Self::NoAnswerIsNotSent,
        Self::NotYetIsFailure,
        Self::HintIsBelieved,
        Self::ReturnNotCompared,
        Self::MoneyIsKept,
        Self::DeadlineOvertakes,
        Self::NotResumed,
        Self::AnswersForgotten,
        Self::ClockIsBelieved,
        Self::PartsAreDropped,
        Self::WayIsForgotten,
        Self::CredentialsForgotten,
        Self::RepetitionIsBelieved,
        Self::AnotherIsNothing,
        Self::HintsInMemory,
        Self::SplitNotCompared,
        Self::UnreadableIsAbsent,
        Self::FullForGood,
    ];
}

/// Whether this bug is planted: never.
#[cfg(not(planted))]
#[inline]
pub const fn is(_: Bug) -> bool {
    false
}

/// Whether an id was seen before, by whoever it was sent: never.
#[cfg(not(planted))]
#[inline]
pub const fn seen_before(_: &[u8]) -> bool {
    false
}

#[cfg(planted)]
pub use self::soil::{is, plant, seen_before};

#[cfg(planted)]
mod soil {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Bug;

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    thread_local! {
        static SEEN: RefCell<BTreeSet<Vec<u8>>> = const { RefCell::new(BTreeSet::new()) };
    }

    /// Whether an id was seen before on this thread, by whoever it was sent.
    pub fn seen_before(id: &[u8]) -> bool {
        SEEN.with_borrow_mut(|seen| !seen.insert(id.to_vec()))
    }

    /// Plants one bug, and takes the one before out.
    #[expect(clippy::as_conversions, reason = "a number per bug")]
    pub fn plant(bug: Option<Bug>) {
        PLANTED.store(bug.map_or(0, |bug| bug as u8), Ordering::Relaxed);
    }

    /// Whether this bug is planted.
    #[expect(clippy::as_conversions, reason = "a number per bug")]
    pub fn is(bug: Bug) -> bool {
        PLANTED.load(Ordering::Relaxed) == bug as u8
    }
}
