//! The npm package `@daegeum/checkout`, served by this server so that shop and server have the same version: whole
//! for npm (`/package/checkout.tgz`), and file by file as an ES module for plain pages
//! (`/package/checkout/index.js`).
//!
//! The addresses stay when the content changes, so caches have to revalidate.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::assets::{self, Dist};
use crate::http::{HttpErrorCode, Problem};

/// `GET /package/checkout.tgz`
pub(super) async fn whole(headers: HeaderMap) -> Response {
    serve("package/checkout.tgz", "application/gzip", &headers)
}

/// `GET /package/checkout/{file}`
pub(super) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match content_type(&file) {
        Some(kind) => serve(&format!("package/checkout/{file}"), kind, &headers),
        None => Problem::from(HttpErrorCode::NotFound).into_response(),
    }
}

fn serve(path: &str, kind: &'static str, headers: &HeaderMap) -> Response {
    let Some(found) = Dist::get(path) else {
        return Problem::from(HttpErrorCode::NotFound).into_response();
    };
    let tag = assets::tag(&found);
    let mut answer = if assets::is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(assets::body(found.data))
    };
    let about = answer.headers_mut();
    about.insert(header::ETAG, tag);
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        // What a page is told besides is not in what others are given.
        (header::VARY, "origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        about.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The files of the package that are served alone, and their types.
fn content_type(file: &str) -> Option<&'static str> {
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "ts" | "md" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        _ => return None,
    })
}
