//! Lists of orders: the query's parameters, and the answer with the cursor of the next page.

use axum::response::Response;
use daegeum_engine::id::{BuyerId, OrderId};
use daegeum_engine::order::{Contents, OrderState, Resource};
use daegeum_engine::store::reader::{OrderFilter, OrderPage};
use daegeum_engine::wire::OrderView;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::page::{invalid, limit, time};
use super::{answer, vocabulary};
use crate::app::App;
use crate::http::Problem;

/// The parameters of a list of orders.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// The most orders, 1 to 100; 20 if absent.
    #[param(value_type = u16, minimum = 1, maximum = 100, required = false)]
    limit: Option<u16>,
    /// The `next` of the previous page.
    #[param(value_type = vocabulary::OrderId, inline, required = false)]
    after: Option<String>,
    /// Only orders with this `status` or `detail`.
    #[param(value_type = vocabulary::OrderStatusOrDetail, inline, required = false)]
    status: Option<String>,
    /// Only orders of this buyer.
    #[param(value_type = vocabulary::BuyerId, inline, required = false)]
    buyer_id: Option<String>,
    /// Only orders for this resource of the merchant, together with `resource_id`.
    #[param(value_type = vocabulary::MerchantName, inline, required = false)]
    resource_type: Option<String>,
    /// Only orders for this resource of the merchant, together with `resource_type`.
    #[param(value_type = vocabulary::MerchantName, inline, required = false)]
    resource_id: Option<String>,
    /// Only orders registered at or after this time (RFC 3339).
    #[param(value_type = vocabulary::Moment, inline, required = false)]
    created_from: Option<String>,
    /// Only orders registered before this time (RFC 3339).
    #[param(value_type = vocabulary::Moment, inline, required = false)]
    created_to: Option<String>,
}

impl OrderQuery {
    fn filter(&self) -> Result<OrderFilter, Problem> {
        let resource = Resource::parse(self.resource_type.as_deref(), self.resource_id.as_deref());
        let buyer = self.buyer_id.as_deref().map(BuyerId::parse).transpose();
        let at = |text: &Option<String>, name| text.as_deref().map(|at| time(at, name)).transpose();
        let states = self.status.as_deref().map(states).transpose()?;
        Ok(OrderFilter {
            buyer: buyer.map_err(|_| invalid("buyer_id"))?,
            resource: resource.map_err(invalid)?,
            states: states.unwrap_or_default(),
            from: at(&self.created_from, "created_from")?,
            to: at(&self.created_to, "created_to")?,
        })
    }
}

/// The requested page.
pub fn page(app: &App, query: &OrderQuery) -> Result<Response, Problem> {
    let filter = query.filter()?;
    let limit = limit(query.limit)?;
    let after = query.after.as_deref().map(OrderId::parse).transpose();
    let after = after.map_err(|_| invalid("after"))?;
    let before = match after {
        Some(id) => {
            let known = app.reader.order(&id).map_err(answer::stored)?;
            Some(known.ok_or_else(|| invalid("after"))?)
        }
        None => None,
    };
    let page = app.reader.orders(&filter, before.as_ref(), limit);
    let page = page.map_err(answer::stored)?;
    let contents = page.orders.iter();
    let contents = contents.map(|order| app.reader.contents(order.first_record));
    let contents = contents.collect::<Result<Vec<_>, _>>();
    let contents = contents.map_err(answer::stored)?;
    answer::json(200, &PageView { page, contents })
}

/// The states with this status or detail.
fn states(name: &str) -> Result<Vec<OrderState>, Problem> {
    let all = OrderState::ALL.iter().copied();
    let found = all.filter(|state| state.status() == name || state.name() == name);
    let found: Vec<OrderState> = found.collect();
    if found.is_empty() {
        return Err(invalid("status"));
    }
    Ok(found)
}

struct PageView {
    page: OrderPage,
    contents: Vec<Contents>,
}

impl Serialize for PageView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let orders = self.page.orders.iter().zip(&self.contents);
        let views = orders.map(|(order, contents)| OrderView {
            order: &order.value,
            contents,
        });
        let items: Vec<OrderView<'_>> = views.collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("items", &items)?;
        let next = self.page.next.as_ref().map(OrderId::as_str);
        map.serialize_entry("next", &next)?;
        map.end()
    }
}
