//! Requests to Toss, byte for byte.

use super::*;

fn sent(call: &Call) -> Request<Bytes> {
    toss().request(call)
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn a_confirm_is_a_post_with_three_fields_and_the_operation_as_its_key() {
    let request = sent(&call(Ask::Confirm));
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri(),
        "https://api.tosspayments.com/v1/payments/confirm"
    );
    assert_eq!(
        body(&request),
        json!({"paymentKey": KEY, "orderId": ORDER, "amount": 11_000})
    );
    let headers = request.headers();
    assert_eq!(headers["idempotency-key"], OPERATION);
    assert_eq!(headers["content-type"], "application/json");
    // `printf 'test_sk_zXLkKEypNArWmo50:' | base64`
    let basic = "Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwOg==";
    assert_eq!(headers["authorization"], basic);
    assert!(headers["authorization"].is_sensitive());
    assert!(!format!("{request:?}").contains("dGVzdF"));
}

#[test]
fn cancel_names_the_operation_and_sends_its_amounts_with_what_should_be_left() {
    let request = sent(&call(Ask::Cancel));
    assert_eq!(request.uri().path(), format!("/v1/payments/{KEY}/cancel"));
    assert_eq!(
        body(&request),
        json!({
            "cancelReason": our_reason(), "cancelAmount": 11_000, "taxFreeAmount": 0, "refundableAmount": 11_000,
        })
    );
    assert!(our_reason().chars().count() <= 200);
    assert_eq!(request.headers()["idempotency-key"], OPERATION);

    let of_a_part = Call {
        amounts: split(2_727, 273, 2_000),
        there: split(5_455, 545, 3_000),
        ..call(Ask::Cancel)
    };
    let said = body(&sent(&of_a_part));
    assert_eq!(said["cancelAmount"], 5_000);
    assert_eq!(said["taxFreeAmount"], 2_000);
    assert_eq!(said["refundableAmount"], 9_000);
    // An account that waits for its deposit is closed.
    let account = Call {
        amounts: split(0, 0, 0),
        ..call(Ask::Cancel)
    };
    assert_eq!(body(&sent(&account)), json!({"cancelReason": our_reason()}));
}

#[test]
fn an_inquiry_is_a_get_by_key_or_by_our_own_number() {
    let path = format!("/v1/payments/orders/{ORDER}");
    let request = sent(&call(by_order_number(None, false)));
    assert_eq!(
        (request.method().as_str(), request.uri().path()),
        ("GET", &*path)
    );
    let ask = inquiry(None, false);
    let request = sent(&call(ask));
    assert_eq!(request.method(), "GET");
    assert_eq!(request.uri().path(), format!("/v1/payments/{KEY}"));
    assert!(request.body().is_empty());
    assert!(!request.headers().contains_key("idempotency-key"));
    assert!(request.headers().contains_key("authorization"));

    let nameless = Call {
        name: None,
        ..call(ask)
    };
    assert_eq!(sent(&nameless).uri().path(), path);
    let nameless = Call {
        name: None,
        ..call(Ask::Cancel)
    };
    let request = sent(&nameless);
    assert_eq!(
        (request.method().as_str(), request.uri().path()),
        ("GET", &*path)
    );
}

#[test]
fn the_same_call_is_the_same_request() {
    for ask in asks() {
        let (one, other) = (sent(&call(ask)), sent(&call(ask)));
        assert_eq!(one.uri(), other.uri());
        assert_eq!(one.headers(), other.headers());
        assert_eq!(one.body(), other.body());
    }
}

#[test]
fn money_call_has_a_minute_and_an_inquiry_less() {
    for ask in asks() {
        let seconds = toss().deadline(ask).as_secs();
        let money = !matches!(ask, Ask::Inquire { .. });
        assert_eq!(seconds, if money { 60 } else { 30 });
    }
}

#[test]
fn hostile_key_changes_neither_path_nor_headers() {
    for (key, path) in [
        (
            "a/../../v1/settlements",
            "/v1/payments/a%2F..%2F..%2Fv1%2Fsettlements",
        ),
        ("a?x=1#y", "/v1/payments/a%3Fx%3D1%23y"),
        ("a\r\nX-Evil: 1", "/v1/payments/a%0D%0AX-Evil%3A%201"),
        ("a%2Fb", "/v1/payments/a%252Fb"),
        ("a\\b@c:d", "/v1/payments/a%5Cb%40c%3Ad"),
        ("열쇠", "/v1/payments/%EC%97%B4%EC%87%A0"),
        ("a b\0", "/v1/payments/a%20b%00"),
    ] {
        let hostile = |ask| Call {
            name: Some(ProviderPaymentId(key.into())),
            ..call(ask)
        };
        let request = sent(&hostile(inquiry(None, false)));
        assert_eq!(request.uri().path(), path);
        assert_eq!(request.uri().query(), None);
        assert_eq!(request.uri().host(), Some("api.tosspayments.com"));
        assert_eq!(request.headers().len(), 3);
        let cancel = sent(&hostile(Ask::Cancel));
        assert_eq!(cancel.uri().path(), format!("{path}/cancel"));
        assert_eq!(body(&sent(&hostile(Ask::Confirm)))["paymentKey"], key);
    }
}

#[test]
fn malformed_key_is_not_looked_up() {
    let long = "k".repeat(201);
    for key in ["", ".", "..", &long] {
        let call = Call {
            name: Some(ProviderPaymentId(key.into())),
            ..call(Ask::Cancel)
        };
        let request = sent(&call);
        let path = format!("/v1/payments/orders/{ORDER}");
        assert_eq!(
            (request.method().as_str(), request.uri().path()),
            ("GET", &*path)
        );
    }
}

#[test]
fn capture_and_void_become_inquiries() {
    for ask in [Ask::Capture, Ask::Void] {
        let request = sent(&call(ask));
        let path = format!("/v1/payments/orders/{ORDER}");
        assert_eq!(
            (request.method().as_str(), request.uri().path()),
            ("GET", &*path)
        );
        assert!(request.body().is_empty());
    }
}
