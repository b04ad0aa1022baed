//! Idempotency: the caller's key, the request's fingerprint, and the stored answer.

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

/// A caller's idempotency key with its owner and the request's fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Hash of principal and key.
    pub key: [u8; 16],
    /// Hash of method, route with its parameters, and body without the key.
    pub fingerprint: [u8; 16],
}

/// The data that an answer is rendered from, so that the same bytes can be rendered again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// An order as it was at a version.
    Order {
        /// The rendering's version, so that an upgrade keeps old answers unchanged.
        wire: u8,
        /// The HTTP status.
        status: u16,
        /// The order.
        order_id: OrderId,
        /// The order's version: how many events it had had.
        version: u64,
    },
    /// A payment as it was at a version.
    Payment {
        /// The rendering's version.
        wire: u8,
        /// The HTTP status.
        status: u16,
        /// The payment.
        payment_id: PaymentId,
        /// The payment's version: how many events it had had.
        version: u64,
    },
    /// A refusal.
    Rejected {
        /// The rendering's version.
        wire: u8,
        /// The rejection.
        rejection: Rejection,
        /// The id of the refused request, which the answer repeats.
        request_id: Box<str>,
    },
}

/// A stored key with its answer. Kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    /// Hash of principal and key.
    pub key: [u8; 16],
    /// Hash of the request.
    pub fingerprint: [u8; 16],
    /// The answer.
    pub answer: Answer,
}

/// The result of looking up a keyed request.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// The same request was answered before.
    Replay(Answer),
    /// The key was used for another request.
    Conflict,
}

impl Reply {
    /// Tells a repetition from another request with the same key.
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
    fn hash_separates_its_parts() {
        assert_ne!(hash16(&[b"ab", b"c"]), hash16(&[b"a", b"bc"]));
        assert_ne!(hash16(&[b"ab"]), hash16(&[b"ab", b""]));
    }
}
