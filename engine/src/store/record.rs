//! Records: the journal's form of a commit.

use bincode::{Decode, Encode};

use crate::event::Provider;
use crate::group::GroupEvent;
use crate::id::{OrderId, PaymentId};
use crate::idempotency::{KeyedRequest, Reply, hash16};
use crate::sealed::Sealed;
use crate::stream::{Shard, Stream};
use crate::time::Timestamp;

/// One commit as stored. It belongs to one stream.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// The time of the decision.
    pub at: Timestamp,
    /// The stream's shard.
    pub shard: Shard,
    /// The stream.
    pub stream: Stream,
    /// The content.
    pub body: Body,
}

/// The content of a commit. Stored: append variants only.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Body {
    /// Events of one order's group.
    Group(GroupRecord),
    /// A keyed request was refused or changed nothing; its answer is stored beside the history of its stream.
    Kept(Reply),
    /// An authentic notification named a payment that we do not have.
    Unmatched(UnmatchedNotification),
}

/// Events of one order's group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GroupRecord {
    /// The record before this one of the same group; 0 if this is its first.
    pub previous: u64,
    /// The events, in order.
    pub events: Vec<GroupEvent>,
    /// The idempotency key of the request, with the answer.
    pub reply: Option<Reply>,
}

/// A notification without a payment, stored so that no gateway message is lost.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UnmatchedNotification {
    /// The sender.
    pub provider: Provider,
    /// The gateway's id of the notification.
    pub event_id: Box<str>,
    /// The type that it names.
    pub event_type: Box<str>,
    /// The payment it names.
    pub payment_id: PaymentId,
    /// Its body as received, sealed.
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

    /// The order and the events, if the record is a group's; otherwise `None`.
    pub const fn group(&self) -> Option<(&OrderId, &GroupRecord)> {
        match (&self.stream, &self.body) {
            (Stream::Order(order), Body::Group(group)) => Some((order, group)),
            (Stream::Order(_) | Stream::Stray(_) | Stream::Unsaid, _) => None,
        }
    }

    /// The number of its events that have a place in the merchant's feed.
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

/// The key that recognises a repeated delivery of a notification without a payment.
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
