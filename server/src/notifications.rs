//! Notifications in. Signed ones are verified, deduplicated by their id, journaled and applied in one commit;
//! what is not authentic is counted and refused, and never journaled.

pub mod mock;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::api::ProblemSchema;
use crate::api::ReceiptSchema;
use crate::app::App;
use crate::http::{HttpErrorCode, Problem, RawBody, RequestContext};

/// Takes a gateway's notification.
#[utoipa::path(post, path = "/api/v1/payments/webhook/{provider}", tag = "notifications", params(("provider" = String, Path, example = "mock"),
    ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header), ("webhook-signature" = String, Header)),
    request_body = mock::MockNotification,
    responses((status = 200, body = ReceiptSchema), (status = "4XX", body = ProblemSchema)))]
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
        _ => Err(HttpErrorCode::NotFound.into()),
    }
}
