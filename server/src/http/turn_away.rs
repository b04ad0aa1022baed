//! Answers a connection over the limit: 503 at once, and closes it. Waiting in the kernel's queue would look like an
//! outage to callers and probes.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    cross_origin::TURNED_AWAY,
    error::{HttpErrorCode, PROBLEM_JSON, Problem},
    front::Front,
    refusals::{Logged, Noted},
    request::RequestId,
};

/// How long the caller has to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much of the unread request is read first: closing with unread bytes would reset the connection, and lose the
/// answer.
const UNREAD_BYTES_MAX: u64 = 64 * 1024;

/// Answers and closes.
pub(super) async fn turn_away(mut stream: TcpStream, front: &Front) {
    let id = RequestId::generate(&*front.world);
    let problem = Problem::from(HttpErrorCode::TooManyConnections);
    log(front, &id, &problem);
    let body = problem.to_json(&id);
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {PROBLEM_JSON}\r\n\
         content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n{TURNED_AWAY}x-request-id: {}\r\n\r\n",
        body.len(),
        id.as_str(),
    );
    let answer = [head.into_bytes(), body].concat();
    let said = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        let mut unread = stream.take(UNREAD_BYTES_MAX);
        tokio::io::copy(&mut unread, &mut tokio::io::sink()).await
    };
    tokio::select! {
        biased;
        // A caller who is gone does not miss the answer.
        _ = said => {}
        () = front.world.sleep(PATIENCE) => {}
    }
}

/// Its request was not read, so nothing is known of it but its id.
fn log(front: &Front, id: &RequestId, problem: &Problem) {
    let request = Logged {
        id,
        method: "unread",
        noted: &Noted::default(),
    };
    front
        .refusals
        .note(&request, problem.status().as_u16(), Some(problem));
}
