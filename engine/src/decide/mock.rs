//! The mock gateway, answered within the decision. It completes a payment as the request says, and answers every
//! other call with success at once.

use super::inline::Intended;
use super::{Context, Outcome, Progress, Subject, calls, evidence};
use crate::command::{Fact, MockResult};
use crate::event::{FailureCode, Provider, ProviderPaymentId, Source};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::operation::OperationKind;
use crate::payment::{AnyPayment, PaymentAction, PaymentState, Stage};
use crate::rejection::Rejection;

/// The mock gateway's name for a payment.
pub(super) fn mock_name(payment: PaymentId) -> ProviderPaymentId {
    ProviderPaymentId(format!("mock_{:032x}", payment.bits()).into())
}

/// Confirms at the mock gateway: intent, claim and answer in one decision. A repetition gets the first result again.
pub(super) fn complete(
    work: &mut Work,
    id: PaymentId,
    result: MockResult,
    context: &mut Context<'_>,
) -> Outcome {
    let payment = work.payment(id)?;
    if payment.core().provider != Provider::Mock {
        return Err(Rejection::NotAMockPayment.into());
    }
    if already_there(payment, result) {
        return Ok((Subject::Payment(id), Progress::Done));
    }
    let in_flight = payment.core().operation_in_flight();
    let state = payment.detail();
    match payment.stage() {
        Stage::Begun => {}
        Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Taken
        | Stage::Aside
        | Stage::Back => {
            let action = PaymentAction::Capture;
            return Err(Rejection::PaymentNotPermitted { state, action }.into());
        }
    }
    if !in_flight {
        calls::confirm(work, id, context)?;
    }
    let fact = match result {
        MockResult::Success => {
            calls::done_as_asked(work.payment(id)?, OperationKind::Confirm, work.now())
        }
        MockResult::Fail => Fact::Failed {
            code: FailureCode::new("MOCK_DECLINED"),
        },
        MockResult::NoAnswer => {
            calls::unanswered(work, id)?;
            return Ok((Subject::Payment(id), Progress::InFlight));
        }
    };
    evidence::apply(work, id, &fact, mock_name(id), Source::Answer, context)?;
    Ok((Subject::Payment(id), Progress::Done))
}

fn already_there(payment: &AnyPayment, result: MockResult) -> bool {
    match result {
        MockResult::Success => matches!(payment.stage(), Stage::Held | Stage::Taken),
        MockResult::Fail => payment.state() == PaymentState::Failed,
        MockResult::NoAnswer => false,
    }
}

/// Answers an intended call with success.
pub(super) fn answer(
    work: &mut Work,
    id: PaymentId,
    (kind, _): Intended,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    let fact = calls::done_as_asked(work.payment(id)?, kind, work.now());
    evidence::apply(work, id, &fact, mock_name(id), Source::Answer, context)
}
