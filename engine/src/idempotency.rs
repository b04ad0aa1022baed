//! Idempotency: the key a caller sends, the request's fingerprint, and the answer that is given again.

use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::id::{OrderId, PaymentId};
use crate::rejection::Rejection;

/// The first half of SHA-256 over the parts, each preceded by its length so that no two lists collide.
pub fn hash16(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let mut half = [0; 16];
    half.iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    half
}

/// A caller's key with whose it is and what it was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Hash of principal and key.
    pub key: [u8; 16],
    /// Hash of method, route with its parameters, and body less the key.
    pub fingerprint: [u8; 16],
}

/// What renders the same bytes again: not the bytes, but what they were made from.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// An order as it was at a version.
    Order {
        /// Which rendering, so that an upgrade keeps old answers as they were.
        wire: u8,
        /// The HTTP status.
        status: u16,
        /// Which order.
        order_id: OrderId,
        /// How many events it had had.
        version: u64,
    },
    /// A payment as it was at a version.
    Payment {
        /// Which rendering.
        wire: u8,
        /// The HTTP status.
        status: u16,
        /// Which payment.
        payment_id: PaymentId,
        /// How many events it had had.
        version: u64,
    },
    /// A refusal.
    Rejected {
        /// Which rendering.
        wire: u8,
        /// What was refused.
        rejection: Rejection,
        /// The request that was refused, which the answer names.
        request_id: Box<str>,
    },
}

/// A key with its answer, as recorded. Kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    /// Hash of principal and key.
    pub key: [u8; 16],
    /// Hash of the request.
    pub fingerprint: [u8; 16],
    /// What was answered.
    pub answer: Answer,
}

/// What is known of a keyed request.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// The same request was answered before.
    Replay(Answer),
    /// The key was used for another request.
    Conflict,
}

impl Reply {
    /// Tells a repetition from another request under the same key.
    pub fn compare(self, request: &KeyedRequest) -> Known {
        if self.fingerprint == request.fingerprint {
            Known::Replay(self.answer)
        } else {
            Known::Conflict
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash16(&[b"ab", b"c"]), hash16(&[b"a", b"bc"]));
        assert_ne!(hash16(&[b"ab"]), hash16(&[b"ab", b""]));
    }
}
