//! One visitor's request of a page: in which language, and how its answer is made.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use daegeum_engine::consent::Consent;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::accepts::accepts;
use super::fixed::Fixed;
use super::{Entry, Language, Linked, Pages, Words, assets, missing};
use crate::config::Seller;
use crate::http::{Problem, SaysItself};

/// The visitor of a page. Extracted wherever the state has [`Pages`].
#[derive(Debug, Clone)]
pub struct Visit {
    /// The language the answer is in.
    pub language: Language,
    chosen: Option<Language>,
    reads_gzip: bool,
    pages: Pages,
}

/// The data for `layout.html`; a field named `page` of every template's struct.
#[derive(Debug, Clone)]
pub struct Page {
    /// Every text, in the visitor's language.
    pub words: &'static Words,
    /// That language.
    pub language: Language,
    /// The page's scripts and style sheets.
    pub linked: Linked,
    /// Where "back to the shop" leads.
    pub shop_url: Option<String>,
    /// Who sells.
    pub seller: Arc<Seller>,
}

impl Visit {
    /// Every text, in the visitor's language.
    pub fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// Answers with the page that `make` makes, or says what has to be built where the scripts and style sheets
    /// are not in this program.
    pub fn show<T: Template>(&self, entry: Entry, make: impl FnOnce(Page) -> T) -> Response {
        self.show_as(StatusCode::OK, entry, make)
    }

    /// The same with another status: for what is not there, or went wrong.
    pub fn show_as<T: Template>(
        &self,
        status: StatusCode,
        entry: Entry,
        make: impl FnOnce(Page) -> T,
    ) -> Response {
        match assets::linked(entry) {
            Some(linked) => self.answer(status, &make(self.page(linked))),
            None => self.missing(),
        }
    }

    /// The same for a page that depends on nothing of the visitor but their language: it is rendered once.
    pub(super) fn show_fixed<T: Template>(
        &self,
        status: StatusCode,
        fixed: Fixed,
        make: impl FnOnce(Page) -> T,
    ) -> Response {
        let render = || {
            let linked = assets::linked(fixed.entry()).ok_or(None)?;
            make(self.page(linked)).render().map_err(Some)
        };
        let pages = &self.pages.0.fixed;
        let rendered = match pages.get(fixed, self.language, render, gzip) {
            Ok(rendered) => rendered,
            Err(None) => return self.missing(),
            Err(Some(error)) => return Problem::internal(error).into_response(),
        };
        let packed = rendered.packed.clone().filter(|_| self.reads_gzip);
        self.answer_bytes(status, packed, || rendered.html.clone())
    }

    fn missing(&self) -> Response {
        let page = missing::page(self.page(Linked::default()));
        self.answer(StatusCode::SERVICE_UNAVAILABLE, &page)
    }

    fn page(&self, linked: Linked) -> Page {
        Page {
            words: self.words(),
            language: self.language,
            linked,
            shop_url: self.pages.0.shop_url.clone(),
            seller: Arc::clone(&self.pages.0.seller),
        }
    }

    fn answer<T: Template>(&self, status: StatusCode, template: &T) -> Response {
        let html = match template.render() {
            Ok(html) => html,
            Err(error) => return Problem::internal(error).into_response(),
        };
        let packed = self.reads_gzip.then(|| gzip(&html)).flatten();
        self.answer_bytes(status, packed.map(Bytes::from), || Bytes::from(html))
    }

    fn answer_bytes(
        &self,
        status: StatusCode,
        packed: Option<Bytes>,
        plain: impl FnOnce() -> Bytes,
    ) -> Response {
        let is_packed = packed.is_some();
        let mut answer = (status, packed.unwrap_or_else(plain)).into_response();
        answer.extensions_mut().insert(SaysItself);
        let headers = answer.headers_mut();
        if is_packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(header::CONTENT_TYPE, HTML);
        self.pages.0.policy.protect(headers);
        if let Some(language) = self.chosen {
            headers.append(header::SET_COOKIE, language.remember());
        }
        answer
    }
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A quarter of the size, and nothing to guess from it: a page has no secret beside what a stranger could choose.
fn gzip(html: &str) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(html.as_bytes()).ok()?;
    packer.finish().ok()
}

impl Page {
    /// What a checkout asks consent to, by name.
    pub fn consents(&self) -> impl Iterator<Item = &'static str> {
        Consent::ALL.iter().map(|consent| consent.name())
    }

    /// The languages there are, for the switch.
    pub const fn languages(&self) -> [Language; 2] {
        Language::ALL
    }
}

impl<S> FromRequestParts<S> for Visit
where
    S: Send + Sync,
    Pages: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let chosen = Language::chosen(&parts.uri);
        Ok(Self {
            language: chosen.unwrap_or_else(|| Language::preferred(&parts.headers)),
            chosen,
            reads_gzip: accepts(&parts.headers, &header::ACCEPT_ENCODING, "gzip"),
            pages: Pages::from_ref(state),
        })
    }
}
