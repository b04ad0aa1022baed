//! Unambiguous JSON: no object has a key twice, and nesting is limited. For equal keys serde would take the last and
//! a proxy or a signature check in front of us perhaps the first; so the whole text is checked before anything is
//! read from it, including unused fields.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, Error as _, MapAccess, SeqAccess},
};

use super::error::{HttpErrorCode, Problem};

/// How many levels of objects and arrays a body may have.
const DEPTH_MAX: u8 = 32;

/// Checks that `text` is one JSON value that means one thing.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    let mut finding = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let looked = Look {
        depth: 0,
        finding: &mut finding,
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end());
    match (looked, finding) {
        (Ok(()), _) => Ok(()),
        (
            Err(_),
            Some(Finding {
                code,
                path,
                message,
            }),
        ) => Err(Problem::from(code).at(path, message)),
        (Err(error), None) => Err(Problem::from(HttpErrorCode::MalformedJson)
            .saying(format!("The body is not JSON: {error}."))),
    }
}

/// A finding with its path, which grows outwards as the error returns.
struct Finding {
    code: HttpErrorCode,
    path: String,
    message: &'static str,
}

/// Goes through one value.
struct Look<'a> {
    depth: u8,
    finding: &'a mut Option<Finding>,
}

impl Look<'_> {
    /// The look at a value one level further in.
    fn deeper(&mut self) -> Look<'_> {
        Look {
            depth: self.depth,
            finding: self.finding,
        }
    }

    fn found(&mut self, code: HttpErrorCode, path: &str, message: &'static str) {
        *self.finding = Some(Finding {
            code,
            path: path.to_owned(),
            message,
        });
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth = self.depth.saturating_add(1);
        if self.depth <= DEPTH_MAX {
            return Ok(());
        }
        self.found(HttpErrorCode::NestedTooDeep, "", "is nested too deep");
        Err(E::custom("too deep"))
    }

    /// Puts `step` before the path of what was found below it.
    fn outwards(&mut self, step: &dyn fmt::Display) {
        if let Some(Finding { path, .. }) = self.finding {
            let dot = if path.is_empty() || path.starts_with('[') {
                ""
            } else {
                "."
            };
            *path = format!("{step}{dot}{path}");
        }
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut index = 0_usize;
        loop {
            match values.next_element_seed(self.deeper()) {
                Ok(Some(())) => index = index.saturating_add(1),
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.outwards(&format_args!("[{index}]"));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut seen: BTreeSet<Cow<'de, str>> = BTreeSet::new();
        while let Some(Key(key)) = fields.next_key()? {
            if seen.contains(&key) {
                self.found(HttpErrorCode::DuplicateField, &key, "is given twice");
                return Err(A::Error::custom("a key twice"));
            }
            if let Err(error) = fields.next_value_seed(self.deeper()) {
                self.outwards(&key);
                return Err(error);
            }
            seen.insert(key);
        }
        Ok(())
    }
}

/// An object's key, borrowed from the body unless it was escaped.
struct Key<'de>(Cow<'de, str>);

impl<'de> de::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let problem = check(text).expect_err("should have been refused");
        format!("{} {:?}", problem.code(), problem)
    }

    #[test]
    fn a_key_twice_is_found_wherever_it_is() {
        for (text, path) in [
            (r#"{"a":1,"a":1}"#, "\"a\""),
            (r#"{"x":{"y":[0,{"a":1,"b":2,"a":3}]}}"#, "\"x.y[1].a\""),
            (r#"[[{"a":{},"\u0061":1}]]"#, "\"[0][0].a\""),
            (r#"{"":1,"":2}"#, "\"\""),
        ] {
            let told = told(text);
            assert!(
                told.starts_with("DUPLICATE_FIELD") && told.contains(path),
                "{told}"
            );
        }
        check(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#).expect("each in its own object");
    }

    #[test]
    fn thirty_two_levels_are_deep_enough() {
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        check(&nested(32)).unwrap();
        assert!(told(&nested(33)).starts_with("NESTED_TOO_DEEP"));
        assert!(told(&"{\"a\":".repeat(100_000)).starts_with("NESTED_TOO_DEEP"));
    }

    #[test]
    fn what_is_not_one_json_value_is_told_with_its_place() {
        for text in [
            "",
            "{",
            "{} {}",
            "{}x",
            "nul",
            "{'a':1}",
            "[1,]",
            "\u{feff}{}",
            "\"\\ud800\"",
        ] {
            assert!(told(text).starts_with("MALFORMED_JSON"), "{text}");
        }
        assert!(told("{\n  \"a\": ?}").contains("line 2"));
    }

    #[test]
    fn check_of_many_keys_is_not_quadratic() {
        let keys: Vec<_> = (0..20_000)
            .map(|number| format!("\"{number}\":0"))
            .collect();
        check(&format!("{{{}}}", keys.join(","))).unwrap();
    }
}
