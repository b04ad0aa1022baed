//! The headers in which a browser names what it accepts, each with a weight (RFC 9110, section 12.4.2).

use axum::http::{HeaderMap, HeaderName};

/// Whether this header names it, without a weight of 0. A wildcard names nothing.
pub(super) fn accepts(headers: &HeaderMap, header: &HeaderName, name: &str) -> bool {
    let values = headers.get_all(header).into_iter();
    let mut named = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    named.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_named = parts
            .next()
            .is_some_and(|one| one.eq_ignore_ascii_case(name));
        is_named && !parts.any(is_weight_of_zero)
    })
}

fn is_weight_of_zero(parameter: &str) -> bool {
    let weight = parameter.strip_prefix(['q', 'Q']);
    let weight = weight.and_then(|weight| weight.strip_prefix('='));
    weight.is_some_and(|weight| weight.bytes().all(|byte| matches!(byte, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn named(header: &HeaderName, value: &'static str, name: &str) -> bool {
        let headers = HeaderMap::from_iter([(header.clone(), HeaderValue::from_static(value))]);
        accepts(&headers, header, name)
    }

    #[test]
    fn accepted_encodings_are_those_the_browser_names() {
        for (accept, br, gzip) in [
            ("", false, false),
            ("gzip", false, true),
            ("gzip, deflate, br, zstd", true, true),
            ("GZIP;q=0.5,br;q=0", false, true),
            ("br;q=0.0, gzip;q=0.001", false, true),
            ("br; Q=0, gzip; q=1", false, true),
            ("brotli, x-gzip", false, false),
            ("identity", false, false),
            ("*", false, false),
        ] {
            let named = |name| named(&header::ACCEPT_ENCODING, accept, name);
            assert_eq!(named("br"), br, "br in {accept:?}");
            assert_eq!(named("gzip"), gzip, "gzip in {accept:?}");
        }
    }

    #[test]
    fn accepted_media_type_may_have_parameters_before_its_weight() {
        for (accept, expected) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
            ),
            ("TEXT/HTML;q=0.5", true),
            ("text/html;level=1;q=1", true),
            ("text/html;level=1;q=0", false),
            ("application/json, text/html;q=0", false),
            ("*/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let named = named(&header::ACCEPT, accept, "text/html");
            assert_eq!(named, expected, "{accept}");
        }
        assert!(!accepts(&HeaderMap::new(), &header::ACCEPT, "text/html"));
    }
}
