//! Gateway identifiers, and the stored vocabulary for their answers.
//!
//! These types are stored inside events: append variants, never reorder them.

use bincode::{Decode, Encode};

use crate::idempotency::hash16;

/// A gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Provider {
    /// The mock gateway: it does what `mock/complete` and its notifications say.
    Mock,
    /// Toss Payments.
    Toss,
    /// A gateway of our own tests: it authorizes, captures and voids by calls over the network. No setting turns it
    /// on.
    Drill,
    /// No gateway: there is nothing to pay, so every call succeeds.
    Free,
}

impl Provider {
    /// Every gateway that can be turned on.
    pub const ALL: &'static [Self] = &[Self::Mock, Self::Toss];

    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mock => "MOCK",
            Self::Toss => "TOSS",
            Self::Drill => "DRILL",
            Self::Free => "FREE",
        }
    }

    /// The gateway of this name, in either case, among those that can be requested.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|provider| provider.name().eq_ignore_ascii_case(name))
    }
}

/// The source of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Source {
    /// The gateway's answer to our call.
    Answer,
    /// A notification that the gateway sent.
    Notification,
    /// A person.
    Person,
    /// The gateway's answer to an inquiry about a payment.
    Inquiry,
}

impl Source {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Notification => "notification",
            Self::Person => "person",
            Self::Inquiry => "inquiry",
        }
    }
}

/// The gateway's name for a payment: printable, at most 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ProviderPaymentId(pub Box<str>);

impl ProviderPaymentId {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 200;

    /// Accepts a name from a browser or a gateway, if it is well formed.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        (printable && fits).then(|| Self(text.into()))
    }
}

/// The kind of an exchange with a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CallKind {
    /// A confirmation was sent.
    Confirm,
    /// A cancellation was sent.
    Cancel,
    /// An inquiry about a payment was sent.
    Inquire,
    /// A capture of authorized money was sent.
    Capture,
    /// A void of an authorization was sent.
    Void,
}

impl CallKind {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
            Self::Inquire => "inquire",
            Self::Capture => "capture",
            Self::Void => "void",
        }
    }
}

/// The way of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RefundWay {
    /// Through the gateway that captured the money.
    Gateway,
    /// From the platform's bank account, by a person.
    BankTransfer,
}

impl RefundWay {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::BankTransfer => "bank_transfer",
        }
    }
}

/// How an exchange with a gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CallStatus {
    /// The gateway did it, or told the payment's state.
    Success,
    /// The gateway refused, or the call certainly never reached it.
    Failed,
    /// There is no answer, or no final one yet.
    Pending,
}

impl CallStatus {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Pending => "pending",
        }
    }
}

/// A gateway's failure code: short printable ASCII, so that it carries no personal data by accident.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FailureCode(Box<str>);

impl FailureCode {
    /// Keeps printable ASCII without spaces, at most 64 bytes.
    pub fn new(text: &str) -> Self {
        Self(
            text.chars()
                .filter(char::is_ascii_graphic)
                .take(64)
                .collect::<String>()
                .into(),
        )
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The merchant's credentials of a call, as the first bytes of a hash. Under other credentials a gateway may not know
/// the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Credentials([u8; 8]);

impl Credentials {
    /// The credentials of a gateway and the secret of its calls.
    pub fn of(provider: Provider, secret: &[u8]) -> Self {
        let hash = hash16(&[b"credentials", provider.name().as_bytes(), secret]);
        let [first, ..] = hash.as_chunks::<8>().0 else {
            return Self([0; 8]);
        };
        Self(*first)
    }
}

/// The means of payment, as far as the gateway tells it. It neither identifies a person nor suffices to pay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct PaidWith {
    /// The method in the gateways' common terms: `card`, `transfer`, `virtual_account`, `mobile`, …
    pub method: Option<Box<str>>,
    /// The issuer, bank or easy payment, in the gateway's code.
    pub issuer: Option<Box<str>>,
    /// The last four digits of the card.
    pub last4: Option<Box<str>>,
    /// Credit, debit or prepaid, in the gateway's word.
    pub card_type: Option<Box<str>>,
    /// The issuer's approval number.
    pub approval: Option<Box<str>>,
    /// The number of monthly instalments; 0 for none.
    pub installments: Option<u8>,
}
