//! Every path with its method, and the handler it goes to.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::api::{
    admin, confirm, events, gateways, health, me, openapi, orders, payments, receipts, sessions,
};
use crate::app::App;
use crate::http::cross_origin;
use crate::{notifications, pages};

/// The routes over the application.
pub fn routes(app: Arc<App>) -> Router {
    let pages = pages::Pages::new(&app.config.settings);
    let origins = &app.config.settings.checkout.redirect_origins;
    let api = merchants().merge(buyers().layer(cross_origin::pages_of(origins)));
    Router::new()
        .nest("/api/v1", api)
        .merge(public())
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(app)
        .merge(openapi::routes())
        .merge(pages::routes(pages))
}

/// What a buyer's browser calls, from the shop's pages too.
fn buyers() -> Router<Arc<App>> {
    Router::new()
        .route("/payments/sessions", post(sessions::create))
        .route("/payments/sessions/{session_id}", get(sessions::get))
        .route(
            "/payments/sessions/{session_id}/prepare",
            post(sessions::prepare),
        )
        .route("/payments/verify", post(confirm::verify))
        .route("/payments/confirm", post(confirm::confirm))
        .route("/payments/{payment_id}", get(payments::get))
        .route("/payments/{payment_id}/receipt", get(receipts::get))
        .route("/me/payments", get(me::payments))
}

/// What the shop's backend, its administrators and the gateways call.
fn merchants() -> Router<Arc<App>> {
    Router::new()
        .route("/orders", post(orders::create).get(orders::list))
        .route("/orders/{order_id}", get(orders::get))
        .route("/orders/{order_id}/confirm", post(orders::confirm))
        .route("/orders/{order_id}/cancel", post(orders::cancel))
        .route("/payments", post(payments::create).get(payments::list))
        .route(
            "/payments/{payment_id}/transactions",
            get(payments::transactions),
        )
        .route("/payments/{payment_id}/capture", post(payments::capture))
        .route("/payments/{payment_id}/cancel", post(payments::cancel))
        .route(
            "/payments/{payment_id}/mock/complete",
            post(payments::complete_mock),
        )
        .route("/payments/webhook/{provider}", post(notifications::receive))
        .route("/events", get(events::feed))
        .route("/gateways", get(gateways::list))
        .route("/admin/desk", get(admin::desk))
        .route("/admin/unanswered", get(admin::unanswered))
        .route("/admin/balances", get(admin::balances))
        .route("/admin/payments/{payment_id}/resolve", post(admin::resolve))
        .route("/admin/buyers/{buyer_id}/erase", post(admin::erase_buyer))
}

/// What anybody may read.
fn public() -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/jwks.json", get(receipts::keys))
        .layer(cross_origin::everybody())
}
