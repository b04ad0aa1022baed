//! A buyer's own payments.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use daegeum_engine::id::BuyerId;
use daegeum_engine::store::reader::PaymentPage;

use super::answer;
use super::page::{self, PageView, PaymentQuery};
use super::schema::PageSchema;
use crate::app::App;
use crate::http::{Buyer, Problem, Query};

/// Lists the caller's payments, newest first.
#[utoipa::path(get, path = "/api/v1/me/payments", tag = "buyer",
    responses((status = 200, body = PageSchema)))]
pub async fn payments(
    State(app): State<Arc<App>>,
    Buyer(sub): Buyer,
    Query(query): Query<PaymentQuery>,
) -> Result<Response, Problem> {
    if query.names_buyer() {
        return Err(page::invalid("buyer_id"));
    }
    let mut asked = query.check()?;
    let Ok(buyer) = BuyerId::parse(&sub) else {
        return answer::json(200, &PageView(PaymentPage::default()));
    };
    asked.filter.buyer = Some(buyer);
    let page = app
        .reader
        .payments(&asked.filter, asked.before, asked.limit)
        .map_err(answer::stored)?;
    answer::json(200, &PageView(page))
}
