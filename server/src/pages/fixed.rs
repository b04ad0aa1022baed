//! Pages that depend on their language and the settings alone: each is rendered and packed once for each language, when
//! it is first visited. A flood of visits then costs no rendering.

use std::sync::OnceLock;

use axum::body::Bytes;

use super::{Entry, Language};

/// A page that is the same for all visitors of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    /// The checkout; the session fills it in the browser.
    Checkout,
    /// The receipt; filled in the browser too.
    Receipt,
    /// The answer for an unknown address.
    Nowhere,
}

impl Fixed {
    /// The script that it begins with.
    pub(super) const fn entry(self) -> Entry {
        match self {
            Self::Checkout => Entry::Checkout,
            Self::Receipt => Entry::Receipt,
            Self::Nowhere => Entry::Site,
        }
    }
}

/// A page's bytes.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) html: Bytes,
    /// The same, packed by gzip.
    pub(super) packed: Option<Bytes>,
}

/// The pages that were visited.
#[derive(Debug, Default)]
pub(super) struct FixedPages {
    checkout: InLanguages,
    receipt: InLanguages,
    nowhere: InLanguages,
}

#[derive(Debug, Default)]
struct InLanguages {
    korean: OnceLock<Rendered>,
    english: OnceLock<Rendered>,
}

impl FixedPages {
    /// The page, rendered and packed by these functions if nobody visited it before. A failed rendering is not kept.
    pub(super) fn get<E>(
        &self,
        fixed: Fixed,
        language: Language,
        render: impl FnOnce() -> Result<String, E>,
        pack: impl FnOnce(&str) -> Option<Vec<u8>>,
    ) -> Result<&Rendered, E> {
        let place = self.place(fixed, language);
        if let Some(rendered) = place.get() {
            return Ok(rendered);
        }
        let html = render()?;
        Ok(place.get_or_init(|| Rendered {
            packed: pack(&html).map(Bytes::from),
            html: Bytes::from(html),
        }))
    }

    const fn place(&self, fixed: Fixed, language: Language) -> &OnceLock<Rendered> {
        let pages = match fixed {
            Fixed::Checkout => &self.checkout,
            Fixed::Receipt => &self.receipt,
            Fixed::Nowhere => &self.nowhere,
        };
        match language {
            Language::Korean => &pages.korean,
            Language::English => &pages.english,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn page_is_rendered_and_packed_once_for_each_language() {
        let (pages, mut rendered, mut packed) = (FixedPages::default(), 0, 0);
        let mut shown = HashSet::new();
        for _ in 0..3 {
            for fixed in [Fixed::Checkout, Fixed::Receipt, Fixed::Nowhere] {
                for language in Language::ALL {
                    let render = || {
                        rendered += 1;
                        Ok::<_, ()>(format!("{fixed:?} {language:?}"))
                    };
                    let pack = |html: &str| {
                        packed += 1;
                        Some(html.to_uppercase().into_bytes())
                    };
                    let page = pages.get(fixed, language, render, pack).unwrap();
                    shown.insert((page.html.clone(), page.packed.clone()));
                }
            }
        }
        assert_eq!((rendered, packed, shown.len()), (6, 6, 6));
    }

    #[test]
    fn failed_rendering_is_tried_again() {
        let pages = FixedPages::default();
        let get = |render: Result<String, &'static str>| {
            let page = pages.get(Fixed::Nowhere, Language::Korean, || render, |_| None);
            page.map(|page| page.html.clone())
        };
        assert_eq!(get(Err("no template")), Err("no template"));
        assert_eq!(get(Ok("page".to_owned())).unwrap(), "page");
    }
}
