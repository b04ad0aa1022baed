//! The fate of an answer on the wire. The core only describes it; a listener applies it to a socket, a simulation to
//! its own network. A client cannot tell `RequestLost` from `ResponseLost`; they are separate here because their
//! effects differ.

use bytes::Bytes;
use http::{Response, StatusCode};

/// One HTTP exchange: the answer, and its fate.
#[derive(Debug)]
pub struct Exchange {
    /// The answer. Empty, and never to be sent, if `transport` says that nothing is sent.
    pub response: Response<Bytes>,
    /// The fate on the wire.
    pub transport: Transport,
}

/// When and how the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// How long the answer is kept back. What it answers has happened already.
    pub delay_ms: u64,
    /// The end of the exchange.
    pub ending: Ending,
}

/// A request that has been taken and not yet been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldId(pub(super) u64);

/// The ways in which an exchange can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It arrives.
    Whole,
    /// Nothing happened, and nothing is answered: the connection stays silent for `silent_ms` and
    /// is then closed.
    RequestLost {
        /// For so long.
        silent_ms: u64,
    },
    /// It happened, and nothing is answered; silence as above.
    ResponseLost {
        /// For so long.
        silent_ms: u64,
    },
    /// The connection is reset. Whether it happened, the rule says.
    Reset,
    /// The header promises all of it; `at` bytes of the body come, then the connection closes.
    Truncated {
        /// How many bytes.
        at: usize,
    },
    /// The body comes `bytes` at a time.
    Drip {
        /// How many at a time.
        bytes: usize,
        /// How far apart.
        every_ms: u64,
    },
    /// It has not happened yet and will at `until_ms`, whether or not anybody waits; ask
    /// `Toss::resume` then for what to answer.
    Held {
        /// Which.
        id: HeldId,
        /// The domain's time.
        until_ms: i64,
    },
}

impl Exchange {
    /// Arrives at once.
    pub(super) fn whole(response: Response<Bytes>) -> Self {
        Self {
            response,
            transport: Transport {
                delay_ms: 0,
                ending: Ending::Whole,
            },
        }
    }

    /// Nothing to send.
    pub(super) fn nothing(ending: Ending) -> Self {
        let mut exchange = Self::whole(Response::new(Bytes::new()));
        *exchange.response.status_mut() = StatusCode::NO_CONTENT;
        exchange.transport.ending = ending;
        exchange
    }
}
