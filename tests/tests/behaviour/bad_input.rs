//! Invalid requests: each gets its stable code and changes nothing.

mod paths;
mod values;

use daegeum_tests::{Answer, Caller, NoAnswer, Order, Payment, Shop, Success};
use reqwest::Method;
use serde_json::json;

/// A shop with one order and one payment, and what there is to know about whether it changed.
struct Untouched {
    shop: Shop,
    order: Order,
    payment: Payment,
    before: (u64, Vec<u8>, Vec<u8>),
}

impl Untouched {
    async fn open() -> Self {
        let shop = Shop::open().await;
        let order = shop.order("o-1").register().await;
        let payment = order.pay().await;
        let before = seen(&shop, &order, &payment).await;
        Self {
            shop,
            order,
            payment,
            before,
        }
    }

    async fn unchanged(&self) {
        assert_eq!(
            seen(&self.shop, &self.order, &self.payment).await,
            self.before
        );
    }
}

async fn seen(shop: &Shop, order: &Order, payment: &Payment) -> (u64, Vec<u8>, Vec<u8>) {
    (
        shop.last_event().await,
        order.now().await.bytes,
        payment.now().await.bytes,
    )
}

/// Sends a body as it is; the answer has to be this refusal.
async fn refused(caller: &Caller, path: &str, body: &[u8], status: u16, code: &str) {
    let answer = caller.post_raw(path, body).await;
    let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    assert_eq!(
        (answer.status, answer.code()),
        (status, code),
        "{path} {shown}: {}",
        answer.body()
    );
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(!answer.text("request_id").is_empty());
}

#[tokio::test]
async fn invalid_body_is_refused_by_field() {
    let world = Untouched::open().await;
    let merchant = world.shop.merchant();
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let complete = world.payment.path("/mock/complete");
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("/api/v1/payments", b"".into(), "EMPTY_BODY"),
        ("/api/v1/payments", b"{".into(), "MALFORMED_JSON"),
        ("/api/v1/payments", b"{}{}".into(), "MALFORMED_JSON"),
        (
            "/api/v1/payments",
            b"{\"order_id\":\"\xff\"}".into(),
            "MALFORMED_JSON",
        ),
        (
            "/api/v1/payments",
            b"\xef\xbb\xbf\xef\xbb\xbf{}".into(),
            "MALFORMED_JSON",
        ),
        ("/api/v1/payments", b"\xef\xbb\xbf".into(), "EMPTY_BODY"),
        (
            "/api/v1/payments",
            b"{'order_id':1}".into(),
            "MALFORMED_JSON",
        ),
        (
            "/api/v1/payments",
            b"{\"amount\":NaN}".into(),
            "MALFORMED_JSON",
        ),
        (
            "/api/v1/payments",
            b"{\"amount\":011000}".into(),
            "MALFORMED_JSON",
        ),
        ("/api/v1/payments", b"{}".into(), "MISSING_FIELD"),
        ("/api/v1/payments", b"[]".into(), "WRONG_TYPE"),
        ("/api/v1/payments", b"null".into(), "WRONG_TYPE"),
        (
            "/api/v1/payments",
            br#"{"order_id":"o-1","order_id":"o-1","amount":11000,"idempotency_key":"k"}"#.into(),
            "DUPLICATE_FIELD",
        ),
        (
            "/api/v1/payments",
            br#"{"order_id":"o-1","amount":11000,"amount":11000,"idempotency_key":"k"}"#.into(),
            "DUPLICATE_FIELD",
        ),
        (
            "/api/v1/payments",
            br#"{"order_id":"o-1","amount":11000,"idempotency_key":"k","idempotency_key":"k"}"#
                .into(),
            "DUPLICATE_FIELD",
        ),
        (
            "/api/v1/payments",
            br#"{"order_id":"o-1","amount":11000,"idempotency_key":"k","Amount":1}"#.into(),
            "UNKNOWN_FIELD",
        ),
        (
            "/api/v1/payments",
            br#"{"order_id":7,"amount":11000,"idempotency_key":"k"}"#.into(),
            "WRONG_TYPE",
        ),
        (
            "/api/v1/payments",
            br#"{"order_id":null,"amount":11000,"idempotency_key":"k"}"#.into(),
            "WRONG_TYPE",
        ),
        ("/api/v1/payments", deep(33).into(), "NESTED_TOO_DEEP"),
        ("/api/v1/payments", deep(100_000).into(), "NESTED_TOO_DEEP"),
        ("/api/v1/orders", deep(100_000).into(), "NESTED_TOO_DEEP"),
        (
            &complete,
            br#"{"result":"success"}"#.into(),
            "INVALID_VALUE",
        ),
        (
            &complete,
            br#"{"result":"SUCCESS","amount":1}"#.into(),
            "UNKNOWN_FIELD",
        ),
        (&complete, br#"{"result":true}"#.into(), "WRONG_TYPE"),
        (
            &complete,
            br#"{"result":"SUCCESS","result":"FAIL"}"#.into(),
            "DUPLICATE_FIELD",
        ),
    ];
    for (path, body, code) in table {
        refused(&merchant, path, &body, 400, code).await;
    }
    world.unchanged().await;
}

#[tokio::test]
async fn oversized_or_foreign_body_is_not_read() {
    let world = Untouched::open().await;
    let merchant = world.shop.merchant();
    let large = |bytes: usize| format!("{{\"order_id\":\"{}\"}}", "x".repeat(bytes)).into_bytes();
    refused(
        &merchant,
        "/api/v1/payments",
        &large(300 << 10),
        413,
        "BODY_TOO_LARGE",
    )
    .await;
    // The server need not read it all: it may close the connection once it has answered.
    let huge = merchant.request(Method::POST, "/api/v1/payments");
    let huge = huge
        .header("content-type", "application/json")
        .body(large(64 << 20));
    if let Ok(answer) = Answer::try_to(huge).await {
        assert_eq!((answer.status, answer.code()), (413, "BODY_TOO_LARGE"));
    }
    let body = json!({"order_id": "o-1", "amount": 11_000, "idempotency_key": "k"}).to_string();
    for (header, value, status, code) in [
        ("content-type", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (
            "content-type",
            "application/x-www-form-urlencoded",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            "content-encoding",
            "gzip",
            415,
            "UNSUPPORTED_CONTENT_ENCODING",
        ),
    ] {
        let mut request = merchant
            .request(Method::POST, "/api/v1/payments")
            .body(body.clone());
        if header != "content-type" {
            request = request.header("content-type", "application/json");
        }
        Answer::to(request.header(header, value))
            .await
            .refused(status, code);
    }
    world.unchanged().await;
}

/// A body without meaning, at the right path: refused by every path that takes a body.
#[tokio::test]
async fn meaningless_body_is_refused_by_every_path() {
    let world = Untouched::open().await;
    let (merchant, admin) = (world.shop.merchant(), world.shop.admin());
    let resolve = format!("/api/v1/admin/payments/{}/resolve", world.payment.id);
    let complete = world.payment.path("/mock/complete");
    let with_body = [
        (&merchant, "/api/v1/orders"),
        (&merchant, "/api/v1/payments"),
        (&merchant, &complete),
        (&admin, &resolve),
    ];
    for (caller, path) in with_body {
        refused(caller, path, b"{\"surprise\":", 400, "MALFORMED_JSON").await;
        refused(caller, path, b"[1,2]", 400, "WRONG_TYPE").await;
        refused(
            caller,
            path,
            b"{\"a\":{\"b\":1,\"b\":2}}",
            400,
            "DUPLICATE_FIELD",
        )
        .await;
    }
    for reason in [json!(""), json!("x".repeat(501))] {
        let body = json!({"resolution": "return", "reason": reason});
        admin
            .post(&resolve, &body)
            .await
            .refused(400, "INVALID_VALUE");
    }
    world.unchanged().await;
    world.payment.complete(NoAnswer).await.expect(202);
}

/// An action refuses unknown fields instead of ignoring them: partial capture does not exist yet.
#[tokio::test]
async fn action_refuses_unknown_fields() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").on_confirmation().register().await;
    let payment = order.pay().await;
    payment.complete(Success).await.expect(200);
    let capture = format!("/api/v1/payments/{}/capture", payment.id);
    let merchant = shop.merchant();
    let part = serde_json::json!({ "amount": 5_000 });
    merchant
        .post(&capture, &part)
        .await
        .refused(400, "UNKNOWN_FIELD");
    let asked = format!("{capture}?amount=5000");
    let nothing = serde_json::json!({});
    merchant
        .post(&asked, &nothing)
        .await
        .refused(400, "UNKNOWN_PARAMETER");
    let read = format!("/api/v1/payments/{}?x=1", payment.id);
    merchant.get(&read).await.refused(400, "UNKNOWN_PARAMETER");
    let worded = serde_json::json!({ "result": { "SUCCESS": null } });
    let complete = format!("/api/v1/payments/{}/mock/complete", payment.id);
    merchant
        .post(&complete, &worded)
        .await
        .refused(400, "WRONG_TYPE");
    payment.capture().await.expect(200);
}

#[tokio::test]
async fn a_byte_order_mark_and_utf8_without_its_hyphen_are_read() {
    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let body = r#"{"order_id":"o-1","amount":11000,"idempotency_key":"k"}"#;
    let send = async |kind: &str, body: String| {
        let request = shop.merchant().request(Method::POST, "/api/v1/payments");
        Answer::to(request.header("content-type", kind).body(body)).await
    };
    let marked = send("application/json", format!("\u{feff}{body}")).await;
    let marked = marked.expect(201);
    let plain = send("application/json;charset=UTF8", body.to_owned()).await;
    let plain = plain.expect(201);
    assert!(plain.replayed(), "a mark does not make another request");
    assert_eq!(marked.bytes, plain.bytes);
    let other = send("application/json;charset=utf-16", body.to_owned()).await;
    other.refused(415, "UNSUPPORTED_MEDIA_TYPE");
}
