//! Lists of orders, newest first.

use super::Reader;
use crate::id::{BuyerId, OrderId};
use crate::order::{AnyOrder, OrderState, Resource};
use crate::store::StoreError;
use crate::store::keys::{self, Begun};
use crate::store::view::{KeyReader as _, Stored};
use crate::time::Timestamp;

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Of this buyer.
    pub buyer: Option<BuyerId>,
    /// For this resource of the merchant.
    pub resource: Option<Resource>,
    /// In one of these states; empty for any.
    pub states: Vec<OrderState>,
    /// Registered at or after.
    pub from: Option<Timestamp>,
    /// Registered before.
    pub to: Option<Timestamp>,
}

impl OrderFilter {
    fn admits(&self, order: &AnyOrder) -> bool {
        let in_state = self.states.is_empty() || self.states.contains(&order.state());
        in_state && (self.resource.is_none() || self.resource == order.core().resource)
    }
}

/// A page of orders, newest first.
#[derive(Debug, Default)]
pub struct OrderPage {
    /// The orders, each with the number of the record that registered it.
    pub orders: Vec<Stored<AnyOrder>>,
    /// The next page begins after this; `None` if this is the last.
    pub next: Option<OrderId>,
}

impl Reader {
    /// A page of at most `limit` orders registered before `before`. A page that had to skip too many ends early.
    pub fn orders(
        &self,
        filter: &OrderFilter,
        before: Option<&Stored<AnyOrder>>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        let mut page = OrderPage::default();
        let from = filter.from.map(Begun::before);
        let mut last = earlier(before.map(begun), filter.to.map(Begun::before));
        let mut examined = 0_usize;
        let chunk = limit.saturating_add(1);
        while examined < Self::MOST_EXAMINED {
            let range = keys::orders_before(filter.buyer.as_ref(), from, last);
            let found = self.scan(&range, chunk)?;
            let exhausted = found.len() < chunk;
            examined = examined.saturating_add(found.len());
            for (_, id) in found {
                if page.orders.len() == limit {
                    return Ok(page);
                }
                let order = self.listed_order(&id)?;
                last = Some(begun(&order));
                page.next = Some(order.value.core().id.clone());
                if filter.admits(&order.value) {
                    page.orders.push(order);
                }
            }
            if exhausted {
                page.next = None;
                return Ok(page);
            }
        }
        Ok(page)
    }

    /// An order that a key of the index names. If it is absent, the index is damaged.
    fn listed_order(&self, id: &[u8]) -> Result<Stored<AnyOrder>, StoreError> {
        let named = std::str::from_utf8(id).ok();
        let named = named.and_then(|id| OrderId::parse(id).ok());
        let order = named.map(|id| self.order(&id)).transpose()?.flatten();
        order.ok_or_else(|| {
            let what = "an order is listed, and is not there".to_owned();
            self.distrusted(StoreError::Damaged(what))
        })
    }
}

fn begun(order: &Stored<AnyOrder>) -> Begun {
    Begun {
        at: order.value.core().created_at,
        record: order.first_record,
    }
}

fn earlier(one: Option<Begun>, other: Option<Begun>) -> Option<Begun> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.at < other.at { one } else { other }),
        (one, other) => one.or(other),
    }
}
