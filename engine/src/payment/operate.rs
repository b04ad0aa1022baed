//! Notes on a payment that do not move it: its money calls, notifications, decisions, erasure.

use super::{CheckoutSession, Payment, PaymentCore, PaymentState, RequestedRefund};
use crate::event::{OperationEvent, PaymentEvent, Provider};
use crate::idempotency::hash16;
use crate::lifecycle::Impossible;
use crate::operation::{AnyOperation, Operation, OperationKind};
use crate::rejection::Rejection;
use crate::time::Timestamp;

impl<S> Payment<S> {
    /// While a call has no answer, only the gateway's word may move the payment.
    pub(super) fn refuse_in_flight(&self) -> Result<(), Rejection> {
        if self.core.operation_in_flight() {
            Err(Rejection::OperationInFlight)
        } else {
            Ok(())
        }
    }
}

/// Applies an event that leaves the payment where it is; any other cannot follow `state`.
pub(super) fn note(
    state: PaymentState,
    core: &mut PaymentCore,
    event: &PaymentEvent,
    at: Timestamp,
) -> Result<(), Impossible> {
    match event {
        PaymentEvent::OperationIntended(intent) => {
            core.operation = Some(Operation::intended(intent, at).into());
        }
        PaymentEvent::OperationUnanswered(e) => answer(core, &e.clone().into(), at)?,
        PaymentEvent::ProviderRefused(e) => {
            if core.kind_in_flight() == Some(OperationKind::Cancel) {
                core.refusals = core.refusals.saturating_add(1);
            }
            answer(core, &e.clone().into(), at)?;
        }
        PaymentEvent::ProviderConfirmed(e) => {
            if core.kind_in_flight() == Some(OperationKind::Cancel) {
                core.refusals = 0;
            }
            answer(core, &e.clone().into(), at)?;
            core.provider_payment_id = Some(e.provider_payment_id.clone());
        }
        PaymentEvent::WebhookReceived(e) if !core.notifications_full() => {
            core.notifications
                .push(notification_hash(core.provider, &e.event_id));
        }
        PaymentEvent::WebhookReceived(_)
        | PaymentEvent::PersonDecided(_)
        | PaymentEvent::HintFollowed(_)
        | PaymentEvent::BuyerChose(_)
        | PaymentEvent::ConsentGiven(_)
        | PaymentEvent::FailureUrlGiven(_)
        | PaymentEvent::CardChosen(_)
        | PaymentEvent::RefundAskedFor(_) => {}
        PaymentEvent::RefundRequested(e) => {
            core.refund_refused = false;
            core.latest_refund = Some(RequestedRefund {
                id: e.refund,
                amounts: e.amounts,
                is_open: true,
            });
        }
        PaymentEvent::RefundFailed(_) => {
            core.refund_refused = true;
            core.close_refund();
        }
        PaymentEvent::PersonalDataErased(_) => core.erased = true,
        PaymentEvent::SessionOpened(e) => {
            core.session = Some(CheckoutSession {
                id: e.session,
                until: e.expires_at,
            });
        }
        PaymentEvent::BuyerReturned(e) => {
            if e.provider_payment_id.is_some() {
                core.provider_payment_id.clone_from(&e.provider_payment_id);
            }
        }
        PaymentEvent::GatewayDisagreed(e) => {
            core.disagreement = Some(e.holds);
            core.idle_inquiries = 0;
        }
        PaymentEvent::GatewayAgreed(_) => {
            core.disagreement = None;
            core.idle_inquiries = 0;
        }
        PaymentEvent::DisagreementAccepted(e) => {
            core.at_gateway = e.theirs;
            core.disagreement = None;
        }
        PaymentEvent::PaymentMethodKnown(e) => core.paid_with = Some(e.paid_with.clone()),
        PaymentEvent::EasyPayKnown(e) => core.easy_pay = Some(e.easy_pay.clone()),
        PaymentEvent::SlipKnown(e) => core.slip = Some(e.url.clone()),
        PaymentEvent::InquiryWanted(_) => core.inquiry_wanted = true,
        PaymentEvent::InquirySettled(e) => {
            core.inquiry_wanted = false;
            core.idle_inquiries = if e.news {
                0
            } else {
                core.idle_inquiries.saturating_add(1)
            };
        }
        PaymentEvent::GatewayCalled(_) => core.calls = core.calls.saturating_add(1),
        PaymentEvent::PaymentInitiated(_)
        | PaymentEvent::PaymentPrepared(_)
        | PaymentEvent::PaymentAuthorized(_)
        | PaymentEvent::PaymentCaptured(_)
        | PaymentEvent::PaymentFailed(_)
        | PaymentEvent::PaymentCanceled(_)
        | PaymentEvent::PaymentExpired(_)
        | PaymentEvent::PaymentVoided(_)
        | PaymentEvent::PaymentMismatched(_)
        | PaymentEvent::PaymentOrphaned(_)
        | PaymentEvent::SuspendedMoneyTaken(_)
        | PaymentEvent::SuspendedMoneyReturned(_)
        | PaymentEvent::DepositAwaited(_)
        | PaymentEvent::PaymentRefunded(_) => {
            return Err(Impossible {
                state: state.name(),
                event: event.name(),
            });
        }
    }
    Ok(())
}

/// The stored hash of a notification's id, to recognise its next delivery.
pub(super) fn notification_hash(provider: Provider, event_id: &str) -> [u8; 16] {
    hash16(&[provider.name().as_bytes(), event_id.as_bytes()])
}

/// Moves the outstanding call, if there is one: evidence may come without a call of ours.
fn answer(core: &mut PaymentCore, event: &OperationEvent, at: Timestamp) -> Result<(), Impossible> {
    let outstanding = core.operation.take_if(|operation| operation.in_flight());
    if let Some(operation) = outstanding {
        core.operation = Some(AnyOperation::evolve(operation, event, at)?);
    }
    Ok(())
}
