//! Gateways by name, and the words that what they say is kept in.
//!
//! These types are stored inside events: append variants, never reorder them.

use bincode::{Decode, Encode};

use crate::idempotency::hash16;

/// A gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Provider {
    /// The gateway of the mock-first flow: it does what `mock/complete` and its notifications say.
    Mock,
    /// Toss Payments.
    Toss,
    /// A gateway of our own tests: it holds funds, and takes and releases them by calls over the network. No setting
    /// turns it on.
    Drill,
    /// Nobody: there is nothing to pay, so that the answer to every call is yes.
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

    /// The gateway of this name, in either case, among those that can be asked for.
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
    /// A capture of held money was sent.
    Capture,
    /// A release of held money was sent.
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

/// Which of the merchant's credentials a call was made with: the first bytes of a hash of them. Under other ones a
/// gateway may know nothing of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Credentials([u8; 8]);

impl Credentials {
    /// Of a gateway and the secret that its calls are made with.
    pub fn of(provider: Provider, secret: &[u8]) -> Self {
        let hash = hash16(&[b"credentials", provider.name().as_bytes(), secret]);
        let [first, ..] = hash.as_chunks::<8>().0 else {
            return Self([0; 8]);
        };
        Self(*first)
    }
}

/// What a buyer paid with, as far as the gateway tells. Nothing of it identifies a person or suffices to pay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct PaidWith {
    /// How, in the gateways' common words: `card`, `transfer`, `virtual_account`, `mobile`, …
    pub method: Option<Box<str>>,
    /// Who issued the card, or which bank or easy payment it was, in the gateway's code.
    pub issuer: Option<Box<str>>,
    /// The last four digits of the card.
    pub last4: Option<Box<str>>,
    /// Credit, debit, prepaid: the gateway's word.
    pub card_type: Option<Box<str>>,
    /// The issuer's approval number.
    pub approval: Option<Box<str>>,
    /// In how many monthly instalments; 0 for none.
    pub installments: Option<u8>,
}
