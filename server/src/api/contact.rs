//! Buyers' contact data in requests. The rules are the engine's.

use daegeum_engine::contact::Field;

use crate::gateway::Customer;
use crate::http::{HttpErrorCode, Problem};
use crate::text::composed;

/// The contact, if any part of it was given.
pub fn check(
    name: Option<&str>,
    email: Option<&str>,
    tel: Option<&str>,
) -> Result<Option<Customer>, Problem> {
    if name.is_none() && email.is_none() && tel.is_none() {
        return Ok(None);
    }
    Ok(Some(Customer {
        name: taken(Field::Name, name)?,
        email: taken(Field::Email, email)?,
        tel: taken(Field::Tel, tel)?,
    }))
}

fn taken(field: Field, said: Option<&str>) -> Result<Option<String>, Problem> {
    let checked = said.map(|text| field.check(&composed(text))).transpose();
    checked.map_err(|_| Problem::from(HttpErrorCode::InvalidValue).at(field.name(), field.rule()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_may_be_given_in_part_or_not_at_all() {
        assert!(check(None, None, None).unwrap().is_none());
        let said = check(None, None, Some("010-1234-5678")).unwrap().unwrap();
        assert_eq!(said.tel.as_deref(), Some("01012345678"));
        assert!(said.name.is_none() && said.email.is_none());
    }

    #[test]
    fn refused_contact_field_is_named_and_its_text_not_repeated() {
        for (name, email, tel) in [
            ("canary\n", "a@b.kr", "01012345678"),
            ("name", "canary", "01012345678"),
            ("name", "a@b.kr", "0101234canary"),
        ] {
            let refused = check(Some(name), Some(email), Some(tel)).unwrap_err();
            assert!(!format!("{refused:?}").contains("canary"));
        }
    }
}
