//! Toss's notifications of payments. Nothing signs them, so they are hints and not records: one that names a
//! payment of ours makes us ask Toss, at most once in a few seconds, and what Toss answers is recorded. All else
//! is counted and answered 200; nothing of it is written, however much of it comes.

#[cfg(planted)]
mod believed;

use axum::response::Response;
use daegeum_engine::event::Provider;
use daegeum_engine::id::PaymentId;
use daegeum_engine::idempotency::hash16;
use serde::Deserialize;
use serde_json::json;

use crate::api::answer;
use crate::app::App;
use crate::gateway::operations::Heard;
use crate::http::{Problem, RequestContext};

/// What is looked at: the order number, where either form of notification has it. Nothing else of it is believed.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "orderId")]
    order_id: Option<String>,
    data: Option<NamedInside>,
}

#[derive(Deserialize)]
struct NamedInside {
    #[serde(rename = "orderId")]
    order_id: Option<String>,
}

/// Takes the hint. The answer tells a stranger nothing.
pub fn receive(app: &App, context: &RequestContext, body: &[u8]) -> Result<Response, Problem> {
    let status = match named(body) {
        Some(id) => hint(app, context, id, body)?,
        None => "malformed",
    };
    app.metrics.payments.webhook("TOSS", status).inc();
    answer::json(200, &json!({ "result": "received" }))
}

fn named(body: &[u8]) -> Option<PaymentId> {
    let named: Named = serde_json::from_slice(body).ok()?;
    let inside = named.data.and_then(|data| data.order_id);
    PaymentId::parse(&named.order_id.or(inside)?).ok()
}

fn hint(
    app: &App,
    context: &RequestContext,
    id: PaymentId,
    body: &[u8],
) -> Result<&'static str, Problem> {
    let known = app.reader.payment(id).map_err(answer::stored)?;
    if known.is_none_or(|known| known.value.core().provider != Provider::Toss) {
        return Ok("unmatched");
    }
    #[cfg(planted)]
    believed::believe(app, context, id, body);
    let heard = Heard {
        hash: hash16(&[body]),
        at: app.now(),
        from: context.source,
    };
    let followed = app.operations.hint(id, heard, app.world.monotonic_ns());
    Ok(if followed { "followed" } else { "coalesced" })
}
