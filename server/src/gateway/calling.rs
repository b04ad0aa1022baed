//! One exchange with a gateway: what to ask is planned, the call is made, and what it taught is committed.
//!
//! What a gateway said is never lost for want of room: it is committed as soon as the store takes it again. If
//! the program ends before, the gateway is asked after the next start.

use std::sync::Arc;
use std::time::Duration;

use daegeum_engine::amounts::Component;
use daegeum_engine::command::{Command, Exchange, Fact, Hint, Learned, News};
use daegeum_engine::event::{CallStatus, FailureCode, Source};
use daegeum_engine::id::{OperationId, PaymentId};
use daegeum_engine::money::Money;
use daegeum_engine::operation::{AnyOperation, OperationKind};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::payment::PaymentState;
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::sealed::{RetentionClass, Sealed};
use serde_json::json;

use super::breaker::Heard as Health;
use super::operations::Heard;
use super::plan::{self, Next};
use super::{Ask, Call, Gateway, NOT_SENT, Outcome};
use crate::app::{App, Asked};
use crate::http::{HttpErrorCode, Problem};
use crate::world::{Outbound, Undelivered};

/// The longest answer of a gateway that is read.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// How long to rest before what a gateway said is put to the store again.
const COMMIT_AGAIN_AFTER: Duration = Duration::from_millis(200);

type Came = Result<http::Response<bytes::Bytes>, Undelivered>;

/// Takes the next step of a payment's call, or asks how the payment stands if a notification hinted at news.
pub async fn take_up(app: Arc<App>, id: PaymentId) {
    let Some(_place) = app.operations.place().await else {
        return;
    };
    let Some(turn) = app.operations.begin(id) else {
        return;
    };
    let Some(mut payment) = read(&app, id) else {
        return;
    };
    if may_have_been_sent(&app, &payment) {
        commit(&app, without_exchange(&payment, News::None)).await;
        let Some(again) = read(&app, id) else { return };
        payment = again;
    }
    let (asked, heard) = (turn.later.asked, turn.later.heard.clone());
    let Some(gateway) = app.gateways.of(payment.core().provider) else {
        return;
    };
    let now = app.now();
    // A notification hinted at news, or a transfer may have come.
    let worth_asking = heard.is_some() || payment.state() == PaymentState::AwaitingDeposit;
    let how_it_stands = Next::Ask(Ask::Inquire {
        about: None,
        window_over: false,
    });
    let planned = plan::next(&payment, asked, now);
    let Some(next) = planned.or(worth_asking.then_some(how_it_stands)) else {
        return;
    };
    let rest = match next {
        Next::Ask(ask) => exchange(&app, &**gateway, &payment, ask, heard).await,
        Next::NeverSent(kind) => {
            let code = FailureCode::new(NOT_SENT);
            let fact = match kind {
                OperationKind::Cancel => Fact::NotRefunded { code },
                _ => Fact::Failed { code },
            };
            commit(&app, without_exchange(&payment, News::Fact(fact))).await;
            Rest::default()
        }
    };
    // Given back first: what comes due in between can then be taken up.
    drop(turn);
    let made = payment.core().operation.as_ref().map(|call| call.core().id);
    follow_up(&app, id, made, asked, rest);
}

/// How long the gateway wants to be left alone, and the hint that it has not answered.
#[derive(Default)]
struct Rest {
    wanted: Duration,
    unanswered: Option<Heard>,
}

/// Whether an earlier process may have sent the payment's call: it was intended before this one began, whoever
/// asks about it first.
fn may_have_been_sent(app: &App, payment: &AnyPayment) -> bool {
    let started_at = app.operations.started_at();
    match &payment.core().operation {
        Some(AnyOperation::Intended(call)) => call.core().intended_at <= started_at,
        _ => false,
    }
}

fn read(app: &App, id: PaymentId) -> Option<AnyPayment> {
    match app.reader.payment(id) {
        Ok(payment) => payment.map(|payment| payment.value),
        Err(error) => {
            tracing::error!(%error, "a payment cannot be read");
            None
        }
    }
}

/// Makes one exchange and commits what it taught. While the gateway is left alone there is none, and nothing to
/// record.
async fn exchange(
    app: &App,
    gateway: &dyn Gateway,
    payment: &AnyPayment,
    ask: Ask,
    heard: Option<Heard>,
) -> Rest {
    let (provider, now_ns) = (gateway.provider(), app.world.monotonic_ns());
    if !app.gateways.may_call(provider, now_ns) {
        let wanted = app.gateways.left_alone(provider, now_ns);
        return Rest {
            wanted: wanted.unwrap_or_default(),
            unanswered: heard,
        };
    }
    let call = call_of(payment, ask);
    let mut request = gateway.request(&call);
    if planted::is(Bug::NewKeyPerRetry)
        && let Some(key) = request.headers_mut().get_mut("idempotency-key")
        && let Ok(another) = app.job_id().as_str().parse()
    {
        *key = another;
    }
    let sent = request.body().clone();
    let begun_ns = app.world.monotonic_ns();
    let (came, outcome) = send(app, gateway, &call, request).await;
    let took = Duration::from_nanos(app.world.monotonic_ns().saturating_sub(begun_ns));
    note(app, gateway, &call, &outcome, took);
    let content = sealed(app, redacted(gateway, &sent, &came).as_bytes());
    let mut learned = learned(payment, &call, &outcome);
    learned.exchange = content.map(|content| Exchange {
        call: ask.kind(),
        status: status(&outcome),
        http_status: came.as_ref().ok().map(|answer| answer.status().as_u16()),
        took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        content,
    });
    // A call sent again is answered as it was the first time: only an inquiry can know what the hint was about.
    let follows = matches!(ask, Ask::Inquire { .. });
    learned.hint = heard
        .as_ref()
        .filter(|_| follows)
        .and_then(|heard| hint(app, heard));
    commit(app, learned).await;
    let (answered, wanted) = match outcome {
        // That nothing is new is an answer too; where it wants to be left alone it said nothing.
        Outcome::Answered { .. } | Outcome::NotYet { after: None } => (true, Duration::ZERO),
        Outcome::NotYet { after: Some(after) } => (false, after),
        Outcome::NotSent | Outcome::Unknown => (false, Duration::ZERO),
    };
    Rest {
        wanted,
        unanswered: heard.filter(|_| !(answered && follows)),
    }
}

/// Counts the call, and logs what somebody may have to look at.
fn note(app: &App, gateway: &dyn Gateway, call: &Call, outcome: &Outcome, took: Duration) {
    let (provider, kind) = (gateway.provider().name(), call.ask.kind().name());
    app.metrics.gateways.called(provider, kind, took);
    let payment_id = call.payment;
    match outcome {
        Outcome::Answered { .. } | Outcome::NotYet { .. } => {}
        Outcome::NotSent => {
            tracing::warn!(provider, call = kind, %payment_id, "the gateway cannot be reached");
        }
        Outcome::Unknown => {
            tracing::warn!(provider, call = kind, %payment_id, "the gateway gave no answer");
        }
    }
}

/// Sends the request of a call and reads what comes.
async fn send(
    app: &App,
    gateway: &dyn Gateway,
    call: &Call,
    request: http::Request<bytes::Bytes>,
) -> (Came, Outcome) {
    let outbound = Outbound {
        request,
        deadline: gateway.deadline(call.ask),
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let came = app.world.send(outbound).await;
    let outcome = gateway.read(call, &came);
    let health = Health::of(&came, &outcome);
    app.gateways
        .heard(gateway.provider(), app.world.monotonic_ns(), health);
    (came, outcome)
}

fn call_of(payment: &AnyPayment, ask: Ask) -> Call {
    let core = payment.core();
    let outstanding = core.operation.as_ref().filter(|call| call.in_flight());
    Call {
        ask,
        operation: outstanding.map(|call| call.core().id),
        sent_before: matches!(outstanding, Some(AnyOperation::Unknown(_))),
        payment: core.id,
        name: core.provider_payment_id.clone(),
        amount: money_of(payment),
        tax_free: core.amounts.get(Component::TaxFree),
    }
}

/// What the gateway has of this payment: what it took, where that is not what was asked.
fn money_of(payment: &AnyPayment) -> Money {
    match payment {
        AnyPayment::Mismatched(aside) => aside.detail().received,
        other => other.core().amount(),
    }
}

fn learned(payment: &AnyPayment, call: &Call, outcome: &Outcome) -> Learned {
    let (news, name) = match outcome {
        Outcome::Answered { name, fact } => (News::Fact(fact.clone()), name.clone()),
        Outcome::Unknown if planted::is(Bug::UnknownIsFailure) => {
            let code = FailureCode::new("UNKNOWN");
            (News::Fact(Fact::Failed { code }), None)
        }
        Outcome::NotYet { .. } | Outcome::Unknown => (News::None, None),
        Outcome::NotSent => (News::NotSent, None),
    };
    let (operation, source) = match call.ask {
        Ask::Inquire { about: None, .. } => (None, Source::Inquiry),
        Ask::Inquire { .. } => (call.operation, Source::Inquiry),
        Ask::Confirm | Ask::Cancel => (call.operation, Source::Answer),
    };
    Learned {
        operation,
        name,
        source,
        ..without_exchange(payment, news)
    }
}

/// What is known of a call without having made one.
fn without_exchange(payment: &AnyPayment, news: News) -> Learned {
    let core = payment.core();
    Learned {
        payment_id: core.id,
        operation: core.operation.as_ref().map(|call| call.core().id),
        name: None,
        news,
        source: Source::Answer,
        exchange: None,
        hint: None,
    }
}

const fn status(outcome: &Outcome) -> CallStatus {
    match outcome {
        Outcome::Answered {
            fact: Fact::Failed { .. } | Fact::NotRefunded { .. },
            ..
        }
        | Outcome::NotSent => CallStatus::Failed,
        Outcome::Answered { .. } => CallStatus::Success,
        Outcome::NotYet { .. } | Outcome::Unknown => CallStatus::Pending,
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

/// Sealed for the audit trail; what cannot be sealed is left out, never what the gateway said.
fn sealed(app: &App, plain: &[u8]) -> Option<Sealed> {
    let sealed = app.seals.seal(RetentionClass::Evidence, plain, app.now());
    let failed = |problem: Problem| tracing::error!(cause = problem.cause(), "sealing failed");
    sealed.map_err(failed).ok()
}

fn hint(app: &App, heard: &Heard) -> Option<Hint> {
    Some(Hint {
        hash: heard.hash,
        heard_at: heard.at,
        from: sealed(app, heard.from.to_string().as_bytes())?,
    })
}

/// Commits what was learned, as soon as the store takes it.
pub async fn commit(app: &App, learned: Learned) {
    let learned = Box::new(learned);
    loop {
        let id = app.job_id();
        let asked = Asked {
            command: Command::Learn(learned.clone()),
            keyed: None,
            request_id: id.as_str(),
        };
        match app.execute(asked).await {
            Ok(_) => return,
            Err(problem) if problem.code() == HttpErrorCode::Stopping.code() => return,
            Err(problem) => {
                tracing::warn!(
                    code = problem.code(),
                    "what a gateway said waits for the store"
                );
            }
        }
        app.world.sleep(COMMIT_AGAIN_AFTER).await;
    }
}

/// A call without an answer is asked about later, and so is what a hint was about. A call that was intended while
/// the turn was taken, mostly by what this exchange taught, is made at once: whoever took it up then found the turn
/// taken.
fn follow_up(app: &App, id: PaymentId, made: Option<OperationId>, asked: u32, rest: Rest) {
    let Some(payment) = read(app, id) else { return };
    let now = app.now();
    let call = payment.core().operation.as_ref();
    let call = call
        .filter(|call| call.in_flight())
        .map(|call| call.core().id);
    let (asked, least) = match call {
        Some(call) if Some(call) != made => {
            app.operations.begin_soon(id);
            (0, Duration::ZERO)
        }
        Some(_) => (asked.saturating_add(1), plan::rest(&payment, asked, now)),
        // The gateway has been told that it was heard and does not say it again.
        None if rest.unanswered.is_some() && asked < plan::HINT_FOLLOWED_MAX => {
            (asked.saturating_add(1), plan::rest_after_hint(asked))
        }
        None => return,
    };
    let rest_ms = u64::try_from(least.max(rest.wanted).as_millis()).unwrap_or(u64::MAX);
    app.operations
        .ask_later(id, asked, now.plus_millis(rest_ms), rest.unanswered);
}

/// Notes that a call which was begun before this start has no answer, and has it asked about.
pub async fn resume(app: &App, payment: &AnyPayment) {
    let core = payment.core();
    if app.operations.knows(core.id) || app.gateways.of(core.provider).is_none() {
        return;
    }
    if matches!(core.operation, Some(AnyOperation::Intended(_))) {
        commit(app, without_exchange(payment, News::None)).await;
    }
    app.operations.ask_later(core.id, 1, app.now(), None);
}
