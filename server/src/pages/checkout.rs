//! `GET /checkout`: the page on which a session is paid, and which a gateway sends its buyer back to.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::fixed::Fixed;
use super::{Page, Visit};

#[derive(Template)]
#[template(path = "checkout/page.html")]
struct CheckoutPage {
    page: Page,
}

pub(super) async fn page(visit: Visit) -> Response {
    let make = |page| CheckoutPage { page };
    visit.show_fixed(StatusCode::OK, Fixed::Checkout, make)
}
