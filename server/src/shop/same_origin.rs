//! Checks that a form was sent by one of the shop's own pages. `SameSite` alone is not enough: a page on another port
//! of this machine is the same site, and the browser would add the visitor's cookie to its requests.

use http::{HeaderMap, HeaderName, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Every browser sends at least one of the two headers with a form; without both the request is refused.
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
    fn form_of_the_shops_own_page_is_accepted() {
        assert!(says(&[("sec-fetch-site", "same-origin")]));
        assert!(says(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "http://127.0.0.1:8080")
        ]));
    }

    #[test]
    fn form_of_another_origin_is_refused() {
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
