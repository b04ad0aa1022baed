//! Payments: beginning, reading, listing, capturing, canceling, and finishing one at the mock gateway.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use daegeum_engine::command::{Command, MockResult};
use daegeum_engine::event::Provider;
use daegeum_engine::id::{OrderId, PaymentId};
use daegeum_engine::idempotency::{Answer, hash16};
use daegeum_engine::money::Currency;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::rejection::Rejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::nothing::{NoParameters, Nothing};
use super::page::{PageView, PaymentQuery};
use super::schema::{PageSchema, PaymentSchema, TransactionsSchema};
use super::transactions::TransactionsQuery;
use super::{answer, orders, transactions, vocabulary};
use crate::app::{App, Asked};
use crate::http::{
    Backend, BodyKey, Caller, HttpErrorCode, Integer, Json, KeyHeader, Office, OptionalJson, Payer,
    Principal, Problem, Query, RequestContext,
};
use crate::keyed;

/// A payment to begin.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment {
    /// The order to pay.
    #[schema(value_type = vocabulary::OrderId)]
    order_id: String,
    /// The order's total; 0 for a free order.
    #[schema(value_type = vocabulary::MinorUnits)]
    amount: Integer,
    /// The idempotency key: 1 to 255 printable ASCII characters; it may be sent in the header `Idempotency-Key`
    /// instead.
    #[serde(default, skip_serializing_if = "BodyKey::is_beside_the_request")]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
    /// The gateway, in upper or lower case; `MOCK` if it is enabled. For a free order it is always `FREE`, and the
    /// payment is captured at once.
    #[serde(default)]
    #[schema(example = "MOCK", pattern = "^[A-Za-z0-9_]{1,32}$")]
    provider: Option<String>,
}

/// Begins a payment for an order.
#[utoipa::path(post, path = "/api/v1/payments", tag = "payments",
    responses((status = 201, body = PaymentSchema)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Payer(who): Payer,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Json(body): Json<CreatePayment>,
) -> Result<Response, Problem> {
    let fingerprint = keyed::fingerprint("POST /api/v1/payments", &body)?;
    let key = keyed::required(&headers, &body.idempotency_key, &who, fingerprint)?;
    let command = match body.check(&app, &who) {
        Ok(command) => command,
        Err(problem) => {
            app.witness.counters.create_refused();
            return Err(problem);
        }
    };
    let asked = Asked {
        command,
        keyed: Some(key.parts()),
        request_id: context.id.as_str(),
    };
    let executed = app.execute(asked).await?;
    if matches!(executed.answer, Answer::Rejected { .. }) {
        app.witness.counters.create_refused();
    }
    answer::of(&app, executed)
}

impl CreatePayment {
    fn check(self, app: &App, who: &Principal) -> Result<Command, Problem> {
        let no_order = |_| answer::problem(&Rejection::OrderNotFound);
        let order_id = OrderId::parse(&self.order_id).map_err(no_order)?;
        let amount = orders::amount(self.amount, Currency::Krw, "amount")?;
        let named = self.provider.as_deref();
        let provider = named.map_or(Some(Provider::Mock), Provider::from_name);
        let provider = provider.filter(|provider| app.takes(*provider));
        if named.is_some() && provider.is_none() {
            return Err(answer::problem(&Rejection::ProviderUnavailable));
        }
        Ok(Command::CreatePayment {
            asker: keyed::asker(who),
            order_id,
            amount,
            provider,
        })
    }
}

/// Reads a payment.
#[utoipa::path(get, path = "/api/v1/payments/{payment_id}", tag = "payments",
    responses((status = 200, body = PaymentSchema)))]
pub async fn get(
    State(app): State<Arc<App>>,
    Caller(who): Caller,
    Path(payment_id): Path<String>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Response, Problem> {
    let payment = find(&app, &payment_id)?;
    if !keyed::asker(&who).may_see_payment(payment.core()) {
        return Err(not_found());
    }
    answer::payment_response(200, &payment)
}

fn find(app: &App, payment_id: &str) -> Result<AnyPayment, Problem> {
    let found = app
        .reader
        .payment(parse(payment_id)?)
        .map_err(answer::stored)?;
    found.map(|payment| payment.value).ok_or_else(not_found)
}

/// The id in a path; a malformed id is answered like an unknown payment.
pub fn parse(payment_id: &str) -> Result<PaymentId, Problem> {
    PaymentId::parse(payment_id).map_err(|_| not_found())
}

fn not_found() -> Problem {
    answer::problem(&Rejection::PaymentNotFound)
}

/// Lists payments, newest first.
#[utoipa::path(get, path = "/api/v1/payments", tag = "payments",
    responses((status = 200, body = PageSchema)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Office(_): Office,
    Query(query): Query<PaymentQuery>,
) -> Result<Response, Problem> {
    let asked = query.check()?;
    let page = app
        .reader
        .payments(&asked.filter, asked.before, asked.limit)
        .map_err(answer::stored)?;
    answer::json(200, &PageView(page))
}

/// The events of a payment, oldest first.
#[utoipa::path(get, path = "/api/v1/payments/{payment_id}/transactions", tag = "payments",
    responses((status = 200, body = TransactionsSchema)))]
pub async fn transactions(
    State(app): State<Arc<App>>,
    Office(_): Office,
    Path(payment_id): Path<String>,
    Query(query): Query<TransactionsQuery>,
) -> Result<Response, Problem> {
    let payment = app.reader.payment(parse(&payment_id)?);
    let payment = payment.map_err(answer::stored)?.ok_or_else(not_found)?;
    transactions::of(&app, &payment, &query)
}

/// Captures the authorized money of a payment.
#[utoipa::path(post, path = "/api/v1/payments/{payment_id}/capture", tag = "payments",
    responses((status = 200, body = PaymentSchema), (status = 202, body = PaymentSchema)))]
pub async fn capture(
    State(app): State<Arc<App>>,
    Backend(who): Backend,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(payment_id): Path<String>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Response, Problem> {
    let command = Command::CapturePayment {
        payment_id: parse(&payment_id)?,
    };
    act(
        &app,
        (&context, &headers, &who, body.key()),
        command,
        &["capture", &payment_id],
    )
    .await
}

/// Cancels a payment, releases its hold, closes its deposit account, or refunds all of its money. An order that was
/// not paid yet can be paid by another payment; a paid order is refunded.
#[utoipa::path(post, path = "/api/v1/payments/{payment_id}/cancel", tag = "payments",
    responses((status = 200, body = PaymentSchema), (status = 202, body = PaymentSchema)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Payer(who): Payer,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(payment_id): Path<String>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Response, Problem> {
    let command = Command::CancelPayment {
        asker: keyed::asker(&who),
        payment_id: parse(&payment_id)?,
    };
    act(
        &app,
        (&context, &headers, &who, body.key()),
        command,
        &["cancel", &payment_id],
    )
    .await
}

/// The outcome of a payment at the mock gateway.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteMock {
    result: MockWord,
    /// The idempotency key; it may be sent in the header `Idempotency-Key` instead.
    #[serde(default)]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum MockWord {
    /// The gateway captures, or authorizes, the money.
    Success,
    /// The gateway refuses.
    Fail,
    /// No answer comes: the outcome is unknown until a notification or another call tells it.
    NoAnswer,
}

/// Finishes a payment at the mock gateway, as its buyer and the gateway would.
#[utoipa::path(post, path = "/api/v1/payments/{payment_id}/mock/complete", tag = "mock",
    responses((status = 200, body = PaymentSchema), (status = 202, body = PaymentSchema)))]
pub async fn complete_mock(
    State(app): State<Arc<App>>,
    Backend(who): Backend,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(payment_id): Path<String>,
    Json(body): Json<CompleteMock>,
) -> Result<Response, Problem> {
    if !app.takes(Provider::Mock) {
        return Err(HttpErrorCode::NotFound.into());
    }
    let (result, word) = match body.result {
        MockWord::Success => (MockResult::Success, "success"),
        MockWord::Fail => (MockResult::Fail, "fail"),
        MockWord::NoAnswer => (MockResult::NoAnswer, "no_answer"),
    };
    let command = Command::CompleteMock {
        payment_id: parse(&payment_id)?,
        result,
    };
    act(
        &app,
        (&context, &headers, &who, &body.idempotency_key),
        command,
        &["mock/complete", &payment_id, word],
    )
    .await
}

async fn act(
    app: &App,
    (context, headers, who, body_key): (&RequestContext, &HeaderMap, &Principal, &BodyKey),
    command: Command,
    request: &[&str],
) -> Result<Response, Problem> {
    let parts: Vec<&[u8]> = request.iter().map(|part| part.as_bytes()).collect();
    let key = keyed::optional(headers, body_key, who, hash16(&parts))?;
    let asked = Asked {
        command,
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    answer::when_answered(app, app.execute(asked).await?).await
}
