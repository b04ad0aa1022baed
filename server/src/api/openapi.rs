//! The API's description (`OpenAPI` 3.1), assembled from the routes' own descriptions, and a page that shows it
//! offline.

use axum::Router;
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{OpenApi, OpenApiBuilder};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::Kind;

const ABOUT: &str = "Payments for shops and marketplaces: orders, payments, notifications, the event feed. Amounts are integers in minor units (won).";

const TAGS: [(&str, &str); 9] = [
    ("orders", "What is bought."),
    ("payments", "Attempts to pay for orders, and receipts."),
    ("checkout", "A buyer's way through a payment."),
    ("buyer", "What a buyer sees of their own."),
    (
        "events",
        "The feed of everything that concerns the merchant.",
    ),
    ("notifications", "What gateways tell."),
    ("gateways", "Who takes payments here, and what they can do."),
    ("admin", "What people decide, and the books."),
    ("operation", "Whether the server is well."),
];
const MOCK: (&str, &str) = ("mock", "The mock gateway's buttons.");

const CALLERS: [(Kind, &str); 5] = [
    (Kind::Merchant, "The merchant backend's secret."),
    (Kind::Admin, "An administrator's secret."),
    (
        Kind::Buyer,
        "A buyer's JWT (HS256, or RS256 and ES256 by a JWK set): `sub` is the buyer_id, `exp` is required.",
    ),
    (Kind::Session, "The token of one session."),
    (
        Kind::Scraper,
        "The key in `metrics.key`, for the figures alone.",
    ),
];

/// The description of these routes, for the server at `address`.
pub fn description(routes: OpenApi, address: &str) -> OpenApi {
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let info = InfoBuilder::new()
        .title("Daegeum")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license.build()));
    let tags = TAGS.into_iter().chain([MOCK]).map(|(name, about)| {
        let tag = TagBuilder::new().name(name);
        tag.description(Some(about)).build()
    });
    let here = ServerBuilder::new().url(address);
    let mut description = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([here.build()]))
        .tags(Some(tags))
        .build();
    description.merge(routes);
    let components = description.components.get_or_insert_default();
    for (caller, about) in CALLERS {
        let mut scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(about));
        if caller == Kind::Buyer {
            scheme = scheme.bearer_format("JWT");
        }
        let scheme = SecurityScheme::Http(scheme.build());
        components.add_security_scheme(caller.name(), scheme);
    }
    description
}

/// `/openapi.json`, and the page at `/docs`.
pub fn routes(description: OpenApi) -> Router {
    let page = SwaggerUi::new("/docs").url("/openapi.json", description);
    page.config(Config::from("/openapi.json").validator_url("none"))
        .into()
}
