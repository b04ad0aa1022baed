//! The answer for an unknown address: a page for people, a problem for programs.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::{Entry, Page, Visit, are_built};
use crate::http::{HttpErrorCode, Problem};

#[derive(Template)]
#[template(path = "nowhere.html")]
struct Nowhere {
    page: Page,
}

/// Answers whatever no route takes.
pub(super) async fn page(visit: Visit, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let looks = matches!(method, Method::GET | Method::HEAD);
    let mut answer = if looks && !is_of_programs(uri.path()) && reads_pages(&headers) && are_built()
    {
        visit.show_as(StatusCode::NOT_FOUND, Entry::Site, |page| Nowhere { page })
    } else {
        Problem::from(HttpErrorCode::NotFound).into_response()
    };
    let varies = HeaderValue::from_static("Accept");
    answer.headers_mut().append(header::VARY, varies);
    answer
}

/// Where no person looks for a page.
fn is_of_programs(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Whether `Accept` names pages, as browsers do for what is opened in them; `*/*` is anybody's.
fn reads_pages(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT).into_iter();
    let mut named = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    named.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_page = parts
            .next()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"));
        let is_refused = |weight: &str| weight.chars().all(|c| matches!(c, '0' | '.'));
        is_page
            && !parts
                .filter_map(|part| part.strip_prefix("q="))
                .any(is_refused)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_pages_reads_them() {
        for (accept, expected) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
            ),
            ("TEXT/HTML;q=0.5", true),
            ("text/html;level=1;q=1", true),
            ("application/json, text/html;q=0", false),
            ("*/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(reads_pages(&headers), expected, "{accept}");
        }
        assert!(!reads_pages(&HeaderMap::new()));
    }

    #[test]
    fn programs_have_the_api_and_nothing_that_begins_alike() {
        for (path, expected) in [
            ("/api", true),
            ("/api/v2/x", true),
            ("/apis", false),
            ("/", false),
        ] {
            assert_eq!(is_of_programs(path), expected, "{path}");
        }
    }
}
