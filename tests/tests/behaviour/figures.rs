//! Health, readiness and metrics: the promised names, and that they count.

use std::time::Duration;

use daegeum_tests::{Captured, Fail, NoAnswer, NotificationContent, Shop, Success};
use serde_json::json;

#[tokio::test]
async fn health_and_readiness_need_no_key() {
    let shop = Shop::open().await;
    let live = shop.stranger().get("/healthz").await.expect(200);
    assert_eq!(live.json(), &json!({"status": "ok"}));
    let ready = shop.stranger().get("/readyz").await.expect(200);
    assert_eq!(ready["status"], "ready");
}

#[tokio::test]
async fn promised_metrics_exist_and_count() {
    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let (first, second) = (order.pay().await, order.pay_with("k-2").await);
    order.pay_with("k-2").await;
    order.send_payment("k-2").await.expect(201);
    first.complete(Fail).await.expect(200);
    second.complete(Success).await.expect(200);
    second.notify_as("evt-1", Captured).await;
    second.notify_as("evt-1", Captured).await;
    first.notify(Captured).await;
    order
        .send_payment("k-4")
        .await
        .refused(409, "ORDER_NOT_PAYABLE");
    let other = shop.order("o-2").register().await.pay().await;
    other.notify(NotificationContent::CapturedOf(1)).await;
    for (name, count) in [
        ("payment_create_total{status=\"created\"}", 3),
        ("payment_create_total{status=\"refused\"}", 1),
        ("payment_capture_total{status=\"captured\"}", 1),
        ("payment_capture_total{status=\"failed\"}", 1),
        ("payment_capture_total{status=\"orphaned\"}", 1),
        ("payment_capture_total{status=\"mismatched\"}", 1),
        (
            "payment_webhook_total{provider=\"MOCK\",status=\"applied\"}",
            2,
        ),
        (
            "payment_webhook_total{provider=\"MOCK\",status=\"ignored\"}",
            1,
        ),
        (
            "payment_webhook_total{provider=\"MOCK\",status=\"duplicate\"}",
            1,
        ),
        ("payment_idempotent_hit_total", 2),
        ("http_answers_total{status=\"409\"}", 1),
        ("log_lines_dropped_total", 0),
    ] {
        assert_eq!(shop.figure(name).await, count, "{name}");
    }
    let figures = shop.admin().get("/metrics").await.expect(200);
    let text = figures.body();
    for name in [
        "store_queue_depth",
        "store_commit_commands_count",
        "store_commit_bytes_sum",
        "store_commit_seconds_count",
        "store_index_lag",
        "http_request_seconds_bucket",
        "http_connections",
        "payment_unknown_outcomes",
        "payment_unknown_outcome_age_seconds",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with(name)),
            "{name} is missing"
        );
    }
    assert!(text.ends_with("# EOF\n"));
    // They count records of the journal, not requests: repetitions that changed nothing are not counted.
    assert!(shop.figure("store_commit_bytes_count").await > 5);
}

#[tokio::test]
async fn request_metrics_are_labelled_by_route_not_by_path() {
    let shop = Shop::open().await;
    let order = shop.order("a-very-special-order").register().await;
    order.pay().await.complete(NoAnswer).await.expect(202);
    shop.merchant()
        .get("/nowhere/in/particular")
        .await
        .expect(404);
    let text = shop.admin().get("/metrics").await.body();
    assert!(
        text.contains("route=\"/api/v1/payments/{payment_id}/mock/complete\""),
        "{text}"
    );
    assert!(!text.contains("special") && !text.contains("particular"));
}

#[tokio::test]
async fn unknown_outcomes_are_counted_until_they_are_known() {
    let shop = Shop::open().await;
    let payment = shop.order("o-1").register().await.pay().await;
    payment.complete(NoAnswer).await.expect(202);
    shop.advance(Duration::from_mins(10));
    let figures = async || {
        let age = shop.figure("payment_unknown_outcome_age_seconds").await;
        (shop.figure("payment_unknown_outcomes").await, age)
    };
    let (waiting, age_s) = figures().await;
    assert_eq!(waiting, 1);
    assert!((600..660).contains(&age_s), "{age_s} s");
    payment.complete(Success).await.expect(200);
    assert_eq!(figures().await, (0, 0));
}

#[tokio::test]
async fn scrapers_key_reads_the_metrics_and_nothing_else() {
    const KEY: &str = "scraper-0123456789abcdef0123456789abcdef";
    let shop = Shop::open_with(&[("DAEGEUM_METRICS_KEY", KEY)]).await;
    let scraper = shop.stranger().with(KEY);
    let figures = scraper.get("/metrics").await.expect(200);
    assert!(figures.body().ends_with("# EOF\n"));
    shop.order("o-1").register().await;
    for path in [
        "/orders/o-1",
        "/payments",
        "/me/payments",
        "/events",
        "/admin/desk",
        "/admin/balances",
    ] {
        scraper
            .get(&format!("/api/v1{path}"))
            .await
            .refused(403, "FORBIDDEN");
    }
    let order = shop.order("o-2").body();
    scraper
        .post("/api/v1/orders", &order)
        .await
        .refused(403, "FORBIDDEN");
    let prepare = "/api/v1/payments/sessions/ses_01a21fe4e3f07f928f15a3de5f03b85c/prepare";
    scraper.ask(prepare).await.refused(403, "FORBIDDEN");
    shop.merchant()
        .get("/metrics")
        .await
        .refused(403, "FORBIDDEN");
}
