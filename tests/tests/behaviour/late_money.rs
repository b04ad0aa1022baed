//! Money that comes late, twice or in the wrong amount: its order takes it if it can, otherwise it is set aside until
//! an administrator decides. No won is lost, none is captured twice.

use daegeum_tests::{
    Caller, Captured, Fail, Failed, NotificationContent, Order, Payment, Shop, Success,
};
use serde_json::json;

async fn resolve(by: &Caller, payment: &Payment, resolution: &str) -> daegeum_tests::Answer {
    let path = format!("/api/v1/admin/payments/{}/resolve", payment.id);
    by.post(
        &path,
        &json!({"resolution": resolution, "reason": "통화로 확인함"}),
    )
    .await
}

async fn desk(shop: &Shop) -> Vec<String> {
    let desk = shop.admin().get("/api/v1/admin/desk").await.expect(200);
    let items = desk["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|item| item["payment_id"].as_str().unwrap().to_owned())
        .collect()
}

/// A payment whose money came after its order was canceled.
async fn orphan(shop: &Shop, id: &str) -> (Order, Payment) {
    let order = shop.order(id).register().await;
    let payment = order.pay().await;
    order.cancel().await.expect(200);
    assert_eq!(payment.notify(Captured).await, "applied");
    (order, payment)
}

#[tokio::test]
async fn success_after_a_failure_pays_a_waiting_order() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    payment.complete(Fail).await.expect(200);
    assert_eq!(payment.notify(Captured).await, "applied");
    assert_eq!(
        (order.status().await, payment.detail().await),
        ("PAID".into(), "CAPTURED".into())
    );
    assert_eq!(shop.balance("hold").await, -11_000);
    assert!(desk(&shop).await.is_empty());
}

#[tokio::test]
async fn money_for_a_canceled_order_is_set_aside_for_a_person() {
    let shop = Shop::open().await;
    let (order, payment) = orphan(&shop, "o-1").await;
    let seen = payment.now().await;
    assert_eq!(
        (seen.text("status"), seen.text("detail")),
        ("FAILED", "ORPHANED")
    );
    assert_eq!(order.status().await, "CANCELED");
    assert_eq!(desk(&shop).await, [payment.id.as_str()]);
    assert_eq!(
        (shop.balance("suspense").await, shop.balance("hold").await),
        (-11_000, 0)
    );

    resolve(&shop.admin(), &payment, "take")
        .await
        .refused(409, "ORDER_CANNOT_TAKE");
    let returned = resolve(&shop.admin(), &payment, "return").await.expect(200);
    assert_eq!(
        (returned.text("status"), returned.text("detail")),
        ("CANCELED", "RETURNED")
    );
    assert_eq!(
        (
            shop.balance("suspense").await,
            shop.balance("gateway_receivable").await
        ),
        (0, 0)
    );
    assert!(desk(&shop).await.is_empty());
    let last = shop.last_event().await;
    resolve(&shop.admin(), &payment, "return").await.expect(200);
    resolve(&shop.admin(), &payment, "take")
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
    assert_eq!(shop.last_event().await, last);
}

#[tokio::test]
async fn decision_is_recorded_with_actor_and_reason() {
    let shop = Shop::open().await;
    let (_, payment) = orphan(&shop, "o-1").await;
    let lee = shop.stranger().with(daegeum_tests::secrets::LEE);
    resolve(&lee, &payment, "return").await.expect(200);
    let told = payment.transactions().await;
    let decided = told
        .iter()
        .find(|event| event["event_type"] == "PERSON_DECIDED")
        .unwrap();
    assert_eq!(
        decided["payload"],
        json!({"actor": "lee", "reason": "통화로 확인함"})
    );
    let feed = shop.feed().await;
    let public = feed
        .iter()
        .find(|event| event["event_type"] == "PERSON_DECIDED")
        .unwrap();
    assert_eq!(
        public["payload"],
        json!({"actor": "lee", "reason": null}),
        "the feed leaves the house"
    );
}

#[tokio::test]
async fn only_an_administrator_decides() {
    let shop = Shop::open().await;
    let (_, payment) = orphan(&shop, "o-1").await;
    resolve(&shop.merchant(), &payment, "return")
        .await
        .refused(403, "FORBIDDEN");
    resolve(&shop.buyer("buyer-1"), &payment, "return")
        .await
        .refused(403, "FORBIDDEN");
    resolve(shop.stranger(), &payment, "return")
        .await
        .refused(401, "UNAUTHENTICATED");
    assert_eq!(payment.detail().await, "ORPHANED");
}

#[tokio::test]
async fn a_second_payment_of_a_paid_order_is_set_aside() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let (first, second) = (order.pay().await, order.pay().await);
    first.complete(Success).await.expect(200);
    assert_eq!(second.detail().await, "CANCELED");
    assert_eq!(second.notify(Captured).await, "applied");
    assert_eq!(second.detail().await, "ORPHANED");
    assert_eq!(order.now().await["status"], "PAID");
    assert_eq!(
        (shop.balance("hold").await, shop.balance("suspense").await),
        (-11_000, -11_000)
    );
    resolve(&shop.admin(), &second, "take")
        .await
        .refused(409, "ORDER_CANNOT_TAKE");
}

#[tokio::test]
async fn wrong_amount_never_pays_the_order() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    assert_eq!(
        payment
            .notify(NotificationContent::CapturedOf(10_999))
            .await,
        "applied"
    );
    let seen = payment.now().await;
    assert_eq!(
        (seen.text("status"), seen.text("detail")),
        ("FAILED", "MISMATCHED")
    );
    assert_eq!(
        seen["received"],
        json!({"amount": 10_999, "currency": "KRW"})
    );
    assert_eq!(order.status().await, "PAYMENT_PENDING");
    assert_eq!(
        (shop.balance("suspense").await, shop.balance("hold").await),
        (-10_999, 0)
    );
    assert_eq!(desk(&shop).await, [payment.id.as_str()]);

    // Another payment may pay the order meanwhile; then the first can only go back.
    order.pay().await.complete(Success).await.expect(200);
    resolve(&shop.admin(), &payment, "take")
        .await
        .refused(409, "ORDER_CANNOT_TAKE");
    resolve(&shop.admin(), &payment, "return").await.expect(200);
    assert_eq!(
        (shop.balance("suspense").await, shop.balance("hold").await),
        (0, -11_000)
    );
}

#[tokio::test]
async fn person_may_give_set_aside_money_to_the_order() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let (payment, other) = (order.pay().await, order.pay().await);
    payment
        .notify(NotificationContent::CapturedOf(10_999))
        .await;
    resolve(&shop.admin(), &payment, "take").await.expect(200);
    assert_eq!(
        (order.status().await, payment.detail().await),
        ("PAID".into(), "CAPTURED".into())
    );
    assert_eq!(other.detail().await, "CANCELED");
    assert_eq!(
        (shop.balance("suspense").await, shop.balance("hold").await),
        (0, -11_000)
    );
    assert_eq!(payment.notify(Failed).await, "ignored");
}

#[tokio::test]
async fn later_evidence_corrects_a_mismatch() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let payment = order.pay().await;
    payment.notify(NotificationContent::CapturedOf(1_100)).await;
    assert_eq!(payment.notify(Captured).await, "applied");
    assert_eq!(
        (order.status().await, payment.detail().await),
        ("PAID".into(), "CAPTURED".into())
    );
    assert_eq!(
        (shop.balance("suspense").await, shop.balance("hold").await),
        (0, -11_000)
    );
}

#[tokio::test]
async fn accept_is_refused_if_the_gateway_agrees_with_the_books() {
    let shop = Shop::open().await;
    let paid = shop.order("o-1").register().await.pay().await;
    paid.complete(Success).await.expect(200);
    let (_, aside) = orphan(&shop, "o-2").await;
    for payment in [&paid, &aside] {
        let before = payment.now().await;
        let accepted = resolve(&shop.admin(), payment, "accept").await;
        accepted.refused(409, "NO_DISAGREEMENT");
        assert_eq!(payment.now().await.json(), before.json());
        let events = payment.events().await;
        assert!(!events.contains(&"PERSON_DECIDED".to_owned()), "{events:?}");
    }
    assert_eq!(desk(&shop).await, [aside.id.as_str()], "it still waits");
}

#[tokio::test]
async fn payment_that_is_not_set_aside_needs_no_decision() {
    let shop = Shop::open().await;
    let payment = shop.order("o-1").register().await.pay().await;
    for resolution in ["take", "return"] {
        resolve(&shop.admin(), &payment, resolution)
            .await
            .refused(409, "PAYMENT_NOT_PERMITTED");
    }
    payment.complete(Success).await.expect(200);
    resolve(&shop.admin(), &payment, "take").await.expect(200);
    resolve(&shop.admin(), &payment, "return")
        .await
        .refused(409, "PAYMENT_NOT_PERMITTED");
}

/// Old entries of the desk are not pushed off the list by newer ones.
#[tokio::test]
async fn desk_lists_the_oldest_first_page_by_page() {
    let shop = Shop::open().await;
    let mut aside = Vec::new();
    for number in 0..105 {
        let (_, payment) = orphan(&shop, &format!("o-{number}")).await;
        aside.push(payment.id);
        shop.advance(std::time::Duration::from_millis(5));
    }
    let admin = shop.admin();
    let (mut seen, mut query) = (Vec::new(), "?limit=40".to_owned());
    loop {
        let page = admin.get(&format!("/api/v1/admin/desk{query}")).await;
        let page = page.expect(200);
        assert_eq!(
            (&page["count"], &page["at_least"]),
            (&json!(105), &json!(false))
        );
        for item in page["items"].as_array().expect("items") {
            seen.push(item["payment_id"].as_str().expect("an id").to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("?limit=40&after={next}");
    }
    assert_eq!(seen, aside, "the oldest first, each once");
    for query in ["?limit=0", "?after=x", "?before=x"] {
        for list in ["desk", "unanswered"] {
            let refused = admin.get(&format!("/api/v1/admin/{list}{query}")).await;
            assert_eq!(refused.status, 400, "{list}{query}");
        }
    }
}
