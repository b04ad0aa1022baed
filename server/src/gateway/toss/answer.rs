//! What an answer says about the call it came to.
//!
//! Three ways to be wrong are expensive: to take an order for unpaid that was paid, for paid that was
//! not, and to return money twice. So what is not proven is [`Outcome::Unknown`], and what is too early to
//! tell is [`Outcome::NotYet`]; both end in asking again.

use std::time::Duration;

use bytes::Bytes;
use daegeum_engine::command::Fact;
use daegeum_engine::event::FailureCode;
use daegeum_engine::operation::OperationKind;
use daegeum_engine::planted::{self, Bug};
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde::Deserialize;

use super::errors::{self, Certainty};
use super::payment::{OurCancel, Payment, Status};
use crate::gateway::{Ask, Call, Fault, Outcome};

const NOT_FOUND: [&str; 2] = ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION"];
/// A gateway that wants to be left alone longer than this has to be asked anyway.
const WAIT_MAX_S: u64 = 3600;
/// One that does not say how long.
const WAIT_USUAL_S: u64 = 2;

const NOT_YET: Outcome = Outcome::NotYet { after: None };

/// What this answer says about this call.
pub(super) fn read(call: &Call, response: &Response<Bytes>) -> Outcome {
    if response.status().is_success() {
        return match Payment::about(call, response.body()) {
            Some(payment) => judge(call, &payment),
            // A success that contradicts itself or us proves nothing.
            None => Outcome::Unknown,
        };
    }
    refusal(call, response)
}

/// What a payment says about the call, whether it came as the call's answer or to an inquiry about it.
fn judge(call: &Call, payment: &Payment) -> Outcome {
    if is_about_a_cancel(call.ask) {
        judge_cancel(call, payment)
    } else {
        judge_payment(call, payment)
    }
}

const fn is_about_a_cancel(ask: Ask) -> bool {
    matches!(
        ask,
        Ask::Cancel
            | Ask::Inquire {
                about: Some(OperationKind::Cancel),
                ..
            }
    )
}

fn judge_payment(call: &Call, payment: &Payment) -> Outcome {
    match payment.status {
        Status::Ready | Status::InProgress if planted::is(Bug::NotYetIsFailure) => {
            failed(payment, errors::ABORTED)
        }
        Status::Ready | Status::InProgress => NOT_YET,
        Status::Done | Status::PartialCanceled if payment.balance.is_zero() => Outcome::Unknown,
        // Part of it may have gone back since; it was taken all the same.
        Status::Done | Status::PartialCanceled => answered(
            payment,
            Fact::Captured {
                amount: payment.total,
            },
        ),
        Status::WaitingForDeposit if payment.account_ran_out() => failed(payment, errors::EXPIRED),
        Status::WaitingForDeposit => match payment.due_at() {
            Some(due_at) => answered(payment, Fact::AwaitingDeposit { due_at }),
            None => Outcome::Unknown,
        },
        Status::Aborted => failed(payment, errors::ABORTED),
        Status::Expired => failed(payment, errors::EXPIRED),
        Status::Canceled => canceled(call, payment),
    }
}

/// An inquiry never says that a cancel was refused: money that did not go back yet still may, and to
/// send the same cancel again under the same key is safe and brings its own answer.
fn judge_cancel(call: &Call, payment: &Payment) -> Outcome {
    match payment.status {
        Status::Canceled => canceled(call, payment),
        Status::WaitingForDeposit if payment.account_ran_out() => answered(payment, Fact::Canceled),
        Status::Done | Status::PartialCanceled | Status::WaitingForDeposit => {
            match payment.cancel_of(call.operation) {
                OurCancel::Aborted => answered(
                    payment,
                    Fact::NotRefunded {
                        code: FailureCode::new(errors::CANCEL_ABORTED),
                    },
                ),
                OurCancel::Absent | OurCancel::InProgress => NOT_YET,
                // Ours returns everything, so something has to be wrong where a balance is left.
                OurCancel::Done => Outcome::Unknown,
            }
        }
        // Nothing was taken, says the gateway that took it.
        Status::Ready | Status::InProgress | Status::Aborted | Status::Expired => Outcome::Unknown,
    }
}

/// Nothing is left, by whosever doing.
fn canceled(call: &Call, payment: &Payment) -> Outcome {
    if !payment.balance.is_zero() {
        return Outcome::Unknown;
    }
    if !payment.was_taken() {
        return answered(payment, Fact::Canceled);
    }
    let cancel = payment.cancel_of(call.operation);
    if cancel == OurCancel::InProgress {
        return NOT_YET;
    }
    match payment.returned() {
        Some(amount) => answered(
            payment,
            Fact::Refunded {
                amount,
                ours: cancel == OurCancel::Done,
            },
        ),
        None => Outcome::Unknown,
    }
}

fn failed(payment: &Payment, otherwise: &str) -> Outcome {
    let code = FailureCode::new(payment.failure().unwrap_or(otherwise));
    answered(payment, Fact::Failed { code })
}

fn answered(payment: &Payment, fact: Fact) -> Outcome {
    Outcome::Answered {
        name: Some(payment.name.clone()),
        fact,
    }
}

/// Toss's error body.
#[derive(Deserialize)]
struct ErrorBody {
    code: String,
}

fn refusal(call: &Call, response: &Response<Bytes>) -> Outcome {
    let status = response.status();
    let body = serde_json::from_slice::<ErrorBody>(response.body());
    // A page of a proxy's, or half an answer: whoever wrote it does not know our call.
    let Ok(ErrorBody { code }) = body else {
        return if status == StatusCode::TOO_MANY_REQUESTS {
            not_yet(response)
        } else {
            Outcome::Unknown
        };
    };
    match &*code {
        "IDEMPOTENT_REQUEST_PROCESSING" | "FORBIDDEN_CONSECUTIVE_REQUEST" => not_yet(response),
        _ if status == StatusCode::TOO_MANY_REQUESTS => not_yet(response),
        code if status == StatusCode::NOT_FOUND && NOT_FOUND.contains(&code) => {
            not_found(call.ask, code)
        }
        code if call.sent_before && may_be_new(status, code) => Outcome::Unknown,
        code if is_certain(status, code) => refused(call.ask, code),
        _ => Outcome::Unknown,
    }
}

fn not_yet(response: &Response<Bytes>) -> Outcome {
    let said = response.headers().get(RETRY_AFTER);
    let seconds = said.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let seconds = seconds.unwrap_or(WAIT_USUAL_S).min(WAIT_MAX_S);
    Outcome::NotYet {
        after: Some(Duration::from_secs(seconds)),
    }
}

/// Right after a call Toss may not find what it has just done; later, there is nothing to be found.
fn not_found(ask: Ask, code: &str) -> Outcome {
    match ask {
        Ask::Inquire {
            about,
            window_over: true,
        } if about != Some(OperationKind::Cancel) => Outcome::Answered {
            name: None,
            fact: Fact::Failed {
                code: FailureCode::new(code),
            },
        },
        _ => NOT_YET,
    }
}

/// Whether the call that got this was certainly not done. A code that nobody has documented is certain
/// under 401 alone: who is not let in has done nothing.
fn is_certain(status: StatusCode, code: &str) -> bool {
    let undone = matches!(status.as_u16(), 400 | 401 | 403);
    let known = errors::find(code).map(|said| said.certainty);
    undone
        && match known {
            Some(certainty) => certainty == Certainty::Certain,
            None => status == StatusCode::UNAUTHORIZED,
        }
}

/// Whether a refusal may come from before Toss looks at the idempotency key: for the keys or the contract,
/// which may have changed since the call was sent first. It says nothing about that first time.
fn may_be_new(status: StatusCode, code: &str) -> bool {
    let merchants = errors::find(code).is_some_and(|said| said.words.fault == Fault::Merchant);
    status == StatusCode::UNAUTHORIZED || merchants
}

/// A certain refusal of the call that got it. That an inquiry was refused says nothing about what it was
/// about.
fn refused(ask: Ask, code: &str) -> Outcome {
    let code = FailureCode::new(code);
    let fact = match ask {
        Ask::Confirm => Fact::Failed { code },
        Ask::Cancel => Fact::NotRefunded { code },
        Ask::Inquire { .. } => return Outcome::Unknown,
    };
    Outcome::Answered { name: None, fact }
}
