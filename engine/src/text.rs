//! Names given and read by people: of goods, discounts and persons. A name has a visible character, no control
//! characters, and a limited length, counted in characters.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// The fault of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It has no visible character.
    Empty,
    /// It is too long.
    TooLong,
    /// It does not have the expected form.
    Malformed,
}

impl Flaw {
    /// The word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
        }
    }
}

/// Accepts a text as a name of at most `most` characters.
pub fn check_name(text: &str, most: usize) -> Result<(), Flaw> {
    if is_blank(text) {
        return Err(Flaw::Empty);
    }
    if text.chars().count() > most {
        return Err(Flaw::TooLong);
    }
    if text.chars().any(breaks_the_line) {
        return Err(Flaw::Malformed);
    }
    Ok(())
}

/// Whether it is a control character, or separates lines or paragraphs.
fn breaks_the_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether it has no visible character: only spaces and invisible characters.
pub fn is_blank(text: &str) -> bool {
    /// It is drawn as an empty cell but is no space by its Unicode properties.
    const BRAILLE_BLANK: char = '\u{2800}';
    let drawn_as_nothing = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let shows = |c: char| {
        !c.is_whitespace() && !c.is_control() && c != BRAILLE_BLANK && !drawn_as_nothing.contains(c)
    };
    !text.chars().any(shows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_has_a_visible_character() {
        for blank in [
            "",
            " ",
            "\u{a0}",
            "\u{3000}",
            "\u{200b}",
            "\u{3164}",
            "\u{115f}\u{1160}",
            "\u{ffa0}",
            "\u{2800}",
            "\u{feff}",
            "\u{ad}",
            "\u{200d}",
            "\u{202e}",
            "\u{fe0f}",
            "\u{e0061}",
            " \u{200b} ",
        ] {
            assert_eq!(check_name(blank, 10), Err(Flaw::Empty), "{blank:?}");
        }
        for name in [
            "가",
            "ㄱ",
            ".",
            "김\u{200b}하나",
            "👩\u{200d}💻",
            "ａ",
            "\u{1112}\u{1161}",
        ] {
            assert_eq!(check_name(name, 10), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_and_controls_are_refused() {
        assert_eq!(check_name(&"가".repeat(10), 10), Ok(()));
        assert_eq!(check_name(&"가".repeat(11), 10), Err(Flaw::TooLong));
        for control in ["a\n", "a\u{0}", "\u{85}b", "a\u{7f}"] {
            assert_eq!(check_name(control, 10), Err(Flaw::Malformed));
        }
    }
}
