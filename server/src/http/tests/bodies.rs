//! Bodies: too large, too slow, broken off, in pieces, and absent.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::harness::*;

#[tokio::test]
async fn oversized_content_length_is_refused_at_once() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    let head = "POST /raw HTTP/1.1\r\nhost: test\r\ncontent-length: 67108864\r\n\r\n";
    assert_eq!(caller.ask(head).await.code(), "BODY_TOO_LARGE");
    assert_eq!(caller.rest().await, b"", "and the connection ends");
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_at_the_limit() {
    let server = Server::start(&[("DAEGEUM_LIMITS_BODY", "64KiB")]).await;
    let mut caller = server.connect().await;
    caller
        .send("POST /raw HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..17 {
        caller.send(&chunk).await;
    }
    assert_eq!(caller.answer().await.code(), "BODY_TOO_LARGE");
    let mut sent = 0_u64;
    let taken = async {
        while caller.0.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 1;
        }
    };
    soon(taken).await;
    assert!(sent < 64 << 20 >> 12, "64 MiB were taken");
}

#[tokio::test]
async fn the_limit_itself_is_allowed() {
    let server = Server::start(&[("DAEGEUM_LIMITS_BODY", "64KiB")]).await;
    let exact = "x".repeat(64 << 10);
    assert_eq!(
        server.ask(&post_request("/raw", &[], &exact)).await.body,
        b"65536"
    );
    let answer = server
        .ask(&post_request("/raw", &[], &format!("{exact}x")))
        .await;
    assert_eq!(answer.code(), "BODY_TOO_LARGE");
}

#[tokio::test]
async fn a_body_may_come_in_pieces() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    caller
        .send(
            "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n5\r\n{\"amo\r\n",
        )
        .await;
    server.timers(2).await; // the body's and the request's: the first piece has been read
    caller.send("4\r\nunt\"\r\n").await;
    caller.send("4\r\n:12}\r\n0\r\n\r\n").await;
    assert_eq!(caller.answer().await.body, b"12");
    server.timers(0).await;
}

#[tokio::test]
async fn body_that_does_not_arrive_times_out() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    caller
        .send("POST /raw HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nabc")
        .await;
    server.timers(2).await;
    server.world.advance(Duration::from_secs(15));
    assert_eq!(caller.answer().await.code(), "BODY_TIMEOUT");
}

#[tokio::test]
async fn broken_off_body_is_refused() {
    let server = Server::start(&[]).await;
    let mut caller = server.connect().await;
    let broken = "POST /raw HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(caller.ask(broken).await.code(), "INCOMPLETE_BODY");
}

#[tokio::test]
async fn body_is_optional_where_none_is_needed() {
    let server = Server::start(&[]).await;
    let bare = "POST /cancel HTTP/1.1\r\nhost: test\r\n\r\n";
    assert_eq!(server.ask(bare).await.body, b"none");
    let said = post_request("/cancel", &[], r#"{"reason":"late"}"#);
    assert_eq!(server.ask(&said).await.body, b"late");
    let wrong = post_request("/cancel", &[], r#"{"raison":"late"}"#);
    assert_eq!(server.ask(&wrong).await.code(), "UNKNOWN_FIELD");
    let untyped = "POST /cancel HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(server.ask(untyped).await.code(), "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn invalid_value_is_named() {
    let server = Server::start(&[]).await;
    let answer = server
        .ask(&post_request("/cancel", &[], r#"{"reason":7}"#))
        .await;
    assert_eq!(answer.code(), "WRONG_TYPE");
    assert_eq!(answer.json()["errors"][0]["field"], "reason");
    for (amount, echoed) in [
        ("0", "0"),
        ("-3", "-3"),
        ("9007199254740993", "9007199254740993"),
    ] {
        let body = format!("{{\"amount\":{amount}}}");
        let answer = server.ask(&post_request("/echo", &[], &body)).await;
        assert_eq!(String::from_utf8(answer.body).unwrap(), echoed);
    }
}
