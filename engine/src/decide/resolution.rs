//! What a person decides: where set-aside money goes, what became of a call whose answer was lost, and that
//! personal data is to be hidden.

use super::gateway::order_takes;
use super::payment::mock_name;
use super::{Context, Outcome, Progress, Subject, evidence, gateway};
use crate::command::{Fact, Resolution};
use crate::event::{ClaimTaken, FailureCode, PersonDecided, PersonalDataErased, Source};
use crate::group::Work;
use crate::id::PaymentId;
use crate::operation::{AnyOperation, OperationKind};
use crate::payment::{self, PaymentAction, PaymentCommand, PaymentState};
use crate::rejection::Rejection;
use crate::sealed::Sealed;

/// Decides about set-aside money, or about a call whose answer was lost.
pub(super) fn resolve(
    work: &mut Work,
    id: PaymentId,
    resolution: Resolution,
    (actor, reason): (Box<str>, Sealed),
    context: &mut Context<'_>,
) -> Outcome {
    let decided = PersonDecided { actor, reason };
    match resolution {
        Resolution::Take => set_aside(work, id, decided, PaymentState::Captured, context),
        Resolution::Return if work.payment(id)?.core().provider.capabilities().refund => {
            send_back(work, id, decided, context)
        }
        Resolution::Return | Resolution::Returned => {
            set_aside(work, id, decided, PaymentState::Returned, context)
        }
        Resolution::Done | Resolution::NotDone => {
            unknown(work, id, decided, resolution == Resolution::Done, context)
        }
    }
}

/// Gives set-aside money to its order, if the order still waits for it, or records that it went back.
fn set_aside(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    to: PaymentState,
    context: &mut Context<'_>,
) -> Outcome {
    let subject = Subject::Payment(id);
    let payment = work.payment(id)?;
    let state = payment.state();
    let stuck = payment.keeps_what_should_go_back();
    if stuck && to == PaymentState::Returned {
        work.note_payment(id, decided)?;
        evidence::returned_by_transfer(work, id, context)?;
        return Ok((subject, Progress::Done));
    }
    if state == to && !stuck {
        return Ok((subject, Progress::Done));
    }
    let action = match to {
        PaymentState::Captured => PaymentAction::TakeSuspended,
        _ => PaymentAction::ReturnSuspended,
    };
    if !state.permits(action) {
        return Err(Rejection::PaymentNotPermitted { state, action }.into());
    }
    if payment.core().operation_in_flight() {
        return Err(Rejection::OperationInFlight.into());
    }
    if to == PaymentState::Captured && !order_takes(work.order()?, id) {
        return Err(Rejection::OrderCannotTake.into());
    }
    work.note_payment(id, decided)?;
    if to == PaymentState::Captured {
        take(work, id, context)?;
    } else {
        work.step_payment(
            id,
            PaymentCommand::ReturnSuspended(payment::ReturnSuspended),
        )?;
    }
    Ok((subject, Progress::Done))
}

/// Asks the gateway to give set-aside money back; its answer says whether it did.
fn send_back(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    context: &mut Context<'_>,
) -> Outcome {
    let subject = Subject::Payment(id);
    let payment = work.payment(id)?;
    let (state, action) = (payment.state(), PaymentAction::ReturnSuspended);
    if state == PaymentState::Returned {
        return Ok((subject, Progress::Done));
    }
    if !state.permits(action) {
        return Err(Rejection::PaymentNotPermitted { state, action }.into());
    }
    if !payment.core().operation_in_flight() {
        gateway::may_ask_again(work, id)?;
        work.note_payment(id, decided)?;
        gateway::intend_return(work, id, context)?;
    }
    Ok((subject, Progress::InFlight))
}

/// Says what became of a call whose answer was lost, on a person's word.
fn unknown(
    work: &mut Work,
    id: PaymentId,
    decided: PersonDecided,
    done: bool,
    context: &mut Context<'_>,
) -> Outcome {
    let payment = work.payment(id)?;
    let call = payment.core().operation.as_ref();
    let kind = match call {
        Some(AnyOperation::Unknown(call)) => call.core().kind,
        // Not sent for so long that nothing will come of it by itself.
        Some(AnyOperation::Intended(call)) if call.core().needs_person(work.now()) => {
            call.core().kind
        }
        _ => return Err(Rejection::NoUnknownOutcome.into()),
    };
    let amount = payment.core().amount();
    let name = payment.core().provider_payment_id.clone();
    let name = name.unwrap_or_else(|| mock_name(id));
    let code = FailureCode::new("RESOLVED_NOT_DONE");
    let fact = match (kind, done) {
        (OperationKind::Cancel, true) => Fact::Refunded { amount, ours: true },
        (OperationKind::Cancel, false) => Fact::NotRefunded { code },
        (_, true) => Fact::Captured { amount },
        (_, false) => Fact::Failed { code },
    };
    work.note_payment(id, decided)?;
    evidence::apply(work, id, fact, name, Source::Person, context)?;
    Ok((Subject::Payment(id), Progress::Done))
}

fn take(
    work: &mut Work,
    id: PaymentId,
    context: &mut Context<'_>,
) -> Result<(), crate::group::Refusal> {
    let order_id = work.order()?.core().id.clone();
    work.note_order(&order_id, ClaimTaken { payment: id })?;
    let source = Source::Person;
    work.step_payment(
        id,
        PaymentCommand::TakeSuspended(payment::TakeSuspended { source }),
    )?;
    gateway::paid(work, id, context)
}

/// Hides what is sealed in the payment's records, for good.
pub(super) fn erase(work: &mut Work, id: PaymentId, actor: Box<str>) -> Outcome {
    if !work.payment(id)?.core().erased {
        work.note_payment(id, PersonalDataErased { actor })?;
    }
    Ok((Subject::Payment(id), Progress::Done))
}
