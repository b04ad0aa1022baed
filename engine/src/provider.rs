//! Gateways by name, and the words that what they say is kept in.
//!
//! These types are stored inside events: append variants, never reorder them.

use bincode::{Decode, Encode};

/// A gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Provider {
    /// The gateway of the mock-first flow: it does what `mock/complete` and its notifications say.
    Mock,
    /// Toss Payments.
    Toss,
}

impl Provider {
    /// Every gateway.
    pub const ALL: &'static [Self] = &[Self::Mock, Self::Toss];

    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mock => "MOCK",
            Self::Toss => "TOSS",
        }
    }

    /// The gateway of this name, in either case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|provider| provider.name().eq_ignore_ascii_case(name))
    }
}

/// Who or what told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Source {
    /// The gateway's answer to our call.
    Answer,
    /// A notification that the gateway sent.
    Notification,
    /// A person.
    Person,
    /// The gateway's answer when we asked how a payment stands.
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

/// The gateway's own name for a payment: printable, at most 200 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ProviderPaymentId(pub Box<str>);

impl ProviderPaymentId {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 200;

    /// Takes a name that a browser or a gateway says, if it can be one.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        (printable && fits).then(|| Self(text.into()))
    }
}

/// Which exchange with a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CallKind {
    /// A confirmation was sent.
    Confirm,
    /// A cancellation was sent.
    Cancel,
    /// It was asked how a payment stands.
    Inquire,
}

impl CallKind {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
            Self::Inquire => "inquire",
        }
    }
}

/// Which way money goes back to a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RefundWay {
    /// Through the gateway it came through.
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

/// How an exchange with a gateway went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CallStatus {
    /// The gateway answered with yes, or told how the payment stands.
    Success,
    /// The gateway refused, or the call certainly never reached it.
    Failed,
    /// There is no answer, or not yet one.
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
    /// Keeps what is printable ASCII without spaces, at most 64 bytes.
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
