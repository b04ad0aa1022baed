//! Names in requests: normalized to NFC, so that texts that look the same are equal, and checked by the engine's
//! rule; and truncation at character boundaries as a reader sees them.

use std::borrow::Cow;

use daegeum_engine::text::{Flaw, check_name, is_blank};
use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_segmentation::UnicodeSegmentation as _;

/// The text in NFC.
pub fn composed(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// A name of at most so many characters, in NFC.
pub fn name(text: &str, most: usize) -> Result<Box<str>, Flaw> {
    let name = composed(text);
    check_name(&name, most)?;
    Ok(name.into())
}

/// The beginning of a text as people see it: at most so many characters, from the first that shows on, and no half of
/// what its reader sees as one. Only where that alone is too long is it cut.
pub fn beginning(text: &str, most: usize) -> &str {
    let shows = text
        .grapheme_indices(true)
        .find(|(_, cluster)| !is_blank(cluster));
    let text = shows.map_or("", |(at, _)| text.get(at..).unwrap_or_default());
    let mut characters = 0_usize;
    let fitting = text.grapheme_indices(true).take_while(|(_, cluster)| {
        characters = characters.saturating_add(cluster.chars().count());
        characters <= most
    });
    let whole = fitting
        .last()
        .map(|(at, cluster)| at.saturating_add(cluster.len()));
    let cut = || {
        text.char_indices()
            .nth(most)
            .map_or(text.len(), |(at, _)| at)
    };
    text.get(..whole.unwrap_or_else(cut)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_composed_before_it_is_counted() {
        let decomposed = "\u{1112}\u{1161}\u{1102}\u{1161}";
        assert_eq!(name(decomposed, 2).as_deref(), Ok("하나"));
        assert_eq!(name("e\u{301}", 1).as_deref(), Ok("é"));
        assert_eq!(name("\u{3164}", 10), Err(Flaw::Empty));
    }

    #[test]
    fn beginning_keeps_clusters_whole() {
        assert_eq!(beginning("가나다", 2), "가나");
        assert_eq!(beginning("가나다", 3), "가나다");
        assert_eq!(beginning("a👩\u{200d}💻b", 3), "a");
        assert_eq!(beginning("a👩\u{200d}💻b", 4), "a👩\u{200d}💻");
        assert_eq!(beginning("", 5), "");
    }

    #[test]
    fn beginning_of_a_text_that_shows_something_shows_something() {
        assert_eq!(beginning("e\u{301}", 1), "e");
        let stacked = ["e", &"\u{301}".repeat(90)].concat();
        assert_eq!(beginning(&stacked, 80).chars().count(), 80);
        let filled = ["\u{3164}".repeat(150), "강의".to_owned()].concat();
        assert_eq!(beginning(&filled, 80), "강의");
        assert_eq!(
            beginning(&[" ".repeat(150), "a".to_owned()].concat(), 80),
            "a"
        );
    }
}
