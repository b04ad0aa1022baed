//! A whole number as JSON writes one.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A JSON integer: text, booleans, fractions and exponents have the wrong type (400); 0, negative and huge ones are
/// integers, which the domain refuses (422). One beyond 64 bits becomes the nearest that fits: both are out of every
/// range of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Integer(pub i64);

impl Integer {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number without fraction or exponent")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Integer, E> {
        Ok(Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Integer, E> {
        Ok(Integer(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    /// The JSON parser passes an integer beyond 64 bits as a float, and one with an exponent too; at that size they
    /// cannot be told apart, and both are refused as too large.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Integer, E> {
        const BEYOND_64_BITS: f64 = 18_446_744_073_709_551_616.0;
        const BELOW_64_BITS: f64 = -9_223_372_036_854_775_808.0;
        if number >= BEYOND_64_BITS {
            Ok(Integer(i64::MAX))
        } else if number <= BELOW_64_BITS {
            Ok(Integer(i64::MIN))
        } else {
            Err(E::invalid_type(de::Unexpected::Float(number), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        serde_json::from_str::<Integer>(text).ok().map(Integer::get)
    }

    #[test]
    fn integers_are_kept_whatever_their_size() {
        for (text, number) in [
            ("0", 0),
            ("-5", -5),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("18446744073709551615", i64::MAX),
            ("18446744073709551616", i64::MAX),
            ("99999999999999999999999999", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-99999999999999999999999999", i64::MIN),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
    }

    #[test]
    fn everything_else_is_of_the_wrong_type() {
        for text in [
            "1.0", "1.5", "1e3", "-0.0", "\"1\"", "true", "null", "[1]", "{}", "01", "+1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
