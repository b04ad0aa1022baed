//! Redacts bodies for the audit trail. An allow list: a field that Toss adds tomorrow, or a person's name in an
//! unexpected place, is dropped.

use serde_json::{Map, Number, Value};

/// The longest text that is kept of a body.
const BYTES_MAX: usize = 2048;
/// The longest text of one field.
const TEXT_MAX: usize = 120;
/// How many cancels of one payment are kept.
const CANCELS_MAX: usize = 8;
/// A longer run of digits, whatever stands between them, may be personal data.
const DIGITS_MAX: usize = 6;

/// How one field is kept.
enum Keep {
    /// A word, a time or an id, unchanged.
    Text,
    /// A number, true or false.
    Figure,
    /// Free text: without long numbers.
    Sentence,
    /// Only the operation id in a reason.
    Operation,
    /// The last four of a card's number.
    LastFour,
    /// An object, by its own list.
    Object(&'static [(&'static str, Keep)]),
    /// A list of objects.
    Objects(&'static [(&'static str, Keep)]),
}

use Keep::{Figure, LastFour, Object, Objects, Operation, Sentence, Text};

const FAILURE: &[(&str, Keep)] = &[("code", Text), ("message", Sentence)];
const CARD: &[(&str, Keep)] = &[
    ("issuerCode", Text),
    ("number", LastFour),
    ("cardType", Text),
    ("installmentPlanMonths", Figure),
    ("amount", Figure),
];
const VIRTUAL_ACCOUNT: &[(&str, Keep)] =
    &[("bankCode", Text), ("dueDate", Text), ("expired", Figure)];
const EASY_PAY: &[(&str, Keep)] = &[("provider", Text), ("amount", Figure)];
const CANCEL: &[(&str, Keep)] = &[
    ("cancelAmount", Figure),
    ("refundableAmount", Figure),
    ("cancelReason", Operation),
    ("canceledAt", Text),
    ("cancelStatus", Text),
];

/// The fields to keep, of requests and answers alike.
const KEPT: &[(&str, Keep)] = &[
    ("code", Text),
    ("message", Sentence),
    ("status", Text),
    ("orderId", Text),
    ("paymentKey", Text),
    ("currency", Text),
    ("method", Text),
    ("amount", Figure),
    ("totalAmount", Figure),
    ("balanceAmount", Figure),
    ("suppliedAmount", Figure),
    ("vat", Figure),
    ("taxFreeAmount", Figure),
    ("refundableAmount", Figure),
    ("requestedAt", Text),
    ("approvedAt", Text),
    ("cancelReason", Operation),
    ("card", Object(CARD)),
    ("easyPay", Object(EASY_PAY)),
    ("virtualAccount", Object(VIRTUAL_ACCOUNT)),
    ("failure", Object(FAILURE)),
    ("cancels", Objects(CANCEL)),
];

/// The body without secrets and personal data, at most 2 KiB long.
pub(super) fn redact(body: &[u8]) -> String {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return format!("(not JSON, {} bytes)", body.len());
    };
    let mut text = Value::Object(kept_of(&body, KEPT)).to_string();
    text.truncate(text.floor_char_boundary(BYTES_MAX));
    text
}

fn kept_of(body: &Map<String, Value>, list: &[(&str, Keep)]) -> Map<String, Value> {
    let kept = list.iter().filter_map(|(name, keep)| {
        let value = keep.of(body.get(*name)?)?;
        Some(((*name).to_owned(), value))
    });
    kept.collect()
}

impl Keep {
    /// The kept part of this value; `None` if it has the wrong type.
    fn of(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Text, Value::String(text)) => Some(shortened(text).into()),
            (Figure, Value::Number(number)) => Some(Value::Number(Number::clone(number))),
            (Figure, Value::Bool(yes)) => Some(Value::Bool(*yes)),
            (Sentence, Value::String(text)) => Some(without_numbers(shortened(text)).into()),
            (Operation, Value::String(text)) => operation_in(text).map(Into::into),
            (LastFour, Value::String(text)) => last_four(text).map(Into::into),
            (Object(list), Value::Object(body)) => Some(Value::Object(kept_of(body, list))),
            (Objects(list), Value::Array(values)) => {
                let objects = values.iter().filter_map(Value::as_object);
                let kept = objects
                    .take(CANCELS_MAX)
                    .map(|body| Value::Object(kept_of(body, list)));
                Some(kept.collect())
            }
            _ => None,
        }
    }
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_MAX))
        .unwrap_or_default()
}

/// `op_…` if the text contains one: the rest of a reason may be free text about a person.
fn operation_in(text: &str) -> Option<&str> {
    const LENGTH: usize = 35; // `op_` and 32 digits
    let mut found = text.match_indices("op_");
    found.find_map(|(at, _)| {
        let id = text.get(at..at.checked_add(LENGTH)?)?;
        daegeum_engine::id::OperationId::parse(id).ok()?;
        Some(id)
    })
}

/// Masked numbers end in digits or stars; other texts have no last four.
fn last_four(number: &str) -> Option<String> {
    let card = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'-');
    if number.len() < 12 || !number.bytes().all(card) {
        return None;
    }
    let last = number.get(number.len().checked_sub(4)?..)?;
    Some(format!("****{last}"))
}

/// The text with dots in the place of long runs of digits, with or without separators.
fn without_numbers(text: &str) -> String {
    let between = |c: char| matches!(c, '-' | ' ' | '.' | '*');
    let mut kept = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars() {
        if c.is_numeric() || between(c) {
            run.push(c);
        } else {
            put_run(&mut kept, &mut run);
            kept.push(c);
        }
    }
    put_run(&mut kept, &mut run);
    kept
}

fn put_run(kept: &mut String, run: &mut String) {
    if run.chars().filter(|c| c.is_numeric()).count() > DIGITS_MAX {
        kept.push('…');
        run.clear();
    } else {
        kept.extend(run.drain(..));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OPERATION: &str = "op_0190163d8b4f7c8a9d2e3f4a5b6c7d8e";

    fn redacted(body: &Value) -> String {
        redact(body.to_string().as_bytes())
    }

    /// A payment with personal data in every field that Toss has.
    fn full() -> Value {
        json!({
            "mId": "tosspayments", "version": "2022-11-16", "paymentKey": "tgen_20240513184816ZSAZ9",
            "orderId": "pay_0190163d8b4f7c8a9d2e3f4a5b6c7d8e", "orderName": "김철수님의 예약",
            "status": "PARTIAL_CANCELED", "currency": "KRW", "method": "카드", "totalAmount": 11000,
            "balanceAmount": 1000, "secret": "ps_secretsecret", "metadata": {"phone": "01012345678"},
            "requestedAt": "2024-02-13T12:17:57+09:00", "approvedAt": "2024-02-13T12:18:14+09:00",
            "customerName": "김철수", "customerEmail": "kim@shop.example",
            "card": {"issuerCode": "71", "number": "53646512****0047", "cardType": "신용",
                     "ownerType": "개인", "approveNo": "00000000", "installmentPlanMonths": 0},
            "virtualAccount": {"accountNumber": "X6505636518308", "customerName": "박토스",
                "depositorName": "박토스", "bankCode": "20", "dueDate": "2024-02-18T23:59:59",
                "refundReceiveAccount": {"bankCode": "20", "accountNumber": "1234567890", "holderName": "박토스"}},
            "mobilePhone": {"customerMobilePhone": {"plain": "01099998888"}, "receiptUrl": "https://x"},
            "cashReceipt": {"receiptKey": "r", "issueNumber": "G01"},
            "failure": {"code": "REJECT_CARD_PAYMENT", "message": "5364-6512-1234-0047 카드 한도 초과"},
            "cancels": [
                {"cancelAmount": 9000, "cancelReason": "김철수 010-1234-5678 요청", "canceledAt": "2024-02-14T12:00:00+09:00"},
                {"cancelAmount": 1000, "cancelReason": format!("주문 취소 ({OPERATION})"), "cancelStatus": "DONE"},
            ],
        })
    }

    #[test]
    fn payment_is_kept_without_personal_data() {
        let text = redacted(&full());
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(kept["card"]["number"], "****0047");
        assert_eq!(kept["card"]["issuerCode"], "71");
        assert_eq!(kept["cancels"][0]["cancelAmount"], 9000);
        assert_eq!(kept["cancels"][0].get("cancelReason"), None);
        assert_eq!(kept["cancels"][1]["cancelReason"], OPERATION);
        assert_eq!(kept["paymentKey"], "tgen_20240513184816ZSAZ9");
        assert_eq!(kept["failure"]["message"], "…카드 한도 초과");
        for personal in [
            "김철수",
            "박토스",
            "kim@",
            "0101234",
            "0109999",
            "1234-5678",
            "53646512",
            "5364-6512",
            "X650563",
            "1234567890",
            "ps_secret",
            "G01",
            "개인",
        ] {
            assert!(!text.contains(personal), "{personal} is in {text}");
        }
    }

    #[test]
    fn value_of_the_wrong_type_is_dropped() {
        for (body, kept) in [
            (json!({"status": {"customerName": "김철수"}}), "{}"),
            (json!({"code": ["x"], "message": 5}), "{}"),
            (
                json!({"card": {"number": "김철수 카드 번호입니다"}}),
                r#"{"card":{}}"#,
            ),
            (json!({"card": {"number": "0047"}}), r#"{"card":{}}"#),
            (
                json!({"cancels": ["x", {"cancelAmount": "1"}]}),
                r#"{"cancels":[{}]}"#,
            ),
            (json!({"cancelReason": "op_김철수"}), "{}"),
            (json!({"amount": "01012345678"}), "{}"),
        ] {
            assert_eq!(redacted(&body), kept, "{body}");
        }
    }

    #[test]
    fn redacted_body_has_a_size_limit() {
        let long = "가".repeat(5_000);
        let cancel = json!({"cancelReason": OPERATION, "canceledAt": long, "cancelStatus": long});
        let body = json!({"status": long, "message": long, "cancels": vec![cancel; 100]});
        assert!(redacted(&body).len() <= BYTES_MAX);
        let deep = "[".repeat(100_000);
        for (body, told) in [
            (&b"<html>"[..], "(not JSON, 6 bytes)"),
            (b"", "(not JSON, 0 bytes)"),
            (b"[1]", "(not JSON, 3 bytes)"),
            (b"\xff\xfe", "(not JSON, 2 bytes)"),
            (deep.as_bytes(), "(not JSON, 100000 bytes)"),
        ] {
            assert_eq!(redact(body), told);
        }
    }

    #[test]
    fn long_numbers_are_removed_however_they_are_written() {
        for (text, kept) in [
            ("한도 100만원 초과", "한도 100만원 초과"),
            ("연락처 010 1234 5678 로", "연락처…로"),
            ("카드 5364.6512.0000.0047", "카드…"),
            ("2024-02-13", "…"),
        ] {
            assert_eq!(without_numbers(text), kept);
        }
    }
}
