//! Decisions of a person: where set-aside money goes, how a call whose answer was lost ended, accepting the gateway's
//! amount, and hiding personal data.

use super::claims::order_takes;
use super::mock::mock_name;
use super::{Context, Outcome, Progress, Subject, calls, consequences, evidence};
use crate::command::{Fact, Resolution};
use crate::event::{
    DisagreementAccepted, FailureCode, PersonDecided, PersonalDataErased, RefundWay, Source,
};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::operation::{AnyOperation, OperationKind};
use crate::payment::{self, AnyPayment, PaymentAction, PaymentCore, PaymentState, Stage};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// Decides about a payment on the desk, or about a call whose answer was lost.
pub(super) fn resolve(
    work: &mut Work,
    id: PaymentId,
    resolution: Resolution,
    (actor, reason): (Box<str>, Sealed),
    context: &mut Context<'_>,
) -> Outcome {
    let decided = PersonDecided { actor, reason };
    match resolution {
        Resolution::Take => take(work, id, decided, context),
        Resolution::Return if work.payment(id)?.core().provider.capabilities().refund => {
            send_back(work, id, decided, context)
        }
        Resolution::Return => record_return(work, id, decided, RefundWay::Gateway, context),
        Resolution::Returned if planted::is(Bug::WayIsForgotten) => {
            record_return(work, id, decided, RefundWay::Gateway, context)
        }
        Resolution::Returned => record_return(work, id, decided, RefundWay::BankTransfer, context),
        Resolution::Accept => accept(work, id, decided),
        Resolution::Done | Resolution::NotDone => {
            unknown(work, id, decided, resolution == Resolution::Done, context)
        }
    }
}

/// Gives set-aside money to its order, if the order still waits for a payment and the gateway has the money.
fn take(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    context: &mut Context<'_>,
) -> Outcome {
    let subject = Subject::Payment(id);
    let payment = work.payment(id)?;
    let given = payment.stage() == Stage::Taken && !payment.is_on_the_desk();
    if given {
        return Ok((subject, Progress::Done));
    }
    refuse(payment, PaymentAction::TakeSuspended)?;
    let core = payment.core();
    let (own, there) = (core.amounts, core.at_gateway);
    let aside = payment.taken();
    let is_there = core.disagreement.is_none() && there.total() == aside.total();
    if !is_there || !order_takes(work.order()?, id) {
        return Err(Rejection::OrderCannotTake.into());
    }
    work.note_payment(id, decided)?;
    // A split that a person accepted earlier is still the gateway's own.
    let left = if there == aside { own } else { there };
    let money = consequences::Money {
        taken: own,
        left,
        source: Source::Person,
    };
    consequences::given_to_order(work, id, money, context)?;
    Ok((subject, Progress::Done))
}

/// Records a refund to the buyer outside the gateway: of set-aside money, or of money that the gateway would not
/// refund.
fn record_return(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    way: RefundWay,
    context: &mut Context<'_>,
) -> Outcome {
    let subject = Subject::Payment(id);
    let payment = work.payment(id)?;
    if payment.state() == PaymentState::Returned {
        return Ok((subject, Progress::Done));
    }
    if !payment.keeps_what_should_go_back() {
        refuse(payment, PaymentAction::ReturnSuspended)?;
    }
    work.note_payment(id, decided)?;
    if way == RefundWay::BankTransfer {
        accept_less(work, id)?;
    }
    let payment = work.payment(id)?;
    let back = payment::Refund {
        refund: None,
        amounts: payment
            .refused_refund()
            .unwrap_or_else(|| payment.refundable()),
        requested: false,
        way,
        source: Source::Person,
    };
    consequences::money_back(work, id, back, context)?;
    Ok((subject, Progress::Done))
}

/// Accepts that the gateway already refunded a part by itself, so that part was not transferred.
fn accept_less(work: &mut Work, id: PaymentId) -> Result<(), Refusal> {
    let core = work.payment(id)?.core();
    let (ours, theirs) = (core.at_gateway, core.held_by_gateway());
    let less =
        theirs.currency() == ours.currency() && theirs.total().minor() < ours.total().minor();
    if less {
        work.note_payment(id, DisagreementAccepted { ours, theirs })?;
    }
    Ok(())
}

/// Refuses an action that the payment's state does not permit, and every action while a call is unanswered.
fn refuse(payment: &AnyPayment, action: PaymentAction) -> Result<(), Rejection> {
    if !payment.state().permits(action) {
        let state = payment.detail();
        return Err(Rejection::PaymentNotPermitted { state, action });
    }
    if payment.core().operation_in_flight() {
        return Err(Rejection::OperationInFlight);
    }
    Ok(())
}

/// Asks the gateway for a refund of the money it has: money that was set aside, whose refund it refused before, whose
/// amount differs from our books, or that was refunded by our books alone. Its answer decides.
fn send_back(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    context: &mut Context<'_>,
) -> Outcome {
    let subject = Subject::Payment(id);
    let payment = work.payment(id)?;
    let (state, action) = (payment.detail(), PaymentAction::ReturnSuspended);
    if payment.state() == PaymentState::Returned && !payment.is_on_the_desk() {
        return Ok((subject, Progress::Done));
    }
    let may = match payment.stage() {
        Stage::Taken | Stage::Back => payment.is_on_the_desk(),
        Stage::Begun | Stage::Held | Stage::AwaitsDeposit | Stage::Over | Stage::Aside => {
            payment.state().permits(action)
        }
    };
    if !may {
        return Err(Rejection::PaymentNotPermitted { state, action }.into());
    }
    if !payment.core().operation_in_flight() {
        calls::may_ask_again(work, id)?;
        let refused = payment.refused_refund();
        let of_a_part = refused.filter(|refused| *refused != payment.refundable());
        let of_a_part = of_a_part.filter(|_| payment.core().disagreement.is_none());
        work.note_payment(id, decided)?;
        match of_a_part {
            Some(amounts) => {
                let refund = calls::new_refund(work, context)?;
                calls::refund(work, id, (refund, amounts), context)?;
            }
            None => calls::give_back(work, id, context)?,
        }
    }
    Ok((subject, Progress::InFlight))
}

/// Accepts the gateway's amount: the books follow, and the difference is posted to an account of its own.
fn accept(work: &mut Work, id: PaymentId, decided: PersonDecided) -> Outcome {
    let core = work.payment(id)?.core();
    let Some(theirs) = core.disagreement else {
        return Err(Rejection::NoDisagreement.into());
    };
    if core.operation_in_flight() {
        return Err(Rejection::OperationInFlight.into());
    }
    let ours = core.at_gateway;
    work.note_payment(id, decided)?;
    work.note_payment(id, DisagreementAccepted { ours, theirs })?;
    Ok((Subject::Payment(id), Progress::Done))
}

/// Ends a call whose answer was lost, on a person's word.
fn unknown(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    done: bool,
    context: &mut Context<'_>,
) -> Outcome {
    let payment = work.payment(id)?;
    let kind = lost_call(payment.core(), work.now()).ok_or(Rejection::NoUnknownOutcome)?;
    let fact = persons_word(payment, kind, done, work.now());
    let name = payment.core().provider_payment_id.clone();
    let name = name.unwrap_or_else(|| mock_name(id));
    work.note_payment(id, decided)?;
    evidence::apply(work, id, &fact, name, Source::Person, context)?;
    Ok((Subject::Payment(id), Progress::Done))
}

/// The kind of call that a person may end.
fn lost_call(core: &PaymentCore, now: Timestamp) -> Option<OperationKind> {
    match core.operation.as_ref()? {
        AnyOperation::Unknown(call) => Some(call.core().kind),
        // The call was intended so long ago without being sent that nothing will come of it by itself.
        AnyOperation::Intended(call) => {
            let call = call.core();
            call.needs_person(now).then_some(call.kind)
        }
        AnyOperation::Succeeded(_) | AnyOperation::Refused(_) => None,
    }
}

/// A person's word about a call, as the fact that the gateway would have told.
fn persons_word(payment: &AnyPayment, kind: OperationKind, done: bool, now: Timestamp) -> Fact {
    if done {
        calls::done_as_asked(payment, kind, now)
    } else {
        Fact::not_done(kind, FailureCode::new("RESOLVED_NOT_DONE"))
    }
}

/// Hides the sealed data in the payment's records for good.
pub(super) fn erase(work: &mut Work, id: PaymentId, actor: Box<str>) -> Outcome {
    if !work.payment(id)?.core().erased {
        work.note_payment(id, PersonalDataErased { actor })?;
    }
    Ok((Subject::Payment(id), Progress::Done))
}
