//! Payment methods in the gateways' common terms. A gateway's own names for them are in its client.

use serde::{Deserialize, Serialize};

/// A payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By card, or by an easy payment with a stored card.
    Card,
    /// From a bank account, at once.
    Transfer,
    /// By transfer to an account made for this payment.
    VirtualAccount,
    /// By mobile phone bill.
    Mobile,
}

impl Method {
    /// Every method.
    pub const ALL: &'static [Self] = &[
        Self::Card,
        Self::Transfer,
        Self::VirtualAccount,
        Self::Mobile,
    ];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Transfer => "transfer",
            Self::VirtualAccount => "virtual_account",
            Self::Mobile => "mobile",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|method| method.name() == name)
    }
}
