//! Reads an answer of Toss: its meaning for the call.
//!
//! Three errors are expensive: treating a paid order as unpaid, an unpaid one as paid, and refunding twice. So an
//! unproven answer is [`Outcome::Unknown`], and one that comes too early is [`Outcome::NotYet`]; both end in another
//! inquiry.

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
use super::payment::{About, CancelStands, Payment, Status};
use super::requests::asks_by_name;
use crate::gateway::{Ask, Call, Description, Outcome};

const NOT_FOUND: [&str; 2] = ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION"];
/// The longest wait that a gateway can ask for.
const WAIT_MAX_S: u64 = 3600;
/// The wait if it does not say how long.
const WAIT_USUAL_S: u64 = 2;

/// The outcome of this call according to this response.
pub(super) fn read(call: &Call, response: &Response<Bytes>) -> Outcome {
    if response.status().is_success() {
        return match Payment::about(call, response.body()) {
            Some(About::This(payment)) => judge(call, &payment),
            Some(About::Another) => Outcome::NotThisOne,
            // A success that contradicts itself or us proves nothing.
            None => Outcome::Unknown,
        };
    }
    refusal(call, response)
}

/// The outcome according to a payment object, in the call's own answer or in an inquiry's.
fn judge(call: &Call, payment: &Payment) -> Outcome {
    match payment.status {
        Status::Done | Status::PartialCanceled if payment.left.is_zero() => Outcome::Unknown,
        Status::Done | Status::PartialCanceled => still_there(call, payment),
        Status::Canceled if !payment.left.is_zero() => Outcome::Unknown,
        Status::Canceled if payment.was_taken() => gone(payment),
        Status::Ready
        | Status::InProgress
        | Status::WaitingForDeposit
        | Status::Canceled
        | Status::Aborted
        | Status::Expired
            if !payment.is_of(call.name.as_ref()) =>
        {
            of_another_window(call)
        }
        // An account without a deposit.
        Status::Canceled => answered(payment, Fact::Canceled),
        Status::Ready | Status::InProgress if planted::is(Bug::NotYetIsFailure) => {
            failed(payment, errors::ABORTED)
        }
        Status::Ready | Status::InProgress => undecided(payment),
        // Toss says that nothing was captured, although a refund of captured money is in flight: wait for a later
        // answer.
        Status::Aborted | Status::Expired if is_about(call.ask, OperationKind::Cancel) => {
            undecided(payment)
        }
        // A window ended without a return: the buyer may open another one.
        Status::Aborted | Status::Expired if call.name.is_none() => undecided(payment),
        Status::WaitingForDeposit => awaited(call, payment),
        Status::Aborted => failed(payment, errors::ABORTED),
        Status::Expired => failed(payment, errors::EXPIRED),
    }
}

/// Money is there, all or a part of it. While our refund may still be made, nothing more is known: it is repeated
/// under the same key. Toss may answer such repetitions with a stored error only, so after a while the payment itself
/// decides that nothing was refunded.
fn still_there(call: &Call, payment: &Payment) -> Outcome {
    let refused = |code| answered(payment, Fact::CallRefused { code });
    if is_about(call.ask, OperationKind::Cancel) {
        match payment.cancel_of(call.operation) {
            CancelStands::Aborted => return refused(FailureCode::new(errors::CANCEL_ABORTED)),
            CancelStands::Absent if may_end(call) => {
                return refused(FailureCode::new(errors::CANCEL_NOT_DONE));
            }
            // A refund of all that is left leaves nothing, so this answer contradicts itself.
            CancelStands::Done if call.amounts.total() == call.there.total() => {
                return Outcome::Unknown;
            }
            CancelStands::Absent | CancelStands::InProgress | CancelStands::Done => {}
        }
    }
    answered(payment, taken(payment))
}

/// Money was captured; some of it may have been refunded, by us and by others.
fn taken(payment: &Payment) -> Fact {
    Fact::Taken {
        taken: payment.taken,
        left: payment.left,
        ours: payment.our_cancels(),
    }
}

/// The buyer has an account to transfer to; its status does not change when it expires.
fn awaited(call: &Call, payment: &Payment) -> Outcome {
    let cancels = is_about(call.ask, OperationKind::Cancel);
    if payment.account_ran_out() {
        return if cancels {
            answered(payment, Fact::Canceled)
        } else {
            failed(payment, errors::EXPIRED)
        };
    }
    if cancels && payment.cancel_of(call.operation) == CancelStands::Absent && may_end(call) {
        let code = FailureCode::new(errors::CANCEL_NOT_DONE);
        return answered(payment, Fact::CallRefused { code });
    }
    match payment.due_at() {
        Some(due_at) => answered(payment, Fact::AwaitingDeposit { due_at }),
        None => Outcome::Unknown,
    }
}

/// The order number leads to another window than the one that was brought back, and no money was captured in it. Its
/// outcome is not our call's; the returned name is no payment of this order, and once a confirmation is no longer
/// possible, ours has captured nothing.
fn of_another_window(call: &Call) -> Outcome {
    let too_late = may_end(call) && !asks_by_name(call);
    nameless(if too_late && is_about(call.ask, OperationKind::Confirm) {
        Fact::Failed {
            code: FailureCode::new(errors::NOT_THIS_PAYMENT),
        }
    } else {
        Fact::Undecided
    })
}

/// Whether the call is, or inquires about, an operation of this kind.
fn is_about(ask: Ask, kind: OperationKind) -> bool {
    let about = match ask {
        Ask::Confirm => Some(OperationKind::Confirm),
        Ask::Capture => Some(OperationKind::Capture),
        Ask::Void => Some(OperationKind::Void),
        Ask::Cancel => Some(OperationKind::Cancel),
        Ask::Inquire { about, .. } => about,
    };
    about == Some(kind)
}

/// Whether the operation can no longer be done, and would be visible if it had been.
const fn may_end(call: &Call) -> bool {
    matches!(
        call.ask,
        Ask::Inquire {
            window_over: true,
            ..
        }
    ) && !call.other_credentials
}

/// All captured money was refunded, by anyone, and no cancel is in progress that could still be aborted.
fn gone(payment: &Payment) -> Outcome {
    if payment.is_being_canceled() {
        return undecided(payment);
    }
    answered(payment, taken(payment))
}

fn undecided(payment: &Payment) -> Outcome {
    answered(payment, Fact::Undecided)
}

fn failed(payment: &Payment, otherwise: &str) -> Outcome {
    let code = FailureCode::new(payment.failure().unwrap_or(otherwise));
    answered(payment, Fact::Failed { code })
}

fn answered(payment: &Payment, fact: Fact) -> Outcome {
    Outcome::Answered {
        name: Some(payment.name.clone()),
        fact,
        description: Box::new(Description {
            paid_with: payment.paid_with(),
            easy_pay: payment.easy_pay(),
            slip: payment.slip(),
        }),
    }
}

fn nameless(fact: Fact) -> Outcome {
    Outcome::Answered {
        name: None,
        fact,
        description: Box::default(),
    }
}

/// Toss's error body.
#[derive(Deserialize)]
struct ErrorBody {
    code: String,
}

fn refusal(call: &Call, response: &Response<Bytes>) -> Outcome {
    let status = response.status();
    if asks_by_name(call) && is_of_no_payment(status) {
        return Outcome::NotThisOne;
    }
    let body = serde_json::from_slice::<ErrorBody>(response.body());
    // Another body, such as a proxy's page or half an answer: its sender does not know our call.
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
            not_found(call, code)
        }
        // A refusal of a repetition proves nothing: the gateway may have forgotten the first sending or its key. Only
        // the payment itself gives the outcome.
        _ if call.sent_before && !planted::is(Bug::RepetitionIsBelieved) => Outcome::Unknown,
        // Under these credentials the gateway does not see calls made with the others.
        _ if call.other_credentials => Outcome::Unknown,
        code if is_certain(status, code) => refused(call.ask, code),
        _ => Outcome::Unknown,
    }
}

fn not_yet(response: &Response<Bytes>) -> Outcome {
    let said = response.headers().get(RETRY_AFTER);
    let seconds = said.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let seconds = seconds.unwrap_or(WAIT_USUAL_S).min(WAIT_MAX_S);
    Outcome::NotYet {
        after: Duration::from_secs(seconds),
    }
}

/// Whether this answer to an inquiry by name means that the name is no payment: the browser brought back nonsense, or
/// Toss took it for another path. Whoever answered, the next inquiry uses the order number. Answers about
/// authentication or rate limits would come for any name, and do not count.
fn is_of_no_payment(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 408 | 409 | 425 | 429)
}

/// Right after a call Toss may not find what it has just done; later, the order number finds nothing either.
fn not_found(call: &Call, code: &str) -> Outcome {
    let ends = may_end(call) && is_about(call.ask, OperationKind::Confirm);
    nameless(if ends {
        Fact::Failed {
            code: FailureCode::new(code),
        }
    } else {
        Fact::Undecided
    })
}

/// Whether the call that got this answer was certainly not done. An undocumented code is certain under 401 only: an
/// unauthenticated call does nothing.
fn is_certain(status: StatusCode, code: &str) -> bool {
    let undone = matches!(status.as_u16(), 400 | 401 | 403);
    let known = errors::find(code).map(|said| said.certainty);
    undone
        && match known {
            Some(certainty) => certainty == Certainty::Certain,
            None => status == StatusCode::UNAUTHORIZED,
        }
}

/// A certain refusal of the call. A refused inquiry says nothing about the operation it asked about.
fn refused(ask: Ask, code: &str) -> Outcome {
    let code = FailureCode::new(code);
    nameless(match ask {
        Ask::Confirm => Fact::Failed { code },
        Ask::Capture | Ask::Void | Ask::Cancel => Fact::CallRefused { code },
        Ask::Inquire { .. } => return Outcome::Unknown,
    })
}
