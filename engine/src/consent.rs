//! Consents that a buyer gives at a checkout: to what, and to which text. The text itself is whoever's page shows it;
//! here is its hash.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// What a buyer agrees to, each apart from the other.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Deserialize, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// To buy what the order is about, under the seller's terms.
    Purchase,
    /// That the gateway is given personal data, for the payment.
    PersonalData,
}

impl Consent {
    /// Every consent.
    pub const ALL: &'static [Self] = &[Self::Purchase, Self::PersonalData];

    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::PersonalData => "personal_data",
        }
    }

    /// The consent of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|consent| consent.name() == name)
    }

    /// Whether it is about a gateway, which there is none of where nothing is to be paid.
    pub const fn needs_gateway(self) -> bool {
        match self {
            Self::Purchase => false,
            Self::PersonalData => true,
        }
    }
}

/// A consent, and the text it was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// To what.
    pub consent: Consent,
    /// SHA-256 of the text.
    pub text_hash: [u8; 32],
    /// The text's version, in the words of whoever wrote it.
    pub version: Box<str>,
}

/// Stands between a consent and the text's version where both are one text.
const BETWEEN: char = '/';

impl Agreed {
    /// The longest version.
    pub const VERSION_MAX: usize = 40;

    /// Consent and version as an event keeps them: `purchase/2026-11`.
    pub fn label(&self) -> Box<str> {
        format!("{}{BETWEEN}{}", self.consent.name(), self.version).into()
    }

    /// What a label says. One that names no consent is a version alone.
    pub fn read(label: &str) -> (Option<Consent>, &str) {
        let split = label.split_once(BETWEEN);
        let read = split.and_then(|(name, version)| Some((Consent::from_name(name)?, version)));
        read.map_or((None, label), |(consent, version)| (Some(consent), version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_what_was_agreed_to_and_in_which_version() {
        for &consent in Consent::ALL {
            let agreed = Agreed {
                consent,
                text_hash: [0; 32],
                version: "2026/11".into(),
            };
            assert_eq!(Agreed::read(&agreed.label()), (Some(consent), "2026/11"));
            assert_eq!(Consent::from_name(consent.name()), Some(consent));
        }
        for label in ["", "2026-11", "all/2026-11"] {
            assert_eq!(Agreed::read(label), (None, label));
        }
    }
}
