//! CORS: the shop's own pages may call the buyer's part of the API, with a session's or a buyer's token and never
//! with cookies; pages of any origin may call what is public. This is the outermost layer, so that a page can read
//! every refusal, and preflights are answered even under load. Requests without an origin pass unchanged.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use matchit::Router;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::config::WebOrigin;

/// How long a browser may cache a preflight's answer.
const ASK_AGAIN_AFTER: Duration = Duration::from_mins(10);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TOLD: [HeaderName; 3] = [
    header::RETRY_AFTER,
    HeaderName::from_static("idempotent-replayed"),
    HeaderName::from_static("x-request-id"),
];
/// The header for a connection that is turned away unread: any page may read the answer. It contains no data, and the
/// origin is not known.
pub const TURNED_AWAY: &str = "access-control-allow-origin: *\r\n\
     access-control-expose-headers: retry-after,x-request-id\r\n";

/// The origins whose pages may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// None: it is for backends, administrators and gateways.
    None,
    /// The shop's, by `checkout.redirect_origins`.
    OfTheShop,
    /// Those of every origin.
    OfAnyOrigin,
}

/// The layers by path and method.
pub struct CrossOrigin {
    paths: Router<AtPath>,
    /// For unknown paths, so that a page can read the 404 of a misspelled one.
    nowhere: CorsLayer,
    below: &'static str,
}

/// The operations at one path, each with its CORS layer; `None` for one that no page may call.
type AtPath = Vec<(Method, Option<CorsLayer>)>;

impl CrossOrigin {
    /// Opens operations to pages; `origins` are the shop's. The shop's pages may also read the 404 of an unknown path
    /// `below` this one.
    pub fn new(
        operations: &[(String, Method, Pages)],
        origins: &[WebOrigin],
        below: &'static str,
    ) -> Result<Self, matchit::InsertError> {
        let mut by_path: BTreeMap<&str, Vec<(Method, Pages)>> = BTreeMap::new();
        for (path, method, pages) in operations {
            let at_path = by_path.entry(path).or_default();
            at_path.push((method.clone(), *pages));
        }
        let mut paths = Router::new();
        for (path, operations) in by_path {
            paths.insert(path, at_path(&operations, origins))?;
        }
        Ok(Self {
            paths,
            nowhere: pages_of(origins, vec![Method::GET, Method::POST]),
            below,
        })
    }

    /// Opens only refusals, to the shop's pages: for a server that has no operations yet.
    pub fn refusals_alone(origins: &[WebOrigin]) -> Self {
        Self {
            paths: Router::new(),
            nowhere: pages_of(origins, vec![Method::GET, Method::POST]),
            below: "/",
        }
    }

    /// The layer for a request of a page; `None` if no page made it, or no page may make it.
    pub fn layer(&self, path: &str, method: &Method, headers: &HeaderMap) -> Option<&CorsLayer> {
        if !headers.contains_key(header::ORIGIN) {
            return None;
        }
        let Ok(found) = self.paths.at(path) else {
            return path.starts_with(self.below).then_some(&self.nowhere);
        };
        let asked = match (method, headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)) {
            (&Method::OPTIONS, Some(asked)) => asked.as_bytes(),
            (&Method::HEAD, _) => Method::GET.as_str().as_bytes(),
            _ => method.as_str().as_bytes(),
        };
        let mut operations = found.value.iter();
        let named = operations.find(|(method, _)| method.as_str().as_bytes() == asked);
        match named {
            Some((_, layer)) => layer.as_ref(),
            // A method that the path does not have is refused readably, if pages may call the path at all.
            None => found.value.iter().find_map(|(_, layer)| layer.as_ref()),
        }
    }
}

fn at_path(operations: &[(Method, Pages)], origins: &[WebOrigin]) -> AtPath {
    let methods = |wanted: Pages| {
        let those = operations.iter().filter(move |(_, pages)| *pages == wanted);
        those.map(|(method, _)| method.clone()).collect::<Vec<_>>()
    };
    let of_pages = |pages: Pages| match pages {
        Pages::None => None,
        Pages::OfTheShop => Some(pages_of(origins, methods(pages))),
        Pages::OfAnyOrigin => Some(everybody(methods(pages))),
    };
    let operations = operations.iter();
    operations
        .map(|(method, pages)| (method.clone(), of_pages(*pages)))
        .collect()
}

/// For the buyer's part: pages of these origins.
fn pages_of(origins: &[WebOrigin], methods: Vec<Method>) -> CorsLayer {
    let origins = origins.iter().map(WebOrigin::as_str);
    // An origin is plain ASCII, which any header can carry.
    let origins = origins.filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods(methods)
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers(TOLD)
        .max_age(ASK_AGAIN_AFTER)
}

/// For what is public: everybody, without credentials.
fn everybody(methods: Vec<Method>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(methods)
        .expose_headers(TOLD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    fn cross_origin() -> CrossOrigin {
        let origins = Vec::<WebOrigin>::parse("https://shop.example").unwrap();
        let operations = [
            ("/api/payments", Method::GET, Pages::None),
            ("/api/payments", Method::POST, Pages::OfTheShop),
            ("/api/payments/{id}", Method::GET, Pages::OfTheShop),
            ("/api/desk", Method::GET, Pages::None),
            ("/keys", Method::GET, Pages::OfAnyOrigin),
        ];
        let operations = operations.map(|(path, method, pages)| (path.to_owned(), method, pages));
        CrossOrigin::new(&operations, &origins, "/api/").unwrap()
    }

    fn passes(method: &str, path: &str, asked: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ORIGIN,
            HeaderValue::from_static("https://shop.example"),
        );
        if let Some(asked) = asked {
            let asked = HeaderValue::from_str(asked).unwrap();
            headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, asked);
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        cross_origin().layer(path, &method, &headers).is_some()
    }

    #[test]
    fn operations_for_pages_pass_a_layer_and_others_do_not() {
        assert!(passes("POST", "/api/payments", None));
        assert!(passes("HEAD", "/api/payments/pay_1", None));
        assert!(passes("GET", "/keys", None));
        assert!(!passes("GET", "/api/payments", None));
        assert!(!passes("GET", "/api/desk", None));
    }

    #[test]
    fn preflights_pass_the_layer_of_the_method_they_ask_about() {
        assert!(passes("OPTIONS", "/api/payments", Some("POST")));
        assert!(!passes("OPTIONS", "/api/payments", Some("GET")));
        assert!(!passes("OPTIONS", "/api/desk", Some("GET")));
    }

    #[test]
    fn misspelt_paths_and_missing_methods_are_refused_readably() {
        assert!(passes("GET", "/api/paymnets", None));
        assert!(passes("DELETE", "/api/payments", None));
        assert!(!passes("GET", "/elsewhere", None));
        assert!(!passes("DELETE", "/api/desk", None));
    }

    #[test]
    fn requests_without_an_origin_pass_no_layer() {
        let layer = cross_origin();
        let found = layer.layer("/api/payments", &Method::POST, &HeaderMap::new());
        assert!(found.is_none());
    }
}
