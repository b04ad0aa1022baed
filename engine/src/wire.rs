//! The JSON of the HTTP API for orders, payments and events. Nothing stored has these types.
//!
//! Stored answers name the version of their rendering, so that a replay renders the same bytes after an upgrade:
//! never change a released rendering; add one and raise [`CURRENT`].

use std::fmt::{self, Display, Formatter};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::amounts::Amounts;
use crate::consent::{Agreed, Consent};
use crate::event::{
    CardChosen, ConsentGiven, GatewayCalled, OrderEvent, PaidWith, PaymentEvent, PaymentRefunded,
    PersonDecided, RefundAskedFor, RefundFailed, RefundWay,
};
use crate::group::GroupEvent;
use crate::id::{OrderId, PaymentId, RefundId};
use crate::money::Money;
use crate::operation::AnyOperation;
use crate::order::{AnyOrder, Contents, Discount, Line};
use crate::payment::AnyPayment;
use crate::time::Timestamp;

/// The rendering of new answers.
pub const CURRENT: u8 = 2;

/// The first rendering that shows how much of a captured payment was refunded.
const SHOWS_REFUNDED: u8 = 2;

/// Writes a value's `Display` text as a JSON string.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Bytes in lower-case hex.
pub struct Hex<'a>(pub &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.iter();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A payment as the API shows it.
pub struct PaymentView<'a> {
    /// The payment.
    pub payment: &'a AnyPayment,
    /// The failure in words, if its gateway has words for it.
    pub failure: Option<FailureView>,
    /// The version of the rendering.
    pub wire: u8,
}

/// The explanation of a gateway's refusal, for the person who has to act on it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FailureView {
    /// The party that caused it.
    pub fault: &'static str,
    /// The advice on a retry.
    pub retry: &'static str,
    /// The message for the buyer.
    pub message: Wording,
}

/// A text in the languages shown to buyers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Wording {
    /// Korean.
    pub ko: &'static str,
    /// English.
    pub en: &'static str,
}

/// A failure's code with its words.
#[derive(Serialize)]
struct CodedFailure<'a> {
    code: &'a str,
    #[serde(flatten)]
    words: FailureView,
}

impl Serialize for PaymentView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (core, state) = (self.payment.core(), self.payment.state());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("payment_id", &Text(core.id))?;
        map.serialize_entry("order_id", core.order_id.as_str())?;
        map.serialize_entry("status", state.status())?;
        map.serialize_entry("detail", self.payment.detail().name())?;
        map.serialize_entry("amount", &core.amount().minor())?;
        if let (AnyPayment::Captured(taken), true) = (self.payment, self.wire >= SHOWS_REFUNDED) {
            map.serialize_entry("refunded", &taken.detail().refunded.total().minor())?;
        }
        map.serialize_entry("currency", core.amount().currency().code())?;
        map.serialize_entry("provider", core.provider.name())?;
        let provider_payment_id = core.provider_payment_id.as_ref().map(|id| &id.0);
        map.serialize_entry("provider_payment_id", &provider_payment_id)?;
        if let AnyPayment::Mismatched(aside) = self.payment {
            map.serialize_entry("received", &MoneyView(aside.detail().received.total()))?;
        }
        if let (AnyPayment::Failed(failed), Some(words)) = (self.payment, self.failure) {
            let failure = CodedFailure {
                code: failed.detail().code.as_str(),
                words,
            };
            map.serialize_entry("failure", &failure)?;
        }
        if let AnyPayment::AwaitingDeposit(account) = self.payment {
            map.serialize_entry("due_at", &Text(account.detail().due_at))?;
        }
        if let Some(holds) = core.disagreement {
            map.serialize_entry("gateway_holds", &MoneyView(holds.total()))?;
            if holds.total() == core.at_gateway.total() {
                map.serialize_entry("gateway_amounts", &AmountsView(&holds))?;
            }
        }
        if let Some(paid_with) = &core.paid_with {
            map.serialize_entry(
                "payment_method",
                &PaidWithView {
                    paid_with,
                    easy_pay: core.easy_pay.as_deref(),
                },
            )?;
        }
        map.serialize_entry("operation", &OperationView::of(self.payment))?;
        map.serialize_entry("created_at", &Text(core.created_at))?;
        map.serialize_entry("updated_at", &Text(core.updated_at))?;
        map.end()
    }
}

/// What a buyer paid with.
struct PaidWithView<'a> {
    paid_with: &'a PaidWith,
    easy_pay: Option<&'a str>,
}

impl Serialize for PaidWithView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let paid_with = self.paid_with;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("method", &paid_with.method)?;
        map.serialize_entry("issuer", &paid_with.issuer)?;
        map.serialize_entry("last4", &paid_with.last4)?;
        map.serialize_entry("card_type", &paid_with.card_type)?;
        map.serialize_entry("approval_number", &paid_with.approval)?;
        map.serialize_entry("installments", &paid_with.installments)?;
        if let Some(easy_pay) = self.easy_pay {
            map.serialize_entry("easy_pay", easy_pay)?;
        }
        map.end()
    }
}

/// The refund of a payment that was requested last, as it stands with its call.
pub struct RequestedRefundView<'a>(pub &'a AnyPayment);

impl Serialize for RequestedRefundView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let core = self.0.core();
        let refund = core.latest_refund.as_ref();
        let call = core.operation.as_ref();
        let amounts = refund.map_or_else(
            || Amounts::zero(core.amounts.currency()),
            |refund| refund.amounts,
        );
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("refund_id", &refund.and_then(|refund| refund.id).map(Text))?;
        map.serialize_entry("payment_id", &Text(core.id))?;
        map.serialize_entry("order_id", core.order_id.as_str())?;
        map.serialize_entry("status", call.map_or("SUCCEEDED", refund_status))?;
        map.serialize_entry("amount", &amounts.total().minor())?;
        map.serialize_entry("currency", amounts.currency().code())?;
        map.serialize_entry("amounts", &AmountsView(&amounts))?;
        map.serialize_entry("way", RefundWay::Gateway.name())?;
        map.serialize_entry(
            "created_at",
            &call.map(|call| Text(call.core().intended_at)),
        )?;
        map.serialize_entry("updated_at", &call.map(|call| Text(call.core().updated_at)))?;
        map.end()
    }
}

const fn refund_status(call: &AnyOperation) -> &'static str {
    match call {
        AnyOperation::Intended(_) => "REQUESTED",
        AnyOperation::Unknown(_) => "UNKNOWN",
        AnyOperation::Succeeded(_) => "SUCCEEDED",
        AnyOperation::Refused(_) => "FAILED",
    }
}

/// The latest money call of a payment.
#[derive(Serialize)]
struct OperationView {
    kind: &'static str,
    state: &'static str,
}

impl OperationView {
    fn of(payment: &AnyPayment) -> Option<Self> {
        let operation = payment.core().operation.as_ref()?;
        Some(Self {
            kind: operation.core().kind.name(),
            state: operation.state().name(),
        })
    }
}

/// An amount with its currency.
struct MoneyView(Money);

impl Serialize for MoneyView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("amount", &self.0.minor())?;
        map.serialize_entry("currency", self.0.currency().code())?;
        map.end()
    }
}

/// An amount by component.
struct AmountsView<'a>(&'a Amounts);

impl Serialize for AmountsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use crate::amounts::Component::{Supply, TaxFree, Tip, Unsplit, Vat};
        let mut map = serializer.serialize_map(None)?;
        for component in [Supply, Vat, TaxFree] {
            map.serialize_entry(component.name(), &self.0.get(component))?;
        }
        for component in [Tip, Unsplit] {
            let minor = self.0.get(component);
            if minor > 0 {
                map.serialize_entry(component.name(), &minor)?;
            }
        }
        map.end()
    }
}

/// An order as the API shows it.
pub struct OrderView<'a> {
    /// The order.
    pub order: &'a AnyOrder,
    /// The order's contents.
    pub contents: &'a Contents,
}

impl Serialize for OrderView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (core, state) = (self.order.core(), self.order.state());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("order_id", core.id.as_str())?;
        map.serialize_entry("buyer_id", core.buyer_id.as_str())?;
        map.serialize_entry("status", state.status())?;
        map.serialize_entry("detail", state.name())?;
        map.serialize_entry("currency", core.total().currency().code())?;
        map.serialize_entry("total", &core.total().minor())?;
        map.serialize_entry("amounts", &AmountsView(&core.amounts))?;
        map.serialize_entry("capture", core.capture.name())?;
        if let Some(resource) = &core.resource {
            map.serialize_entry("resource_type", &resource.kind)?;
            map.serialize_entry("resource_id", &resource.id)?;
        }
        contents(self.contents, &mut map)?;
        map.serialize_entry("payments", &IdsView(&core.payments))?;
        map.serialize_entry("expires_at", &Text(core.expires_at))?;
        map.serialize_entry("created_at", &Text(core.created_at))?;
        map.serialize_entry("updated_at", &Text(core.updated_at))?;
        map.end()
    }
}

/// An order as its checkout shows it to the buyer.
pub struct SummaryView<'a> {
    /// The order.
    pub order: &'a AnyOrder,
    /// The order's contents.
    pub contents: &'a Contents,
    /// The order's title in a few words.
    pub title: &'a str,
}

impl Serialize for SummaryView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let core = self.order.core();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", self.order.state().status())?;
        map.serialize_entry("title", self.title)?;
        map.serialize_entry("total", &core.total().minor())?;
        map.serialize_entry("amounts", &AmountsView(&core.amounts))?;
        map.serialize_entry("capture", core.capture.name())?;
        contents(self.contents, &mut map)?;
        map.serialize_entry("expires_at", &Text(core.expires_at))?;
        map.end()
    }
}

/// The lines, and the discounts if there are any.
fn contents<M: SerializeMap>(contents: &Contents, map: &mut M) -> Result<(), M::Error> {
    let Contents { lines, discounts } = contents;
    let discounted = !discounts.is_empty();
    map.serialize_entry("lines", &LinesView { lines, discounted })?;
    if discounted {
        map.serialize_entry("discounts", &DiscountsView(discounts))?;
    }
    Ok(())
}

struct DiscountsView<'a>(&'a [Discount]);

impl<'a> Serialize for DiscountsView<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = |discount: &'a Discount| DiscountView {
            name: &discount.name,
            amount: discount.minor,
            lines: discount.lines.as_deref(),
            borne_by: discount.borne_by.name(),
        };
        serializer.collect_seq(self.0.iter().map(view))
    }
}

#[derive(Serialize)]
struct DiscountView<'a> {
    name: &'a str,
    amount: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<&'a [u8]>,
    borne_by: &'static str,
}

struct IdsView<'a>(&'a [PaymentId]);

impl Serialize for IdsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|id| Text(*id)))
    }
}

/// The lines; if there is a discount, each with its discounted price.
struct LinesView<'a> {
    lines: &'a [Line],
    discounted: bool,
}

impl Serialize for LinesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.lines.len()))?;
        for line in self.lines {
            seq.serialize_element(&LineView {
                name: &line.name,
                quantity: line.quantity,
                unit_price: line.unit_price,
                tax: line.tax.name(),
                item_id: line.item_id.as_deref(),
                seller_id: line.seller_id.as_deref(),
                amount: self.discounted.then(|| line.amounts.total().minor()),
            })?;
        }
        seq.end()
    }
}

#[derive(Serialize)]
struct LineView<'a> {
    name: &'a str,
    quantity: u32,
    unit_price: u64,
    tax: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
}

/// An event as the feed and a payment's transactions show it.
pub struct EventView<'a> {
    /// Its number in the feed, if it is in the feed.
    pub sequence: Option<u64>,
    /// The order of its group.
    pub order_id: &'a OrderId,
    /// The event.
    pub event: &'a GroupEvent,
    /// When.
    pub at: Timestamp,
    /// The opened text of its sealed data; `None` if it is erased or not to be shown.
    pub opened: Option<&'a str>,
}

impl Serialize for EventView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(sequence) = self.sequence {
            map.serialize_entry("sequence", &sequence)?;
        }
        let name = match self.event {
            GroupEvent::Order(event) => event.name(),
            GroupEvent::Payment(_, event) => event.name(),
        };
        map.serialize_entry("event_type", name)?;
        map.serialize_entry("order_id", self.order_id.as_str())?;
        if let GroupEvent::Payment(id, _) = self.event {
            map.serialize_entry("payment_id", &Text(*id))?;
        }
        map.serialize_entry(
            "payload",
            &Payload {
                event: self.event,
                opened: self.opened,
            },
        )?;
        map.serialize_entry("created_at", &Text(self.at))?;
        if let GroupEvent::Payment(_, PaymentEvent::GatewayCalled(call)) = self.event {
            map.serialize_entry("processing_time_ms", &call.took_ms)?;
        }
        map.end()
    }
}

struct Payload<'a> {
    event: &'a GroupEvent,
    opened: Option<&'a str>,
}

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.event {
            GroupEvent::Order(event) => order_payload(event, &mut map)?,
            GroupEvent::Payment(_, event) => payment_payload(event, self.opened, &mut map)?,
        }
        map.end()
    }
}

fn order_payload<M: SerializeMap>(event: &OrderEvent, map: &mut M) -> Result<(), M::Error> {
    match event {
        OrderEvent::OrderCreated(e) => {
            map.serialize_entry("buyer_id", e.buyer_id.as_str())?;
            map.serialize_entry("total", &MoneyView(e.amounts.total()))?;
            map.serialize_entry("capture", e.capture.name())?;
            map.serialize_entry("expires_at", &Text(e.expires_at))
        }
        OrderEvent::PaymentAttached(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::ClaimTaken(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::ClaimReleased(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::OrderReserved(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::OrderPaid(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::OrderPaymentFailed(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::OrderReopened(e) => map.serialize_entry("payment_id", &Text(e.payment)),
        OrderEvent::OrderCancelRequested(e) => map.serialize_entry("reason", e.reason.name()),
        OrderEvent::OrderCanceled(e) => map.serialize_entry("reason", e.reason.name()),
        OrderEvent::OrderRefunded(e) => map.serialize_entry("payment_id", &Text(e.payment)),
    }
}

fn called<M: SerializeMap>(
    e: &GatewayCalled,
    opened: Option<&str>,
    map: &mut M,
) -> Result<(), M::Error> {
    map.serialize_entry("operation_id", &e.operation.map(Text))?;
    map.serialize_entry("call", e.call.name())?;
    map.serialize_entry("status", e.status.name())?;
    map.serialize_entry("http_status", &e.http_status)?;
    map.serialize_entry("exchange", &opened)
}

/// The unsigned notification that made us ask: hash of its body, time, sender.
fn hint<M: SerializeMap>(
    hash: [u8; 16],
    heard_at: Timestamp,
    opened: Option<&str>,
    map: &mut M,
) -> Result<(), M::Error> {
    let hash = u128::from_be_bytes(hash);
    map.serialize_entry("hash", &format_args!("{hash:032x}"))?;
    map.serialize_entry("heard_at", &Text(heard_at))?;
    map.serialize_entry("from", &opened)
}

/// A refund's id, where it has one: those of stored version 1 had none.
fn refund_id<M: SerializeMap>(refund: Option<RefundId>, map: &mut M) -> Result<(), M::Error> {
    match refund {
        Some(refund) => map.serialize_entry("refund_id", &Text(refund)),
        None => Ok(()),
    }
}

fn refunded<M: SerializeMap>(e: &PaymentRefunded, map: &mut M) -> Result<(), M::Error> {
    refund_id(e.refund, map)?;
    map.serialize_entry("amount", &MoneyView(e.refunded.total()))?;
    map.serialize_entry("amounts", &AmountsView(&e.refunded))?;
    map.serialize_entry("requested", &e.requested)?;
    map.serialize_entry("way", e.way.name())?;
    map.serialize_entry("source", e.source.name())
}

fn refund_failed<M: SerializeMap>(e: &RefundFailed, map: &mut M) -> Result<(), M::Error> {
    refund_id(e.refund, map)?;
    map.serialize_entry("amount", &MoneyView(e.amounts.total()))?;
    map.serialize_entry("code", e.code.as_str())
}

fn asked_for<M: SerializeMap>(
    e: &RefundAskedFor,
    opened: Option<&str>,
    map: &mut M,
) -> Result<(), M::Error> {
    map.serialize_entry("refund_id", &Text(e.refund))?;
    map.serialize_entry("asked_by", &e.asked_by)?;
    map.serialize_entry("reason", &opened)
}

fn consented<M: SerializeMap>(e: &ConsentGiven, map: &mut M) -> Result<(), M::Error> {
    let (consent, version) = Agreed::read(&e.version);
    map.serialize_entry("consent", &consent.map(Consent::name))?;
    map.serialize_entry("version", version)?;
    map.serialize_entry("text_hash", &Text(Hex(&e.text_hash)))?;
    map.serialize_entry("given_at", &Text(e.at))
}

fn decided<M: SerializeMap>(
    e: &PersonDecided,
    opened: Option<&str>,
    map: &mut M,
) -> Result<(), M::Error> {
    map.serialize_entry("actor", &e.actor)?;
    map.serialize_entry("reason", &opened)
}

fn payment_payload<M: SerializeMap>(
    event: &PaymentEvent,
    opened: Option<&str>,
    map: &mut M,
) -> Result<(), M::Error> {
    match event {
        PaymentEvent::PaymentInitiated(e) => {
            map.serialize_entry("amount", &MoneyView(e.amounts.total()))?;
            map.serialize_entry("provider", e.provider.name())
        }
        PaymentEvent::PaymentPrepared(_)
        | PaymentEvent::PaymentExpired(_)
        | PaymentEvent::GatewayAgreed(_) => Ok(()),
        PaymentEvent::PaymentAuthorized(e) => {
            map.serialize_entry("amount", &MoneyView(e.authorized.total()))?;
            map.serialize_entry("expires_at", &Text(e.expires_at))
        }
        PaymentEvent::PaymentCaptured(e) => {
            map.serialize_entry("amount", &MoneyView(e.captured.total()))?;
            map.serialize_entry("amounts", &AmountsView(&e.captured))?;
            map.serialize_entry("source", e.source.name())
        }
        PaymentEvent::PaymentFailed(e) => map.serialize_entry("code", e.code.as_str()),
        PaymentEvent::PaymentCanceled(e) => map.serialize_entry("reason", e.reason.name()),
        PaymentEvent::PaymentVoided(e) => map.serialize_entry("reason", e.reason.name()),
        PaymentEvent::PaymentMismatched(e) => {
            map.serialize_entry("received", &MoneyView(e.received.total()))
        }
        PaymentEvent::PaymentOrphaned(e) => {
            map.serialize_entry("received", &MoneyView(e.received.total()))
        }
        PaymentEvent::SuspendedMoneyTaken(e) => {
            map.serialize_entry("suspended", &MoneyView(e.suspended.total()))?;
            map.serialize_entry("amount", &MoneyView(e.captured.total()))?;
            map.serialize_entry("source", e.source.name())
        }
        PaymentEvent::SuspendedMoneyReturned(e) => {
            map.serialize_entry("returned", &MoneyView(e.suspended.total()))?;
            map.serialize_entry("way", e.way.name())
        }
        PaymentEvent::OperationIntended(e) => {
            map.serialize_entry("operation_id", &Text(e.operation))?;
            map.serialize_entry("kind", e.kind.name())
        }
        PaymentEvent::OperationUnanswered(e) => {
            map.serialize_entry("operation_id", &Text(e.operation))
        }
        PaymentEvent::ProviderConfirmed(e) => {
            map.serialize_entry("provider_payment_id", &e.provider_payment_id.0)?;
            map.serialize_entry("source", e.source.name())
        }
        PaymentEvent::ProviderRefused(e) => {
            map.serialize_entry("code", e.code.as_str())?;
            map.serialize_entry("source", e.source.name())
        }
        PaymentEvent::WebhookReceived(e) => {
            map.serialize_entry("event_id", &e.event_id)?;
            map.serialize_entry("type", &e.event_type)?;
            map.serialize_entry("body", &opened)
        }
        PaymentEvent::PersonDecided(e) => decided(e, opened, map),
        PaymentEvent::PersonalDataErased(e) => map.serialize_entry("actor", &e.actor),
        PaymentEvent::SessionOpened(e) => {
            map.serialize_entry("expires_at", &Text(e.expires_at))?;
            map.serialize_entry("method", &e.method)
        }
        PaymentEvent::BuyerChose(e) => map.serialize_entry("method", &e.method),
        PaymentEvent::CardChosen(e) => card_chosen(e, map),
        PaymentEvent::EasyPayKnown(e) => map.serialize_entry("easy_pay", &e.easy_pay),
        PaymentEvent::FailureUrlGiven(e) => map.serialize_entry("url", &e.url),
        PaymentEvent::BuyerReturned(e) => {
            let name = e.provider_payment_id.as_ref().map(|name| &name.0);
            map.serialize_entry("provider_payment_id", &name)
        }
        PaymentEvent::GatewayCalled(e) => called(e, opened, map),
        PaymentEvent::HintFollowed(e) => hint(e.hash, e.heard_at, opened, map),
        PaymentEvent::DepositAwaited(e) => map.serialize_entry("due_at", &Text(e.due_at)),
        PaymentEvent::RefundRequested(e) => {
            refund_id(e.refund, map)?;
            map.serialize_entry("amount", &MoneyView(e.amounts.total()))
        }
        PaymentEvent::PaymentRefunded(e) => refunded(e, map),
        PaymentEvent::RefundFailed(e) => refund_failed(e, map),
        PaymentEvent::GatewayDisagreed(e) => {
            map.serialize_entry("holds", &MoneyView(e.holds.total()))?;
            map.serialize_entry("amounts", &AmountsView(&e.holds))
        }
        PaymentEvent::DisagreementAccepted(e) => {
            map.serialize_entry("ours", &MoneyView(e.ours.total()))?;
            map.serialize_entry("gateways", &MoneyView(e.theirs.total()))?;
            map.serialize_entry("amounts", &AmountsView(&e.theirs))
        }
        PaymentEvent::PaymentMethodKnown(e) => method_known(&e.paid_with, map),
        PaymentEvent::InquiryWanted(e) => hint(e.hash, e.heard_at, opened, map),
        PaymentEvent::InquirySettled(e) => map.serialize_entry("news", &e.news),
        PaymentEvent::ConsentGiven(e) => consented(e, map),
        PaymentEvent::SlipKnown(_) => map.serialize_entry("url", &opened),
        PaymentEvent::RefundAskedFor(e) => asked_for(e, opened, map),
    }
}

fn card_chosen<M: SerializeMap>(chosen: &CardChosen, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("easy_pay", &chosen.easy_pay)?;
    map.serialize_entry("installments", &chosen.installments)
}

/// Which wallet it was is an event of its own.
fn method_known<M: SerializeMap>(paid_with: &PaidWith, map: &mut M) -> Result<(), M::Error> {
    let view = PaidWithView {
        paid_with,
        easy_pay: None,
    };
    map.serialize_entry("payment_method", &view)
}
