//! The answer for an unknown address: a page for people, a problem for programs.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::accepts::accepts;
use super::fixed::Fixed;
use super::{Page, Visit, are_built};
use crate::http::{HttpErrorCode, Problem};

#[derive(Template)]
#[template(path = "nowhere.html")]
struct Nowhere {
    page: Page,
}

/// Answers whatever no route takes.
pub(super) async fn page(visit: Visit, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let looks = matches!(method, Method::GET | Method::HEAD);
    // Browsers name pages for what is opened in them; `*/*` is anybody's.
    let reads_pages = accepts(&headers, &header::ACCEPT, "text/html");
    let mut answer = if looks && !is_of_programs(uri.path()) && reads_pages && are_built() {
        let make = |page| Nowhere { page };
        visit.show_fixed(StatusCode::NOT_FOUND, Fixed::Nowhere, make)
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

#[cfg(test)]
mod tests {
    use super::*;

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
