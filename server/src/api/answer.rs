//! Answers: renders the engine's results as responses, the same bytes each time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use daegeum_engine::event::OrderEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::{OrderId, PaymentId};
use daegeum_engine::idempotency::Answer;
use daegeum_engine::order::{AnyOrder, Contents};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::rejection::Rejection;
use daegeum_engine::store::executor::{Executed, Shown, Since};
use daegeum_engine::store::{StoreError, StoreFailure};
use daegeum_engine::wire::{
    self, FailureView, OrderView, PaymentView, RequestedRefundView, Wording,
};
use serde::Serialize;

use crate::app::App;
use crate::gateway::{self, Explanation};
use crate::http::{HttpErrorCode, Problem};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The response to an executed command.
pub fn of(app: &App, executed: Executed) -> Result<Response, Problem> {
    let Executed {
        answer,
        replayed,
        shown,
        events,
        since: _,
    } = executed;
    let mut response = match answer {
        Answer::Rejected {
            rejection,
            request_id,
            ..
        } => {
            let problem = problem(&rejection).of_request(&request_id);
            axum::response::IntoResponse::into_response(problem)
        }
        Answer::Order {
            status,
            order_id,
            version,
            ..
        } => {
            let (order, first_record) = match shown {
                Some(Shown::Order(order, first_record)) => (*order, first_record),
                _ => past_order(app, &order_id, version)?,
            };
            match registered(events) {
                Some(contents) => json(
                    status,
                    &OrderView {
                        order: &order,
                        contents: &contents,
                    },
                )?,
                None => order_response(app, status, &order, first_record)?,
            }
        }
        Answer::Payment {
            status,
            payment_id,
            version,
            wire,
        } => {
            if let Some(Shown::Payment(payment)) = shown {
                payment_as_of(status, &payment, wire)?
            } else {
                payment_as_of(status, &past_payment(app, payment_id, version)?, wire)?
            }
        }
    };
    if replayed {
        mark_replayed(&mut response);
    }
    Ok(response)
}

/// The part of a request's time that is reserved for writing its answer.
const TO_ANSWER: Duration = Duration::from_millis(500);
/// How long a request waits for a gateway's answer before it returns 202.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The response to a command that may have begun or joined a call to a gateway: the subject as it is when the call
/// has ended, the same bytes for everyone who asks; if the wait is over first, 202 with the present state.
pub async fn when_answered(app: &App, executed: Executed) -> Result<Response, Problem> {
    let ended = match &executed.answer {
        Answer::Payment {
            status: 202,
            payment_id,
            version,
            wire,
        } => {
            let ended = payment_when_answered(app, *payment_id, *version).await?;
            let response = |(status, payment)| payment_as_of(status, &payment, *wire);
            ended.map(response).transpose()?
        }
        Answer::Order {
            status: 202,
            order_id,
            version,
            ..
        } => order_when_answered(app, order_id, *version, executed.since).await?,
        _ => None,
    };
    let Some(mut response) = ended else {
        return of(app, executed);
    };
    if executed.replayed {
        mark_replayed(&mut response);
    }
    Ok(response)
}

/// The payment once its call has ended, with the status that says so; `None` if no gateway is called.
async fn payment_when_answered(
    app: &App,
    id: PaymentId,
    version: u64,
) -> Result<Option<(u16, AnyPayment)>, Problem> {
    let payment = present(app, id)?;
    if !payment.core().provider.capabilities().remote {
        return Ok(None);
    }
    wait_for_call(app, id).await?;
    let after = app.reader.after_call(id, version);
    Ok(Some(match after.map_err(stored)? {
        Some(payment) => (200, payment),
        None => (202, present(app, id)?),
    }))
}

/// The order once the calls have ended that its confirmation or cancellation waits for; `None` if no gateway is
/// called.
async fn order_when_answered(
    app: &App,
    id: &OrderId,
    version: u64,
    since: Since,
) -> Result<Option<Response>, Problem> {
    let order = app.reader.order(id).map_err(stored)?.ok_or_else(gone)?;
    let first_record = order.first_record;
    let mut remote = false;
    for payment in &order.value.core().payments {
        let payment = present(app, *payment)?;
        let called = payment.core().provider.capabilities().remote;
        remote |= called;
        if called && payment.core().operation_in_flight() {
            wait_for_call(app, payment.core().id).await?;
        }
    }
    if !remote {
        return Ok(None);
    }
    let after = app.reader.after_calls(id, version, since);
    let response = if let Some(order) = after.map_err(stored)? {
        order_response(app, 200, &order, first_record)?
    } else {
        let now = app.reader.order(id).map_err(stored)?.ok_or_else(gone)?;
        order_response(app, 202, &now.value, first_record)?
    };
    Ok(Some(response))
}

/// Waits for the payment's call to end, if there is one, within the request's time.
async fn wait_for_call(app: &App, id: PaymentId) -> Result<(), Problem> {
    // Subscribe before looking, so that an end in between is not missed.
    let ended = app.operations.wait_for(id);
    // Must end before the request's own time limit, or the caller would not learn the present state.
    let own = app.config.settings.limits.request_timeout;
    let longest = WAIT_MAX.min(own.saturating_sub(TO_ANSWER));
    if present(app, id)?.core().operation_in_flight() {
        tokio::select! {
            biased;
            _ = ended => {}
            () = app.world.sleep(longest) => {}
        }
    }
    Ok(())
}

fn present(app: &App, id: PaymentId) -> Result<AnyPayment, Problem> {
    let payment = app.reader.payment(id).map_err(stored)?;
    payment.map(|payment| payment.value).ok_or_else(gone)
}

/// Says that the answer was given before.
pub fn mark_replayed(response: &mut Response) {
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
}

/// A rejection as the API shows it.
pub fn problem(rejection: &Rejection) -> Problem {
    let problem = unplaced(rejection);
    let problem = match rejection.minimum_minor() {
        Some(minimum) => problem.with_minimum(minimum),
        None => problem,
    };
    let problem = match rejection.field() {
        Some(field) => problem.at(field, rejection.message()),
        None => problem,
    };
    let problem = match rejection.retry_after_ms() {
        Some(rest_ms) => problem.retry_after(Duration::from_millis(rest_ms)),
        None => problem,
    };
    match (rejection.state(), rejection.permitted()) {
        (Some(state), Some(permitted)) => problem.in_state(state, permitted),
        _ => problem,
    }
}

/// A rejection about a request field that only the handler can name.
pub fn problem_at(rejection: &Rejection, field: &str) -> Problem {
    unplaced(rejection).at(field, rejection.message())
}

fn unplaced(rejection: &Rejection) -> Problem {
    let status = StatusCode::from_u16(rejection.kind().status()).unwrap_or(StatusCode::CONFLICT);
    Problem::new(status, rejection.code(), rejection.message())
}

/// The refusal for a store error: a passing one says when to retry; a failure is ours, and the caller is told only
/// the request id. The log names the journal's operation too.
pub fn stored(error: StoreError) -> Problem {
    match error {
        StoreError::Full(_) => HttpErrorCode::StorageFull.into(),
        StoreError::Index(_) => HttpErrorCode::IndexRebuilding.into(),
        failed @ (StoreError::Damaged(_) | StoreError::Failed(_)) => {
            match failed.failure().and_then(StoreFailure::during) {
                Some(access) => {
                    let name = access.name();
                    Problem::internal(format_args!("journal {name}: {failed}"))
                }
                None => Problem::internal(failed),
            }
        }
    }
}

fn gone() -> Problem {
    Problem::internal("a kept answer is about something that is not there")
}

/// The order's contents, if it was registered just now.
fn registered(events: Vec<GroupEvent>) -> Option<Contents> {
    events.into_iter().find_map(|event| match event {
        GroupEvent::Order(OrderEvent::OrderCreated(created)) => Some(created.contents()),
        GroupEvent::Order(_) | GroupEvent::Payment(..) => None,
    })
}

/// A payment as of `version`.
pub fn past_payment(app: &App, id: PaymentId, version: u64) -> Result<AnyPayment, Problem> {
    let past = app.reader.payment_at(id, version).map_err(stored)?;
    past.ok_or_else(gone)
}

/// An order as of `version`, with the record that registered it.
fn past_order(app: &App, id: &OrderId, version: u64) -> Result<(AnyOrder, u64), Problem> {
    let now = app.reader.order(id).map_err(stored)?.ok_or_else(gone)?;
    let past = app.reader.order_at(id, version).map_err(stored)?;
    Ok((past.ok_or_else(gone)?, now.first_record))
}

/// An order, with its lines from the record that registered it.
pub fn order_response(
    app: &App,
    status: u16,
    order: &AnyOrder,
    first_record: u64,
) -> Result<Response, Problem> {
    let contents = app.reader.contents(first_record).map_err(stored)?;
    json(
        status,
        &OrderView {
            order,
            contents: &contents,
        },
    )
}

/// A payment.
pub fn payment_response(status: u16, payment: &AnyPayment) -> Result<Response, Problem> {
    json(status, &view(payment))
}

/// A payment in the rendering that its answer was given in.
fn payment_as_of(status: u16, payment: &AnyPayment, wire: u8) -> Result<Response, Problem> {
    let view = PaymentView {
        wire,
        ..view(payment)
    };
    json(status, &view)
}

/// The response to a request for a refund: the refund when the gateway has answered, or as it is when the wait is over.
pub async fn refund_when_answered(app: &App, executed: Executed) -> Result<Response, Problem> {
    let Answer::Payment {
        status,
        payment_id,
        version,
        ..
    } = executed.answer
    else {
        return of(app, executed);
    };
    let ended = match status {
        202 => payment_when_answered(app, payment_id, version).await?,
        _ => None,
    };
    let (status, payment) = match (ended, executed.shown) {
        (Some(ended), _) => ended,
        (None, Some(Shown::Payment(payment))) => (status, *payment),
        (None, _) => (status, past_payment(app, payment_id, version)?),
    };
    let mut response = json(status, &RequestedRefundView(&payment))?;
    if executed.replayed {
        mark_replayed(&mut response);
    }
    Ok(response)
}

/// A payment as the API shows it, with its gateway's explanation of a failure.
pub fn view(payment: &AnyPayment) -> PaymentView<'_> {
    let failure = match payment {
        AnyPayment::Failed(failed) => {
            gateway::explain(payment.core().provider, &failed.detail().code)
        }
        _ => None,
    };
    PaymentView {
        payment,
        failure: failure.map(words),
        wire: wire::CURRENT,
    }
}

fn words(said: Explanation) -> FailureView {
    FailureView {
        fault: said.fault.name(),
        retry: said.retry.name(),
        message: Wording {
            ko: said.ko,
            en: said.en,
        },
    }
}

/// Anything as JSON.
pub fn json(status: u16, value: &impl Serialize) -> Result<Response, Problem> {
    let mut bytes = Vec::with_capacity(512);
    serde_json::to_writer(&mut bytes, value).map_err(Problem::internal)?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = StatusCode::from_u16(status).map_err(Problem::internal)?;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

#[cfg(test)]
mod tests {
    use daegeum_engine::store::journal::JournalError;

    use super::*;

    #[test]
    fn a_store_that_refuses_is_503_while_it_passes_and_500_with_its_cause_else() {
        let no_room = JournalError::NoRoom {
            file: "data/journal/00000002.seg".into(),
            needed_bytes: 8_192,
            free_bytes: 0,
        };
        for (error, status, code, cause) in [
            (
                StoreError::preparing(no_room),
                StatusCode::SERVICE_UNAVAILABLE,
                "STORAGE_FULL",
                None,
            ),
            (
                StoreError::Index("a page does not read".to_owned()),
                StatusCode::SERVICE_UNAVAILABLE,
                "INDEX_REBUILDING",
                None,
            ),
            (
                StoreError::Damaged("record 7 does not follow".to_owned()),
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                Some("stored data is damaged: record 7 does not follow"),
            ),
            (
                StoreError::preparing(JournalError::Poisoned),
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                Some(
                    "journal prepare: the store failed: the journal stopped after a failed write or sync; end the \
                     process and start it again",
                ),
            ),
        ] {
            let problem = stored(error);
            assert_eq!((problem.status(), problem.code()), (status, code));
            assert_eq!(problem.cause(), cause);
        }
    }
}
