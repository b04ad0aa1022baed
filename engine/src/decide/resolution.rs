//! What a person decides: where set-aside money goes, and that personal data is to be hidden.

use super::gateway::order_takes;
use super::{Outcome, Progress, Subject};
use crate::command::Resolution;
use crate::event::{ClaimTaken, PersonDecided, PersonalDataErased, Source};
use crate::group::Work;
use crate::id::PaymentId;
use crate::order::{self, CancelReason, OrderCommand};
use crate::payment::{self, PaymentAction, PaymentCommand, PaymentState};
use crate::rejection::Rejection;
use crate::sealed::Sealed;

/// Gives set-aside money to its order, if the order still waits for it, or records that it went back.
pub(super) fn resolve(
    work: &mut Work,
    id: PaymentId,
    resolution: Resolution,
    actor: Box<str>,
    reason: Sealed,
) -> Outcome {
    let subject = Subject::Payment(id);
    let state = work.payment(id)?.state();
    let (done, action) = match resolution {
        Resolution::Take => (PaymentState::Captured, PaymentAction::TakeSuspended),
        Resolution::Return => (PaymentState::Returned, PaymentAction::ReturnSuspended),
    };
    if state == done {
        return Ok((subject, Progress::Done));
    }
    if !state.permits(action) {
        return Err(Rejection::PaymentNotPermitted { state, action }.into());
    }
    if resolution == Resolution::Take && !order_takes(work.order()?, id) {
        return Err(Rejection::OrderCannotTake.into());
    }
    work.note_payment(id, PersonDecided { actor, reason })?;
    match resolution {
        Resolution::Take => take(work, id)?,
        Resolution::Return => {
            work.step_payment(
                id,
                PaymentCommand::ReturnSuspended(payment::ReturnSuspended),
            )?;
        }
    }
    Ok((subject, Progress::Done))
}

fn take(work: &mut Work, id: PaymentId) -> Result<(), crate::group::Refusal> {
    let order_id = work.order()?.core().id.clone();
    work.note_order(&order_id, ClaimTaken { payment: id })?;
    let source = Source::Person;
    work.step_payment(
        id,
        PaymentCommand::TakeSuspended(payment::TakeSuspended { source }),
    )?;
    work.step_order(OrderCommand::Pay(order::Pay(id)))?;
    for other in work.open_payments_besides(Some(id)) {
        let reason = CancelReason::PaidByAnother;
        work.step_payment(other, PaymentCommand::Cancel(payment::Cancel { reason }))?;
    }
    Ok(())
}

/// Hides what is sealed in the payment's records, for good.
pub(super) fn erase(work: &mut Work, id: PaymentId, actor: Box<str>) -> Outcome {
    if !work.payment(id)?.core().erased {
        work.note_payment(id, PersonalDataErased { actor })?;
    }
    Ok((Subject::Payment(id), Progress::Done))
}
