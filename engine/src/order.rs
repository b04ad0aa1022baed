//! Orders: lines, buyer, payment deadline, and the claim of the payment that takes the money.

use bincode::{Decode, Encode};

use crate::amounts::Amounts;
use crate::claim::{AnyClaim, Claim};
use crate::event::{
    ClaimEvent, OrderCancelRequested, OrderCanceled, OrderCreated, OrderEvent, OrderPaid,
    OrderRefunded, OrderReopened, OrderReserved,
};
use crate::id::{BuyerId, OrderId, PaymentId};
use crate::lifecycle;
use crate::lifecycle::{Edge, EnteredBy, Impossible};
use crate::money::{Money, MoneyError};
use crate::rejection::Rejection;
use crate::stream::Shard;
use crate::time::Timestamp;

/// When an order's money is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CaptureMode {
    /// As soon as the buyer pays.
    Automatic,
    /// Authorized when the buyer pays, captured when the order is confirmed.
    OnConfirmation,
}

impl CaptureMode {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Automatic, Self::OnConfirmation];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::OnConfirmation => "on_confirmation",
        }
    }
}

/// Whether VAT applies to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Tax {
    /// Its price includes 10 % VAT.
    Taxable,
    /// No VAT applies.
    TaxFree,
}

impl Tax {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Taxable, Self::TaxFree];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Taxable => "taxable",
            Self::TaxFree => "tax_free",
        }
    }
}

/// The kind of an order. Stored: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum OrderKind {
    /// Goods are bought.
    Purchase,
    /// A booking: its money waits for the order's confirmation.
    Booking,
}

impl OrderKind {
    /// The kind of an order with this capture mode.
    pub const fn of(capture: CaptureMode) -> Self {
        match capture {
            CaptureMode::Automatic => Self::Purchase,
            CaptureMode::OnConfirmation => Self::Booking,
        }
    }
}

/// The merchant's resource that an order is for: a lesson, an appointment, a file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Resource {
    /// The merchant's type of resource.
    pub kind: Box<str>,
    /// The merchant's id of it.
    pub id: Box<str>,
}

impl Resource {
    /// Accepts the merchant's texts if both are given and well formed, by the rules of an order id; `None` if neither
    /// is given. Otherwise returns the name of the invalid one.
    pub fn parse(kind: Option<&str>, id: Option<&str>) -> Result<Option<Self>, &'static str> {
        if kind.is_none() && id.is_none() {
            return Ok(None);
        }
        let well_formed = |text: &&str| OrderId::parse(text).is_ok();
        let kind = kind.filter(well_formed).ok_or("resource_type")?;
        let id = id.filter(well_formed).ok_or("resource_id")?;
        Ok(Some(Self {
            kind: kind.into(),
            id: id.into(),
        }))
    }
}

/// The party that bears a discount. Stored: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum BorneBy {
    /// The shop: its sellers' amounts are not reduced.
    Shop,
    /// The sellers of the discounted lines.
    Seller,
}

impl BorneBy {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Shop, Self::Seller];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Seller => "seller",
        }
    }
}

/// A discount on the prices of an order's lines.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Discount {
    /// Its name.
    pub name: Box<str>,
    /// The discount in total, in minor units.
    pub minor: u64,
    /// The indexes of the discounted lines; `None` for all lines.
    pub lines: Option<Vec<u8>>,
    /// The party that bears it.
    pub borne_by: BorneBy,
}

/// The sum of one seller's lines in an order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SellerSum {
    /// The merchant's id of the seller; `None` for the shop's own goods.
    pub seller_id: Option<Box<str>>,
    /// The sum by component.
    pub amounts: Amounts,
}

impl SellerSum {
    /// The sums of an order's lines, in the order in which their sellers first appear.
    pub fn of_lines(lines: &[Line]) -> Result<Vec<Self>, MoneyError> {
        let mut sums: Vec<Self> = Vec::new();
        for line in lines {
            match sums.iter_mut().find(|sum| sum.seller_id == line.seller_id) {
                Some(sum) => sum.amounts = sum.amounts.checked_add(&line.amounts)?,
                None => sums.push(Self {
                    seller_id: line.seller_id.clone(),
                    amounts: line.amounts,
                }),
            }
        }
        Ok(sums)
    }
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Line {
    /// The item's name.
    pub name: Box<str>,
    /// The number of pieces.
    pub quantity: u32,
    /// Price of one piece in minor units, VAT included.
    pub unit_price: u64,
    /// Whether VAT applies.
    pub tax: Tax,
    /// The merchant's id of the item.
    pub item_id: Option<Box<str>>,
    /// The merchant's id of the seller.
    pub seller_id: Option<Box<str>>,
    /// The line's price by component; the lines of an order add up to its total.
    pub amounts: Amounts,
}

/// The contents of an order. They never change, and are read from the record that registered the order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// The lines.
    pub lines: Vec<Line>,
    /// The discounts.
    pub discounts: Vec<Discount>,
}

/// The reason of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CancelReason {
    /// The merchant or the buyer asked.
    Requested,
    /// The order was not paid in time.
    Unpaid,
    /// The payment failed and the policy is to cancel then.
    PaymentFailed,
    /// Another payment paid the order.
    PaidByAnother,
    /// The gateway canceled it.
    Provider,
}

impl CancelReason {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Unpaid => "unpaid",
            Self::PaymentFailed => "payment_failed",
            Self::PaidByAnother => "paid_by_another",
            Self::Provider => "provider",
        }
    }
}

/// The data of every order, in any state.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub struct OrderCore {
    /// The merchant's id of the order.
    pub id: OrderId,
    /// The buyer.
    pub buyer_id: BuyerId,
    /// The kind of order.
    pub kind: OrderKind,
    /// The merchant's resource that it is for.
    pub resource: Option<Resource>,
    /// The total by component. Lines, sellers and discounts stay in the record that registered the order: they never
    /// change, and a value of the index has to stay small.
    pub amounts: Amounts,
    /// When its money is captured.
    pub capture: CaptureMode,
    /// When it is canceled if unpaid.
    pub expires_at: Timestamp,
    /// Hash of the request that created it.
    pub fingerprint: [u8; 16],
    /// The claim: the payment that may take, or has taken, its money.
    pub claim: AnyClaim,
    /// Its payments, oldest first.
    pub payments: Vec<PaymentId>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How many events it has had.
    pub version: u64,
}

impl OrderCore {
    /// The most payments one order may have.
    pub const MAX_PAYMENTS: usize = 100;
    /// The most lines one order may have.
    pub const MAX_LINES: usize = 100;
    /// The farthest deadline: more than a year ahead is most likely a typing error.
    pub const MAX_DEADLINE_MS: u64 = 400 * 24 * 3_600_000;
    /// The most discounts one order may have.
    pub const MAX_DISCOUNTS: usize = 20;

    /// The total.
    pub fn total(&self) -> Money {
        self.amounts.total()
    }

    /// The shard of the order and everything that belongs to it.
    pub fn shard(&self) -> Shard {
        Shard::of_order(&self.id)
    }
}

impl lifecycle::Core for OrderCore {
    fn stepped(&mut self, at: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = at;
    }
}

lifecycle! {
    /// An order and the state of its payment.
    machine Order {
        core: OrderCore, any: AnyOrder, state: OrderState, action: OrderAction,
        command: OrderCommand, event: OrderEvent, transition: OrderTransition,
    }
    states {
        /// Waits for a payment until `expires_at`.
        PaymentPending {} = "PAYMENT_PENDING",
        /// Its money is held until the order is confirmed.
        Reserved {
            /// The payment that holds it.
            payment: PaymentId,
        } = "RESERVED",
        /// Its money is captured.
        Paid {
            /// The payment that captured it.
            payment: PaymentId,
        } = "PAID",
        /// To be canceled once the gateway has answered.
        CancelRequested {
            /// Why.
            reason: CancelReason,
        } = "CANCEL_REQUESTED",
        /// Canceled; it takes no money any more.
        Canceled {
            /// Why.
            reason: CancelReason,
        } = "CANCELED",
        /// Its money was refunded after it was paid.
        Refunded {
            /// The payment.
            payment: PaymentId,
        } = "REFUNDED",
    }
    actions {
        /// Records that its money is authorized.
        Reserve = "reserve",
        /// Records that its money is captured.
        Pay = "pay",
        /// Lets it wait for a payment again.
        Reopen = "reopen",
        /// Asks for its cancellation while a gateway has not answered.
        RequestCancel = "request_cancel",
        /// Cancels it.
        Cancel = "cancel",
        /// Notes that its money went back.
        Refund = "refund",
    }
    transitions {
        PaymentPending --reserve(Reserve)--> Reserved[OrderReserved];
        PaymentPending | Reserved --pay(Pay)--> Paid[OrderPaid];
        Reserved --reopen(Reopen)--> PaymentPending[OrderReopened];
        PaymentPending | Reserved --request_cancel(RequestCancel)--> CancelRequested[OrderCancelRequested];
        PaymentPending | Reserved | CancelRequested --cancel(Cancel)--> Canceled[OrderCanceled];
        Paid --refund(Refund)--> Refunded[OrderRefunded];
    }
}

/// This payment holds the money.
#[derive(Debug)]
pub struct Reserve(pub PaymentId);
/// This payment has taken the money.
#[derive(Debug)]
pub struct Pay(pub PaymentId);
/// This payment's hold is gone.
#[derive(Debug)]
pub struct Reopen(pub PaymentId);
/// Cancel once the gateway has answered.
#[derive(Debug)]
pub struct RequestCancel(pub CancelReason);
/// This payment's money went back.
#[derive(Debug)]
pub struct Refund(pub PaymentId);
/// Cancel now.
#[derive(Debug)]
pub struct Cancel(pub CancelReason);

impl<S> EnteredBy<S, OrderReserved, OrderCore> for Reserved {
    fn entered(_: S, event: &OrderReserved, _: &mut OrderCore) -> Self {
        Self {
            payment: event.payment,
        }
    }
}
impl<S> EnteredBy<S, OrderReopened, OrderCore> for PaymentPending {
    fn entered(_: S, _: &OrderReopened, _: &mut OrderCore) -> Self {
        Self {}
    }
}
impl<S> EnteredBy<S, OrderPaid, OrderCore> for Paid {
    /// Being paid settles the claim: one event, two facts that cannot part.
    fn entered(_: S, event: &OrderPaid, core: &mut OrderCore) -> Self {
        core.claim.settle_by(event, core.updated_at);
        Self {
            payment: event.payment,
        }
    }
}
impl<S> EnteredBy<S, OrderCancelRequested, OrderCore> for CancelRequested {
    fn entered(_: S, event: &OrderCancelRequested, _: &mut OrderCore) -> Self {
        Self {
            reason: event.reason,
        }
    }
}
impl<S> EnteredBy<S, OrderCanceled, OrderCore> for Canceled {
    fn entered(_: S, event: &OrderCanceled, _: &mut OrderCore) -> Self {
        Self {
            reason: event.reason,
        }
    }
}

impl<S> EnteredBy<S, OrderRefunded, OrderCore> for Refunded {
    fn entered(_: S, event: &OrderRefunded, _: &mut OrderCore) -> Self {
        Self {
            payment: event.payment,
        }
    }
}

impl<S> Order<S> {
    fn only_holder(&self, payment: PaymentId) -> Result<(), Rejection> {
        let holds = self.core.claim.holder() == Some(payment);
        if holds {
            Ok(())
        } else {
            Err(Rejection::OrderPaymentInProgress)
        }
    }
}

impl OrderCreated {
    /// The order's contents.
    pub fn contents(self) -> Contents {
        Contents {
            lines: self.lines,
            discounts: self.discounts,
        }
    }
}

impl Order<PaymentPending> {
    /// The order as its recorded registration makes it.
    pub fn created(id: OrderId, event: &OrderCreated, at: Timestamp) -> Self {
        let core = OrderCore {
            id,
            buyer_id: event.buyer_id.clone(),
            kind: event.kind,
            resource: event.resource.clone(),
            amounts: event.amounts,
            capture: event.capture,
            expires_at: event.expires_at,
            fingerprint: event.fingerprint,
            claim: Claim::free().into(),
            payments: Vec::new(),
            created_at: at,
            updated_at: at,
            version: 1,
        };
        Self {
            core,
            detail: PaymentPending {},
        }
    }

    /// Notes that the claim's holder holds the money.
    pub fn reserve(
        self,
        Reserve(payment): Reserve,
        now: Timestamp,
    ) -> Result<OrderTransition<Order<Reserved>>, Rejection> {
        self.only_holder(payment)?;
        Ok(self.step::<Reserve, Reserved>(OrderReserved { payment }, now))
    }
}

impl<S> Order<S>
where
    S: Edge<Pay, Paid, Event = OrderPaid>,
{
    /// Notes that the claim's holder has taken the money.
    pub fn pay(
        self,
        Pay(payment): Pay,
        now: Timestamp,
    ) -> Result<OrderTransition<Order<Paid>>, Rejection> {
        self.only_holder(payment)?;
        Ok(self.step::<Pay, Paid>(OrderPaid { payment }, now))
    }
}

impl<S> Order<S>
where
    S: Edge<RequestCancel, CancelRequested, Event = OrderCancelRequested>,
{
    /// Notes that it is to be canceled once the gateway has answered.
    pub fn request_cancel(
        self,
        RequestCancel(reason): RequestCancel,
        now: Timestamp,
    ) -> Result<OrderTransition<Order<CancelRequested>>, Rejection> {
        Ok(self.step::<RequestCancel, CancelRequested>(OrderCancelRequested { reason }, now))
    }
}

impl<S> Order<S>
where
    S: Edge<Cancel, Canceled, Event = OrderCanceled>,
{
    /// Cancels it, if no payment can still take its money.
    pub fn cancel(
        self,
        Cancel(reason): Cancel,
        now: Timestamp,
    ) -> Result<OrderTransition<Order<Canceled>>, Rejection> {
        if self.core.claim.holder().is_some() {
            return Err(Rejection::OperationInFlight);
        }
        Ok(self.step::<Cancel, Canceled>(OrderCanceled { reason }, now))
    }
}

impl Order<Paid> {
    /// Notes that the money it was paid with went back.
    pub fn refund(
        self,
        Refund(payment): Refund,
        now: Timestamp,
    ) -> Result<OrderTransition<Order<Refunded>>, Rejection> {
        if self.detail.payment != payment {
            return Err(Rejection::OrderPaymentInProgress);
        }
        Ok(self.step::<Refund, Refunded>(OrderRefunded { payment }, now))
    }
}

impl Order<Reserved> {
    /// Waits for a payment again: the hold is gone, and what was booked can still be paid until the deadline.
    pub fn reopen(
        self,
        Reopen(payment): Reopen,
        now: Timestamp,
    ) -> Result<OrderTransition<Order<PaymentPending>>, Rejection> {
        if self.detail.payment != payment {
            return Err(Rejection::OrderPaymentInProgress);
        }
        Ok(self.step::<Reopen, PaymentPending>(OrderReopened { payment }, now))
    }
}

impl OrderState {
    /// The status that front ends switch on; `name` is the exact one.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Reserved => "AUTHORIZED",
            exact => exact.name(),
        }
    }
}

impl AnyOrder {
    fn not_permitted(state: OrderState, action: OrderAction) -> Rejection {
        Rejection::OrderNotPermitted { state, action }
    }

    /// Whether it still waits for its payment at `now`.
    pub fn is_payable(&self, now: Timestamp) -> bool {
        matches!(self, Self::PaymentPending(_)) && now < self.core().expires_at
    }

    /// Whether another payment may be begun for it at `now`.
    pub fn takes_another(&self, now: Timestamp) -> bool {
        self.is_payable(now) && self.core().payments.len() < OrderCore::MAX_PAYMENTS
    }

    /// Whether a payment that holds no claim yet could take the money.
    pub fn can_take(&self, payment: PaymentId) -> bool {
        matches!(self, Self::PaymentPending(_)) && self.core().claim.open_to(payment)
    }

    fn noted(mut self, event: &OrderEvent, at: Timestamp) -> Result<Self, Impossible> {
        let state = self.state().name();
        let core = self.core_mut();
        match event {
            OrderEvent::PaymentAttached(attached) => core.payments.push(attached.payment),
            OrderEvent::OrderPaymentFailed(_) => {}
            OrderEvent::ClaimTaken(taken) => core.move_claim(&taken.clone().into(), at)?,
            OrderEvent::ClaimReleased(released) => core.move_claim(&released.clone().into(), at)?,
            OrderEvent::OrderCreated(_)
            | OrderEvent::OrderReserved(_)
            | OrderEvent::OrderPaid(_)
            | OrderEvent::OrderCancelRequested(_)
            | OrderEvent::OrderReopened(_)
            | OrderEvent::OrderCanceled(_)
            | OrderEvent::OrderRefunded(_) => {
                return Err(Impossible {
                    state,
                    event: event.name(),
                });
            }
        }
        lifecycle::Core::stepped(core, at);
        Ok(self)
    }
}

impl OrderCore {
    fn move_claim(&mut self, event: &ClaimEvent, at: Timestamp) -> Result<(), Impossible> {
        let claim = std::mem::replace(&mut self.claim, Claim::free().into());
        self.claim = claim.evolve(event, at)?;
        Ok(())
    }
}
