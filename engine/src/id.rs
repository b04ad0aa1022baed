//! Identifiers: newtypes with a public prefix, parsed where input enters.

use std::fmt;

use bincode::{Decode, Encode};
use thiserror::Error;
use uuid::Uuid;

use crate::stream::Shard;
use crate::text::check_name;
use crate::time::Timestamp;

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a valid {0}")]
pub struct InvalidId(pub &'static str);

/// The source of new identifiers. The caller implements it.
pub trait Ids {
    /// 128 bits: a `UUIDv7` of the present time, never repeated.
    fn next(&mut self) -> u128;
}

/// A `UUIDv7` of `at` with these 74 random bits (the bits of version and variant are overwritten).
pub fn uuid_v7(at: Timestamp, random: [u8; 10]) -> u128 {
    uuid::Builder::from_unix_timestamp_millis(at.as_millis(), &random)
        .into_uuid()
        .as_u128()
}

/// The same identifier, dated `at`: a `UUIDv7` begins with 48 bits of milliseconds.
pub fn dated(uuid: u128, at: Timestamp) -> u128 {
    const TIME_AT: u32 = 80;
    let rest = uuid & ((1 << TIME_AT) - 1);
    u128::from(at.as_millis()) << TIME_AT | rest
}

macro_rules! prefixed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The prefix of its text.
            pub const PREFIX: &'static str = $prefix;

            /// The identifier with these bits.
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }

            /// Its 128 bits.
            pub const fn bits(self) -> u128 {
                self.0
            }

            /// A new one.
            pub fn new(ids: &mut dyn Ids) -> Self {
                Self(ids.next())
            }

            /// A new one whose last byte names its shard.
            pub fn in_shard(ids: &mut dyn Ids, shard: Shard) -> Self {
                Self(ids.next() & !0xff | u128::from(shard.byte()))
            }

            /// The shard in its last byte. Payments begun by version 1 name none: their byte is random.
            pub const fn shard(self) -> Shard {
                let [.., last] = self.0.to_be_bytes();
                Shard::from_byte(last)
            }

            /// Reads the prefix and 32 lower-case hexadecimal digits.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse_hex(text, Self::PREFIX).map(Self).ok_or(InvalidId($what))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut hex = [0u8; 32];
                let hex: &str = Uuid::from_u128(self.0).simple().encode_lower(&mut hex);
                f.write_str(Self::PREFIX)?;
                f.write_str(hex)
            }
        }

        // Fixed sixteen bytes: a varint of random bits would be longer.
        impl Encode for $name {
            fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
                self.0.to_be_bytes().encode(encoder)
            }
        }

        impl<Context> Decode<Context> for $name {
            fn decode<D: bincode::de::Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
                Ok(Self(u128::from_be_bytes(Decode::decode(decoder)?)))
            }
        }

        impl<'de, Context> bincode::BorrowDecode<'de, Context> for $name {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
                Decode::decode(decoder)
            }
        }
    )*};
}

prefixed_ids! {
    /// One attempt to pay for an order. Also the order number that the gateway is given.
    PaymentId = "pay_", "payment id";
    /// One money call to a gateway; its text is the idempotency key the gateway is given.
    OperationId = "op_", "operation id";
    /// A buyer's checkout of one order.
    SessionId = "ses_", "session id";
    /// A refund to a buyer.
    RefundId = "rfd_", "refund id";
}

fn parse_hex(text: &str, prefix: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix)?;
    let lower_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 32 || !digits.as_bytes().iter().all(lower_hex) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

/// The merchant's id of an order: 1–64 of `[A-Za-z0-9._:-]`, unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct OrderId(Box<str>);

impl OrderId {
    /// Longest text in bytes.
    pub const MAX_LEN: usize = 64;

    /// Accepts the merchant's text if it is well formed.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        let well_formed =
            (1..=Self::MAX_LEN).contains(&text.len()) && text.as_bytes().iter().all(allowed);
        well_formed
            .then(|| Self(text.into()))
            .ok_or(InvalidId("order id"))
    }

    /// Accepts the merchant's text for a new order. `.` and `..` are refused: browsers and clients remove them from a
    /// path, however they are encoded, so such an order could not be requested.
    pub fn of_new_order(text: &str) -> Result<Self, InvalidId> {
        let id = Self::parse(text)?;
        reachable(text).then_some(id).ok_or(InvalidId("order id"))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text can be a path segment of an address.
fn reachable(text: &str) -> bool {
    !matches!(text, "." | "..")
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The merchant's id of a buyer: 1–128 bytes of text without control characters, at least one of them visible.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct BuyerId(Box<str>);

impl BuyerId {
    /// Longest text in bytes.
    pub const MAX_LEN: usize = 128;

    /// Accepts the merchant's text if it is well formed.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fits = text.len() <= Self::MAX_LEN && check_name(text, Self::MAX_LEN).is_ok();
        fits.then(|| Self(text.into())).ok_or(InvalidId("buyer id"))
    }

    /// Accepts the merchant's text for the buyer of a new order, who must be addressable by a path too.
    pub fn of_new_order(text: &str) -> Result<Self, InvalidId> {
        let id = Self::parse(text)?;
        reachable(text).then_some(id).ok_or(InvalidId("buyer id"))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payment_id_parses_only_its_own_text() {
        let id = PaymentId::from_bits(uuid_v7(
            Timestamp::from_millis(1_795_000_000_120),
            [0xab; 10],
        ));
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text, "pay_01a1ee565e787bababababababababab");
        assert_eq!(PaymentId::parse(&text), Ok(id));
        for wrong in [
            "",
            "pay_",
            &text[4..],
            &text.to_uppercase(),
            &format!("{text}0"),
            &text.replace("pay_", "op_"),
        ] {
            assert!(PaymentId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ids_of_later_times_sort_later() {
        let early = uuid_v7(Timestamp::from_millis(1_000), [0xff; 10]);
        assert!(early < uuid_v7(Timestamp::from_millis(1_001), [0; 10]));
    }

    #[test]
    fn dating_an_id_keeps_its_randomness() {
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        assert_eq!(
            dated(uuid_v7(late, [7; 10]), early),
            uuid_v7(early, [7; 10])
        );
    }

    #[test]
    fn id_in_a_shard_ends_in_the_shards_byte() {
        struct Same;
        impl Ids for Same {
            fn next(&mut self) -> u128 {
                uuid_v7(Timestamp::from_millis(1_000), [0xff; 10])
            }
        }
        let id = PaymentId::in_shard(&mut Same, Shard::from_byte(0x5c));
        assert_eq!(id.shard(), Shard::from_byte(0x5c));
        assert!(id.to_string().ends_with("ff5c"), "{id}");
        assert_eq!(id.bits() >> 8, Same.next() >> 8);
    }

    #[test]
    fn new_order_id_is_not_a_dot_segment() {
        for dots in [".", ".."] {
            assert!(OrderId::of_new_order(dots).is_err(), "{dots}");
            assert!(BuyerId::of_new_order(dots).is_err(), "{dots}");
            assert!(OrderId::parse(dots).is_ok(), "{dots} may be stored");
        }
        for name in ["...", ".a", "a..", "1"] {
            assert!(OrderId::of_new_order(name).is_ok(), "{name}");
            assert!(BuyerId::of_new_order(name).is_ok(), "{name}");
        }
        assert!(OrderId::of_new_order("a/b").is_err());
    }

    #[test]
    fn order_id_is_short_plain_ascii() {
        for good in ["a", "ORD-2026.11.21_1:2", &"x".repeat(64)] {
            assert!(OrderId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a/b", "주문", "a\n", &"x".repeat(65)] {
            assert!(OrderId::parse(bad).is_err(), "{bad}");
        }
    }
}
