//! Which gateways take payments here, and what each can do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use daegeum_engine::capabilities::{Capabilities, CaptureStrategy};
use daegeum_engine::card::CardOffer;
use daegeum_engine::method::Method;
use serde_json::{Value, json};

use super::answer;
use super::nothing::NoParameters;
use super::schema::GatewaysSchema;
use crate::app::App;
use crate::http::{Office, Problem, Query};

/// Lists the gateways, the preferred one first.
#[utoipa::path(get, path = "/api/v1/gateways", tag = "gateways",
    responses((status = 200, body = GatewaysSchema)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Office(_): Office,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Response, Problem> {
    let now_ns = app.world.monotonic_ns();
    let items = app.gateways.all().map(|gateway| {
        let provider = gateway.provider();
        let reachable = app.gateways.left_alone(provider, now_ns).is_none();
        item(
            provider.name(),
            reachable,
            gateway.capabilities(),
            &gateway.card_offer(),
        )
    });
    let items: Vec<Value> = items.collect();
    answer::json(200, &json!({ "items": items }))
}

fn item(name: &str, reachable: bool, can: &Capabilities, offer: &CardOffer) -> Value {
    let hold_seconds = match can.capture {
        CaptureStrategy::AuthorizeThenCapture { hold_ms } => Some(hold_ms / 1_000),
        CaptureStrategy::ChargeThenHold => None,
    };
    let method = |(method, least): &(Method, u64)| json!({ "method": method.name(), "minimum_amount": least });
    let methods: Vec<Value> = can.methods.iter().map(method).collect();
    let wallets: Vec<&str> = offer.easy_pays.iter().map(|one| one.name()).collect();
    json!({
        "provider": name,
        "reachable": reachable,
        "capture": can.capture.name(),
        "hold_seconds": hold_seconds,
        "minimum_amount": can.minimum(),
        "methods": methods,
        "easy_pays": wallets,
        "installments_max": offer.installments_max,
        "installments_minimum": offer.installments_from_minor,
        "refund": can.refund,
        "partial_refund": can.partial_refund,
        "tax_free": can.tax_free,
        "virtual_account": can.virtual_account,
        "escrow": can.escrow,
        "settlements": can.settlements,
        "confirm_within_seconds": can.confirm_window_ms / 1_000,
    })
}
