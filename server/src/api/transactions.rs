//! Events of one payment, page by page, with sealed data opened for callers who may read it.

use axum::response::Response;
use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::payment::{AnyPayment, PaymentCore};
use daegeum_engine::store::reader::PastEvent;
use daegeum_engine::store::view::Stored;
use daegeum_engine::wire::EventView;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answer, page, vocabulary};
use crate::app::App;
use crate::http::Problem;

/// Which of a payment's events.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TransactionsQuery {
    /// How many at most, 1 to 100; 20 if absent.
    #[param(value_type = u16, minimum = 1, maximum = 100, required = false)]
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = vocabulary::EventPlace, inline, required = false)]
    after: Option<u64>,
}

/// A page of the payment's events, oldest first.
pub fn of(
    app: &App,
    payment: &Stored<AnyPayment>,
    query: &TransactionsQuery,
) -> Result<Response, Problem> {
    let (after, limit) = (query.after.unwrap_or(0), page::limit(query.limit)?);
    let events = app.reader.payment_events(payment, after, limit);
    let events = events.map_err(answer::stored)?;
    let core = payment.value.core();
    let items = events.events.iter().map(|past| item(app, core, past));
    let items = items.collect::<Result<Vec<Value>, _>>()?;
    let next = events.next.map(|next| next.to_string());
    answer::json(200, &json!({ "items": items, "next": next }))
}

fn item(app: &App, core: &PaymentCore, past: &PastEvent) -> Result<Value, Problem> {
    let opened = if core.erased {
        None
    } else {
        opened(app, &past.event)
    };
    let view = EventView {
        sequence: None,
        order_id: &core.order_id,
        event: &past.event,
        at: past.at,
        opened: opened.as_deref(),
    };
    serde_json::to_value(&view).map_err(Problem::internal)
}

/// An event's sealed data, opened, while its key exists.
fn opened(app: &App, event: &GroupEvent) -> Option<String> {
    match event {
        GroupEvent::Payment(_, PaymentEvent::WebhookReceived(e)) => app.seals.open(&e.body),
        GroupEvent::Payment(_, PaymentEvent::PersonDecided(e)) => app.seals.open(&e.reason),
        GroupEvent::Payment(_, PaymentEvent::GatewayCalled(e)) => app.seals.open(&e.exchange),
        GroupEvent::Payment(_, PaymentEvent::HintFollowed(e)) => app.seals.open(&e.from),
        GroupEvent::Payment(_, PaymentEvent::SlipKnown(e)) => app.seals.open(&e.url),
        GroupEvent::Payment(_, PaymentEvent::RefundAskedFor(e)) => {
            app.seals.open(e.reason.as_ref()?)
        }
        GroupEvent::Payment(_, PaymentEvent::InquiryWanted(e)) => app.seals.open(&e.from),
        _ => None,
    }
}
