//! The pages of the catalogue: all items, and one item.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::catalogue::{ITEMS, Item};
use super::guest::{Guest, Sorry};
use crate::pages::Page;

#[derive(Template)]
#[template(path = "shop/items.html")]
struct Items {
    page: Page,
    items: &'static [Item],
}

#[derive(Template)]
#[template(path = "shop/item.html")]
struct One {
    page: Page,
    item: &'static Item,
}

/// `GET /shop`
pub(super) async fn all(guest: Guest) -> Response {
    guest.show(|page| Items { page, items: ITEMS })
}

/// `GET /shop/items/{slug}`
pub(super) async fn one(guest: Guest, Path(slug): Path<String>) -> Response {
    let item = Item::find(&slug).ok_or(Sorry::NotHere);
    guest.answer(item.map(|item| guest.show(|page| One { page, item })))
}
