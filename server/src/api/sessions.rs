//! Sessions: a buyer's view of one payment. Begun by the merchant's backend or the buyer, read and prepared by
//! whoever holds the session's token.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use daegeum_engine::command::{Command, NewSession};
use daegeum_engine::event::Provider;
use daegeum_engine::id::{OrderId, SessionId};
use daegeum_engine::idempotency::{Answer, hash16};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::rejection::Rejection;
use daegeum_engine::sealed::{RetentionClass, Sealed};
use daegeum_engine::store::executor::{Executed, Shown};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::nothing::{NoParameters, Nothing};
use super::schema::{PreparedSchema, ProblemSchema, SessionSchema};
use super::session_view::SessionView;
use super::{answer, contact};
use crate::app::{App, Asked};
use crate::config::WebOrigin;
use crate::gateway::{Customer, Method};
use crate::http::{
    BodyKey, Checkout, HttpErrorCode, Json, OptionalJson, Payer, Principal, Problem, Query,
    RequestContext,
};
use crate::keyed;

/// A checkout to begin.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The order to pay. What is to be paid is the order's total.
    #[schema(example = "ORD-20260101-0001")]
    order_id: String,
    /// Through which gateway; without one, the first that takes payments here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "TOSS")]
    provider: Option<String>,
    /// How the buyer means to pay; `card` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    /// At most 60 characters. Stored sealed, like the two below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "김하나")]
    buyer_name: Option<String>,
    /// A mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "hana@example.com")]
    buyer_email: Option<String>,
    /// A telephone number: 8 to 15 digits, hyphens and spaces are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "010-0000-0000")]
    buyer_tel: Option<String>,
    /// Where the buyer comes back to; its origin is one of `checkout.redirect_origins`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://shop.example/return")]
    redirect_url: Option<String>,
    /// Makes repeating recognisable; or in the header `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "BodyKey::is_beside_the_request")]
    #[schema(value_type = Option<String>)]
    idempotency_key: BodyKey,
}

/// Begins a checkout: a payment of the order's total, with a token for the buyer's browser.
///
/// The token opens this session alone. Hand it to the browser in the URL's fragment, where no server logs it.
#[utoipa::path(post, path = "/api/v1/payments/sessions", tag = "checkout", request_body = CreateSession,
    params(("Idempotency-Key" = Option<String>, Header)), security(("merchant" = []), ("buyer" = [])),
    responses((status = 201, body = SessionSchema), (status = "4XX", body = ProblemSchema)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Payer(who): Payer,
    context: RequestContext,
    headers: HeaderMap,
    Json(body): Json<CreateSession>,
) -> Result<Response, Problem> {
    let fingerprint = keyed::fingerprint("POST /api/v1/payments/sessions", &body)?;
    let key = keyed::optional(&headers, &body.idempotency_key, &who, fingerprint)?;
    let asked = Asked {
        command: body.check(&app, &who)?,
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    let executed = app.execute(asked).await?;
    shown(&app, executed, true)
}

impl CreateSession {
    fn check(self, app: &App, who: &Principal) -> Result<Command, Problem> {
        let refuse = |rejection: Rejection| answer::problem(&rejection);
        let order_id =
            OrderId::parse(&self.order_id).map_err(|_| refuse(Rejection::OrderNotFound))?;
        let provider = provider(app, self.provider.as_deref())
            .ok_or_else(|| refuse(Rejection::ProviderUnavailable))?;
        let contact = contact::check(self.buyer_name, self.buyer_email, self.buyer_tel)?;
        if self
            .redirect_url
            .as_ref()
            .is_some_and(|url| !may_return_to(app, url))
        {
            let not_listed = "Its origin is not one of checkout.redirect_origins.";
            return Err(Problem::from(HttpErrorCode::InvalidValue).at("redirect_url", not_listed));
        }
        let buyer = contact.map(|contact| seal(app, &contact)).transpose()?;
        Ok(Command::OpenSession {
            asker: keyed::asker(who),
            order_id,
            provider,
            session: NewSession {
                method: self.method.map(|method| method.name().into()),
                redirect_url: self.redirect_url.map(Into::into),
                buyer,
            },
        })
    }
}

/// The named gateway, or the first that has a window for buyers, if it takes payments here.
fn provider(app: &App, name: Option<&str>) -> Option<Provider> {
    match name {
        Some(name) => Provider::from_name(name).filter(|one| app.gateways.of(*one).is_some()),
        None => app.gateways.all().next().map(|gateway| gateway.provider()),
    }
}

fn may_return_to(app: &App, url: &str) -> bool {
    let settings = &app.config.settings;
    let own = match &settings.server.public_url {
        Some(own) => WebOrigin::of(own.as_str()),
        None => WebOrigin::of(&format!("http://{}", settings.server.listen)),
    };
    let Some(origin) = WebOrigin::of(url).filter(|_| url.len() <= 2_000) else {
        return false;
    };
    own.as_ref() == Some(&origin) || settings.checkout.redirect_origins.contains(&origin)
}

fn seal(app: &App, contact: &Customer) -> Result<Sealed, Problem> {
    let plain = serde_json::to_vec(contact).map_err(Problem::internal)?;
    app.seals.seal(RetentionClass::Buyer, &plain, app.now())
}

/// Reads a checkout.
#[utoipa::path(get, path = "/api/v1/payments/sessions/{session_id}", tag = "checkout", params(("session_id" = String, Path)),
    security(("merchant" = []), ("buyer" = []), ("session" = [])),
    responses((status = 200, body = SessionSchema), (status = "4XX", body = ProblemSchema)))]
pub async fn get(
    State(app): State<Arc<App>>,
    Checkout(who): Checkout,
    Path(session_id): Path<String>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Response, Problem> {
    let payment = find(&app, &who, &session_id)?;
    answer::json(200, &SessionView::of(&app, &payment, app.now()))
}

/// The payment of a session that exists for the caller.
fn find(app: &App, who: &Principal, session_id: &str) -> Result<AnyPayment, Problem> {
    let not_found = || answer::problem(&Rejection::PaymentNotFound);
    let id = SessionId::parse(session_id).map_err(|_| not_found())?;
    let payment = app.reader.payment(id.payment()).map_err(answer::stored)?;
    let payment = payment.map(|found| found.value).ok_or_else(not_found)?;
    let core = payment.core();
    if core.session_until.is_none() || !keyed::asker(who).may_see_payment(core) {
        return Err(not_found());
    }
    Ok(payment)
}

/// Lets the buyer pay, and tells the browser what it needs to open the gateway's window.
#[utoipa::path(post, path = "/api/v1/payments/sessions/{session_id}/prepare", tag = "checkout", params(("session_id" = String, Path)),
    security(("merchant" = []), ("buyer" = []), ("session" = [])),
    responses((status = 200, body = PreparedSchema), (status = "4XX", body = ProblemSchema)))]
pub async fn prepare(
    State(app): State<Arc<App>>,
    Checkout(who): Checkout,
    context: RequestContext,
    headers: HeaderMap,
    Path(session_id): Path<String>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Response, Problem> {
    let payment = find(&app, &who, &session_id)?;
    let fingerprint = hash16(&[b"sessions", b"prepare", session_id.as_bytes()]);
    let key = keyed::optional(&headers, body.key(), &who, fingerprint)?;
    let asked = Asked {
        command: Command::PreparePayment {
            asker: keyed::asker(&who),
            payment_id: payment.core().id,
        },
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    let executed = app.execute(asked).await?;
    if matches!(executed.answer, Answer::Rejected { .. }) {
        return answer::of(&app, executed);
    }
    let payment = find(&app, &who, &session_id)?;
    let view = SessionView::of(&app, &payment, app.now());
    answer::json(200, &view.with_window(&app)?)
}

/// The session that a command was about.
fn shown(app: &App, executed: Executed, with_token: bool) -> Result<Response, Problem> {
    let Answer::Payment {
        status,
        payment_id,
        version,
        ..
    } = executed.answer
    else {
        return answer::of(app, executed);
    };
    let payment = match executed.shown {
        Some(Shown::Payment(payment)) => payment,
        _ => answer::past_payment(app, payment_id, version)?,
    };
    // As of the answer, not of the clock: given again, it is the same.
    let at = payment.core().updated_at;
    let view = SessionView::of(app, &payment, at);
    let view = if with_token {
        view.with_token(app)
    } else {
        view
    };
    let mut response = answer::json(status, &view)?;
    if executed.replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
