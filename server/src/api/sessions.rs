//! Sessions: a buyer's view of one payment. Begun by the merchant's backend or the buyer, read and prepared by the
//! holder of the session's token.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use daegeum_engine::card::Installments;
use daegeum_engine::command::{Command, NewSession};
use daegeum_engine::easy_pay::EasyPay;
use daegeum_engine::event::Provider;
use daegeum_engine::id::{OrderId, SessionId};
use daegeum_engine::idempotency::Answer;
use daegeum_engine::method::Method;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::rejection::Rejection;
use daegeum_engine::store::executor::{Executed, Shown};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::buyer_choice::{BuyerChoice, Chosen};
use super::consents::{self, GivenConsent};
use super::nothing::NoParameters;
use super::schema::{CheckoutSchema, PreparedSchema, SessionSchema};
use super::session_view::SessionView;
use super::{answer, card, contact, vocabulary};
use crate::app::{App, Asked};
use crate::config::WebOrigin;
use crate::http::{
    BodyKey, CheckoutCaller, HttpErrorCode, Json, KeyHeader, OptionalJson, Principal, Problem,
    Query, RequestContext,
};
use crate::keyed;

/// A checkout to begin.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The order to pay, in full.
    #[schema(value_type = vocabulary::OrderId)]
    order_id: String,
    /// The gateway; if absent, the first one that is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "TOSS", pattern = "^[A-Za-z0-9_]{1,32}$")]
    provider: Option<String>,
    /// How the buyer means to pay; `card` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::PaymentMethodName>)]
    method: Option<Method>,
    /// Opens this wallet's own window; goes with `card`. One of the session's `easy_pays`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::EasyPayName>)]
    easy_pay: Option<EasyPay>,
    /// In how many months a card pays, so that the window does not ask: 0 for all at once, else 2 to the session's
    /// `installments_max`. Goes with `card` and without `easy_pay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::InstallmentMonths>)]
    installments: Option<Installments>,
    /// At most 60 characters. Stored sealed, like the two below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::BuyerName>)]
    buyer_name: Option<String>,
    /// A mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::BuyerEmail>)]
    buyer_email: Option<String>,
    /// A telephone number: 8 to 15 digits, hyphens and spaces are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::BuyerTel>)]
    buyer_tel: Option<String>,
    /// Where the buyer comes back to; its origin is one of `checkout.redirect_origins`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "https://shop.example/return",
        max_length = 2000,
        format = "uri"
    )]
    redirect_url: Option<String>,
    /// Where the hosted page sends a buyer who did not pay, if that is elsewhere; held to the same rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "https://shop.example/cart",
        max_length = 2000,
        format = "uri"
    )]
    failure_redirect_url: Option<String>,
    /// The idempotency key; it may be sent in the header `Idempotency-Key` instead.
    #[serde(default, skip_serializing_if = "BodyKey::is_beside_the_request")]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
}

/// Begins a checkout: a payment of the order's total, with a token for the buyer's browser.
///
/// The token opens this session alone. Hand it to the browser in the URL's fragment, where no server logs it. The holder
/// of a session's token may begin another session of the same order. The new session takes the buyer's data and the
/// return addresses from the former one, unless the request has its own.
#[utoipa::path(post, path = "/api/v1/payments/sessions", tag = "checkout",
    responses((status = 201, body = SessionSchema)))]
pub async fn create(
    State(app): State<Arc<App>>,
    CheckoutCaller(who): CheckoutCaller,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Json(body): Json<CreateSession>,
) -> Result<Response, Problem> {
    let fingerprint = keyed::fingerprint("POST /api/v1/payments/sessions", &body)?;
    let key = keyed::optional(&headers, &body.idempotency_key, &who, fingerprint)?;
    let names_gateway = body.provider.is_some();
    let asked = Asked {
        command: body.check(&app, &who)?,
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    let executed = app.execute(asked).await?;
    if let Some(without) = refused_without_gateway(&executed).filter(|_| !names_gateway) {
        return Ok(without);
    }
    shown(&app, executed, |view| Ok(view.with_token(&app)))
}

impl CreateSession {
    fn check(self, app: &App, who: &Principal) -> Result<Command, Problem> {
        let refuse = |rejection: Rejection| answer::problem(&rejection);
        let order_id =
            OrderId::parse(&self.order_id).map_err(|_| refuse(Rejection::OrderNotFound))?;
        let provider = provider(app, self.provider.as_deref());
        if self.provider.is_some() && provider.is_none() {
            return Err(refuse(Rejection::ProviderUnavailable));
        }
        let contact = contact::check(
            self.buyer_name.as_deref(),
            self.buyer_email.as_deref(),
            self.buyer_tel.as_deref(),
        )?;
        let (method, card) = card::check(self.method, self.easy_pay, self.installments)?;
        let chosen = Chosen {
            method,
            card,
            customer: contact,
        };
        let url = returning(app, self.redirect_url, "redirect_url")?;
        let failure_url = returning(app, self.failure_redirect_url, "failure_redirect_url")?;
        let before = former(app, who, provider)?;
        let (method, buyer) = match chosen.seal(app)? {
            Some(choice) => (choice.method, choice.buyer),
            None => (None, None),
        };
        let (method, card) = match method {
            Some(method) => (Some(method), card),
            None => (before.method, before.card),
        };
        Ok(Command::OpenSession {
            asker: keyed::asker(who),
            order_id,
            provider,
            session: NewSession {
                method,
                card,
                redirect_url: url.or(before.redirect_url),
                failure_url: failure_url.or(before.failure_url),
                buyer: buyer.or(before.buyer),
            },
        })
    }
}

/// What is handed on from the session whose token the caller holds, to another at this gateway.
fn former(app: &App, who: &Principal, at: Option<Provider>) -> Result<BuyerChoice, Problem> {
    let Principal::Session(id) = who else {
        return Ok(BuyerChoice::default());
    };
    let payment = find(app, who, id)?;
    let offer = at.map(|provider| app.gateways.card_offer(provider));
    let said = BuyerChoice::of(app, &payment)?.unwrap_or_default();
    Ok(said.handed_on(&offer.unwrap_or_default(), payment.core().amount()))
}

/// The named gateway, or the first that has a window for buyers, if it is on.
fn provider(app: &App, name: Option<&str>) -> Option<Provider> {
    match name {
        Some(name) => Provider::from_name(name).filter(|one| app.gateways.of(*one).is_some()),
        None => app.gateways.all().next().map(|gateway| gateway.provider()),
    }
}

/// A return address, if one was given.
fn returning(app: &App, url: Option<String>, field: &str) -> Result<Option<Box<str>>, Problem> {
    if let Some(url) = &url {
        let refuse = |why| Problem::from(HttpErrorCode::InvalidValue).at(field, why);
        may_return_to(app, url).map_err(refuse)?;
    }
    Ok(url.map(Into::into))
}

/// Checks that a buyer may be sent there; otherwise the reason why not.
fn may_return_to(app: &App, url: &str) -> Result<(), String> {
    let origin = WebOrigin::of_return(url).map_err(|why| why.to_string())?;
    let own = WebOrigin::of(&app.config.address());
    let listed = &app.config.settings.checkout.redirect_origins;
    if own.as_ref() == Some(&origin) || listed.contains(&origin) {
        return Ok(());
    }
    let origin = origin.as_str();
    Err(format!(
        "Its origin, {origin}, is not one of checkout.redirect_origins."
    ))
}

/// Reads a checkout, with what is bought and how it can be paid.
#[utoipa::path(get, path = "/api/v1/payments/sessions/{session_id}", tag = "checkout",
    responses((status = 200, body = CheckoutSchema)))]
pub async fn get(
    State(app): State<Arc<App>>,
    CheckoutCaller(who): CheckoutCaller,
    Path(session_id): Path<String>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Response, Problem> {
    let payment = find(&app, &who, &session_id)?;
    let view = SessionView::of(&payment, app.now()).at_checkout(&app)?;
    answer::json(200, &view)
}

/// The payment of a session that exists for the caller.
fn find(app: &App, who: &Principal, session_id: &str) -> Result<AnyPayment, Problem> {
    let not_found = || answer::problem(&Rejection::PaymentNotFound);
    let id = SessionId::parse(session_id).map_err(|_| not_found())?;
    let payment = app.reader.session(id).map_err(answer::stored)?;
    let payment = payment.map(|found| found.value).ok_or_else(not_found)?;
    if !keyed::asker(who).may_see_payment(payment.core()) {
        return Err(not_found());
    }
    Ok(payment)
}

/// What a buyer chose at their checkout.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareSession {
    /// How the buyer means to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::PaymentMethodName>)]
    method: Option<Method>,
    /// Opens this wallet's own window; goes with `card`. One of the session's `easy_pays`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::EasyPayName>)]
    easy_pay: Option<EasyPay>,
    /// In how many months a card pays: 0 for all at once, else 2 to the session's `installments_max`. Goes with `card`
    /// and without `easy_pay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::InstallmentMonths>)]
    installments: Option<Installments>,
    /// As in the request that begins a session; the three together stand over what was said there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::BuyerName>)]
    buyer_name: Option<String>,
    /// A mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::BuyerEmail>)]
    buyer_email: Option<String>,
    /// A telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::BuyerTel>)]
    buyer_tel: Option<String>,
    /// What the buyer agrees to, each consent once. Noted with the first preparation, with the moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 2)]
    consents: Vec<GivenConsent>,
    /// Makes repeating recognisable; or in the header `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "BodyKey::is_beside_the_request")]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
}

/// Lets the buyer pay, and tells the browser what it needs to open the gateway's window.
///
/// What the buyer chooses is noted with the first preparation. The same choice again, or none, is the same preparation;
/// another choice is refused with `SESSION_PREPARED`: begin another session of the order. Without the consents that the
/// server's settings require it is refused with `CONSENT_REQUIRED`.
#[utoipa::path(post, path = "/api/v1/payments/sessions/{session_id}/prepare", tag = "checkout",
    responses((status = 200, body = PreparedSchema)))]
pub async fn prepare(
    State(app): State<Arc<App>>,
    CheckoutCaller(who): CheckoutCaller,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(session_id): Path<String>,
    OptionalJson(body): OptionalJson<PrepareSession>,
) -> Result<Response, Problem> {
    let payment = find(&app, &who, &session_id)?;
    let route = format!("POST /api/v1/payments/sessions/{session_id}/prepare");
    let fingerprint = keyed::fingerprint(&route, &body)?;
    let key = keyed::optional(&headers, &body.idempotency_key, &who, fingerprint)?;
    let chosen = body.check()?;
    let agreed = consents::check(&app, payment.core().provider, &body.consents)?;
    let asked = |choice| Asked {
        command: Command::PreparePayment {
            asker: keyed::asker(&who),
            payment_id: payment.core().id,
            choice,
            consents: agreed.clone(),
        },
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    let choice = if stands(&app, &payment, &chosen)? {
        None
    } else {
        chosen.seal(&app)?
    };
    let mut executed = app.execute(asked(choice)).await?;
    // Another tab may have chosen meanwhile, the same or something else; from here on no choice changes any more.
    let stands = stands(&app, &payment, &chosen)?;
    if stands && key.is_none() && is_prepared(&executed) {
        executed = app.execute(asked(None)).await?;
    } else if !stands && matches!(executed.answer, Answer::Payment { .. }) {
        return Err(answer::problem(&Rejection::SessionPrepared));
    }
    shown(&app, executed, |view| view.with_window(&app))
}

impl PrepareSession {
    fn check(&self) -> Result<Chosen, Problem> {
        let (method, card) = card::check(self.method, self.easy_pay, self.installments)?;
        Ok(Chosen {
            method,
            card,
            customer: contact::check(
                self.buyer_name.as_deref(),
                self.buyer_email.as_deref(),
                self.buyer_tel.as_deref(),
            )?,
        })
    }
}

/// Whether the choice contains nothing new.
fn stands(app: &App, payment: &AnyPayment, chosen: &Chosen) -> Result<bool, Problem> {
    let said = BuyerChoice::of(app, payment)?;
    Ok(said.is_some_and(|said| said.has(app, chosen)))
}

fn is_prepared(executed: &Executed) -> bool {
    let rejection = Rejection::SessionPrepared;
    matches!(&executed.answer, Answer::Rejected { rejection: said, .. } if *said == rejection)
}

/// The refusal of a session for which no gateway was named, where none takes payments.
fn refused_without_gateway(executed: &Executed) -> Option<Response> {
    let rejection = rejection(executed).filter(|one| **one == Rejection::ProviderUnavailable)?;
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        rejection.code(),
        "No gateway takes payments here: none is configured.",
    );
    Some(refused(executed, problem))
}

/// The refusal of an amount that is too small for the way of paying: a session's amount is its order's, and what can be
/// chosen is the method.
fn refused_for_method(executed: &Executed) -> Option<Response> {
    let rejection = rejection(executed)?;
    let Rejection::BelowMinimum { minimum_minor } = rejection else {
        return None;
    };
    let problem = answer::problem_at(rejection, "method").with_minimum(*minimum_minor);
    Some(refused(executed, problem))
}

fn rejection(executed: &Executed) -> Option<&Rejection> {
    match &executed.answer {
        Answer::Rejected { rejection, .. } => Some(rejection),
        Answer::Order { .. } | Answer::Payment { .. } => None,
    }
}

/// A refusal by the rules in the words of this handler, as it was given to the first who asked.
fn refused(executed: &Executed, problem: Problem) -> Response {
    let problem = match &executed.answer {
        Answer::Rejected { request_id, .. } => problem.of_request(request_id),
        Answer::Order { .. } | Answer::Payment { .. } => problem,
    };
    let mut response = problem.into_response();
    if executed.replayed {
        answer::mark_replayed(&mut response);
    }
    response
}

/// The session that a command was about, with what belongs to this answer alone.
fn shown(
    app: &App,
    executed: Executed,
    with: impl FnOnce(SessionView<'_>) -> Result<SessionView<'_>, Problem>,
) -> Result<Response, Problem> {
    if let Some(refused) = refused_for_method(&executed) {
        return Ok(refused);
    }
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
        Some(Shown::Payment(payment)) => *payment,
        _ => answer::past_payment(app, payment_id, version)?,
    };
    // As of the answer, not of the clock, so that a repetition gives the same.
    let at = payment.core().updated_at;
    let view = with(SessionView::of(&payment, at))?;
    let mut response = answer::json(status, &view)?;
    if executed.replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
