//! Payments: one attempt to pay one order, and the table of its states.
//!
//! Each verb has a file below. A verb checks and returns an event; the next state is made by [`EnteredBy`] alone.

mod authorize;
mod await_deposit;
mod cancel;
mod capture;
mod desk;
mod detail;
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
pub use self::detail::PaymentDetail;
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
use crate::id::{BuyerId, OrderId, PaymentId, RefundId, SessionId};
use crate::lifecycle;
use crate::lifecycle::{EnteredBy, Impossible};
use crate::money::Money;
use crate::operation::{AnyOperation, OperationKind};
use crate::order::{CancelReason, CaptureMode};
use crate::rejection::Rejection;
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// The data of every payment, in any state.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub struct PaymentCore {
    /// The payment's id.
    pub id: PaymentId,
    /// The order that it pays.
    pub order_id: OrderId,
    /// The order's buyer.
    pub buyer_id: BuyerId,
    /// The amount to pay: the order's total, by component.
    pub amounts: Amounts,
    /// The gateway.
    pub provider: Provider,
    /// When the money is captured.
    pub capture: CaptureMode,
    /// The gateway's name for it, as soon as any evidence told it.
    pub provider_payment_id: Option<ProviderPaymentId>,
    /// The latest money call, if there was one.
    pub operation: Option<AnyOperation>,
    /// Hashes of the notifications it received, oldest first, at most [`PaymentCore::MAX_NOTIFICATIONS`].
    pub notifications: Vec<[u8; 16]>,
    /// Whether the sealed data in its records is hidden.
    pub erased: bool,
    /// The buyer's checkout that it belongs to, if it was begun in one.
    pub session: Option<CheckoutSession>,
    /// How many exchanges with the gateway are recorded, at most [`PaymentCore::MAX_CALLS`].
    pub calls: u8,
    /// How often in a row the gateway refused to refund its money, or to close its deposit account.
    pub refusals: u8,
    /// Whether the gateway refused a refund, and was not asked again since.
    pub refund_refused: bool,
    /// The refund that was requested last.
    pub latest_refund: Option<RequestedRefund>,
    /// How many refunds it has had, at most [`PaymentCore::MAX_REFUNDS`] of them requested here.
    pub refunds: u8,
    /// The amount that the gateway has of its money, by our books.
    pub at_gateway: Amounts,
    /// The part of it that was refunded from the platform's own bank account.
    pub transferred: Amounts,
    /// The amount that the gateway says it has, if that differs from our books; a person has to look.
    pub disagreement: Option<Amounts>,
    /// Whether the gateway is to be asked about it, because an unsigned notification came.
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

/// The checkout that a payment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CheckoutSession {
    /// The checkout's id.
    pub id: SessionId,
    /// The end of the checkout.
    pub until: Timestamp,
}

/// A refund that was requested here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RequestedRefund {
    /// Its id; version 1 had none.
    pub id: Option<RefundId>,
    /// Its amount.
    pub amounts: Amounts,
    /// Whether it has no outcome yet.
    pub is_open: bool,
}

impl PaymentCore {
    /// Past this many in a row, an unsigned notification is no longer recorded before the gateway is asked: its
    /// sender is answered once the gateway has answered.
    pub const MAX_IDLE_INQUIRIES: u8 = 64;
    /// Past this many, a notification is recorded only if it moves the payment: a gateway that repeats itself without
    /// end must not fill the journal.
    pub const MAX_NOTIFICATIONS: usize = 64;
    /// The most refunds that can be requested of one payment.
    pub const MAX_REFUNDS: u8 = 100;
    /// Past this many, an exchange with the gateway is recorded only if it brings news.
    pub const MAX_CALLS: u8 = 64;
    /// From this many refusals in a row on, the gateway is asked again only after a rest: a client that repeats a
    /// refused refund without end must not fill the journal, and a merchant who has removed the cause must not wait
    /// long.
    pub const RESTS_AFTER: u8 = 10;
    /// The first rest; each further refusal doubles it.
    const FIRST_REST_MS: u64 = 60_000;
    /// The longest rest.
    const LONGEST_REST_MS: u64 = 3_600_000;

    /// How long the gateway is not yet to be asked again for a refund; `None` if it may be asked now.
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

    /// Whether this notification was recorded before.
    pub fn has_heard(&self, event_id: &str) -> bool {
        self.notifications
            .contains(&operate::notification_hash(self.provider, event_id))
    }

    /// Whether only notifications that move the payment are recorded from now on.
    pub const fn notifications_full(&self) -> bool {
        self.notifications.len() >= Self::MAX_NOTIFICATIONS
    }

    /// The amount to pay.
    pub fn amount(&self) -> Money {
        self.amounts.total()
    }

    /// Whether a money call is unanswered.
    pub fn operation_in_flight(&self) -> bool {
        self.call_in_flight().is_some()
    }

    /// The amount of the requested refund that has no outcome yet.
    pub fn refunding(&self) -> Option<Amounts> {
        let open = self.latest_refund.filter(|refund| refund.is_open);
        open.map(|refund| refund.amounts)
    }

    const fn close_refund(&mut self) {
        if let Some(refund) = &mut self.latest_refund {
            refund.is_open = false;
        }
    }

    /// The unanswered money call.
    pub fn call_in_flight(&self) -> Option<&AnyOperation> {
        self.operation.as_ref().filter(|call| call.in_flight())
    }

    /// The kind of the unanswered money call.
    pub fn kind_in_flight(&self) -> Option<OperationKind> {
        self.call_in_flight().map(|call| call.core().kind)
    }

    /// The amount that the gateway has of its money, by its own word if there is one.
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
    /// One attempt to pay one order.
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
            /// The amount held.
            authorized: Amounts,
            /// When the hold runs out.
            expires_at: Timestamp,
        } = "AUTHORIZED",
        /// The funds were captured. A part of them, or all, may have been refunded.
        Captured {
            /// The captured amount.
            captured: Amounts,
            /// The refunded part of it.
            refunded: Amounts,
            /// The source of its refunds, if there were some: a person, if only a person recorded one of them.
            refunded_by: Option<Source>,
        } = "CAPTURED",
        /// The gateway said that it failed. A late success can still follow.
        Failed {
            /// The gateway's code.
            code: FailureCode,
        } = "FAILED",
        /// Canceled before any money moved.
        Canceled {
            /// Why.
            reason: CancelReason,
        } = "CANCELED",
        /// It expired.
        Expired {} = "EXPIRED",
        /// The hold was released.
        Voided {
            /// Why.
            reason: CancelReason,
        } = "VOIDED",
        /// The gateway captured another amount or currency than the order's; a person or later evidence decides.
        Mismatched {
            /// The captured amount.
            received: Amounts,
        } = "MISMATCHED",
        /// The gateway captured money that the order could not take; a person decides.
        Orphaned {
            /// The captured amount.
            received: Amounts,
        } = "ORPHANED",
        /// The money was refunded to the buyer.
        Returned {
            /// The refunded amount.
            returned: Amounts,
            /// The source of the fact.
            told_by: Source,
        } = "RETURNED",
        /// The buyer has an account to transfer the money to, until `due_at`.
        AwaitingDeposit {
            /// The time by which the buyer has to transfer.
            due_at: Timestamp,
        } = "AWAITING_DEPOSIT",
    }
    actions {
        /// Registers the payment with the gateway.
        Prepare = "prepare",
        /// Records that the funds are held.
        Authorize = "authorize",
        /// Records that the funds are captured.
        Capture = "capture",
        /// Records a certain failure.
        Fail = "fail",
        /// Cancels it before any money moved.
        Cancel = "cancel",
        /// Lets it expire.
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
        /// Gives captured money back, all of it or a part.
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
        Captured --refund(Refund)--> Captured[PaymentRefunded];
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
            latest_refund: None,
            refunds: 0,
            at_gateway: Amounts::zero(event.amounts.currency()),
            transferred: Amounts::zero(event.amounts.currency()),
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
            Self::Captured => "CAPTURED",
            Self::Failed | Self::Mismatched | Self::Orphaned => "FAILED",
            Self::Canceled | Self::Voided | Self::Expired | Self::Returned => "CANCELED",
        }
    }

    /// Whether the buyer or the merchant can still move it forward.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Initiated | Self::Prepared | Self::Authorized | Self::AwaitingDeposit => true,
            Self::Captured
            | Self::Failed
            | Self::Canceled
            | Self::Expired
            | Self::Voided
            | Self::Mismatched
            | Self::Orphaned
            | Self::Returned => false,
        }
    }

    /// Whether it has money that belongs to no order and waits for a decision.
    pub const fn needs_decision(self) -> bool {
        match self {
            Self::Mismatched | Self::Orphaned => true,
            Self::Initiated
            | Self::Prepared
            | Self::Authorized
            | Self::AwaitingDeposit
            | Self::Captured
            | Self::Failed
            | Self::Canceled
            | Self::Expired
            | Self::Voided
            | Self::Returned => false,
        }
    }
}

/// The stage of a payment: where its money is. Rules that need no more than this use it instead of the state.
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
    /// The money was captured for its order, which has at least a part of it.
    Taken,
    /// Captured money belongs to no order.
    Aside,
    /// All of the money was refunded.
    Back,
}

impl Captured {
    /// The part that was not refunded.
    pub fn left(&self) -> Amounts {
        self.captured.less(&self.refunded)
    }

    /// Whether all of it was refunded. A payment that cost nothing is refunded once that was recorded.
    pub fn is_all_back(&self) -> bool {
        self.refunded_by.is_some() && self.left().is_zero()
    }
}

impl AnyPayment {
    /// The stage of its money.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Initiated(_) | Self::Prepared(_) => Stage::Begun,
            Self::Authorized(_) => Stage::Held,
            Self::AwaitingDeposit(_) => Stage::AwaitsDeposit,
            Self::Failed(_) | Self::Canceled(_) | Self::Expired(_) | Self::Voided(_) => Stage::Over,
            Self::Captured(taken) if taken.detail().is_all_back() => Stage::Back,
            Self::Captured(_) => Stage::Taken,
            Self::Mismatched(_) | Self::Orphaned(_) => Stage::Aside,
            Self::Returned(_) => Stage::Back,
        }
    }

    /// The captured money that was not refunded yet: the most that can be refunded.
    pub fn refundable(&self) -> Amounts {
        let Self::Captured(taken) = self else {
            return Amounts::zero(self.core().amounts.currency());
        };
        taken.detail().left()
    }

    /// Whether the gateway's amount of its money is that of our books. Once a part was refunded, the gateway may round
    /// the VAT of the rest to the other side.
    pub fn agrees(&self, left: &Amounts) -> bool {
        self.rounds_like(left, &self.core().at_gateway)
    }

    /// Whether two amounts of its money are the same, as far as the gateway's split tells.
    pub fn rounds_like(&self, one: &Amounts, other: &Amounts) -> bool {
        let in_part = self.detail() == PaymentDetail::PartiallyRefunded;
        one.agrees_with(other) || (in_part && one.agrees_but_for_rounding(other))
    }

    /// The total captured amount by our books, wherever it is now.
    pub fn taken(&self) -> Amounts {
        match self {
            Self::Captured(taken) => taken.detail().captured,
            Self::Mismatched(aside) => aside.detail().received,
            Self::Orphaned(aside) => aside.detail().received,
            Self::Returned(back) => back.detail().returned,
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

    /// Whether only a person recorded a refund of it, which may not have happened.
    pub fn is_back_by_a_persons_word(&self) -> bool {
        match self {
            Self::Returned(back) => back.detail().told_by == Source::Person,
            Self::Captured(taken) => taken.detail().refunded_by == Some(Source::Person),
            Self::Initiated(_)
            | Self::Prepared(_)
            | Self::Authorized(_)
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
        let state = state.into();
        Rejection::PaymentNotPermitted { state, action }
    }
}

/// The only way into each state, for new events and for replayed ones; also updates the gateway's amount in the
/// books.
mod entered {
    use super::{
        Amounts, Authorized, AwaitingDeposit, Canceled, Captured, DepositAwaited, EnteredBy,
        Expired, Failed, Mismatched, Orphaned, PaymentAuthorized, PaymentCanceled, PaymentCaptured,
        PaymentCore, PaymentExpired, PaymentFailed, PaymentMismatched, PaymentOrphaned,
        PaymentPrepared, PaymentRefunded, PaymentVoided, Prepared, RefundWay, Returned, Source,
        SuspendedMoneyReturned, SuspendedMoneyTaken, Voided,
    };

    macro_rules! entered {
        ($($event:ident => $state:ident $fields:expr;)+) => {$(
            impl<S> EnteredBy<S, $event, PaymentCore> for $state {
                fn entered(_: S, event: &$event, core: &mut PaymentCore) -> Self {
                    let make: fn(&$event, &mut PaymentCore) -> Self = $fields;
                    make(event, core)
                }
            }
        )+};
    }

    entered! {
        PaymentPrepared => Prepared |_, _| Prepared {};
        PaymentAuthorized => Authorized |e, _| Authorized { authorized: e.authorized, expires_at: e.expires_at };
        PaymentCaptured => Captured |e, core| captured(core, e.captured);
        SuspendedMoneyTaken => Captured |e, core| captured(core, e.captured);
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
        SuspendedMoneyReturned => Returned |e, core| {
            went_back(core, e.way, &e.at_gateway, &e.suspended);
            Returned { returned: e.suspended, told_by: e.source }
        };
    }

    impl EnteredBy<Self, PaymentRefunded, PaymentCore> for Captured {
        fn entered(before: Self, event: &PaymentRefunded, core: &mut PaymentCore) -> Self {
            went_back(core, event.way, &event.at_gateway, &event.refunded);
            core.refunds = core.refunds.saturating_add(1);
            core.refund_refused = false;
            if event.requested {
                core.close_refund();
            }
            Self {
                captured: before.captured,
                refunded: before.refunded.plus(&event.refunded),
                refunded_by: match before.refunded_by {
                    Some(Source::Person) => Some(Source::Person),
                    Some(Source::Answer | Source::Notification | Source::Inquiry) | None => {
                        Some(event.source)
                    }
                },
            }
        }
    }

    fn captured(core: &mut PaymentCore, captured: Amounts) -> Captured {
        came(core, captured);
        Captured {
            captured,
            refunded: Amounts::zero(captured.currency()),
            refunded_by: None,
        }
    }

    fn came(core: &mut PaymentCore, amounts: Amounts) {
        core.at_gateway = amounts;
        core.disagreement = None;
        core.refund_refused = false;
        core.idle_inquiries = 0;
    }

    /// Money refunded from the platform's own account is still at the gateway.
    fn went_back(
        core: &mut PaymentCore,
        way: RefundWay,
        from_gateway: &Amounts,
        refunded: &Amounts,
    ) {
        match way {
            RefundWay::Gateway => came(core, core.at_gateway.less(from_gateway)),
            RefundWay::BankTransfer => core.transferred = core.transferred.plus(refunded),
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
