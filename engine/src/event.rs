//! Events: what happened, with every computed amount, so that nothing has to be looked up to apply one.
//!
//! These types are stored. Append variants and fields' new versions as `store/schema` says; a golden
//! file fails when the bytes of a stored version change.

use bincode::{Decode, Encode};

use crate::amounts::Amounts;
use crate::id::{BuyerId, OperationId, OrderId, PaymentId};
use crate::money::Money;
use crate::operation::OperationKind;
use crate::order::{CancelReason, CaptureMode, Line};
pub use crate::provider::{
    CallKind, CallStatus, FailureCode, Provider, ProviderPaymentId, RefundWay, Source,
};
use crate::sealed::Sealed;
use crate::time::Timestamp;

macro_rules! event_structs {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty),* $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
        pub struct $name { $($(#[$field_doc])* pub $field: $ty),* }
    )+};
}

event_structs! {
    /// An attempt to pay for an order was begun.
    PaymentInitiated {
        /// The order to pay.
        order_id: OrderId,
        /// Whose order it is.
        buyer_id: BuyerId,
        /// What is to be paid, by component.
        amounts: Amounts,
        /// Through whom.
        provider: Provider,
        /// When the money is to be taken.
        capture: CaptureMode,
    }
    /// The gateway knows the payment and its amount; the buyer can pay.
    PaymentPrepared {}
    /// The gateway holds the funds for us.
    PaymentAuthorized {
        /// What is held.
        authorized: Amounts,
        /// When the hold runs out.
        expires_at: Timestamp,
    }
    /// The funds are ours to settle.
    PaymentCaptured {
        /// What was taken.
        captured: Amounts,
        /// Who told us.
        source: Source,
    }
    /// The gateway says that the payment failed.
    PaymentFailed {
        /// The gateway's code, for support; never shown to a buyer as it is.
        code: FailureCode,
    }
    /// Given up before any money moved.
    PaymentCanceled {
        /// Why.
        reason: CancelReason,
    }
    /// Its time ran out before any money moved.
    PaymentExpired {}
    /// The hold was released.
    PaymentVoided {
        /// Why.
        reason: CancelReason,
    }
    /// The gateway took an amount or a currency that is not the order's.
    PaymentMismatched {
        /// What it took.
        received: Money,
    }
    /// The gateway took money that the order could not take.
    PaymentOrphaned {
        /// What it took.
        received: Money,
    }
    /// Money that belonged to no order was given to its order after all.
    SuspendedMoneyTaken {
        /// What had been set aside.
        suspended: Money,
        /// What the order took.
        captured: Amounts,
        /// Who decided.
        source: Source,
    }
    /// Money that belonged to no order went back to the buyer.
    SuspendedMoneyReturned {
        /// What had been set aside.
        suspended: Money,
    }
    /// A money call is about to be made.
    OperationIntended {
        /// Its id and idempotency key.
        operation: OperationId,
        /// Which call.
        kind: OperationKind,
    }
    /// The call was made and no answer came.
    OperationUnanswered {
        /// Which one.
        operation: OperationId,
    }
    /// The gateway says that it was done.
    ProviderConfirmed {
        /// The gateway's own name for the payment.
        provider_payment_id: ProviderPaymentId,
        /// Who told us.
        source: Source,
    }
    /// The gateway says that it was not done.
    ProviderRefused {
        /// The gateway's code.
        code: FailureCode,
        /// Who told us.
        source: Source,
    }
    /// A notification about this payment came, was authentic and new.
    WebhookReceived {
        /// The gateway's id of it.
        event_id: Box<str>,
        /// What it says it is.
        event_type: Box<str>,
        /// Its body as it came, sealed.
        body: Sealed,
    }
    /// A person decided about money that belonged to no order.
    PersonDecided {
        /// The name of the admin's key.
        actor: Box<str>,
        /// What they wrote, sealed.
        reason: Sealed,
    }
    /// What is sealed in this payment's records is hidden from now on.
    PersonalDataErased {
        /// The name of the admin's key.
        actor: Box<str>,
    }
    /// A buyer was given a view of this payment alone.
    SessionOpened {
        /// Until when it can be used.
        expires_at: Timestamp,
        /// How the buyer means to pay, in the gateways' common words.
        method: Option<Box<str>>,
        /// Where the buyer's browser comes back to.
        redirect_url: Option<Box<str>>,
        /// Who the buyer says they are, sealed.
        buyer: Option<Sealed>,
    }
    /// The buyer chose, at their checkout, how to pay, and said who they are. It stands over what was said when the
    /// view was opened.
    BuyerChose {
        /// How the buyer means to pay, in the gateways' common words.
        method: Option<Box<str>>,
        /// Who the buyer says they are, sealed.
        buyer: Option<Sealed>,
    }
    /// The buyer's browser came back with the gateway's name for the approved payment. Nobody else has said so yet.
    BuyerReturned {
        /// What it says.
        provider_payment_id: ProviderPaymentId,
    }
    /// There was an exchange with the gateway.
    GatewayCalled {
        /// For which money call; an inquiry may be for none.
        operation: Option<OperationId>,
        /// Which exchange.
        call: CallKind,
        /// How it went.
        status: CallStatus,
        /// The HTTP status of the answer, if there was one.
        http_status: Option<u16>,
        /// How long it took.
        took_ms: u32,
        /// What was sent and what came, without secrets and personal data, and sealed all the same.
        exchange: Sealed,
    }
    /// A notification that proves nothing made us ask the gateway, whose answer is recorded beside this.
    HintFollowed {
        /// Hash of the notification's body.
        hash: [u8; 16],
        /// When it came.
        heard_at: Timestamp,
        /// From which address, sealed.
        from: Sealed,
    }
    /// The buyer has an account to transfer the money to.
    DepositAwaited {
        /// Until when.
        due_at: Timestamp,
    }
    /// All of the taken money is to go back.
    RefundRequested {
        /// What is to go back.
        amounts: Amounts,
    }
    /// All of the taken money went back.
    PaymentRefunded {
        /// What went back.
        refunded: Amounts,
        /// Whether it had been asked for here; if not, somebody did it at the gateway.
        requested: bool,
        /// Which way it went.
        way: RefundWay,
        /// Who told us.
        source: Source,
    }
    /// The gateway refused to give the money back.
    RefundFailed {
        /// What stays.
        amounts: Amounts,
        /// The gateway's code.
        code: FailureCode,
    }
    /// The gateway says that it has another amount of this payment's money than our books say.
    GatewayDisagreed {
        /// What it has.
        holds: Money,
    }
    /// The gateway has again what our books say.
    GatewayAgreed {}
    /// An order was registered.
    OrderCreated {
        /// Whose it is.
        buyer_id: BuyerId,
        /// What is bought.
        lines: Vec<Line>,
        /// What it costs, by component.
        amounts: Amounts,
        /// When its money is to be taken.
        capture: CaptureMode,
        /// When it is canceled if unpaid.
        expires_at: Timestamp,
        /// Hash of the request, to tell a repetition from another order of the same id.
        fingerprint: [u8; 16],
    }
    /// A payment was begun for it.
    PaymentAttached {
        /// Which one.
        payment: PaymentId,
    }
    /// A payment took the claim.
    ClaimTaken {
        /// Which one.
        payment: PaymentId,
    }
    /// A payment gave the claim back.
    ClaimReleased {
        /// Which one.
        payment: PaymentId,
    }
    /// Its money is held.
    OrderReserved {
        /// By which payment.
        payment: PaymentId,
    }
    /// Its money is taken.
    OrderPaid {
        /// By which payment.
        payment: PaymentId,
    }
    /// A payment for it failed; it can be tried again.
    OrderPaymentFailed {
        /// Which one.
        payment: PaymentId,
    }
    /// It is to be canceled as soon as the gateway's answer is known.
    OrderCancelRequested {
        /// Why.
        reason: CancelReason,
    }
    /// Its hold is gone; it waits for a payment again.
    OrderReopened {
        /// Whose hold it was.
        payment: PaymentId,
    }
    /// It is canceled.
    OrderCanceled {
        /// Why.
        reason: CancelReason,
    }
    /// Its money went back after it was paid.
    OrderRefunded {
        /// Whose money.
        payment: PaymentId,
    }
}

/// Builds an event enum: variants named like their structs, names for the API, conversions.
macro_rules! event_enum {
    ($(#[$doc:meta])* $name:ident of $kind:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal $visible:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant($variant)),+ }

        /// The events by name. Stored as a number: append only.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
        pub enum $kind { $($(#[$variant_doc])* $variant),+ }

        impl $kind {
            /// Every kind, in stored order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the API and the documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }

            /// Whether it concerns the merchant and so has a place in the gapless feed.
            pub const fn concerns_merchant(self) -> bool {
                match self { $(Self::$variant => event_enum!(@ $visible)),+ }
            }
        }

        impl $name {
            /// Which kind it is.
            pub const fn kind(&self) -> $kind {
                match self { $(Self::$variant(_) => $kind::$variant),+ }
            }

            /// The name in the API and the documents.
            pub const fn name(&self) -> &'static str {
                self.kind().name()
            }
        }

        $(impl From<$variant> for $name { fn from(event: $variant) -> Self { Self::$variant(event) } })+

        // By hand: bincode's derive cannot name the fields of variants that a macro wrote.
        impl Encode for $name {
            fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
                self.kind().encode(encoder)?;
                match self { $(Self::$variant(event) => event.encode(encoder)),+ }
            }
        }

        impl<Context> Decode<Context> for $name {
            fn decode<D: bincode::de::Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
                Ok(match $kind::decode(decoder)? { $($kind::$variant => Self::$variant(Decode::decode(decoder)?)),+ })
            }
        }

        impl<'de, Context> bincode::BorrowDecode<'de, Context> for $name {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
                Decode::decode(decoder)
            }
        }
    };
    (@ feed) => { true };
    (@ internal) => { false };
}

event_enum! {
    /// What happened to a payment. Stored: append only.
    PaymentEvent of PaymentEventKind {
        /// Begun.
        PaymentInitiated = "PAYMENT_INITIATED" feed,
        /// Known to the gateway.
        PaymentPrepared = "PAYMENT_PREPARED" feed,
        /// Held.
        PaymentAuthorized = "AUTHORIZE_SUCCEEDED" feed,
        /// Taken.
        PaymentCaptured = "CAPTURE_SUCCEEDED" feed,
        /// Failed.
        PaymentFailed = "CAPTURE_FAILED" feed,
        /// Given up.
        PaymentCanceled = "CANCEL_SUCCEEDED" feed,
        /// Ran out.
        PaymentExpired = "PAYMENT_EXPIRED" feed,
        /// Released.
        PaymentVoided = "VOID_SUCCEEDED" feed,
        /// Wrong amount.
        PaymentMismatched = "AMOUNT_MISMATCHED" feed,
        /// Money without an order.
        PaymentOrphaned = "MONEY_ORPHANED" feed,
        /// Set-aside money given to the order.
        SuspendedMoneyTaken = "SUSPENDED_MONEY_TAKEN" feed,
        /// Set-aside money given back.
        SuspendedMoneyReturned = "SUSPENDED_MONEY_RETURNED" feed,
        /// A call is about to be made.
        OperationIntended = "OPERATION_INTENDED" internal,
        /// A call got no answer.
        OperationUnanswered = "OPERATION_UNANSWERED" feed,
        /// The gateway did it.
        ProviderConfirmed = "PROVIDER_CONFIRMED" feed,
        /// The gateway did not do it.
        ProviderRefused = "PROVIDER_REFUSED" feed,
        /// A notification came.
        WebhookReceived = "WEBHOOK_RECEIVED" feed,
        /// A person decided.
        PersonDecided = "PERSON_DECIDED" feed,
        /// Sealed data is hidden.
        PersonalDataErased = "PERSONAL_DATA_ERASED" feed,
        /// A buyer's view was opened.
        SessionOpened = "SESSION_OPENED" internal,
        /// The buyer came back from the gateway.
        BuyerReturned = "BUYER_RETURNED" internal,
        /// An exchange with the gateway.
        GatewayCalled = "GATEWAY_CALLED" internal,
        /// A hint was followed.
        HintFollowed = "HINT_FOLLOWED" internal,
        /// A transfer is awaited.
        DepositAwaited = "DEPOSIT_AWAITED" feed,
        /// Money is to go back.
        RefundRequested = "REFUND_REQUESTED" feed,
        /// Money went back.
        PaymentRefunded = "REFUND_SUCCEEDED" feed,
        /// Money did not go back.
        RefundFailed = "REFUND_FAILED" feed,
        /// The gateway has other money than we think.
        GatewayDisagreed = "GATEWAY_DISAGREED" feed,
        /// It has what we think.
        GatewayAgreed = "GATEWAY_AGREED" feed,
        /// The buyer chose how to pay.
        BuyerChose = "BUYER_CHOSE" internal,
    }
}

event_enum! {
    /// What happened to an order. Stored: append only.
    OrderEvent of OrderEventKind {
        /// Registered.
        OrderCreated = "ORDER_CREATED" feed,
        /// A payment was begun.
        PaymentAttached = "PAYMENT_ATTACHED" internal,
        /// A payment may take the money.
        ClaimTaken = "CLAIM_TAKEN" internal,
        /// No payment may take the money.
        ClaimReleased = "CLAIM_RELEASED" internal,
        /// Money held.
        OrderReserved = "PAYMENT_AUTHORIZED" feed,
        /// Money taken.
        OrderPaid = "PAYMENT_SUCCEEDED" feed,
        /// A payment failed.
        OrderPaymentFailed = "PAYMENT_FAILED" feed,
        /// To be canceled.
        OrderCancelRequested = "ORDER_CANCEL_REQUESTED" feed,
        /// Canceled.
        OrderCanceled = "PAYMENT_CANCELED" feed,
        /// Waits again.
        OrderReopened = "ORDER_REOPENED" feed,
        /// Money given back.
        OrderRefunded = "PAYMENT_REFUNDED" feed,
    }
}

event_enum! {
    /// What moves an operation. Stored as payment events.
    OperationEvent of OperationEventKind {
        /// No answer.
        OperationUnanswered = "OPERATION_UNANSWERED" feed,
        /// Done.
        ProviderConfirmed = "PROVIDER_CONFIRMED" feed,
        /// Not done.
        ProviderRefused = "PROVIDER_REFUSED" feed,
    }
}

event_enum! {
    /// What moves a claim. Stored as order events.
    ClaimEvent of ClaimEventKind {
        /// Taken.
        ClaimTaken = "CLAIM_TAKEN" internal,
        /// Given back.
        ClaimReleased = "CLAIM_RELEASED" internal,
        /// Ended.
        OrderPaid = "PAYMENT_SUCCEEDED" feed,
    }
}

impl From<OperationEvent> for PaymentEvent {
    fn from(event: OperationEvent) -> Self {
        match event {
            OperationEvent::OperationUnanswered(event) => event.into(),
            OperationEvent::ProviderConfirmed(event) => event.into(),
            OperationEvent::ProviderRefused(event) => event.into(),
        }
    }
}

impl From<ClaimEvent> for OrderEvent {
    fn from(event: ClaimEvent) -> Self {
        match event {
            ClaimEvent::ClaimTaken(event) => event.into(),
            ClaimEvent::ClaimReleased(event) => event.into(),
            ClaimEvent::OrderPaid(event) => event.into(),
        }
    }
}
