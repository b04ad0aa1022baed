//! Events: each has every computed amount, so that applying one needs no look-up.
//!
//! These types are stored, in the current schema of `store/schema.rs`. Append variants; to change a struct, freeze it
//! there first. A golden file fails if the bytes of a stored version change.

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
    /// An attempt to pay an order was begun.
    PaymentInitiated {
        /// The order to pay.
        order_id: OrderId,
        /// The order's buyer.
        buyer_id: BuyerId,
        /// The amount to pay, by component.
        amounts: Amounts,
        /// The gateway.
        provider: Provider,
        /// When the money is captured.
        capture: CaptureMode,
    }
    /// The gateway knows the payment and its amount; the buyer can pay.
    PaymentPrepared {}
    /// The gateway holds the funds for us.
    PaymentAuthorized {
        /// The amount held.
        authorized: Amounts,
        /// When the hold runs out.
        expires_at: Timestamp,
        /// The source of the fact.
        source: Source,
    }
    /// The funds were captured.
    PaymentCaptured {
        /// The captured amount in the order's split.
        captured: Amounts,
        /// The same in the gateway's split.
        theirs: Amounts,
        /// The source of the fact.
        source: Source,
    }
    /// The gateway says that the payment failed.
    PaymentFailed {
        /// The gateway's code, for support; never shown to a buyer as it is.
        code: FailureCode,
    }
    /// Canceled before any money moved.
    PaymentCanceled {
        /// Why.
        reason: CancelReason,
    }
    /// It expired before any money moved.
    PaymentExpired {}
    /// The hold was released.
    PaymentVoided {
        /// Why.
        reason: CancelReason,
    }
    /// The gateway captured an amount or a currency that is not the order's.
    PaymentMismatched {
        /// The captured amount.
        received: Amounts,
        /// The source of the fact.
        source: Source,
    }
    /// The gateway captured money that the order could not take.
    PaymentOrphaned {
        /// The captured amount.
        received: Amounts,
        /// The source of the fact.
        source: Source,
    }
    /// Set-aside money was given to its order after all.
    SuspendedMoneyTaken {
        /// The amount that had been set aside.
        suspended: Amounts,
        /// The amount that the order took.
        captured: Amounts,
        /// The source of the decision.
        source: Source,
    }
    /// Set-aside money was refunded to the buyer.
    SuspendedMoneyReturned {
        /// The amount that had been set aside.
        suspended: Amounts,
        /// The part of it that the gateway had by our books; the rest was a difference that a person had accepted.
        at_gateway: Amounts,
        /// The way of the refund.
        way: RefundWay,
        /// The source of the fact.
        source: Source,
    }
    /// A money call is about to be made.
    OperationIntended {
        /// Its id and idempotency key.
        operation: OperationId,
        /// Which call.
        kind: OperationKind,
        /// The amount that it is about, in our books' split; missing in version 1.
        amounts: Option<Amounts>,
        /// The refund that it is for, if it refunds.
        refund: Option<RefundId>,
        /// The merchant's credentials that it is made with; missing in version 1.
        credentials: Option<Credentials>,
    }
    /// The call was made and no answer came.
    OperationUnanswered {
        /// The call.
        operation: OperationId,
    }
    /// The gateway did what the call asked.
    ProviderConfirmed {
        /// The gateway's name for the payment.
        provider_payment_id: ProviderPaymentId,
        /// The source of the fact.
        source: Source,
    }
    /// The gateway refused the call.
    ProviderRefused {
        /// The gateway's code.
        code: FailureCode,
        /// The source of the fact.
        source: Source,
    }
    /// A notification about this payment came, was authentic and new.
    WebhookReceived {
        /// The gateway's id of it.
        event_id: Box<str>,
        /// The type that it names.
        event_type: Box<str>,
        /// Its body as received, sealed.
        body: Sealed,
    }
    /// A person decided about set-aside money or an unanswered call.
    PersonDecided {
        /// The name of the admin's key.
        actor: Box<str>,
        /// The reason that they wrote, sealed.
        reason: Sealed,
    }
    /// The sealed data in this payment's records is hidden from now on.
    PersonalDataErased {
        /// The name of the admin's key.
        actor: Box<str>,
    }
    /// A buyer's checkout of the order was opened with this payment.
    SessionOpened {
        /// The checkout. A later payment of the order can take it over.
        session: SessionId,
        /// The end of the checkout.
        expires_at: Timestamp,
        /// How the buyer means to pay, in the gateways' common words.
        method: Option<Box<str>>,
        /// Where the buyer's browser comes back to.
        redirect_url: Option<Box<str>>,
        /// Who the buyer says they are, sealed.
        buyer: Option<Sealed>,
    }
    /// The buyer chose, at their checkout, how to pay, and gave their contact data. It replaces what was given when
    /// the checkout was opened.
    BuyerChose {
        /// How the buyer means to pay, in the gateways' common words.
        method: Option<Box<str>>,
        /// Who the buyer says they are, sealed.
        buyer: Option<Sealed>,
    }
    /// The buyer's browser came back from the gateway's window with an approval, which the gateway has not confirmed
    /// yet.
    BuyerReturned {
        /// The gateway's own name for the payment, where a return of this gateway says one.
        provider_payment_id: Option<ProviderPaymentId>,
        /// All returned parameters, in the gateway's form, sealed; missing in version 1.
        brought: Option<Sealed>,
    }
    /// There was an exchange with the gateway.
    GatewayCalled {
        /// The money call that it belongs to; an inquiry may belong to none.
        operation: Option<OperationId>,
        /// The kind of exchange.
        call: CallKind,
        /// How it ended.
        status: CallStatus,
        /// The HTTP status of the answer, if there was one.
        http_status: Option<u16>,
        /// How long it took.
        took_ms: u32,
        /// The request and the answer, without secrets and personal data, and sealed all the same.
        exchange: Sealed,
    }
    /// An unsigned notification made us ask the gateway; its answer is recorded beside this.
    HintFollowed {
        /// Hash of the notification's body.
        hash: [u8; 16],
        /// When it came.
        heard_at: Timestamp,
        /// The sender's address, sealed.
        from: Sealed,
    }
    /// The buyer has a deposit account to transfer the money to.
    DepositAwaited {
        /// The time by which the buyer has to transfer.
        due_at: Timestamp,
    }
    /// A refund of captured money was requested.
    RefundRequested {
        /// The refund's id; version 1 had none.
        refund: Option<RefundId>,
        /// The amount to refund.
        amounts: Amounts,
        /// The way of the refund.
        way: RefundWay,
    }
    /// Captured money was refunded, all of it or a part.
    PaymentRefunded {
        /// The refund's id; version 1 had none where it was not requested here.
        refund: Option<RefundId>,
        /// The refunded amount.
        refunded: Amounts,
        /// The part of it that the gateway had by our books; the rest was a difference that a person had accepted.
        at_gateway: Amounts,
        /// Whether it was requested here; if not, it was made at the gateway.
        requested: bool,
        /// The way of the refund.
        way: RefundWay,
        /// The source of the fact.
        source: Source,
    }
    /// The gateway refused the refund.
    RefundFailed {
        /// The refund's id.
        refund: Option<RefundId>,
        /// The amount that stays.
        amounts: Amounts,
        /// The gateway's code.
        code: FailureCode,
    }
    /// The gateway has another amount of this payment's money than our books.
    GatewayDisagreed {
        /// The amount captured in total, if the gateway says so.
        taken: Option<Amounts>,
        /// The amount it still has.
        holds: Amounts,
    }
    /// The gateway agrees with our books again.
    GatewayAgreed {}
    /// A person accepted the gateway's amount of this payment's money.
    DisagreementAccepted {
        /// The gateway's amount by our books until now.
        ours: Amounts,
        /// The gateway's amount, which the books have from now on.
        theirs: Amounts,
    }
    /// The means of payment became known.
    PaymentMethodKnown {
        /// The means of payment.
        paid_with: PaidWith,
    }
    /// An unsigned notification came, so the payment's gateway is to be asked.
    InquiryWanted {
        /// Hash of the notification's body.
        hash: [u8; 16],
        /// When it came.
        heard_at: Timestamp,
        /// The sender's address, sealed.
        from: Sealed,
    }
    /// The gateway was asked, and its answer is not older than what is known.
    InquirySettled {
        /// Whether the answer was news.
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
    /// Who asked for a refund, and why; it is noted beside the request.
    RefundAskedFor {
        /// The refund.
        refund: RefundId,
        /// The name of the key that asked.
        asked_by: Box<str>,
        /// The reason, sealed.
        reason: Option<Sealed>,
    }
    /// An order was registered.
    OrderCreated {
        /// The buyer.
        buyer_id: BuyerId,
        /// The kind of order.
        kind: OrderKind,
        /// The merchant's resource that the order is for.
        resource: Option<Resource>,
        /// What is bought.
        lines: Vec<Line>,
        /// The discounts on the lines' prices.
        discounts: Vec<Discount>,
        /// The sum of each seller's lines.
        sellers: Vec<SellerSum>,
        /// The order's total, by component.
        amounts: Amounts,
        /// When its money is captured.
        capture: CaptureMode,
        /// When it is canceled if unpaid.
        expires_at: Timestamp,
        /// Hash of the request, to tell a repetition from another order with the same id.
        fingerprint: [u8; 16],
    }
    /// A payment was begun for it.
    PaymentAttached {
        /// The payment.
        payment: PaymentId,
    }
    /// A payment took the claim.
    ClaimTaken {
        /// The payment.
        payment: PaymentId,
    }
    /// A payment released the claim.
    ClaimReleased {
        /// The payment.
        payment: PaymentId,
    }
    /// Its money is authorized.
    OrderReserved {
        /// The payment that holds it.
        payment: PaymentId,
    }
    /// Its money is captured.
    OrderPaid {
        /// The payment that captured it.
        payment: PaymentId,
    }
    /// A payment for it failed; it can be tried again.
    OrderPaymentFailed {
        /// The payment.
        payment: PaymentId,
    }
    /// It is to be canceled once the gateway has answered.
    OrderCancelRequested {
        /// Why.
        reason: CancelReason,
    }
    /// Its hold is gone; it waits for a payment again.
    OrderReopened {
        /// The payment that held it.
        payment: PaymentId,
    }
    /// It is canceled.
    OrderCanceled {
        /// Why.
        reason: CancelReason,
    }
    /// Its money was refunded after it was paid.
    OrderRefunded {
        /// The payment.
        payment: PaymentId,
    }
}

/// Builds an event enum: variants named like their structs, names for the API, conversions. Each row says whether the
/// event is in the merchant's `feed` or `internal`, and whether it `moves` a machine or `notes` something.
macro_rules! event_enum {
    ($(#[$doc:meta])* $name:ident of $kind:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal $visible:ident $step:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant($variant)),+ }

        /// The kinds of events. Stored as a number: append only.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
        pub enum $kind { $($(#[$variant_doc])* $variant),+ }

        impl $kind {
            /// Every kind, in stored order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the API and the documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }

            /// Whether it is in the merchant's gapless feed.
            pub const fn concerns_merchant(self) -> bool {
                match self { $(Self::$variant => event_enum!(@ $visible)),+ }
            }

            /// Whether it moves a machine from one state to another, or begins one.
            pub const fn is_transition(self) -> bool {
                match self { $(Self::$variant => event_enum!(@ $step)),+ }
            }
        }

        impl $name {
            /// The kind of the event.
            pub const fn kind(&self) -> $kind {
                match self { $(Self::$variant(_) => $kind::$variant),+ }
            }

            /// The name in the API and the documents.
            pub const fn name(&self) -> &'static str {
                self.kind().name()
            }
        }

        $(impl From<$variant> for $name { fn from(event: $variant) -> Self { Self::$variant(event) } })+

        // Written by hand: bincode's derive cannot name the fields of variants that a macro wrote.
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
    /// An event of a payment. Stored: append only.
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
        /// Who asked for a refund.
        RefundAskedFor = "REFUND_ASKED_FOR" internal notes,
    }
}

event_enum! {
    /// An event of an order. Stored: append only.
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
    /// The events that move an operation. Stored as payment events.
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
    /// The events that move a claim. Stored as order events.
    ClaimEvent of ClaimEventKind {
        /// Taken.
        ClaimTaken = "CLAIM_TAKEN" internal notes,
        /// Given back.
        ClaimReleased = "CLAIM_RELEASED" internal notes,
        /// Ended.
        OrderPaid = "PAYMENT_SUCCEEDED" feed moves,
    }
}

/// An event's effect on its payment's money call.
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
    /// The event's effect on the payment's money call; `None` if it has none.
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
            | Self::SlipKnown(_)
            | Self::RefundAskedFor(_) => None,
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
