//! Unknown paths, queries and methods.

use daegeum_tests::Answer;
use reqwest::Method;

use super::Untouched;

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
