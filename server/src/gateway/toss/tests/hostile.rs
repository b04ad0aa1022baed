//! Answers that contradict the contract, or that no sane server would send. None of them is a success, and none is a
//! failure.

use super::*;

/// This proves nothing, for any call.
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
        let by_name_alone = names(ask) && (400..500).contains(&status);
        assert!(outcome != Outcome::NotThisOne || by_name_alone, "{ask:?}");
    }
}

#[test]
fn a_success_that_contradicts_itself_or_the_contract_proves_nothing() {
    for changes in [
        json!({"orderId": null}),
        json!({"paymentKey": ""}),
        json!({"paymentKey": "k".repeat(201)}),
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
fn an_answer_about_another_order_is_not_about_this_one_whatever_its_key() {
    for order in [
        "pay_00000000000000000000000000000000",
        &ORDER.to_uppercase(),
        "",
        "another shop's",
    ] {
        for key in [KEY, "tgen_another"] {
            // For another order's payment, no other field matters.
            for more in [json!({}), json!({"status": "PAID"}), json!({"vat": 7})] {
                let mut body = payment(json!({"orderId": order, "paymentKey": key}));
                merge(&mut body, more);
                for ask in asks() {
                    assert_eq!(read(ask, 200, &body), Outcome::NotThisOne, "{ask:?}");
                }
            }
        }
    }
}

#[test]
fn parts_that_do_not_add_up_are_no_answer() {
    for changes in [
        json!({"suppliedAmount": 10_001}),
        json!({"vat": 999}),
        json!({"taxFreeAmount": 1}),
        json!({"suppliedAmount": 0, "vat": 0}),
        json!({"taxExemptionAmount": 500, "suppliedAmount": 10_001}),
        json!({"suppliedAmount": "10000"}),
        json!({"vat": 1000.0}),
        json!({"vat": -1_000}),
        json!({"suppliedAmount": u64::MAX, "vat": 1_001}),
        json!({"status": "PARTIAL_CANCELED", "balanceAmount": 1_000, "suppliedAmount": 910}),
        json!({"status": "CANCELED", "balanceAmount": 0, "suppliedAmount": 1, "vat": 0}),
        json!({"status": "READY", "suppliedAmount": 1}),
    ] {
        proves_nothing(200, payment(changes).to_string().as_bytes());
    }
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
        // Everything was refunded, by anyone.
        let gone = Fact::Taken {
            taken: whole(TOTAL),
            left: split(0, 0, 0),
            ours: Some(vec![]),
        };
        assert_eq!(fact(&outcome), Some(&gone), "{reason}");
        let still = payment(json!({
            "cancels": [{"cancelAmount": TOTAL, "cancelReason": reason, "cancelStatus": "ABORTED"}],
        }));
        let outcome = read(Ask::Cancel, 200, &still);
        let there = Fact::Taken {
            taken: split(10_000, 1_000, 0),
            left: split(10_000, 1_000, 0),
            ours: Some(vec![]),
        };
        assert_eq!(fact(&outcome), Some(&there), "{reason}");
    }
}

#[test]
fn a_code_is_kept_as_a_short_word() {
    let outcome = error(Ask::Confirm, 401, &"A\r\nB ".repeat(100));
    let Some(Fact::Failed { code }) = fact(&outcome) else {
        panic!("{outcome:?}");
    };
    assert_eq!(code.as_str(), "AB".repeat(32));
}
