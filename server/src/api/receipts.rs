//! The signed receipt of a payment, and the public keys that verify it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use daegeum_engine::amounts::{Amounts, Component};
use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::PaymentId;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::receipt::{Claims, Split};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::store::record::Record;
use serde_json::json;

use super::answer;
use super::nothing::NoParameters;
use super::schema::{KeySetSchema, SignedReceiptSchema};
use super::session_view::title_of;
use crate::app::App;
use crate::http::{CheckoutCaller, HttpErrorCode, Problem, Query};
use crate::keyed;

/// Returns the signed receipt of a captured payment: the same bytes each time.
///
/// A receipt proves the capture, not that the money was kept: one issued before a refund still verifies. After a
/// refund none is issued.
#[utoipa::path(get, path = "/api/v1/payments/{payment_id}/receipt", tag = "payments",
    responses((status = 200, body = SignedReceiptSchema)))]
pub async fn get(
    State(app): State<Arc<App>>,
    CheckoutCaller(who): CheckoutCaller,
    Path(payment_id): Path<String>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Response, Problem> {
    let not_found = || answer::problem(&Rejection::PaymentNotFound);
    let id = PaymentId::parse(&payment_id).map_err(|_| not_found())?;
    let found = app.reader.payment(id).map_err(answer::stored)?;
    let payment = found.map(|found| found.value).ok_or_else(not_found)?;
    if !keyed::asker(&who).may_see_payment(payment.core()) {
        return Err(not_found());
    }
    let claims = claims(&app, &payment)?;
    let receipt = app.receipts.sign(&claims).map_err(Problem::internal)?;
    let answer = json!({ "receipt": receipt, "key_id": app.receipts.key_id() });
    answer::json(200, &answer)
}

fn claims(app: &App, payment: &AnyPayment) -> Result<Claims, Problem> {
    let AnyPayment::Captured(taken) = payment else {
        return Err(HttpErrorCode::ReceiptUnavailable.into());
    };
    if taken.detail().is_all_back() {
        return Err(HttpErrorCode::ReceiptUnavailable.into());
    }
    let (core, captured) = (payment.core(), taken.detail().captured);
    let lost = || Problem::internal("a captured payment whose capture is not in its history");
    let taking = taking(app, core.id)?.ok_or_else(lost)?;
    let at = taking.at;
    Ok(Claims {
        iss: app.config.address(),
        iat: at.as_millis() / 1_000,
        payment_id: core.id.to_string(),
        order_id: core.order_id.as_str().to_owned(),
        title: title_of(app, payment)?,
        amount: captured.total().minor(),
        currency: core.amount().currency().code().to_owned(),
        supply: captured.get(Component::Supply),
        vat: captured.get(Component::Vat),
        tax_free: captured.get(Component::TaxFree),
        provider: core.provider.name().to_owned(),
        captured_at: at.to_string(),
        gateway_split: gateway_split(&taking, core.id, &captured),
    })
}

/// The record in which the order took the money.
pub(super) fn taking(app: &App, id: PaymentId) -> Result<Option<Record>, Problem> {
    let found = app.reader.payment(id).map_err(answer::stored)?;
    let taken = found.map_or(0, |found| found.marks.taken);
    if taken == 0 {
        return Ok(None);
    }
    let record = app.reader.record(taken).map_err(answer::stored)?;
    Ok(Some(record))
}

/// The gateway's split of the captured amount, if it differed from the order's.
fn gateway_split(taking: &Record, id: PaymentId, captured: &Amounts) -> Option<Split> {
    let (_, group) = taking.group()?;
    let said = group.events.iter().find_map(|event| match event {
        GroupEvent::Payment(of, PaymentEvent::GatewayDisagreed(said)) if *of == id => said.taken,
        GroupEvent::Payment(..) | GroupEvent::Order(..) => None,
    })?;
    let is_split = said.get(Component::Unsplit) == 0 && said.total() == captured.total();
    is_split.then(|| Split {
        supply: said.get(Component::Supply),
        vat: said.get(Component::Vat),
        tax_free: said.get(Component::TaxFree),
    })
}

/// How long verifiers may cache the keys.
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The public keys that verify receipts: a JWK set, the one in use first.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "payments",
    responses((status = 200, body = KeySetSchema)))]
pub async fn keys(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let mut response = answer::json(200, app.receipts.published())?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, KEEP);
    // Responses to pages have extra headers, so caches must keep them apart.
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    Ok(response)
}
