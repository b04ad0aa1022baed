//! Ways to pay, as the gateways have them in common. A gateway's own words for them are its client's.

use serde::{Deserialize, Serialize};

/// How a buyer means to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By card, or by an easy payment that keeps one.
    Card,
    /// From a bank account, at once.
    Transfer,
    /// By transfer to an account made for this payment.
    VirtualAccount,
    /// With the telephone bill.
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
