//! Operations: one money call to a gateway, from the intent to the answer. "No answer" is an outcome of its own.

use bincode::{Decode, Encode};

use crate::amounts::Amounts;
use crate::event::{
    Credentials, OperationEvent, OperationIntended, OperationUnanswered, ProviderConfirmed,
    ProviderRefused,
};
use crate::id::{OperationId, RefundId};
use crate::lifecycle;
use crate::lifecycle::{Edge, EnteredBy, Impossible};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The kind of a money call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum OperationKind {
    /// Captures or authorizes a payment that the buyer has approved.
    Confirm,
    /// Captures authorized money.
    Capture,
    /// Voids an authorization.
    Void,
    /// Refunds captured money, all of it.
    Cancel,
}

impl OperationKind {
    /// Every call.
    pub const ALL: &'static [Self] = &[Self::Confirm, Self::Capture, Self::Void, Self::Cancel];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Cancel => "cancel",
        }
    }
}

/// The data of every operation, in any state.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub struct OperationCore {
    /// Its id, which is also the idempotency key that the gateway is given, the same for every retry.
    pub id: OperationId,
    /// The kind of call.
    pub kind: OperationKind,
    /// The amount that it is about; a call of version 1 is about all of its payment's money.
    pub amounts: Option<Amounts>,
    /// The refund that it is for, if it refunds.
    pub refund: Option<RefundId>,
    /// The merchant's credentials that it is made with; missing in a call of version 1.
    pub credentials: Option<Credentials>,
    /// When the intent was recorded.
    pub intended_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl lifecycle::Core for OperationCore {
    fn stepped(&mut self, at: Timestamp) {
        self.updated_at = at;
    }
}

lifecycle! {
    /// One money call to a gateway.
    machine Operation {
        core: OperationCore, any: AnyOperation, state: OperationState, action: OperationAction,
        command: OperationCommand, event: OperationEvent, transition: OperationTransition,
    }
    states {
        /// Recorded; the call may or may not have been made.
        Intended {} = "INTENDED",
        /// No answer came: the gateway may or may not have done it. Blocks further money calls.
        Unknown {} = "UNKNOWN",
        /// The gateway did it.
        Succeeded {} = "SUCCEEDED",
        /// The gateway certainly did not do it.
        Refused {} = "REFUSED",
    }
    actions {
        /// The gateway, or later evidence, says it was done.
        Succeed = "succeed",
        /// The gateway, or later evidence, says it was not done.
        Refuse = "refuse",
        /// The answer did not come.
        LoseAnswer = "lose_answer",
    }
    transitions {
        Intended | Unknown --succeed(Succeed)--> Succeeded[ProviderConfirmed];
        Intended | Unknown --refuse(Refuse)--> Refused[ProviderRefused];
        Intended --lose_answer(LoseAnswer)--> Unknown[OperationUnanswered];
    }
}

/// The gateway's word that it was done.
#[derive(Debug)]
pub struct Succeed(pub ProviderConfirmed);
/// The gateway's word that it was not done.
#[derive(Debug)]
pub struct Refuse(pub ProviderRefused);
/// The wait for the gateway is over without a word.
#[derive(Debug)]
pub struct LoseAnswer;

impl<S> EnteredBy<S, ProviderConfirmed, OperationCore> for Succeeded {
    fn entered(_: S, _: &ProviderConfirmed, _: &mut OperationCore) -> Self {
        Self {}
    }
}
impl<S> EnteredBy<S, ProviderRefused, OperationCore> for Refused {
    fn entered(_: S, _: &ProviderRefused, _: &mut OperationCore) -> Self {
        Self {}
    }
}
impl<S> EnteredBy<S, OperationUnanswered, OperationCore> for Unknown {
    fn entered(_: S, _: &OperationUnanswered, _: &mut OperationCore) -> Self {
        Self {}
    }
}

impl<S> Operation<S>
where
    S: Edge<Succeed, Succeeded, Event = ProviderConfirmed>,
{
    /// The gateway did it.
    pub fn succeed(
        self,
        Succeed(event): Succeed,
        now: Timestamp,
    ) -> Result<OperationTransition<Operation<Succeeded>>, Rejection> {
        Ok(self.step::<Succeed, Succeeded>(event, now))
    }
}

impl<S> Operation<S>
where
    S: Edge<Refuse, Refused, Event = ProviderRefused>,
{
    /// The gateway certainly did not do it.
    pub fn refuse(
        self,
        Refuse(event): Refuse,
        now: Timestamp,
    ) -> Result<OperationTransition<Operation<Refused>>, Rejection> {
        Ok(self.step::<Refuse, Refused>(event, now))
    }
}

impl Operation<Intended> {
    /// The operation as its recorded intent makes it.
    pub const fn intended(event: &OperationIntended, at: Timestamp) -> Self {
        let core = OperationCore {
            id: event.operation,
            kind: event.kind,
            amounts: event.amounts,
            refund: event.refund,
            credentials: event.credentials,
            intended_at: at,
            updated_at: at,
        };
        Self {
            core,
            detail: Intended {},
        }
    }

    /// No answer came. From here only the gateway's own word leads to "refused".
    pub fn lose_answer(
        self,
        LoseAnswer: LoseAnswer,
        now: Timestamp,
    ) -> Result<OperationTransition<Operation<Unknown>>, Rejection> {
        let event = OperationUnanswered {
            operation: self.core.id,
        };
        Ok(self.step::<LoseAnswer, Unknown>(event, now))
    }
}

impl OperationCore {
    /// After this long without an answer a person has to look, and may say how the call ended.
    pub const NEEDS_PERSON_AFTER_MS: u64 = 3_600_000;

    /// Whether it has waited so long that a person may say how it ended.
    pub const fn needs_person(&self, now: Timestamp) -> bool {
        now.millis_since(self.intended_at) >= Self::NEEDS_PERSON_AFTER_MS
    }
}

impl AnyOperation {
    /// Whether the gateway's answer is outstanding.
    pub const fn in_flight(&self) -> bool {
        match self {
            Self::Intended(_) | Self::Unknown(_) => true,
            Self::Succeeded(_) | Self::Refused(_) => false,
        }
    }

    fn not_permitted(_: OperationState, _: OperationAction) -> Rejection {
        Rejection::OperationInFlight
    }

    fn noted(self, event: &OperationEvent, _: Timestamp) -> Result<Self, Impossible> {
        Err(Impossible {
            state: self.state().name(),
            event: event.name(),
        })
    }
}
