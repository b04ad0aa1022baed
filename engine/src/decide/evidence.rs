//! Evidence: the facts that a gateway tells, over any channel, in any order, any number of times.
//!
//! Every state has one written answer to every fact ([`judge`]); `docs/evidence.md` is generated from it. A fact that
//! leaves money at the gateway captures it, sets it aside or records a disagreement that a person can resolve. A fact
//! that says less than is known changes nothing.

mod applying;

pub(super) use applying::apply;

use crate::amounts::Amounts;
use crate::command::Fact;
use crate::event::{ProviderPaymentId, Source};
use crate::group::{Refusal, Work};
use crate::id::{OperationId, PaymentId};
use crate::operation::{OperationCore, OperationKind};
use crate::payment::{AnyPayment, PaymentState, Stage};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// The effect of a fact on a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The fact is known already.
    Known,
    /// The fact is out of date: it was true earlier.
    Overtaken,
    /// The funds are held. The order is reserved, or they are released if it cannot be.
    Hold {
        /// The amount held.
        held: Amounts,
        /// When the hold runs out.
        expires_at: Timestamp,
    },
    /// Funds are held for a payment that was given up: they are released.
    ReleaseHold,
    /// The buyer has an account to transfer to.
    AwaitDeposit {
        /// The time by which the buyer has to transfer.
        due_at: Timestamp,
    },
    /// The money is taken by the order, or set aside if the order cannot take it.
    Take(Told),
    /// Another amount than the payment's was taken: it is set aside.
    SetAside(Told),
    /// Set-aside money turns out to be the order's, which takes it.
    GiveToOrder(Told),
    /// The money was captured and refunded before any message reached us.
    ComeAndGo(Told),
    /// Money went back, all of it or a part.
    GoBack(Told),
    /// The gateway has another amount than our books, or splits it otherwise: a person looks.
    Disagree {
        /// The amount captured in total, if the gateway says so.
        taken: Option<Amounts>,
        /// The amount it still has.
        holds: Amounts,
    },
    /// The gateway agrees with our books again.
    Agree,
    /// The payment failed.
    Fail,
    /// The payment is given up, or its hold released.
    GiveUp,
}

/// A gateway's amounts for a payment, in its own split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The amount captured in total.
    pub taken: Amounts,
    /// The part of it that was not refunded.
    pub left: Amounts,
}

impl Effect {
    /// Whether the effect changes anything.
    pub const fn moves(self) -> bool {
        !matches!(self, Self::Known | Self::Overtaken)
    }

    /// The effect's name in the documents.
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
            Self::GoBack(_) => "went back",
            Self::Disagree { .. } => "disagree",
            Self::Agree => "agree",
            Self::Fail => "fail",
            Self::GiveUp => "give up",
        }
    }
}

/// The channel and subject of a fact.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// The channel.
    pub source: Source,
    /// The gateway's name for the payment, if the fact gave one.
    pub name: Option<&'a ProviderPaymentId>,
    /// Whether the fact is about the payment's present state or about the unanswered call, not about an earlier call.
    pub about_call: bool,
}

/// The outcome of an unanswered call according to a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// Still unknown.
    Open,
    /// The gateway did it.
    Done,
    /// The gateway certainly did not do it.
    NotDone,
}

/// Whether a fact that came this way is about the payment's present state.
///
/// Captured money counts whichever call the fact answers and whatever name the gateway gives the payment. Other facts
/// do not count if they are about another window than the one the buyer approved in. That refunded money is there
/// again, or that a captured payment failed, is believed only of an answer to an inquiry: other messages may be old.
pub fn counts(payment: &AnyPayment, fact: &Fact, way: Way<'_>) -> bool {
    let known = payment.core().provider_payment_id.as_ref();
    let another = way.name.is_some() && known.is_some() && way.name != known;
    let asked = was_asked(way.source);
    match fact {
        Fact::Taken { left, .. } => {
            let more = left.total().minor() > payment.core().held_by_gateway().total().minor();
            let by_person = payment.is_back_by_a_persons_word();
            asked || left.is_zero() || !(all_went_back(payment) || (by_person && more))
        }
        Fact::Failed { .. } => way.about_call && !another && (asked || !was_taken(payment)),
        Fact::Authorized { .. }
        | Fact::Canceled
        | Fact::AwaitingDeposit { .. }
        | Fact::CallRefused { .. }
        | Fact::Undecided
        | Fact::Other => way.about_call && !another,
    }
}

/// Whether the fact answers an inquiry, or a person looked it up.
const fn was_asked(source: Source) -> bool {
    match source {
        Source::Inquiry | Source::Person => true,
        Source::Answer | Source::Notification => false,
    }
}

/// Whether the fact says exactly what is known of the payment.
pub fn is_known(payment: &AnyPayment, fact: &Fact) -> bool {
    judge(payment, false, fact) == Effect::Known
}

/// The fact's effect on the payment. `order_takes`: whether its order could take its money.
pub fn judge(payment: &AnyPayment, order_takes: bool, fact: &Fact) -> Effect {
    match fact {
        Fact::Authorized { held, expires_at } => judge_hold(payment.state(), *held, *expires_at),
        Fact::Taken { taken, left, .. } => {
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
            if money_is_known(payment) {
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
        | PaymentState::Returned => Effect::Overtaken,
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
        // Money that a person is refunding does not belong to the order any more.
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
        | PaymentState::Returned => judge_left(payment, told),
    }
}

/// Compares the amount that the gateway still has with our books.
fn judge_left(payment: &AnyPayment, Told { taken, left }: Told) -> Effect {
    let core = payment.core();
    let (ours, said) = (core.at_gateway, core.held_by_gateway());
    // The refund in flight is done, also where a person accepted before that the gateway had nothing.
    let is_over = !ours.is_zero() || core.kind_in_flight() == Some(OperationKind::Cancel);
    if left.is_zero() && is_over && has_money(payment) {
        return Effect::GoBack(Told { taken, left });
    }
    if is_refunded_in_part(payment, Told { taken, left }) {
        return Effect::GoBack(Told { taken, left });
    }
    if payment.rounds_like(&left, &said) {
        return Effect::Known;
    }
    let less = left.currency() == said.currency() && left.total().minor() <= said.total().minor();
    // A returned deposit can be made again, a split can be corrected, and an excess can be refunded.
    if payment.rounds_like(&left, &ours) && (said.is_zero() || less) {
        return Effect::Agree;
    }
    let another = taken.total() != payment.taken().total();
    // The gateway has money again after it had none. That is possible for a deposit, in any part, and for a refund
    // that only a person recorded, which may not have happened. Money that the gateway itself refunded never comes
    // back.
    let again = payment.is_back_by_a_persons_word();
    let more = (another || said.is_zero()) && has_money(payment);
    if less || again || more {
        Effect::Disagree {
            taken: Some(taken),
            holds: left,
        }
    } else {
        Effect::Overtaken
    }
}

/// Whether the gateway has less of the money captured for an order than our books, and had captured the same.
fn is_refunded_in_part(payment: &AnyPayment, told: Told) -> bool {
    let ours = payment.core().at_gateway;
    payment.stage() == Stage::Taken
        && told.taken.total() == payment.taken().total()
        && told.left.currency() == ours.currency()
        && told.left.total().minor() < ours.total().minor()
}

/// Whether the effect would give the gateway more money than all earlier answers say. Such an answer may be an old
/// one from before a refund, so it has to be heard twice.
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
        | Effect::GoBack(_)
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
        // A deposit can be returned after it was captured; the gateway has nothing then.
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned => judge_nothing_there(payment),
    }
}

fn judge_failure(payment: &AnyPayment) -> Effect {
    match payment.state() {
        // The hold that was to be released is gone.
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
        // The deposit was returned, and the account's due date is over.
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned => judge_nothing_there(payment),
    }
}

fn judge_cancellation(payment: &AnyPayment) -> Effect {
    match payment.state() {
        // A failure and a cancellation end alike, in either order.
        PaymentState::Initiated
        | PaymentState::Prepared
        | PaymentState::Authorized
        | PaymentState::AwaitingDeposit
        | PaymentState::Failed => Effect::GiveUp,
        PaymentState::Canceled | PaymentState::Expired | PaymentState::Voided => Effect::Known,
        // The gateway that was asked for the refund says that it has no money of the payment.
        PaymentState::Captured | PaymentState::Mismatched | PaymentState::Orphaned
            if payment.core().kind_in_flight() == Some(OperationKind::Cancel)
                && has_money(payment) =>
        {
            Effect::GoBack(Told {
                taken: payment.taken(),
                left: Amounts::zero(payment.core().amounts.currency()),
            })
        }
        PaymentState::Captured
        | PaymentState::Mismatched
        | PaymentState::Orphaned
        | PaymentState::Returned => judge_nothing_there(payment),
    }
}

/// The gateway says that nothing is there of money that was captured: a deposit can be returned, and its account
/// closed after that. If the gateway was not asked, the message may be older than the deposit.
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

/// Whether money was captured, wherever it is now.
fn was_taken(payment: &AnyPayment) -> bool {
    has_money(payment) || all_went_back(payment)
}

/// Whether all of the money was refunded according to our books.
fn all_went_back(payment: &AnyPayment) -> bool {
    match payment.stage() {
        Stage::Back => true,
        Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Taken
        | Stage::Aside => false,
    }
}

/// Whether our books have money of the payment that could still be refunded.
fn has_money(payment: &AnyPayment) -> bool {
    match payment.stage() {
        Stage::Taken | Stage::Aside => true,
        Stage::Begun | Stage::Held | Stage::AwaitsDeposit | Stage::Over | Stage::Back => false,
    }
}

/// Whether a gateway is known to have had an account, a hold or money for this payment.
fn money_is_known(payment: &AnyPayment) -> bool {
    match payment.stage() {
        Stage::Held | Stage::AwaitsDeposit | Stage::Taken | Stage::Aside | Stage::Back => true,
        Stage::Begun | Stage::Over => false,
    }
}

/// The meaning of the fact for an unanswered call of this kind.
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
            // The hold that was to be voided was captured.
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
            // A refund in flight may still succeed while the money is there; see `end_of_refund`.
            Fact::Taken { .. }
            | Fact::Authorized { .. }
            | Fact::AwaitingDeposit { .. }
            | Fact::Failed { .. }
            | Fact::Undecided
            | Fact::Other => CallEnd::Open,
        },
    }
}

/// The fact's effect on the payment and on its unanswered call.
pub(super) fn weigh(work: &Work, id: PaymentId, fact: &Fact) -> Result<(Effect, CallEnd), Refusal> {
    let payment = work.payment(id)?;
    let order_takes = super::claims::order_takes(work.order()?, id);
    let effect = judge(payment, order_takes, fact);
    Ok((effect, end_of_call(payment, effect, fact)))
}

/// What a fact with this effect says about the payment's unanswered call, if there is one. A deposit account that was
/// to be closed is closed when its payment has failed.
fn end_of_call(payment: &AnyPayment, effect: Effect, fact: &Fact) -> CallEnd {
    let Some(call) = payment.core().call_in_flight() else {
        return CallEnd::Open;
    };
    let call = call.core();
    if let (OperationKind::Cancel, Fact::Taken { left, ours, .. }) = (call.kind, fact) {
        return end_of_refund(payment, call, *left, ours.as_deref());
    }
    match (ends(call.kind, fact), effect) {
        (CallEnd::Open, Effect::Fail) => CallEnd::Done,
        (end, _) => end,
    }
}

/// What the money that the gateway has left says of the refund in flight. A gateway that tells its refunds apart names
/// our call; of any other it is done once so much less is left. Where nothing is left and ours is not named, somebody else
/// refunded the money, and ours can no longer be done.
fn end_of_refund(
    payment: &AnyPayment,
    call: &OperationCore,
    left: Amounts,
    ours: Option<&[OperationId]>,
) -> CallEnd {
    let said = payment.core().held_by_gateway();
    let asked = call.amounts.filter(|asked| !asked.is_zero());
    let less = said.total().minor().saturating_sub(left.total().minor());
    let is_less = match asked {
        Some(asked) => less >= asked.total().minor(),
        None => left.is_zero(),
    };
    let is_named = match ours {
        Some(named) => named.contains(&call.id) || planted::is(Bug::AnyRefundIsOurs),
        None => true,
    };
    match (is_less, is_named) {
        (true, true) => CallEnd::Done,
        (_, false) if left.is_zero() => CallEnd::NotDone,
        (true | false, _) => CallEnd::Open,
    }
}

#[cfg(test)]
pub(super) mod tests;
