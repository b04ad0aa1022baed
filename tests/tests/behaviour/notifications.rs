//! Notifications: accepted only with a recent signature; each applied once; in any order.

use daegeum_tests::gateway::{Delivery, NotificationContent};
use daegeum_tests::{Canceled, Captured, Fail, Failed, Shop, Success, secrets};
use serde_json::json;

#[tokio::test]
async fn notification_pays_the_order() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    assert_eq!(payment.notify_as("evt-1", Captured).await, "applied");
    assert_eq!(
        (order.status().await, payment.status().await),
        ("PAID".into(), "CAPTURED".into())
    );
    let told = payment.transactions().await;
    let heard = told
        .iter()
        .find(|event| event["event_type"] == "WEBHOOK_RECEIVED")
        .unwrap();
    assert_eq!(
        (&heard["payload"]["event_id"], &heard["payload"]["type"]),
        (&json!("evt-1"), &json!("payment.captured"))
    );
    assert_eq!(
        payment.complete(Success).await.expect(200)["detail"],
        "CAPTURED"
    );
}

#[tokio::test]
async fn notification_redelivery_is_applied_once() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    assert_eq!(payment.notify_as("evt-1", Failed).await, "applied");
    let last = shop.last_event().await;
    for _ in 0..5 {
        assert_eq!(payment.notify_as("evt-1", Failed).await, "duplicate");
    }
    // The id says that it was heard, whatever the body claims now.
    assert_eq!(payment.notify_as("evt-1", Captured).await, "duplicate");
    assert_eq!(shop.last_event().await, last);
    assert_eq!(payment.detail().await, "FAILED");
    let id = payment.id.clone();
    let shop = shop.reopen().await;
    let again = Delivery::now("evt-1", &Captured.about(&id, 11_000));
    assert_eq!(
        shop.deliver(&again).await.expect(200)["result"],
        "duplicate"
    );
}

#[tokio::test]
async fn notification_of_a_known_fact_is_recorded_and_changes_nothing() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    payment.complete(Success).await.expect(200);
    let books = shop.balance("hold").await;
    for late in [
        Captured,
        Failed,
        Canceled,
        NotificationContent::Other("payment.noticed".into()),
    ] {
        assert_eq!(payment.notify(late).await, "ignored");
    }
    assert_eq!(
        (order.status().await, payment.detail().await),
        ("PAID".into(), "CAPTURED".into())
    );
    assert_eq!(shop.balance("hold").await, books);
    let heard = payment.events().await;
    assert_eq!(
        heard
            .iter()
            .filter(|name| *name == "WEBHOOK_RECEIVED")
            .count(),
        4
    );
}

/// Whatever was captured before, the gateway reports another amount: a person looks, and the books wait.
#[tokio::test]
async fn amount_that_differs_from_our_books_is_put_on_the_desk() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    payment.complete(Success).await.expect(200);
    let books = shop.balance("hold").await;
    assert_eq!(
        payment.notify(NotificationContent::CapturedOf(1)).await,
        "applied"
    );
    assert_eq!(
        payment.notify(NotificationContent::CapturedOf(1)).await,
        "ignored"
    );
    assert_eq!(
        (order.status().await, payment.detail().await),
        ("PAID".into(), "CAPTURED".into())
    );
    assert_eq!(shop.balance("hold").await, books);
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    assert_eq!(desk["items"][0]["payment_id"], *payment.id);
    assert_eq!(desk["items"][0]["gateway_holds"]["amount"], 1);
}

#[tokio::test]
async fn notifications_in_any_order_give_the_same_state() {
    let shop = Shop::open().await;
    let told = [Captured, Failed, Canceled];
    let mut ends = Vec::new();
    for (n, at) in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ]
    .iter()
    .enumerate()
    {
        let order = shop.order(&format!("o-{n}")).register().await;
        let payment = order.pay().await;
        for which in at {
            payment.notify(told[*which].clone()).await;
        }
        ends.push((order.status().await, payment.detail().await));
    }
    assert!(
        ends.iter()
            .all(|end| *end == ("PAID".into(), "CAPTURED".into())),
        "{ends:?}"
    );
}

#[tokio::test]
async fn both_secrets_of_a_rotation_are_accepted() {
    let shop = Shop::open().await;
    for (n, secret) in [secrets::WEBHOOK_NEW, secrets::WEBHOOK_OLD]
        .iter()
        .enumerate()
    {
        let payment = shop.order(&format!("o-{n}")).register().await.pay().await;
        let body = Captured.about(&payment.id, 11_000).to_string();
        let delivery = Delivery::signed("evt", secrets::now_s(), body, *secret);
        assert_eq!(
            shop.deliver(&delivery).await.expect(200)["result"],
            "applied"
        );
    }
    // Two signatures in one header, the first by a secret we do not know.
    let payment = shop.order("o-both").register().await.pay().await;
    let body = Captured.about(&payment.id, 11_000).to_string();
    let now_s = secrets::now_s();
    let unknown = Delivery::signed(
        "evt",
        now_s,
        body.clone(),
        b"somebody else's webhook secret!!",
    );
    let mut both = Delivery::signed("evt", now_s, body, secrets::WEBHOOK_OLD);
    both.signature = format!("{} v2,abc {}", unknown.signature, both.signature);
    assert_eq!(shop.deliver(&both).await.expect(200)["result"], "applied");
}

#[tokio::test]
async fn unsigned_and_stale_notifications_are_refused_without_trace() {
    let shop = Shop::open().await;
    let payment = shop.order("o-1").register().await.pay().await;
    let body = Captured.about(&payment.id, 11_000).to_string();
    let (now_s, secret) = (secrets::now_s(), secrets::WEBHOOK_NEW);
    let good = Delivery::signed("evt-1", now_s, body.clone(), secret);
    let last = shop.last_event().await;
    let forged = [
        Delivery::signed(
            "evt-1",
            now_s,
            body.clone(),
            b"somebody else's webhook secret!!",
        ),
        Delivery::signed("evt-1", now_s - 301, body.clone(), secret),
        Delivery::signed("evt-1", now_s + 330, body.clone(), secret),
        Delivery::signed("", now_s, body.clone(), secret),
        Delivery {
            id: "evt-2".into(),
            ..good.clone()
        },
        Delivery {
            at_s: now_s - 1,
            ..good.clone()
        },
        Delivery {
            body: body.replace("captured", "capturee").into(),
            ..good.clone()
        },
        Delivery {
            signature: String::new(),
            ..good.clone()
        },
        Delivery {
            signature: good.signature.replace("v1,", "v2,"),
            ..good.clone()
        },
        Delivery {
            signature: good.signature.trim_start_matches("v1,").into(),
            ..good.clone()
        },
    ];
    for delivery in &forged {
        shop.deliver(delivery)
            .await
            .refused(401, "INVALID_SIGNATURE");
    }
    let bare = shop
        .stranger()
        .post_raw("/api/v1/payments/webhook/mock", body)
        .await;
    bare.refused(401, "INVALID_SIGNATURE");
    assert_eq!(shop.last_event().await, last);
    assert_eq!(payment.events().await, ["PAYMENT_INITIATED"]);
    let refused = "payment_webhook_total{provider=\"MOCK\",status=\"invalid_signature\"}";
    assert_eq!(shop.figure(refused).await, 11);
    // The rejected forgeries have not used up the id.
    assert_eq!(shop.deliver(&good).await.expect(200)["result"], "applied");
}

#[tokio::test]
async fn notification_of_an_unknown_payment_is_answered_and_recorded() {
    let shop = Shop::open().await;
    let body = Captured.about("pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b", 11_000);
    let answer = shop
        .deliver(&Delivery::now("evt-1", &body))
        .await
        .expect(200);
    assert_eq!(answer["result"], "unmatched");
    assert_eq!(shop.balance("suspense").await, 0);
}

#[tokio::test]
async fn malformed_signed_notification_is_refused() {
    let shop = Shop::open().await;
    let payment = shop.order("o-1").register().await.pay().await;
    let last = shop.last_event().await;
    let signed =
        |body: String| Delivery::signed("evt-1", secrets::now_s(), body, secrets::WEBHOOK_NEW);
    let known = payment.id.as_str();
    for (body, status, code) in [
        ("{".to_owned(), 400, "MALFORMED_JSON"),
        (
            json!({"type": "payment.captured", "payment_id": known}).to_string(),
            400,
            "MISSING_FIELD",
        ),
        (
            json!({"type": "payment.captured", "payment_id": known, "amount": 1, "x": 1})
                .to_string(),
            400,
            "UNKNOWN_FIELD",
        ),
        (
            json!({"type": "payment.captured", "payment_id": known, "amount": "11000"}).to_string(),
            400,
            "WRONG_TYPE",
        ),
        (
            json!({"type": "payment.captured", "payment_id": known, "amount": 0}).to_string(),
            422,
            "AMOUNT_OUT_OF_RANGE",
        ),
        (
            json!({"type": "", "payment_id": known, "amount": 1}).to_string(),
            400,
            "INVALID_VALUE",
        ),
        (
            json!({"type": "payment.captured", "payment_id": "o-1", "amount": 1}).to_string(),
            400,
            "INVALID_VALUE",
        ),
    ] {
        shop.deliver(&signed(body)).await.refused(status, code);
    }
    assert_eq!(shop.last_event().await, last);
    shop.merchant()
        .ask("/api/v1/payments/webhook/kcp")
        .await
        .refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn endless_notifications_do_not_fill_the_journal() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    payment.complete(Fail).await.expect(200);
    for n in 0..80 {
        payment.notify_as(&format!("evt-{n}"), Failed).await;
    }
    let heard = payment.events().await;
    assert_eq!(
        heard
            .iter()
            .filter(|name| *name == "WEBHOOK_RECEIVED")
            .count(),
        64
    );
    // A notification that moves the payment is applied all the same.
    assert_eq!(payment.notify(Captured).await, "applied");
    assert_eq!(order.status().await, "PAID");
}
