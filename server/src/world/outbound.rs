//! Outgoing requests, and the ways in which they can fail.

use std::time::Duration;

use bytes::Bytes;

/// A request with the bounds of its exchange.
#[derive(Debug)]
pub struct Outbound {
    /// The request, its URI absolute.
    pub request: http::Request<Bytes>,
    /// How long the whole exchange may take, from connecting to the answer's last byte.
    pub deadline: Duration,
    /// The longest answer that is read; a longer one is no answer.
    pub answer_bytes_max: usize,
}

/// The reason why there is no answer.
///
/// The difference matters for money: only a request that certainly never left may be treated as not done.
/// taken for undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// Not a byte of the request reached the other side: its name, the connection or TLS failed.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have arrived; no whole answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
}
