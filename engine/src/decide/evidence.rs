//! Evidence: what a gateway says happened, whichever way it says it, in any order, any number of times.
//!
//! A fact that is already known, or that a later fact has overtaken, moves nothing.

use super::{Context, gateway};
use crate::command::Fact;
use crate::event::{FailureCode, ProviderPaymentId, ProviderRefused, RefundFailed, Source};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::money::Money;
use crate::operation::OperationKind;
use crate::order::{self, CancelReason, OrderCommand, OrderState};
use crate::payment::{self, AnyPayment, PaymentCommand, PaymentState};
use crate::planted::{self, Bug};

type Step = Result<(), Refusal>;

/// Whether the fact says more than is known. A capture overrides every doubt; a failure or a cancellation
/// counts only while no money is known to have moved; a refund only of money that is known to be here.
pub(super) fn would_move(work: &Work, id: PaymentId, fact: &Fact) -> Result<bool, Refusal> {
    let payment = work.payment(id)?;
    let state = payment.state();
    let own_amount = payment.core().amount();
    let unpaid = matches!(state, PaymentState::Initiated | PaymentState::Prepared);
    Ok(match fact {
        Fact::Captured { amount } => match state {
            PaymentState::Captured
            | PaymentState::Refunded
            | PaymentState::Orphaned
            | PaymentState::Returned => false,
            PaymentState::Failed if planted::is(Bug::FailedForGood) => false,
            PaymentState::Mismatched => {
                *amount == own_amount && gateway::order_takes(work.order()?, id)
            }
            _ => true,
        },
        Fact::AwaitingDeposit { .. } => unpaid,
        Fact::Failed { .. } => unpaid || state == PaymentState::AwaitingDeposit,
        Fact::Canceled => state.is_open() || state == PaymentState::Failed,
        Fact::Refunded { amount, .. } => match money_here(payment) {
            Some(here) => here == *amount,
            None => unpaid || state == PaymentState::AwaitingDeposit,
        },
        Fact::NotRefunded { .. } => calls(payment, OperationKind::Cancel),
        Fact::Other => false,
    })
}

/// Lets a fact move what [`would_move`] says it moves.
pub(super) fn apply(
    work: &mut Work,
    id: PaymentId,
    fact: Fact,
    name: ProviderPaymentId,
    source: Source,
    context: &mut Context<'_>,
) -> Step {
    match fact {
        Fact::Captured { amount } => captured(work, id, amount, name, source, context),
        Fact::Failed { code } => gateway::refused(work, id, code, source, context),
        Fact::Canceled => canceled(work, id, source, context),
        Fact::AwaitingDeposit { due_at } => {
            gateway::confirmed(work, id, name, source)?;
            let account = payment::AwaitDeposit { due_at };
            work.step_payment(id, PaymentCommand::AwaitDeposit(account))?;
            if work.order()?.state() != OrderState::PaymentPending {
                gateway::intend_return(work, id, context)?;
            }
            Ok(())
        }
        Fact::Refunded { .. } => refunded(work, id, name, source, context),
        Fact::NotRefunded { code } => not_refunded(work, id, code, source),
        Fact::Other => Ok(()),
    }
}

/// The money of the payment that the gateway has taken and not given back, as far as we know.
fn money_here(payment: &AnyPayment) -> Option<Money> {
    match payment {
        AnyPayment::Captured(taken) => Some(taken.detail().captured.total()),
        AnyPayment::Orphaned(aside) => Some(aside.detail().received),
        AnyPayment::Mismatched(aside) => Some(aside.detail().received),
        _ => None,
    }
}

/// Whether a call of this kind is without an answer.
fn calls(payment: &AnyPayment, kind: OperationKind) -> bool {
    let operation = payment.core().operation.as_ref();
    operation.is_some_and(|operation| operation.in_flight() && operation.core().kind == kind)
}

fn captured(
    work: &mut Work,
    id: PaymentId,
    amount: Money,
    name: ProviderPaymentId,
    source: Source,
    context: &mut Context<'_>,
) -> Step {
    // That money came says nothing about a call that is to send it back.
    if !calls(work.payment(id)?, OperationKind::Cancel) {
        gateway::confirmed(work, id, name, source)?;
    }
    if amount == work.payment(id)?.core().amount() {
        return gateway::captured(work, id, source, context);
    }
    work.step_payment(
        id,
        PaymentCommand::Mismatch(payment::Mismatch { received: amount }),
    )?;
    gateway::release_claim(work, id)?;
    gateway::finish_requested_cancel(work, context)
}

/// The gateway gave the payment up, by itself or because we asked.
fn canceled(work: &mut Work, id: PaymentId, source: Source, context: &mut Context<'_>) -> Step {
    let reason = CancelReason::Provider;
    let payment = work.payment(id)?;
    let held = payment.state() == PaymentState::Authorized;
    let asked_for = calls(payment, OperationKind::Cancel);
    if asked_for {
        let name = payment.core().provider_payment_id.clone();
        let name = name.unwrap_or_else(|| ProviderPaymentId("".into()));
        gateway::confirmed(work, id, name, source)?;
    } else if payment.core().operation_in_flight() {
        let code = FailureCode::new("CANCELED_AT_PROVIDER");
        work.note_payment(id, ProviderRefused { code, source })?;
    }
    work.step_payment(
        id,
        if held {
            PaymentCommand::Void(payment::Void { reason })
        } else {
            PaymentCommand::Cancel(payment::Cancel { reason })
        },
    )?;
    gateway::release_claim(work, id)?;
    gateway::finish_requested_cancel(work, context)
}

/// All of the payment's money went back: because we asked, or because somebody did it at the gateway.
fn refunded(
    work: &mut Work,
    id: PaymentId,
    name: ProviderPaymentId,
    source: Source,
    context: &mut Context<'_>,
) -> Step {
    let requested = calls(work.payment(id)?, OperationKind::Cancel);
    if requested {
        gateway::confirmed(work, id, name, source)?;
    }
    let payment = work.payment(id)?;
    match (payment.state(), money_here(payment)) {
        (PaymentState::Captured, Some(amount)) => {
            let back = payment::Refund {
                amount,
                requested,
                source,
            };
            work.step_payment(id, PaymentCommand::Refund(back))?;
            money_left_the_order(work, id, context)
        }
        (_, Some(_)) => Ok(work.step_payment(
            id,
            PaymentCommand::ReturnSuspended(payment::ReturnSuspended),
        )?),
        (_, None) => canceled(work, id, source, context),
    }
}

/// An order whose money went back was refunded, waits for another payment, or is canceled as was asked.
fn money_left_the_order(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Step {
    if work.order()?.state() == OrderState::Paid {
        work.step_order(OrderCommand::Refund(order::Refund(id)))?;
        return Ok(());
    }
    gateway::release_claim(work, id)?;
    gateway::finish_requested_cancel(work, context)
}

/// The money stays: the books say so again, and the next request is a new call.
fn not_refunded(work: &mut Work, id: PaymentId, code: FailureCode, source: Source) -> Step {
    work.note_payment(
        id,
        ProviderRefused {
            code: code.clone(),
            source,
        },
    )?;
    if let AnyPayment::Captured(taken) = work.payment(id)? {
        let amounts = taken.detail().captured;
        work.note_payment(id, RefundFailed { amounts, code })?;
    }
    Ok(())
}
