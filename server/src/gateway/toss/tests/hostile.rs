//! Answers that contradict the contract, or that nobody sane would send. None of them is a success, and
//! none of them is a failure.

use super::*;

/// Whoever asks, this proves nothing.
#[track_caller]
fn proves_nothing(status: u16, body: &[u8]) {
    for ask in asks() {
        let outcome = raw(ask, status, body.to_vec());
        assert_eq!(
            fact(&outcome),
            None,
            "{ask:?} {}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn a_success_that_is_not_about_our_payment_proves_nothing() {
    for changes in [
        json!({"orderId": "pay_00000000000000000000000000000000"}),
        json!({"orderId": ORDER.to_uppercase()}),
        json!({"orderId": null}),
        json!({"paymentKey": "tgen_another"}),
        json!({"paymentKey": ""}),
        json!({"currency": "USD"}),
        json!({"currency": "krw"}),
        json!({"status": "PAID"}),
        json!({"status": "done"}),
        json!({"status": ""}),
        json!({"status": "CANCELED", "balanceAmount": 1}),
        json!({"balanceAmount": TOTAL + 1}),
    ] {
        proves_nothing(200, payment(changes).to_string().as_bytes());
    }
    let taken_and_gone = payment(json!({"balanceAmount": 0}));
    assert_eq!(read(Ask::Confirm, 200, &taken_and_gone), Outcome::Unknown);
}

#[test]
fn amounts_are_whole_numbers_and_nothing_else() {
    let sound = payment(json!({})).to_string();
    for name in ["totalAmount", "balanceAmount"] {
        let said = format!("\"{name}\":{TOTAL}");
        assert!(sound.contains(&said));
        for wrong in [
            "11000.0",
            "11000.5",
            "1.1e4",
            "-11000",
            "\"11000\"",
            "null",
            "true",
            "[11000]",
            "{}",
            "1e999",
            "99999999999999999999",
            "9007199254740992",
            "011000",
            "NaN",
        ] {
            let body = sound.replace(&said, &format!("\"{name}\":{wrong}"));
            proves_nothing(200, body.as_bytes());
        }
        proves_nothing(200, sound.replace(&said, "\"x\":1").as_bytes());
    }
    let twice = sound.replacen('{', &format!("{{\"totalAmount\":{TOTAL},"), 1);
    proves_nothing(200, twice.as_bytes());
}

#[test]
fn fields_of_the_wrong_type_prove_nothing() {
    for changes in [
        json!({"cancels": "none"}),
        json!({"cancels": {"cancelReason": "x"}}),
        json!({"cancels": [null]}),
        json!({"cancels": [{"cancelReason": 5}]}),
        json!({"virtualAccount": []}),
        json!({"virtualAccount": {"dueDate": 5}}),
        json!({"approvedAt": 5}),
        json!({"failure": "no"}),
        json!({"status": ["DONE"]}),
    ] {
        proves_nothing(200, payment(changes).to_string().as_bytes());
    }
}

#[test]
fn every_way_to_break_off_an_answer_proves_nothing() {
    let sound = payment(json!({})).to_string();
    let refusal = r#"{"code":"INVALID_CARD","message":"x"}"#;
    for length in 0..sound.len() {
        let outcome = raw(Ask::Confirm, 200, sound.as_bytes()[..length].to_vec());
        assert_eq!(outcome, Outcome::Unknown, "{length} bytes");
    }
    for length in 0..refusal.len() {
        let outcome = raw(Ask::Confirm, 400, refusal.as_bytes()[..length].to_vec());
        assert_eq!(outcome, Outcome::Unknown, "{length} bytes");
    }
    proves_nothing(200, format!("{sound}{sound}").as_bytes());
}

#[test]
fn pages_noise_and_floods_prove_nothing() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let long = format!("{{\"code\":\"{}\"}}", "A".repeat(1 << 20));
    let many = format!("[{}]", "1,".repeat(500_000));
    let html = "<!DOCTYPE html><html><body>점검 중입니다</body></html>";
    for body in [
        html, "", "null", "true", "\"DONE\"", "[]", "{}", &deep, &long, &many,
    ] {
        for status in [200, 201, 204, 302, 400, 403, 404, 418, 429, 500, 503, 599] {
            proves_nothing(status, body.as_bytes());
        }
    }
    proves_nothing(200, b"\xff\xfe\x00");
    proves_nothing(401, b"<html>who are you</html>");
}

#[test]
fn a_redirect_is_no_answer_whatever_it_carries() {
    for status in [301, 302, 303, 307, 308] {
        proves_nothing(status, payment(json!({})).to_string().as_bytes());
        proves_nothing(status, br#"{"code":"INVALID_CARD","message":"x"}"#);
    }
}

#[test]
fn a_reason_names_our_operation_only_in_full() {
    for reason in [
        "",
        "op_",
        &OPERATION[..34],
        &OPERATION.to_uppercase(),
        "op_0190163d8b4f7c8a9d2e3f4a5b6c7d8e",
    ] {
        let outcome = read(Ask::Cancel, 200, &canceled(reason));
        let ours = matches!(
            fact(&outcome),
            Some(daegeum_engine::command::Fact::Refunded { ours: true, .. })
        );
        assert!(fact(&outcome).is_some() && !ours, "{reason}");
    }
}

#[test]
fn a_code_is_kept_as_a_short_word() {
    let outcome = error(Ask::Confirm, 401, &"A\r\nB ".repeat(100));
    let Some(daegeum_engine::command::Fact::Failed { code }) = fact(&outcome) else {
        panic!("{outcome:?}");
    };
    assert_eq!(code.as_str(), "AB".repeat(32));
}
