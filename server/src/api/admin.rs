//! Requests of administrators: decisions about set-aside money, hiding personal data, the ledger.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use daegeum_engine::command::{Command, Resolution};
use daegeum_engine::id::BuyerId;
use daegeum_engine::store::reader::PaymentFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::page::{CountedPage, PageQuery};
use super::schema::{BalancesSchema, DeskSchema, ErasedSchema, PaymentSchema, UnansweredSchema};
use super::{answer, payments, remark, vocabulary};
use crate::app::{App, Asked};
use crate::gateway::plan;
use crate::http::{Admin, BodyKey, Json, KeyHeader, Principal, Problem, Query, RequestContext};
use crate::keyed;

/// A decision about set-aside money, about a payment whose amount differs at the gateway, or about a call whose
/// answer was lost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// For set-aside money, `take`: the order takes it; `return`: it is refunded to the buyer, through the gateway if
    /// that can; `returned`: it was returned by other means. If the gateway has another amount than the books,
    /// `accept`: the gateway's amount is right, and the books follow; `return` refunds what it has. For an unanswered
    /// call, `done`: the gateway did it; `not_done`: it did not, and will not.
    resolution: ResolutionWord,
    /// The administrator's reason, 1 to 500 characters. It is stored sealed.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// The idempotency key; it may be sent in the header `Idempotency-Key` instead.
    #[serde(default)]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ResolutionWord {
    Take,
    Return,
    Returned,
    Accept,
    Done,
    NotDone,
}

/// Decides about a payment that is on the desk, or about a call whose answer was lost.
#[utoipa::path(post, path = "/api/v1/admin/payments/{payment_id}/resolve", tag = "admin",
    responses((status = 200, body = PaymentSchema), (status = 202, body = PaymentSchema)))]
pub async fn resolve(
    State(app): State<Arc<App>>,
    context: RequestContext,
    Admin(actor): Admin,
    KeyHeader(headers): KeyHeader,
    Path(payment_id): Path<String>,
    Json(body): Json<Resolve>,
) -> Result<Response, Problem> {
    let said = (&payment_id, body.resolution, &body.reason);
    let fingerprint = keyed::fingerprint("POST /api/v1/admin/payments/resolve", &said)?;
    let who = Principal::Admin(actor.clone());
    let key = keyed::optional(&headers, &body.idempotency_key, &who, fingerprint)?;
    let reason = remark::sealed(&app, &body.reason, "reason")?;
    let resolution = match body.resolution {
        ResolutionWord::Take => Resolution::Take,
        ResolutionWord::Return => Resolution::Return,
        ResolutionWord::Returned => Resolution::Returned,
        ResolutionWord::Accept => Resolution::Accept,
        ResolutionWord::Done => Resolution::Done,
        ResolutionWord::NotDone => Resolution::NotDone,
    };
    let payment_id = payments::parse(&payment_id)?;
    let command = Command::Resolve {
        payment_id,
        resolution,
        actor: (&*actor).into(),
        reason,
    };
    let asked = Asked {
        command,
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    answer::when_answered(&app, app.execute(asked).await?).await
}

/// Lists payments that wait for a decision, oldest first: those with set-aside money, those whose refund the gateway
/// refused, and those whose amount at the gateway differs from our books.
#[utoipa::path(get, path = "/api/v1/admin/desk", tag = "admin",
    responses((status = 200, body = DeskSchema)))]
pub async fn desk(
    State(app): State<Arc<App>>,
    Admin(_): Admin,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let (after, limit) = query.check()?;
    let page = app.reader.desk(after, limit).map_err(answer::stored)?;
    let counted = app.reader.count_desk().map_err(answer::stored)?;
    answer::json(200, &CountedPage { page, counted })
}

/// Lists the unanswered calls to gateways, those of the oldest payments first, with their waiting time.
#[utoipa::path(get, path = "/api/v1/admin/unanswered", tag = "admin",
    responses((status = 200, body = UnansweredSchema)))]
pub async fn unanswered(
    State(app): State<Arc<App>>,
    Admin(_): Admin,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let (after, limit) = query.check()?;
    let now = app.now();
    let page = app.reader.in_flight(after, limit).map_err(answer::stored)?;
    let counted = app.reader.count_in_flight().map_err(answer::stored)?;
    let calls = page.payments.iter().filter_map(|payment| {
        let call = payment.core().operation.as_ref()?.core();
        Some((payment, call))
    });
    let items = calls.map(|(payment, call)| {
        Ok(json!({
            "operation_id": call.id.to_string(),
            "intended_at": call.intended_at.to_string(),
            "age_seconds": now.millis_since(call.intended_at) / 1_000,
            "needs_person": plan::needs_person(payment.core(), now, app.gateways.credentials(payment.core().provider)),
            "payment": serde_json::to_value(answer::view(payment)).map_err(Problem::internal)?,
        }))
    });
    let items = items.collect::<Result<Vec<Value>, Problem>>()?;
    let next = page.next.map(|id| id.to_string());
    answer::json(
        200,
        &json!({ "items": items, "next": next, "count": counted.count, "at_least": counted.more }),
    )
}

/// Hides the sealed data in every payment of a buyer for good.
#[utoipa::path(post, path = "/api/v1/admin/buyers/{buyer_id}/erase", tag = "admin",
    responses((status = 200, body = ErasedSchema)))]
pub async fn erase_buyer(
    State(app): State<Arc<App>>,
    context: RequestContext,
    Admin(actor): Admin,
    Path(buyer_id): Path<String>,
) -> Result<Response, Problem> {
    const PAGE: usize = 100;
    let nothing = || answer::json(200, &json!({ "payments": 0 }));
    let Ok(buyer) = BuyerId::parse(&buyer_id) else {
        return nothing();
    };
    let filter = PaymentFilter {
        buyer: Some(buyer),
        ..PaymentFilter::default()
    };
    let (mut erased, mut before) = (0_u64, None);
    loop {
        let page = app
            .reader
            .payments(&filter, before, PAGE)
            .map_err(answer::stored)?;
        for payment in page
            .payments
            .iter()
            .filter(|payment| !payment.core().erased)
        {
            let command = Command::ErasePersonalData {
                payment_id: payment.core().id,
                actor: (&*actor).into(),
            };
            app.execute(Asked {
                command,
                keyed: None,
                request_id: context.id.as_str(),
            })
            .await?;
            erased = erased.saturating_add(1);
        }
        before = page.next;
        if before.is_none() {
            return answer::json(200, &json!({ "payments": erased }));
        }
    }
}

/// The balances of the ledger, in minor units; debits minus credits.
///
/// A sum of amounts can exceed the largest amount, and the integers that every JSON reader keeps exact: each is
/// written as a decimal string.
#[utoipa::path(get, path = "/api/v1/admin/balances", tag = "admin",
    responses((status = 200, body = BalancesSchema)))]
pub async fn balances(State(app): State<Arc<App>>, Admin(_): Admin) -> Result<Response, Problem> {
    let mut items = Vec::new();
    for (name, balance) in app.reader.balances().map_err(answer::stored)? {
        let mut parts = name.split('|');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        let (account, provider, component, currency) = (part(), part(), part(), part());
        let amount = balance.minor.to_string();
        items.push(json!({ "account": account, "provider": provider, "component": component, "currency": currency, "amount": amount }));
    }
    answer::json(200, &json!({ "items": items }))
}
