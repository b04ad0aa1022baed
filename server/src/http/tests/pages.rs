//! Pages of the shop's origin can read every refusal, from any layer and under any load.

use std::time::Duration;

use super::harness::*;
use super::refusals::refused;

const SHOP: &str = "https://shop.example";

async fn server(settings: &[(&str, &str)]) -> Server {
    let origins = [("DAEGEUM_CHECKOUT_REDIRECT_ORIGINS", SHOP)];
    Server::start(&[&origins, settings].concat()).await
}

/// The same request, as a browser sends it for a page of this origin.
fn from(origin: &str, request: &str) -> String {
    let (line, rest) = request.split_once("\r\n").unwrap();
    format!("{line}\r\norigin: {origin}\r\n{rest}")
}

fn preflight(path: &str, method: &str) -> String {
    let asked = format!("access-control-request-method: {method}\r\n");
    let head = format!("OPTIONS {path} HTTP/1.1\r\nhost: test\r\n{asked}\r\n");
    from(SHOP, &head)
}

/// This refusal, with what lets a page of the shop's read it.
#[track_caller]
fn readable(answer: &Answer, code: &str) {
    assert_eq!(answer.code(), code);
    let origin = answer.header("access-control-allow-origin");
    assert_eq!(origin, Some(SHOP), "{code}");
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("retry-after") && exposed.contains("x-request-id"));
}

#[tokio::test]
async fn refusals_are_readable_by_the_shops_pages() {
    let server = server(&[]).await;
    for (request, code) in refused() {
        // `OPTIONS *` is at no path.
        if request.starts_with("OPTIONS") {
            continue;
        }
        readable(&server.ask(&from(SHOP, &request)).await, code);
    }
}

#[tokio::test]
async fn refusals_are_readable_by_no_other_page() {
    let server = server(&[]).await;
    for (request, code) in refused() {
        let answer = server.ask(&from("https://evil.example", &request)).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{code}");
    }
}

#[tokio::test]
async fn rate_limit_is_readable_by_pages_and_spares_preflights() {
    let server = server(&[("DAEGEUM_LIMITS_RATE_PER_SOURCE", "1")]).await;
    let request = from(SHOP, &get_request("/fast"));
    let mut last = server.ask(&request).await;
    for _ in 0..2 {
        last = server.ask(&request).await;
    }
    readable(&last, "RATE_LIMITED");
    let asked = server.ask(&preflight("/pay", "POST")).await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("access-control-allow-origin"), Some(SHOP));
    let headers = asked.header("access-control-allow-headers").unwrap();
    assert_eq!(headers, "authorization,content-type,idempotency-key");
}

#[tokio::test]
async fn body_refusals_are_readable_by_pages() {
    let server = server(&[]).await;
    let large = "x".repeat(300 << 10);
    let large = server
        .ask(&from(SHOP, &post_request("/echo", &[], &large)))
        .await;
    readable(&large, "BODY_TOO_LARGE");

    let mut caller = server.connect().await;
    let head = "POST /raw HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nabc";
    caller.send(from(SHOP, head)).await;
    server.timers(2).await;
    server.world.advance(Duration::from_secs(15));
    readable(&caller.answer().await, "BODY_TIMEOUT");
}

#[tokio::test]
async fn timeouts_are_readable_by_pages() {
    let server = server(&[]).await;
    let mut caller = server.connect().await;
    caller.send(from(SHOP, &get_request("/slow"))).await;
    server.timers(1).await;
    server.world.advance(Duration::from_secs(30));
    readable(&caller.answer().await, "REQUEST_TIMEOUT");
}

/// A longer head is not read to its end, so the page that sent it is not known.
#[tokio::test]
async fn head_refusals_are_readable_by_pages_up_to_twice_the_limit() {
    let server = server(&[]).await;
    let long = |kib: usize| {
        let value = "y".repeat(kib << 10);
        from(
            SHOP,
            &format!("GET /fast HTTP/1.1\r\nhost: test\r\nx: {value}\r\n\r\n"),
        )
    };
    assert_eq!(server.ask(&long(60)).await.status, 200);
    readable(&server.ask(&long(65)).await, "HEAD_TOO_LARGE");
    let mut caller = server.connect().await;
    caller.send(long(200)).await;
    let bare = String::from_utf8(caller.rest().await).unwrap();
    assert!(bare.starts_with("HTTP/1.1 431") && !bare.contains("allow-origin"));
}

/// Nothing of the request is read, so any page may read the answer, which says nothing of anybody.
#[tokio::test]
async fn connection_limit_is_readable_by_every_page() {
    let server = server(&[("DAEGEUM_LIMITS_CONNECTIONS", "1")]).await;
    let mut first = server.connect().await;
    assert_eq!(first.ask(&get_request("/fast")).await.status, 200);
    let turned_away = server.ask(&from(SHOP, &get_request("/fast"))).await;
    assert_eq!(turned_away.code(), "TOO_MANY_CONNECTIONS");
    assert_eq!(turned_away.header("access-control-allow-origin"), Some("*"));
}
