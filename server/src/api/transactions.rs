//! What happened to one payment, with what was sealed opened for those who may read it.

use axum::response::Response;
use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::OrderId;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::store::reader::PastRecord;
use daegeum_engine::wire::EventView;
use serde_json::{Value, json};

use super::answer;
use crate::app::App;
use crate::http::Problem;

/// The payment's events, oldest first.
pub fn of(app: &App, payment: &AnyPayment) -> Result<Response, Problem> {
    let core = payment.core();
    let history = app.reader.history(&core.order_id).map_err(answer::stored)?;
    let own = |event: &&GroupEvent| matches!(event, GroupEvent::Payment(id, _) if *id == core.id);
    let mut items: Vec<Value> = Vec::new();
    for past in history.iter().rev() {
        for event in past.group.events.iter().filter(own) {
            items.push(item(app, &core.order_id, past, event, core.erased)?);
        }
    }
    answer::json(200, &json!({ "items": items }))
}

fn item(
    app: &App,
    order_id: &OrderId,
    past: &PastRecord,
    event: &GroupEvent,
    erased: bool,
) -> Result<Value, Problem> {
    let opened = if erased { None } else { opened(app, event) };
    let view = EventView {
        sequence: None,
        order_id,
        event,
        at: past.at,
        opened: opened.as_deref(),
    };
    serde_json::to_value(&view).map_err(Problem::internal)
}

/// What an event has sealed, while its key exists.
fn opened(app: &App, event: &GroupEvent) -> Option<String> {
    match event {
        GroupEvent::Payment(_, PaymentEvent::WebhookReceived(e)) => app.seals.open(&e.body),
        GroupEvent::Payment(_, PaymentEvent::PersonDecided(e)) => app.seals.open(&e.reason),
        GroupEvent::Payment(_, PaymentEvent::GatewayCalled(e)) => app.seals.open(&e.exchange),
        GroupEvent::Payment(_, PaymentEvent::HintFollowed(e)) => app.seals.open(&e.from),
        _ => None,
    }
}
