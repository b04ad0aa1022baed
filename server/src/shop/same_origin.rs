//! Whether a form was sent by one of the shop's own pages. `SameSite` alone does not say so: a page on another port
//! of this machine is the same site, and the browser would add the visitor's cookie to what it sends.

use http::{HeaderMap, HeaderName, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Every browser says at least one of the two with a form; who says neither is refused.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(SEC_FETCH_SITE) {
        return text(SEC_FETCH_SITE) == Some("same-origin");
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    match (origin, text(header::HOST)) {
        (Some((_, from)), Some(host)) => from.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn says(headers: &[(&'static str, &'static str)]) -> bool {
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        is_same_origin(&pairs.collect())
    }

    #[test]
    fn a_page_of_ours_may_send_a_form() {
        assert!(says(&[("sec-fetch-site", "same-origin")]));
        assert!(says(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:8080")
        ]));
    }

    #[test]
    fn nobody_elses_page_may() {
        for site in ["cross-site", "same-site", "none", ""] {
            // What an older header would say does not matter then.
            assert!(!says(&[
                ("sec-fetch-site", site),
                ("host", "127.0.0.1:8080"),
                ("origin", "http://127.0.0.1:8080")
            ]));
        }
        for origin in ["http://127.0.0.1:8081", "https://shop.example", "null", ""] {
            assert!(!says(&[("host", "127.0.0.1:8080"), ("origin", origin)]));
        }
        assert!(!says(&[("host", "127.0.0.1:8080")]));
        assert!(!says(&[]));
    }
}
