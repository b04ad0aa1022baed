//! The browser's side: the script, the window, and where it leads. Contract, section 2.

use daegeum_sandbox::toss::OpenWindow;
use http::Method;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, basic, confirm, order};

fn visit(shop: &mut Shop, path: &str, language: &str) -> Answer {
    shop.send(&Method::GET, path, &[("accept-language", language)], "")
}

fn leave(shop: &mut Shop, key: &str, form: &str) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/sandbox/pay/{key}");
    shop.send(&Method::POST, &path, &headers, form.to_owned())
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// As the script opens it.
fn opened_by_script(shop: &mut Shop, request: &Value) -> Answer {
    let query = format!("/sandbox/window?request={}", percent(&request.to_string()));
    visit(shop, &query, "ko")
}

fn percent(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn the_script_is_at_the_sdks_paths() {
    let mut shop = Shop::new();
    for path in ["/v1", "/v1/payment", "/v2/standard"] {
        let script = visit(&mut shop, path, "ko");
        assert_eq!(script.status, 200);
        assert!(
            script.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/javascript")
        );
        assert_eq!(
            script.headers["cross-origin-resource-policy"],
            "cross-origin"
        );
        let text = String::from_utf8(script.bytes.to_vec()).unwrap();
        assert!(text.contains("window.TossPayments = TossPayments"));
    }
}

#[test]
fn a_buyer_approves_and_the_shop_confirms() {
    let mut shop = Shop::new();
    let mut request = order("order-1", 11_000);
    request["clientKey"] = json!("test_ck_shop");
    let page = location(&opened_by_script(&mut shop, &request));
    let key = page.strip_prefix("/sandbox/pay/").unwrap().to_owned();
    let window = visit(&mut shop, &page, "ko");
    let html = String::from_utf8(window.bytes.to_vec()).unwrap();
    for text in [
        "lang=\"ko\"",
        "모의 결제창",
        "두 밤",
        "11,000원",
        "order-1",
        "승인",
        "REJECT_CARD_COMPANY",
    ] {
        assert!(html.contains(text), "{text}");
    }
    let policy = window.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert!(!html.contains("<script>") && !html.contains("style="));
    let success = location(&leave(
        &mut shop,
        &key,
        "action=approve&method=EASY_PAY&code=REJECT_CARD_COMPANY",
    ));
    assert_eq!(
        success,
        format!("https://shop.example/ok?paymentKey={key}&orderId=order-1&amount=11000")
    );
    let done = shop.confirm(&key, "order-1", 11_000);
    done.is_payment("DONE");
    assert_eq!(done.body["method"], "간편결제");
    // Back and approved again: nothing more happens.
    assert_eq!(leave(&mut shop, &key, "action=approve").status, 404);
    assert_eq!(visit(&mut shop, &page, "ko").status, 404);
    let receipt = visit(&mut shop, &format!("/sandbox/receipts/{key}"), "ko");
    assert_eq!(receipt.status, 200);
}

#[test]
fn english_windows_are_english() {
    let mut shop = Shop::new();
    let key = shop.open(order("order-1", 1_234_567));
    let html = visit(&mut shop, &format!("/sandbox/pay/{key}"), "en-US,en");
    let html = String::from_utf8(html.bytes.to_vec()).unwrap();
    for text in [
        "lang=\"en\"",
        "Simulated payment window",
        "₩1,234,567",
        "Approve",
        "Card",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn a_buyer_cancels_or_is_declined() {
    let mut shop = Shop::new();
    let key = shop.open(order("order-1", 1_000));
    let led = location(&leave(
        &mut shop,
        &key,
        "action=cancel&code=REJECT_CARD_COMPANY",
    ));
    assert!(
        led.starts_with("https://shop.example/sorry?from=toss&code=PAY_PROCESS_CANCELED&message=")
    );
    assert!(!led.contains("orderId"), "absent when the buyer canceled");
    shop.inquire(&key).is_payment("READY");
    assert_eq!(
        leave(&mut shop, &key, "action=approve").status,
        404,
        "the window is left"
    );

    let key = shop.open(order("order-2", 1_000));
    let led = location(&leave(
        &mut shop,
        &key,
        "action=decline&code=INVALID_STOPPED_CARD",
    ));
    assert!(
        led.contains("code=INVALID_STOPPED_CARD&message=") && led.ends_with("&orderId=order-2")
    );
    shop.inquire(&key).is_payment("READY");

    let key = shop.open(order("order-3", 1_000));
    let led = location(&leave(
        &mut shop,
        &key,
        "action=approve-then-decline&code=NOT_ENOUGH_AMOUNT",
    ));
    assert!(led.starts_with("https://shop.example/ok?paymentKey="));
    shop.confirm(&key, "order-3", 1_000)
        .is_refused(400, "NOT_ENOUGH_AMOUNT");

    let key = shop.open(order("order-4", 1_000));
    assert_eq!(leave(&mut shop, &key, "action=steal").status, 400);
    assert_eq!(
        leave(&mut shop, "tgen_nobody", "action=approve").status,
        404
    );
}

#[test]
fn windows_can_be_driven_by_an_api() {
    let mut shop = Shop::new();
    let opened = shop.desk(&Method::POST, "/sandbox/windows", &order("order-1", 1_000));
    let key = opened.body["paymentKey"].as_str().unwrap().to_owned();
    assert_eq!(
        opened.body["url"],
        format!("http://127.0.0.1:4100/sandbox/pay/{key}")
    );
    let verb = |shop: &mut Shop, key: &str, verb: &str, body: Value| {
        shop.desk(
            &Method::POST,
            &format!("/sandbox/windows/{key}/{verb}"),
            &body,
        )
    };
    let closed = verb(&mut shop, &key, "close", json!({}));
    assert_eq!(closed.body, json!({"redirect": null}));
    let approved = verb(&mut shop, &key, "approve", json!({"method": "TRANSFER"}));
    let redirect = format!("https://shop.example/ok?paymentKey={key}&orderId=order-1&amount=1000");
    assert_eq!(approved.body["redirect"], redirect);
    assert_eq!(
        shop.confirm(&key, "order-1", 1_000).body["method"],
        "계좌이체"
    );

    for (end, code) in [
        ("decline", "REJECT_CARD_COMPANY"),
        ("cancel", "PAY_PROCESS_CANCELED"),
    ] {
        let order_id = format!("order-{end}");
        let opened = shop.desk(&Method::POST, "/sandbox/windows", &order(&order_id, 1_000));
        let key = opened.body["paymentKey"].as_str().unwrap().to_owned();
        let left = verb(&mut shop, &key, end, json!({}));
        assert!(left.body["redirect"].as_str().unwrap().contains(code));
        verb(&mut shop, &key, "approve", json!({})).is_refused(404, "NOT_FOUND_PAYMENT_SESSION");
    }
    let plain = shop.send(&Method::POST, "/sandbox/windows", &[], "{}");
    assert_eq!(plain.status, 415);
}

#[test]
fn the_widget_leads_back_with_its_type() {
    let mut shop = Shop::new();
    let mut asked = order("order-1", 1_000);
    asked["clientKey"] = json!("test_gck_shop");
    let key = shop.open(asked);
    let html = visit(&mut shop, &format!("/sandbox/pay/{key}"), "ko");
    assert!(
        String::from_utf8_lossy(&html.bytes).contains("VIRTUAL_ACCOUNT"),
        "all methods"
    );
    let led = location(&leave(&mut shop, &key, "action=approve"));
    assert!(led.ends_with("&paymentType=NORMAL"));
    let widget = basic("test_gsk_shop");
    let body = confirm(&key, "order-1", 1_000).to_string();
    shop.send(
        &Method::POST,
        "/v1/payments/confirm",
        &[("authorization", &widget)],
        body,
    )
    .is_payment("DONE");
}

#[test]
fn window_without_urls_tells_its_opener() {
    let mut shop = Shop::new();
    let mut asked = order("order-1", 1_000);
    let fields = asked.as_object_mut().unwrap();
    fields.remove("successUrl");
    fields.remove("failUrl");
    asked["opener"] = json!("http://127.0.0.1:8080");
    let key = shop.open(asked.clone());
    let told = leave(&mut shop, &key, "action=approve");
    assert_eq!(told.status, 200);
    let html = String::from_utf8(told.bytes.to_vec()).unwrap();
    for text in [
        "data-opener=\"http://127.0.0.1:8080\"",
        "data-amount=\"1000\"",
        "data-code=\"\"",
        &key,
    ] {
        assert!(html.contains(text), "{text}");
    }
    asked["orderId"] = json!("order-2");
    let key = shop.open(asked);
    let told = leave(&mut shop, &key, "action=cancel");
    assert!(String::from_utf8_lossy(&told.bytes).contains("data-code=\"USER_CANCEL\""));
}

#[test]
fn requests_that_the_sdk_refuses_are_refused() {
    let mut shop = Shop::new();
    for (field, value, code) in [
        ("clientKey", json!("test_ck_other"), "INVALID_CLIENT_KEY"),
        ("method", json!("BITCOIN"), "NOT_SUPPORTED_METHOD"),
        ("orderId", json!("short"), "INVALID_ORDER_ID"),
        ("orderId", json!("o".repeat(65)), "INVALID_ORDER_ID"),
        ("orderId", json!("order 1"), "INVALID_ORDER_ID"),
        ("orderId", json!("주문번호-하나"), "INVALID_ORDER_ID"),
        ("orderName", json!(""), "INVALID_ORDER_NAME"),
        ("orderName", json!("밤".repeat(101)), "INVALID_ORDER_NAME"),
        ("customerKey", json!("x"), "INVALID_CUSTOMER_KEY"),
        (
            "amount",
            json!({"value": 1_000, "currency": "USD"}),
            "INVALID_CURRENCY",
        ),
        ("amount", json!(99), "BELOW_MINIMUM_AMOUNT"),
        ("amount", json!(10_000_000_000_i64), "EXCEED_MAX_AMOUNT"),
        ("amount", Value::Null, "REQUIRED_AMOUNT"),
        ("taxFreeAmount", json!(1_001), "INVALID_REQUEST"),
        (
            "successUrl",
            json!("javascript:alert(1)"),
            "INCORRECT_SUCCESS_URL_FORMAT",
        ),
        ("failUrl", json!("/relative"), "INCORRECT_FAIL_URL_FORMAT"),
        ("failUrl", Value::Null, "INCORRECT_FAIL_URL_FORMAT"),
        ("validHours", json!(2_161), "EXCEED_MAX_VALID_HOURS"),
        (
            "metadata",
            json!({"k": "v".repeat(2_001)}),
            "INVALID_REQUEST",
        ),
    ] {
        let mut asked = order("order-1", 1_000);
        asked[field] = value;
        let refused = shop.desk(&Method::POST, "/sandbox/windows", &asked);
        assert_eq!(refused.code(), code, "{field}: {refused:?}");
        let open: OpenWindow = serde_json::from_value(asked).unwrap();
        assert!(shop.toss.open_window(shop.now_ms, &open).is_err());
    }
    let mut transfer = order("order-1", 199);
    transfer["method"] = json!("TRANSFER");
    shop.desk(&Method::POST, "/sandbox/windows", &transfer)
        .is_refused(400, "BELOW_MINIMUM_AMOUNT");
}

#[test]
fn a_window_that_cannot_be_opened_leads_to_the_fail_url() {
    let mut shop = Shop::new();
    let mut asked = order("order-1", 1_000);
    asked["clientKey"] = json!("test_ck_other");
    let led = location(&opened_by_script(&mut shop, &asked));
    assert!(led.starts_with("https://shop.example/sorry?from=toss&code=INVALID_CLIENT_KEY"));
    asked["failUrl"] = json!("javascript:alert(1)");
    let page = opened_by_script(&mut shop, &asked);
    assert_eq!(page.status, 400);
    assert!(!page.headers.contains_key("location"));
    assert_eq!(
        visit(&mut shop, "/sandbox/window?request=%7B", "ko").status,
        400
    );
}

#[test]
fn input_is_escaped_in_pages() {
    let mut shop = Shop::new();
    let mut asked = order("order-1", 1_000);
    asked["orderName"] = json!("<img src=x onerror=\"alert('1')\">&");
    let key = shop.open(asked);
    let html = visit(&mut shop, &format!("/sandbox/pay/{key}"), "ko");
    let html = String::from_utf8(html.bytes.to_vec()).unwrap();
    assert!(!html.contains("<img"));
    assert!(html.contains("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;"));
}

#[test]
fn a_fragment_stays_last() {
    let mut shop = Shop::new();
    let mut asked = order("order-1", 1_000);
    asked["successUrl"] = json!("https://shop.example/?a=1#/done");
    let key = shop.open(asked);
    let led = shop
        .toss
        .approve(shop.now_ms, &key, None, None)
        .unwrap()
        .unwrap();
    assert_eq!(
        led,
        format!("https://shop.example/?a=1&paymentKey={key}&orderId=order-1&amount=1000#/done")
    );
}
