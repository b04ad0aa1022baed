//! Who a buyer says they are: checked, so that no gateway refuses it later, and never repeated in an error.

use crate::gateway::Customer;
use crate::http::{HttpErrorCode, Problem};

const NAME_LENGTH_MAX: usize = 60;
const MAIL_LENGTH_MAX: usize = 254;

/// The contact, if anything of it was said.
pub fn check(
    name: Option<String>,
    email: Option<String>,
    tel: Option<String>,
) -> Result<Option<Customer>, Problem> {
    if name.is_none() && email.is_none() && tel.is_none() {
        return Ok(None);
    }
    let invalid =
        |field: &str, message: &str| Problem::from(HttpErrorCode::InvalidValue).at(field, message);
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(invalid("buyer_name", "A name has 1 to 60 characters."));
    }
    if email.as_deref().is_some_and(|email| !is_mail(email)) {
        return Err(invalid("buyer_email", "This is not a mail address."));
    }
    let tel = tel.map(|tel| {
        digits(&tel).ok_or_else(|| invalid("buyer_tel", "A telephone number has 8 to 15 digits."))
    });
    Ok(Some(Customer {
        name,
        email,
        tel: tel.transpose()?,
    }))
}

fn is_name(name: &str) -> bool {
    (1..=NAME_LENGTH_MAX).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && !name.trim().is_empty()
}

/// One `@` with something before it and a dotted name after it. Whether it exists only a mail can tell.
fn is_mail(email: &str) -> bool {
    let graphic = email.len() <= MAIL_LENGTH_MAX && email.bytes().all(|b| b.is_ascii_graphic());
    let parts = email.split_once('@');
    graphic
        && parts.is_some_and(|(local, host)| {
            let dotted = host.split('.').count() >= 2 && host.split('.').all(|one| !one.is_empty());
            !local.is_empty() && dotted && !host.contains('@')
        })
}

fn digits(tel: &str) -> Option<String> {
    let kept: String = tel
        .chars()
        .filter(|c| !matches!(c, '-' | ' ' | '+'))
        .collect();
    let well_formed = (8..=15).contains(&kept.len()) && kept.bytes().all(|b| b.is_ascii_digit());
    well_formed.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, email: &str, tel: &str) -> Result<Option<Customer>, Problem> {
        check(Some(name.into()), Some(email.into()), Some(tel.into()))
    }

    #[test]
    fn a_usual_contact_is_taken_and_its_number_made_plain() {
        let contact = of("김하나", "hana@example.com", "010-1234-5678");
        assert_eq!(contact.unwrap().unwrap().tel.unwrap(), "01012345678");
        assert!(check(None, None, None).unwrap().is_none());
    }

    #[test]
    fn what_is_no_contact_is_refused_and_not_repeated() {
        for (name, email, tel) in [
            (" ", "a@b.kr", "01012345678"),
            ("name\n", "a@b.kr", "01012345678"),
            ("name", "canary", "01012345678"),
            ("name", "a@b", "01012345678"),
            ("name", "@b.kr", "01012345678"),
            ("name", "a@b..kr", "01012345678"),
            ("name", "a@b@c.kr", "01012345678"),
            ("name", "a@b.kr", "0101234"),
            ("name", "a@b.kr", "0101234canary"),
        ] {
            let refused = of(name, email, tel).unwrap_err();
            assert!(!format!("{refused:?}").contains("canary"));
        }
    }
}
