//! Streams: the scope of one commit. A commit stays within one stream, so that streams can be spread over shards.
//!
//! These types are stored: append variants, never reorder them.

use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::id::{OrderId, PaymentId};

/// The subject of a record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Stream {
    /// An order with its payments and their refunds.
    Order(OrderId),
    /// A payment id that no order here has; messages about it are recorded all the same.
    Stray(PaymentId),
    /// Version 1 did not record what a stored answer was about.
    Unsaid,
}

impl Stream {
    /// The shard it lives in.
    pub fn shard(&self) -> Shard {
        match self {
            Self::Order(id) => Shard::of_order(id),
            Self::Stray(id) => id.shard(),
            Self::Unsaid => Shard(0),
        }
    }

    /// The order, if it is one.
    pub const fn order(&self) -> Option<&OrderId> {
        match self {
            Self::Order(id) => Some(id),
            Self::Stray(_) | Self::Unsaid => None,
        }
    }
}

/// A stream's shard: the first byte of SHA-256 of its id. A store with fewer than 256 shards takes it modulo their
/// number, which has to be a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Shard(u8);

impl Shard {
    /// The shard of an order and everything that belongs to it.
    pub fn of_order(id: &OrderId) -> Self {
        let [first, ..] = <[u8; 32]>::from(Sha256::digest(id.as_str().as_bytes()));
        Self(first)
    }

    /// The shard that this byte names.
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte that names it.
    pub const fn byte(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids already given out end in this byte, so it may never change.
    #[test]
    fn shard_of_an_order_is_the_first_byte_of_its_hash() {
        let order = OrderId::parse("ORD-1").unwrap();
        let digest = Sha256::digest(b"ORD-1");
        assert_eq!(Shard::of_order(&order).byte(), digest[0]);
        assert_eq!(Stream::Order(order).shard().byte(), digest[0]);
    }

    #[test]
    fn orders_spread_evenly_over_64_shards() {
        let mut counts = [0_u32; 64];
        for n in 0..6_400 {
            let order = OrderId::parse(&format!("ORD-{n}")).unwrap();
            counts[usize::from(Shard::of_order(&order).byte() % 64)] += 1;
        }
        assert!(
            counts.iter().all(|count| (60..=140).contains(count)),
            "{counts:?}"
        );
    }
}
