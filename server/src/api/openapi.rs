//! The API's description (`OpenAPI` 3.1), collected from the handlers, and a page that shows it offline.

use axum::Router;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{admin, confirm, events, gateways, health, me, orders, payments, receipts, sessions};
use crate::notifications;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Daegeum",
        description = "Payments for shops and marketplaces: orders, payments, notifications, the event feed. Amounts are integers in minor units (won).",
    ),
    paths(
        orders::create, orders::list, orders::get, orders::confirm, orders::cancel,
        payments::create, payments::get, payments::list, payments::transactions, payments::capture, payments::cancel,
        sessions::create, sessions::get, sessions::prepare, confirm::verify, confirm::confirm,
        receipts::get, receipts::keys,
        payments::complete_mock, notifications::receive, me::payments, events::feed, gateways::list,
        admin::desk, admin::unanswered, admin::balances, admin::resolve, admin::erase_buyer,
        health::live, health::ready, health::metrics,
    ),
    modifiers(&Bearers),
)]
struct Description;

struct Bearers;

impl Modify for Bearers {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        for (name, about) in [
            ("merchant", "The merchant backend's secret."),
            ("admin", "An administrator's secret."),
            (
                "buyer",
                "A buyer's JWT (HS256, or RS256 and ES256 by a JWK set): `sub` is the buyer_id, `exp` is required.",
            ),
            ("session", "The token of one session."),
        ] {
            let scheme = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(about))
                .build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The description.
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// `/openapi.json`, and the page at `/docs`.
pub fn routes() -> Router {
    let page = SwaggerUi::new("/docs").url("/openapi.json", description());
    page.config(Config::from("/openapi.json").validator_url("none"))
        .into()
}
