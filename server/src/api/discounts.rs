//! Discounts in the request that registers an order. The computation is the engine's.

use daegeum_engine::order::{BorneBy, Discount, OrderCore};
use daegeum_engine::rejection::Rejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{answer, orders, vocabulary};
use crate::http::{HttpErrorCode, Integer, Problem};

/// A discount on the prices of an order's lines.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderDiscount {
    /// Its name, 1 to 200 characters; buyers see it.
    #[schema(value_type = vocabulary::LineName)]
    name: String,
    /// The discount in total, in minor units (won): at least 1, at most the remaining price of its lines.
    #[schema(value_type = vocabulary::PositiveMinorUnits)]
    amount: Integer,
    /// The indexes of its lines, from 0; if absent, all lines. It is shared among them in proportion to their
    /// remaining prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::LinePlaces>)]
    lines: Option<Vec<Integer>>,
    /// The party that bears it: with `shop` the sellers' amounts are not reduced. `shop` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::DiscountBearer>)]
    borne_by: Option<BorneByWord>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum BorneByWord {
    Shop,
    Seller,
}

/// The discounts of an order with this many lines.
pub fn check(sent: Vec<OrderDiscount>, lines: usize) -> Result<Vec<Discount>, Problem> {
    if sent.len() > OrderCore::MAX_DISCOUNTS {
        return Err(Problem::from(HttpErrorCode::InvalidValue)
            .at("discounts", "An order has at most 20 discounts."));
    }
    let checked = sent.into_iter().enumerate();
    checked.map(|(at, one)| one.check(at, lines)).collect()
}

impl OrderDiscount {
    fn check(self, at: usize, lines: usize) -> Result<Discount, Problem> {
        let place = |field: &str| format!("discounts[{at}].{field}");
        let name = orders::name(&self.name, place("name"))?;
        let out_of_range = || {
            let rejection = Rejection::discount_out_of_range(at);
            answer::problem_at(&rejection, &place("amount"))
        };
        let minor = u64::try_from(self.amount.get()).map_err(|_| out_of_range())?;
        let on = self
            .lines
            .map(|named| places(&named, lines, &place("lines")));
        Ok(Discount {
            name,
            minor,
            lines: on.transpose()?,
            borne_by: match self.borne_by {
                None | Some(BorneByWord::Shop) => BorneBy::Shop,
                Some(BorneByWord::Seller) => BorneBy::Seller,
            },
        })
    }
}

/// Indexes of existing lines, each once.
fn places(named: &[Integer], lines: usize, field: &str) -> Result<Vec<u8>, Problem> {
    let refused = || {
        let rule = "Each is the place of a line of this order, from 0, and stands here once.";
        Problem::from(HttpErrorCode::InvalidValue).at(field, rule)
    };
    let mut places = Vec::with_capacity(named.len());
    for one in named {
        let at = usize::try_from(one.get()).ok().filter(|at| *at < lines);
        let at = at
            .and_then(|at| u8::try_from(at).ok())
            .ok_or_else(refused)?;
        if places.contains(&at) {
            return Err(refused());
        }
        places.push(at);
    }
    if places.is_empty() {
        return Err(refused());
    }
    Ok(places)
}
