//! A buyer's contact data: the rules for a name, a mail address and a telephone number, such that no gateway refuses
//! them later. The same rules apply while they are typed and when they arrive; errors never repeat the text.

pub use crate::text::Flaw;
use crate::text::{check_name, is_blank};

/// One field of the contact data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Their name.
    Name,
    /// Their mail address.
    Email,
    /// Their telephone number.
    Tel,
}

const NAME_LENGTH_MAX: usize = 60;
const MAIL_LENGTH_MAX: usize = 254;
const TEL_LENGTH_MAX: usize = 15;
const TEL_LENGTH_MIN: usize = 8;

impl Field {
    /// Every field, in the order a form has them.
    pub const ALL: [Self; 3] = [Self::Name, Self::Email, Self::Tel];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "buyer_name",
            Self::Email => "buyer_email",
            Self::Tel => "buyer_tel",
        }
    }

    /// The field of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The rule in words.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Name => "A name has 1 to 60 characters.",
            Self::Email => "This is not a mail address.",
            Self::Tel => "A telephone number has 8 to 15 digits.",
        }
    }

    /// The text as stored: a telephone number without hyphens, spaces and `+`, other fields unchanged.
    pub fn check(self, text: &str) -> Result<String, Flaw> {
        if is_blank(text) {
            return Err(Flaw::Empty);
        }
        match self {
            Self::Name => check_name(text, NAME_LENGTH_MAX).map(|()| text.to_owned()),
            Self::Email => email(text).map(|()| text.to_owned()),
            Self::Tel => digits(text),
        }
    }
}

/// One `@` with something before it and a dotted name after it. Only sending a mail could tell whether the address
/// exists.
fn email(text: &str) -> Result<(), Flaw> {
    if text.len() > MAIL_LENGTH_MAX {
        return Err(Flaw::TooLong);
    }
    let parts = text.split_once('@');
    let dotted = parts.is_some_and(|(local, host)| {
        let named = host.split('.').count() >= 2 && host.split('.').all(|part| !part.is_empty());
        !local.is_empty() && named && !host.contains('@')
    });
    well_formed(dotted && text.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn digits(text: &str) -> Result<String, Flaw> {
    let between = |c: &char| !matches!(c, '-' | ' ' | '+');
    let kept: String = text.chars().filter(between).collect();
    if kept.len() > TEL_LENGTH_MAX {
        return Err(Flaw::TooLong);
    }
    let number = kept.len() >= TEL_LENGTH_MIN && kept.bytes().all(|byte| byte.is_ascii_digit());
    well_formed(number).map(|()| kept)
}

const fn well_formed(is: bool) -> Result<(), Flaw> {
    if is { Ok(()) } else { Err(Flaw::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_contact_is_accepted_and_its_number_normalized() {
        assert_eq!(Field::Name.check("김하나").as_deref(), Ok("김하나"));
        assert_eq!(
            Field::Email.check("hana@example.com").as_deref(),
            Ok("hana@example.com")
        );
        for number in ["010-1234-5678", "010 1234 5678", "+01012345678"] {
            assert_eq!(Field::Tel.check(number).as_deref(), Ok("01012345678"));
        }
    }

    #[test]
    fn invalid_contact_is_refused_with_its_flaw() {
        let long = "가".repeat(61);
        let mail = format!("{}@b.kr", "a".repeat(250));
        for (field, text, flaw) in [
            (Field::Name, " ", Flaw::Empty),
            (Field::Name, "\u{3164}", Flaw::Empty),
            (Field::Name, "name\n", Flaw::Malformed),
            (Field::Name, &*long, Flaw::TooLong),
            (Field::Email, "", Flaw::Empty),
            (Field::Email, "canary", Flaw::Malformed),
            (Field::Email, "a@b", Flaw::Malformed),
            (Field::Email, "@b.kr", Flaw::Malformed),
            (Field::Email, "a@b..kr", Flaw::Malformed),
            (Field::Email, "a@b@c.kr", Flaw::Malformed),
            (Field::Email, "a b@c.kr", Flaw::Malformed),
            (Field::Email, "김@c.kr", Flaw::Malformed),
            (Field::Email, &*mail, Flaw::TooLong),
            (Field::Tel, "0101234", Flaw::Malformed),
            (Field::Tel, "0101234abcd", Flaw::Malformed),
            (Field::Tel, "--------", Flaw::Malformed),
            (Field::Tel, "0101234567890123", Flaw::TooLong),
        ] {
            assert_eq!(field.check(text), Err(flaw), "{field:?} {text:?}");
        }
    }

    #[test]
    fn fields_are_found_by_their_names() {
        for field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        assert_eq!(Field::from_name("buyer"), None);
    }
}
