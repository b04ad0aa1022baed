//! Authentication, languages and routes. Contract, section 1.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use daegeum_sandbox::toss::{BooksError, Dial, NoBooks, OtherShop, Settings, Toss};
use http::Method;
use serde_json::json;

use crate::shop::{MINUTE_MS, Shop, basic, confirm, settings};

#[test]
fn only_the_secret_key_with_a_colon_is_let_in() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 1_000);
    let path = format!("/v1/payments/{key}");
    let unpadded = format!("Basic {}", STANDARD_NO_PAD.encode("test_sk_shop:"));
    assert!(!unpadded.ends_with('='), "else this proves nothing");
    let cases = [
        (Some(basic("test_sk_shop")), 200, ""),
        (None, 401, "UNAUTHORIZED_KEY"),
        (Some(basic("test_sk_other")), 401, "UNAUTHORIZED_KEY"),
        (Some(basic("test_ck_shop")), 401, "UNAUTHORIZED_KEY"),
        (
            Some(format!("Basic {}", STANDARD.encode("test_sk_shop"))),
            403,
            "INCORRECT_BASIC_AUTH_FORMAT",
        ),
        (
            Some(format!("Basic {}", STANDARD.encode("test_sk_shop:secret"))),
            403,
            "INCORRECT_BASIC_AUTH_FORMAT",
        ),
        (Some(unpadded), 403, "INCORRECT_BASIC_AUTH_FORMAT"),
        (
            Some("Bearer test_sk_shop".to_owned()),
            403,
            "INCORRECT_BASIC_AUTH_FORMAT",
        ),
    ];
    for (value, status, code) in cases {
        let headers: Vec<_> = value
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        let answer = shop.send(&Method::GET, &path, &headers, "");
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{value:?}"
        );
    }
}

#[test]
fn payment_belongs_to_one_pair_of_keys() {
    let mut shop = Shop::new();
    let mut order = crate::shop::order("order-1", 1_000);
    order["clientKey"] = json!("test_gck_shop");
    let key = shop.open(order);
    shop.toss.approve(shop.now_ms, &key, None, None).unwrap();
    shop.confirm(&key, "order-1", 1_000)
        .is_refused(400, "INVALID_API_KEY");
    let widget = basic("test_gsk_shop");
    let body = confirm(&key, "order-1", 1_000).to_string();
    let headers = [("authorization", widget.as_str())];
    shop.send(&Method::POST, "/v1/payments/confirm", &headers, body)
        .is_payment("DONE");
}

#[test]
fn live_keys_are_refused() {
    for which in 0..3 {
        let mut wrong = settings();
        match which {
            0 => wrong.client_key = "live_ck_shop".to_owned(),
            1 => wrong.secret_key = "live_sk_shop".to_owned(),
            _ => wrong.widget_keys = Some(("test_gck".to_owned(), "live_gsk".to_owned())),
        }
        let opened = Toss::open(Box::new(NoBooks), wrong);
        assert!(matches!(opened, Err(BooksError::LiveKey)));
    }
    assert!(!format!("{:?}", Settings::default()).contains("test_sk"));
}

#[test]
fn errors_are_english_on_request() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 1_000);
    let auth = basic("test_sk_shop");
    let path = format!("/v1/payments/{key}");
    for (language, method) in [
        ("ko-KR", "카드"),
        ("en-US", "CARD"),
        ("fr, en;q=0.5", "카드"),
    ] {
        let headers = [
            ("authorization", auth.as_str()),
            ("accept-language", language),
        ];
        assert_eq!(
            shop.send(&Method::GET, &path, &headers, "").body["method"],
            method
        );
    }
    let headers = [("authorization", auth.as_str()), ("accept-language", "en")];
    let missing = shop.send(&Method::GET, "/v1/payments/none", &headers, "");
    assert_eq!(missing.body["message"], "There is no such payment.");
}

#[test]
fn unknown_paths_are_not_found() {
    let mut shop = Shop::new();
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/v1/payments"),
        (Method::GET, "/v1/payments/confirm"),
        (Method::DELETE, "/v1/payments/some"),
        (Method::POST, "/v1/payments/some"),
        (Method::POST, "/v1/payments/orders/order-1"),
        (Method::GET, "/v1/payments/some/cancel"),
        (Method::POST, "/v1/virtual-accounts"),
        (Method::GET, "/sandbox/nothing"),
    ] {
        let headers = [("content-type", "application/json")];
        shop.send(&method, path, &headers, "{}")
            .is_refused(404, "NOT_FOUND");
    }
}

#[test]
fn a_test_code_is_answered_with_its_documented_status() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 1_000);
    for (code, status) in [
        ("INVALID_STOPPED_CARD", 400),
        ("PROVIDER_ERROR", 400),
        ("EXCEED_MAX_PAYMENT_AMOUNT", 400),
        ("UNAUTHORIZED_KEY", 401),
        ("REJECT_CARD_COMPANY", 403),
        ("REJECT_ACCOUNT_PAYMENT", 403),
        ("FDS_ERROR", 403),
        ("FORBIDDEN_CONSECUTIVE_REQUEST", 403),
        ("NOT_FOUND_PAYMENT_SESSION", 404),
        ("IDEMPOTENT_REQUEST_PROCESSING", 409),
        ("FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", 500),
        ("UNKNOWN_PAYMENT_ERROR", 500),
    ] {
        let headers = [
            ("tosspayments-test-code", code),
            ("idempotency-key", "once"),
        ];
        let body = confirm(&key, "order-1", 1_000);
        shop.post_with("/v1/payments/confirm", &headers, &body)
            .is_refused(status, code);
    }
    for wrong in ["NO_SUCH_CODE", "", "reject_card_company"] {
        let headers = [("tosspayments-test-code", wrong)];
        shop.post_with("/v1/payments/confirm", &headers, &json!({}))
            .is_refused(400, "INVALID_TEST_CODE");
    }
    shop.inquire(&key).is_payment("IN_PROGRESS");
}

#[test]
fn each_api_has_its_own_hundred_a_minute() {
    let mut shop = Shop::new();
    let key = shop.paid("order-1", 1_000);
    let free = (0..150).all(|_| shop.inquire(&key).status == 200);
    assert!(free, "there is no limit unless it is set");
    let dial = Dial {
        requests_per_minute: Some(100),
        ..Dial::default()
    };
    shop.toss.set_dial(dial).unwrap();
    for _ in 0..100 {
        shop.inquire(&key).is_payment("DONE");
    }
    shop.inquire(&key).is_refused(429, "TOO_MANY_REQUESTS");
    shop.get("/v1/payments/orders/order-1").is_payment("DONE");
    shop.pass(MINUTE_MS);
    shop.inquire(&key).is_payment("DONE");
}

fn other_shop() -> OtherShop {
    OtherShop {
        client_key: "test_ck_other".to_owned(),
        secret_key: "test_sk_other".to_owned(),
        merchant_id: "tother".to_owned(),
    }
}

#[test]
fn another_shops_keys_do_not_find_this_shops_payments() {
    let mut shop = Shop::with(Settings {
        other_shop: Some(other_shop()),
        ..settings()
    });
    let auth = basic("test_sk_other");
    let as_other = [
        ("authorization", auth.as_str()),
        ("idempotency-key", "k"),
        ("content-type", "application/json"),
    ];
    let paid = shop.paid("order-1", 1_000);
    let approved = shop.approved("order-2", 1_000);
    for path in [
        format!("/v1/payments/{paid}"),
        "/v1/payments/orders/order-1".to_owned(),
    ] {
        shop.send(&Method::GET, &path, &as_other, "")
            .is_refused(404, "NOT_FOUND_PAYMENT");
        shop.get(&path).is_payment("DONE");
    }
    let body = confirm(&approved, "order-2", 1_000).to_string();
    shop.send(&Method::POST, "/v1/payments/confirm", &as_other, body)
        .is_refused(404, "NOT_FOUND_PAYMENT");
    let cancel = format!("/v1/payments/{paid}/cancel");
    let reason = json!({"cancelReason": "x"}).to_string();
    shop.send(&Method::POST, &cancel, &as_other, reason)
        .is_refused(404, "NOT_FOUND_PAYMENT");
    // The same idempotency key under this shop's keys is another one.
    shop.post_with(
        "/v1/payments/confirm",
        &[("idempotency-key", "k")],
        &confirm(&approved, "order-2", 1_000),
    )
    .is_payment("DONE");
    assert_eq!(
        shop.get(&format!("/v1/payments/{paid}")).body["mId"],
        "tshop"
    );
}

#[test]
fn live_keys_of_another_shop_are_refused() {
    for live in [true, false] {
        let mut other = other_shop();
        if live {
            other.secret_key = "live_sk_other".to_owned();
        } else {
            other.client_key = "live_ck_other".to_owned();
        }
        let settings = Settings {
            other_shop: Some(other),
            ..settings()
        };
        let opened = Toss::open(Box::new(NoBooks), settings);
        assert!(matches!(opened, Err(BooksError::LiveKey)));
    }
}
