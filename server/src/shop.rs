//! The sandbox's shop: a small merchant's backend, to pay at and to copy from.
//!
//! It registers orders and begins checkouts by the public HTTP API with the merchant's key, identifies its visitors
//! by tokens that it signs itself, and confirms or cancels their orders. It knows nothing of the engine and stores
//! nothing: orders are read from the API each time.

mod buying;
mod catalogue;
mod guest;
mod orders;
mod payment_api;
mod same_origin;
mod showing;
mod standing;
mod visitor;
mod window_shopping;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::response::Redirect;
use axum::routing::{get, post};

use self::payment_api::PaymentApi;
use self::visitor::Visitors;
use crate::config::Config;
use crate::pages::Pages;
use crate::world::SharedWorld;

/// The shop. Cheap to clone.
#[derive(Clone)]
pub struct Shop(Arc<Inside>);

struct Inside {
    pages: Pages,
    payments: PaymentApi,
    visitors: Visitors,
    world: SharedWorld,
}

impl Shop {
    /// The shop of the first merchant in `config`, if there is one and the shop can sign its visitors' tokens. It
    /// makes no calls before it is given the address.
    pub fn new(config: &Config, world: &SharedWorld) -> Option<Self> {
        let key = config.secrets.merchants.first()?.secret.clone();
        let over_tls = config.settings.tls.cert.is_some();
        // This shop signs its visitors' tokens itself, even if others sign some too.
        let secret = config.secrets.buyer_jwt.as_ref()?;
        let visitors = Visitors::new(Arc::clone(world), secret, over_tls);
        let visitors = visitors.claiming(&config.settings.buyers);
        Some(Self(Arc::new(Inside {
            pages: Pages::new(&config.settings),
            payments: PaymentApi::new(Arc::clone(world), key, over_tls),
            visitors,
            world: Arc::clone(world),
        })))
    }

    /// Says where the API is: at the server that also shows the shop, once it listens.
    pub fn opens_at(&self, server: SocketAddr) {
        self.0.payments.is_at(server);
    }

    /// Its pages and forms.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/", get(|| async { Redirect::to("/shop") }))
            .route("/shop", get(window_shopping::all))
            .route("/shop/items/{slug}", get(window_shopping::one))
            .route("/shop/orders", get(orders::history).post(buying::buy))
            .route("/shop/orders/{order_id}", get(orders::one))
            .route("/shop/orders/{order_id}/pay", post(buying::pay))
            .route("/shop/orders/{order_id}/confirm", post(orders::confirm))
            .route("/shop/orders/{order_id}/cancel", post(orders::cancel))
            .with_state(self.clone())
    }
}

impl FromRef<Shop> for Pages {
    fn from_ref(shop: &Shop) -> Self {
        shop.0.pages.clone()
    }
}
