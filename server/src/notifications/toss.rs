//! Toss's notifications of payments. Nothing signs them, so they are hints and not records: one that names a
//! payment of ours makes us ask Toss, at most once in a few seconds, and what Toss answers is recorded. That it is to
//! be asked is noted before the notification is answered, once until it was asked. All else is counted and answered 200;
//! nothing of it is written, however much of it comes.

#[cfg(planted)]
mod believed;

use std::time::Duration;

use axum::response::Response;
use daegeum_engine::command::{Command, Hint};
use daegeum_engine::event::Provider;
use daegeum_engine::id::PaymentId;
use daegeum_engine::idempotency::hash16;
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::sealed::RetentionClass;
use serde::Deserialize;
use serde_json::json;

use crate::api::answer;
use crate::app::{App, Asked};
use crate::http::json::past_mark;
use crate::http::{HttpErrorCode, Problem, RequestContext};

/// What `payment_webhook_total` counts of them.
pub(super) const COUNTED: [&str; 5] =
    ["followed", "coalesced", "put_off", "unmatched", "malformed"];

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

/// How long a notification waits for its question where it is not noted; Toss waits ten seconds.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Takes the hint. The answer tells a stranger nothing.
pub async fn receive(
    app: &App,
    context: &RequestContext,
    body: &[u8],
) -> Result<Response, Problem> {
    let status = match named(body) {
        Some(id) => hint(app, context, id, body).await,
        None => Ok("malformed"),
    };
    let counted = status.as_ref().copied().unwrap_or("put_off");
    app.metrics.payments.webhook("TOSS", counted).inc();
    // Whoever names no payment of ours need not be Toss.
    if matches!(counted, "followed" | "coalesced" | "put_off") {
        app.metrics.gateways.has_notified(Provider::Toss.name());
    }
    status?;
    answer::json(200, &json!({ "result": "received" }))
}

fn named(body: &[u8]) -> Option<PaymentId> {
    let named: Named = serde_json::from_slice(past_mark(body)).ok()?;
    let inside = named.data.and_then(|data| data.order_id);
    PaymentId::parse(&named.order_id.or(inside)?).ok()
}

/// Has the payment asked about. It is noted before Toss is told that it was heard, so that nothing that ends this
/// process makes it forgotten.
async fn hint(
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
    let asked = app.operations.wait_until_asked(id);
    // Before it is noted: an answer to a question that was asked before this is then not taken for an answer to it.
    app.operations.hint(id, app.world.monotonic_ns());
    if planted::is(Bug::HintsInMemory) {
        return Ok("followed");
    }
    let executed = app.execute(noted(app, context, id, body)?).await?;
    let is_wanted = app.reader.payment(id).map_err(answer::stored)?;
    if is_wanted.is_some_and(|payment| payment.value.core().inquiry_wanted) {
        let followed = !executed.events.is_empty();
        return Ok(if followed { "followed" } else { "coalesced" });
    }
    // What was said of it lately was nothing, so that it is not noted any more: it is heard once Toss has been asked.
    tokio::select! {
        biased;
        told = asked => told.map(|()| "followed").map_err(|_| HttpErrorCode::Overloaded.into()),
        () = app.world.sleep(WAIT_MAX) => Err(HttpErrorCode::Overloaded.into()),
    }
}

fn noted<'a>(
    app: &App,
    context: &'a RequestContext,
    id: PaymentId,
    body: &[u8],
) -> Result<Asked<'a>, Problem> {
    let now = app.now();
    let source = context.source.to_string();
    let from = app
        .seals
        .seal(RetentionClass::Evidence, source.as_bytes(), now)?;
    let hint = Hint {
        hash: hash16(&[body]),
        heard_at: now,
        from,
    };
    Ok(Asked {
        command: Command::WantInquiry {
            payment_id: id,
            hint,
        },
        keyed: None,
        request_id: context.id.as_str(),
    })
}
