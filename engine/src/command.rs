//! Commands: the requests that the engine can decide.

use crate::amounts::{Amounts, Portion};
use crate::card::CardChoice;
use crate::consent::Agreed;
use crate::event::{
    CallKind, CallStatus, FailureCode, PaidWith, Provider, ProviderPaymentId, Source,
};
use crate::id::{BuyerId, OperationId, OrderId, PaymentId, SessionId};
use crate::method::Method;
use crate::money::Money;
use crate::operation::OperationKind;
use crate::order::{CaptureMode, Discount, Resource, Tax};
use crate::payment::PaymentCore;
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// The party on whose behalf a command is given. A buyer sees and moves only their own orders and payments; for them,
/// others do not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// The merchant's backend, an admin, or the engine's own jobs.
    Merchant,
    /// This buyer.
    Buyer(BuyerId),
    /// The holder of this checkout's token.
    Session(SessionId),
    /// A party that owns nothing.
    Nobody,
}

impl Asker {
    /// Whether they may see and move what belongs to `buyer`.
    pub fn may_see(&self, buyer: &BuyerId) -> bool {
        match self {
            Self::Merchant => true,
            Self::Buyer(asker) => asker == buyer,
            Self::Session(_) | Self::Nobody => false,
        }
    }

    /// Whether they may see and move this payment.
    pub fn may_see_payment(&self, payment: &PaymentCore) -> bool {
        match self {
            Self::Session(own) => payment.session.is_some_and(|session| session.id == *own),
            Self::Merchant | Self::Buyer(_) | Self::Nobody => self.may_see(&payment.buyer_id),
        }
    }
}

/// One line of an order to register.
#[derive(Debug, Clone)]
pub struct NewLine {
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
}

/// An order to register.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The merchant's id of the order.
    pub order_id: OrderId,
    /// The buyer.
    pub buyer_id: BuyerId,
    /// The order's total.
    pub total: Money,
    /// The merchant's resource that the order is for.
    pub resource: Option<Resource>,
    /// The lines; after discounts they have to add up to `total`.
    pub lines: Vec<NewLine>,
    /// The discounts on the lines' prices, applied in this order.
    pub discounts: Vec<Discount>,
    /// When its money is captured.
    pub capture: CaptureMode,
    /// When it is canceled if unpaid; if absent, the policy decides.
    pub expires_at: Option<Timestamp>,
    /// Hash of the request, to tell a repetition from another order with the same id.
    pub fingerprint: [u8; 16],
}

/// The simulated outcome at the mock gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MockResult {
    /// The gateway captured, or authorized, the money.
    Success,
    /// The gateway refused.
    Fail,
    /// The call was made and no answer came.
    NoAnswer,
}

/// A fact that a gateway tells, over any channel. Amounts are in the gateway's split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The funds are held for us; nothing was taken.
    Authorized {
        /// The amount held.
        held: Amounts,
        /// When the hold runs out.
        expires_at: Timestamp,
    },
    /// The money was captured, and the gateway still has `left` of it.
    Taken {
        /// The amount captured in total.
        taken: Amounts,
        /// The part of it that was not refunded.
        left: Amounts,
        /// Our calls among those that refunded some of it, where the gateway tells them apart.
        ours: Option<Vec<OperationId>>,
    },
    /// The payment failed; nothing was taken.
    Failed {
        /// The gateway's code.
        code: FailureCode,
    },
    /// The payment was canceled, or its hold released, at the gateway; nothing was captured.
    Canceled,
    /// The buyer has a deposit account; nothing has arrived.
    AwaitingDeposit {
        /// The time by which the buyer has to transfer.
        due_at: Timestamp,
    },
    /// The gateway certainly refused a capture, a void or a refund of ours; the payment is unchanged.
    CallRefused {
        /// The gateway's code.
        code: FailureCode,
    },
    /// Nothing was captured so far: the gateway does not know the payment, or its buyer has not finished.
    Undecided,
    /// An unknown fact; it is recorded and changes nothing.
    Other,
}

impl Fact {
    /// The fact that all of this was captured and is still there.
    pub const fn captured(amounts: Amounts) -> Self {
        Self::left_of(amounts, amounts)
    }

    /// The fact that the gateway has `left` of what was captured. It does not tell its refunds apart.
    pub const fn left_of(taken: Amounts, left: Amounts) -> Self {
        Self::Taken {
            taken,
            left,
            ours: None,
        }
    }

    /// The fact that a call of this kind certainly failed: a failed confirmation ends the payment; any other failed
    /// call leaves it unchanged.
    pub const fn not_done(kind: OperationKind, code: FailureCode) -> Self {
        match kind {
            OperationKind::Confirm => Self::Failed { code },
            OperationKind::Capture | OperationKind::Void | OperationKind::Cancel => {
                Self::CallRefused { code }
            }
        }
    }

    /// The fact that all of this was captured and refunded.
    pub const fn refunded(taken: Amounts) -> Self {
        Self::left_of(taken, Amounts::zero(taken.currency()))
    }
}

/// An authentic notification.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The sender.
    pub provider: Provider,
    /// The gateway's id of it, the same for each delivery.
    pub event_id: Box<str>,
    /// The type that it names.
    pub event_type: Box<str>,
    /// The payment it names.
    pub payment_id: PaymentId,
    /// The gateway's name for the payment, if the notification gives one.
    pub provider_payment_id: Option<ProviderPaymentId>,
    /// The fact that it tells.
    pub fact: Fact,
    /// The body as it came, sealed.
    pub body: Sealed,
}

/// A buyer's view of one payment, to be opened with the payment.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// How the buyer means to pay.
    pub method: Option<Method>,
    /// What of a card payment is decided already.
    pub card: CardChoice,
    /// Where the buyer's browser comes back to.
    pub redirect_url: Option<Box<str>>,
    /// Where they are sent if they did not pay, if elsewhere.
    pub failure_url: Option<Box<str>>,
    /// Who the buyer says they are, sealed.
    pub buyer: Option<Sealed>,
}

/// A buyer's choice at their checkout.
#[derive(Debug, Clone)]
pub struct Choice {
    /// How they mean to pay.
    pub method: Option<Method>,
    /// What of a card payment they decide.
    pub card: CardChoice,
    /// Who they say they are, sealed.
    pub buyer: Option<Sealed>,
}

/// One exchange with a gateway, for the audit trail.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Which.
    pub call: CallKind,
    /// How it ended.
    pub status: CallStatus,
    /// The HTTP status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// How long it took.
    pub took_ms: u32,
    /// The request and the answer, redacted and sealed.
    pub content: Sealed,
}

/// An unsigned notification, which made us ask the gateway.
#[derive(Debug, Clone)]
pub struct Hint {
    /// Hash of its body.
    pub hash: [u8; 16],
    /// When it came.
    pub heard_at: Timestamp,
    /// The sender's address, sealed.
    pub from: Sealed,
}

/// The result of asking a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Its answer.
    Fact(Fact),
    /// No answer, or no answer about this yet.
    None,
    /// The request certainly never reached it.
    NotSent,
}

/// The result of an exchange with a gateway.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The payment.
    pub payment_id: PaymentId,
    /// The money call that it was, or that it asked about.
    pub operation: Option<OperationId>,
    /// The gateway's name for the payment, if the answer gave one.
    pub name: Option<ProviderPaymentId>,
    /// The news.
    pub news: News,
    /// Whether it answered the call itself or an inquiry.
    pub source: Source,
    /// What the buyer paid with, if it said so.
    pub paid_with: Option<PaidWith>,
    /// Which wallet that was, if it was one and the gateway said so.
    pub easy_pay: Option<Box<str>>,
    /// Where the gateway shows its own slip, sealed, if it said so.
    pub slip: Option<Sealed>,
    /// The exchange, for the audit trail.
    pub exchange: Option<Exchange>,
    /// Whether it was asked how the payment stands after the last notification that there is news.
    pub asked_since_hint: bool,
}

/// A person's decision about set-aside money or an unanswered call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The order takes it.
    Take,
    /// It is refunded to the buyer: through the gateway if that can, otherwise this records that it was done.
    Return,
    /// It was refunded to the buyer by other means, from the platform's bank account.
    Returned,
    /// The gateway's amount is accepted as right, and the books follow.
    Accept,
    /// The gateway did what the call asked; its answer was lost.
    Done,
    /// The gateway did not do it, and will not.
    NotDone,
}

/// The part of a payment's money that is to be refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOf {
    /// All that is left.
    AllThatIsLeft,
    /// This many minor units, taxable and other money in proportion to what is left of each.
    Amount(u64),
    /// So much of each kind.
    Portion(Portion),
}

/// A refund to request.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// The part to refund.
    pub of: RefundOf,
    /// The name of the key that asks.
    pub asked_by: Box<str>,
    /// The reason, sealed.
    pub reason: Option<Sealed>,
}

/// One request to the engine.
#[derive(Debug, Clone)]
pub enum Command {
    /// Registers an order.
    CreateOrder(NewOrder),
    /// Cancels an order.
    CancelOrder {
        /// The order.
        order_id: OrderId,
    },
    /// Confirms a reserved order: its authorized money is captured.
    ConfirmOrder {
        /// The order.
        order_id: OrderId,
    },
    /// Cancels an order whose deadline has passed.
    OrderDue {
        /// The order.
        order_id: OrderId,
    },
    /// Begins a payment.
    CreatePayment {
        /// On whose behalf.
        asker: Asker,
        /// The order to pay.
        order_id: OrderId,
        /// The amount; it has to be the order's total.
        amount: Money,
        /// The gateway; ignored if the order costs nothing.
        provider: Option<Provider>,
    },
    /// Begins a payment with a buyer's checkout.
    OpenSession {
        /// On whose behalf.
        asker: Asker,
        /// The order to pay, in full.
        order_id: OrderId,
        /// The gateway; ignored if the order costs nothing.
        provider: Option<Provider>,
        /// The checkout's data.
        session: NewSession,
    },
    /// Lets the buyer pay at the gateway.
    PreparePayment {
        /// On whose behalf.
        asker: Asker,
        /// Which.
        payment_id: PaymentId,
        /// The buyer's choice at their checkout; `None` keeps the earlier values.
        choice: Option<Choice>,
        /// The consents that they gave there, each at most once.
        consents: Vec<Agreed>,
    },
    /// The buyer came back from the gateway: take the money.
    ConfirmPayment {
        /// On whose behalf.
        asker: Asker,
        /// Which.
        payment_id: PaymentId,
        /// The gateway's name for it, as the browser says.
        name: ProviderPaymentId,
        /// The amount that the browser claims is to be paid.
        amount: Money,
        /// All parameters that the browser brought back, in the gateway's form, sealed.
        brought: Sealed,
    },
    /// Records an exchange with a gateway and applies its news.
    Learn(Box<Learned>),
    /// Finishes a payment at the mock gateway.
    CompleteMock {
        /// The payment.
        payment_id: PaymentId,
        /// The outcome.
        result: MockResult,
    },
    /// Captures the authorized money of a payment.
    CapturePayment {
        /// The payment.
        payment_id: PaymentId,
    },
    /// Cancels a payment as far as it has come: ends it, voids its hold, closes the account that waits for its deposit, or
    /// refunds what was captured.
    CancelPayment {
        /// On whose behalf.
        asker: Asker,
        /// The payment.
        payment_id: PaymentId,
    },
    /// Refunds captured money, all of it or a part.
    RefundPayment {
        /// The payment.
        payment_id: PaymentId,
        /// The refund.
        refund: NewRefund,
    },
    /// Ends an expired hold.
    HoldDue {
        /// The payment of the hold.
        payment_id: PaymentId,
    },
    /// Records a signed notification and applies its fact.
    Notify(Notification),
    /// Marks a payment: its gateway is to be asked.
    WantInquiry {
        /// The payment.
        payment_id: PaymentId,
        /// The unsigned notification.
        hint: Hint,
    },
    /// Decides about set-aside money.
    Resolve {
        /// The payment.
        payment_id: PaymentId,
        /// The decision.
        resolution: Resolution,
        /// The name of the admin's key.
        actor: Box<str>,
        /// The reason, sealed.
        reason: Sealed,
    },
    /// Hides the sealed data in a payment's records.
    ErasePersonalData {
        /// The payment.
        payment_id: PaymentId,
        /// The name of the admin's key.
        actor: Box<str>,
    },
}

/// The records that a command concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An order and its open payments.
    Order(OrderId),
    /// A payment, its order, and the order's open payments.
    Payment(PaymentId),
}

impl Command {
    /// The records to load for this command.
    pub fn target(&self) -> Target {
        match self {
            Self::CreateOrder(new) => Target::Order(new.order_id.clone()),
            Self::CancelOrder { order_id }
            | Self::ConfirmOrder { order_id }
            | Self::OrderDue { order_id }
            | Self::CreatePayment { order_id, .. }
            | Self::OpenSession { order_id, .. } => Target::Order(order_id.clone()),
            Self::CompleteMock { payment_id, .. }
            | Self::PreparePayment { payment_id, .. }
            | Self::ConfirmPayment { payment_id, .. }
            | Self::CapturePayment { payment_id }
            | Self::CancelPayment { payment_id, .. }
            | Self::RefundPayment { payment_id, .. }
            | Self::HoldDue { payment_id }
            | Self::WantInquiry { payment_id, .. }
            | Self::Resolve { payment_id, .. }
            | Self::ErasePersonalData { payment_id, .. } => Target::Payment(*payment_id),
            Self::Learn(learned) => Target::Payment(learned.payment_id),
            Self::Notify(notification) => Target::Payment(notification.payment_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_call_captures_nothing_and_keeps_captured_money() {
        let code = || FailureCode::new("NOT_SENT");
        for (kind, fact) in [
            (OperationKind::Confirm, Fact::Failed { code: code() }),
            (OperationKind::Capture, Fact::CallRefused { code: code() }),
            (OperationKind::Void, Fact::CallRefused { code: code() }),
            (OperationKind::Cancel, Fact::CallRefused { code: code() }),
        ] {
            assert_eq!(Fact::not_done(kind, code()), fact);
        }
    }
}
