//! Discounts of an order: they reduce what is paid and the VAT base, exactly, and everybody sees them.

use daegeum_tests::Shop;
use serde_json::{Value, json};

fn order(total: u64, discounts: &Value) -> Value {
    json!({
        "order_id": "o-1", "buyer_id": "buyer-1", "currency": "KRW", "capture": "automatic", "total": total,
        "lines": [
            { "name": "강의", "quantity": 2, "unit_price": 5_500, "tax": "taxable", "seller_id": "kim" },
            { "name": "책", "quantity": 1, "unit_price": 9_000, "tax": "tax_free" },
        ],
        "discounts": discounts,
    })
}

#[tokio::test]
async fn discount_reduces_total_and_vat_base_and_is_shown() {
    let shop = Shop::open().await;
    let sent = json!([
        { "name": "첫 구매", "amount": 1_100, "lines": [0], "borne_by": "seller" },
        { "name": "쿠폰", "amount": 1_890 },
    ]);
    let answer = shop
        .merchant()
        .post("/api/v1/orders", &order(17_010, &sent))
        .await;
    let registered = answer.expect(201);
    let shown = shop.merchant().get("/api/v1/orders/o-1").await.expect(200);
    assert_eq!(shown.bytes, registered.bytes);
    assert_eq!(
        shown["amounts"],
        json!({ "supply": 8_100, "vat": 810, "tax_free": 8_100 })
    );
    assert_eq!(
        (&shown["lines"][0]["amount"], &shown["lines"][1]["amount"]),
        (&json!(8_910), &json!(8_100))
    );
    assert_eq!(
        shown["discounts"],
        json!([
            { "name": "첫 구매", "amount": 1_100, "lines": [0], "borne_by": "seller" },
            { "name": "쿠폰", "amount": 1_890, "borne_by": "shop" },
        ])
    );
    let again = shop
        .merchant()
        .post("/api/v1/orders", &order(17_010, &sent))
        .await;
    assert!(again.expect(201).replayed());
}

#[tokio::test]
async fn buyer_pays_what_is_left_and_the_gateway_splits_it_alike() {
    let (shop, toss) = Shop::open_with_toss().await;
    let sent = json!([{ "name": "쿠폰", "amount": 2_000 }]);
    let answer = shop
        .merchant()
        .post("/api/v1/orders", &order(18_000, &sent))
        .await;
    answer.expect(201);
    let order = daegeum_tests::Order::known(shop.merchant(), "o-1", 18_000);
    let checkout = order.checkout(&toss).await;
    let seen = checkout.now().await;
    assert_eq!(seen["order"]["discounts"][0]["amount"], 2_000);
    checkout.pay().await.expect(200);
    assert_eq!(toss.balance(), 18_000);
    assert_eq!(shop.balance("gateway_receivable").await, 18_000);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"], json!([]), "Toss splits it as the order does");
}

#[tokio::test]
async fn impossible_discount_is_refused_with_its_place() {
    let shop = Shop::open().await;
    let off =
        |amount: Value, lines: Value| json!([{ "name": "쿠폰", "amount": amount, "lines": lines }]);
    let named = |name: &str| json!([{ "name": name, "amount": 1 }]);
    let many = Value::Array(vec![json!({ "name": "쿠폰", "amount": 1 }); 21]);
    let all = json!([0, 1]);
    for (sent, status, code, field) in [
        (
            off(json!(0), all.clone()),
            422,
            "DISCOUNT_OUT_OF_RANGE",
            "discounts[0]",
        ),
        (
            off(json!(-1), all.clone()),
            422,
            "DISCOUNT_OUT_OF_RANGE",
            "discounts[0].amount",
        ),
        (
            off(json!(20_001), all.clone()),
            422,
            "DISCOUNT_OUT_OF_RANGE",
            "discounts[0]",
        ),
        (
            off(json!(9_001), json!([1])),
            422,
            "DISCOUNT_OUT_OF_RANGE",
            "discounts[0]",
        ),
        (
            off(json!(1), json!([2])),
            400,
            "INVALID_VALUE",
            "discounts[0].lines",
        ),
        (
            off(json!(1), json!([0, 0])),
            400,
            "INVALID_VALUE",
            "discounts[0].lines",
        ),
        (
            off(json!(1), json!([])),
            400,
            "INVALID_VALUE",
            "discounts[0].lines",
        ),
        (
            off(json!(1.5), all.clone()),
            400,
            "WRONG_TYPE",
            "discounts[0].amount",
        ),
        (named(""), 400, "INVALID_VALUE", "discounts[0].name"),
        (many, 400, "INVALID_VALUE", "discounts"),
        (off(json!(1), all), 422, "TOTAL_MISMATCH", "total"),
    ] {
        let answer = shop
            .merchant()
            .post("/api/v1/orders", &order(20_000, &sent))
            .await;
        let refused = answer.refused(status, code);
        assert_eq!(refused["errors"][0]["field"], field, "{sent}");
    }
    let unknown = shop.merchant().get("/api/v1/orders/o-1").await;
    unknown.refused(404, "ORDER_NOT_FOUND");
}

#[tokio::test]
async fn refused_amount_names_its_field() {
    let shop = Shop::open().await;
    for (at, wrong, field) in [
        ("/total", json!(-1), "total"),
        ("/total", json!(9_007_199_254_740_992_u64), "total"),
        ("/lines/1/quantity", json!(0), "lines[1].quantity"),
        ("/lines/0/unit_price", json!(-5), "lines[0].unit_price"),
        ("/lines/0/quantity", json!(4_294_967_295_u64), "total"),
        (
            "/lines/0/unit_price",
            json!(9_007_199_254_740_991_u64),
            "lines",
        ),
    ] {
        let mut body = order(20_000, &json!([]));
        *body.pointer_mut(at).expect("a field") = wrong.clone();
        let answer = shop.merchant().post("/api/v1/orders", &body).await;
        assert_eq!(answer.status, 422, "{at} = {wrong}");
        assert_eq!(answer["errors"][0]["field"], field, "{at} = {wrong}");
    }
}
