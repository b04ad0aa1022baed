//! Events: what happened, with every computed amount, so that nothing has to be looked up to apply one.
//!
//! These types are stored, in the schema that `store/schema.rs` calls today's. Append variants; to change a struct,
//! freeze it there first. A golden file fails when the bytes of a stored version change.

use bincode::{Decode, Encode};

use crate::amounts::Amounts;
use crate::id::{BuyerId, OperationId, OrderId, PaymentId, RefundId, SessionId};
use crate::operation::OperationKind;
use crate::order::{CancelReason, CaptureMode, Discount, Line, OrderKind, Resource, SellerSum};
pub use crate::provider::{
    CallKind, CallStatus, Credentials, FailureCode, PaidWith, Provider, ProviderPaymentId,
    RefundWay, Source,
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
        /// Who told us.
        source: Source,
    }
    /// The funds are ours to settle.
    PaymentCaptured {
        /// What was taken, as the order splits it.
        captured: Amounts,
        /// The same, as the gateway splits it.
        theirs: Amounts,
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
        received: Amounts,
        /// Who told us.
        source: Source,
    }
    /// The gateway took money that the order could not take.
    PaymentOrphaned {
        /// What it took.
        received: Amounts,
        /// Who told us.
        source: Source,
    }
    /// Money that belonged to no order was given to its order after all.
    SuspendedMoneyTaken {
        /// What had been set aside.
        suspended: Amounts,
        /// What the order took.
        captured: Amounts,
        /// Who decided.
        source: Source,
    }
    /// Money that belonged to no order went back to the buyer.
    SuspendedMoneyReturned {
        /// What had been set aside.
        suspended: Amounts,
        /// What of it the gateway had, by our books; the rest was a difference that a person had accepted.
        at_gateway: Amounts,
        /// Which way it went.
        way: RefundWay,
        /// Who told us.
        source: Source,
    }
    /// A money call is about to be made.
    OperationIntended {
        /// Its id and idempotency key.
        operation: OperationId,
        /// Which call.
        kind: OperationKind,
        /// How much it is about, as our books split it; version 1 did not say.
        amounts: Option<Amounts>,
        /// The refund it is for, if it gives money back.
        refund: Option<RefundId>,
        /// Which of the merchant's credentials it is made with; version 1 did not say.
        credentials: Option<Credentials>,
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
    /// A buyer's checkout of the order was opened with this payment.
    SessionOpened {
        /// Which checkout. Another payment of the order can take it over.
        session: SessionId,
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
    /// The buyer's browser came back from the gateway's window with an approval. Nobody else has said so yet.
    BuyerReturned {
        /// The gateway's own name for the payment, where a return of this gateway says one.
        provider_payment_id: Option<ProviderPaymentId>,
        /// All that was brought back, in the form of its gateway, sealed; version 1 did not keep it.
        brought: Option<Sealed>,
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
    /// Taken money is to go back.
    RefundRequested {
        /// Names this refund; version 1 had no names for them.
        refund: Option<RefundId>,
        /// What is to go back.
        amounts: Amounts,
        /// Which way it is to go.
        way: RefundWay,
    }
    /// All of the taken money went back.
    PaymentRefunded {
        /// Which refund it was, if it had been asked for here.
        refund: Option<RefundId>,
        /// What went back.
        refunded: Amounts,
        /// What of it the gateway had, by our books; the rest was a difference that a person had accepted.
        at_gateway: Amounts,
        /// Whether it had been asked for here; if not, somebody did it at the gateway.
        requested: bool,
        /// Which way it went.
        way: RefundWay,
        /// Who told us.
        source: Source,
    }
    /// The gateway refused to give the money back.
    RefundFailed {
        /// Which refund it was.
        refund: Option<RefundId>,
        /// What stays.
        amounts: Amounts,
        /// The gateway's code.
        code: FailureCode,
    }
    /// The gateway says that it has another amount of this payment's money than our books say.
    GatewayDisagreed {
        /// What it took in all, if it says so.
        taken: Option<Amounts>,
        /// What it has.
        holds: Amounts,
    }
    /// The gateway has again what our books say.
    GatewayAgreed {}
    /// A person accepted what the gateway says it has of this payment's money.
    DisagreementAccepted {
        /// What our books said that it has.
        ours: Amounts,
        /// What it says, which the books say from here on.
        theirs: Amounts,
    }
    /// What the buyer paid with became known.
    PaymentMethodKnown {
        /// What it is.
        paid_with: PaidWith,
    }
    /// Somebody said that there is news of this payment at its gateway, which is to be asked.
    InquiryWanted {
        /// Hash of the notification's body.
        hash: [u8; 16],
        /// When it came.
        heard_at: Timestamp,
        /// From which address, sealed.
        from: Sealed,
    }
    /// The gateway was asked, and what it said is not older than what is known.
    InquirySettled {
        /// Whether it told anything new.
        news: bool,
    }
    /// The buyer gave a consent.
    ConsentGiven {
        /// SHA-256 of the text they agreed to.
        text_hash: [u8; 32],
        /// To what, and the text's version: [`crate::consent::Agreed::label`].
        version: Box<str>,
        /// When.
        at: Timestamp,
    }
    /// Where the buyer is sent who did not pay, if that is another place than for one who did.
    FailureUrlGiven {
        /// The shop's address.
        url: Box<str>,
    }
    /// What of a card payment was decided before the gateway's window opens, with the method that is noted beside it.
    CardChosen {
        /// The wallet whose window opens, in the API's word.
        easy_pay: Option<Box<str>>,
        /// In how many monthly instalments; 0 for all at once.
        installments: Option<u8>,
    }
    /// The gateway said which wallet the buyer paid with.
    EasyPayKnown {
        /// The API's word for it, or the gateway's where there is none.
        easy_pay: Box<str>,
    }
    /// Where the gateway shows its own slip of the payment became known.
    SlipKnown {
        /// The slip's address, sealed: whoever has it sees the slip.
        url: Sealed,
    }
    /// An order was registered.
    OrderCreated {
        /// Whose it is.
        buyer_id: BuyerId,
        /// What kind of order it is.
        kind: OrderKind,
        /// What in the merchant's own system it is for.
        resource: Option<Resource>,
        /// What is bought.
        lines: Vec<Line>,
        /// What is taken off the lines' prices.
        discounts: Vec<Discount>,
        /// What each seller's lines come to.
        sellers: Vec<SellerSum>,
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

/// Builds an event enum: variants named like their structs, names for the API, conversions. Each row says whether the
/// event has a place in the merchant's `feed` or is `internal`, and whether it `moves` a machine or `notes` something.
macro_rules! event_enum {
    ($(#[$doc:meta])* $name:ident of $kind:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal $visible:ident $step:ident),+ $(,)? }) => {
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

            /// Whether it moves something from one state to another, or begins it.
            pub const fn is_transition(self) -> bool {
                match self { $(Self::$variant => event_enum!(@ $step)),+ }
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
    (@ moves) => { true };
    (@ notes) => { false };
}

event_enum! {
    /// What happened to a payment. Stored: append only.
    PaymentEvent of PaymentEventKind {
        /// Begun.
        PaymentInitiated = "PAYMENT_INITIATED" feed moves,
        /// Known to the gateway.
        PaymentPrepared = "PAYMENT_PREPARED" feed moves,
        /// Held.
        PaymentAuthorized = "AUTHORIZE_SUCCEEDED" feed moves,
        /// Taken.
        PaymentCaptured = "CAPTURE_SUCCEEDED" feed moves,
        /// Failed.
        PaymentFailed = "CAPTURE_FAILED" feed moves,
        /// Given up.
        PaymentCanceled = "CANCEL_SUCCEEDED" feed moves,
        /// Ran out.
        PaymentExpired = "PAYMENT_EXPIRED" feed moves,
        /// Released.
        PaymentVoided = "VOID_SUCCEEDED" feed moves,
        /// Wrong amount.
        PaymentMismatched = "AMOUNT_MISMATCHED" feed moves,
        /// Money without an order.
        PaymentOrphaned = "MONEY_ORPHANED" feed moves,
        /// Set-aside money given to the order.
        SuspendedMoneyTaken = "SUSPENDED_MONEY_TAKEN" feed moves,
        /// Set-aside money given back.
        SuspendedMoneyReturned = "SUSPENDED_MONEY_RETURNED" feed moves,
        /// A call is about to be made.
        OperationIntended = "OPERATION_INTENDED" internal notes,
        /// A call got no answer.
        OperationUnanswered = "OPERATION_UNANSWERED" feed moves,
        /// The gateway did it.
        ProviderConfirmed = "PROVIDER_CONFIRMED" feed notes,
        /// The gateway did not do it.
        ProviderRefused = "PROVIDER_REFUSED" feed notes,
        /// A notification came.
        WebhookReceived = "WEBHOOK_RECEIVED" feed notes,
        /// A person decided.
        PersonDecided = "PERSON_DECIDED" feed notes,
        /// Sealed data is hidden.
        PersonalDataErased = "PERSONAL_DATA_ERASED" feed notes,
        /// A buyer's view was opened.
        SessionOpened = "SESSION_OPENED" internal notes,
        /// The buyer came back from the gateway.
        BuyerReturned = "BUYER_RETURNED" internal notes,
        /// An exchange with the gateway.
        GatewayCalled = "GATEWAY_CALLED" internal notes,
        /// A hint was followed.
        HintFollowed = "HINT_FOLLOWED" internal notes,
        /// A transfer is awaited.
        DepositAwaited = "DEPOSIT_AWAITED" feed moves,
        /// Money is to go back.
        RefundRequested = "REFUND_REQUESTED" feed moves,
        /// Money went back.
        PaymentRefunded = "REFUND_SUCCEEDED" feed moves,
        /// Money did not go back.
        RefundFailed = "REFUND_FAILED" feed moves,
        /// The gateway has other money than we think.
        GatewayDisagreed = "GATEWAY_DISAGREED" feed notes,
        /// It has what we think.
        GatewayAgreed = "GATEWAY_AGREED" feed notes,
        /// The buyer chose how to pay.
        BuyerChose = "BUYER_CHOSE" internal notes,
        /// A person accepted what the gateway has.
        DisagreementAccepted = "DISAGREEMENT_ACCEPTED" feed notes,
        /// What was paid with.
        PaymentMethodKnown = "PAYMENT_METHOD_KNOWN" feed notes,
        /// The gateway is to be asked.
        InquiryWanted = "INQUIRY_WANTED" internal notes,
        /// The gateway has been asked.
        InquirySettled = "INQUIRY_SETTLED" internal notes,
        /// The buyer agreed to something.
        ConsentGiven = "CONSENT_GIVEN" feed notes,
        /// Where who did not pay is sent.
        FailureUrlGiven = "FAILURE_URL_GIVEN" internal notes,
        /// A wallet or a number of instalments was chosen.
        CardChosen = "CARD_CHOSEN" internal notes,
        /// Which wallet was paid with.
        EasyPayKnown = "EASY_PAY_KNOWN" feed notes,
        /// Where the gateway's slip is.
        SlipKnown = "SLIP_KNOWN" internal notes,
    }
}

event_enum! {
    /// What happened to an order. Stored: append only.
    OrderEvent of OrderEventKind {
        /// Registered.
        OrderCreated = "ORDER_CREATED" feed moves,
        /// A payment was begun.
        PaymentAttached = "PAYMENT_ATTACHED" internal notes,
        /// A payment may take the money.
        ClaimTaken = "CLAIM_TAKEN" internal notes,
        /// No payment may take the money.
        ClaimReleased = "CLAIM_RELEASED" internal notes,
        /// Money held.
        OrderReserved = "PAYMENT_AUTHORIZED" feed moves,
        /// Money taken.
        OrderPaid = "PAYMENT_SUCCEEDED" feed moves,
        /// A payment failed.
        OrderPaymentFailed = "PAYMENT_FAILED" feed notes,
        /// To be canceled.
        OrderCancelRequested = "ORDER_CANCEL_REQUESTED" feed moves,
        /// Canceled.
        OrderCanceled = "PAYMENT_CANCELED" feed moves,
        /// Waits again.
        OrderReopened = "ORDER_REOPENED" feed moves,
        /// Money given back.
        OrderRefunded = "PAYMENT_REFUNDED" feed moves,
    }
}

event_enum! {
    /// What moves an operation. Stored as payment events.
    OperationEvent of OperationEventKind {
        /// No answer.
        OperationUnanswered = "OPERATION_UNANSWERED" feed moves,
        /// Done.
        ProviderConfirmed = "PROVIDER_CONFIRMED" feed notes,
        /// Not done.
        ProviderRefused = "PROVIDER_REFUSED" feed notes,
    }
}

event_enum! {
    /// What moves a claim. Stored as order events.
    ClaimEvent of ClaimEventKind {
        /// Taken.
        ClaimTaken = "CLAIM_TAKEN" internal notes,
        /// Given back.
        ClaimReleased = "CLAIM_RELEASED" internal notes,
        /// Ended.
        OrderPaid = "PAYMENT_SUCCEEDED" feed moves,
    }
}

/// What an event does to its payment's money call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStep {
    /// It is about to be made.
    Intended(OperationId),
    /// It has no answer.
    Unanswered,
    /// It has its answer.
    Ended,
}

impl PaymentEvent {
    /// What it does to the payment's money call; nothing if it is about something else.
    pub const fn call_step(&self) -> Option<CallStep> {
        match self {
            Self::OperationIntended(intended) => Some(CallStep::Intended(intended.operation)),
            Self::OperationUnanswered(_) => Some(CallStep::Unanswered),
            Self::ProviderConfirmed(_) | Self::ProviderRefused(_) => Some(CallStep::Ended),
            Self::PaymentInitiated(_)
            | Self::PaymentPrepared(_)
            | Self::PaymentAuthorized(_)
            | Self::PaymentCaptured(_)
            | Self::PaymentFailed(_)
            | Self::PaymentCanceled(_)
            | Self::PaymentExpired(_)
            | Self::PaymentVoided(_)
            | Self::PaymentMismatched(_)
            | Self::PaymentOrphaned(_)
            | Self::SuspendedMoneyTaken(_)
            | Self::SuspendedMoneyReturned(_)
            | Self::WebhookReceived(_)
            | Self::PersonDecided(_)
            | Self::PersonalDataErased(_)
            | Self::SessionOpened(_)
            | Self::BuyerReturned(_)
            | Self::GatewayCalled(_)
            | Self::HintFollowed(_)
            | Self::DepositAwaited(_)
            | Self::RefundRequested(_)
            | Self::PaymentRefunded(_)
            | Self::RefundFailed(_)
            | Self::GatewayDisagreed(_)
            | Self::GatewayAgreed(_)
            | Self::BuyerChose(_)
            | Self::DisagreementAccepted(_)
            | Self::PaymentMethodKnown(_)
            | Self::InquiryWanted(_)
            | Self::InquirySettled(_)
            | Self::ConsentGiven(_)
            | Self::FailureUrlGiven(_)
            | Self::CardChosen(_)
            | Self::EasyPayKnown(_)
            | Self::SlipKnown(_) => None,
        }
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
