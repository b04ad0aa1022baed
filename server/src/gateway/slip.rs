//! Where a gateway shows its own slip of a payment. Whoever has the address sees the slip, so it is kept sealed and is
//! in no log.

use std::fmt;

/// An http or https address of printable ASCII.
#[derive(Clone, PartialEq, Eq)]
pub struct SlipUrl(Box<str>);

/// The longest address.
const LENGTH_MAX: usize = 500;

impl SlipUrl {
    /// Takes what a gateway says, if a browser can be sent there.
    pub fn parse(text: &str) -> Option<Self> {
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (is_web && printable && text.len() <= LENGTH_MAX).then(|| Self(text.into()))
    }

    /// The address itself, to be sealed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SlipUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlipUrl(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_can_be_sent_to_is_taken_and_it_is_not_shown_by_chance() {
        let url = "https://dashboard.example/receipt?transactionId=canary";
        let slip = SlipUrl::parse(url).unwrap();
        assert_eq!(slip.expose(), url);
        assert!(!format!("{slip:?}").contains("canary"));
        let long = format!("https://{}", "x".repeat(LENGTH_MAX));
        for wrong in [
            "",
            "javascript:alert(1)",
            "//x",
            "https://a b",
            "data:,",
            &long,
        ] {
            assert_eq!(SlipUrl::parse(wrong), None, "{wrong}");
        }
    }
}
