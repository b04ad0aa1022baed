//! Sessions: a buyer's view of one payment. Begun by the merchant's backend or the buyer, read and prepared by
//! whoever holds the session's token.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use daegeum_engine::command::{Command, NewSession};
use daegeum_engine::event::{PaymentEvent, Provider, SessionOpened};
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::{OrderId, SessionId};
use daegeum_engine::idempotency::{Answer, hash16};
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::rejection::Rejection;
use daegeum_engine::sealed::{RetentionClass, Sealed};
use daegeum_engine::session::SessionStatus;
use daegeum_engine::store::executor::{Executed, Shown};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::nothing::{NoParameters, Nothing};
use super::schema::{PreparedSchema, ProblemSchema, SessionSchema};
use super::{answer, contact};
use crate::app::{App, Asked};
use crate::config::WebOrigin;
use crate::gateway::{Customer, Method, Offer};
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
    let own = settings.server.public_url.as_ref();
    let own = own.and_then(|own| WebOrigin::of(own.as_str()));
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
    answer::json(200, &view(&app, &payment, app.now(), false)?)
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
    let mut prepared = view(&app, &payment, app.now(), false)?;
    prepared["window"] = window(&app, &payment)?;
    answer::json(200, &prepared)
}

/// What the gateway's window is opened with.
fn window(app: &App, payment: &AnyPayment) -> Result<Value, Problem> {
    let core = payment.core();
    let lost = || Problem::internal("a session whose beginning is not in its history");
    let gateway = app.gateways.of(core.provider);
    let gateway = gateway.ok_or_else(|| answer::problem(&Rejection::ProviderUnavailable))?;
    let opened = opened(app, payment)?.ok_or_else(lost)?;
    let customer = match &opened.buyer {
        Some(sealed) if !core.erased => app.seals.open(sealed),
        _ => None,
    };
    let customer = customer.and_then(|text| serde_json::from_str(&text).ok());
    let order = app.reader.order(&core.order_id).map_err(answer::stored)?;
    let order = order.ok_or_else(lost)?;
    let lines = app
        .reader
        .lines(order.first_record)
        .map_err(answer::stored)?;
    Ok(gateway.window(&Offer {
        payment: core.id,
        amount: core.amount(),
        tax_free: core
            .amounts
            .get(daegeum_engine::amounts::Component::TaxFree),
        title: title(&lines),
        customer_key: customer_key(core.buyer_id.as_str()),
        customer: customer.unwrap_or_default(),
        method: opened
            .method
            .as_deref()
            .and_then(Method::from_name)
            .unwrap_or(Method::Card),
        return_to: opened.redirect_url.as_deref(),
    }))
}

/// How the session was begun.
fn opened(app: &App, payment: &AnyPayment) -> Result<Option<SessionOpened>, Problem> {
    let id = payment.core().id;
    let history = app.reader.history(&payment.core().order_id);
    let events = history.map_err(answer::stored)?.into_iter();
    let mut events = events.flat_map(|past| past.group.events);
    Ok(events.find_map(|event| match event {
        GroupEvent::Payment(of, PaymentEvent::SessionOpened(opened)) if of == id => Some(opened),
        _ => None,
    }))
}

/// What is bought, in the words of a statement: the first line, and how many more.
fn title(lines: &[daegeum_engine::order::Line]) -> String {
    const LONGEST: usize = 80;
    let first = lines.first().map_or("", |line| &*line.name);
    let first: String = first.chars().take(LONGEST).collect();
    match lines.len().saturating_sub(1) {
        0 => first,
        more => format!("{first} 외 {more}건"),
    }
}

/// The gateway's name for a buyer: the same for each of their payments, and nothing anybody could read.
fn customer_key(buyer_id: &str) -> String {
    let hash = hash16(&[b"customer key", buyer_id.as_bytes()]);
    u128::from_be_bytes(hash).to_string()
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
    let mut response = answer::json(status, &view(app, &payment, at, with_token)?)?;
    if executed.replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

fn view(
    app: &App,
    payment: &AnyPayment,
    at: daegeum_engine::time::Timestamp,
    with_token: bool,
) -> Result<Value, Problem> {
    let core = payment.core();
    let session = SessionId::of(core.id);
    let status = SessionStatus::of(payment, at);
    let until = core.session_until.unwrap_or(core.created_at);
    let mut view = json!({
        "session_id": session.to_string(),
        "status": status.name(),
        "next": status.next().name(),
        "payment_id": core.id.to_string(),
        "order_id": core.order_id.as_str(),
        "amount": core.amount().minor(),
        "currency": core.amount().currency().code(),
        "provider": core.provider.name(),
        "capture": core.provider.capabilities().capture.name(),
        "expires_at": until.to_string(),
        "payment": serde_json::to_value(answer::view(app, payment)).map_err(Problem::internal)?,
    });
    if with_token {
        view["session_token"] = app.session_tokens.issue(session, until).into();
    }
    Ok(view)
}
