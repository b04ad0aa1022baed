//! Readings of Toss's answers.

use daegeum_engine::event::FailureCode;
use daegeum_engine::time::Timestamp;

use super::*;

pub(super) const CONFIRM: Option<OperationKind> = Some(OperationKind::Confirm);
const CANCEL: Option<OperationKind> = Some(OperationKind::Cancel);

fn answered(fact: Fact) -> Outcome {
    with_card(fact, Some(by_card()))
}

/// Before the approval there is no means of payment.
fn unapproved(fact: Fact) -> Outcome {
    with_card(fact, None)
}

fn with_card(fact: Fact, paid_with: Option<PaidWith>) -> Outcome {
    Outcome::Answered {
        name: Some(ProviderPaymentId(KEY.into())),
        fact,
        description: Box::new(Description {
            slip: paid_with.as_ref().and_then(|_| SlipUrl::parse(SLIP)),
            paid_with,
            easy_pay: None,
        }),
    }
}

pub(super) fn nameless(fact: Fact) -> Outcome {
    Outcome::Answered {
        name: None,
        fact,
        description: Box::default(),
    }
}

pub(super) fn failed(code: &str) -> Fact {
    Fact::Failed {
        code: FailureCode::new(code),
    }
}

pub(super) fn refused(code: &str) -> Fact {
    Fact::CallRefused {
        code: FailureCode::new(code),
    }
}

fn captured() -> Outcome {
    answered(Fact::captured(split(10_000, 1_000, 0)))
}

/// Whether the call refunds, or inquires about a refund.
fn gives_back(ask: Ask) -> bool {
    ask == Ask::Cancel || asked_about(ask) == CANCEL
}

/// The calls that capture, or inquire about a capture.
fn about_taking() -> impl Iterator<Item = Ask> {
    asks().into_iter().filter(|ask| !gives_back(*ask))
}

/// A payment in this state that no buyer has approved.
fn untaken(status: &str) -> Value {
    payment(json!({"status": status, "approvedAt": null, "card": null}))
}

fn account(status: &str, due: &str, expired: bool) -> Value {
    payment(json!({
        "status": status, "method": "가상계좌", "card": null, "approvedAt": null,
        "virtualAccount": {"accountType": "일반", "accountNumber": "X6505636518308",
            "bankCode": "20", "customerName": "박토스", "dueDate": due, "refundStatus": "NONE",
            "expired": expired, "settlementStatus": "INCOMPLETED", "refundReceiveAccount": null},
    }))
}

const DUE: &str = "2024-02-18T23:59:59";

fn due_at() -> Timestamp {
    Timestamp::parse_rfc3339("2024-02-18T23:59:59+09:00").unwrap()
}

#[test]
fn captured_money_is_captured_for_every_call() {
    for ask in about_taking() {
        assert_eq!(read(ask, 200, &payment(json!({}))), captured(), "{ask:?}");
    }
    let other = payment(json!({
        "totalAmount": 10_000, "balanceAmount": 10_000, "suppliedAmount": 9_091, "vat": 909,
    }));
    assert_eq!(
        read(Ask::Confirm, 200, &other),
        answered(Fact::captured(split(9_091, 909, 0))),
        "whether it is the order's amount is for the engine to say"
    );
}

#[test]
fn partly_refunded_amount_is_split_as_toss_splits_it() {
    let partly = |supply: u64, vat: u64| {
        payment(json!({
            "status": "PARTIAL_CANCELED", "balanceAmount": 1_100, "suppliedAmount": supply, "vat": vat,
        }))
    };
    let of_the_rest = Fact::left_of(whole(TOTAL), split(1_000, 100, 0));
    let of_the_whole = Fact::left_of(split(10_000, 1_000, 0), whole(1_100));
    for ask in about_taking() {
        let said = read(ask, 200, &partly(1_000, 100));
        assert_eq!(said, answered(of_the_rest.clone()), "{ask:?}");
        let said = read(ask, 200, &partly(10_000, 1_000));
        assert_eq!(said, answered(of_the_whole.clone()), "{ask:?}");
    }
    // A partial cancel counts under either status, whoever made it.
    let mut done = partly(1_000, 100);
    done["status"] = "DONE".into();
    assert_eq!(
        read(Ask::Confirm, 200, &done),
        answered(of_the_rest.clone())
    );
    let nothing_left = payment(json!({
        "status": "PARTIAL_CANCELED", "balanceAmount": 0, "suppliedAmount": 0, "vat": 0,
    }));
    for ask in asks() {
        assert_eq!(read(ask, 200, &nothing_left), Outcome::Unknown, "{ask:?}");
    }
}

#[test]
fn split_is_accepted_only_as_far_as_it_is_given() {
    for (changes, expected) in [
        (json!({"suppliedAmount": null}), whole(TOTAL)),
        (json!({"vat": null}), whole(TOTAL)),
        (json!({"taxFreeAmount": null}), whole(TOTAL)),
        (
            json!({"suppliedAmount": 5_000, "vat": 500, "taxFreeAmount": 5_500}),
            split(5_000, 500, 5_500),
        ),
        // The exempt amount stands beside the tax-free amount, or within it.
        (
            json!({"suppliedAmount": 9_000, "vat": 900, "taxFreeAmount": 100, "taxExemptionAmount": 1_000}),
            split(9_000, 900, 1_100),
        ),
        (
            json!({"suppliedAmount": 9_000, "vat": 900, "taxFreeAmount": 1_100, "taxExemptionAmount": 1_000}),
            split(9_000, 900, 1_100),
        ),
        (json!({"taxExemptionAmount": null}), split(10_000, 1_000, 0)),
    ] {
        let said = read(Ask::Confirm, 200, &payment(changes.clone()));
        assert_eq!(said, answered(Fact::captured(expected)), "{changes}");
    }
}

#[test]
fn means_of_payment_contains_nothing_that_suffices_to_pay() {
    let paid_with = |changes: Value| {
        let said = read(Ask::Confirm, 200, &payment(changes));
        let Outcome::Answered { description, .. } = said else {
            panic!("{said:?}");
        };
        description.paid_with
    };
    assert_eq!(paid_with(json!({})), Some(by_card()));
    assert_eq!(paid_with(json!({"approvedAt": null})), None);
    for (number, last4) in [
        ("43301234****123*", Some("123*")),
        ("4330-****-****-1234", Some("1234")),
        ("****", Some("****")),
        // Unmasked: no digit of it may be kept.
        ("4330123412341234", None),
        ("1234", None),
        ("*12", None),
        ("", None),
        ("****카드", None),
        ("4330123412341234*4330", None),
    ] {
        let card = json!({"number": number, "issuerCode": "61"});
        let said = paid_with(json!({ "card": card })).unwrap();
        assert_eq!(said.last4.as_deref(), last4, "{number}");
    }
    let long = "x".repeat(21);
    for wrong in ["", "a\nb", &long] {
        let card = json!({"issuerCode": wrong, "cardType": wrong, "approveNo": wrong});
        let said = paid_with(json!({ "card": card })).unwrap();
        assert_eq!(
            (said.issuer, said.card_type, said.approval),
            (None, None, None)
        );
    }
    let easy = json!({"provider": "토스페이", "amount": TOTAL, "discountAmount": 0});
    let said = paid_with(json!({"method": "간편결제", "card": null, "easyPay": easy})).unwrap();
    assert_eq!(said.method.as_deref(), Some("easy_pay"));
    assert_eq!(said.issuer.as_deref(), Some("토스페이"));
    let transfer = json!({"bankCode": "92", "settlementStatus": "INCOMPLETED"});
    let said = paid_with(json!({"method": "계좌이체", "card": null, "transfer": transfer}));
    assert_eq!(said.unwrap().issuer.as_deref(), Some("92"));
    for (said, word) in [
        ("CARD", "card"),
        ("가상계좌", "virtual_account"),
        ("휴대폰", "mobile"),
        ("문화상품권", "gift_certificate"),
        ("새 방법", "other"),
    ] {
        let said = paid_with(json!({ "method": said })).unwrap();
        assert_eq!(said.method.as_deref(), Some(word));
    }
}

#[test]
fn the_gateways_name_is_learned_where_it_was_not_known() {
    let nameless = Call {
        name: None,
        ..call(inquiry(CONFIRM, false))
    };
    let body = payment(json!({})).to_string();
    assert_eq!(come(&nameless, 200, body), captured());
}

#[test]
fn a_deposit_is_awaited_until_its_date_with_or_without_an_offset() {
    for (due, known) in [
        (DUE, true),
        ("2024-02-18T23:59:59+09:00", true),
        ("2024-02-18T14:59:59Z", true),
        ("soon", false),
        ("2024-02-30T00:00:00", false),
    ] {
        let body = account("WAITING_FOR_DEPOSIT", due, false);
        let expected = if known {
            unapproved(Fact::AwaitingDeposit { due_at: due_at() })
        } else {
            Outcome::Unknown
        };
        for ask in about_taking() {
            assert_eq!(read(ask, 200, &body), expected, "{due} {ask:?}");
        }
    }
}

#[test]
fn an_account_whose_time_is_over_waits_for_nothing() {
    let body = account("WAITING_FOR_DEPOSIT", DUE, true);
    for ask in asks() {
        let expected = if gives_back(ask) {
            Fact::Canceled
        } else {
            failed("EXPIRED")
        };
        assert_eq!(read(ask, 200, &body), unapproved(expected), "{ask:?}");
    }
}

#[test]
fn an_account_that_is_to_be_canceled_waits_until_that_was_certainly_not_done() {
    let body = account("WAITING_FOR_DEPOSIT", DUE, false);
    let waits = unapproved(Fact::AwaitingDeposit { due_at: due_at() });
    for ask in [Ask::Cancel, inquiry(CANCEL, false)] {
        assert_eq!(read(ask, 200, &body), waits);
    }
    let not_done = unapproved(refused("CANCEL_NOT_DONE"));
    assert_eq!(read(inquiry(CANCEL, true), 200, &body), not_done);
}

#[test]
fn payment_in_progress_has_captured_nothing_so_far() {
    for status in ["READY", "IN_PROGRESS"] {
        for ask in asks() {
            let said = read(ask, 200, &untaken(status));
            assert_eq!(said, unapproved(Fact::Undecided), "{status} {ask:?}");
        }
    }
}

#[test]
fn aborted_payment_has_failed_with_its_own_code() {
    for status in ["ABORTED", "EXPIRED"] {
        for ask in about_taking() {
            let said = read(ask, 200, &untaken(status));
            assert_eq!(said, unapproved(failed(status)), "{ask:?}");
            let mut body = untaken(status);
            body["failure"] =
                json!({"code": "REJECT_CARD_PAYMENT", "message": "한도초과 혹은 잔액부족"});
            let said = read(ask, 200, &body);
            assert_eq!(said, unapproved(failed("REJECT_CARD_PAYMENT")));
        }
        // Money with a refund in flight was captured before.
        for ask in asks().into_iter().filter(|ask| gives_back(*ask)) {
            let said = read(ask, 200, &untaken(status));
            assert_eq!(said, unapproved(Fact::Undecided), "{ask:?}");
        }
        // No buyer has come back from the window: another one may be opened.
        let nameless = Call {
            name: None,
            ..call(inquiry(None, false))
        };
        let said = come(&nameless, 200, untaken(status).to_string());
        assert_eq!(said, unapproved(Fact::Undecided));
    }
}

/// Whether the order number has nothing that this call could have captured: the name was requested before.
pub(super) fn nothing_to_confirm(ask: Ask) -> bool {
    ask == by_order_number(CONFIRM, true)
}

#[test]
fn another_window_of_the_order_says_nothing_unless_it_took_money() {
    let mut silent: Vec<_> = ["READY", "IN_PROGRESS", "ABORTED", "EXPIRED"]
        .map(untaken)
        .into();
    silent.push(account("WAITING_FOR_DEPOSIT", DUE, false));
    silent.push(account("WAITING_FOR_DEPOSIT", DUE, true));
    let mut canceled = account("CANCELED", DUE, false);
    merge(
        &mut canceled,
        json!({"balanceAmount": 0, "suppliedAmount": 0, "vat": 0}),
    );
    silent.push(canceled);
    for mut body in silent {
        body["paymentKey"] = "tgen_another".into();
        for ask in asks() {
            let expected = if nothing_to_confirm(ask) {
                failed("NOT_THIS_PAYMENT")
            } else {
                Fact::Undecided
            };
            let said = read(ask, 200, &body);
            assert_eq!(said, nameless(expected), "{ask:?} {}", body["status"]);
        }
    }
    for ask in about_taking() {
        let said = read(ask, 200, &payment(json!({"paymentKey": "tgen_another"})));
        let Outcome::Answered {
            name: Some(name),
            fact,
            ..
        } = said
        else {
            panic!("{ask:?}: {said:?}");
        };
        assert_eq!(&*name.0, "tgen_another");
        assert_eq!(fact, Fact::captured(split(10_000, 1_000, 0)), "{ask:?}");
    }
}

#[test]
fn name_of_no_payment_leads_to_the_order_number() {
    for ask in asks() {
        for (status, code) in [
            (404, "NOT_FOUND_PAYMENT"),
            (404, "NOT_FOUND_PAYMENT_SESSION"),
            (404, "NOT_FOUND_HTTP_METHOD"),
            (404, "NOT_FOUND"),
            (405, "NOT_FOUND_HTTP_METHOD"),
            (400, "INVALID_PAYMENT_KEY"),
            (400, "INVALID_REQUEST"),
            (400, "BRAND_NEW_CODE"),
            (414, "BRAND_NEW_CODE"),
        ] {
            let said = error(ask, status, code);
            assert_eq!(said == Outcome::NotThisOne, names(ask), "{ask:?} {code}");
        }
        let page = raw(ask, 404, "<html>Not Found</html>");
        assert_eq!(page == Outcome::NotThisOne, names(ask), "{ask:?}");
        for status in [401, 403, 408, 409, 429, 500, 502] {
            for code in ["UNAUTHORIZED_KEY", "FORBIDDEN_REQUEST", "NOT_FOUND_PAYMENT"] {
                let said = error(ask, status, code);
                assert_ne!(said, Outcome::NotThisOne, "{ask:?} {status} {code}");
            }
        }
    }
    // Without a name that can be a path segment, the order number was used already.
    for name in [None, Some("."), Some(".."), Some("")] {
        let call = Call {
            name: name.map(|name| ProviderPaymentId(name.into())),
            ..call(inquiry(CONFIRM, false))
        };
        let body = json!({"code": "NOT_FOUND_PAYMENT", "message": "x"}).to_string();
        let said = come(&call, 404, body);
        assert_eq!(said, nameless(Fact::Undecided), "{name:?}");
    }
}

#[test]
fn name_of_no_payment_has_certainly_failed_after_the_window() {
    for name in [".", ".."] {
        let asked = |window_over, other_credentials| Call {
            name: Some(ProviderPaymentId(name.into())),
            other_credentials,
            ..call(inquiry(CONFIRM, window_over))
        };
        let nothing = json!({"code": "NOT_FOUND_PAYMENT", "message": "x"}).to_string();
        let own_window = untaken("EXPIRED").to_string();
        let said = |call: &Call| {
            (
                come(call, 404, nothing.clone()),
                come(call, 200, own_window.clone()),
            )
        };
        let ended = (
            nameless(failed("NOT_FOUND_PAYMENT")),
            nameless(failed("NOT_THIS_PAYMENT")),
        );
        let open = (nameless(Fact::Undecided), nameless(Fact::Undecided));
        assert_eq!(said(&asked(true, false)), ended);
        assert_eq!(said(&asked(false, false)), open);
        assert_eq!(said(&asked(true, true)), open);
    }
}

#[test]
fn missing_order_number_is_an_answer_after_the_window() {
    for ask in asks().into_iter().filter(|ask| !names(*ask)) {
        for code in ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION"] {
            let expected = if nothing_to_confirm(ask) {
                nameless(failed(code))
            } else {
                nameless(Fact::Undecided)
            };
            assert_eq!(error(ask, 404, code), expected, "{ask:?}");
        }
        // A wrong address, or a proxy in between, is not Toss's answer about a payment.
        assert_eq!(error(ask, 404, "NOT_FOUND"), Outcome::Unknown);
        assert_eq!(raw(ask, 404, "<html>Not Found</html>"), Outcome::Unknown);
    }
}

#[test]
fn refusal_under_other_credentials_is_never_certain() {
    for ask in asks() {
        let call = Call {
            other_credentials: true,
            ..call(ask)
        };
        let refusals = errors::CODES.iter().filter(|said| said.status != 0);
        for said in refusals {
            let body = json!({"code": said.code, "message": "메시지"}).to_string();
            let said = come(&call, said.status, body);
            assert!(says_nothing(&said), "{ask:?} {said:?}");
        }
        let mut another = untaken("EXPIRED");
        another["paymentKey"] = "tgen_another".into();
        let said = come(&call, 200, another.to_string());
        assert!(says_nothing(&said), "{ask:?} {said:?}");
    }
    // But a payment's own state counts under any credentials.
    let seen = Call {
        other_credentials: true,
        ..call(inquiry(CONFIRM, true))
    };
    assert_eq!(come(&seen, 200, payment(json!({})).to_string()), captured());
    let not_done_yet = Call {
        other_credentials: true,
        ..call(inquiry(CANCEL, true))
    };
    assert_eq!(
        come(&not_done_yet, 200, payment(json!({})).to_string()),
        captured()
    );
}

#[test]
fn refund_is_known_by_the_balance_whoever_made_it() {
    for ask in asks() {
        for reason in [&*our_reason(), "고객 변심"] {
            let said = read(ask, 200, &canceled(reason));
            let gone = Fact::Taken {
                taken: whole(TOTAL),
                left: split(0, 0, 0),
                ours: Some(ours_if(reason == our_reason())),
            };
            assert_eq!(said, answered(gone), "{ask:?} {reason}");
        }
        let left = payment(json!({"status": "CANCELED", "balanceAmount": 1}));
        assert_eq!(read(ask, 200, &left), Outcome::Unknown, "{ask:?}");
    }
}

#[test]
fn missing_cancel_may_still_come() {
    for ask in [inquiry(CANCEL, true), by_order_number(CANCEL, true)] {
        let too_late = read(ask, 200, &payment(json!({})));
        assert_eq!(too_late, answered(refused("CANCEL_NOT_DONE")));
    }
    for ask in [
        Ask::Cancel,
        inquiry(CANCEL, false),
        by_order_number(CANCEL, false),
    ] {
        assert_eq!(read(ask, 200, &payment(json!({}))), captured());
        let partly = |reason: &str| {
            payment(json!({
                "status": "PARTIAL_CANCELED", "balanceAmount": 1_100, "suppliedAmount": 1_000, "vat": 100,
                "cancels": [{"cancelAmount": 9_900, "cancelReason": reason, "cancelStatus": "DONE"}],
            }))
        };
        let rest = |is_ours| Fact::Taken {
            taken: whole(TOTAL),
            left: split(1_000, 100, 0),
            ours: Some(ours_if(is_ours)),
        };
        assert_eq!(read(ask, 200, &partly("고객 변심")), answered(rest(false)));
        // A cancel of all that is left leaves nothing.
        assert_eq!(read(ask, 200, &partly(&our_reason())), Outcome::Unknown);
        let of_a_part = Call {
            amounts: split(9_000, 900, 0),
            ..call(ask)
        };
        let said = come(&of_a_part, 200, partly(&our_reason()).to_string());
        assert_eq!(said, answered(rest(true)));
    }
}

/// The operation of the calls here, where its cancel is among those that are done.
fn ours_if(is_done: bool) -> Vec<OperationId> {
    let ours = is_done.then(|| OperationId::parse(OPERATION).unwrap());
    ours.into_iter().collect()
}

#[test]
fn a_slow_cancel_is_judged_by_its_own_state() {
    let slow = |state: &str, status: &str, left: bool| {
        let (balance, supply, vat) = if left {
            (TOTAL, 10_000, 1_000)
        } else {
            (0, 0, 0)
        };
        payment(json!({
            "status": status, "balanceAmount": balance, "suppliedAmount": supply, "vat": vat,
            "cancels": [{"cancelAmount": TOTAL, "cancelReason": our_reason(), "cancelStatus": state}],
        }))
    };
    for ask in [Ask::Cancel, inquiry(CANCEL, false), inquiry(CANCEL, true)] {
        let under_way = read(ask, 200, &slow("IN_PROGRESS", "DONE", true));
        let none_is_done = Fact::Taken {
            taken: split(10_000, 1_000, 0),
            left: split(10_000, 1_000, 0),
            ours: Some(vec![]),
        };
        assert_eq!(under_way, answered(none_is_done), "{ask:?}");
        let under_way = read(ask, 200, &slow("IN_PROGRESS", "CANCELED", false));
        assert_eq!(under_way, answered(Fact::Undecided), "{ask:?}");
        let given_up = read(ask, 200, &slow("ABORTED", "DONE", true));
        assert_eq!(given_up, answered(refused("CANCEL_ABORTED")), "{ask:?}");
    }
}

#[test]
fn cancel_in_progress_by_others_is_not_done_yet() {
    let said = |state: &str| {
        let mut body = canceled("고객 변심");
        body["cancels"][0]["cancelStatus"] = state.into();
        read(inquiry(None, false), 200, &body)
    };
    assert_eq!(said("IN_PROGRESS"), answered(Fact::Undecided));
    assert_ne!(said("DONE"), answered(Fact::Undecided));
}

#[test]
fn payment_of_another_order_is_recognised_in_any_shape() {
    for changes in [
        json!({"currency": "USD", "totalAmount": 12.5, "balanceAmount": 12.5}),
        json!({"totalAmount": null}),
        json!({"status": "BRAND_NEW"}),
    ] {
        let mut body = payment(changes);
        body["orderId"] = "somebody-elses".into();
        for ask in asks() {
            assert_eq!(read(ask, 200, &body), Outcome::NotThisOne, "{ask:?}");
        }
    }
}

#[test]
fn malformed_descriptive_fields_do_not_invalidate_a_payment() {
    for changes in [
        json!({"card": {"installmentPlanMonths": "three", "number": 7}}),
        json!({"card": "none", "easyPay": 1, "transfer": [], "method": {}, "failure": "none"}),
    ] {
        let said = read(Ask::Confirm, 200, &payment(changes));
        assert_eq!(fact(&said), fact(&captured()), "{said:?}");
    }
}

#[test]
fn account_without_a_deposit_is_canceled_not_refunded() {
    let mut body = account("CANCELED", DUE, false);
    merge(
        &mut body,
        json!({"balanceAmount": 0, "suppliedAmount": 0, "vat": 0}),
    );
    for ask in asks() {
        assert_eq!(read(ask, 200, &body), unapproved(Fact::Canceled), "{ask:?}");
    }
}
