//! Orders: registering, reading, confirming, canceling. For the merchant's backend.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use daegeum_engine::command::{Command, NewLine, NewOrder};
use daegeum_engine::id::{BuyerId, OrderId};
use daegeum_engine::idempotency::hash16;
use daegeum_engine::money::{Currency, Money};
use daegeum_engine::order::{CaptureMode, OrderCore, Resource, Tax};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::text::check_name;
use daegeum_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::discounts::{self, OrderDiscount};
use super::nothing::{NoParameters, Nothing};
use super::order_list::{self, OrderQuery};
use super::schema::{OrderPageSchema, OrderSchema};
use super::{answer, vocabulary};
use crate::app::{App, Asked};
use crate::http::{
    Backend, BodyKey, Caller, HttpErrorCode, Integer, Json, KeyHeader, Office, OptionalJson,
    Principal, Problem, Query, RequestContext,
};
use crate::keyed;
use crate::text;

/// An order to register.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOrder {
    /// The merchant's id of the order, unique: 1–64 of `A–Z a–z 0–9 . _ : -`, and neither `.` nor `..`, which a path
    /// cannot contain.
    #[schema(value_type = vocabulary::OrderId)]
    order_id: String,
    /// The merchant's id of the buyer, at most 128 bytes; the `sub` of the buyer's token. Neither `.` nor `..`.
    #[schema(value_type = vocabulary::BuyerId)]
    buyer_id: String,
    /// `KRW`.
    #[schema(value_type = vocabulary::OrderCurrency)]
    currency: String,
    /// The total in minor units (won), VAT included. 0 is a free order, paid without a gateway.
    #[schema(value_type = vocabulary::MinorUnits)]
    total: Integer,
    /// The lines, 1 to 100; after discounts they add up to `total`.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<OrderLine>,
    /// The discounts on the lines' prices, at most 20, applied in this order: a later one reduces what an earlier one
    /// left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 20)]
    discounts: Vec<OrderDiscount>,
    /// `automatic`: the money is captured when the buyer pays. `on_confirmation`: it is held until the order is
    /// confirmed.
    #[schema(value_type = vocabulary::CaptureMode, example = "automatic")]
    capture: CaptureWord,
    /// The payment deadline (RFC 3339); by default 30 minutes from now.
    #[schema(value_type = Option<vocabulary::Moment>)]
    expires_at: Option<String>,
    /// The type of the merchant's resource that the order is for: 1–64 of `A–Z a–z 0–9 . _ : -`. With `resource_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::MerchantName>)]
    resource_type: Option<String>,
    /// The merchant's id of that resource: 1–64 of `A–Z a–z 0–9 . _ : -`. Payments can be listed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::MerchantName>)]
    resource_id: Option<String>,
}

/// One line of an order.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderLine {
    /// The item's name, 1 to 200 characters.
    #[schema(value_type = vocabulary::LineName)]
    name: String,
    /// The number of pieces, at least 1.
    #[schema(value_type = u32, minimum = 1, maximum = 4_294_967_295_u64, example = 1)]
    quantity: Integer,
    /// Price of one piece in minor units, VAT included.
    #[schema(value_type = vocabulary::MinorUnits)]
    unit_price: Integer,
    /// Whether the price includes 10 % VAT.
    #[schema(value_type = vocabulary::Tax)]
    tax: TaxWord,
    /// The merchant's id of the item, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::ItemId>)]
    item_id: Option<String>,
    /// The merchant's id of the seller, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::ItemId>)]
    seller_id: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum CaptureWord {
    Automatic,
    OnConfirmation,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum TaxWord {
    Taxable,
    TaxFree,
}

/// Registers an order.
///
/// The same body again gets the first answer (`idempotent-replayed: true`); another body under the same `order_id` is
/// refused.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders",
    responses((status = 201, body = OrderSchema)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Backend(who): Backend,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Json(body): Json<CreateOrder>,
) -> Result<Response, Problem> {
    let fingerprint = keyed::fingerprint("POST /api/v1/orders", &body)?;
    let key = keyed::optional(&headers, &BodyKey::default(), &who, fingerprint)?;
    let new = body.check(fingerprint)?;
    let asked = Asked {
        command: Command::CreateOrder(new),
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    answer::of(&app, app.execute(asked).await?)
}

impl CreateOrder {
    fn check(self, fingerprint: [u8; 16]) -> Result<NewOrder, Problem> {
        let order_id = OrderId::of_new_order(&self.order_id).map_err(|_| invalid("order_id"))?;
        let buyer_id = BuyerId::of_new_order(&self.buyer_id).map_err(|_| invalid("buyer_id"))?;
        let currency =
            Currency::from_code(&self.currency).filter(|currency| *currency == Currency::Krw);
        let currency = currency.ok_or_else(|| invalid("currency"))?;
        let expires_at = self
            .expires_at
            .map(|at| Timestamp::parse_rfc3339(&at).ok_or_else(|| invalid("expires_at")));
        let expires_at = expires_at.transpose()?;
        if self.lines.len() > OrderCore::MAX_LINES {
            return Err(answer::problem(&Rejection::LineCountOutOfRange));
        }
        let resource = Resource::parse(self.resource_type.as_deref(), self.resource_id.as_deref());
        let resource = resource.map_err(invalid)?;
        let total = amount(self.total, currency, "total")?;
        let discounts = discounts::check(self.discounts, self.lines.len())?;
        let lines = self.lines.into_iter().enumerate();
        let lines = lines.map(|(at, line)| line.check(at, currency));
        let lines = lines.collect::<Result<Vec<NewLine>, Problem>>()?;
        let capture = match self.capture {
            CaptureWord::Automatic => CaptureMode::Automatic,
            CaptureWord::OnConfirmation => CaptureMode::OnConfirmation,
        };
        Ok(NewOrder {
            order_id,
            buyer_id,
            total,
            resource,
            lines,
            discounts,
            capture,
            expires_at,
            fingerprint,
        })
    }
}

impl OrderLine {
    fn check(self, at: usize, currency: Currency) -> Result<NewLine, Problem> {
        let place = |field: &str| format!("lines[{at}].{field}");
        let name = name(&self.name, place("name"))?;
        for (field, id) in [("item_id", &self.item_id), ("seller_id", &self.seller_id)] {
            if id.as_ref().is_some_and(|id| check_name(id, 64).is_err()) {
                return Err(invalid(place(field)));
            }
        }
        let out_of_range =
            |field: &str| answer::problem_at(&Rejection::SumOutOfRange, &place(field));
        let quantity = u32::try_from(self.quantity.get())
            .ok()
            .filter(|quantity| *quantity > 0);
        Ok(NewLine {
            name,
            quantity: quantity.ok_or_else(|| out_of_range("quantity"))?,
            unit_price: amount(self.unit_price, currency, &place("unit_price"))?.minor(),
            tax: match self.tax {
                TaxWord::Taxable => Tax::Taxable,
                TaxWord::TaxFree => Tax::TaxFree,
            },
            item_id: self.item_id.map(Into::into),
            seller_id: self.seller_id.map(Into::into),
        })
    }
}

/// The name of an item or a discount.
pub fn name(sent: &str, field: String) -> Result<Box<str>, Problem> {
    text::name(sent, 200).map_err(|_| {
        let rule = "A name has 1 to 200 characters, of which one at least can be seen.";
        Problem::from(HttpErrorCode::InvalidValue).at(field, rule)
    })
}

/// The refusal of a value that this field cannot have.
fn invalid(field: impl Into<String>) -> Problem {
    Problem::from(HttpErrorCode::InvalidValue).at(field, "This value is not valid here.")
}

/// An amount of a request: 0 to 2⁵³ − 1. `field` is its path.
pub fn amount(sent: Integer, currency: Currency, field: &str) -> Result<Money, Problem> {
    let minor = u64::try_from(sent.get()).ok();
    let money = minor.and_then(|minor| Money::new(minor, currency).ok());
    money.ok_or_else(|| answer::problem_at(&Rejection::SumOutOfRange, field))
}

/// Lists orders, newest first.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders",
    responses((status = 200, body = OrderPageSchema)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Office(_): Office,
    Query(query): Query<OrderQuery>,
) -> Result<Response, Problem> {
    order_list::page(&app, &query)
}

/// Reads an order.
#[utoipa::path(get, path = "/api/v1/orders/{order_id}", tag = "orders",
    responses((status = 200, body = OrderSchema)))]
pub async fn get(
    State(app): State<Arc<App>>,
    Caller(who): Caller,
    Path(order_id): Path<String>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Response, Problem> {
    let not_found = || answer::problem(&Rejection::OrderNotFound);
    let id = OrderId::parse(&order_id).map_err(|_| not_found())?;
    let order = app
        .reader
        .order(&id)
        .map_err(answer::stored)?
        .ok_or_else(not_found)?;
    if !keyed::asker(&who).may_see(&order.value.core().buyer_id) {
        return Err(not_found());
    }
    answer::order_response(&app, 200, &order.value, order.first_record)
}

/// Confirms a reserved order: its authorized money is captured; 202 while the gateway has not answered.
#[utoipa::path(post, path = "/api/v1/orders/{order_id}/confirm", tag = "orders",
    responses((status = 200, body = OrderSchema), (status = 202, body = OrderSchema)))]
pub async fn confirm(
    State(app): State<Arc<App>>,
    Backend(who): Backend,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(order_id): Path<String>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Response, Problem> {
    act(
        &app,
        (&context, &headers, &who, &body),
        &order_id,
        "confirm",
        |order_id| Command::ConfirmOrder { order_id },
    )
    .await
}

/// Cancels an order, or requests it while a gateway's answer is outstanding (202).
#[utoipa::path(post, path = "/api/v1/orders/{order_id}/cancel", tag = "orders",
    responses((status = 200, body = OrderSchema), (status = 202, body = OrderSchema)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Backend(who): Backend,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(order_id): Path<String>,
    OptionalJson(body): OptionalJson<Nothing>,
) -> Result<Response, Problem> {
    act(
        &app,
        (&context, &headers, &who, &body),
        &order_id,
        "cancel",
        |order_id| Command::CancelOrder { order_id },
    )
    .await
}

async fn act(
    app: &App,
    (context, headers, who, body): (&RequestContext, &HeaderMap, &Principal, &Nothing),
    order_id: &str,
    verb: &str,
    command: impl FnOnce(OrderId) -> Command,
) -> Result<Response, Problem> {
    let id = OrderId::parse(order_id).map_err(|_| answer::problem(&Rejection::OrderNotFound))?;
    let fingerprint = hash16(&[b"POST /api/v1/orders", verb.as_bytes(), order_id.as_bytes()]);
    let key = keyed::optional(headers, body.key(), who, fingerprint)?;
    let asked = Asked {
        command: command(id),
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    answer::when_answered(app, app.execute(asked).await?).await
}
