//! Toss's notifications of payments. They are unsigned, so they are hints, not records: one that names a payment of
//! ours makes us ask Toss, at most once in a few seconds, and Toss's answer is recorded. The mark to ask is committed
//! before the notification is answered, once until Toss was asked. All others are counted and answered 200, and
//! nothing of them is written.

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

/// The results that `payment_webhook_total` counts.
pub(super) const COUNTED: [&str; 5] =
    ["followed", "coalesced", "put_off", "unmatched", "malformed"];

/// The only field that is read: the order number, in either form of notification. Nothing else of it is believed.
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

/// How long a notification that was not recorded waits for the inquiry; Toss waits ten seconds.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Accepts the hint. The answer reveals nothing.
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
    // A sender that names no payment of ours need not be Toss. One that does need not be either, but whether its inquiry
    // brings news does not tell: of a payment that we had Toss change, Toss's own notification brings none.
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

/// Schedules an inquiry. The mark is committed before Toss gets its answer, so that a crash does not lose it.
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
    // Before the commit: an answer to an earlier inquiry is then not taken as an answer to this hint.
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
    // Its latest hints brought no news, so this one is not recorded: it is answered once Toss has been asked.
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
