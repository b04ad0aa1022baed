//! Callers: authentication, addresses and rate limits.

use std::time::Duration;

use serde_json::json;

use super::harness::*;

#[tokio::test]
async fn caller_reaches_only_its_own_routes() {
    let server = Server::start(&[]).await;
    let buyer = token(&json!({"sub": "buyer-1", "exp": NOW_S + 60}));
    for (path, credential, status, name) in [
        ("/merchant", MERCHANT, 200, "merchant"),
        ("/admin", ADMIN, 200, "admin"),
        ("/buyer", &buyer, 200, "buyer-1"),
        ("/anyone", MERCHANT, 200, "merchant"),
        ("/anyone", &buyer, 200, "buyer-1"),
        ("/merchant", &buyer, 403, ""),
        ("/admin", MERCHANT, 403, ""),
        ("/buyer", ADMIN, 403, ""),
    ] {
        let answer = server.ask(&get_as(path, credential)).await;
        assert_eq!(answer.status, status, "{path}");
        if status == 200 {
            assert_eq!(String::from_utf8(answer.body).unwrap(), name);
        }
    }
}

#[tokio::test]
async fn a_token_expires_by_the_machines_clock_not_the_domains() {
    let server = Server::start(&[]).await;
    let request = get_as("/buyer", &token(&json!({"sub": "b", "exp": NOW_S + 60})));
    server.world.advance_domain(Duration::from_hours(24));
    assert_eq!(server.ask(&request).await.status, 200);
    server.world.advance(Duration::from_secs(90));
    assert_eq!(server.ask(&request).await.code(), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn unauthenticated_sources_are_rate_limited() {
    let server = Server::start(&[("DAEGEUM_LIMITS_RATE_PER_SOURCE", "5")]).await;
    let mut caller = server.connect().await;
    let mut guesses = Vec::new();
    for guess in 0..20 {
        let request = format!(
            "GET /merchant HTTP/1.1\r\nhost: test\r\nauthorization: Bearer guess-{guess}\r\n\
             x-forwarded-for: 198.51.100.{guess}\r\n\r\n"
        );
        guesses.push(caller.ask(&request).await.code());
    }
    assert!(
        guesses[..10]
            .iter()
            .all(|code| code == "INVALID_CREDENTIALS"),
        "{guesses:?}"
    );
    assert!(
        guesses[10..].iter().all(|code| code == "RATE_LIMITED"),
        "{guesses:?}"
    );
    server.world.advance(Duration::from_secs(1));
    assert_eq!(caller.ask(&get_as("/merchant", MERCHANT)).await.status, 200);
}

#[tokio::test]
async fn a_key_has_its_own_rate_wherever_it_is_used_from() {
    let server = Server::start(&[("DAEGEUM_LIMITS_RATE_PER_KEY", "2")]).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(server.ask(&get_as("/merchant", MERCHANT)).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
    assert_eq!(server.ask(&get_as("/admin", ADMIN)).await.status, 200);
    let one = token(&json!({"sub": "b", "exp": NOW_S + 60}));
    let other = token(&json!({"sub": "b", "exp": NOW_S + 61}));
    for credential in [&one, &other, &one, &other] {
        assert_eq!(server.ask(&get_as("/buyer", credential)).await.status, 200);
    }
    assert_eq!(
        server.ask(&get_as("/buyer", &one)).await.code(),
        "RATE_LIMITED"
    );
}

#[tokio::test]
async fn forwarded_address_counts_only_from_a_trusted_proxy() {
    let request = "GET /source HTTP/1.1\r\nhost: test\r\n\
                   x-forwarded-for: 1.1.1.1, 198.51.100.7\r\n\r\n";
    let alone = Server::start(&[]).await;
    assert_eq!(alone.ask(request).await.body, b"127.0.0.1");
    let behind = Server::start(&[("DAEGEUM_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    assert_eq!(behind.ask(request).await.body, b"198.51.100.7");
}

#[tokio::test]
async fn a_key_travels_in_header_or_body() {
    let server = Server::start(&[]).await;
    for request in [
        post_request("/pay", &["idempotency-key: k-1"], r#"{"amount":1}"#),
        post_request("/pay", &[], r#"{"amount":1,"idempotency_key":"k-1"}"#),
    ] {
        assert_eq!(server.ask(&request).await.body, b"k-1");
    }
}
