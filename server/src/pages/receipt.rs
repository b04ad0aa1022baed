//! `GET /receipt`: the receipt for people, on the screen, on paper and as a file. The session's token is in the
//! fragment, as at the checkout.

use askama::Template;
use axum::response::Response;

use super::{Entry, Page, Visit};

#[derive(Template)]
#[template(path = "receipt/page.html")]
struct Receipt {
    page: Page,
}

pub(super) async fn page(visit: Visit) -> Response {
    visit.show(Entry::Receipt, |page| Receipt { page })
}
