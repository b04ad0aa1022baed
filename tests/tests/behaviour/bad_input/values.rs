//! Invalid amounts and orders.

use serde_json::{Value, json};

use super::{Untouched, refused};

#[tokio::test]
async fn amount_is_a_whole_number_of_won() {
    let world = Untouched::open().await;
    let merchant = world.shop.merchant();
    for (amount, status, code) in [
        ("0", 422, "AMOUNT_MISMATCH"),
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
async fn invalid_order_is_refused_by_field() {
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
        (("order_id", json!(".")), 400, "INVALID_VALUE", "order_id"),
        (("order_id", json!("..")), 400, "INVALID_VALUE", "order_id"),
        (("buyer_id", json!("..")), 400, "INVALID_VALUE", "buyer_id"),
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
