//! Reading hexadecimal digits, of either case.

/// The byte that two digits write.
pub fn byte([high, low]: [u8; 2]) -> Option<u8> {
    digit(high)?.checked_mul(16)?.checked_add(digit(low)?)
}

/// 32 bytes, written as 64 digits and nothing else.
pub fn bytes32(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().copied().map(byte).collect();
    bytes?.try_into().ok().filter(|_| rest.is_empty())
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_a_byte_and_a_sign_is_no_digit() {
        for (digits, expected) in [
            (b"00", Some(0)),
            (b"7f", Some(127)),
            (b"Ff", Some(255)),
            (b"+f", None),
            (b"0g", None),
            (b" 1", None),
        ] {
            assert_eq!(byte(*digits), expected, "{digits:?}");
        }
    }

    #[test]
    fn bytes_are_as_many_as_they_have_to_be() {
        assert_eq!(bytes32(&"0a".repeat(32)), Some([10; 32]));
        for wrong in ["", "0a", &"0".repeat(63), &"0".repeat(65), &"0".repeat(66)] {
            assert_eq!(bytes32(wrong), None, "{wrong}");
        }
    }
}
