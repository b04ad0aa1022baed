//! Answers: the first one, its repetitions, and refusals.

use super::Executed;
use super::{Prepared, Request, Shown, Since};
use crate::command::Command;
use crate::decide::Subject;
use crate::group::Group;
use crate::idempotency::{Answer, KeyedRequest, Known, Reply};
use crate::planted::{self, Bug};
use crate::rejection::Rejection;
use crate::store::StoreError;
use crate::store::codec::Kind;
use crate::store::view::{self, KeyReader};
use crate::store::{keys, record};
use crate::wire;

/// The answer of a request that was answered before, or a refusal because its key was used for another request.
pub(super) fn recognise(
    source: &impl KeyReader,
    request: &Request,
) -> Result<Option<Prepared>, StoreError> {
    let keyed = match (&request.keyed, &request.command) {
        (Some(_), _) if planted::is(Bug::AnswersForgotten) => return Ok(None),
        (Some(keyed), _) => *keyed,
        // Only a notification without a payment has a key of its own; other notifications are recognised by their
        // payment.
        (None, Command::Notify(sent)) => record::notification_key(sent.provider, &sent.event_id),
        (None, _) => return Ok(None),
    };
    let Some(bytes) = source.get(&keys::reply(&keyed.key))? else {
        return Ok(None);
    };
    let reply: Reply = source.decoded(Kind::Reply, &bytes)?;
    let (answer, replayed) = match reply.compare(&keyed) {
        Known::Replay(answer) => (answer, true),
        Known::Conflict => (
            rejected(Rejection::IdempotencyKeyReused, &request.request_id),
            false,
        ),
    };
    let shown = show_if_current(source, &answer)?;
    let executed = Executed {
        answer,
        replayed,
        shown,
        events: Vec::new(),
        since: Since::Key(keyed.key),
    };
    Ok(Some(Prepared {
        executed,
        commit: None,
    }))
}

/// The answer's subject, if it has not changed since; otherwise the caller reads its history.
pub(super) fn show_if_current(
    source: &impl KeyReader,
    answer: &Answer,
) -> Result<Option<Shown>, StoreError> {
    Ok(match answer {
        Answer::Order {
            order_id, version, ..
        } => view::load_order(source, order_id)?
            .filter(|order| order.value.core().version == *version)
            .map(|order| Shown::Order(Box::new(order.value), order.first_record)),
        Answer::Payment {
            payment_id,
            version,
            ..
        } => view::load_payment(source, *payment_id)?
            .filter(|payment| payment.value.core().version == *version)
            .map(|payment| Shown::Payment(Box::new(payment.value))),
        Answer::Rejected { .. } => None,
    })
}

/// A second registration of an order is recognised by the order itself; its first answer is version 1.
pub(super) fn created_before(group: &Group, command: &Command) -> bool {
    matches!(command, Command::CreateOrder(_)) && group.order.is_some()
}

pub(super) fn version_of(group: &Group, subject: &Subject) -> u64 {
    match subject {
        Subject::Order(_) => group.order.as_ref().map_or(0, |order| order.core().version),
        Subject::Payment(id) => group
            .payment(*id)
            .map_or(0, |payment| payment.core().version),
    }
}

pub(super) fn answer_of(subject: &Subject, status: u16, version: u64) -> Answer {
    let wire = wire::CURRENT;
    match subject {
        Subject::Order(id) => Answer::Order {
            wire,
            status,
            order_id: id.clone(),
            version,
        },
        Subject::Payment(id) => Answer::Payment {
            wire,
            status,
            payment_id: *id,
            version,
        },
    }
}

pub(super) fn shown_at(
    group: Group,
    subject: &Subject,
    version: u64,
    first_record: u64,
) -> Option<Shown> {
    match subject {
        Subject::Order(_) => group
            .order
            .filter(|order| order.core().version == version)
            .map(|order| Shown::Order(Box::new(order), first_record)),
        Subject::Payment(id) => {
            let mut payments = group.payments.into_iter();
            let payment = payments.find(|payment| payment.core().id == *id);
            payment
                .filter(|payment| payment.core().version == version)
                .map(|payment| Shown::Payment(Box::new(payment)))
        }
    }
}

pub(super) const fn keyed_reply(keyed: KeyedRequest, answer: Answer) -> Reply {
    Reply {
        key: keyed.key,
        fingerprint: keyed.fingerprint,
        answer,
    }
}

pub(super) fn rejected(rejection: Rejection, request_id: &str) -> Answer {
    Answer::Rejected {
        wire: wire::CURRENT,
        rejection,
        request_id: request_id.into(),
    }
}
