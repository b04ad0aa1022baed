//! Bugs that can be planted, to prove that the simulation finds them. A build without `--cfg planted` has none:
//! [`is`] is then a constant `false`, and the code that asks it compiles to nothing.
//!
//! Each bug is in the one place where its rule lives.

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
    /// A notification's id is recorded before its signature is checked.
    DedupeBeforeAuthentication,
    /// A payment is sent to its gateway without the order's claim.
    ClaimNotChecked,
    /// A call without an answer counts as refused.
    UnknownIsFailure,
    /// A call without an answer counts as never sent.
    NoAnswerIsNotSent,
    /// A gateway's "not yet" counts as a refusal.
    NotYetIsFailure,
    /// An unsigned notification is applied as evidence.
    HintIsBelieved,
    /// The amount that the browser brings back is not compared with the order.
    ReturnNotCompared,
    /// Money that arrives after its order was canceled is kept.
    MoneyIsKept,
    /// A deadline cancels an order whose payment is being captured.
    DeadlineOvertakes,
    /// Calls that a restart left unanswered are forgotten.
    NotResumed,
    /// Answers are not stored under their idempotency keys.
    AnswersForgotten,
    /// Domain time follows the wall clock, and stands still while that is behind the records.
    ClockIsBelieved,
    /// Money of which a part was refunded before we heard of it is not booked.
    PartsAreDropped,
    /// A refund from the bank is booked as a refund by the gateway.
    WayIsForgotten,
    /// A call made with other credentials is inquired about as if the credentials were the same.
    CredentialsForgotten,
    /// A refusal of a repeated call is applied to the first sending.
    RepetitionIsBelieved,
    /// An answer about another payment counts as no answer.
    AnotherIsNothing,
    /// The mark that a gateway is to be asked is kept in memory only.
    HintsInMemory,
    /// The gateway's split of an amount is not compared.
    SplitNotCompared,
    /// An unreadable key of the index counts as absent.
    UnreadableIsAbsent,
    /// An index that has met a full disk is not tried again.
    FullForGood,
    /// A refund that somebody made at the gateway counts as the one that was asked for here.
    AnyRefundIsOurs,
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
        Self::AnyRefundIsOurs,
    ];
}

/// Whether this bug is planted: never.
#[cfg(not(planted))]
#[inline]
pub const fn is(_: Bug) -> bool {
    false
}

/// Whether an id was seen before, from any sender: never.
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

    /// Whether an id was seen before on this thread, from any sender.
    pub fn seen_before(id: &[u8]) -> bool {
        SEEN.with_borrow_mut(|seen| !seen.insert(id.to_vec()))
    }

    /// Plants one bug, and removes the previous one.
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
