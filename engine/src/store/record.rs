//! Records: what the journal keeps of each commit.

use bincode::{Decode, Encode};

use crate::event::Provider;
use crate::group::GroupEvent;
use crate::id::{OrderId, PaymentId};
use crate::idempotency::{KeyedRequest, Reply, hash16};
use crate::sealed::Sealed;
use crate::stream::{Shard, Stream};
use crate::time::Timestamp;

/// One commit as kept. It is about one stream.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// When it was decided.
    pub at: Timestamp,
    /// Where the stream lives.
    pub shard: Shard,
    /// What it is about.
    pub stream: Stream,
    /// What it was.
    pub body: Body,
}

/// What a commit was. Stored: append variants only.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Body {
    /// Something happened to one order's group.
    Group(GroupRecord),
    /// A keyed request was refused, or changed nothing; its answer is kept, beside the history of its stream.
    Kept(Reply),
    /// An authentic notification named a payment that we do not have.
    Unmatched(UnmatchedNotification),
}

/// What happened to one order's group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GroupRecord {
    /// The record before this one of the same group; 0 if this is its first.
    pub previous: u64,
    /// What happened, in order.
    pub events: Vec<GroupEvent>,
    /// The key it was asked under, with the answer.
    pub reply: Option<Reply>,
}

/// A notification without a payment, kept so that nothing a gateway told us is lost.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UnmatchedNotification {
    /// Who sent it.
    pub provider: Provider,
    /// The gateway's id of it.
    pub event_id: Box<str>,
    /// What it says it is.
    pub event_type: Box<str>,
    /// The payment it names.
    pub payment_id: PaymentId,
    /// Its body as it came, sealed.
    pub body: Sealed,
}

impl Record {
    /// A record of a stream.
    pub fn new(at: Timestamp, stream: Stream, body: Body) -> Self {
        Self {
            at,
            shard: stream.shard(),
            stream,
            body,
        }
    }

    /// What happened to an order's group, and which order; nothing if the record is of another kind.
    pub const fn group(&self) -> Option<(&OrderId, &GroupRecord)> {
        match (&self.stream, &self.body) {
            (Stream::Order(order), Body::Group(group)) => Some((order, group)),
            (Stream::Order(_) | Stream::Stray(_) | Stream::Unsaid, _) => None,
        }
    }

    /// How many of its events have a place in the merchant's feed.
    pub fn feed_events(&self) -> u32 {
        let Body::Group(group) = &self.body else {
            return 0;
        };
        let concerning = group
            .events
            .iter()
            .filter(|event| event.concerns_merchant())
            .count();
        u32::try_from(concerning).unwrap_or(u32::MAX)
    }
}

/// What a notification without a payment is recognised by when it is delivered again.
pub fn notification_key(provider: Provider, event_id: &str) -> KeyedRequest {
    let key = hash16(&[
        b"notification",
        provider.name().as_bytes(),
        event_id.as_bytes(),
    ]);
    KeyedRequest {
        key,
        fingerprint: [0; 16],
    }
}
