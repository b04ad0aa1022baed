//! Query strings, as strictly as bodies: an unknown or repeated parameter is an error, not ignored. The struct has
//! `#[serde(deny_unknown_fields)]`.

use std::{collections::BTreeMap, fmt};

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::{
    self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor, value::MapDeserializer,
};

use super::error::{HttpErrorCode, Problem};
use crate::hex;

/// Extracts the query.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = decode(name, true).zip(decode(value, true));
        let (name, value) = decoded.ok_or(HttpErrorCode::MalformedQuery)?;
        if parameters.contains_key(&name) {
            return Err(Problem::from(HttpErrorCode::DuplicateParameter).at(name, "is given twice"));
        }
        parameters.insert(name, value);
    }
    let named = parameters
        .into_iter()
        .map(|(name, value)| (name.clone(), Parameter { name, value }));
    T::deserialize(MapDeserializer::new(named)).map_err(|Wrong(problem)| problem)
}

/// Percent-decoded UTF-8; in a query `+` is a space.
pub(super) fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex::byte([rest.next()?, rest.next()?])?,
            b'+' if plus_is_space => b' ',
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A refusal, as serde wants its errors.
#[derive(Debug)]
struct Wrong(Problem);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Problem::from(HttpErrorCode::InvalidParameter).saying(message.to_string()))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = format!("is not one of: {}", expected.join(", "));
        Self(Problem::from(HttpErrorCode::UnknownParameter).at(field, known))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Problem::from(HttpErrorCode::InvalidParameter).at(field, "is missing"))
    }
}

/// One parameter: text that is read as what the struct wants.
struct Parameter {
    name: String,
    value: String,
}

impl Parameter {
    fn wrong(name: &str, message: impl fmt::Display) -> Wrong {
        let problem = Problem::from(HttpErrorCode::InvalidParameter);
        Wrong(problem.at(name, message.to_string()))
    }

    /// Gives a parsed value to `visit`; whatever is wrong is this parameter's fault.
    fn parsed<T: std::str::FromStr, O>(
        self,
        expected: &str,
        visit: impl FnOnce(T) -> Result<O, de::value::Error>,
    ) -> Result<O, Wrong> {
        let Ok(value) = self.value.parse() else {
            return Err(Self::wrong(&self.name, format_args!("expected {expected}")));
        };
        visit(value).map_err(|error| Self::wrong(&self.name, error))
    }
}

macro_rules! parse_as {
    ($($method:ident $visit:ident $expected:literal;)+) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.parsed($expected, |value| visitor.$visit(value))
        }
    )+ };
}

impl<'de> Deserializer<'de> for Parameter {
    type Error = Wrong;

    parse_as! {
        deserialize_bool visit_bool "true or false";
        deserialize_u8 visit_u8 "a whole number";
        deserialize_u16 visit_u16 "a whole number";
        deserialize_u32 visit_u32 "a whole number";
        deserialize_u64 visit_u64 "a whole number";
        deserialize_i32 visit_i32 "a whole number";
        deserialize_i64 visit_i64 "a whole number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Self { name, value } = self;
        let given: Result<_, de::value::Error> = visitor.visit_string(value);
        given.map_err(|error| Self::wrong(&name, error))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let Self { name, value } = self;
        let variant: de::value::StringDeserializer<de::value::Error> = value.into_deserializer();
        visitor
            .visit_enum(variant)
            .map_err(|error| Self::wrong(&name, error))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Wrong> for Parameter {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<u8>,
        after: Option<String>,
        status: Option<Status>,
        #[serde(default)]
        open: bool,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    enum Status {
        Captured,
        Failed,
    }

    #[test]
    fn parameters_are_read_as_their_types() {
        let page: Page = parse("limit=7&after=a%2Bb+c%ED%95%9C&status=CAPTURED&open=true").unwrap();
        let expected = Page {
            limit: Some(7),
            after: Some("a+b c한".into()),
            status: Some(Status::Captured),
            open: true,
        };
        assert_eq!(page, expected);
        let none = Page {
            limit: None,
            after: None,
            status: None,
            open: false,
        };
        assert_eq!(parse::<Page>("").unwrap(), none);
    }

    #[test]
    fn invalid_parameter_is_refused_by_name() {
        for (query, code, field) in [
            ("limit=1&limit=1", "DUPLICATE_PARAMETER", "limit"),
            ("limit=1&%6Cimit=2", "DUPLICATE_PARAMETER", "limit"),
            ("limt=1", "UNKNOWN_PARAMETER", "limt"),
            ("=1", "UNKNOWN_PARAMETER", ""),
            ("limit=", "INVALID_PARAMETER", "limit"),
            ("limit=1.5", "INVALID_PARAMETER", "limit"),
            ("limit=256", "INVALID_PARAMETER", "limit"),
            ("status=PAID", "INVALID_PARAMETER", "status"),
            ("open=1", "INVALID_PARAMETER", "open"),
        ] {
            let problem = parse::<Page>(query).expect_err(query);
            assert_eq!(problem.code(), code, "{query}");
            assert!(
                format!("{problem:?}").contains(&format!("field: \"{field}\"")),
                "{problem:?}"
            );
        }
        for query in [
            "after=%",
            "after=%2",
            "after=%zz",
            "after=%ff",
            "%ff=1",
            "after=%+1",
        ] {
            assert_eq!(
                parse::<Page>(query).unwrap_err().code(),
                "MALFORMED_QUERY",
                "{query}"
            );
        }
    }
}
