//! Calls that go to no real gateway: those of the mock gateway and of payments that cost nothing. They are answered
//! within the decision that intended them.

use super::{Context, Progress, free, mock};
use crate::event::Provider;
use crate::group::{Refusal, Work};
use crate::id::{PaymentId, RefundId};
use crate::operation::{AnyOperation, OperationKind};

/// An intended call: its kind, and its refund if it is one.
pub(super) type Intended = (OperationKind, Option<RefundId>);

/// Answers the intended calls that go to no real gateway. A command that was in flight only because of them is done.
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
                mock::answer(work, id, call, context)?;
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

/// The next call that was intended in this decision and is answered within it.
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
            // The mock gateway's confirmation is answered by the `mock/complete` request.
            (Provider::Mock, OperationKind::Confirm) | (Provider::Toss | Provider::Drill, _) => {
                false
            }
        };
        own.then_some((core.id, core.provider, (kind, refund)))
    })
}
