//! `GET /checkout`: the page on which a session is paid, and which a gateway sends its buyer back to.

use askama::Template;
use axum::response::Response;

use super::{Entry, Page, Visit};

#[derive(Template)]
#[template(path = "checkout/page.html")]
struct CheckoutPage {
    page: Page,
}

pub(super) async fn page(visit: Visit) -> Response {
    visit.show(Entry::Checkout, |page| CheckoutPage { page })
}
