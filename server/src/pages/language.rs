//! The language of a page: the visitor's choice (`?lang=`), their earlier choice (the cookie `lang`), or the
//! browser's preference; Korean otherwise.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

use super::words::{self, Words};

/// A language that pages are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 한국어
    Korean,
    /// English
    English,
}

/// Remembers a choice for a year. No script needs it, and links from a gateway's page bring it along.
const REMEMBER_KOREAN: HeaderValue =
    HeaderValue::from_static("lang=ko; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
const REMEMBER_ENGLISH: HeaderValue =
    HeaderValue::from_static("lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");

impl Language {
    /// Both, in the order the switch shows them.
    pub const ALL: [Self; 2] = [Self::Korean, Self::English];

    /// The tag in HTML, in the address and in the cookie.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }

    /// The language's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Korean => "한국어",
            Self::English => "English",
        }
    }

    /// Every text in it.
    pub const fn words(self) -> &'static Words {
        match self {
            Self::Korean => &words::KOREAN,
            Self::English => &words::ENGLISH,
        }
    }

    /// The header that keeps the choice.
    pub const fn remember(self) -> HeaderValue {
        match self {
            Self::Korean => REMEMBER_KOREAN,
            Self::English => REMEMBER_ENGLISH,
        }
    }

    /// The language chosen in this address, if one was chosen.
    pub fn chosen(uri: &Uri) -> Option<Self> {
        let pairs = uri.query().unwrap_or_default().split('&');
        pairs
            .filter_map(|pair| pair.strip_prefix("lang="))
            .find_map(Self::of_tag)
    }

    /// The language of a request without a choice: the cookie, then the browser's preference.
    pub fn preferred(headers: &HeaderMap) -> Self {
        remembered(headers)
            .or_else(|| accepted(headers))
            .unwrap_or(Self::Korean)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

fn remembered(headers: &HeaderMap) -> Option<Language> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().strip_prefix("lang="))
        .find_map(Language::of_tag)
}

fn accepted(headers: &HeaderMap) -> Option<Language> {
    let wanted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let wanted = accept_language::parse(wanted);
    // A browser may name a region alone (`en-GB`); we have languages.
    let languages = wanted.iter().filter_map(|tag| tag.split('-').next());
    let mut ours = languages.filter_map(|tag| Language::of_tag(&tag.to_ascii_lowercase()));
    ours.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &'static str, accept: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !cookie.is_empty() {
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        }
        if !accept.is_empty() {
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
        }
        headers
    }

    #[test]
    fn the_cookie_goes_before_the_browser_and_korean_is_the_default() {
        for (cookie, accept, expected) in [
            ("", "", "ko"),
            ("", "en", "en"),
            ("", "en-GB,en;q=0.9,ko;q=0.8", "en"),
            ("", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
            ("", "en;q=0.2, ko;q=0.7", "ko"),
            ("", "fr-FR,fr;q=0.9,en;q=0.5", "en"),
            ("", "fr", "ko"),
            ("", "en-GB", "en"),
            ("", "fr, KO-kr;q=0.5, en;q=0.2", "ko"),
            ("", ";;;q=,", "ko"),
            ("lang=en", "ko", "en"),
            ("visitor=1; lang=en", "ko", "en"),
            ("slang=en; lang=xx", "", "ko"),
            ("lang=ko", "en", "ko"),
        ] {
            let found = Language::preferred(&headers(cookie, accept));
            assert_eq!(
                found.tag(),
                expected,
                "cookie {cookie:?}, accept {accept:?}"
            );
        }
    }

    #[test]
    fn a_choice_is_one_of_ours_wherever_it_is_in_the_query() {
        for (address, expected) in [
            ("/checkout", None),
            ("/checkout?lang=en", Some(Language::English)),
            ("/checkout?orderId=pay_1&lang=ko", Some(Language::Korean)),
            ("/checkout?lang=de", None),
            ("/checkout?slang=en&lang=", None),
        ] {
            let found = Language::chosen(&Uri::from_static(address));
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn each_language_remembers_itself() {
        for language in Language::ALL {
            let cookie = language.remember();
            let expected = format!("lang={};", language.tag());
            assert!(cookie.to_str().unwrap().starts_with(&expected));
        }
    }
}
