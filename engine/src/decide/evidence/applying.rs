//! Applies a fact: it ends the call that it answers, then moves the payment as the rules of `evidence` say.

use super::{CallEnd, Effect, Told, weigh};
use crate::command::Fact;
use crate::decide::consequences::{self, AnsweredRefund, Money};
use crate::decide::{Context, calls};
use crate::event::{FailureCode, GatewayAgreed, GatewayDisagreed, ProviderPaymentId, Source};
use crate::group::{Refusal, Work};
use crate::id::{PaymentId, RefundId};
use crate::operation::OperationKind;
use crate::payment;

impl Told {
    const fn by(self, source: Source) -> Money {
        Money {
            taken: self.taken,
            left: self.left,
            source,
        }
    }
}

/// Applies the result of [`weigh`]: first ends the call that the fact answers, then moves the payment.
pub(in crate::decide) fn apply(
    work: &mut Work,
    id: PaymentId,
    fact: &Fact,
    name: ProviderPaymentId,
    source: Source,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    let (effect, end) = weigh(work, id, fact)?;
    let payment = work.payment(id)?;
    let call = payment.core().call_in_flight();
    let call = call.map(|call| (call.core().kind, call.core().refund));
    end_call(work, id, fact, (effect, end), name, source)?;
    let refused = call.filter(|_| end == CallEnd::NotDone);
    let is_refund = |(kind, _): &(OperationKind, Option<RefundId>)| *kind == OperationKind::Cancel;
    // A refund that was not done returns its amount to the books before anything else is booked.
    if let Some((kind, refund)) = refused.filter(is_refund) {
        consequences::call_refused(work, id, kind, (refund, code_of(fact)), context)?;
    }
    match effect {
        Effect::Known | Effect::Overtaken => {}
        Effect::Hold { held, expires_at } => {
            let hold = payment::Authorize {
                held,
                expires_at,
                source,
            };
            consequences::held(work, id, hold, context)?;
        }
        Effect::ReleaseHold => {
            if !work.payment(id)?.core().operation_in_flight() {
                calls::void(work, id, context)?;
            }
        }
        Effect::AwaitDeposit { due_at } => {
            consequences::account_opened(work, id, due_at, context)?;
        }
        Effect::Take(told) => consequences::captured(work, id, told.by(source), context)?,
        Effect::SetAside(told) => consequences::mismatched(work, id, told.by(source), context)?,
        Effect::GiveToOrder(told) => {
            consequences::given_to_order(work, id, told.by(source), context)?;
        }
        Effect::ComeAndGo(told) => {
            consequences::came_and_went(work, id, told.by(source), context)?;
        }
        Effect::GoBack(told) => {
            let answered = call.filter(is_refund).filter(|_| end == CallEnd::Done);
            let answered = answered.map(|(_, refund)| AnsweredRefund(refund));
            consequences::went_back(work, id, told.by(source), answered, context)?;
        }
        Effect::Disagree { taken, holds } => {
            work.note_payment(id, GatewayDisagreed { taken, holds })?;
        }
        Effect::Agree => work.note_payment(id, GatewayAgreed {})?,
        Effect::Fail => consequences::failed(work, id, code_of(fact), context)?,
        Effect::GiveUp => consequences::given_up(work, id, context)?,
    }
    if let Some((kind, refund)) = refused.filter(|call| !is_refund(call)) {
        consequences::call_refused(work, id, kind, (refund, code_of(fact)), context)?;
    }
    Ok(())
}

fn end_call(
    work: &mut Work,
    id: PaymentId,
    fact: &Fact,
    (effect, end): (Effect, CallEnd),
    name: ProviderPaymentId,
    source: Source,
) -> Result<(), Refusal> {
    let waits = work.payment(id)?.core().operation_in_flight();
    match end {
        CallEnd::Done => calls::done(work, id, name, source),
        CallEnd::NotDone => calls::not_done(work, id, code_of(fact), source),
        // Evidence may come without a call of ours; it still tells the gateway's name for the payment.
        CallEnd::Open if !waits && tells_name(effect) => calls::done(work, id, name, source),
        CallEnd::Open => Ok(()),
    }
}

/// Whether the gateway confirmed the payment by this, so that its name for the payment is known.
const fn tells_name(effect: Effect) -> bool {
    match effect {
        Effect::Hold { .. }
        | Effect::AwaitDeposit { .. }
        | Effect::Take(_)
        | Effect::SetAside(_)
        | Effect::GiveToOrder(_)
        | Effect::ComeAndGo(_) => true,
        Effect::Known
        | Effect::Overtaken
        | Effect::ReleaseHold
        | Effect::GoBack(_)
        | Effect::Disagree { .. }
        | Effect::Agree
        | Effect::Fail
        | Effect::GiveUp => false,
    }
}

/// The code that a failure or refusal is recorded with.
fn code_of(fact: &Fact) -> FailureCode {
    match fact {
        Fact::Failed { code } | Fact::CallRefused { code } => code.clone(),
        Fact::Canceled => FailureCode::new("CANCELED_AT_PROVIDER"),
        Fact::Taken { left, .. } if left.is_zero() => FailureCode::new("REFUNDED_AT_PROVIDER"),
        Fact::Taken { .. } => FailureCode::new("TAKEN_AT_PROVIDER"),
        Fact::Authorized { .. } | Fact::AwaitingDeposit { .. } | Fact::Undecided | Fact::Other => {
            FailureCode::new("REFUSED_BY_PROVIDER")
        }
    }
}
