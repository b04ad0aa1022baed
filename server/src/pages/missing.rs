//! The page shown if this program was built without its scripts and style sheets.

use askama::Template;

use super::Page;

#[derive(Template)]
#[template(path = "missing.html")]
pub(super) struct Missing {
    page: Page,
}

pub(super) fn page(page: Page) -> Missing {
    Missing { page }
}
