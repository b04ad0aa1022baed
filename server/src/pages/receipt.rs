//! `GET /receipt`: the receipt for people, on the screen, on paper and as a file. The session's token is in the
//! fragment, as at the checkout.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::fixed::Fixed;
use super::{Page, Visit};

#[derive(Template)]
#[template(path = "receipt/page.html")]
struct Receipt {
    page: Page,
}

pub(super) async fn page(visit: Visit) -> Response {
    visit.show_fixed(StatusCode::OK, Fixed::Receipt, |page| Receipt { page })
}
