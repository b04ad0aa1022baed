//! Signed notifications: evidence that came by itself. What moves nothing is noted all the same.

use super::payment::mock_name;
use super::{Context, Outcome, Progress, Subject, evidence};
use crate::command::Notification;
use crate::event::{Source, WebhookReceived};
use crate::group::Work;

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
    let moves = evidence::would_move(work, id, &notification.fact)?;
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
        evidence::apply(work, id, fact, name, source, context)?;
    }
    Ok((subject, Progress::Done))
}
