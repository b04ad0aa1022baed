//! What answers mean.

use daegeum_engine::command::Fact;
use daegeum_engine::time::Timestamp;

use super::*;

const CONFIRM: Option<OperationKind> = Some(OperationKind::Confirm);
const CANCEL: Option<OperationKind> = Some(OperationKind::Cancel);
const NOT_YET: Outcome = Outcome::NotYet { after: None };

fn answered(fact: Fact) -> Outcome {
    Outcome::Answered {
        name: Some(ProviderPaymentId(KEY.into())),
        fact,
    }
}

fn nameless(fact: Fact) -> Outcome {
    Outcome::Answered { name: None, fact }
}

fn failed(code: &str) -> Fact {
    Fact::Failed {
        code: FailureCode::new(code),
    }
}

fn captured() -> Outcome {
    answered(Fact::Captured { amount: won(TOTAL) })
}

fn refunded(ours: bool) -> Outcome {
    answered(Fact::Refunded {
        amount: won(TOTAL),
        ours,
    })
}

/// The calls that ask whether the money was taken.
fn about_taking() -> impl Iterator<Item = Ask> {
    let cancel = |ask: &Ask| {
        matches!(ask, Ask::Cancel) || matches!(ask, Ask::Inquire { about, .. } if *about == CANCEL)
    };
    asks().into_iter().filter(move |ask| !cancel(ask))
}

#[test]
fn money_that_was_taken_is_captured_whoever_asks() {
    for ask in about_taking() {
        assert_eq!(read(ask, 200, &payment(json!({}))), captured(), "{ask:?}");
    }
    let other = payment(json!({"totalAmount": 10_000, "balanceAmount": 10_000}));
    assert_eq!(
        read(Ask::Confirm, 200, &other),
        answered(Fact::Captured {
            amount: won(10_000)
        }),
        "whether it is the order's amount is for the engine to say"
    );
    let partly = payment(json!({"status": "PARTIAL_CANCELED", "balanceAmount": 1_000}));
    for ask in about_taking() {
        assert_eq!(read(ask, 200, &partly), captured(), "{ask:?}");
    }
}

#[test]
fn the_gateways_name_is_learned_where_it_was_not_known() {
    let ask = inquiry(CONFIRM, false);
    let nameless = Call {
        name: None,
        ..call(ask)
    };
    let response = Response::new(Bytes::from(payment(json!({})).to_string()));
    assert_eq!(toss().read(&nameless, &Ok(response)), captured());
}

#[test]
fn a_deposit_is_awaited_until_its_date_with_or_without_an_offset() {
    let due_at = Timestamp::parse_rfc3339("2024-02-18T23:59:59+09:00").unwrap();
    for (due, expected) in [
        ("2024-02-18T23:59:59", Some(due_at)),
        ("2024-02-18T23:59:59+09:00", Some(due_at)),
        ("2024-02-18T14:59:59Z", Some(due_at)),
        ("soon", None),
        ("2024-02-30T00:00:00", None),
    ] {
        let body = payment(json!({
            "status": "WAITING_FOR_DEPOSIT", "method": "가상계좌", "card": null, "approvedAt": null,
            "virtualAccount": {"accountType": "일반", "accountNumber": "X6505636518308",
                "bankCode": "20", "customerName": "박토스", "dueDate": due, "refundStatus": "NONE",
                "expired": false, "settlementStatus": "INCOMPLETED", "refundReceiveAccount": null},
        }));
        let expected = expected.map_or(Outcome::Unknown, |due_at| {
            answered(Fact::AwaitingDeposit { due_at })
        });
        assert_eq!(read(Ask::Confirm, 200, &body), expected, "{due}");
    }
}

#[test]
fn an_account_whose_time_is_over_waits_for_nothing() {
    let body = payment(json!({
        "status": "WAITING_FOR_DEPOSIT", "method": "가상계좌", "card": null, "approvedAt": null,
        "virtualAccount": {"bankCode": "20", "dueDate": "2024-02-18T23:59:59", "expired": true},
    }));
    let ask = Ask::Inquire {
        about: None,
        window_over: false,
    };
    let code = FailureCode::new("EXPIRED");
    assert_eq!(read(ask, 200, &body), answered(Fact::Failed { code }));
}

#[test]
fn a_payment_on_its_way_is_no_answer_however_long_it_takes() {
    for status in ["READY", "IN_PROGRESS"] {
        let body = payment(json!({"status": status, "approvedAt": null}));
        for ask in about_taking() {
            assert_eq!(read(ask, 200, &body), NOT_YET, "{status} {ask:?}");
        }
    }
}

#[test]
fn a_payment_that_was_given_up_has_failed_with_its_own_code() {
    for ask in about_taking() {
        for status in ["ABORTED", "EXPIRED"] {
            let body = payment(json!({"status": status, "approvedAt": null}));
            assert_eq!(read(ask, 200, &body), answered(failed(status)), "{ask:?}");
        }
        let failure = json!({"code": "REJECT_CARD_PAYMENT", "message": "한도초과 혹은 잔액부족"});
        let body = payment(json!({"status": "ABORTED", "approvedAt": null, "failure": failure}));
        assert_eq!(
            read(ask, 200, &body),
            answered(failed("REJECT_CARD_PAYMENT"))
        );
    }
}

#[test]
fn nothing_found_is_an_answer_once_the_window_is_over() {
    for ask in asks() {
        for code in ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION"] {
            let over = matches!(ask, Ask::Inquire { about, window_over: true } if about != CANCEL);
            let expected = if over {
                nameless(failed(code))
            } else {
                NOT_YET
            };
            assert_eq!(error(ask, 404, code), expected, "{ask:?}");
        }
        // A wrong address, or a proxy in between, is not the gateway's word about a payment.
        assert_eq!(error(ask, 404, "NOT_FOUND"), Outcome::Unknown);
        assert_eq!(raw(ask, 404, "<html>Not Found</html>"), Outcome::Unknown);
    }
}

#[test]
fn our_cancel_is_known_by_the_balance_and_by_our_operation_in_its_reason() {
    for ask in asks() {
        assert_eq!(
            read(ask, 200, &canceled(&our_reason())),
            refunded(true),
            "{ask:?}"
        );
        assert_eq!(
            read(ask, 200, &canceled("고객 변심")),
            refunded(false),
            "{ask:?}"
        );
        let left = payment(json!({"status": "CANCELED", "balanceAmount": 1}));
        assert_eq!(read(ask, 200, &left), Outcome::Unknown, "{ask:?}");
    }
}

#[test]
fn a_cancel_that_is_not_there_yet_may_still_come() {
    for ask in [Ask::Cancel, inquiry(CANCEL, false), inquiry(CANCEL, true)] {
        assert_eq!(read(ask, 200, &payment(json!({}))), NOT_YET);
        let by_another = payment(json!({
            "status": "PARTIAL_CANCELED", "balanceAmount": 1_000,
            "cancels": [{"cancelAmount": 10_000, "cancelReason": "고객 변심", "cancelStatus": "DONE"}],
        }));
        assert_eq!(read(ask, 200, &by_another), NOT_YET);
        let impossible = payment(json!({
            "status": "PARTIAL_CANCELED", "balanceAmount": 1_000,
            "cancels": [{"cancelAmount": 10_000, "cancelReason": our_reason(), "cancelStatus": "DONE"}],
        }));
        assert_eq!(read(ask, 200, &impossible), Outcome::Unknown);
        for status in ["READY", "IN_PROGRESS", "ABORTED", "EXPIRED"] {
            let body = payment(json!({"status": status}));
            assert_eq!(read(ask, 200, &body), Outcome::Unknown, "{status}");
        }
    }
}

#[test]
fn a_slow_cancel_is_judged_by_its_own_state() {
    let slow = |state: &str, status: &str, balance: u64| {
        payment(json!({
            "status": status, "balanceAmount": balance,
            "cancels": [{"cancelAmount": TOTAL, "cancelReason": our_reason(), "cancelStatus": state}],
        }))
    };
    assert_eq!(
        read(Ask::Cancel, 200, &slow("IN_PROGRESS", "DONE", TOTAL)),
        NOT_YET
    );
    assert_eq!(
        read(Ask::Cancel, 200, &slow("IN_PROGRESS", "CANCELED", 0)),
        NOT_YET
    );
    let code = FailureCode::new("CANCEL_ABORTED");
    assert_eq!(
        read(Ask::Cancel, 200, &slow("ABORTED", "DONE", TOTAL)),
        answered(Fact::NotRefunded { code })
    );
}

#[test]
fn an_account_that_nobody_paid_into_is_canceled_and_not_refunded() {
    let body = payment(json!({
        "status": "CANCELED", "balanceAmount": 0, "approvedAt": null, "method": "가상계좌", "card": null,
        "virtualAccount": {"bankCode": "20", "dueDate": "2024-02-18T23:59:59"},
    }));
    for ask in asks() {
        assert_eq!(read(ask, 200, &body), answered(Fact::Canceled), "{ask:?}");
    }
}

#[test]
fn a_documented_refusal_is_certain_for_the_call_that_got_it_alone() {
    for said in errors::CODES.iter().filter(|said| said.status != 0) {
        let certain = said.certainty == errors::Certainty::Certain;
        let confirm = error(Ask::Confirm, said.status, said.code);
        let cancel = error(Ask::Cancel, said.status, said.code);
        let code = FailureCode::new(said.code);
        if certain {
            assert_eq!(confirm, nameless(failed(said.code)));
            assert_eq!(cancel, nameless(Fact::NotRefunded { code }));
        } else {
            assert_eq!(
                (fact(&confirm), fact(&cancel)),
                (None, None),
                "{}",
                said.code
            );
        }
        if said.status != 404 {
            let about = error(inquiry(CONFIRM, true), said.status, said.code);
            assert_eq!(fact(&about), None, "{}", said.code);
        }
    }
}

#[test]
fn what_may_have_been_done_is_asked_about() {
    for ask in asks() {
        for (status, code) in [
            (400, "ALREADY_PROCESSED_PAYMENT"),
            (400, "ALREADY_CANCELED_PAYMENT"),
            (400, "PROVIDER_ERROR"),
            (400, "BRAND_NEW_CODE"),
            (403, "BRAND_NEW_CODE"),
            (422, "INVALID_REQUEST"),
            (408, "INVALID_REQUEST"),
            (500, "INVALID_CARD"),
            (502, "COMMON_ERROR"),
            (503, "NOT_FOUND_PAYMENT"),
        ] {
            assert_eq!(
                error(ask, status, code),
                Outcome::Unknown,
                "{status} {code}"
            );
        }
        for (status, code) in [
            (409, "IDEMPOTENT_REQUEST_PROCESSING"),
            (403, "FORBIDDEN_CONSECUTIVE_REQUEST"),
            (429, "TOO_MANY_REQUESTS"),
            (429, "INVALID_CARD"),
        ] {
            let asked_to_wait = Outcome::NotYet {
                after: Some(Duration::from_secs(2)),
            };
            assert_eq!(error(ask, status, code), asked_to_wait, "{status} {code}");
        }
    }
}

#[test]
fn a_key_that_is_not_let_in_has_done_nothing() {
    for (status, code) in [
        (401, "UNAUTHORIZED_KEY"),
        (403, "INCORRECT_BASIC_AUTH_FORMAT"),
        (401, "INCORRECT_BASIC_AUTH_FORMAT"),
        (401, "BRAND_NEW_CODE"),
    ] {
        assert_eq!(error(Ask::Confirm, status, code), nameless(failed(code)));
        assert_eq!(
            error(inquiry(CONFIRM, true), status, code),
            Outcome::Unknown
        );
    }
    let words = toss().explain(&FailureCode::new("UNAUTHORIZED_KEY"));
    assert_eq!(words.fault, crate::gateway::Fault::Merchant);
    assert_eq!(raw(Ask::Confirm, 401, "<html>"), Outcome::Unknown);
}

#[test]
fn a_key_that_is_no_longer_let_in_says_nothing_about_what_was_sent_before() {
    let again = |status: u16, code: &str| {
        let call = Call {
            sent_before: true,
            ..call(Ask::Confirm)
        };
        let body = json!({"code": code, "message": "메시지"}).to_string();
        let response = Response::builder().status(status).body(body.into());
        toss().read(&call, &Ok(response.unwrap()))
    };
    for (status, code) in [
        (401, "UNAUTHORIZED_KEY"),
        (401, "BRAND_NEW_CODE"),
        (403, "INCORRECT_BASIC_AUTH_FORMAT"),
        (400, "INVALID_API_KEY"),
        (403, "FORBIDDEN_REQUEST"),
    ] {
        assert_eq!(again(status, code), Outcome::Unknown, "{code}");
    }
    // Under the same key this is the first answer, given again.
    let code = "REJECT_CARD_PAYMENT";
    assert_eq!(again(403, code), nameless(failed(code)));
}

#[test]
fn a_wait_that_was_asked_for_is_kept_within_bounds() {
    for (said, seconds) in [("7", 7), ("99999999", 3600), ("soon", 2), ("-1", 2)] {
        let response = Response::builder().status(429).header("retry-after", said);
        let came = Ok(response.body(Bytes::new()).unwrap());
        let after = Some(Duration::from_secs(seconds));
        assert_eq!(
            toss().read(&call(Ask::Confirm), &came),
            Outcome::NotYet { after }
        );
    }
}

#[test]
fn what_was_not_sent_is_told_from_what_was_not_answered() {
    let unsent = Err(Undelivered::NotSent("refused".into()));
    let unanswered = Err(Undelivered::NoAnswer("reset".into()));
    for ask in asks() {
        assert_eq!(toss().read(&call(ask), &unsent), Outcome::NotSent);
        assert_eq!(toss().read(&call(ask), &unanswered), Outcome::Unknown);
    }
}
