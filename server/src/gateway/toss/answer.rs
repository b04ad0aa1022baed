//! Reading of an answer: what it says about the call it came to.
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
use super::payment::{About, CancelStands, Payment, Status};
use super::requests::asks_by_name;
use crate::gateway::{Ask, Call, Outcome};

const NOT_FOUND: [&str; 2] = ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION"];
/// A gateway that wants to be left alone longer than this has to be asked anyway.
const WAIT_MAX_S: u64 = 3600;
/// One that does not say how long.
const WAIT_USUAL_S: u64 = 2;

/// What this answer says about this call.
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

/// What a payment says about the call, whether it came as the call's answer or to an inquiry about it.
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
        // An account that nobody paid into.
        Status::Canceled => answered(payment, Fact::Canceled),
        Status::Ready | Status::InProgress if planted::is(Bug::NotYetIsFailure) => {
            failed(payment, errors::ABORTED)
        }
        Status::Ready | Status::InProgress => undecided(payment),
        // Nothing was taken, says the gateway that took what is to go back: not its last word.
        Status::Aborted | Status::Expired if is_about(call.ask, OperationKind::Cancel) => {
            undecided(payment)
        }
        // A window ended that nobody has come back from: the buyer may open another one.
        Status::Aborted | Status::Expired if call.name.is_none() => undecided(payment),
        Status::WaitingForDeposit => awaited(call, payment),
        Status::Aborted => failed(payment, errors::ABORTED),
        Status::Expired => failed(payment, errors::EXPIRED),
    }
}

/// Money is there, all or a part of it. While our cancel may still be made, that is all there is to say: it is sent
/// again under the same key. An error that Toss keeps under that key is all it answers then, so that after a while
/// the payment itself has to say that nothing was done.
fn still_there(call: &Call, payment: &Payment) -> Outcome {
    let refused = |code| answered(payment, Fact::CallRefused { code });
    if is_about(call.ask, OperationKind::Cancel) {
        match payment.cancel_of(call.operation) {
            CancelStands::Aborted => return refused(FailureCode::new(errors::CANCEL_ABORTED)),
            CancelStands::Absent if may_end(call) => {
                return refused(FailureCode::new(errors::CANCEL_NOT_DONE));
            }
            // Ours returns everything that is left, so something has to be wrong.
            CancelStands::Done => return Outcome::Unknown,
            CancelStands::Absent | CancelStands::InProgress => {}
        }
    }
    let fact = Fact::Taken {
        taken: payment.taken,
        left: payment.left,
    };
    answered(payment, fact)
}

/// The buyer has an account to transfer to; its status stays so when its time is over.
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

/// What the order number has is another window than the one that was brought back, and nothing was taken in it. What
/// became of it is nothing of ours; the name that was brought back is no payment of this order, and once a
/// confirmation can no longer be made nothing was taken by ours.
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

/// Whether the call is, or asks about, an operation of this kind.
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

/// Whether what is asked about can no longer be done, and would be known of if it had been.
const fn may_end(call: &Call) -> bool {
    matches!(
        call.ask,
        Ask::Inquire {
            window_over: true,
            ..
        }
    ) && !call.other_credentials
}

/// Nothing is left of what was taken, by whosever doing, once no cancel is under way that could still be given up.
fn gone(payment: &Payment) -> Outcome {
    if payment.is_being_canceled() {
        return undecided(payment);
    }
    let fact = Fact::Taken {
        taken: payment.taken,
        left: payment.left,
    };
    answered(payment, fact)
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
        paid_with: payment.paid_with(),
        easy_pay: payment.easy_pay(),
        slip: payment.slip(),
    }
}

const fn nameless(fact: Fact) -> Outcome {
    Outcome::Answered {
        name: None,
        fact,
        paid_with: None,
        easy_pay: None,
        slip: None,
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
            not_found(call, code)
        }
        // Whatever a repetition is refused with, a gateway may have forgotten the first sending or its key: only the
        // payment itself says what became of it.
        _ if call.sent_before && !planted::is(Bug::RepetitionIsBelieved) => Outcome::Unknown,
        // Whose keys these are does not know what was done with the others.
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

/// Whether a question by name that is answered so is about no payment: the browser brought back something that is none,
/// or that Toss takes for another address of its own. Whoever wrote the answer, the order number is asked by next. What
/// says that we are not let in, or are to wait, would be said of any name.
fn is_of_no_payment(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 408 | 409 | 425 | 429)
}

/// Right after a call Toss may not find what it has just done; later, there is nothing to be found by the order number.
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

/// A certain refusal of the call that got it. That an inquiry was refused says nothing about what it was
/// about.
fn refused(ask: Ask, code: &str) -> Outcome {
    let code = FailureCode::new(code);
    nameless(match ask {
        Ask::Confirm => Fact::Failed { code },
        Ask::Capture | Ask::Void | Ask::Cancel => Fact::CallRefused { code },
        Ask::Inquire { .. } => return Outcome::Unknown,
    })
}
