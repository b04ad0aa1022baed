//! Reads the top-level fields of a JSON object in place, without building a tree: the generator shares the machine
//! with the server.

/// The value of `name`: a string without its quotes (and without undoing escapes, which none of
/// the checked fields has), anything else as it is written.
pub(crate) fn field<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = object.trim_ascii_start().strip_prefix(b"{")?;
    loop {
        let (key, after) = string(rest.trim_ascii_start())?;
        let after = after.trim_ascii_start().strip_prefix(b":")?;
        let (value, after) = value(after.trim_ascii_start())?;
        if key == name.as_bytes() {
            return Some(string(value).map_or(value, |(inner, _)| inner));
        }
        rest = after.trim_ascii_start().strip_prefix(b",")?;
    }
}

/// A string at the start of `bytes`, and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = bytes.strip_prefix(b"\"")?;
    let mut escaped = false;
    let end = inside.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    let (string, rest) = inside.split_at_checked(end)?;
    Some((string, rest.strip_prefix(b"\"")?))
}

/// A value as it is written, and what follows it.
fn value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut depth = 0_u32;
    let mut rest = bytes;
    loop {
        match rest.first()? {
            b'"' => rest = string(rest)?.1,
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                rest = rest.get(1..)?;
            }
            b'}' | b']' | b',' if depth == 0 => break,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                rest = rest.get(1..)?;
            }
            _ => rest = rest.get(1..)?,
        }
    }
    let (value, rest) = bytes.split_at_checked(bytes.len().checked_sub(rest.len())?)?;
    Some((value.trim_ascii_end(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: &[u8] = br#" { "lines": [{"status":"inner","x":"]}"}, {}], "note":"a\"}b",
        "status" : "CAPTURED", "detail":{"amount":1}, "amount": 12900 , "last":null}"#;

    fn text(name: &str) -> Option<&str> {
        field(PAYMENT, name).map(|value| std::str::from_utf8(value).expect("UTF-8"))
    }

    #[test]
    fn only_the_top_level_is_read() {
        assert_eq!(text("status"), Some("CAPTURED"));
        assert_eq!(text("amount"), Some("12900"));
        assert_eq!(text("last"), Some("null"));
        assert_eq!(text("x"), None);
    }

    #[test]
    fn nested_values_are_kept_whole() {
        assert_eq!(text("detail"), Some(r#"{"amount":1}"#));
        assert_eq!(text("note"), Some(r#"a\"}b"#));
    }

    #[test]
    fn non_object_has_no_fields() {
        for bytes in ["", "[]", "{", "{\"a\"", "{\"a\":", "null", "{}"] {
            assert_eq!(field(bytes.as_bytes(), "a"), None, "{bytes}");
        }
    }
}
