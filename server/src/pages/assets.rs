//! The pages' scripts, style sheets and wasm module, embedded as `cargo xtask pages` built them. Their names change
//! with their content, so they can be cached for ever.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

use super::accepts::accepts;
use crate::http::{HttpErrorCode, Problem};

/// The output of `cargo xtask pages`.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
pub(super) struct Dist;

/// The script that a page begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The entry of every page: the style sheet and the language switch.
    Site,
    /// The checkout as a page.
    Checkout,
    /// The receipt for people.
    Receipt,
    /// The shop, with the checkout in a dialog.
    Shop,
}

impl Entry {
    /// Its source, which is its name in Vite's manifest.
    const fn source(self) -> &'static str {
        match self {
            Self::Site => "src/site.js",
            Self::Checkout => "src/checkout-page.js",
            Self::Receipt => "src/receipt-page.js",
            Self::Shop => "src/shop.js",
        }
    }
}

/// The files that a page links to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linked {
    /// Addresses of style sheets.
    pub styles: Vec<String>,
    /// Addresses of modules to begin with.
    pub scripts: Vec<String>,
    /// Modules that those import: preloaded, rather than fetched one after the other.
    pub imports: Vec<String>,
    /// Wasm files that those load, preloaded for the same reason.
    pub wasm: Vec<String>,
}

/// One file of Vite's manifest.
#[derive(Debug, Clone, Deserialize)]
struct Built {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default)]
    assets: Vec<String>,
}

type Manifest = BTreeMap<String, Built>;

static MANIFEST: LazyLock<Option<Manifest>> = LazyLock::new(|| {
    let manifest = Dist::get(".vite/manifest.json")?;
    serde_json::from_slice(&manifest.data).ok()
});

/// The files that a page with `entry` links to; `None` if this program was built without it.
pub fn linked(entry: Entry) -> Option<Linked> {
    linked_in(MANIFEST.as_ref()?, entry)
}

fn linked_in(manifest: &Manifest, entry: Entry) -> Option<Linked> {
    let mut linked = Linked::default();
    for source in [Entry::Site.source(), entry.source()] {
        let built = manifest.get(source)?;
        add(&mut linked.scripts, &built.file);
        collect(manifest, built, &mut linked);
    }
    let Linked {
        scripts, imports, ..
    } = &mut linked;
    imports.retain(|import| !scripts.contains(import));
    Some(linked)
}

fn collect(manifest: &Manifest, built: &Built, linked: &mut Linked) {
    for style in &built.css {
        add(&mut linked.styles, style);
    }
    for asset in built.assets.iter().filter(|asset| is_wasm(asset)) {
        add(&mut linked.wasm, asset);
    }
    for import in built.imports.iter().filter_map(|name| manifest.get(name)) {
        // Modules may import each other in a circle.
        if add(&mut linked.imports, &import.file) {
            collect(manifest, import, linked);
        }
    }
}

fn is_wasm(file: &str) -> bool {
    file.rsplit_once('.')
        .is_some_and(|(_, kind)| kind == "wasm")
}

fn add(addresses: &mut Vec<String>, file: &str) -> bool {
    let address = format!("/{file}");
    let is_new = !addresses.contains(&address);
    if is_new {
        addresses.push(address);
    }
    is_new
}

/// `GET /assets/{file}`
pub(super) async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(kind) = content_type(&file) else {
        return Problem::from(HttpErrorCode::NotFound).into_response();
    };
    let path = format!("assets/{file}");
    let Some(plain) = Dist::get(&path) else {
        return Problem::from(HttpErrorCode::NotFound).into_response();
    };
    let (found, encoding) = best(&path, plain, &headers);
    let tag = tag(&found);
    let mut answer = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut answer = Response::new(body(found.data));
        let about = answer.headers_mut();
        about.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(encoding) = encoding {
            about.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        answer
    };
    let about = answer.headers_mut();
    about.insert(header::ETAG, tag);
    for (name, value) in [
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "Accept-Encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        about.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The smallest encoding of the file that the browser accepts.
fn best(
    path: &str,
    plain: EmbeddedFile,
    headers: &HeaderMap,
) -> (EmbeddedFile, Option<&'static str>) {
    for (encoding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(headers, &header::ACCEPT_ENCODING, encoding)
            && let Some(packed) = Dist::get(&format!("{path}{suffix}"))
        {
            return (packed, Some(encoding));
        }
    }
    (plain, None)
}

/// Each form of a file has a tag of its own.
pub(super) fn tag(file: &EmbeddedFile) -> HeaderValue {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let digest = URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash());
    HeaderValue::try_from(format!("\"{digest}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether `If-None-Match` names the form that would be sent.
pub(super) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let held = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let mut held = held
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"));
    held.any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}

/// The content types of files that may be served.
fn content_type(file: &str) -> Option<&'static str> {
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// The bytes as a body, without a copy where they are the program's own.
pub(super) fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(bytes) => Body::from(axum::body::Bytes::from_static(bytes)),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn cached_file_is_known_by_its_tag() {
        let tag = HeaderValue::from_static("\"abc\"");
        for (held, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"x\", \"abc\"", true),
            ("*", true),
            ("\"abcd\"", false),
            ("abc", false),
        ] {
            let headers = asking(header::IF_NONE_MATCH, held);
            assert_eq!(is_known(&headers, &tag), expected, "{held}");
        }
        assert!(!is_known(&HeaderMap::new(), &tag));
    }

    #[test]
    fn only_files_of_pages_have_a_content_type() {
        for (file, expected) in [
            ("site-x.css", Some("text/css; charset=utf-8")),
            ("core_bg-x.wasm", Some("application/wasm")),
            ("checkout-x.js", Some("text/javascript; charset=utf-8")),
            ("checkout-x.js.map", None),
            ("checkout-x.js.gz", None),
            ("manifest.json", None),
            ("js", None),
        ] {
            assert_eq!(content_type(file), expected, "{file}");
        }
    }

    #[test]
    fn a_page_links_what_its_entry_needs_each_once() {
        let manifest: Manifest = serde_json::from_str(
            r#"{
                "src/site.js": { "file": "assets/site.js", "css": ["assets/site.css"] },
                "src/checkout-page.js": { "file": "assets/checkout.js", "imports": ["_a.js", "_b.js"] },
                "_a.js": { "file": "assets/a.js", "imports": ["_b.js", "src/site.js"], "css": ["assets/site.css"] },
                "_b.js": { "file": "assets/b.js", "imports": ["_a.js"], "assets": ["assets/b.wasm", "assets/b.svg"] }
            }"#,
        )
        .unwrap();
        let linked = linked_in(&manifest, Entry::Checkout).unwrap();
        assert_eq!(linked.styles, ["/assets/site.css"]);
        assert_eq!(linked.scripts, ["/assets/site.js", "/assets/checkout.js"]);
        assert_eq!(linked.imports, ["/assets/a.js", "/assets/b.js"]);
        assert_eq!(linked.wasm, ["/assets/b.wasm"]);
        assert_eq!(linked_in(&manifest, Entry::Shop), None);
    }
}
