//! Settings about who sells: what a checkout and a receipt name them by.

use daegeum_engine::contact::Field;
use daegeum_engine::text::{Flaw, check_name};

use super::settings::Seller;
use super::value::{NOTHING_SHOWN, Value, quoted};

/// By how much a Korean seller has to be named.
const NAMED_BY: usize = 10;

/// A text of one line that shows something, at most 200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(String);

/// The longest line.
const LINE_LENGTH_MAX: usize = 200;

impl Line {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Line {
    const KIND: &'static str = "a text of at most 200 characters";
    const SHOWS: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        match check_name(text, LINE_LENGTH_MAX) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(Flaw::Empty) => Err(NOTHING_SHOWN.into()),
            Err(Flaw::TooLong | Flaw::Malformed) => Err(format!("expected {}", Self::KIND)),
        }
    }

    fn toml(&self) -> String {
        quoted(&self.0)
    }
}

/// A Korean business registration number: ten digits of which the last follows from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessNumber([u8; 10]);

impl BusinessNumber {
    /// As people write it: `123-45-67891`.
    pub fn written(&self) -> String {
        let digits: String = self.0.iter().map(ToString::to_string).collect();
        let (office, rest) = digits.split_at(3);
        let (kind, serial) = rest.split_at(2);
        format!("{office}-{kind}-{serial}")
    }

    /// What the last digit has to be: each of the others counts as often as its place says, the ninth once more by the
    /// tens of its five-fold.
    fn last_of(digits: [u8; 10]) -> Option<u8> {
        const WEIGHTS: [u32; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
        let weighed = WEIGHTS.iter().zip(digits);
        let sum = weighed.fold(0_u32, |sum, (weight, digit)| {
            sum.saturating_add(weight.saturating_mul(u32::from(digit)))
        });
        let [.., ninth, _] = digits;
        let tens = u32::from(ninth).saturating_mul(5) / 10;
        let over = sum.saturating_add(tens) % 10;
        u8::try_from(10_u32.saturating_sub(over) % 10).ok()
    }
}

impl Value for BusinessNumber {
    const KIND: &'static str = "a business registration number such as 123-45-67891";

    fn parse(text: &str) -> Result<Self, String> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| *c != '-')
            .map(|c| c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.and_then(|digits| <[u8; 10]>::try_from(digits).ok());
        let digits = digits.ok_or_else(|| format!("expected {}", Self::KIND))?;
        let [.., last] = digits;
        if Self::last_of(digits) == Some(last) {
            Ok(Self(digits))
        } else {
            Err("is no business registration number: its last digit does not follow from the others; look for a \
                 mistyped one"
                .into())
        }
    }

    fn toml(&self) -> String {
        quoted(&self.written())
    }
}

/// A mail address that buyers can write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(String);

impl MailAddress {
    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for MailAddress {
    const KIND: &'static str = "a mail address such as help@shop.example";

    fn parse(text: &str) -> Result<Self, String> {
        let checked = Field::Email.check(text);
        checked
            .map(Self)
            .map_err(|_| format!("expected {}", Self::KIND))
    }

    fn toml(&self) -> String {
        quoted(&self.0)
    }
}

/// A telephone number as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telephone(String);

impl Telephone {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Telephone {
    const KIND: &'static str = "a telephone number such as 02-1234-5678";

    fn parse(text: &str) -> Result<Self, String> {
        match Field::Tel.check(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(format!("expected {}", Self::KIND)),
        }
    }

    fn toml(&self) -> String {
        quoted(&self.0)
    }
}

impl Seller {
    /// Whether there is anything to name it by.
    pub fn is_named(&self) -> bool {
        self.unnamed().len() < NAMED_BY || self.privacy_url.is_some()
    }

    /// What a Korean seller has to name and these settings do not, by the settings' names.
    pub fn unnamed(&self) -> Vec<&'static str> {
        let named: [_; NAMED_BY] = [
            ("shop.name", self.name.is_some()),
            ("shop.business_number", self.business_number.is_some()),
            ("shop.representative", self.representative.is_some()),
            ("shop.address", self.address.is_some()),
            ("shop.telephone", self.telephone.is_some()),
            ("shop.email", self.email.is_some()),
            ("shop.mail_order_number", self.mail_order_number.is_some()),
            ("shop.hosting_provider", self.hosting_provider.is_some()),
            ("shop.terms_url", self.terms_url.is_some()),
            ("shop.refund_rules_url", self.refund_rules_url.is_some()),
        ];
        let unnamed = named.into_iter().filter(|(_, is_named)| !is_named);
        unnamed.map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_number_is_ten_digits_whose_last_follows() {
        for (text, written) in [
            ("123-45-67891", "123-45-67891"),
            ("1234567891", "123-45-67891"),
            ("220-81-62517", "220-81-62517"),
        ] {
            assert_eq!(BusinessNumber::parse(text).unwrap().written(), written);
        }
        for wrong in [
            "",
            "123-45-6789",
            "123-45-67890",
            "123-45-678911",
            "12a-45-67891",
        ] {
            assert!(BusinessNumber::parse(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn seller_that_nobody_could_read_write_to_or_ring_is_refused() {
        assert_eq!(Line::parse("물그림 상점").unwrap().as_str(), "물그림 상점");
        assert_eq!(Line::parse("\u{3164}").unwrap_err(), NOTHING_SHOWN);
        assert!(Line::parse("a\nb").is_err() && Line::parse(&"x".repeat(201)).is_err());
        assert_eq!(
            Telephone::parse("02-123-4567").unwrap().as_str(),
            "02-123-4567"
        );
        assert!(Telephone::parse("call us").is_err());
        assert_eq!(MailAddress::parse("a@b.kr").unwrap().as_str(), "a@b.kr");
        assert!(MailAddress::parse("a@b").is_err());
    }
}
