//! Refunds that the merchant asks for, of a part of a payment's money or of all that is left.

use super::{Context, Outcome, Progress, Subject, calls};
use crate::amounts::Amounts;
use crate::command::{NewRefund, RefundOf};
use crate::event::RefundAskedFor;
use crate::group::Work;
use crate::id::PaymentId;
use crate::payment::{AnyPayment, PaymentAction, PaymentCore, Stage};
use crate::rejection::Rejection;

/// Intends the refund; the gateway's answer decides. One refund at a time: while one has no outcome, another is refused.
pub(super) fn request(
    work: &mut Work,
    id: PaymentId,
    asked: NewRefund,
    context: &mut Context<'_>,
) -> Outcome {
    let payment = work.payment(id)?;
    permitted(payment)?;
    calls::may_ask_again(work, id)?;
    let amounts = amounts(payment, asked.of)?;
    let refund = calls::new_refund(work, context)?;
    calls::refund(work, id, (refund, amounts), context)?;
    let (asked_by, reason) = (asked.asked_by, asked.reason);
    let told = RefundAskedFor {
        refund,
        asked_by,
        reason,
    };
    work.note_payment(id, told)?;
    Ok((Subject::Payment(id), Progress::InFlight))
}

/// Refuses a refund that the payment's state, its gateway or its other refunds do not permit.
fn permitted(payment: &AnyPayment) -> Result<(), Rejection> {
    let core = payment.core();
    let may = match payment.stage() {
        Stage::Taken => core.provider.capabilities().refund,
        Stage::Begun
        | Stage::Held
        | Stage::AwaitsDeposit
        | Stage::Over
        | Stage::Aside
        | Stage::Back => false,
    };
    if !may {
        let (state, action) = (payment.detail(), PaymentAction::Refund);
        return Err(Rejection::PaymentNotPermitted { state, action });
    }
    if core.operation_in_flight() {
        return Err(Rejection::OperationInFlight);
    }
    if core.disagreement.is_some() {
        return Err(Rejection::GatewayDisagrees);
    }
    if core.refunds >= PaymentCore::MAX_REFUNDS {
        return Err(Rejection::TooManyRefunds);
    }
    Ok(())
}

/// The amount by component.
fn amounts(payment: &AnyPayment, of: RefundOf) -> Result<Amounts, Rejection> {
    let (taken, left) = (payment.taken(), payment.refundable());
    let refundable_minor = left.total().minor();
    let out_of_range = Rejection::RefundOutOfRange { refundable_minor };
    let portion = match of {
        RefundOf::AllThatIsLeft => return Ok(left),
        RefundOf::Amount(minor) if minor > refundable_minor => return Err(out_of_range),
        RefundOf::Amount(minor) => left.portion(minor),
        RefundOf::Portion(portion) => portion,
    };
    let amounts = taken.next_part(&taken.less(&left), portion);
    amounts
        .filter(|amounts| !amounts.is_zero())
        .ok_or(out_of_range)
}
