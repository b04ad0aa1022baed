//! Payments: one attempt to pay for one order, and the table of what may become of it.
//!
//! One verb a file below. A verb checks and yields an event; the next state is made by [`EnteredBy`] alone.

mod authorize;
mod await_deposit;
mod cancel;
mod capture;
mod desk;
mod expire;
mod fail;
mod late;
mod mismatch;
mod operate;
mod prepare;
mod refund;
mod resolve;
mod void;

use bincode::{Decode, Encode};

pub use self::authorize::Authorize;
pub use self::await_deposit::AwaitDeposit;
pub use self::cancel::Cancel;
pub use self::capture::Capture;
pub use self::desk::DeskReason;
pub use self::expire::Expire;
pub use self::fail::Fail;
pub use self::late::{Orphan, SucceedLate};
pub use self::mismatch::Mismatch;
pub use self::prepare::Prepare;
pub use self::refund::Refund;
pub use self::resolve::{ReturnSuspended, TakeSuspended};
pub use self::void::Void;
use crate::amounts::Amounts;
use crate::event::{
    DepositAwaited, FailureCode, PaidWith, PaymentAuthorized, PaymentCanceled, PaymentCaptured,
    PaymentEvent, PaymentExpired, PaymentFailed, PaymentInitiated, PaymentMismatched,
    PaymentOrphaned, PaymentPrepared, PaymentRefunded, PaymentVoided, Provider, ProviderPaymentId,
    RefundWay, Source, SuspendedMoneyReturned, SuspendedMoneyTaken,
};
use crate::id::{BuyerId, OrderId, PaymentId, SessionId};
use crate::lifecycle;
use crate::lifecycle::{EnteredBy, Impossible};
use crate::money::Money;
use crate::operation::{AnyOperation, OperationKind};
use crate::order::{CancelReason, CaptureMode};
use crate::rejection::Rejection;
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// What every payment has, whatever its state.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub struct PaymentCore {
    /// Which payment.
    pub id: PaymentId,
    /// The order it is for.
    pub order_id: OrderId,
    /// Whose order it is.
    pub buyer_id: BuyerId,
    /// What is to be paid: the order's total, by component.
    pub amounts: Amounts,
    /// Through whom.
    pub provider: Provider,
    /// When the money is to be taken.
    pub capture: CaptureMode,
    /// The gateway's own name for it, as soon as any evidence has told us.
    pub provider_payment_id: Option<ProviderPaymentId>,
    /// The latest money call, if there was one.
    pub operation: Option<AnyOperation>,
    /// Hashes of the notifications it has had, oldest first, at most [`PaymentCore::MAX_NOTIFICATIONS`].
    pub notifications: Vec<[u8; 16]>,
    /// Whether what is sealed in its records is hidden.
    pub erased: bool,
    /// The buyer's checkout that it belongs to, if it was begun in one.
    pub session: Option<CheckoutSession>,
    /// How many exchanges with the gateway are recorded, at most [`PaymentCore::MAX_CALLS`].
    pub calls: u8,
    /// How often in a row the gateway refused to give its money back, or to close its account for a transfer.
    pub refusals: u8,
    /// Whether the gateway refused to give its money back, and was not asked again since.
    pub refund_refused: bool,
    /// What the gateway has of its money, by our books.
    pub at_gateway: Amounts,
    /// What the gateway says that it has, where that is not what our books say; a person has to look.
    pub disagreement: Option<Amounts>,
    /// Whether the gateway is to be asked how it stands, because somebody said that there is news.
    pub inquiry_wanted: bool,
    /// How many such inquiries in a row told nothing new, at most [`PaymentCore::MAX_IDLE_INQUIRIES`].
    pub idle_inquiries: u8,
    /// What the buyer paid with, as far as the gateway told.
    pub paid_with: Option<PaidWith>,
    /// Which wallet it was, where it was one: the API's word, or the gateway's where there is none.
    pub easy_pay: Option<Box<str>>,
    /// Where the gateway shows its own slip, sealed, once it has said so.
    pub slip: Option<Sealed>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How many events it has had.
    pub version: u64,
}

/// The buyer's checkout that a payment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CheckoutSession {
    /// Which.
    pub id: SessionId,
    /// Until when it can be used.
    pub until: Timestamp,
}

impl PaymentCore {
    /// Past this many in a row, a notification that proves nothing is no longer noted before it is followed: whoever
    /// sends it is answered when the gateway has been asked.
    pub const MAX_IDLE_INQUIRIES: u8 = 64;
    /// Past this many, a notification is recorded only if it moves the payment: a gateway that never
    /// stops repeating itself must not fill the journal.
    pub const MAX_NOTIFICATIONS: usize = 64;
    /// Past this many, an exchange with the gateway is recorded only if it tells something new.
    pub const MAX_CALLS: u8 = 64;
    /// From this many refusals in a row on, the gateway is asked again only after a rest: whoever repeats a refused
    /// return without end must not fill the journal, and whoever has removed the cause does not wait long.
    pub const RESTS_AFTER: u8 = 10;
    /// The first rest; each refusal after that doubles it.
    const FIRST_REST_MS: u64 = 60_000;
    /// The longest rest.
    const LONGEST_REST_MS: u64 = 3_600_000;

    /// How long the gateway is still left alone before it is asked again to give the money back, if it is.
    pub fn rests_for_ms(&self, now: Timestamp) -> Option<u64> {
        let Some(AnyOperation::Refused(call)) = &self.operation else {
            return None;
        };
        let doubled = u32::from(self.refusals.checked_sub(Self::RESTS_AFTER)?);
        let factor = 1_u64.checked_shl(doubled).unwrap_or(u64::MAX);
        let rest = Self::FIRST_REST_MS.saturating_mul(factor);
        let until = call
            .core()
            .updated_at
            .plus_millis(rest.min(Self::LONGEST_REST_MS));
        (now < until).then(|| until.millis_since(now))
    }

    /// Whether this notification has been taken in before.
    pub fn has_heard(&self, event_id: &str) -> bool {
        self.notifications
            .contains(&operate::notification_hash(self.provider, event_id))
    }

    /// Whether only notifications that move the payment are recorded from now on.
    pub const fn notifications_full(&self) -> bool {
        self.notifications.len() >= Self::MAX_NOTIFICATIONS
    }

    /// What is to be paid.
    pub fn amount(&self) -> Money {
        self.amounts.total()
    }

    /// Whether a money call has no answer yet.
    pub fn operation_in_flight(&self) -> bool {
        self.call_in_flight().is_some()
    }

    /// The money call that has no answer yet.
    pub fn call_in_flight(&self) -> Option<&AnyOperation> {
        self.operation.as_ref().filter(|call| call.in_flight())
    }

    /// What its money call that has no answer yet is to do.
    pub fn kind_in_flight(&self) -> Option<OperationKind> {
        self.call_in_flight().map(|call| call.core().kind)
    }

    /// What the gateway has of its money, by its own word where there is one.
    pub fn held_by_gateway(&self) -> Amounts {
        self.disagreement.unwrap_or(self.at_gateway)
    }
}

impl lifecycle::Core for PaymentCore {
    fn stepped(&mut self, at: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = at;
    }
}

lifecycle! {
    /// One attempt to pay for one order.
    machine Payment {
        core: PaymentCore, any: AnyPayment, state: PaymentState, action: PaymentAction,
        command: PaymentCommand, event: PaymentEvent, transition: PaymentTransition,
    }
    states {
        /// Begun; the gateway may not know of it yet.
        Initiated {} = "INITIATED",
        /// The gateway knows the payment and its amount; the buyer can pay.
        Prepared {} = "PREPARED",
        /// The gateway holds the funds for us until `expires_at`.
        Authorized {
            /// What is held.
            authorized: Amounts,
            /// When the hold runs out.
            expires_at: Timestamp,
        } = "AUTHORIZED",
        /// The funds are ours to settle.
        Captured {
            /// What was taken.
            captured: Amounts,
        } = "CAPTURED",
        /// The gateway said that it failed. A late success can still follow.
        Failed {
            /// The gateway's code.
            code: FailureCode,
        } = "FAILED",
        /// Given up before any money moved.
        Canceled {
            /// Why.
            reason: CancelReason,
        } = "CANCELED",
        /// Its time ran out.
        Expired {} = "EXPIRED",
        /// The hold was released.
        Voided {
            /// Why.
            reason: CancelReason,
        } = "VOIDED",
        /// The gateway took another amount or currency than the order's; a person or better evidence decides.
        Mismatched {
            /// What it took.
            received: Amounts,
        } = "MISMATCHED",
        /// The gateway took money that the order could not take; a person decides.
        Orphaned {
            /// What it took.
            received: Amounts,
        } = "ORPHANED",
        /// The money went back to the buyer.
        Returned {
            /// What went back.
            returned: Amounts,
            /// Who said so.
            told_by: Source,
        } = "RETURNED",
        /// The buyer has an account to transfer the money to, until `due_at`.
        AwaitingDeposit {
            /// Until when.
            due_at: Timestamp,
        } = "AWAITING_DEPOSIT",
        /// All that was taken went back.
        Refunded {
            /// What went back.
            refunded: Amounts,
            /// Who said so.
            told_by: Source,
        } = "REFUNDED",
    }
    actions {
        /// Registers the payment with the gateway.
        Prepare = "prepare",
        /// Holds the funds.
        Authorize = "authorize",
        /// Takes the funds.
        Capture = "capture",
        /// Records a certain failure.
        Fail = "fail",
        /// Gives up before any money moved.
        Cancel = "cancel",
        /// Lets it run out.
        Expire = "expire",
        /// Releases the hold.
        Void = "void",
        /// Sets aside an amount that is not the order's.
        Mismatch = "mismatch",
        /// Sets aside money that the order cannot take.
        Orphan = "orphan",
        /// Records a success after a failure.
        SucceedLate = "succeed_late",
        /// Gives set-aside money to the order.
        TakeSuspended = "take_suspended",
        /// Gives set-aside money back.
        ReturnSuspended = "return_suspended",
        /// Waits for a transfer.
        AwaitDeposit = "await_deposit",
        /// Gives all of the taken money back.
        Refund = "refund",
    }
    transitions {
        Initiated --prepare(Prepare)--> Prepared[PaymentPrepared];
        Initiated | Prepared --authorize(Authorize)--> Authorized[PaymentAuthorized];
        Initiated | Prepared --await_deposit(AwaitDeposit)--> AwaitingDeposit[DepositAwaited];
        Initiated | Prepared | Authorized | AwaitingDeposit --capture(Capture)--> Captured[PaymentCaptured];
        Initiated | Prepared | AwaitingDeposit --fail(Fail)--> Failed[PaymentFailed];
        Initiated | Prepared | AwaitingDeposit | Failed --cancel(Cancel)--> Canceled[PaymentCanceled];
        Initiated | Prepared | Authorized | AwaitingDeposit --expire(Expire)--> Expired[PaymentExpired];
        Authorized --void(Void)--> Voided[PaymentVoided];
        Initiated | Prepared | Authorized | AwaitingDeposit | Failed | Canceled | Expired | Voided
            --mismatch(Mismatch)--> Mismatched[PaymentMismatched];
        Initiated | Prepared | Authorized | AwaitingDeposit --orphan(Orphan)--> Orphaned[PaymentOrphaned];
        Failed | Canceled | Expired | Voided
            --succeed_late(SucceedLate)--> Captured[PaymentCaptured] | Orphaned[PaymentOrphaned];
        Mismatched | Orphaned --take_suspended(TakeSuspended)--> Captured[SuspendedMoneyTaken];
        Mismatched | Orphaned --return_suspended(ReturnSuspended)--> Returned[SuspendedMoneyReturned];
        Captured --refund(Refund)--> Refunded[PaymentRefunded];
    }
}

impl Payment<Initiated> {
    /// The payment as its recorded beginning makes it.
    pub fn initiated(id: PaymentId, event: &PaymentInitiated, at: Timestamp) -> Self {
        let core = PaymentCore {
            id,
            order_id: event.order_id.clone(),
            buyer_id: event.buyer_id.clone(),
            amounts: event.amounts,
            provider: event.provider,
            capture: event.capture,
            provider_payment_id: None,
            operation: None,
            notifications: Vec::new(),
            erased: false,
            session: None,
            calls: 0,
            refusals: 0,
            refund_refused: false,
            at_gateway: Amounts::zero(event.amounts.currency()),
            disagreement: None,
            inquiry_wanted: false,
            idle_inquiries: 0,
            paid_with: None,
            easy_pay: None,
            slip: None,
            created_at: at,
            updated_at: at,
            version: 1,
        };
        Self {
            core,
            detail: Initiated {},
        }
    }
}

impl PaymentState {
    /// The coarse status that front ends switch on; `name` is the exact one.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Initiated | Self::Prepared | Self::AwaitingDeposit => "INITIATED",
            Self::Authorized => "AUTHORIZED",
            Self::Captured | Self::Refunded => "CAPTURED",
            Self::Failed | Self::Mismatched | Self::Orphaned => "FAILED",
            Self::Canceled | Self::Voided | Self::Expired | Self::Returned => "CANCELED",
        }
    }

    /// Where its money is.
    pub const fn stage(self) -> Stage {
        match self {
            Self::Initiated | Self::Prepared => Stage::Begun,
            Self::Authorized => Stage::Held,
            Self::AwaitingDeposit => Stage::AwaitsDeposit,
            Self::Failed | Self::Canceled | Self::Expired | Self::Voided => Stage::Over,
            Self::Captured => Stage::Taken,
            Self::Mismatched | Self::Orphaned => Stage::Aside,
            Self::Returned | Self::Refunded => Stage::Back,
        }
    }

    /// Whether the buyer or the merchant can still move it forward.
    pub const fn is_open(self) -> bool {
        match self.stage() {
            Stage::Begun | Stage::Held | Stage::AwaitsDeposit => true,
            Stage::Over | Stage::Taken | Stage::Aside | Stage::Back => false,
        }
    }

    /// Whether it holds money that belongs to no order and waits for a decision.
    pub const fn needs_decision(self) -> bool {
        match self.stage() {
            Stage::Aside => true,
            Stage::Begun
            | Stage::Held
            | Stage::AwaitsDeposit
            | Stage::Over
            | Stage::Taken
            | Stage::Back => false,
        }
    }
}

/// How far a payment has come: where its money is. Rules that ask no more than this ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No gateway has anything of it, as far as we know.
    Begun,
    /// A gateway holds the funds.
    Held,
    /// A gateway waits for the buyer to transfer.
    AwaitsDeposit,
    /// It ended without money.
    Over,
    /// The money was taken for its order.
    Taken,
    /// Money was taken and belongs to no order.
    Aside,
    /// All of the money went back.
    Back,
}

impl AnyPayment {
    /// What was taken of it in all, by our books, wherever it is now.
    pub fn taken(&self) -> Amounts {
        match self {
            Self::Captured(taken) => taken.detail().captured,
            Self::Mismatched(aside) => aside.detail().received,
            Self::Orphaned(aside) => aside.detail().received,
            Self::Returned(back) => back.detail().returned,
            Self::Refunded(back) => back.detail().refunded,
            Self::Initiated(_)
            | Self::Prepared(_)
            | Self::Authorized(_)
            | Self::Failed(_)
            | Self::Canceled(_)
            | Self::Expired(_)
            | Self::Voided(_)
            | Self::AwaitingDeposit(_) => Amounts::zero(self.core().amounts.currency()),
        }
    }

    /// Whether its money went back by a person's word alone, who can have been wrong.
    pub fn is_back_by_a_persons_word(&self) -> bool {
        match self {
            Self::Returned(back) => back.detail().told_by == Source::Person,
            Self::Refunded(back) => back.detail().told_by == Source::Person,
            Self::Initiated(_)
            | Self::Prepared(_)
            | Self::Authorized(_)
            | Self::Captured(_)
            | Self::Failed(_)
            | Self::Canceled(_)
            | Self::Expired(_)
            | Self::Voided(_)
            | Self::Mismatched(_)
            | Self::Orphaned(_)
            | Self::AwaitingDeposit(_) => false,
        }
    }

    fn not_permitted(state: PaymentState, action: PaymentAction) -> Rejection {
        Rejection::PaymentNotPermitted { state, action }
    }
}

/// The one way into each state, for new events and for replayed ones; with what the books say of the gateway's part.
mod entered {
    use super::{
        Amounts, Authorized, AwaitingDeposit, Canceled, Captured, DepositAwaited, EnteredBy,
        Expired, Failed, Mismatched, Orphaned, PaymentAuthorized, PaymentCanceled, PaymentCaptured,
        PaymentCore, PaymentExpired, PaymentFailed, PaymentMismatched, PaymentOrphaned,
        PaymentPrepared, PaymentRefunded, PaymentVoided, Prepared, RefundWay, Refunded, Returned,
        SuspendedMoneyReturned, SuspendedMoneyTaken, Voided,
    };

    macro_rules! entered {
        ($($event:ident => $state:ident $fields:expr;)+) => {$(
            impl EnteredBy<$event, PaymentCore> for $state {
                fn entered(event: &$event, core: &mut PaymentCore) -> Self {
                    let make: fn(&$event, &mut PaymentCore) -> Self = $fields;
                    make(event, core)
                }
            }
        )+};
    }

    entered! {
        PaymentPrepared => Prepared |_, _| Prepared {};
        PaymentAuthorized => Authorized |e, _| Authorized { authorized: e.authorized, expires_at: e.expires_at };
        PaymentCaptured => Captured |e, core| {
            came(core, e.captured);
            Captured { captured: e.captured }
        };
        SuspendedMoneyTaken => Captured |e, core| {
            came(core, e.captured);
            Captured { captured: e.captured }
        };
        PaymentFailed => Failed |e, _| Failed { code: e.code.clone() };
        PaymentCanceled => Canceled |e, _| Canceled { reason: e.reason };
        PaymentExpired => Expired |_, _| Expired {};
        PaymentVoided => Voided |e, _| Voided { reason: e.reason };
        PaymentMismatched => Mismatched |e, core| {
            came(core, e.received);
            Mismatched { received: e.received }
        };
        PaymentOrphaned => Orphaned |e, core| {
            came(core, e.received);
            Orphaned { received: e.received }
        };
        DepositAwaited => AwaitingDeposit |e, _| AwaitingDeposit { due_at: e.due_at };
        PaymentRefunded => Refunded |e, core| {
            went_back(core, e.way);
            Refunded { refunded: e.refunded, told_by: e.source }
        };
        SuspendedMoneyReturned => Returned |e, core| {
            went_back(core, e.way);
            Returned { returned: e.suspended, told_by: e.source }
        };
    }

    fn came(core: &mut PaymentCore, amounts: Amounts) {
        core.at_gateway = amounts;
        core.disagreement = None;
        core.refund_refused = false;
        core.idle_inquiries = 0;
    }

    /// What a person gave back from the platform's own account, the gateway still has.
    fn went_back(core: &mut PaymentCore, way: RefundWay) {
        match way {
            RefundWay::Gateway => came(core, Amounts::zero(core.amounts.currency())),
            RefundWay::BankTransfer => {}
        }
    }
}

impl AnyPayment {
    fn noted(mut self, event: &PaymentEvent, at: Timestamp) -> Result<Self, Impossible> {
        operate::note(self.state(), self.core_mut(), event, at)?;
        lifecycle::Core::stepped(self.core_mut(), at);
        Ok(self)
    }
}
