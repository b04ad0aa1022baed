//! Notifications: another evidence of what happened at the gateway, in any order, any number of times.
//!
//! A fact that is already known, or that a later fact has overtaken, is noted and moves nothing.

use super::payment::mock_name;
use super::{Context, Outcome, Progress, Subject, gateway};
use crate::command::{Fact, Notification};
use crate::event::{FailureCode, ProviderRefused, Source, WebhookReceived};
use crate::group::{Refusal, Work};
use crate::id::PaymentId;
use crate::money::Money;
use crate::order::CancelReason;
use crate::payment::{self, PaymentCommand, PaymentState};

/// Notes the notification and lets its fact move what it can.
pub(super) fn take_in(
    work: &mut Work,
    notification: Notification,
    context: &mut Context<'_>,
) -> Outcome {
    let id = notification.payment_id;
    let subject = Subject::Payment(id);
    let core = work.payment(id)?.core();
    if core.provider != notification.provider {
        return Err(crate::rejection::Rejection::PaymentNotFound.into());
    }
    if core.has_heard(&notification.event_id) {
        return Ok((subject, Progress::Done));
    }
    let name = notification
        .provider_payment_id
        .clone()
        .unwrap_or_else(|| mock_name(id));
    let full = core.notifications_full();
    let moves = would_move(work, id, &notification.fact)?;
    if full && !moves {
        return Ok((subject, Progress::Done));
    }
    let event = WebhookReceived {
        event_id: notification.event_id,
        event_type: notification.event_type,
        body: notification.body,
    };
    work.note_payment(id, event)?;
    if moves {
        match notification.fact {
            Fact::Captured { amount } => captured(work, id, amount, name, context)?,
            Fact::Failed { code } => {
                gateway::refused(work, id, code, Source::Notification, context)?;
            }
            Fact::Canceled => canceled(work, id, context)?,
            Fact::AwaitingDeposit { .. }
            | Fact::Refunded { .. }
            | Fact::NotRefunded { .. }
            | Fact::Other => {}
        }
    }
    Ok((subject, Progress::Done))
}

/// Whether the fact says more than is known. A capture overrides every doubt; a failure or a cancellation
/// counts only while no money is known to have moved.
fn would_move(work: &Work, id: PaymentId, fact: &Fact) -> Result<bool, Refusal> {
    let payment = work.payment(id)?;
    let state = payment.state();
    let own_amount = payment.core().amount();
    Ok(match fact {
        Fact::Captured { amount } => match state {
            PaymentState::Captured | PaymentState::Orphaned | PaymentState::Returned => false,
            PaymentState::Mismatched => {
                *amount == own_amount && gateway::order_takes(work.order()?, id)
            }
            _ => true,
        },
        Fact::Failed { .. } => matches!(state, PaymentState::Initiated | PaymentState::Prepared),
        Fact::Canceled => state.is_open() || state == PaymentState::Failed,
        Fact::AwaitingDeposit { .. }
        | Fact::Refunded { .. }
        | Fact::NotRefunded { .. }
        | Fact::Other => false,
    })
}

fn captured(
    work: &mut Work,
    id: PaymentId,
    amount: Money,
    name: crate::event::ProviderPaymentId,
    context: &mut Context<'_>,
) -> Result<(), Refusal> {
    gateway::confirmed(work, id, name, Source::Notification)?;
    if amount == work.payment(id)?.core().amount() {
        return gateway::captured(work, id, Source::Notification, context);
    }
    work.step_payment(
        id,
        PaymentCommand::Mismatch(payment::Mismatch { received: amount }),
    )?;
    gateway::release_claim(work, id)?;
    gateway::finish_requested_cancel(work, context)
}

/// The gateway gave the payment up by itself: nothing of ours has to be called.
fn canceled(work: &mut Work, id: PaymentId, context: &mut Context<'_>) -> Result<(), Refusal> {
    let reason = CancelReason::Provider;
    let payment = work.payment(id)?;
    let held = payment.state() == PaymentState::Authorized;
    if payment.core().operation_in_flight() {
        let code = FailureCode::new("CANCELED_AT_PROVIDER");
        work.note_payment(
            id,
            ProviderRefused {
                code,
                source: Source::Notification,
            },
        )?;
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
