//! The workloads: requests, and the checks of their answers.

pub(crate) mod cycle;
pub(crate) mod echo;
pub(crate) mod webhook;

use crate::failure::Failure;
use crate::http::Answer;
use crate::json;

/// A payment that exists and waits for its money.
pub(crate) struct Waiting {
    pub(crate) payment_id: String,
    pub(crate) amount: u64,
}

/// Fails unless the answer has this status and these top-level fields.
pub(crate) fn expect(
    asked: &str,
    answer: &Answer<'_>,
    status: u16,
    fields: &[(&str, &[u8])],
) -> Result<(), Failure> {
    let wrong = fields
        .iter()
        .find(|(name, value)| json::field(answer.body, name) != Some(*value));
    if answer.status == status && wrong.is_none() {
        return Ok(());
    }
    let wanted = wrong.map_or(String::new(), |(name, value)| {
        format!(" with {name} = {}", String::from_utf8_lossy(value))
    });
    let shown = answer.shown();
    Err(Failure::new(format!(
        "{asked}: expected {status}{wanted}, got {shown}"
    )))
}

/// The id of the payment that an answer is about.
pub(crate) fn payment_id(answer: &Answer<'_>) -> Result<String, Failure> {
    let id = json::field(answer.body, "payment_id").unwrap_or_default();
    match std::str::from_utf8(id) {
        Ok(id) if id.starts_with("pay_") => Ok(id.to_owned()),
        _ => Err(Failure::new(format!("no payment_id: {}", answer.shown()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &[u8]) -> Answer<'_> {
        Answer {
            status,
            body,
            head_bytes: 0,
        }
    }

    #[test]
    fn each_field_and_the_status_are_checked() {
        let body = br#"{"payment_id":"pay_1","status":"CAPTURED","amount":100}"#;
        let fields: &[(&str, &[u8])] = &[("status", b"CAPTURED"), ("amount", b"100")];
        assert_eq!(expect("x", &answer(200, body), 200, fields), Ok(()));
        assert!(expect("x", &answer(503, body), 200, fields).is_err());
        assert!(expect("x", &answer(200, body), 200, &[("amount", b"101")]).is_err());
        assert!(expect("x", &answer(200, b"{}"), 200, fields).is_err());
    }

    #[test]
    fn a_payment_id_has_its_prefix() {
        assert!(payment_id(&answer(201, br#"{"payment_id":"pay_0a"}"#)).is_ok());
        assert!(payment_id(&answer(201, br#"{"payment_id":"ord_0a"}"#)).is_err());
        assert!(payment_id(&answer(201, b"{}")).is_err());
    }
}
