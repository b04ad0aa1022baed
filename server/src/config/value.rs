//! Parsing of settings: the same for file, environment and flags.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

/// A type a setting can have.
pub trait Value: Sized {
    /// The accepted form, in words.
    const KIND: &'static str;
    /// Whether its text must never be shown, not even in an error.
    const SECRET: bool = false;
    /// Whether people are shown it: then a text of spaces alone is a mistake, and not the same as none.
    const SHOWS: bool = false;

    /// Parses it, or says what is wrong without repeating a secret.
    fn parse(text: &str) -> Result<Self, String>;

    /// Writes it as a TOML value; a secret is not shown.
    fn toml(&self) -> String;
}

/// What is said of a text that people are shown and would see nothing of.
pub(super) const NOTHING_SHOWN: &str =
    "has no visible character; leave it out or empty where there is nothing to show";

/// A count of bytes, written `256KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub usize);

/// The least severe line that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub tracing::Level);

/// The parts of a list, separated by commas; empty parts do not count.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Texts as a TOML array.
pub(super) fn quoted_list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<_> = texts.map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// Text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

macro_rules! plain {
    ($Type:ty, $kind:literal, $to_toml:expr) => {
        impl Value for $Type {
            const KIND: &'static str = $kind;

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("expected {}", Self::KIND))
            }

            fn toml(&self) -> String {
                let to_toml: fn(&Self) -> String = $to_toml;
                to_toml(self)
            }
        }
    };
}

plain!(bool, "true or false", ToString::to_string);
plain!(u32, "a whole number", ToString::to_string);
plain!(u16, "a port, 0 to 65535", ToString::to_string);
plain!(SocketAddr, "address:port", |address| quoted(
    &address.to_string()
));

/// A limit of 0 would refuse everything; where 0 means "no limit", the type is `u32`.
impl Value for usize {
    const KIND: &'static str = "a whole number above 0";

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("expected {}", Self::KIND)),
        }
    }

    fn toml(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "a path";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Err("expected a path".into())
        } else {
            Ok(text.into())
        }
    }

    fn toml(&self) -> String {
        quoted(&self.to_string_lossy())
    }
}

/// Unset is written as an empty text.
impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;
    const SECRET: bool = T::SECRET;
    const SHOWS: bool = T::SHOWS;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Ok(None)
        } else {
            T::parse(text).map(Some)
        }
    }

    fn toml(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), Value::toml)
    }
}

impl Value for Duration {
    const KIND: &'static str = "a time such as 30s, 1h30m or 250ms";

    fn parse(text: &str) -> Result<Self, String> {
        match parse_duration(text) {
            Some(duration) if !duration.is_zero() => Ok(duration),
            _ => Err(format!("expected {}", Self::KIND)),
        }
    }

    fn toml(&self) -> String {
        let (ms, s) = (self.as_millis(), self.as_secs());
        let (number, unit) = match s {
            _ if !ms.is_multiple_of(1000) => (ms, "ms"),
            0 => (ms, "ms"),
            s if s.is_multiple_of(86_400) => (u128::from(s / 86_400), "d"),
            s if s.is_multiple_of(3_600) => (u128::from(s / 3_600), "h"),
            s if s.is_multiple_of(60) => (u128::from(s / 60), "m"),
            s => (u128::from(s), "s"),
        };
        quoted(&format!("{number}{unit}"))
    }
}

/// `1d`, `1h30m`, `250ms`: numbers with units, added up.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(
            after
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(after.len()),
        );
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let ms = number.parse::<u64>().ok()?.checked_mul(unit_ms)?;
        total = total.checked_add(Duration::from_millis(ms))?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

impl Value for Bytes {
    const KIND: &'static str = "a size such as 256KiB or 4MiB";

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text.trim_start_matches(|c: char| c.is_ascii_digit()) {
            "" | "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        let size = unit.and_then(|unit| digits.parse::<usize>().ok()?.checked_mul(unit));
        match size {
            Some(size) if size > 0 => Ok(Self(size)),
            _ => Err(format!("expected {}", Self::KIND)),
        }
    }

    fn toml(&self) -> String {
        quoted(&self.to_string())
    }
}

/// In the largest unit that leaves a whole number.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            n if n.is_multiple_of(1 << 30) => (n >> 30, "GiB"),
            n if n.is_multiple_of(1 << 20) => (n >> 20, "MiB"),
            n if n.is_multiple_of(1 << 10) => (n >> 10, "KiB"),
            n => (n, "B"),
        };
        write!(f, "{number}{unit}")
    }
}

impl Value for LogLevel {
    const KIND: &'static str = "error, warn, info, debug or trace";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "error" | "warn" | "info" | "debug" | "trace" => text
                .parse()
                .map(Self)
                .map_err(|_| format!("expected {}", Self::KIND)),
            _ => Err(format!("expected {}", Self::KIND)),
        }
    }

    fn toml(&self) -> String {
        quoted(&self.0.to_string().to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_in_their_largest_unit() {
        for (text, ms, shown) in [
            ("30m", 1_800_000, "\"30m\""),
            ("1h30m", 5_400_000, "\"90m\""),
            ("250ms", 250, "\"250ms\""),
            ("1s500ms", 1_500, "\"1500ms\""),
            ("48h", 172_800_000, "\"2d\""),
        ] {
            let duration = <Duration as Value>::parse(text).unwrap();
            assert_eq!(duration.as_millis(), ms, "{text}");
            assert_eq!(duration.toml(), shown);
        }
        for wrong in [
            "",
            "30",
            "m",
            "30 m",
            "-1s",
            "1.5h",
            "0s",
            "99999999999999999999d",
            "1w",
        ] {
            assert!(
                <Duration as Value>::parse(wrong).is_err(),
                "{wrong} was taken"
            );
        }
    }

    #[test]
    fn sizes_are_read_and_written() {
        for (text, size, shown) in [
            ("256KiB", 262_144, "\"256KiB\""),
            ("1024KiB", 1_048_576, "\"1MiB\""),
            ("100", 100, "\"100B\""),
            ("100B", 100, "\"100B\""),
        ] {
            let parsed = Bytes::parse(text).unwrap();
            assert_eq!(parsed.0, size, "{text}");
            assert_eq!(parsed.toml(), shown);
        }
        for wrong in [
            "",
            "KiB",
            "1KB",
            "0",
            "-1",
            "1.5MiB",
            "99999999999999999999GiB",
        ] {
            assert!(Bytes::parse(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn a_bound_of_nothing_is_refused() {
        assert!(<usize as Value>::parse("0").is_err());
        assert_eq!(<u32 as Value>::parse("0"), Ok(0));
    }
}
