//! Pages of payments: the query's parameters, and the answer with the cursor of the next page.

use daegeum_engine::id::{BuyerId, OrderId, PaymentId};
use daegeum_engine::order::Resource;
use daegeum_engine::payment::PaymentDetail;
use daegeum_engine::store::reader::{Counted, PaymentFilter, PaymentPage};
use daegeum_engine::time::Timestamp;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::{answer, vocabulary};
use crate::http::{HttpErrorCode, Problem};

/// The default page size, and the largest.
pub const LIMIT_DEFAULT: u16 = 20;
const LIMIT_MAX: u16 = 100;

/// The parameters of a list of payments.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaymentQuery {
    /// The most payments, 1 to 100; 20 if absent.
    #[param(value_type = u16, minimum = 1, maximum = 100, required = false)]
    limit: Option<u16>,
    /// The `next` of the previous page.
    #[param(value_type = vocabulary::PaymentId, inline, required = false)]
    after: Option<String>,
    /// Only payments with this `status` or `detail`.
    #[param(value_type = vocabulary::PaymentStatusOrDetail, inline, required = false)]
    status: Option<String>,
    /// Only payments of this order.
    #[param(value_type = vocabulary::OrderId, inline, required = false)]
    order_id: Option<String>,
    /// Only payments for this resource of the merchant, together with `resource_id`.
    #[param(value_type = vocabulary::MerchantName, inline, required = false)]
    resource_type: Option<String>,
    /// Only payments for this resource of the merchant, together with `resource_type`.
    #[param(value_type = vocabulary::MerchantName, inline, required = false)]
    resource_id: Option<String>,
    /// Only payments of this buyer; not available to buyers themselves.
    #[param(value_type = vocabulary::BuyerId, inline, required = false)]
    buyer_id: Option<String>,
    /// Only payments begun at or after this time (RFC 3339).
    #[param(value_type = vocabulary::Moment, inline, required = false)]
    created_from: Option<String>,
    /// Only payments begun before this time (RFC 3339).
    #[param(value_type = vocabulary::Moment, inline, required = false)]
    created_to: Option<String>,
}

/// The page of a list without filters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The most payments, 1 to 100; 20 if absent.
    #[param(value_type = u16, minimum = 1, maximum = 100, required = false)]
    limit: Option<u16>,
    /// The `next` of the previous page.
    #[param(value_type = vocabulary::PaymentId, inline, required = false)]
    after: Option<String>,
}

impl PageQuery {
    /// The payment to start after, and the page size.
    pub fn check(self) -> Result<(Option<PaymentId>, usize), Problem> {
        Ok((after(self.after)?, limit(self.limit)?))
    }
}

fn after(id: Option<String>) -> Result<Option<PaymentId>, Problem> {
    id.map(|id| PaymentId::parse(&id).map_err(|_| invalid("after")))
        .transpose()
}

/// A checked query.
pub struct Asked {
    /// The filter.
    pub filter: PaymentFilter,
    /// Payments before this one.
    pub before: Option<PaymentId>,
    /// The page size.
    pub limit: usize,
}

impl PaymentQuery {
    /// Checks every parameter.
    pub fn check(self) -> Result<Asked, Problem> {
        let resource = Resource::parse(self.resource_type.as_deref(), self.resource_id.as_deref());
        let filter = PaymentFilter {
            buyer: self
                .buyer_id
                .map(|id| BuyerId::parse(&id).map_err(|_| invalid("buyer_id")))
                .transpose()?,
            resource: resource.map_err(invalid)?,
            order: self
                .order_id
                .map(|id| OrderId::parse(&id).map_err(|_| invalid("order_id")))
                .transpose()?,
            details: self
                .status
                .map(|name| details(&name))
                .transpose()?
                .unwrap_or_default(),
            from: self
                .created_from
                .map(|at| time(&at, "created_from"))
                .transpose()?,
            to: self
                .created_to
                .map(|at| time(&at, "created_to"))
                .transpose()?,
        };
        Ok(Asked {
            filter,
            before: after(self.after)?,
            limit: limit(self.limit)?,
        })
    }

    /// Whether the query names a buyer.
    pub const fn names_buyer(&self) -> bool {
        self.buyer_id.is_some()
    }
}

/// The requested page size, or the default.
pub fn limit(asked: Option<u16>) -> Result<usize, Problem> {
    match asked.unwrap_or(LIMIT_DEFAULT) {
        limit @ 1..=LIMIT_MAX => Ok(usize::from(limit)),
        _ => Err(invalid("limit")),
    }
}

/// The refusal of an invalid parameter.
pub fn invalid(name: &'static str) -> Problem {
    let problem = Problem::from(HttpErrorCode::InvalidParameter);
    problem.at(name, "This value is not valid here.")
}

/// Parses a time in a query.
pub fn time(text: &str, name: &'static str) -> Result<Timestamp, Problem> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| invalid(name))
}

/// The exact states with this status or detail.
fn details(name: &str) -> Result<Vec<PaymentDetail>, Problem> {
    let of = |matches: fn(PaymentDetail) -> &'static str| -> Vec<PaymentDetail> {
        PaymentDetail::ALL
            .iter()
            .copied()
            .filter(|detail| matches(*detail) == name)
            .collect()
    };
    let by_status = of(PaymentDetail::status);
    let found = if by_status.is_empty() {
        of(PaymentDetail::name)
    } else {
        by_status
    };
    if found.is_empty() {
        Err(invalid("status"))
    } else {
        Ok(found)
    }
}

/// A page of a work list, with the number of entries on all pages.
pub struct CountedPage {
    /// The page.
    pub page: PaymentPage,
    /// The number of entries on all pages.
    pub counted: Counted,
}

impl Serialize for CountedPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("items", &Items(&self.page))?;
        map.serialize_entry("next", &self.page.next.map(|id| id.to_string()))?;
        map.serialize_entry("count", &self.counted.count)?;
        map.serialize_entry("at_least", &self.counted.more)?;
        map.end()
    }
}

/// A page as the API shows it.
pub struct PageView(pub PaymentPage);

impl Serialize for PageView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("items", &Items(&self.0))?;
        map.serialize_entry("next", &self.0.next.map(|id| id.to_string()))?;
        map.end()
    }
}

struct Items<'a>(&'a PaymentPage);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.payments.iter().map(|one| answer::view(one)))
    }
}
