//! Notifications out. Contract, section 7.

use daegeum_sandbox::toss::{CallFilter, Fault};
use http::Method;
use serde_json::{Value, json};

use crate::shop::{MINUTE_MS, Shop, order};

#[test]
fn no_address_means_no_notifications() {
    let mut shop = Shop::new();
    shop.paid("order-1", 1_000);
    shop.toss
        .set_notification_url(Some("http://127.0.0.1:9/".to_owned()));
    assert!(shop.heard().is_empty());
}

#[test]
fn notified_states() {
    let mut shop = Shop::listening();
    let told = |shop: &mut Shop| -> Vec<String> {
        let heard = shop.heard();
        let status = |body: &Value| body["data"]["status"].as_str().unwrap().to_owned();
        heard.iter().map(status).collect()
    };
    let key = shop.approved("order-1", 10_000);
    assert!(told(&mut shop).is_empty(), "neither READY nor IN_PROGRESS");
    shop.confirm(&key, "order-1", 10_000);
    assert_eq!(told(&mut shop), ["DONE"]);
    shop.cancel(&key, &json!({"cancelReason": "x", "cancelAmount": 1}));
    assert_eq!(told(&mut shop), ["PARTIAL_CANCELED"]);
    shop.cancel(&key, &json!({"cancelReason": "x"}));
    assert_eq!(told(&mut shop), ["CANCELED"]);
    let declined = shop.open(order("order-2", 1_000));
    shop.toss
        .approve(shop.now_ms, &declined, None, Some("INVALID_STOPPED_CARD"))
        .unwrap();
    shop.confirm(&declined, "order-2", 1_000);
    assert_eq!(told(&mut shop), ["ABORTED"]);
    let left = shop.open(order("order-3", 1_000));
    shop.toss.leave(shop.now_ms, &left).unwrap();
    shop.approved("order-4", 1_000);
    assert!(
        told(&mut shop).is_empty(),
        "a window that is left changes nothing"
    );
    shop.pass(10 * MINUTE_MS);
    assert_eq!(told(&mut shop), ["EXPIRED"]);
    shop.pass(20 * MINUTE_MS);
    assert_eq!(told(&mut shop), ["EXPIRED"]);
}

#[test]
fn a_notification_is_the_payment_with_three_headers_and_no_signature() {
    let mut shop = Shop::listening();
    let key = shop.paid("order-1", 1_000);
    let deliveries = shop.toss.due(shop.now_ms);
    let request = &deliveries[0].request;
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "http://127.0.0.1:9/hook");
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(
        header("tosspayments-webhook-transmission-time"),
        Some("2024-02-13T12:18:14+09:00")
    );
    assert_eq!(
        header("tosspayments-webhook-transmission-retried-count"),
        Some("0")
    );
    let id = header("tosspayments-webhook-transmission-id").unwrap();
    assert!(id.starts_with("whtrans_"));
    assert_eq!(header("tosspayments-webhook-signature"), None);
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["eventType"], "PAYMENT_STATUS_CHANGED");
    assert_eq!(body["createdAt"], "2024-02-13T12:18:14.000000");
    assert_eq!(body["data"], shop.inquire(&key).body);
}

#[test]
fn notification_is_retried_seven_times_until_200() {
    let mut shop = Shop::listening();
    shop.paid("order-1", 1_000);
    let failures = [
        Some(500),
        None,
        Some(201),
        Some(204),
        Some(302),
        Some(404),
        None,
        Some(503),
    ];
    let waits = [1, 4, 16, 64, 256, 1_024, 4_096];
    let mut ids = Vec::new();
    for (attempt, failure) in failures.into_iter().enumerate() {
        let due = shop.toss.due(shop.now_ms);
        assert_eq!(due.len(), 1, "attempt {attempt}");
        let headers = due[0].request.headers();
        let retried = &headers["tosspayments-webhook-transmission-retried-count"];
        assert_eq!(retried, attempt.to_string().as_str());
        ids.push(headers["tosspayments-webhook-transmission-id"].clone());
        assert!(shop.toss.due(shop.now_ms).is_empty(), "given once");
        shop.toss.delivered(shop.now_ms, due[0].id, failure);
        let Some(minutes) = waits.get(attempt) else {
            break;
        };
        assert_eq!(
            shop.toss.next_due_ms(),
            Some(shop.now_ms + minutes * MINUTE_MS)
        );
        shop.pass(minutes * MINUTE_MS - 1);
        assert!(shop.toss.due(shop.now_ms).is_empty());
        shop.pass(1);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same id each time");
    shop.pass(100_000 * MINUTE_MS);
    assert!(shop.toss.due(shop.now_ms).is_empty());
    let books = shop.toss.books();
    assert_eq!(
        books["notifications"],
        json!({"waiting": 0, "delivered": 0, "givenUp": 1})
    );
}

#[test]
fn a_notification_can_be_lost_or_doubled() {
    let mut shop = Shop::listening();
    shop.once(CallFilter::Notify, Fault::Lost {});
    shop.paid("order-1", 1_000);
    assert!(shop.heard().is_empty());
    shop.once(CallFilter::Notify, Fault::Duplicated { n: 2 });
    shop.paid("order-2", 1_000);
    let due = shop.toss.due(shop.now_ms);
    assert_eq!(due.len(), 3);
    let id =
        |index: usize| due[index].request.headers()["tosspayments-webhook-transmission-id"].clone();
    assert!(
        id(0) == id(1) && id(1) == id(2),
        "the id tells that it is a copy"
    );
    assert_eq!(due[0].request.body(), due[2].request.body());
}

#[test]
fn a_notification_can_be_late_or_overtaken() {
    let mut shop = Shop::listening();
    shop.once(CallFilter::Notify, Fault::Late { ms: 3_600_000 });
    let key = shop.paid("order-1", 1_000);
    shop.cancel(&key, &json!({"cancelReason": "x"}));
    assert_eq!(shop.heard()[0]["data"]["status"], "CANCELED");
    shop.pass(3_600_000);
    assert_eq!(shop.heard()[0]["data"]["status"], "DONE");

    // With any luck at all, one of eight is overtaken by the one after it.
    let rule = daegeum_sandbox::toss::Rule::always(
        CallFilter::Notify,
        Fault::Reordered { within_ms: 60_000 },
    );
    shop.rules(vec![rule]);
    let mut overtaken = 0;
    for number in 2..10 {
        let order = format!("order-{number}");
        let key = shop.paid(&order, 1_000);
        shop.cancel(&key, &json!({"cancelReason": "x"}));
        shop.pass(60_000);
        let heard = shop.heard();
        assert_eq!(heard.len(), 2);
        overtaken += u32::from(heard[0]["data"]["status"] == "CANCELED");
    }
    assert!((1..8).contains(&overtaken), "{overtaken}");
}

#[test]
fn notification_can_be_forged_or_of_an_unknown_payment() {
    let mut shop = Shop::listening();
    shop.once(CallFilter::Notify, Fault::Forged {});
    let key = shop.paid("order-1", 1_000);
    let heard = shop.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0]["data"]["paymentKey"], key.as_str());
    assert_eq!(heard[0]["data"]["status"], "CANCELED");
    assert_eq!(heard[1]["data"]["status"], "DONE");
    shop.inquire(&key).is_payment("DONE");
    shop.once(CallFilter::Notify, Fault::Unknown {});
    shop.paid("order-2", 1_000);
    let heard = shop.heard();
    assert_eq!(heard.len(), 2);
    let stranger = heard[0]["data"]["paymentKey"].as_str().unwrap();
    shop.inquire(stranger).is_refused(404, "NOT_FOUND_PAYMENT");
}

#[test]
fn notification_can_be_sent_on_request() {
    let mut shop = Shop::listening();
    let key = shop.approved("order-1", 1_000);
    let have_sent =
        |shop: &mut Shop, body: Value| shop.desk(&Method::POST, "/sandbox/notify", &body);
    let sent = have_sent(&mut shop, json!({"paymentKey": key, "status": "DONE"}));
    assert_eq!(sent.body, json!({"queued": 1}));
    let heard = shop.heard();
    assert_eq!(heard[0]["data"]["status"], "DONE");
    shop.inquire(&key).is_payment("IN_PROGRESS");
    have_sent(&mut shop, json!({"body": {"anything": [1]}}));
    assert_eq!(shop.heard(), [json!({"anything": [1]})]);
    have_sent(&mut shop, json!({"times": 50}));
    let heard = shop.heard();
    assert_eq!(heard.len(), 50);
    assert_ne!(heard[0]["data"]["orderId"], heard[1]["data"]["orderId"]);
    have_sent(&mut shop, json!({"paymentKey": key, "status": "PAID"}))
        .is_refused(400, "INVALID_REQUEST");
    have_sent(&mut shop, json!({"paymentKey": "tgen_nobody"})).is_refused(404, "NOT_FOUND_PAYMENT");
}

#[test]
fn the_address_is_set_over_http_and_is_of_this_machine() {
    let mut shop = Shop::new();
    let mut set = |url: Value| {
        let body = json!({ "url": url });
        shop.desk(&Method::PUT, "/sandbox/notification-url", &body)
            .status
            .as_u16()
    };
    assert_eq!(set(json!("http://127.0.0.1:8080/hook")), 200);
    assert_eq!(set(json!("http://localhost:8080/hook")), 200);
    assert_eq!(set(json!("http://[::1]:8080/hook")), 200);
    assert_eq!(set(json!("http://192.168.0.1/hook")), 400);
    assert_eq!(set(json!("http://shop.example/hook")), 400);
    assert_eq!(set(json!("https://127.0.0.1/hook")), 400);
    assert_eq!(set(Value::Null), 200);
}
