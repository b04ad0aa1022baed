//! Names given by people: stored in one form, and never blank.

use daegeum_tests::Shop;
use serde_json::{Value, json};

const SESSIONS: &str = "/api/v1/payments/sessions";

/// Spaces, and characters that are drawn as nothing: zero width space, Hangul filler, byte order mark.
const BLANK: [&str; 6] = [
    "",
    "   ",
    "\u{200b}",
    "\u{3164}",
    "\u{feff}",
    "\u{3000}\u{ad}",
];

fn order(name: &str) -> Value {
    json!({
        "order_id": "o-1", "buyer_id": "buyer-1", "currency": "KRW", "capture": "automatic", "total": 10_000,
        "lines": [{ "name": name, "quantity": 1, "unit_price": 10_000, "tax": "taxable" }],
    })
}

#[tokio::test]
async fn blank_name_is_refused_wherever_one_is_given() {
    let (shop, toss) = Shop::open_with_toss().await;
    let merchant = shop.merchant();
    let checkout = shop.order("known").register().await.checkout(&toss).await;
    let prepare = format!("{SESSIONS}/{}/prepare", checkout.id);
    let at = |field: &str, blank: &str| {
        let mut body = order("강의");
        body["discounts"] = json!([{ "name": "쿠폰", "amount": 1 }]);
        body["total"] = 9_999.into();
        body["lines"][0]["item_id"] = "item".into();
        body["lines"][0]["seller_id"] = "seller".into();
        *body.pointer_mut(field).expect("a field") = blank.into();
        body
    };
    for blank in BLANK {
        for (field, named) in [
            ("/lines/0/name", "lines[0].name"),
            ("/lines/0/item_id", "lines[0].item_id"),
            ("/lines/0/seller_id", "lines[0].seller_id"),
            ("/discounts/0/name", "discounts[0].name"),
            ("/buyer_id", "buyer_id"),
        ] {
            let answer = merchant.post("/api/v1/orders", &at(field, blank)).await;
            let refused = answer.refused(400, "INVALID_VALUE");
            assert_eq!(refused["errors"][0]["field"], named, "{blank:?}");
        }
        let said = json!({ "buyer_name": blank });
        let answer = checkout.browser.post(&prepare, &said).await;
        let refused = answer.refused(400, "INVALID_VALUE");
        assert_eq!(refused["errors"][0]["field"], "buyer_name", "{blank:?}");
    }
    let unknown = merchant.get("/api/v1/orders/o-1").await;
    unknown.refused(404, "ORDER_NOT_FOUND");
}

/// A Mac writes Hangul in pieces; a search for it by others would not find them.
#[tokio::test]
async fn name_is_kept_composed() {
    let shop = Shop::open().await;
    let decomposed = "\u{1100}\u{1161}\u{11bc}\u{110b}\u{1174}";
    let answer = shop
        .merchant()
        .post("/api/v1/orders", &order(decomposed))
        .await;
    assert_eq!(answer.expect(201)["lines"][0]["name"], "강의");
}

#[tokio::test]
async fn title_is_not_cut_within_what_a_reader_sees_as_one_character() {
    let (shop, toss) = Shop::open_with_toss().await;
    let family = "👨\u{200d}👩\u{200d}👧";
    let name = format!("{}{family}{}", "가".repeat(78), "나".repeat(10));
    shop.merchant()
        .post("/api/v1/orders", &order(&name))
        .await
        .expect(201);
    let order = daegeum_tests::Order::known(shop.merchant(), "o-1", 10_000);
    let checkout = order.checkout(&toss).await;
    assert_eq!(checkout.now().await["order"]["title"], "가".repeat(78));
    checkout.pay().await.expect(200);
}
