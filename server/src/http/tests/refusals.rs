//! Every way to be refused, and that all of them look alike.

use std::collections::BTreeSet;

use super::harness::*;
use crate::http::HttpErrorCode;

/// Requests that are refused at once, and with which code.
pub(super) fn refused() -> Vec<(String, &'static str)> {
    use serde_json::json;
    let expired = token(&json!({"sub": "b", "exp": NOW_S - 60}));
    let post = |body: &str| post_request("/echo", &[], body);
    let pay = |headers: &[&str], body: &str| post_request("/pay", headers, body);
    vec![
        (get_request("/nowhere"), "NOT_FOUND"),
        (get_request("/items/"), "NOT_FOUND"),
        (get_request("//fast"), "NOT_FOUND"),
        (
            "OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n".into(),
            "NOT_FOUND",
        ),
        (get_request("/echo"), "METHOD_NOT_ALLOWED"),
        (
            "BREW /fast HTTP/1.1\r\nhost: test\r\n\r\n".into(),
            "METHOD_NOT_ALLOWED",
        ),
        (get_request("/items/%zz"), "MALFORMED_PATH"),
        (get_request("/items/%"), "MALFORMED_PATH"),
        (get_request("/items/%ff%fe"), "MALFORMED_PATH"),
        (get_request("/nowhere/%c3%28"), "MALFORMED_PATH"),
        (get_request("/page?limit=%zz"), "MALFORMED_QUERY"),
        (get_request("/page?limit=%ff"), "MALFORMED_QUERY"),
        (get_request("/page?limt=1"), "UNKNOWN_PARAMETER"),
        (get_request("/page?limit=1&limit=1"), "DUPLICATE_PARAMETER"),
        (get_request("/page?limit=many"), "INVALID_PARAMETER"),
        (get_request("/silent/418"), "MALFORMED_REQUEST"),
        (get_request("/silent/404"), "NOT_FOUND"),
        (post(""), "EMPTY_BODY"),
        (post("{"), "MALFORMED_JSON"),
        (post("{}{}"), "MALFORMED_JSON"),
        (post("\u{feff}"), "EMPTY_BODY"),
        (post("\u{feff}\u{feff}{}"), "MALFORMED_JSON"),
        (post("{}\u{feff}"), "MALFORMED_JSON"),
        (post(r#"{"amount":1,"amount":1}"#), "DUPLICATE_FIELD"),
        (
            post(r#"{"amount":1,"x":{"y":[{"z":1,"z":1}]}}"#),
            "DUPLICATE_FIELD",
        ),
        (post(&"[".repeat(200_000)), "NESTED_TOO_DEEP"),
        (post(r#"{"amount":1,"tip":1}"#), "UNKNOWN_FIELD"),
        (post("{}"), "MISSING_FIELD"),
        (post(r#"{"amount":"1"}"#), "WRONG_TYPE"),
        (post(r#"{"amount":1.5}"#), "WRONG_TYPE"),
        (post(r#"{"amount":1e3}"#), "WRONG_TYPE"),
        (post("[1]"), "WRONG_TYPE"),
        (
            post_request("/cancel", &[], r#"{"times":300}"#),
            "INVALID_VALUE",
        ),
        (get_request("/silent/422"), "MALFORMED_REQUEST"),
        (pay(&[], r#"{"amount":1}"#), "IDEMPOTENCY_KEY_REQUIRED"),
        (
            pay(&["idempotency-key:"], r#"{"amount":1}"#),
            "INVALID_IDEMPOTENCY_KEY",
        ),
        (
            pay(&[], r#"{"amount":1,"idempotency_key":null}"#),
            "INVALID_IDEMPOTENCY_KEY",
        ),
        (
            pay(
                &["idempotency-key: a"],
                r#"{"amount":1,"idempotency_key":"b"}"#,
            ),
            "CONFLICTING_IDEMPOTENCY_KEYS",
        ),
        (get_request("/merchant"), "UNAUTHENTICATED"),
        (get_as("/merchant", "nobody"), "INVALID_CREDENTIALS"),
        (get_as("/buyer", &expired), "TOKEN_EXPIRED"),
        (get_as("/merchant", ADMIN), "FORBIDDEN"),
        (
            "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{}".into(),
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            post_request("/echo", &["content-encoding: gzip"], r#"{"amount":1}"#),
            "UNSUPPORTED_CONTENT_ENCODING",
        ),
        (
            post_request("/raw", &["content-encoding: br"], "x"),
            "UNSUPPORTED_CONTENT_ENCODING",
        ),
        (get_request("/fails"), "INTERNAL"),
        (get_request("/panic"), "INTERNAL"),
        (get_request("/silent/500"), "INTERNAL"),
        (get_request("/busy"), "OVERLOADED"),
    ]
}

#[tokio::test]
async fn every_refusal_is_a_whole_problem() {
    let server = Server::start(&[]).await;
    for (request, code) in refused() {
        let answer = server.ask(&request).await;
        assert_eq!(
            answer.code(),
            code,
            "{}",
            &request[..request.len().min(200)]
        );
        let promised = HttpErrorCode::ALL
            .iter()
            .find(|one| one.code() == code)
            .unwrap();
        assert_eq!(answer.status, promised.status().as_u16());
    }
}

/// The remaining codes are reached by the tests of bodies and connections.
#[test]
fn every_code_is_reached_somewhere() {
    let stories = [
        include_str!("bodies.rs"),
        include_str!("callers.rs"),
        include_str!("connections.rs"),
        include_str!("key_sets.rs"),
        include_str!("pages.rs"),
    ]
    .concat();
    // Told where they arise: by the application over the store, by notifications, at a checkout, before a confirmation, for a receipt, by the feed.
    let told_above = [
        HttpErrorCode::ConsentTextUnknown,
        HttpErrorCode::FeedBegunAnew,
        HttpErrorCode::GatewayUnavailable,
        HttpErrorCode::IndexRebuilding,
        HttpErrorCode::InvalidSignature,
        HttpErrorCode::ReceiptUnavailable,
        HttpErrorCode::StorageFull,
        HttpErrorCode::Stopping,
    ];
    let at_once: BTreeSet<_> = refused().into_iter().map(|(_, code)| code).collect();
    for code in HttpErrorCode::ALL
        .iter()
        .filter(|code| !told_above.contains(code))
    {
        let told = stories.contains(&format!("\"{}\"", code.code()));
        assert!(
            at_once.contains(code.code()) || told,
            "{} is never reached",
            code.code()
        );
    }
}

#[tokio::test]
async fn a_refused_connection_serves_the_next_request() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    assert_eq!(
        caller.ask(&get_request("/nowhere")).await.code(),
        "NOT_FOUND"
    );
    assert_eq!(caller.ask(&get_request("/panic")).await.code(), "INTERNAL");
    assert_eq!(
        caller.ask(&post_request("/echo", &[], "{")).await.code(),
        "MALFORMED_JSON"
    );
    assert_eq!(caller.ask(&get_request("/fast")).await.body, b"fast");
}

#[tokio::test]
async fn internal_error_is_answered_without_its_cause() {
    let server = Server::start(&[]).await;
    for path in ["/fails", "/panic", "/silent/500"] {
        let answer = server.ask(&get_request(path)).await;
        let body = String::from_utf8(answer.body).unwrap();
        for cause in ["ours", "purpose", "library"] {
            assert!(!body.contains(cause), "{body}");
        }
    }
}

#[tokio::test]
async fn wrong_method_gets_allow_and_head_is_get() {
    let server = Server::start(&[]).await;
    let answer = server
        .ask("DELETE /fast HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET,HEAD"))
    );
    let mut caller = server.connect().await;
    caller
        .send("HEAD /fast HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await;
    let answer = String::from_utf8(caller.rest().await).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_request_keeps_its_own_id_or_gets_one() {
    let server = Server::start(&[]).await;
    let ask = async |id: &str| {
        let request = format!("GET /fast HTTP/1.1\r\nhost: test\r\nx-request-id: {id}\r\n\r\n");
        let answer = server.ask(&request).await;
        answer.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(ask("mine-1").await, "mine-1");
    let (made, other) = (ask("not well formed").await, ask("").await);
    assert!(
        made.starts_with("req_") && made.len() == 36 && made != other,
        "{made} {other}"
    );
}

/// What is not HTTP is answered by hyper before any of our code sees it: a status, no body, and
/// the end of the connection.
#[tokio::test]
async fn non_http_is_answered_and_closed() {
    let server = Server::start(&[]).await;
    let long = format!("GET /fast HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(300_000));
    let many = format!("GET /fast HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101));
    for (nonsense, status) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET /fast HTTP/1.1\r\nidempotency-key;\r\n\r\n", "400"),
        ("GET /a b HTTP/1.1\r\n\r\n", "400"),
        ("GET /fast HTTP/1.1\r\ncontent-length: x\r\n\r\n", "400"),
        (
            "GET /fast HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "400",
        ),
        (&long, "431"),
        (&many, "431"),
    ] {
        let mut caller = server.connect().await;
        caller.send(nonsense).await;
        let answer = String::from_utf8(caller.rest().await).unwrap();
        let expected = format!("HTTP/1.1 {status}");
        assert!(
            answer.starts_with(&expected),
            "{}: {answer}",
            &nonsense[..20.min(nonsense.len())]
        );
    }
    assert_eq!(server.ask(&get_request("/fast")).await.status, 200);
}
