//! The buyer's return: the browser's parameters are checked before anything is sent, and the payment is confirmed
//! once, however often and from however many tabs that is requested.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use daegeum_engine::brought_back::Approved;
use daegeum_engine::command::Command;
use daegeum_engine::event::ProviderPaymentId;
use daegeum_engine::id::PaymentId;
use daegeum_engine::idempotency::Answer;
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::sealed::{RetentionClass, Sealed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::schema::PaymentSchema;
use super::{answer, vocabulary};
use crate::app::{App, Asked};
use crate::http::{
    BodyKey, CheckoutCaller, HttpErrorCode, Integer, Json, KeyHeader, Principal, Problem,
    RequestContext,
};
use crate::keyed;

/// The parameters that the gateway's window gave the browser.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BroughtBack {
    /// The gateway's name for the payment (`paymentKey`).
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]{1,200}$")]
    payment_key: String,
    /// The order number that the gateway was given (`orderId`): our `payment_id`.
    #[schema(value_type = vocabulary::PaymentId)]
    order_id: String,
    /// The amount to pay as the browser got it, in won.
    #[schema(value_type = vocabulary::PositiveMinorUnits)]
    amount: Integer,
    /// The idempotency key; it may be sent in the header `Idempotency-Key` instead.
    #[serde(default, skip_serializing_if = "BodyKey::is_beside_the_request")]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
}

impl BroughtBack {
    /// A malformed id or amount and another payment's id get the same answer, so callers cannot probe for ids.
    fn approved(self) -> Result<(PaymentId, Approved), Rejection> {
        let mismatched = || Rejection::ReturnMismatched;
        let payment = PaymentId::parse(&self.order_id).map_err(|_| mismatched())?;
        let approved = Approved {
            payment_key: self.payment_key,
            order_id: self.order_id,
            amount: u64::try_from(self.amount.get()).map_err(|_| mismatched())?,
        };
        Ok((payment, approved))
    }
}

/// The checked parameters, with their payment.
struct MatchedReturn {
    payment: AnyPayment,
    approved: Approved,
}

/// Compares the returned parameters with the payment. Nothing is sent and nothing moves.
#[utoipa::path(post, path = "/api/v1/payments/verify", tag = "checkout",
    responses((status = 200, body = PaymentSchema)))]
pub async fn verify(
    State(app): State<Arc<App>>,
    CheckoutCaller(who): CheckoutCaller,
    Json(body): Json<BroughtBack>,
) -> Result<Response, Problem> {
    let MatchedReturn { payment, approved } = returned(&app, &who, body)?;
    let core = payment.core();
    let name = compared(&app, &payment, &approved)?;
    // A confirmed payment has the gateway's name; before that, any well-formed name may be right.
    if core
        .provider_payment_id
        .as_ref()
        .is_some_and(|known| *known != name)
    {
        return Err(mismatched(&app, Some(core.id)));
    }
    answer::payment_response(200, &payment)
}

/// Confirms a payment that the buyer has approved at the gateway.
///
/// 200 with the payment after the gateway's answer (`CAPTURED`, or `FAILED` with a text for the buyer); 202 if there
/// is no answer within ten seconds: the call continues; read the payment again.
#[utoipa::path(post, path = "/api/v1/payments/confirm", tag = "checkout",
    responses((status = 200, body = PaymentSchema), (status = 202, body = PaymentSchema)))]
pub async fn confirm(
    State(app): State<Arc<App>>,
    CheckoutCaller(who): CheckoutCaller,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Json(body): Json<BroughtBack>,
) -> Result<Response, Problem> {
    let fingerprint = keyed::fingerprint("POST /api/v1/payments/confirm", &body)?;
    let key = keyed::optional(&headers, &body.idempotency_key, &who, fingerprint)?;
    let MatchedReturn { payment, approved } = returned(&app, &who, body)?;
    // Compared here already, so that a tampered return leaves no record; the engine compares it again.
    let name = compared(&app, &payment, &approved)?;
    refuse_unreachable(&app, &payment)?;
    let asked = Asked {
        command: Command::ConfirmPayment {
            asker: keyed::asker(&who),
            payment_id: payment.core().id,
            name,
            amount: won(&app, approved.amount)?,
            brought: sealed(&app, &payment, &approved)?,
        },
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    let executed = app.execute(asked).await?;
    if let Answer::Rejected {
        rejection: Rejection::ReturnMismatched,
        ..
    } = executed.answer
    {
        app.metrics.payments.returns_mismatched.inc();
    }
    answer::when_answered(&app, executed).await
}

fn returned(app: &App, who: &Principal, body: BroughtBack) -> Result<MatchedReturn, Problem> {
    let (id, approved) = body.approved().map_err(|_| mismatched(app, None))?;
    let found = app.reader.payment(id).map_err(answer::stored)?;
    let seen = found.filter(|found| keyed::asker(who).may_see_payment(found.value.core()));
    let payment = match (seen, who) {
        (Some(payment), _) => payment,
        // A session's token with another payment's return means tampering.
        (None, Principal::Session(_)) => return Err(mismatched(app, None)),
        (
            None,
            Principal::Merchant(_)
            | Principal::Admin(_)
            | Principal::Scraper(_)
            | Principal::Buyer(_),
        ) => {
            return Err(answer::problem(&Rejection::PaymentNotFound));
        }
    };
    Ok(MatchedReturn {
        payment: payment.value,
        approved,
    })
}

/// All returned parameters, in the gateway's form, for the records.
fn sealed(app: &App, payment: &AnyPayment, approved: &Approved) -> Result<Sealed, Problem> {
    let brought = json!({
        "provider": payment.core().provider.name(),
        "paymentKey": approved.payment_key,
        "orderId": approved.order_id,
        "amount": approved.amount,
    });
    let plain = brought.to_string();
    app.seals
        .seal(RetentionClass::Evidence, plain.as_bytes(), app.now())
}

/// The gateway's name for the payment, if the return belongs to the payment.
fn compared(
    app: &App,
    payment: &AnyPayment,
    approved: &Approved,
) -> Result<ProviderPaymentId, Problem> {
    let core = payment.core();
    let expected = if planted::is(Bug::ReturnNotCompared) {
        won(app, approved.amount)?
    } else {
        core.amount()
    };
    let name = approved.compare(core.id, expected);
    name.map_err(|_| mismatched(app, Some(core.id)))
}

fn won(app: &App, minor: u64) -> Result<Money, Problem> {
    Money::new(minor, Currency::Krw).map_err(|_| mismatched(app, None))
}

fn mismatched(app: &App, id: Option<PaymentId>) -> Problem {
    app.metrics.payments.returns_mismatched.inc();
    if let Some(payment_id) = id {
        tracing::warn!(%payment_id, "a browser brought back what does not match the payment");
    }
    answer::problem(&Rejection::ReturnMismatched)
}

/// While the gateway is known to be unreachable, the buyer is told at once and nothing is begun.
fn refuse_unreachable(app: &App, payment: &AnyPayment) -> Result<(), Problem> {
    let core = payment.core();
    if core.operation.is_some() {
        return Ok(());
    }
    match app
        .gateways
        .left_alone(core.provider, app.world.monotonic_ns())
    {
        None => Ok(()),
        Some(wait) => Err(Problem::from(HttpErrorCode::GatewayUnavailable).retry_after(wait)),
    }
}
