//! The port to the gateways: their capabilities, requests, and the meaning of their answers.
//!
//! A gateway implementation is pure: it builds requests and reads answers. Owning a call, repeating it and giving it
//! up follow one rule for all gateways, in [`operations`], [`plan`] and [`calling`]; network and clock are the
//! world's.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod breaker;
pub mod calling;
mod exchange;
pub mod operations;
pub mod plan;
mod slip;
pub mod toss;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daegeum_engine::amounts::Amounts;
use daegeum_engine::capabilities::Capabilities;
use daegeum_engine::card::{CardChoice, CardOffer};
use daegeum_engine::command::Fact;
use daegeum_engine::event::{
    CallKind, Credentials, FailureCode, PaidWith, Provider, ProviderPaymentId,
};
use daegeum_engine::id::{OperationId, PaymentId};
use daegeum_engine::method::Method;
use daegeum_engine::money::Money;
use daegeum_engine::operation::OperationKind;
use daegeum_engine::wire::Wording;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use self::breaker::{Breaker, CallHealth};
pub use self::slip::SlipUrl;
use crate::config::Settings;
use crate::world::Undelivered;

/// A call to a gateway, with everything its request is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The kind of request.
    pub ask: Ask,
    /// The operation it belongs to; its id is the idempotency key, the same for every retry. An
    /// inquiry may belong to none.
    pub operation: Option<OperationId>,
    /// Whether it may have been sent before, without an answer.
    pub sent_before: bool,
    /// Whether the operation was intended with other credentials than the present ones: then a "not found" or a
    /// refusal says nothing about it.
    pub other_credentials: bool,
    /// Our id of the payment, which is the gateway's order number.
    pub payment: PaymentId,
    /// The gateway's name for the payment, if it is known.
    pub name: Option<ProviderPaymentId>,
    /// The operation's amount, in the split to be sent to the gateway.
    pub amounts: Amounts,
    /// The amount that the gateway has of the payment's money before the call.
    pub there: Amounts,
}

/// The kinds of requests to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Capture or authorize a payment that the buyer has approved.
    Confirm,
    /// Capture authorized money.
    Capture,
    /// Void an authorization.
    Void,
    /// Refund a payment's money, all of it or a part, or close its deposit account.
    Cancel,
    /// Inquire about the payment's state.
    Inquire {
        /// The unanswered operation that it asks about; `None` if a notification hinted at news.
        about: Option<OperationKind>,
        /// Whether the gateway can no longer do the operation, so that "there is no such payment" is a final answer.
        window_over: bool,
        /// The name by which the payment is requested.
        by: By,
    },
}

/// The name by which a payment is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The gateway's name, if it is known.
    Name,
    /// Our order number.
    OrderNumber,
}

impl Ask {
    /// The kind as named in the audit trail and in metrics.
    pub const fn kind(self) -> CallKind {
        match self {
            Self::Confirm => CallKind::Confirm,
            Self::Capture => CallKind::Capture,
            Self::Void => CallKind::Void,
            Self::Cancel => CallKind::Cancel,
            Self::Inquire { .. } => CallKind::Inquire,
        }
    }
}

/// What a gateway's answer says of a payment beside its state, as far as it says it. No decision about money depends on
/// it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The means of payment.
    pub paid_with: Option<PaidWith>,
    /// The wallet, if it was one.
    pub easy_pay: Option<Box<str>>,
    /// The address of the gateway's own slip.
    pub slip: Option<SlipUrl>,
}

/// The outcome of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It certainly never reached the gateway; the same call may be made again.
    NotSent,
    /// The gateway answered.
    Answered {
        /// The gateway's name for the payment, if the answer gave one.
        name: Option<ProviderPaymentId>,
        /// The fact that it tells.
        fact: Fact,
        /// The parts of the answer that only describe the payment.
        description: Box<Description>,
    },
    /// The gateway answered about another payment: the name in the request belongs to another order.
    NotThisOne,
    /// The gateway asks us to wait, and answers nothing.
    NotYet {
        /// How long.
        after: Duration,
    },
    /// The gateway may or may not have done it.
    Unknown,
}

/// The party that caused a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureParty {
    /// The buyer's, their card's or their account's.
    Buyer,
    /// The merchant's contract or settings.
    Merchant,
    /// The gateway's, or the bank's behind it.
    Gateway,
    /// This program's: a request that should not have been made.
    Ours,
}

impl FailureParty {
    /// Every party.
    pub const ALL: &'static [Self] = &[Self::Buyer, Self::Merchant, Self::Gateway, Self::Ours];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Merchant => "merchant",
            Self::Gateway => "gateway",
            Self::Ours => "ours",
        }
    }
}

/// The advice after a failure, always for a new payment: a failed one stays failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same again can succeed now.
    Now,
    /// The same again can succeed later.
    Later,
    /// Another card or method can succeed.
    OtherMethod,
    /// Nothing the buyer can do helps.
    Never,
}

impl Retry {
    /// Every advice.
    pub const ALL: &'static [Self] = &[Self::Now, Self::Later, Self::OtherMethod, Self::Never];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Later => "later",
            Self::OtherMethod => "other_method",
            Self::Never => "never",
        }
    }
}

/// A failure code in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Whose doing it is.
    pub fault: FailureParty,
    /// What may be tried.
    pub retry: Retry,
    /// For the buyer, in Korean.
    pub ko: &'static str,
    /// For the buyer, in English.
    pub en: &'static str,
}

/// A buyer's contact data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their telephone number, digits only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tel: Option<String>,
}

/// The parameters of a payment window.
#[derive(Debug)]
pub struct Offer<'a> {
    /// Our id of the payment, which is the gateway's order number.
    pub payment: PaymentId,
    /// The amount to pay.
    pub amount: Money,
    /// The tax-free part of it, in minor units.
    pub tax_free: u64,
    /// The order's title in a few words.
    pub title: String,
    /// An id of the buyer that only the gateway sees.
    pub customer_key: String,
    /// The contact data.
    pub customer: Customer,
    /// The payment method.
    pub method: Method,
    /// What of a card payment is decided before the window opens.
    pub card: CardChoice,
    /// The address that the browser returns to.
    pub return_to: Option<&'a str>,
}

/// One provider's contract. Implementations are stateless and do no I/O.
pub trait Gateway: Send + Sync {
    /// Which one.
    fn provider(&self) -> Provider;

    /// Its capabilities.
    fn capabilities(&self) -> &'static Capabilities {
        self.provider().capabilities()
    }

    /// What the merchant offers of card payments through it.
    fn card_offer(&self) -> CardOffer {
        CardOffer::default()
    }

    /// The merchant's credentials that its calls are made with.
    fn credentials(&self) -> Credentials;

    /// The HTTP request of a call. The same call gives the same request, including the idempotency key.
    fn request(&self, call: &Call) -> http::Request<Bytes>;

    /// The parameters that a browser needs to open the gateway's window.
    fn window(&self, offer: &Offer<'_>) -> serde_json::Value;

    /// The time limit of a call's exchange.
    fn deadline(&self, ask: Ask) -> Duration;

    /// The outcome of a call, from its response or the lack of one.
    fn read(&self, call: &Call, came: &Result<http::Response<Bytes>, Undelivered>) -> Outcome;

    /// A body as the audit trail stores it: without secrets and personal data, of limited length.
    fn redact(&self, body: &[u8]) -> String;
}

/// The failure code of a call that certainly never reached its gateway, once it is too late to make it.
pub const NOT_SENT: &str = "NOT_SENT";

/// The explanation of a provider's failure code, whether or not the provider is configured: a stored answer must be
/// rendered with the same words again.
pub fn explain(provider: Provider, code: &FailureCode) -> Option<Explanation> {
    match provider {
        Provider::Mock | Provider::Drill | Provider::Free => None,
        Provider::Toss => Some(toss::errors::explain(code)),
    }
}

/// What people call whoever issued what was paid with, where the gateway's code for it is known.
pub fn issuer(provider: Provider, paid_with: &PaidWith) -> Option<Wording> {
    match provider {
        Provider::Mock | Provider::Drill | Provider::Free => None,
        Provider::Toss => toss::issuer(paid_with),
    }
}

/// The gateways that take payments here.
#[derive(Default)]
pub struct Gateways(Vec<Reached>);

/// A gateway with its circuit breaker.
struct Reached {
    gateway: Arc<dyn Gateway>,
    breaker: Mutex<Breaker>,
}

impl Gateways {
    /// Those that are configured.
    pub fn configured(settings: &Settings) -> Self {
        let toss = toss::Toss::configured(&settings.toss);
        Self::these(toss.map(|toss| -> Arc<dyn Gateway> { Arc::new(toss) }))
    }

    /// These.
    pub fn these(all: impl IntoIterator<Item = Arc<dyn Gateway>>) -> Self {
        let reached = |gateway| Reached {
            gateway,
            breaker: Mutex::default(),
        };
        Self(all.into_iter().map(reached).collect())
    }

    /// With these besides.
    #[must_use]
    pub fn and(mut self, more: Vec<Arc<dyn Gateway>>) -> Self {
        self.0.extend(Self::these(more).0);
        self
    }

    /// The one of this provider.
    pub fn of(&self, provider: Provider) -> Option<&Arc<dyn Gateway>> {
        self.reached(provider).map(|reached| &reached.gateway)
    }

    /// What the merchant offers of card payments through this provider.
    pub fn card_offer(&self, provider: Provider) -> CardOffer {
        self.of(provider)
            .map_or_else(CardOffer::default, |gateway| gateway.card_offer())
    }

    /// The credentials of calls to this provider; `None` if it is not called.
    pub fn credentials(&self, provider: Provider) -> Option<Credentials> {
        self.of(provider).map(|gateway| gateway.credentials())
    }

    /// All of them, in the order in which they are preferred.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        self.0.iter().map(|reached| &reached.gateway)
    }

    /// How long the breaker still refuses calls; `None` if it can be called.
    pub fn left_alone(&self, provider: Provider, now_ns: u64) -> Option<Duration> {
        let reached = self.reached(provider)?;
        reached.breaker.lock().left_alone(now_ns)
    }

    /// Whether a call may begin now; every call that begins has to be reported with [`Gateways::heard`].
    pub fn may_call(&self, provider: Provider, now_ns: u64) -> bool {
        let reached = self.reached(provider);
        reached.is_some_and(|reached| reached.breaker.lock().may_call(now_ns).is_ok())
    }

    /// Reports how a call went.
    pub fn heard(&self, provider: Provider, now_ns: u64, heard: CallHealth) {
        if let Some(reached) = self.reached(provider) {
            reached.breaker.lock().note(now_ns, heard);
        }
    }

    fn reached(&self, provider: Provider) -> Option<&Reached> {
        let mut all = self.0.iter();
        all.find(|reached| reached.gateway.provider() == provider)
    }
}
