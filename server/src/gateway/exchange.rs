//! One exchange with a gateway: makes the call, and commits its news together with the exchange for the audit trail.
//!
//! A gateway's answer is never lost for want of room: it is committed as soon as the store accepts it. If the program
//! ends before, the gateway is asked after the next start. Only the audit entry is left out if it cannot be sealed.

use std::time::Duration;

use bytes::Bytes;
use daegeum_engine::command::{Command, Exchange, Fact, Learned, News};
use daegeum_engine::decide::evidence;
use daegeum_engine::event::{CallStatus, FailureCode, Source};
use daegeum_engine::idempotency::Answer;
use daegeum_engine::operation::AnyOperation;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::sealed::{RetentionClass, Sealed};
use serde_json::json;

use super::breaker::CallHealth;
use super::{Ask, By, Call, Description, Gateway, Outcome, plan};
use crate::app::{App, Asked};
use crate::http::{HttpErrorCode, Problem};
use crate::telemetry::Traced;
use crate::world::{Outbound, Undelivered};

/// The longest gateway answer that is read.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// The pause before a gateway's answer is submitted to the store again.
const COMMIT_AGAIN_AFTER: Duration = Duration::from_millis(200);

type Came = Result<http::Response<Bytes>, Undelivered>;

/// How long the gateway asks us to wait.
#[derive(Default, Clone, Copy)]
pub(super) struct Rest {
    pub(super) wanted: Duration,
}

/// An exchange that was made.
struct Made {
    call: Call,
    sent: Bytes,
    came: Came,
    outcome: Outcome,
    took: Duration,
}

/// Makes one exchange and commits its news. While the breaker refuses calls there is none, and nothing to record. If
/// the payment's name turns out to belong to another payment, it is requested by its order number.
pub(super) async fn exchange(
    app: &App,
    gateway: &dyn Gateway,
    payment: &AnyPayment,
    ask: Ask,
) -> Rest {
    let (rest, outcome) = once(app, gateway, payment, ask).await;
    let is_another = outcome == Some(Outcome::NotThisOne) && !planted::is(Bug::AnotherIsNothing);
    match by_order_number(ask).filter(|_| is_another) {
        Some(again) => once(app, gateway, payment, again).await.0,
        None => rest,
    }
}

/// The same inquiry by the order number, if it was made by name.
const fn by_order_number(ask: Ask) -> Option<Ask> {
    match ask {
        Ask::Inquire {
            about,
            window_over,
            by: By::Name,
        } => Some(Ask::Inquire {
            about,
            window_over,
            by: By::OrderNumber,
        }),
        Ask::Inquire {
            by: By::OrderNumber,
            ..
        }
        | Ask::Confirm
        | Ask::Capture
        | Ask::Void
        | Ask::Cancel => None,
    }
}

async fn once(
    app: &App,
    gateway: &dyn Gateway,
    payment: &AnyPayment,
    ask: Ask,
) -> (Rest, Option<Outcome>) {
    let (provider, now_ns) = (gateway.provider(), app.world.monotonic_ns());
    if !app.gateways.may_call(provider, now_ns) {
        let wanted = app.gateways.left_alone(provider, now_ns);
        let wanted = wanted.unwrap_or_default();
        return (Rest { wanted }, None);
    }
    let traced = Traced::exchange(provider.name(), ask.kind().name());
    let made = make(app, gateway, call_of(gateway, payment, ask)).await;
    if let Some(traced) = traced {
        trace(traced, &made);
    }
    note(app, gateway, &made);
    let learned = Learned {
        slip: slip(app, payment, &made.outcome),
        exchange: trail(app, gateway, &made),
        ..learned(payment, &made.call, &made.outcome)
    };
    if changed_a_payment(&made) {
        let now_ns = app.world.monotonic_ns();
        app.metrics.gateways.should_notify(provider.name(), now_ns);
    }
    let since_last_hint = commit(app, learned).await;
    if since_last_hint && is_told(app, payment, &made) {
        app.operations.asked(payment.core().id);
    }
    let wanted = match made.outcome {
        Outcome::NotYet { after } => after,
        Outcome::Answered { .. } | Outcome::NotThisOne | Outcome::NotSent | Outcome::Unknown => {
            Duration::ZERO
        }
    };
    (Rest { wanted }, Some(made.outcome))
}

/// Whether the gateway did what it was asked to: then a notification should follow.
fn changed_a_payment(made: &Made) -> bool {
    let is_asked_to = match made.call.ask {
        Ask::Confirm | Ask::Capture | Ask::Void | Ask::Cancel => true,
        Ask::Inquire { .. } => false,
    };
    let is_done = match &made.outcome {
        Outcome::Answered { fact, .. } => match fact {
            Fact::Authorized { .. }
            | Fact::Taken { .. }
            | Fact::Canceled
            | Fact::AwaitingDeposit { .. } => true,
            Fact::Failed { .. } | Fact::CallRefused { .. } | Fact::Undecided | Fact::Other => false,
        },
        Outcome::NotThisOne | Outcome::NotYet { .. } | Outcome::NotSent | Outcome::Unknown => false,
    };
    is_asked_to && is_done
}

/// Whether the gateway was asked about the payment's state and its answer is now recorded. An answer with less than
/// is known may be older than the notification that is waiting for it.
fn is_told(app: &App, payment: &AnyPayment, made: &Made) -> bool {
    let Outcome::Answered { fact, .. } = &made.outcome else {
        return false;
    };
    let asked = match made.call.ask {
        Ask::Inquire { .. } => true,
        Ask::Confirm | Ask::Capture | Ask::Void | Ask::Cancel => false,
    };
    let known = || {
        let now = app.reader.payment(payment.core().id).ok().flatten()?;
        Some(evidence::is_known(&now.value, fact))
    };
    asked && known() == Some(true)
}

/// Sends the request of a call, reads the response, and reports to the breaker.
async fn make(app: &App, gateway: &dyn Gateway, call: Call) -> Made {
    let mut request = gateway.request(&call);
    if planted::is(Bug::NewKeyPerRetry)
        && let Some(key) = request.headers_mut().get_mut("idempotency-key")
        && let Ok(another) = app.job_id().as_str().parse()
    {
        *key = another;
    }
    let sent = request.body().clone();
    let outbound = Outbound {
        request,
        deadline: gateway.deadline(call.ask),
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let begun_ns = app.world.monotonic_ns();
    let came = app.world.send(outbound).await;
    let now_ns = app.world.monotonic_ns();
    let outcome = gateway.read(&call, &came);
    let health = CallHealth::of(&came, &outcome);
    app.gateways.heard(gateway.provider(), now_ns, health);
    Made {
        call,
        sent,
        came,
        outcome,
        took: Duration::from_nanos(now_ns.saturating_sub(begun_ns)),
    }
}

fn call_of(gateway: &dyn Gateway, payment: &AnyPayment, ask: Ask) -> Call {
    let core = payment.core();
    let outstanding = core.call_in_flight();
    let about = outstanding.and_then(|call| call.core().amounts);
    let sent_before = match outstanding {
        Some(AnyOperation::Unknown(_)) => true,
        Some(AnyOperation::Intended(_) | AnyOperation::Succeeded(_) | AnyOperation::Refused(_))
        | None => false,
    };
    Call {
        ask,
        operation: outstanding.map(|call| call.core().id),
        sent_before,
        other_credentials: plan::made_with_others(core, Some(gateway.credentials())),
        payment: core.id,
        name: core.provider_payment_id.clone(),
        there: core.held_by_gateway(),
        // A call of version 1 did not record its amount: use everything that the gateway has, or the amount to pay.
        amounts: about.unwrap_or_else(|| match ask {
            Ask::Cancel => core.held_by_gateway(),
            Ask::Confirm | Ask::Capture | Ask::Void | Ask::Inquire { .. } => core.amounts,
        }),
    }
}

/// Counts the exchange, and logs it if the operator may have to look.
fn note(app: &App, gateway: &dyn Gateway, made: &Made) {
    let (provider, kind) = (gateway.provider().name(), made.call.ask.kind().name());
    app.metrics.gateways.called(provider, kind, made.took);
    let payment_id = made.call.payment;
    tracing::debug!(
        provider,
        call = kind,
        %payment_id,
        http_status = made.came.as_ref().ok().map(|answer| answer.status().as_u16()),
        status = status(&made.outcome).name(),
        took_us = made.took.as_micros(),
        "gateway called"
    );
    match made.outcome {
        Outcome::Answered { .. } | Outcome::NotThisOne | Outcome::NotYet { .. } => {}
        Outcome::NotSent => {
            tracing::warn!(provider, call = kind, %payment_id, "the gateway cannot be reached");
        }
        Outcome::Unknown => {
            tracing::warn!(provider, call = kind, %payment_id, "the gateway gave no answer");
        }
    }
}

/// An exchange's attributes in its span.
fn trace(mut traced: Traced, made: &Made) {
    let answer = made.came.as_ref().ok();
    let http_status = answer.map(|answer| i64::from(answer.status().as_u16()));
    traced.say("daegeum.payment_id", Some(made.call.payment.to_string()));
    traced.say("http.response.status_code", http_status);
    traced.say("daegeum.status", Some(status(&made.outcome).name()));
    if matches!(made.outcome, Outcome::NotSent | Outcome::Unknown) {
        traced.failed("no answer");
    }
}

fn learned(payment: &AnyPayment, call: &Call, outcome: &Outcome) -> Learned {
    let (news, name, description) = match outcome {
        Outcome::Answered {
            name,
            fact,
            description,
        } => (
            News::Fact(fact.clone()),
            name.clone(),
            Description::clone(description),
        ),
        Outcome::Unknown if planted::is(Bug::UnknownIsFailure) => {
            let code = FailureCode::new("UNKNOWN");
            (
                News::Fact(Fact::Failed { code }),
                None,
                Description::default(),
            )
        }
        Outcome::NotYet { .. } | Outcome::NotThisOne | Outcome::Unknown => {
            (News::None, None, Description::default())
        }
        Outcome::NotSent => (News::NotSent, None, Description::default()),
    };
    let (operation, source) = match call.ask {
        Ask::Inquire { about: None, .. } => (None, Source::Inquiry),
        Ask::Inquire { .. } => (call.operation, Source::Inquiry),
        Ask::Confirm | Ask::Capture | Ask::Void | Ask::Cancel => (call.operation, Source::Answer),
    };
    Learned {
        operation,
        name,
        source,
        paid_with: description.paid_with,
        easy_pay: description.easy_pay,
        ..without_exchange(payment, news)
    }
}

/// Where the gateway shows its own slip, where that is not known yet.
fn slip(app: &App, payment: &AnyPayment, outcome: &Outcome) -> Option<Sealed> {
    let Outcome::Answered { description, .. } = outcome else {
        return None;
    };
    let slip = description.slip.as_ref()?;
    let is_new = payment.core().slip.is_none();
    is_new.then(|| sealed(app, slip.expose().as_bytes()))?
}

/// The news of a call that was not made.
pub(super) fn without_exchange(payment: &AnyPayment, news: News) -> Learned {
    let core = payment.core();
    Learned {
        payment_id: core.id,
        operation: core.operation.as_ref().map(|call| call.core().id),
        name: None,
        news,
        source: Source::Answer,
        paid_with: None,
        easy_pay: None,
        slip: None,
        exchange: None,
        asked_since_hint: false,
    }
}

/// The exchange for the audit trail, redacted.
fn trail(app: &App, gateway: &dyn Gateway, made: &Made) -> Option<Exchange> {
    let content = redacted(gateway, &made.sent, &made.came);
    Some(Exchange {
        call: made.call.ask.kind(),
        status: status(&made.outcome),
        http_status: made
            .came
            .as_ref()
            .ok()
            .map(|answer| answer.status().as_u16()),
        took_ms: u32::try_from(made.took.as_millis()).unwrap_or(u32::MAX),
        content: sealed(app, content.as_bytes())?,
    })
}

const fn status(outcome: &Outcome) -> CallStatus {
    match outcome {
        Outcome::Answered { fact, .. } => match fact {
            Fact::Failed { .. } | Fact::CallRefused { .. } => CallStatus::Failed,
            Fact::Undecided => CallStatus::Pending,
            Fact::Authorized { .. }
            | Fact::Taken { .. }
            | Fact::Canceled
            | Fact::AwaitingDeposit { .. }
            | Fact::Other => CallStatus::Success,
        },
        Outcome::NotSent => CallStatus::Failed,
        Outcome::NotYet { .. } | Outcome::NotThisOne | Outcome::Unknown => CallStatus::Pending,
    }
}

fn redacted(gateway: &dyn Gateway, sent: &[u8], came: &Came) -> String {
    let request = (!sent.is_empty()).then(|| gateway.redact(sent));
    let content = match came {
        Ok(answer) => json!({ "request": request, "response": gateway.redact(answer.body()) }),
        Err(why) => json!({ "request": request, "error": why.to_string() }),
    };
    content.to_string()
}

/// Seals it for the audit trail; if that fails the audit entry is left out, never the gateway's answer.
fn sealed(app: &App, plain: &[u8]) -> Option<Sealed> {
    let sealed = app.seals.seal(RetentionClass::Evidence, plain, app.now());
    let failed = |problem: Problem| tracing::error!(cause = problem.cause(), "sealing failed");
    sealed.map_err(failed).ok()
}

/// Commits the news as soon as the store accepts it. Returns whether it was recorded and no hint came since the
/// gateway was asked.
pub(super) async fn commit(app: &App, learned: Learned) -> bool {
    let (mut learned, mut waits) = (Box::new(learned), false);
    loop {
        let id = app.job_id();
        let payment_id = learned.payment_id;
        // Queued at once: later hints are queued behind it.
        let told = app.operations.before_any_hint(payment_id, |is_hinted| {
            learned.asked_since_hint = !is_hinted;
            app.submit(Asked {
                command: Command::Learn(learned.clone()),
                keyed: None,
                request_id: id.as_str(),
            })
        });
        match told.await {
            Ok(executed) => {
                if let Answer::Rejected { rejection, .. } = &executed.answer {
                    let code = rejection.code();
                    tracing::error!(code, %payment_id, "what a gateway said was refused");
                    return false;
                }
                return learned.asked_since_hint;
            }
            Err(problem) if problem.code() == HttpErrorCode::Stopping.code() => return false,
            Err(problem) => {
                if !std::mem::replace(&mut waits, true) {
                    tracing::warn!(
                        code = problem.code(), %payment_id,
                        "what a gateway said waits for the store"
                    );
                }
            }
        }
        app.world.sleep(COMMIT_AGAIN_AFTER).await;
    }
}
