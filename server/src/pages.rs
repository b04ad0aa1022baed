//! Pages for people: rendered by the server, in the visitor's language, under one policy.
//!
//! A page never contains what a session's token opens: the token is in the address's fragment, which browsers do not
//! send. The page's script fills that in, with texts that are on the page already.

pub mod assets;
pub mod language;
pub mod policy;
pub mod words;

mod accepts;
mod checkout;
mod consents;
mod fixed;
mod missing;
mod nowhere;
mod package;
mod receipt;

mod visit;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::get;

pub use self::assets::{Entry, Linked};
pub use self::consents::{ConsentText, ConsentTexts};
pub use self::language::Language;
pub use self::visit::{Page, Visit};
pub use self::words::Words;

use self::fixed::FixedPages;
use self::policy::Policy;
use crate::config::{Seller, Settings};
use crate::http::cross_origin;

/// State shared by all pages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pages(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: Policy,
    shop_url: Option<String>,
    seller: Arc<Seller>,
    fixed: FixedPages,
}

impl Pages {
    /// The pages under these settings.
    pub fn new(settings: &Settings) -> Self {
        let shop_url = settings.checkout.shop_url.as_ref();
        Self(Arc::new(Shared {
            policy: Policy::new(settings),
            shop_url: shop_url.map(ToString::to_string),
            seller: Arc::new(settings.shop.clone()),
            fixed: FixedPages::default(),
        }))
    }
}

/// Whether this program was built with the pages' scripts and style sheets.
pub fn are_built() -> bool {
    assets::linked(Entry::Checkout).is_some()
}

/// The package for custom pages.
const PACKAGE: [&str; 2] = ["/package/checkout.tgz", "/package/checkout/{file}"];

fn packaged() -> Router<Pages> {
    let [whole, file] = PACKAGE;
    Router::new()
        .route(whole, get(package::whole))
        .route(file, get(package::file))
}

/// The paths that pages of any origin may load.
pub fn open_to_pages() -> impl Iterator<Item = (String, Method, cross_origin::Pages)> {
    let open = cross_origin::Pages::OfAnyOrigin;
    PACKAGE
        .into_iter()
        .map(move |path| (path.to_owned(), Method::GET, open))
}

/// The pages that every server has, what they are made of, and what is said where nothing is.
pub fn routes(pages: Pages) -> Router {
    Router::new()
        .route("/checkout", get(checkout::page))
        .route("/receipt", get(receipt::page))
        .route("/assets/{file}", get(assets::serve))
        .merge(packaged())
        .fallback(nowhere::page)
        .with_state(pages)
}
