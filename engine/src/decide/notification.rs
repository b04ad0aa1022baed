//! Notifications. A signed notification is evidence, recorded even if it changes nothing. An unsigned one is a hint:
//! it makes us ask the gateway.

use super::evidence::{CallEnd, Way};
use super::mock::mock_name;
use super::{Context, Outcome, Progress, Subject, evidence};
use crate::command::{Hint, Notification};
use crate::event::{InquiryWanted, Source, WebhookReceived};
use crate::group::Work;
use crate::id::PaymentId;
use crate::payment::PaymentCore;

/// Records the notification and applies its fact.
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
    let way = Way {
        source: Source::Notification,
        name: notification.provider_payment_id.as_ref(),
        about_call: true,
    };
    let counts = evidence::counts(work.payment(id)?, &notification.fact, way);
    let (effect, end) = evidence::weigh(work, id, &notification.fact)?;
    let moves = counts && (effect.moves() || end != CallEnd::Open);
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
        let (fact, source) = (notification.fact, Source::Notification);
        evidence::apply(work, id, &fact, name, source, context)?;
    }
    Ok((subject, Progress::Done))
}

/// Marks the payment: its gateway is to be asked. Repeated hints set the mark once. If the latest hints all brought
/// no news, no mark is set, and the sender is answered only after the gateway was asked.
pub(super) fn hint(work: &mut Work, id: PaymentId, hint: Hint) -> Outcome {
    let core = work.payment(id)?.core();
    let noted = core.inquiry_wanted
        || core.idle_inquiries >= PaymentCore::MAX_IDLE_INQUIRIES
        || !core.provider.capabilities().remote;
    if !noted {
        let wanted = InquiryWanted {
            hash: hint.hash,
            heard_at: hint.heard_at,
            from: hint.from,
        };
        work.note_payment(id, wanted)?;
    }
    Ok((Subject::Payment(id), Progress::Done))
}
