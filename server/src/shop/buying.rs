//! Buying: an order is registered, its checkout begun, and the buyer's browser sent there with the session's token
//! in the address's fragment, or given the token where the page shows the checkout itself.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::Shop;
use super::catalogue::Item;
use super::guest::{Guest, Sender, Sorry};
use super::payment_api::{NewOrder, Session};
use crate::http::{Problem, RawBody};
use crate::world::random_bytes;

/// `POST /shop/orders`
pub(super) async fn buy(
    State(shop): State<Shop>,
    Sender(guest): Sender,
    headers: HeaderMap,
    RawBody(form): RawBody,
) -> Response {
    let bought = shop.buy(&guest, &form).await;
    guest.answer(bought.map(|session| {
        if wants_json(&headers) {
            guest.known(told(&session))
        } else {
            guest.send_to(&checkout(&session))
        }
    }))
}

/// `POST /shop/orders/{order_id}/pay`: another checkout for an order that still waits for its payment.
pub(super) async fn pay(
    State(shop): State<Shop>,
    Sender(guest): Sender,
    Path(order_id): Path<String>,
) -> Response {
    let begun = shop.pay(&guest, &order_id).await;
    guest.answer(begun.map(|session| guest.send_to(&checkout(&session))))
}

impl Shop {
    async fn buy(&self, guest: &Guest, form: &[u8]) -> Result<Session, Sorry> {
        let (item, quantity) = read(form).ok_or(Sorry::WrongForm)?;
        let lines = item.lines(quantity, guest.visit.language);
        let order_id = self.new_order_id();
        let order = NewOrder {
            order_id: &order_id,
            buyer_id: &guest.visitor.id,
            currency: "KRW",
            total: item.total(quantity),
            lines: lines.ok_or(Sorry::WrongForm)?,
            capture: item.capture,
        };
        self.0.payments.register(&order).await?;
        Ok(self.0.payments.begin_session(&order_id).await?)
    }

    async fn pay(&self, guest: &Guest, order_id: &str) -> Result<Session, Sorry> {
        let theirs = self.0.payments.order(&guest.visitor.token, order_id);
        theirs.await?.ok_or(Sorry::NotHere)?;
        Ok(self.0.payments.begin_session(order_id).await?)
    }

    fn new_order_id(&self) -> String {
        let random = u64::from_be_bytes(random_bytes(&*self.0.world));
        format!("shop-{random:016x}")
    }
}

/// A form of the shop: an item, and a quantity (1 if absent).
fn read(form: &[u8]) -> Option<(&'static Item, u32)> {
    let field = |wanted: &str| {
        form_urlencoded::parse(form)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    let item = Item::find(&field("item")?)?;
    let quantity = field("quantity").map_or(Ok(1), |many| many.trim().parse());
    Some((item, quantity.ok()?))
}

/// No server sees a fragment, nor any log.
fn checkout(session: &Session) -> String {
    format!("/checkout#{}", session.session_token)
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .is_some_and(|wanted| wanted.as_bytes().starts_with(b"application/json"))
}

fn told(session: &Session) -> Response {
    let body = serde_json::json!({
        "session_token": session.session_token,
        "checkout_url": checkout(session),
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    match serde_json::to_vec(&body) {
        Ok(body) => (headers, body).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(form: &str) -> Option<(&'static str, u32)> {
        read(form.as_bytes()).map(|(item, quantity)| (item.slug, quantity))
    }

    #[test]
    fn a_form_names_an_item_and_how_many() {
        assert_eq!(reads("item=postcard&quantity=3"), Some(("postcard", 3)));
        assert_eq!(reads("quantity=+2&item=postcard"), Some(("postcard", 2)));
        assert_eq!(reads("item=postcard"), Some(("postcard", 1)));
    }

    #[test]
    fn a_form_that_is_not_ours_buys_nothing() {
        for form in [
            "",
            "item=",
            "item=gold",
            "item=postcard&quantity=",
            "item=postcard&quantity=-1",
            "item=postcard&quantity=1.5",
            "item=postcard&quantity=99999999999",
            "\u{1}\u{2}",
        ] {
            assert_eq!(reads(form), None, "{form}");
        }
    }

    #[test]
    fn no_form_names_a_price() {
        let (item, quantity) = read(b"item=postcard&quantity=2&total=1&unit_price=1").unwrap();
        assert_eq!(item.total(quantity), 1_000);
    }
}
