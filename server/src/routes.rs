//! Every operation, by the handler that has its path, method and description.

use std::sync::Arc;

use axum::Router;
use daegeum_engine::rejection::Kind::{Missing, Rule};
use utoipa::openapi::OpenApi;

use crate::api::route::{Route, Routes, route};
use crate::api::{
    admin, confirm, events, gateways, health, me, openapi, orders, payments, receipts, refunds,
    sessions,
};
use crate::app::App;
use crate::http::HttpErrorCode;
use crate::http::cross_origin::CrossOrigin;
use crate::{notifications, pages};

/// The API's base path.
const API: &str = "/api/";

/// The routes over the application, and which of them are open to pages of other origins.
pub fn routes(app: Arc<App>) -> Result<(Router, CrossOrigin), matchit::InsertError> {
    let settings = &app.config.settings;
    let pages = pages::routes(pages::Pages::new(settings));
    let mut operations = Routes::these(operations());
    operations.open_to.extend(pages::open_to_pages());
    let origins = &settings.checkout.redirect_origins;
    let cross_origin = CrossOrigin::new(&operations.open_to, origins, API)?;
    let description = openapi::description(operations.described, &app.config.address());
    let router = operations
        .router
        .with_state(app)
        .merge(openapi::routes(description))
        .merge(pages);
    Ok((router, cross_origin))
}

/// The description of every operation, as a server at `address` has it.
pub fn description(address: &str) -> OpenApi {
    openapi::description(Routes::these(operations()).described, address)
}

/// A handler refuses with what its extractors refuse with, and with what is said here.
fn operations() -> impl Iterator<Item = Route> {
    let all = [buyers(), merchants(), administrators(), machines()];
    all.into_iter().flatten()
}

/// The routes that a buyer's browser may call.
fn buyers() -> Vec<Route> {
    vec![
        route!(orders::get),
        route!(payments::create)
            .refusing(&[HttpErrorCode::IdempotencyKeyRequired])
            .asking(&[Missing]),
        route!(payments::get),
        route!(payments::cancel),
        route!(receipts::get).refusing(&[HttpErrorCode::ReceiptUnavailable]),
        route!(sessions::create).asking(&[Missing]),
        route!(sessions::get),
        route!(sessions::prepare).refusing(&[HttpErrorCode::ConsentTextUnknown]),
        route!(confirm::verify).asking(&[Missing, Rule]),
        route!(confirm::confirm)
            .refusing(&[HttpErrorCode::GatewayUnavailable])
            .asking(&[Missing]),
        route!(me::payments).without("buyer_id"),
        route!(receipts::keys).for_everybody(),
    ]
}

/// The routes for the shop's backend.
fn merchants() -> Vec<Route> {
    vec![
        route!(orders::create),
        route!(orders::list),
        route!(orders::confirm),
        route!(orders::cancel),
        route!(payments::list),
        route!(payments::transactions),
        route!(payments::capture),
        route!(refunds::request),
        route!(payments::complete_mock).refusing(&[HttpErrorCode::NotFound]),
        route!(events::feed).refusing(&[HttpErrorCode::FeedBegunAnew]),
        route!(gateways::list),
    ]
}

/// The routes for administrators.
fn administrators() -> Vec<Route> {
    vec![
        route!(admin::desk),
        route!(admin::unanswered),
        route!(admin::balances),
        route!(admin::resolve),
        route!(admin::erase_buyer),
        route!(health::metrics),
    ]
}

/// The routes for gateways and operators.
fn machines() -> Vec<Route> {
    vec![
        route!(notifications::receive)
            .refusing(&[
                HttpErrorCode::InvalidSignature,
                HttpErrorCode::MalformedJson,
                HttpErrorCode::InvalidValue,
            ])
            .asking(&[Rule]),
        route!(health::live),
        route!(health::ready),
    ]
}
