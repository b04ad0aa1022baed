//! Readings of Toss's refusals, and of responses that are no answer.

use daegeum_engine::event::FailureCode;

use super::answers::{CONFIRM, failed, nameless, nothing_to_confirm, refused};
use super::*;

/// Money calls, each with the fact of a certain refusal.
fn refusable(code: &str) -> [(Ask, Fact); 4] {
    [
        (Ask::Confirm, failed(code)),
        (Ask::Capture, refused(code)),
        (Ask::Void, refused(code)),
        (Ask::Cancel, refused(code)),
    ]
}

#[test]
fn documented_refusal_is_certain_only_for_its_own_call() {
    for said in errors::CODES.iter().filter(|said| said.status != 0) {
        let certain = said.certainty == errors::Certainty::Certain;
        for (ask, fact) in refusable(said.code) {
            let outcome = error(ask, said.status, said.code);
            if certain {
                assert_eq!(outcome, nameless(fact), "{ask:?} {}", said.code);
            } else {
                assert!(says_nothing(&outcome), "{ask:?} {}", said.code);
            }
        }
        for ask in asks().into_iter().filter(|ask| asked_about(*ask).is_some()) {
            let outcome = error(ask, said.status, said.code);
            let absent = said.code.starts_with("NOT_FOUND_PAYMENT") && nothing_to_confirm(ask);
            assert_eq!(says_nothing(&outcome), !absent, "{ask:?} {}", said.code);
        }
    }
}

#[test]
fn refusal_of_a_repetition_says_nothing_about_the_first_sending() {
    let again = |ask: Ask, status: u16, code: &str| {
        let call = Call {
            sent_before: true,
            ..call(ask)
        };
        let body = json!({"code": code, "message": "메시지"}).to_string();
        come(&call, status, body)
    };
    for (ask, _) in refusable("") {
        for said in errors::CODES.iter().filter(|said| said.status != 0) {
            let outcome = again(ask, said.status, said.code);
            assert!(says_nothing(&outcome), "{ask:?} {}", said.code);
        }
        for (status, code) in [
            (401, "UNAUTHORIZED_KEY"),
            (401, "BRAND_NEW_CODE"),
            (403, "INCORRECT_BASIC_AUTH_FORMAT"),
            (400, "INVALID_API_KEY"),
            (403, "FORBIDDEN_REQUEST"),
            (403, "REJECT_CARD_PAYMENT"),
            (400, "NOT_MATCHES_REFUNDABLE_AMOUNT"),
        ] {
            assert_eq!(again(ask, status, code), Outcome::Unknown, "{code}");
        }
    }
}

#[test]
fn possibly_done_call_is_inquired_about() {
    for ask in asks().into_iter().filter(|ask| !names(*ask)) {
        for (status, code) in [
            (400, "ALREADY_PROCESSED_PAYMENT"),
            (400, "ALREADY_CANCELED_PAYMENT"),
            (400, "PROVIDER_ERROR"),
            (400, "BRAND_NEW_CODE"),
            (422, "INVALID_REQUEST"),
        ] {
            let said = error(ask, status, code);
            assert_eq!(said, Outcome::Unknown, "{status} {code}");
        }
    }
    for ask in asks() {
        for (status, code) in [
            (403, "BRAND_NEW_CODE"),
            (408, "INVALID_REQUEST"),
            (500, "INVALID_CARD"),
            (502, "COMMON_ERROR"),
            (503, "NOT_FOUND_PAYMENT"),
        ] {
            let said = error(ask, status, code);
            assert_eq!(said, Outcome::Unknown, "{status} {code}");
        }
        for (status, code) in [
            (409, "IDEMPOTENT_REQUEST_PROCESSING"),
            (403, "FORBIDDEN_CONSECUTIVE_REQUEST"),
            (429, "TOO_MANY_REQUESTS"),
            (429, "INVALID_CARD"),
        ] {
            let after = Duration::from_secs(2);
            let said = error(ask, status, code);
            assert_eq!(said, Outcome::NotYet { after }, "{status} {code}");
        }
    }
}

#[test]
fn unauthenticated_call_has_certainly_done_nothing() {
    for (status, code) in [
        (401, "UNAUTHORIZED_KEY"),
        (403, "INCORRECT_BASIC_AUTH_FORMAT"),
        (401, "INCORRECT_BASIC_AUTH_FORMAT"),
        (401, "BRAND_NEW_CODE"),
    ] {
        assert_eq!(error(Ask::Confirm, status, code), nameless(failed(code)));
        for ask in [inquiry(CONFIRM, true), by_order_number(CONFIRM, true)] {
            assert_eq!(error(ask, status, code), Outcome::Unknown);
        }
    }
    let words = super::errors::explain(&FailureCode::new("UNAUTHORIZED_KEY"));
    assert_eq!(words.fault, crate::gateway::FailureParty::Merchant);
    assert_eq!(raw(Ask::Confirm, 401, "<html>"), Outcome::Unknown);
}

#[test]
fn requested_wait_is_bounded() {
    for (said, seconds) in [("7", 7), ("99999999", 3600), ("soon", 2), ("-1", 2)] {
        let response = Response::builder().status(429).header("retry-after", said);
        let came = Ok(response.body(Bytes::new()).unwrap());
        let after = Duration::from_secs(seconds);
        for ask in asks() {
            let said = toss().read(&call(ask), &came);
            assert_eq!(said, Outcome::NotYet { after });
        }
    }
}

#[test]
fn unsent_call_is_told_from_an_unanswered_one() {
    let unsent = Err(Undelivered::NotSent("refused".into()));
    let unanswered = Err(Undelivered::NoAnswer("reset".into()));
    for ask in asks() {
        assert_eq!(toss().read(&call(ask), &unsent), Outcome::NotSent);
        assert_eq!(toss().read(&call(ask), &unanswered), Outcome::Unknown);
    }
}
