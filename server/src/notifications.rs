//! Incoming notifications. Signed ones are verified, deduplicated by their id, journaled and applied in one commit;
//! one that fails verification is counted and refused, and never journaled. Unsigned ones are hints: they prove
//! nothing and make us ask the gateway.

pub mod mock;
mod toss;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use daegeum_engine::event::Provider;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::api::ReceiptSchema;
use crate::api::vocabulary::OpenObject;
use crate::app::App;
use crate::http::{HttpErrorCode, Problem, RawBody, RequestContext};

/// Starts the counters of the gateways that are on at 0: a rate over a counter that first appears at 1 misses that
/// first event.
pub fn count_from_zero(app: &App) {
    let payments = &app.metrics.payments;
    if !app.mock_secrets.is_empty() {
        for status in mock::COUNTED {
            payments.webhook(Provider::Mock.name(), status);
        }
    }
    if app.takes(Provider::Toss) {
        for status in toss::COUNTED {
            payments.webhook(Provider::Toss.name(), status);
        }
    }
}

/// A gateway's notification: the mock gateway's own form, or any body.
struct GatewayNotification;

impl PartialSchema for GatewayNotification {
    fn schema() -> RefOr<Schema> {
        let any = AnyOfBuilder::new().item(Ref::from_schema_name(mock::MockNotification::name()));
        Schema::from(any.item(Ref::from_schema_name(OpenObject::name()))).into()
    }
}

impl ToSchema for GatewayNotification {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in [
            (
                mock::MockNotification::name(),
                mock::MockNotification::schema(),
            ),
            (OpenObject::name(), OpenObject::schema()),
        ] {
            schemas.push((name.into(), schema));
        }
        mock::MockNotification::schemas(schemas);
    }
}

/// Takes a gateway's notification.
#[utoipa::path(post, path = "/api/v1/payments/webhook/{provider}", tag = "notifications",
    params(("webhook-id" = Option<String>, Header, description = "The mock gateway's, by Standard Webhooks, as are the two below."),
        ("webhook-timestamp" = Option<String>, Header), ("webhook-signature" = Option<String>, Header)),
    request_body = GatewayNotification,
    responses((status = 200, body = ReceiptSchema)))]
pub async fn receive(
    State(app): State<Arc<App>>,
    context: RequestContext,
    Path(provider): Path<String>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Problem> {
    match provider.as_str() {
        "mock" if !app.mock_secrets.is_empty() => {
            mock::receive(&app, &context, &headers, &body).await
        }
        "toss" if app.takes(Provider::Toss) => toss::receive(&app, &context, &body).await,
        _ => Err(HttpErrorCode::NotFound.into()),
    }
}
