//! One visitor's request: the visitor, their answer, and the shop's error pages.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::Shop;
use super::payment_api::Trouble;
use super::same_origin::is_same_origin;
use super::visitor::Visitor;
use crate::http::Problem;
use crate::pages::{Entry, Page, Visit};

/// The visitor.
pub(super) struct Guest {
    /// Their language, and the way pages are made.
    pub(super) visit: Visit,
    /// The visitor's id at the payment API.
    pub(super) visitor: Visitor,
}

/// The sender of a form from one of our own pages. Others get an error page.
pub(super) struct Sender(pub(super) Guest);

/// The reason why the shop cannot answer a request.
#[derive(Debug)]
pub(super) enum Sorry {
    /// There is no such item, or no such order of theirs.
    NotHere,
    /// The form says what it cannot say when it is ours.
    WrongForm,
    /// The form is another site's.
    NotOurs,
    /// The order is not in a state for this.
    NotNow(String),
    /// The payment API has no answer for us.
    NoAnswer(Trouble),
}

#[derive(Template)]
#[template(path = "shop/sorry.html")]
struct SorryPage {
    page: Page,
    title: &'static str,
    about: &'static str,
    code: Option<String>,
}

impl Guest {
    /// A page, with the cookie by which they are known next time.
    pub(super) fn show<T: Template>(&self, make: impl FnOnce(Page) -> T) -> Response {
        self.known(self.visit.show(Entry::Shop, make))
    }

    /// On to another address of ours.
    pub(super) fn send_to(&self, address: &str) -> Response {
        self.known(Redirect::to(address).into_response())
    }

    /// Whatever it is, with the cookie.
    pub(super) fn known(&self, mut answer: Response) -> Response {
        if let Some(cookie) = self.visitor.cookie.clone() {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        answer
    }

    /// The requested page, or an error page.
    pub(super) fn answer(&self, outcome: Result<Response, Sorry>) -> Response {
        outcome.unwrap_or_else(|sorry| self.sorry(sorry))
    }

    fn sorry(&self, sorry: Sorry) -> Response {
        let words = self.visit.words();
        if let Sorry::NoAnswer(trouble) = &sorry {
            tracing::error!(%trouble, "the shop has no answer from the payment API");
        }
        let (title, about) = match sorry {
            Sorry::NotHere => (words.shop_not_here, words.shop_not_here_about),
            Sorry::WrongForm => (words.shop_wrong_form, words.shop_wrong_form_about),
            Sorry::NotOurs => (words.shop_not_ours, words.shop_not_ours_about),
            Sorry::NotNow(_) => (words.shop_not_now, words.shop_not_now_about),
            Sorry::NoAnswer(_) => (words.shop_no_answer, words.shop_no_answer_about),
        };
        let status = sorry.status();
        let code = sorry.code();
        self.known(self.visit.show_as(status, Entry::Shop, |page| SorryPage {
            page,
            title,
            about,
            code,
        }))
    }
}

impl Sorry {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotHere => StatusCode::NOT_FOUND,
            Self::WrongForm => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotOurs => StatusCode::FORBIDDEN,
            Self::NotNow(_) => StatusCode::CONFLICT,
            Self::NoAnswer(_) => StatusCode::BAD_GATEWAY,
        }
    }

    fn code(self) -> Option<String> {
        match self {
            Self::NotNow(code) | Self::NoAnswer(Trouble::Refused(_, code)) => Some(code),
            _ => None,
        }
    }
}

impl From<Trouble> for Sorry {
    /// A refusal because of an order's state is no error of the visitor: two tabs are enough for it.
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(409, code) => Self::NotNow(code),
            other => Self::NoAnswer(other),
        }
    }
}

impl FromRequestParts<Shop> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        let Ok(visit) = Visit::from_request_parts(parts, shop).await;
        let visitor = shop.0.visitors.of(&parts.headers);
        let visitor = visitor.map_err(|error| Problem::internal(error).into_response())?;
        Ok(Self { visit, visitor })
    }
}

impl FromRequestParts<Shop> for Sender {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        let guest = Guest::from_request_parts(parts, shop).await?;
        if is_same_origin(&parts.headers) {
            Ok(Self(guest))
        } else {
            Err(guest.answer(Err(Sorry::NotOurs)))
        }
    }
}
