//! Commands: what can be asked of the engine.

use crate::amounts::Amounts;
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

/// On whose behalf. A buyer sees and moves nothing but their own; the rest does not exist for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// The merchant's backend, an admin, or the engine's own jobs.
    Merchant,
    /// This buyer.
    Buyer(BuyerId),
    /// Whoever holds the token of this checkout.
    Session(SessionId),
    /// Somebody who can own nothing.
    Nobody,
}

impl Asker {
    /// Whether what belongs to `buyer` is theirs to see and move.
    pub fn may_see(&self, buyer: &BuyerId) -> bool {
        match self {
            Self::Merchant => true,
            Self::Buyer(asker) => asker == buyer,
            Self::Session(_) | Self::Nobody => false,
        }
    }

    /// Whether this payment is theirs to see and move.
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
    /// What is bought.
    pub name: Box<str>,
    /// How many pieces.
    pub quantity: u32,
    /// Price of one piece in minor units, VAT included.
    pub unit_price: u64,
    /// Whether it bears VAT.
    pub tax: Tax,
    /// The merchant's own name for the item.
    pub item_id: Option<Box<str>>,
    /// The merchant's own name for who sells it.
    pub seller_id: Option<Box<str>>,
}

/// An order to register.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The merchant's name for it.
    pub order_id: OrderId,
    /// Whose it is.
    pub buyer_id: BuyerId,
    /// What it costs in all.
    pub total: Money,
    /// What in the merchant's own system it is for.
    pub resource: Option<Resource>,
    /// What is bought; less the discounts it has to add up to `total`.
    pub lines: Vec<NewLine>,
    /// What is taken off the lines' prices, in this order.
    pub discounts: Vec<Discount>,
    /// When its money is to be taken.
    pub capture: CaptureMode,
    /// When it is canceled if unpaid; by policy when absent.
    pub expires_at: Option<Timestamp>,
    /// Hash of the request, to tell a repetition from another order of the same id.
    pub fingerprint: [u8; 16],
}

/// What the buyer did at the mock gateway, or did not get to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MockResult {
    /// The gateway took, or holds, the money.
    Success,
    /// The gateway refused.
    Fail,
    /// The call was made and no answer came.
    NoAnswer,
}

/// What a gateway says happened, whichever way it says it. Amounts are split as the gateway splits them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The funds are held for us; nothing was taken.
    Authorized {
        /// How much.
        held: Amounts,
        /// When the hold runs out.
        expires_at: Timestamp,
    },
    /// The money was taken, and this much of it is left at the gateway.
    Taken {
        /// How much was taken in all.
        taken: Amounts,
        /// How much of it has not gone back to the buyer.
        left: Amounts,
    },
    /// The payment failed; nothing was taken.
    Failed {
        /// The gateway's code.
        code: FailureCode,
    },
    /// The payment was given up, or its hold released, at the gateway; nothing was taken.
    Canceled,
    /// The buyer has an account to transfer the money to; nothing is there.
    AwaitingDeposit {
        /// Until when.
        due_at: Timestamp,
    },
    /// A call of ours that was to capture, release or give back was certainly not done; the payment stands as it did.
    CallRefused {
        /// The gateway's code.
        code: FailureCode,
    },
    /// Nothing was taken so far: the gateway does not know the payment, or its buyer has not finished.
    Undecided,
    /// Something we do not know; it is kept and moves nothing.
    Other,
}

impl Fact {
    /// That all of this was taken and is there.
    pub const fn captured(amounts: Amounts) -> Self {
        Self::Taken {
            taken: amounts,
            left: amounts,
        }
    }

    /// That a call of this kind was certainly not done: without a confirmation there is no payment; any other call
    /// leaves the payment as it was.
    pub const fn not_done(kind: OperationKind, code: FailureCode) -> Self {
        match kind {
            OperationKind::Confirm => Self::Failed { code },
            OperationKind::Capture | OperationKind::Void | OperationKind::Cancel => {
                Self::CallRefused { code }
            }
        }
    }

    /// That all of this was taken and went back.
    pub const fn refunded(taken: Amounts) -> Self {
        Self::Taken {
            taken,
            left: Amounts::zero(taken.currency()),
        }
    }
}

/// An authentic notification.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Who sent it.
    pub provider: Provider,
    /// The gateway's id of it, the same for each delivery.
    pub event_id: Box<str>,
    /// What it says it is.
    pub event_type: Box<str>,
    /// The payment it names.
    pub payment_id: PaymentId,
    /// The gateway's own name for the payment, if it says one.
    pub provider_payment_id: Option<ProviderPaymentId>,
    /// What happened.
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

/// What a buyer says at their checkout.
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
    /// How it went.
    pub status: CallStatus,
    /// The HTTP status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// How long it took.
    pub took_ms: u32,
    /// What was sent and what came, redacted and sealed.
    pub content: Sealed,
}

/// A notification that proves nothing, and made us ask.
#[derive(Debug, Clone)]
pub struct Hint {
    /// Hash of its body.
    pub hash: [u8; 16],
    /// When it came.
    pub heard_at: Timestamp,
    /// From which address, sealed.
    pub from: Sealed,
}

/// What became of asking a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Its word.
    Fact(Fact),
    /// None, or nothing about this yet.
    None,
    /// The question certainly never reached it.
    NotSent,
}

/// What an exchange with a gateway taught us.
#[derive(Debug, Clone)]
pub struct Learned {
    /// About which payment.
    pub payment_id: PaymentId,
    /// Which money call it was, or was asked about.
    pub operation: Option<OperationId>,
    /// The gateway's own name for the payment, if it said one.
    pub name: Option<ProviderPaymentId>,
    /// What it said.
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

/// What a person decided about set-aside money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The order takes it.
    Take,
    /// It goes back to the buyer: through the gateway where that can, else this records that it did.
    Return,
    /// It went back to the buyer by other means, from the platform's bank account.
    Returned,
    /// The gateway is right about what it has of the payment's money, and the books follow.
    Accept,
    /// The gateway did what was asked of it; its answer was lost.
    Done,
    /// The gateway did not do it, and will not.
    NotDone,
}

/// One request to the engine.
#[derive(Debug, Clone)]
pub enum Command {
    /// Registers an order.
    CreateOrder(NewOrder),
    /// Cancels an order.
    CancelOrder {
        /// Which.
        order_id: OrderId,
    },
    /// Confirms a reserved order: its held money is taken.
    ConfirmOrder {
        /// Which.
        order_id: OrderId,
    },
    /// Cancels an order whose deadline has passed.
    OrderDue {
        /// Which.
        order_id: OrderId,
    },
    /// Begins a payment.
    CreatePayment {
        /// On whose behalf.
        asker: Asker,
        /// For which order.
        order_id: OrderId,
        /// Has to be the order's total.
        amount: Money,
        /// Through whom; of no account where there is nothing to pay.
        provider: Option<Provider>,
    },
    /// Begins a payment with a buyer's view of it.
    OpenSession {
        /// On whose behalf.
        asker: Asker,
        /// For which order; its total is what is to be paid.
        order_id: OrderId,
        /// Through whom; of no account where there is nothing to pay.
        provider: Option<Provider>,
        /// The view.
        session: NewSession,
    },
    /// Lets the buyer pay at the gateway.
    PreparePayment {
        /// On whose behalf.
        asker: Asker,
        /// Which.
        payment_id: PaymentId,
        /// What the buyer chose at their checkout; nothing if it stays as it was.
        choice: Option<Choice>,
        /// What they agreed to there.
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
        /// What the browser says is to be paid.
        amount: Money,
        /// All that the browser brought back, in the form of its gateway, sealed.
        brought: Sealed,
    },
    /// Takes in what an exchange with a gateway taught us.
    Learn(Box<Learned>),
    /// Finishes a payment at the mock gateway.
    CompleteMock {
        /// Which.
        payment_id: PaymentId,
        /// How it ends.
        result: MockResult,
    },
    /// Takes the held money of a payment.
    CapturePayment {
        /// Which.
        payment_id: PaymentId,
    },
    /// Ends a payment as far as it has come: gives it up, releases its hold, closes the account that waits for its
    /// deposit, or gives its taken money back.
    CancelPayment {
        /// On whose behalf.
        asker: Asker,
        /// Which.
        payment_id: PaymentId,
    },
    /// Lets a hold run out.
    HoldDue {
        /// Whose hold.
        payment_id: PaymentId,
    },
    /// Takes in what a gateway says.
    Notify(Notification),
    /// Notes that a payment's gateway is to be asked how it stands.
    WantInquiry {
        /// Which payment.
        payment_id: PaymentId,
        /// The notification that says so and proves nothing.
        hint: Hint,
    },
    /// Decides about set-aside money.
    Resolve {
        /// Of which payment.
        payment_id: PaymentId,
        /// How.
        resolution: Resolution,
        /// The name of the admin's key.
        actor: Box<str>,
        /// Why, sealed.
        reason: Sealed,
    },
    /// Hides what is sealed in a payment's records.
    ErasePersonalData {
        /// Which payment.
        payment_id: PaymentId,
        /// The name of the admin's key.
        actor: Box<str>,
    },
}

/// Which records a command concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An order and its open payments.
    Order(OrderId),
    /// A payment, its order, and the order's open payments.
    Payment(PaymentId),
}

impl Command {
    /// What has to be loaded to decide it.
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
    fn a_call_that_was_not_made_has_taken_nothing_and_leaves_what_was_taken() {
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
