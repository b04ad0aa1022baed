//! The mock gateway's notifications, signed by Standard Webhooks.

use axum::http::HeaderMap;
use axum::response::Response;
use daegeum_engine::amounts::Amounts;
use daegeum_engine::command::{Command, Fact, Notification};
use daegeum_engine::event::{FailureCode, PaymentEventKind, Provider};
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::PaymentId;
use daegeum_engine::idempotency::Answer;
use daegeum_engine::money::Currency;
use daegeum_engine::planted::{self, Bug};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::sealed::RetentionClass;
use daegeum_engine::signature::{SignatureHeaders, verify};
use daegeum_engine::store::executor::Executed;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::{answer, orders, vocabulary};
use crate::app::{App, Asked};
use crate::http::{HttpErrorCode, Integer, Problem, RequestContext, json};

/// A notification of the mock gateway.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MockNotification {
    /// `payment.captured`, `payment.failed` or `payment.canceled`; others are kept and ignored.
    #[serde(rename = "type")]
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[!-~]{1,64}$",
        example = "payment.captured"
    )]
    kind: String,
    /// Our id of the payment.
    #[schema(value_type = vocabulary::PaymentId)]
    payment_id: String,
    /// The captured amount, in won.
    #[schema(value_type = vocabulary::MinorUnits)]
    amount: Integer,
}

/// The results that `payment_webhook_total` counts.
pub(super) const COUNTED: [&str; 6] = [
    "applied",
    "ignored",
    "duplicate",
    "unmatched",
    "invalid_signature",
    "malformed",
];

/// Longest name of a kind of notification that is kept.
const KIND_LENGTH_MAX: usize = 64;

/// Verifies, and lets the engine take it in.
pub async fn receive(
    app: &App,
    context: &RequestContext,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Problem> {
    let count = |status| app.metrics.payments.webhook("MOCK", status).inc();
    if planted::is(Bug::DedupeBeforeAuthentication)
        && let Some(id) = headers.get("webhook-id")
        && planted::seen_before(id.as_bytes())
    {
        return answer::json(200, &json!({ "result": "duplicate" }));
    }
    let Some(event_id) = authentic(app, headers, body) else {
        count("invalid_signature");
        return Err(HttpErrorCode::InvalidSignature.into());
    };
    let notification = match read(app, event_id, body) {
        Ok(notification) => notification,
        Err(problem) => {
            count("malformed");
            return Err(problem);
        }
    };
    let asked = Asked {
        command: Command::Notify(notification),
        keyed: None,
        request_id: context.id.as_str(),
    };
    let result = result(&app.execute(asked).await?);
    count(result);
    answer::json(200, &json!({ "result": result }))
}

/// The id of a notification that the mock gateway signed, lately.
fn authentic<'h>(app: &App, headers: &'h HeaderMap, body: &[u8]) -> Option<&'h str> {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values
            .next()
            .filter(|_| values.next().is_none())?
            .to_str()
            .ok()
    };
    let sent = SignatureHeaders {
        id: one("webhook-id")?,
        timestamp: one("webhook-timestamp")?,
        signature: one("webhook-signature")?,
    };
    let now_s = u64::try_from(app.world.machine_now_ms()).unwrap_or(0) / 1_000;
    verify(&app.mock_secrets, sent, body, now_s)
        .ok()
        .map(|()| sent.id)
}

fn read(app: &App, event_id: &str, body: &[u8]) -> Result<Notification, Problem> {
    let sent: MockNotification = json::parse(body)?;
    let invalid = |field: &str| {
        Problem::from(HttpErrorCode::InvalidValue).at(field, "This value is not valid here.")
    };
    let payment_id = PaymentId::parse(&sent.payment_id).map_err(|_| invalid("payment_id"))?;
    let kind_fits = (1..=KIND_LENGTH_MAX).contains(&sent.kind.len())
        && sent.kind.bytes().all(|b| b.is_ascii_graphic());
    if !kind_fits {
        return Err(invalid("type"));
    }
    let fact = match sent.kind.as_str() {
        "payment.captured" => {
            let amount = orders::amount(sent.amount, Currency::Krw, "amount")?;
            if amount.is_zero() {
                let nothing = Rejection::SumOutOfRange;
                return Err(answer::problem_at(&nothing, "amount"));
            }
            Fact::captured(Amounts::whole(amount))
        }
        "payment.failed" => Fact::Failed {
            code: FailureCode::new("MOCK_DECLINED"),
        },
        "payment.canceled" => Fact::Canceled,
        _ => Fact::Other,
    };
    Ok(Notification {
        provider: Provider::Mock,
        event_id: event_id.into(),
        event_type: sent.kind.into(),
        payment_id,
        provider_payment_id: None,
        fact,
        body: app.seals.seal(RetentionClass::Evidence, body, app.now())?,
    })
}

/// The result in a word.
fn result(executed: &Executed) -> &'static str {
    let only_noted = |event: &GroupEvent| matches!(event, GroupEvent::Payment(_, event) if event.kind() == PaymentEventKind::WebhookReceived);
    match &executed.answer {
        Answer::Rejected { .. } => "unmatched",
        _ if executed.events.is_empty() => "duplicate",
        _ if executed.events.iter().all(only_noted) => "ignored",
        _ => "applied",
    }
}
