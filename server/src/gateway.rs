//! The port to the gateways: what each can do, how it is asked, and what its answers mean.
//!
//! A gateway is pure: it makes requests and reads answers. Who owns a call, when it is repeated and
//! when it is given up is one rule for all of them, in [`operations`], [`plan`] and [`calling`]; the network
//! and the clock are the world's.

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

use self::breaker::{Breaker, Heard};
pub use self::slip::SlipUrl;
use crate::config::Settings;
use crate::world::Undelivered;

/// A call to a gateway, with all that its request is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is asked.
    pub ask: Ask,
    /// The operation it belongs to; its id is the idempotency key, the same for every retry. An
    /// inquiry may belong to none.
    pub operation: Option<OperationId>,
    /// Whether it may have been sent before, without an answer.
    pub sent_before: bool,
    /// Whether the operation was intended with other credentials than those it would be made with now: then a gateway
    /// that knows nothing of it, or refuses, says nothing about it.
    pub other_credentials: bool,
    /// Our id of the payment, which is the gateway's order number.
    pub payment: PaymentId,
    /// The gateway's own name for the payment, if it is known.
    pub name: Option<ProviderPaymentId>,
    /// How much the operation is about, in the split that is to be told to the gateway.
    pub amounts: Amounts,
}

/// What is asked of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Take the money, or the hold, of a payment that the buyer has approved.
    Confirm,
    /// Take held money.
    Capture,
    /// Release held money.
    Void,
    /// Give all of a payment's money back.
    Cancel,
    /// How does the payment stand?
    Inquire {
        /// The operation without an answer that is asked about; none when a notification hinted at news.
        about: Option<OperationKind>,
        /// Whether the time in which the gateway may still do it is over, so that "there is no such
        /// payment" is an answer.
        window_over: bool,
        /// By which of its names the payment is asked for.
        by: By,
    },
}

/// By which of its names a payment is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The gateway's own, where it is known.
    Name,
    /// Our order number.
    OrderNumber,
}

impl Ask {
    /// As the audit trail and the figures name it.
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

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It certainly never reached the gateway; the same call may be made again.
    NotSent,
    /// The gateway's word.
    Answered {
        /// The gateway's own name for the payment, if it said one.
        name: Option<ProviderPaymentId>,
        /// What it says happened.
        fact: Fact,
        /// What the buyer paid with, if it said so.
        paid_with: Option<PaidWith>,
        /// Which wallet that was, if it was one and the gateway said so.
        easy_pay: Option<Box<str>>,
        /// Where it shows its own slip of the payment, if it said so.
        slip: Option<SlipUrl>,
    },
    /// The gateway answered about another payment than this one: the name it was asked for by is not this payment's.
    NotThisOne,
    /// The gateway wants to be left alone for a while and says nothing.
    NotYet {
        /// For how long.
        after: Duration,
    },
    /// The gateway may or may not have done it.
    Unknown,
}

/// Whose doing a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The buyer's, their card's or their account's.
    Buyer,
    /// The merchant's contract or settings.
    Merchant,
    /// The gateway's, or the bank's behind it.
    Gateway,
    /// This program's: a request that should not have been made.
    Ours,
}

impl Fault {
    /// Everybody whose doing it can be.
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

/// What may be tried after a failure. Always as a new payment: a failed one stays failed.
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
    pub fault: Fault,
    /// What may be tried.
    pub retry: Retry,
    /// For the buyer, in Korean.
    pub ko: &'static str,
    /// For the buyer, in English.
    pub en: &'static str,
}

/// Who a buyer says they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their telephone number, digits alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tel: Option<String>,
}

/// What a buyer is offered to pay in a gateway's window.
#[derive(Debug)]
pub struct Offer<'a> {
    /// Our id of the payment, which is the gateway's order number.
    pub payment: PaymentId,
    /// What is to be paid.
    pub amount: Money,
    /// The part of it that bears no VAT, in minor units.
    pub tax_free: u64,
    /// What is bought, in a few words.
    pub title: String,
    /// Names the buyer to the gateway and to nobody else.
    pub customer_key: String,
    /// Who they say they are.
    pub customer: Customer,
    /// How they mean to pay.
    pub method: Method,
    /// What of a card payment is decided before the window opens.
    pub card: CardChoice,
    /// Where their browser comes back to.
    pub return_to: Option<&'a str>,
}

/// One provider's contract. Implementations keep no state and touch nothing.
pub trait Gateway: Send + Sync {
    /// Which one.
    fn provider(&self) -> Provider;

    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities {
        self.provider().capabilities()
    }

    /// What the merchant offers of card payments through it.
    fn card_offer(&self) -> CardOffer {
        CardOffer::default()
    }

    /// Which of the merchant's credentials its calls are made with.
    fn credentials(&self) -> Credentials;

    /// The HTTP request of a call. The same call makes the same request, idempotency key and all.
    fn request(&self, call: &Call) -> http::Request<Bytes>;

    /// What a browser needs to open the gateway's window for the buyer.
    fn window(&self, offer: &Offer<'_>) -> serde_json::Value;

    /// How long the exchange of a call may take.
    fn deadline(&self, ask: Ask) -> Duration;

    /// What came back, or did not, says about the call.
    fn read(&self, call: &Call, came: &Result<http::Response<Bytes>, Undelivered>) -> Outcome;

    /// A body of an exchange as the audit trail keeps it: no secret, no personal data, bounded.
    fn redact(&self, body: &[u8]) -> String;
}

/// The failure code of a call that certainly never reached its gateway, when it is too late to make it.
pub const NOT_SENT: &str = "NOT_SENT";

/// What a provider's failure code means, whether or not the provider is configured: what was once answered is
/// answered again in the same words.
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

/// A gateway with what is known of its health.
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

    /// Which credentials calls to this provider are made with; nothing if none are made.
    pub fn credentials(&self, provider: Provider) -> Option<Credentials> {
        self.of(provider).map(|gateway| gateway.credentials())
    }

    /// All of them, in the order in which they are preferred.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        self.0.iter().map(|reached| &reached.gateway)
    }

    /// How long the gateway is to be left alone; nothing if it can be called.
    pub fn left_alone(&self, provider: Provider, now_ns: u64) -> Option<Duration> {
        let reached = self.reached(provider)?;
        reached.breaker.lock().left_alone(now_ns)
    }

    /// Whether a call may begin now; one that may has to be reported with [`Gateways::heard`].
    pub fn may_call(&self, provider: Provider, now_ns: u64) -> bool {
        let reached = self.reached(provider);
        reached.is_some_and(|reached| reached.breaker.lock().may_call(now_ns).is_ok())
    }

    /// Takes in how a call went.
    pub fn heard(&self, provider: Provider, now_ns: u64, heard: Heard) {
        if let Some(reached) = self.reached(provider) {
            reached.breaker.lock().note(now_ns, heard);
        }
    }

    fn reached(&self, provider: Provider) -> Option<&Reached> {
        let mut all = self.0.iter();
        all.find(|reached| reached.gateway.provider() == provider)
    }
}
