//! The API's vocabulary, for its description: every enumeration with the program's own words, and every type of text
//! and number with its form. The words come from the tables that answers are written from, so that a new state, event
//! or error code is described automatically.

use std::collections::BTreeSet;

use daegeum_engine::amounts::Component;
use daegeum_engine::capabilities::CaptureStrategy as Strategy;
use daegeum_engine::card::Installments;
use daegeum_engine::consent::Consent;
use daegeum_engine::easy_pay::EasyPay;
use daegeum_engine::event::{OrderEventKind, PaymentEventKind, Provider as Gateway, RefundWay};
use daegeum_engine::ledger::Account;
use daegeum_engine::method::Method;
use daegeum_engine::operation::{OperationKind as Call, OperationState as CallState};
use daegeum_engine::order::{self, OrderAction, OrderState};
use daegeum_engine::payment::{PaymentAction, PaymentDetail as Detail};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::session::{self, SessionStatus as Standing};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{RefOr, schema};
use utoipa::{PartialSchema, ToSchema};

use crate::gateway::{FailureParty, Retry};
use crate::http::HttpErrorCode;

macro_rules! words {
    ($( $(#[doc = $about:literal])+ $Name:ident: $words:expr; )+) => { $(
        $(#[doc = $about])+
        pub struct $Name;

        impl PartialSchema for $Name {
            fn schema() -> RefOr<Schema> {
                one_of(concat!($($about),+), $words)
            }
        }

        impl ToSchema for $Name {}
    )+ };
}

fn one_of(about: &'static str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    // Several states may share a word.
    let words: BTreeSet<&str> = words.into_iter().collect();
    let schema = ObjectBuilder::new().schema_type(Type::String);
    let schema = schema.description(Some(about.trim()));
    Schema::from(schema.enum_values(Some(words))).into()
}

fn each<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> impl Iterator<Item = &'static str> {
    all.iter().map(move |one| name(*one))
}

words! {
    /// The coarse status of a payment, to switch on.
    PaymentStatus: each(Detail::ALL, Detail::status);
    /// The exact state of a payment; see the lifecycle.
    PaymentDetail: each(Detail::ALL, Detail::name);
    /// A `status` or a `detail` of payments.
    PaymentStatusOrDetail: each(Detail::ALL, Detail::status).chain(each(Detail::ALL, Detail::name));
    /// How a refund stands: `UNKNOWN` while the gateway's answer is missing.
    RefundStatus: ["REQUESTED", "UNKNOWN", "SUCCEEDED", "FAILED"];
    /// The way of a refund: through the gateway, or from the shop's own bank account.
    RefundWayName: each(&[RefundWay::Gateway, RefundWay::BankTransfer], RefundWay::name);
    /// The coarse status of an order.
    OrderStatus: each(OrderState::ALL, OrderState::status);
    /// A `status` or a `detail` of orders.
    OrderStatusOrDetail: each(OrderState::ALL, OrderState::status).chain(each(OrderState::ALL, OrderState::name));
    /// The exact state of an order; see the lifecycle.
    OrderDetail: each(OrderState::ALL, OrderState::name);
    /// The kind of a money call.
    OperationKind: each(Call::ALL, Call::name);
    /// The state of a money call.
    OperationState: each(CallState::ALL, CallState::name);
    /// The status of a checkout.
    SessionStatus: each(&Standing::ALL, Standing::name);
    /// The browser's next step.
    NextStep: each(session::Next::ALL, session::Next::name);
    /// A gateway; `FREE` for a free order.
    Provider: each(Gateway::ALL, Gateway::name).chain([Gateway::Free.name()]);
    /// When an order's money is captured: when the buyer pays, or when the order is confirmed.
    CaptureMode: each(order::CaptureMode::ALL, order::CaptureMode::name);
    /// How a gateway keeps money for an order that is yet to be confirmed. `authorize_then_capture`: funds are
    /// authorized, and captured on confirmation. `charge_then_hold`: they are captured at once and refunded if the
    /// order is canceled.
    CaptureStrategy: each(&[Strategy::AuthorizeThenCapture { hold_ms: 0 }, Strategy::ChargeThenHold], Strategy::name);
    /// Whether a price includes 10 % VAT.
    Tax: each(order::Tax::ALL, order::Tax::name);
    /// The party that bears a discount: with `shop` the sellers' amounts are not reduced.
    DiscountBearer: each(order::BorneBy::ALL, order::BorneBy::name);
    /// A payment method.
    PaymentMethodName: each(Method::ALL, Method::name);
    /// A wallet (간편결제) whose own window can be opened.
    EasyPayName: each(EasyPay::ALL, EasyPay::name);
    /// What a buyer agrees to: `purchase`, to buy; `personal_data`, that the gateway is given personal data.
    ConsentName: each(Consent::ALL, Consent::name);
    /// Whose doing a failure is.
    FailureFault: each(FailureParty::ALL, FailureParty::name);
    /// What may be tried after a failure, as a new payment.
    FailureRetry: each(Retry::ALL, Retry::name);
    /// The currency of an order.
    OrderCurrency: ["KRW"];
    /// ISO 4217. Orders are in won; a gateway may report a captured amount in another currency.
    Currency: ["KRW", "USD"];
    /// An account of the ledger.
    AccountName: each(&ACCOUNTS, Account::name);
    /// A part of an amount.
    AmountComponent: each(&Component::ALL, Component::name);
    /// The type of an event.
    EventType: each(OrderEventKind::ALL, OrderEventKind::name).chain(each(PaymentEventKind::ALL, PaymentEventKind::name));
    /// The result of a notification: `received` for a gateway that does not sign its notifications.
    NotificationResult: ["applied", "duplicate", "ignored", "received", "unmatched"];
    /// A gateway whose notifications are accepted.
    Notifier: ["mock", "toss"];
    /// The reason why a request was refused. A code never changes its meaning.
    ErrorCode: each(HttpErrorCode::ALL, HttpErrorCode::code).chain(Rejection::all().iter().map(Rejection::code));
    /// A state of an order or a payment.
    AnyState: each(OrderState::ALL, OrderState::name).chain(each(Detail::ALL, Detail::name));
    /// The actions that a state permits.
    AnyAction: each(OrderAction::ALL, OrderAction::name).chain(each(PaymentAction::ALL, PaymentAction::name));
}

/// One of each.
const ACCOUNTS: [Account; 6] = [
    Account::GatewayReceivable(Gateway::Mock),
    Account::Hold,
    Account::Suspense(Gateway::Mock),
    Account::RefundPending(Gateway::Mock),
    Account::SettlementBank,
    Account::ReconciliationDifference(Gateway::Mock),
];

macro_rules! texts {
    ($( $(#[doc = $about:literal])+ $Name:ident = $least:literal..=$most:literal, $pattern:literal, $example:literal; )+) => { $(
        $(#[doc = $about])+
        pub struct $Name;

        impl PartialSchema for $Name {
            fn schema() -> RefOr<Schema> {
                let schema = ObjectBuilder::new().schema_type(Type::String);
                let schema = schema.description(Some(concat!($($about),+).trim()));
                let schema = schema.min_length(Some($least)).max_length(Some($most));
                let schema = schema.pattern(Some($pattern));
                Schema::from(schema.examples([$example])).into()
            }
        }

        impl ToSchema for $Name {}
    )+ };
}

texts! {
    /// The merchant's id of an order, unique.
    OrderId = 1..=64, "^[A-Za-z0-9._:-]{1,64}$", "ORD-20261121-0001";
    /// The merchant's id of a resource, in the form of an order's id.
    MerchantName = 1..=64, "^[A-Za-z0-9._:-]{1,64}$", "lesson-7";
    /// One attempt to pay for an order; also the order number that the gateway is given.
    PaymentId = 36..=36, "^pay_[0-9a-f]{32}$", "pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b";
    /// A refund to a buyer.
    RefundId = 36..=36, "^rfd_[0-9a-f]{32}$", "rfd_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b";
    /// A buyer's checkout of one order.
    SessionId = 36..=36, "^ses_[0-9a-f]{32}$", "ses_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b";
    /// A money call to a gateway; also the idempotency key that the gateway was given.
    OperationId = 35..=35, "^op_[0-9a-f]{32}$", "op_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b";
    /// An idempotency key: printable ASCII.
    IdempotencyKey = 1..=255, "^[ -~]{1,255}$", "3f0c9a52";
    /// The merchant's id of a buyer, at most 128 bytes of UTF-8 without control characters; the `sub` of the buyer's
    /// token.
    BuyerId = 1..=128, "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$", "buyer-1";
    /// A text of one line.
    LineName = 1..=200, "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$", "수채화 강의";
    /// The merchant's id of an item or a seller.
    ItemId = 1..=64, "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$", "item-7";
    /// A buyer's name. Stored sealed.
    BuyerName = 1..=60, "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$", "김하나";
    /// A mail address. Stored sealed.
    BuyerEmail = 5..=254, "^[!-?A-~]+@[!-\\-/-?A-~]+(\\.[!-\\-/-?A-~]+)+$", "hana@example.com";
    /// A telephone number of 8 to 15 digits; hyphens, spaces and `+` are dropped. Stored sealed.
    BuyerTel = 8..=64, "^[-+ ]*([0-9][-+ ]*){8,15}$", "010-0000-0000";
    /// SHA-256 of a text in UTF-8.
    TextHash = 64..=64, "^[0-9a-f]{64}$", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    /// The version of a text of the shop's own, in its words; none begins with `hosted-`.
    TextVersion = 1..=40, "^(?!hosted-)[!-~]{1,40}$", "2026-11";
    /// A place among the events of a payment.
    EventPlace = 1..=19, "^[0-9]{1,19}$", "20";
    /// A place in the feed: generation and number, or a number of the first generation.
    FeedCursor = 1..=29, "^([0-9]{1,9}-)?[0-9]{1,19}$", "1-57";
}

/// An amount in minor units: won have none, so one unit is one won.
pub struct MinorUnits;

impl PartialSchema for MinorUnits {
    fn schema() -> RefOr<Schema> {
        minor_units(0).into()
    }
}

impl ToSchema for MinorUnits {}

/// An amount that can be asked for, in minor units.
pub struct PositiveMinorUnits;

impl PartialSchema for PositiveMinorUnits {
    fn schema() -> RefOr<Schema> {
        minor_units(1).into()
    }
}

impl ToSchema for PositiveMinorUnits {}

fn minor_units(least: u64) -> Schema {
    /// The largest whole number that every JSON reader keeps exactly.
    const MOST: u64 = 9_007_199_254_740_991;
    let schema = ObjectBuilder::new().schema_type(Type::Integer);
    let schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    let schema = schema.description(Some("Minor units of the currency: won."));
    let schema = schema.minimum(Some(least)).maximum(Some(MOST));
    schema.examples([11_000]).into()
}

/// In how many monthly instalments: 0 is all at once.
pub struct InstallmentMonths;

impl PartialSchema for InstallmentMonths {
    fn schema() -> RefOr<Schema> {
        let plans = (0..=Installments::MOST).filter_map(Installments::new);
        let schema = ObjectBuilder::new().schema_type(Type::Integer);
        let schema = schema.description(Some("Months; 0 is all at once."));
        Schema::from(schema.enum_values(Some(plans.map(Installments::months)))).into()
    }
}

impl ToSchema for InstallmentMonths {}

/// Places of an order's lines, each once.
pub struct LinePlaces;

impl PartialSchema for LinePlaces {
    fn schema() -> RefOr<Schema> {
        let place = ObjectBuilder::new().schema_type(Type::Integer);
        let place = place.minimum(Some(0)).maximum(Some(99));
        let about = "The places of lines, from 0, each once.";
        let schema = ArrayBuilder::new().items(place);
        let schema = schema.description(Some(about)).unique_items(true);
        Schema::from(schema.min_items(Some(1)).max_items(Some(100))).into()
    }
}

impl ToSchema for LinePlaces {}

/// A moment, in UTC with three decimals where this program writes it; any offset where it is read.
pub struct Moment;

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let schema = schema.description(Some("RFC 3339, from 1970 on."));
        let schema = schema.pattern(Some("^(19[7-9]|[2-9][0-9]{2})[0-9]-"));
        Schema::from(schema.examples(["2026-11-18T11:06:40.120Z"])).into()
    }
}

impl ToSchema for Moment {}

/// An object whose fields are not this program's, or differ from one to the next.
pub struct OpenObject;

impl PartialSchema for OpenObject {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::Object);
        let any = Schema::from(ObjectBuilder::new().schema_type(schema::SchemaType::AnyValue));
        let any = AdditionalProperties::RefOr(any.into());
        let about = "An object whose fields depend on what it is about.";
        let schema = schema.description(Some(about));
        Schema::from(schema.additional_properties(Some(any))).into()
    }
}

impl ToSchema for OpenObject {}

/// A request's id.
pub fn request_id() -> Schema {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    let schema = schema.pattern(Some("^[A-Za-z0-9._-]{1,64}$"));
    schema.min_length(Some(1)).max_length(Some(64)).into()
}

/// A header that is there or not.
pub fn only_true() -> Schema {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    schema.enum_values(Some(["true"])).into()
}
