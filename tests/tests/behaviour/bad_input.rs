//! What nobody should send: each has its stable code, and nothing has changed afterwards.

use daegeum_tests::{Answer, Caller, NoAnswer, Order, Payment, Shop};
use reqwest::Method;
use serde_json::{Value, json};

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
async fn a_body_that_is_not_what_the_path_takes_is_refused_by_name() {
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
            b"\xef\xbb\xbf{}".into(),
            "MALFORMED_JSON",
        ),
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
        (&complete, br#"{"result":true}"#.into(), "INVALID_VALUE"),
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
async fn an_amount_is_a_whole_number_of_won_and_nothing_else() {
    let world = Untouched::open().await;
    let merchant = world.shop.merchant();
    for (amount, status, code) in [
        ("0", 422, "AMOUNT_OUT_OF_RANGE"),
        ("-0", 400, "WRONG_TYPE"),
        ("-11000", 422, "AMOUNT_OUT_OF_RANGE"),
        ("9007199254740992", 422, "AMOUNT_OUT_OF_RANGE"),
        ("18446744073709551615", 422, "AMOUNT_OUT_OF_RANGE"),
        ("10999", 422, "AMOUNT_MISMATCH"),
        ("11000.5", 400, "WRONG_TYPE"),
        ("11000.0", 400, "WRONG_TYPE"),
        ("1.1e4", 400, "WRONG_TYPE"),
        ("1e400", 400, "MALFORMED_JSON"),
        ("\"11000\"", 400, "WRONG_TYPE"),
        ("[11000]", 400, "WRONG_TYPE"),
        ("true", 400, "WRONG_TYPE"),
        ("null", 400, "WRONG_TYPE"),
    ] {
        let key = amount.trim_matches('"');
        let payment =
            format!(r#"{{"order_id":"o-1","amount":{amount},"idempotency_key":"a{key}"}}"#);
        refused(
            &merchant,
            "/api/v1/payments",
            payment.as_bytes(),
            status,
            code,
        )
        .await;
        let mut order = world.shop.order("o-2").body();
        order["total"] = json!(4_242);
        let order = order.to_string().replace("4242", amount);
        let code = if code == "AMOUNT_MISMATCH" {
            "TOTAL_MISMATCH"
        } else {
            code
        };
        refused(&merchant, "/api/v1/orders", order.as_bytes(), status, code).await;
    }
    let beyond = "1".repeat(400);
    let payment = format!(r#"{{"order_id":"o-1","amount":{beyond},"idempotency_key":"k"}}"#);
    let answer = merchant.post_raw("/api/v1/payments", payment).await;
    assert!(matches!(answer.status, 400 | 422), "{}", answer.body());
    world.unchanged().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_meant_is_refused_at_its_field() {
    let world = Untouched::open().await;
    let merchant = world.shop.merchant();
    let line = |field: &str, value: Value| {
        let mut line =
            json!({"name": "물감", "quantity": 1, "unit_price": 11_000, "tax": "taxable"});
        line[field] = value;
        ("lines", json!([line]))
    };
    for ((field, value), status, code, at) in [
        (("order_id", json!("")), 400, "INVALID_VALUE", "order_id"),
        (
            ("order_id", json!("x".repeat(65))),
            400,
            "INVALID_VALUE",
            "order_id",
        ),
        (
            ("order_id", json!("주문")),
            400,
            "INVALID_VALUE",
            "order_id",
        ),
        (("order_id", json!("a/b")), 400, "INVALID_VALUE", "order_id"),
        (("buyer_id", json!("")), 400, "INVALID_VALUE", "buyer_id"),
        (("currency", json!("USD")), 400, "INVALID_VALUE", "currency"),
        (("currency", json!("krw")), 400, "INVALID_VALUE", "currency"),
        (("capture", json!("later")), 400, "INVALID_VALUE", "capture"),
        (
            ("expires_at", json!("tomorrow")),
            400,
            "INVALID_VALUE",
            "expires_at",
        ),
        (
            ("expires_at", json!(1_800_000_000)),
            400,
            "WRONG_TYPE",
            "expires_at",
        ),
        (("lines", json!({})), 400, "WRONG_TYPE", "lines"),
        (
            ("lines", json!([])),
            422,
            "LINE_COUNT_OUT_OF_RANGE",
            "lines",
        ),
        (
            line("name", json!("")),
            400,
            "INVALID_VALUE",
            "lines[0].name",
        ),
        (
            line("name", json!("가".repeat(201))),
            400,
            "INVALID_VALUE",
            "lines[0].name",
        ),
        (
            line("name", json!("줄\n바꿈")),
            400,
            "INVALID_VALUE",
            "lines[0].name",
        ),
        (
            line("tax", json!("zero")),
            400,
            "INVALID_VALUE",
            "lines[0].tax",
        ),
        (
            line("quantity", json!(1.5)),
            400,
            "WRONG_TYPE",
            "lines[0].quantity",
        ),
        (
            line("item_id", json!("")),
            400,
            "INVALID_VALUE",
            "lines[0].item_id",
        ),
        (
            line("seller_id", json!("x".repeat(65))),
            400,
            "INVALID_VALUE",
            "lines[0].seller_id",
        ),
        (
            line("price", json!(1)),
            400,
            "UNKNOWN_FIELD",
            "lines[0].price",
        ),
    ] {
        let mut body = world.shop.order("o-2").body();
        body[field] = value.clone();
        let answer = merchant
            .post("/api/v1/orders", &body)
            .await
            .refused(status, code);
        assert_eq!(
            answer["errors"][0]["field"],
            at,
            "{field} {value}: {}",
            answer.body()
        );
    }
    for quantity in [json!(0), json!(-1), json!(4_294_967_296_u64)] {
        let (field, value) = line("quantity", quantity);
        let mut body = world.shop.order("o-2").body();
        body[field] = value;
        merchant
            .post("/api/v1/orders", &body)
            .await
            .refused(422, "AMOUNT_OUT_OF_RANGE");
    }
    world.unchanged().await;
}

#[tokio::test]
async fn a_body_too_large_or_of_another_kind_is_not_read() {
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
    // The server need not read it all: it may close once it has said so.
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

#[tokio::test]
async fn paths_and_queries_are_read_strictly() {
    let world = Untouched::open().await;
    let merchant = world.shop.merchant();
    for (path, status, code) in [
        ("/", 404, "NOT_FOUND"),
        ("/api/v1", 404, "NOT_FOUND"),
        ("/api/v1/payments/", 404, "NOT_FOUND"),
        ("/api/v1//payments", 404, "NOT_FOUND"),
        ("/api/v1/Payments", 404, "NOT_FOUND"),
        ("/api/v1/payments/x/y/z", 404, "NOT_FOUND"),
        ("/api/v1/orders/%ZZ", 400, "MALFORMED_PATH"),
        ("/api/v1/orders/%FF", 400, "MALFORMED_PATH"),
        ("/api/v1/orders/%2e%2e%2f", 404, "ORDER_NOT_FOUND"),
        ("/api/v1/orders/%00", 404, "ORDER_NOT_FOUND"),
        ("/api/v1/orders/%EC%A3%BC", 404, "ORDER_NOT_FOUND"),
        ("/api/v1/payments/o-1", 404, "PAYMENT_NOT_FOUND"),
        ("/api/v1/payments/pay_", 404, "PAYMENT_NOT_FOUND"),
        ("/api/v1/payments?limit=0", 400, "INVALID_PARAMETER"),
        ("/api/v1/payments?limit=101", 400, "INVALID_PARAMETER"),
        ("/api/v1/payments?limit=ten", 400, "INVALID_PARAMETER"),
        ("/api/v1/payments?limit=", 400, "INVALID_PARAMETER"),
        (
            "/api/v1/payments?limit=1&limit=1",
            400,
            "DUPLICATE_PARAMETER",
        ),
        ("/api/v1/payments?page=1", 400, "UNKNOWN_PARAMETER"),
        ("/api/v1/payments?status=PAID", 400, "INVALID_PARAMETER"),
        ("/api/v1/payments?after=o-1", 400, "INVALID_PARAMETER"),
        (
            "/api/v1/payments?created_from=yesterday",
            400,
            "INVALID_PARAMETER",
        ),
        ("/api/v1/payments?order_id=%", 400, "MALFORMED_QUERY"),
        ("/api/v1/payments?order_id=%FF", 400, "MALFORMED_QUERY"),
        ("/api/v1/events?after=-1", 400, "INVALID_PARAMETER"),
        ("/api/v1/events?after=1&x=2", 400, "UNKNOWN_PARAMETER"),
    ] {
        let answer = merchant.get(path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{path}: {}",
            answer.body()
        );
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{path}"
        );
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/v1/payments", "POST,GET,HEAD"),
        (Method::PUT, "/api/v1/orders/o-1", "GET,HEAD"),
        (Method::GET, "/api/v1/orders/o-1/cancel", "POST"),
    ] {
        let answer = Answer::to(merchant.request(method, path)).await;
        let answer = answer.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.headers["allow"], allowed, "{path}");
    }
    world.unchanged().await;
}

/// A word that goes nowhere: the path is right and the body is not, at every path that takes one.
#[tokio::test]
async fn no_path_takes_a_body_it_does_not_understand() {
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
