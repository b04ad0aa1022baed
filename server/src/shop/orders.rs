//! A visitor's purchases: their history, one order, and the actions of the shop's host on it. In this shop the visitor
//! is the host too, so that one person can see both sides.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::Shop;
use super::guest::{Guest, Sender, Sorry};
use super::payment_api::{Order, Payment};
use super::standing::Standing;
use crate::pages::{Page, Words};

/// How many orders a history goes back.
const ORDERS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "shop/history.html")]
struct History {
    page: Page,
    orders: Vec<Bought>,
}

#[derive(Template)]
#[template(path = "shop/order.html")]
struct OrderPage {
    page: Page,
    order: Bought,
}

/// An order, and how it stands.
struct Bought {
    order: Order,
    standing: Standing,
}

impl Bought {
    /// Its first line, and how many more there are.
    fn title(&self, words: &Words) -> String {
        let lines = &self.order.lines;
        let first = lines.first().map_or("", |line| line.name.as_str());
        match lines.len().saturating_sub(1) {
            0 => first.to_owned(),
            more => format!(
                "{first}{}",
                words.and_more.replace("{count}", &more.to_string())
            ),
        }
    }
}

/// `GET /shop/orders`
pub(super) async fn history(State(shop): State<Shop>, guest: Guest) -> Response {
    let orders = shop.history(&guest).await;
    guest.answer(orders.map(|orders| guest.show(|page| History { page, orders })))
}

/// `GET /shop/orders/{order_id}`
pub(super) async fn one(
    State(shop): State<Shop>,
    guest: Guest,
    Path(order_id): Path<String>,
) -> Response {
    let bought = shop.bought(&guest, &order_id).await;
    let order = bought.map(|(order, _)| order);
    guest.answer(order.map(|order| guest.show(|page| OrderPage { page, order })))
}

/// `POST /shop/orders/{order_id}/confirm`
pub(super) async fn confirm(
    State(shop): State<Shop>,
    Sender(guest): Sender,
    Path(order_id): Path<String>,
) -> Response {
    let confirmed = shop.confirm(&guest, &order_id).await;
    guest.answer(confirmed.map(|()| guest.send_to(&address(&order_id))))
}

/// `POST /shop/orders/{order_id}/cancel`
pub(super) async fn cancel(
    State(shop): State<Shop>,
    Sender(guest): Sender,
    Path(order_id): Path<String>,
) -> Response {
    let canceled = shop.cancel(&guest, &order_id).await;
    guest.answer(canceled.map(|()| guest.send_to(&address(&order_id))))
}

impl Shop {
    /// The latest orders, newest first; the API's list is of payments, and an order may have several.
    async fn history(&self, guest: &Guest) -> Result<Vec<Bought>, Sorry> {
        let (token, api) = (&guest.visitor.token, &self.0.payments);
        let payments = api.payments(token).await?;
        let mut orders = Vec::new();
        for order_id in newest(&payments) {
            if let Some(order) = api.order(token, order_id).await? {
                let standing = Standing::of(&order, payments.iter().filter(of(order_id)));
                orders.push(Bought { order, standing });
            }
        }
        Ok(orders)
    }

    /// An order of theirs with its payments. Another visitor's is not here, whatever they want with it.
    async fn bought(&self, guest: &Guest, order_id: &str) -> Result<(Bought, Vec<Payment>), Sorry> {
        let (token, api) = (&guest.visitor.token, &self.0.payments);
        let order = api.order(token, order_id).await?;
        let order = order.ok_or(Sorry::NotHere)?;
        let payments = api.payments_of(token, order_id).await?;
        let standing = Standing::of(&order, &payments);
        Ok((Bought { order, standing }, payments))
    }

    async fn confirm(&self, guest: &Guest, order_id: &str) -> Result<(), Sorry> {
        self.bought(guest, order_id).await?;
        Ok(self.0.payments.confirm(order_id).await?)
    }

    /// A paid order is given back by its payment; any other is canceled, and what was taken for it goes back.
    async fn cancel(&self, guest: &Guest, order_id: &str) -> Result<(), Sorry> {
        let (bought, payments) = self.bought(guest, order_id).await?;
        let taken = payments.iter().find(|one| one.detail == "CAPTURED");
        let api = &self.0.payments;
        match taken {
            Some(payment) if bought.order.status == "PAID" => api.give_back(&payment.id).await?,
            _ => api.cancel(order_id).await?,
        }
        Ok(())
    }
}

/// The orders that these payments are of, each once.
fn newest(payments: &[Payment]) -> Vec<&str> {
    let mut orders: Vec<&str> = Vec::new();
    for payment in payments {
        let order_id = payment.order_id.as_str();
        if orders.len() < ORDERS_MAX && !orders.contains(&order_id) {
            orders.push(order_id);
        }
    }
    orders
}

fn of(order_id: &str) -> impl Fn(&&Payment) -> bool {
    move |payment| payment.order_id == order_id
}

/// The order is one of theirs, so its name is one that we gave.
fn address(order_id: &str) -> String {
    format!("/shop/orders/{order_id}")
}
