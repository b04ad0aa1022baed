//! Amounts, times and the shop's own texts as the visitor reads them.

use std::borrow::Borrow;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::catalogue::InBoth;
use crate::pages::{Language, Page};

/// The shop's clock on the wall: Korea has one time zone and no summer time.
const SEOUL: Offset = Offset::constant(9);

/// Helpers of the shop's templates. A template passes a number or a reference to one.
impl Page {
    pub(super) fn won(&self, amount: impl Borrow<u64>) -> String {
        won(*amount.borrow(), self.language)
    }

    pub(super) fn moment<'a>(&self, exact: &'a str) -> Moment<'a> {
        Moment::of(exact, self.language)
    }

    pub(super) fn text(&self, of: &InBoth) -> &'static str {
        of.text(self.language)
    }
}

/// `66,000원`, `₩66,000`
fn won(amount: u64, language: Language) -> String {
    let digits = amount.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match language {
        Language::Korean => format!("{grouped}원"),
        Language::English => format!("₩{grouped}"),
    }
}

/// A time that the API told of, for people and for programs.
pub(super) struct Moment<'a> {
    /// As the API says it, RFC 3339.
    pub(super) exact: &'a str,
    /// `2026년 11월 21일 21:20`, `21 Nov 2026, 21:20`
    pub(super) shown: String,
}

impl<'a> Moment<'a> {
    /// An unreadable time is shown unchanged.
    fn of(exact: &'a str, language: Language) -> Self {
        let format = match language {
            Language::Korean => "%Y년 %-m월 %-d일 %H:%M",
            Language::English => "%-d %b %Y, %H:%M",
        };
        let shown = exact.parse::<Timestamp>().map(|at| {
            let local = at.to_zoned(TimeZone::fixed(SEOUL));
            local.strftime(format).to_string()
        });
        Self {
            exact,
            shown: shown.unwrap_or_else(|_| exact.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_threes() {
        for (amount, korean, english) in [
            (0, "0원", "₩0"),
            (500, "500원", "₩500"),
            (84_000, "84,000원", "₩84,000"),
            (1_234_567, "1,234,567원", "₩1,234,567"),
        ] {
            assert_eq!(won(amount, Language::Korean), korean);
            assert_eq!(won(amount, Language::English), english);
        }
    }

    #[test]
    fn times_are_seouls() {
        let late = "2026-12-31T15:05:09.123Z";
        let shown = |language| Moment::of(late, language).shown;
        assert_eq!(shown(Language::Korean), "2027년 1월 1일 00:05");
        assert_eq!(shown(Language::English), "1 Jan 2027, 00:05");
        assert_eq!(Moment::of("soon", Language::English).shown, "soon");
    }
}
