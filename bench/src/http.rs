//! The part of HTTP/1.1 that a load generator needs to read answers: a status, a length, a body.
//!
//! Strict on purpose: an answer without `Content-Length`, or with another version, is an error
//! and not something to guess about.

use crate::failure::Failure;

/// An answer that is all there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    /// Bytes up to the body.
    pub(crate) head_bytes: usize,
}

impl Answer<'_> {
    /// Bytes of the whole answer, after which the next may begin.
    pub(crate) fn bytes(&self) -> usize {
        self.head_bytes.saturating_add(self.body.len())
    }

    /// The answer as a sentence, for the failure it caused.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(self.body))
    }
}

/// The answer at the start of `bytes`; `None` while some of it is still to come.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Answer<'_>>, Failure> {
    let Some(head_bytes) = end_of_head(bytes) else {
        return Ok(None);
    };
    let (head, rest) = bytes.split_at(head_bytes);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().and_then(status);
    let status = status.ok_or_else(|| unreadable(head))?;
    let length = lines.find_map(content_length);
    let length = length.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let length: usize = length.ok_or_else(|| unreadable(head))?;
    let body = rest.get(..length);
    Ok(body.map(|body| Answer {
        status,
        body,
        head_bytes,
    }))
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    at.checked_add(4)
}

/// `HTTP/1.1 201 Created`
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ")?;
    let digits = std::str::from_utf8(rest.get(..3)?).ok()?;
    digits.parse().ok()
}

/// The value of the length, if the line is that header.
fn content_length(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    name.eq_ignore_ascii_case(NAME).then(|| value.trim_ascii())
}

fn unreadable(head: &[u8]) -> Failure {
    let head = String::from_utf8_lossy(head);
    Failure::new(format!("an answer that this generator cannot read: {head}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\
        CONTENT-LENGTH: 7\r\nx-request-id: 1\r\n\r\n{\"a\":1}";

    #[test]
    fn an_answer_is_read_whatever_the_case_of_its_headers() {
        let answer = parse(CREATED).expect("well-formed").expect("complete");
        assert_eq!((answer.status, answer.body), (201, &b"{\"a\":1}"[..]));
        assert_eq!(answer.bytes(), CREATED.len());
    }

    #[test]
    fn incomplete_answer_is_waited_for() {
        for end in 0..CREATED.len() {
            assert_eq!(parse(&CREATED[..end]), Ok(None), "{end} bytes");
        }
    }

    #[test]
    fn bytes_after_an_answer_belong_to_the_next() {
        let two = [CREATED, CREATED].concat();
        let first = parse(&two).expect("well-formed").expect("complete");
        assert_eq!(first.bytes(), CREATED.len());
    }

    #[test]
    fn an_empty_body_is_an_answer() {
        let answer = parse(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(answer.expect("well-formed").expect("complete").status, 204);
    }

    #[test]
    fn answer_without_a_length_is_refused() {
        for head in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
            "SSH-2.0\r\n\r\n",
        ] {
            assert!(parse(head.as_bytes()).is_err(), "{head}");
        }
    }
}
