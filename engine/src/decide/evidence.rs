//! Evidence: what a gateway says happened, whichever way it says it, in any order, any number of times.
//!
//! Every state has one written answer to every fact ([`judge`]); `docs/evidence.md` is made from it. What leaves money
//! at the gateway takes it, sets it aside or records a disagreement that a person can resolve. A word that says less
//! than is known moves nothing.

mod applying;

pub(super) use applying::apply;

use crate::amounts::Amounts;
use crate::command::Fact;
use crate::event::{ProviderPaymentId, Source};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::operation::OperationKind;
use crate::payment::{AnyPayment, PaymentState, Stage};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// What a fact does to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is known already.
    Known,
    /// It says less than is known: it was true earlier.
    Overtaken,
    /// The funds are held; the order is reserved, or they are released if it cannot be.
    Hold {
        /// How much.
        held: Amounts,
        /// When the hold runs out.
        expires_at: Timestamp,
    },
    /// Funds are held for a payment that was given up: they are released.
    ReleaseHold,
    /// The buyer has an account to transfer to.
    AwaitDeposit {
        /// Until when.
        due_at: Timestamp,
    },
    /// The money is taken by the order, or set aside if the order cannot take it.
    Take(Told),
    /// Another amount than the payment's was taken: it is set aside.
    SetAside(Told),
    /// Set-aside money turns out to be the order's, which takes it.
    GiveToOrder(Told),
    /// Money came and went back before anybody told us.
    ComeAndGo(Told),
    /// All of the money went back.
    GoBack,
    /// The gateway has another amount of the money than our books say, or splits it otherwise: a person looks.
    Disagree {
        /// What it took in all, if it says so.
        taken: Option<Amounts>,
        /// What it has.
        holds: Amounts,
    },
    /// The gateway has again what our books say.
    Agree,
    /// The payment failed.
    Fail,
    /// The payment is given up, or its hold released.
    GiveUp,
}

/// What the gateway says of a payment's money, in its own split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What it took in all.
    pub taken: Amounts,
    /// What of it has not gone back.
    pub left: Amounts,
}

impl Effect {
    /// Whether anything moves.
    pub const fn moves(self) -> bool {
        !matches!(self, Self::Known | Self::Overtaken)
    }

    /// What it is called in the documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Overtaken => "overtaken",
            Self::Hold { .. } => "hold",
            Self::ReleaseHold => "release the hold",
            Self::AwaitDeposit { .. } => "await the deposit",
            Self::Take(_) => "take, or set aside",
            Self::SetAside(_) => "set aside",
            Self::GiveToOrder(_) => "give to the order",
            Self::ComeAndGo(_) => "taken and returned",
            Self::GoBack => "went back",
            Self::Disagree { .. } => "disagree",
            Self::Agree => "agree",
            Self::Fail => "fail",
            Self::GiveUp => "give up",
        }
    }
}

/// How a fact came.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// In which way.
    pub source: Source,
    /// The gateway's name for the payment that it is about, if it said one.
    pub name: Option<&'a ProviderPaymentId>,
    /// Whether it is about how the payment stands, or about the call that has no answer yet, and about no earlier one.
    pub about_call: bool,
}

/// What a fact says about a call without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// Nothing yet.
    Open,
    /// The gateway did it.
    Done,
    /// The gateway certainly did not do it.
    NotDone,
}

/// Whether a fact that came so is about this payment as it stands. That money is there is true whichever call it answers
/// and whatever name the gateway has for it. A window that is not the one the buyer approved in says nothing else. That
/// money is there which went back, or that what was taken failed, is believed only of a gateway that was asked, for what
/// comes by itself may be old.
pub fn counts(payment: &AnyPayment, fact: &Fact, way: Way<'_>) -> bool {
    let known = payment.core().provider_payment_id.as_ref();
    let another = way.name.is_some() && known.is_some() && way.name != known;
    let (asked, state) = (was_asked(way.source), payment.state());
    match fact {
        Fact::Taken { left, .. } => asked || left.is_zero() || !all_went_back(state),
        Fact::Failed { .. } => way.about_call && !another && (asked || !was_taken(state)),
        Fact::Authorized { .. }
        | Fact::Canceled
        | Fact::AwaitingDeposit { .. }
        | Fact::CallRefused { .. }
        | Fact::Undecided
        | Fact::Other => way.about_call && !another,
    }
}

/// Whether the gateway, or a person, was asked how the payment stands.
const fn was_asked(source: Source) -> bool {
    match source {
        Source::Inquiry | Source::Person => true,
        Source::Answer | Source::Notification => false,
    }
}

/// Whether the fact is what is known of the payment, no more and no less.
pub fn is_known(payment: &AnyPayment, fact: &Fact) -> bool {
    judge(payment, false, fact) == Effect::Known
}

/// What the fact does to the payment. `order_takes`: whether its order could take its money.
pub fn judge(payment: &AnyPayment, order_takes: bool, fact: &Fact) -> Effect {
    match fact {
        Fact::Authorized { held, expires_at } => judge_hold(payment.state(), *held, *expires_at),
        Fact::Taken { taken, left } => {
            let told = Told {
                taken: *taken,
                left: *left,
            };
            judge_taken(payment, order_takes, told)
        }
        Fact::AwaitingDeposit { due_at } => judge_account(payment, *due_at),
        Fact::Failed { .. } => judge_failure(payment),
        Fact::Canceled => judge_cancellation(payment),
        Fact::CallRefused { .. } | Fact::Other => Effect::Known,
        Fact::Undecided => {
            if money_is_known(payment.state()) {
                Effect::Overtaken
            } else {
                Effect::Known
            }
        }
    }
}

fn judge_hold(state: PaymentState, held: Amounts, expires_at: Timestamp) -> Effect {
    match state {
        PaymentState::Initiated | PaymentState::Prepared => Effect::Hold { held, expires_at },
        PaymentState::Authorized => Effect::Known,
        PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => {
            Effect::ReleaseHold
        }
        PaymentState::Voided
        | PaymentState::AwaitingDeposit
        | PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::Refunded => Effect::Overtaken,
    }
}

fn judge_taken(payment: &AnyPayment, order_takes: bool, told: Told) -> Effect {
    let fits = told.taken.total() == payment.core().amount();
    match payment.state() {
        PaymentState::Failed if planted::is(Bug::FailedForGood) => Effect::Overtaken,
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::AwaitingDeposit
        | PaymentState::Authorized
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided
            if planted::is(Bug::PartsAreDropped) && told.left != told.taken =>
        {
            Effect::Known
        }
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::AwaitingDeposit
        | PaymentState::Authorized
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided => match (told.left.is_zero(), fits) {
            (true, _) => Effect::ComeAndGo(told),
            (false, true) => Effect::Take(told),
            (false, false) => Effect::SetAside(told),
        },
        // What a person is sending back is not the order's any more.
        PaymentState::Mismatched
            if fits
                && told.left == told.taken
                && order_takes
                && !payment.core().operation_in_flight() =>
        {
            Effect::GiveToOrder(told)
        }
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::Refunded => judge_left(payment, told),
    }
}

/// What the gateway has left of money that was taken, against what is known.
fn judge_left(payment: &AnyPayment, Told { taken, left }: Told) -> Effect {
    let core = payment.core();
    let (ours, said) = (core.at_gateway, core.held_by_gateway());
    // What was to go back has, also where a person accepted before that nothing was there.
    let is_over = !ours.is_zero() || core.kind_in_flight() == Some(OperationKind::Cancel);
    if left.is_zero() && is_over && has_money(payment.state()) {
        return Effect::GoBack;
    }
    if left.agrees_with(&said) {
        return Effect::Known;
    }
    let less = left.currency() == said.currency() && left.total().minor() <= said.total().minor();
    // A deposit that was taken back can come again, a split can be put right, and what was too much can be less.
    if left.agrees_with(&ours) && (said.is_zero() || less) {
        return Effect::Agree;
    }
    let another = taken.total() != payment.taken().total();
    // Nothing is there, by the gateway's word or as a person said, and now something is: a deposit can come again in
    // whatever part, and what went back by a person's word may not have. What the gateway itself gave back never returns.
    let again = said.is_zero() && payment.is_back_by_a_persons_word();
    let more = (another || said.is_zero()) && has_money(payment.state());
    if less || again || more {
        Effect::Disagree {
            taken: Some(taken),
            holds: left,
        }
    } else {
        Effect::Overtaken
    }
}

/// Whether the gateway has more after this than it had by all that is known. Money that is on its way back looks so in an
/// answer that is old: that it is there is heard twice.
pub(super) fn brings_more(payment: &AnyPayment, effect: Effect) -> bool {
    let core = payment.core();
    let said = core.held_by_gateway().total().minor();
    match effect {
        Effect::Disagree { holds, .. } => holds.total().minor() > said,
        Effect::Agree => core.at_gateway.total().minor() > said,
        Effect::Known
        | Effect::Overtaken
        | Effect::Hold { .. }
        | Effect::ReleaseHold
        | Effect::AwaitDeposit { .. }
        | Effect::Take(_)
        | Effect::SetAside(_)
        | Effect::GiveToOrder(_)
        | Effect::ComeAndGo(_)
        | Effect::GoBack
        | Effect::Fail
        | Effect::GiveUp => false,
    }
}

fn judge_account(payment: &AnyPayment, due_at: Timestamp) -> Effect {
    match payment.state() {
        PaymentState::Initiated | PaymentState::Prepared => Effect::AwaitDeposit { due_at },
        PaymentState::AwaitingDeposit
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => Effect::Known,
        PaymentState::Authorized | PaymentState::Voided => Effect::Overtaken,
        // A deposit can be taken back after it was taken, and nothing is there then.
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::Refunded => judge_nothing_there(payment),
    }
}

fn judge_failure(payment: &AnyPayment) -> Effect {
    match payment.state() {
        // The hold that was to be released is none any more.
        PaymentState::Authorized
            if payment.core().kind_in_flight() == Some(OperationKind::Void) =>
        {
            Effect::GiveUp
        }
        PaymentState::Initiated | PaymentState::Prepared | PaymentState::AwaitingDeposit => {
            Effect::Fail
        }
        PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired
        | PaymentState::Voided => Effect::Known,
        PaymentState::Authorized => Effect::Overtaken,
        // A deposit was taken back, and its account's time is over.
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::Refunded => judge_nothing_there(payment),
    }
}

fn judge_cancellation(payment: &AnyPayment) -> Effect {
    match payment.state() {
        // A failure and a cancellation heard in either order end alike.
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::Authorized
        | PaymentState::AwaitingDeposit
        | PaymentState::Failed => Effect::GiveUp,
        PaymentState::Canceled | PaymentState::Expired | PaymentState::Voided => Effect::Known,
        // The money that we have taken is not there, says the gateway that was to give it back.
        PaymentState::Captured | PaymentState::Mismatched | PaymentState::Orphaned
            if payment.core().kind_in_flight() == Some(OperationKind::Cancel) =>
        {
            Effect::GoBack
        }
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned
        | PaymentState::Refunded => judge_nothing_there(payment),
    }
}

/// Nothing is there, says the gateway, of money that was taken: a deposit can be taken back, and its account closed then.
/// A gateway that is not asked how it stands may have said so before the money came.
fn judge_nothing_there(payment: &AnyPayment) -> Effect {
    let core = payment.core();
    let said = core.held_by_gateway();
    if said.is_zero() {
        Effect::Known
    } else if core.at_gateway.is_zero() {
        Effect::Agree
    } else if core.provider.capabilities().remote {
        Effect::Disagree {
            taken: None,
            holds: Amounts::zero(said.currency()),
        }
    } else {
        Effect::Overtaken
    }
}

/// Whether money was taken, wherever it is now.
const fn was_taken(state: PaymentState) -> bool {
    has_money(state) || all_went_back(state)
}

/// Whether all of the money went back by our books.
const fn all_went_back(state: PaymentState) -> bool {
    match state.stage() {
        Stage::Back => true,
        Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Taken
        | Stage::Aside => false,
    }
}

/// Whether the payment has money, by our books, that could still go back.
const fn has_money(state: PaymentState) -> bool {
    match state.stage() {
        Stage::Taken | Stage::Aside => true,
        Stage::Begun | Stage::Held | Stage::AwaitsDeposit | Stage::Over | Stage::Back => false,
    }
}

/// Whether a gateway is known to have had something of the money: an account for it, a hold on it, or itself.
const fn money_is_known(state: PaymentState) -> bool {
    match state.stage() {
        Stage::Held | Stage::AwaitsDeposit | Stage::Taken | Stage::Aside | Stage::Back => true,
        Stage::Begun | Stage::Over => false,
    }
}

/// What the fact says about a call of this kind that has no answer.
pub fn ends(call: OperationKind, fact: &Fact) -> CallEnd {
    match call {
        OperationKind::Confirm => match fact {
            Fact::Authorized { .. } | Fact::Taken { .. } | Fact::AwaitingDeposit { .. } => {
                CallEnd::Done
            }
            Fact::Failed { .. } | Fact::Canceled | Fact::CallRefused { .. } => CallEnd::NotDone,
            Fact::Undecided | Fact::Other => CallEnd::Open,
        },
        OperationKind::Capture => match fact {
            Fact::Taken { .. } => CallEnd::Done,
            Fact::Failed { .. } | Fact::Canceled | Fact::CallRefused { .. } => CallEnd::NotDone,
            Fact::Authorized { .. }
            | Fact::AwaitingDeposit { .. }
            | Fact::Undecided
            | Fact::Other => CallEnd::Open,
        },
        OperationKind::Void => match fact {
            Fact::Canceled | Fact::Failed { .. } => CallEnd::Done,
            // Somebody took what was to be released.
            Fact::Taken { .. } | Fact::CallRefused { .. } => CallEnd::NotDone,
            Fact::Authorized { .. }
            | Fact::AwaitingDeposit { .. }
            | Fact::Undecided
            | Fact::Other => CallEnd::Open,
        },
        OperationKind::Cancel => match fact {
            Fact::Taken { left, .. } if left.is_zero() => CallEnd::Done,
            Fact::Canceled => CallEnd::Done,
            Fact::CallRefused { .. } => CallEnd::NotDone,
            // That money is there says nothing about a call that is to send it back.
            Fact::Taken { .. }
            | Fact::Authorized { .. }
            | Fact::AwaitingDeposit { .. }
            | Fact::Failed { .. }
            | Fact::Undecided
            | Fact::Other => CallEnd::Open,
        },
    }
}

/// What a fact would do, to the payment and to its call without an answer.
pub(super) fn weigh(work: &Work, id: PaymentId, fact: &Fact) -> Result<(Effect, CallEnd), Refusal> {
    let payment = work.payment(id)?;
    let order_takes = super::claims::order_takes(work.order()?, id);
    let effect = judge(payment, order_takes, fact);
    Ok((effect, end_of_call(payment, effect, fact)))
}

/// What a fact with this effect says about the payment's call, if it has one without an answer. An account that was to
/// be closed is closed when its payment has failed.
fn end_of_call(payment: &AnyPayment, effect: Effect, fact: &Fact) -> CallEnd {
    let Some(call) = payment.core().kind_in_flight() else {
        return CallEnd::Open;
    };
    match (ends(call, fact), effect) {
        (CallEnd::Open, Effect::Fail) => CallEnd::Done,
        (end, _) => end,
    }
}

#[cfg(test)]
pub(super) mod tests;
