//! The mock gateway: it is part of the decision. It does what it is told to a payment, and answers yes to every other
//! call at once. The loop that answers such calls is here too.

use super::{Context, Outcome, Progress, Subject, calls, evidence, free};
use crate::command::{Fact, MockResult};
use crate::event::{FailureCode, Provider, ProviderPaymentId, Source};
use crate::group::{Refusal, Work};
use crate::id::{PaymentId, RefundId};
use crate::operation::{AnyOperation, OperationKind};
use crate::payment::{AnyPayment, PaymentAction, PaymentState, Stage};
use crate::rejection::Rejection;

/// What the mock gateway calls a payment.
pub(super) fn mock_name(payment: PaymentId) -> ProviderPaymentId {
    ProviderPaymentId(format!("mock_{:032x}", payment.bits()).into())
}

/// Confirms at the mock gateway: intent, claim and answer. A result that is already there is the same answer again.
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
    let state = payment.state();
    match state.stage() {
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
            let core = work.payment(id)?.core();
            calls::done_as_asked(core, OperationKind::Confirm, work.now())
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
        MockResult::Success => matches!(
            payment.state(),
            PaymentState::Authorized | PaymentState::Captured
        ),
        MockResult::Fail => payment.state() == PaymentState::Failed,
        MockResult::NoAnswer => false,
    }
}

/// Answers what was decided to be asked where nobody has to be called. What was in flight only because of that is done.
pub(super) fn answer_calls(
    work: &mut Work,
    progress: Progress,
    context: &mut Context<'_>,
) -> Result<Progress, Refusal> {
    let mut answered = false;
    while let Some((id, provider, call)) = next_call(work) {
        match provider {
            Provider::Free => free::answer(work, id, call, context)?,
            Provider::Mock | Provider::Toss | Provider::Drill => {
                let fact = calls::done_as_asked(work.payment(id)?.core(), call.0, work.now());
                evidence::apply(work, id, &fact, mock_name(id), Source::Answer, context)?;
            }
        }
        answered = true;
    }
    let waits = work.is_any_call_in_flight();
    Ok(match progress {
        Progress::InFlight if answered && !waits => Progress::Done,
        Progress::Created | Progress::Done | Progress::InFlight => progress,
    })
}

type Intended = (OperationKind, Option<RefundId>);

/// A call that was intended in this decision and is to be answered within it.
fn next_call(work: &Work) -> Option<(PaymentId, Provider, Intended)> {
    work.payments().iter().find_map(|payment| {
        let core = payment.core();
        let Some(AnyOperation::Intended(call)) = core.operation.as_ref() else {
            return None;
        };
        let (kind, refund) = (call.core().kind, call.core().refund);
        let own = match (core.provider, kind) {
            (
                Provider::Mock,
                OperationKind::Capture | OperationKind::Void | OperationKind::Cancel,
            )
            | (Provider::Free, _) => true,
            // The mock gateway's confirmation is answered by whoever completes the payment.
            (Provider::Mock, OperationKind::Confirm) | (Provider::Toss | Provider::Drill, _) => {
                false
            }
        };
        own.then_some((core.id, core.provider, (kind, refund)))
    })
}
