//! Names in requests: normalized to NFC, so that texts that look the same are equal, and checked by the engine's
//! rule; and truncation at character boundaries as a reader sees them.

use std::borrow::Cow;

use daegeum_engine::text::{Flaw, check_name};
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

/// The beginning of a text: at most so many characters, and no half of what its reader sees as one.
pub fn beginning(text: &str, most: usize) -> &str {
    let mut characters = 0_usize;
    let fitting = text.grapheme_indices(true).take_while(|(_, cluster)| {
        characters = characters.saturating_add(cluster.chars().count());
        characters <= most
    });
    let end = fitting
        .last()
        .map_or(0, |(at, cluster)| at.saturating_add(cluster.len()));
    text.get(..end).unwrap_or_default()
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
        assert_eq!(beginning("e\u{301}", 1), "");
        assert_eq!(beginning("", 5), "");
    }
}
