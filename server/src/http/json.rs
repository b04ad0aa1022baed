//! JSON bodies, strictly: an unexpected value is refused with the field's path rather than guessed. A request's
//! struct has `#[serde(deny_unknown_fields)]`.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;

use super::{
    body,
    error::{HttpErrorCode, Problem},
    objects::Objects,
    strict,
};

/// Extracts a JSON body.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// Extracts a JSON body, or the default where no body, or `null`, was sent.
#[derive(Debug, Clone)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        no_parameters(&request)?;
        check_content_type(request.headers())?;
        let bytes = body::read(request).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        no_parameters(&request)?;
        let content_type = check_content_type(request.headers());
        let bytes = body::read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        content_type?;
        // Some clients send `null` for "no body".
        let said = past_mark(&bytes);
        if said.is_empty() || said.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

/// A request with a body has no query parameters.
fn no_parameters(request: &Request) -> Result<(), Problem> {
    let query = request.uri().query().unwrap_or_default();
    let name = query.split(['=', '&']).next().unwrap_or_default();
    if query.is_empty() {
        return Ok(());
    }
    let problem = Problem::from(HttpErrorCode::UnknownParameter);
    Err(problem.at(name, "this path has no parameters"))
}

/// `application/json`, whatever parameters follow; a charset can only be UTF-8.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || Problem::from(HttpErrorCode::UnsupportedMediaType);
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(refused());
    };
    let mut parts = value
        .to_str()
        .map_err(|_| refused())?
        .split(';')
        .map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let names_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
            is_utf8(charset.trim_matches('"'))
        }
        _ => true,
    });
    if is_json && names_utf8 {
        Ok(())
    } else {
        Err(refused())
    }
}

/// The name registered with IANA, and the one that many clients write.
fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// The JSON after a byte order mark, if there is one: RFC 8259 forbids sending it and allows ignoring it.
pub fn past_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads `bytes` as strictly as [`Json`] does; for bodies that are signed, after the signature.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = past_mark(bytes);
    if bytes.is_empty() {
        return Err(HttpErrorCode::EmptyBody.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Problem::from(HttpErrorCode::MalformedJson).saying("The body is not UTF-8.")
    })?;
    if let Some(value) = as_expected(text) {
        return Ok(value);
    }
    strict::check(text)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(Objects(&mut deserializer))
        .map_err(|error| wrong_field(&error.path().to_string(), error.inner()))
}

/// The value, if the text is exactly as expected. Otherwise the error is looked for afterwards: the type denies
/// unknown fields, so duplicates, unknown fields and deep nesting were refused by then.
fn as_expected<T: DeserializeOwned>(text: &str) -> Option<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Objects(&mut deserializer)).ok()?;
    deserializer.end().ok().map(|()| value)
}

/// The text is valid JSON, so some field is not as expected.
fn wrong_field(path: &str, error: &serde_json::Error) -> Problem {
    let whole = error.to_string();
    let message = whole.split(" at line ").next().unwrap_or_default();
    let parent = if path == "." { "" } else { path };
    let (code, field) = match named_in(message) {
        Some(("unknown field", name)) => (HttpErrorCode::UnknownField, below(parent, name)),
        Some(("missing field", name)) => (HttpErrorCode::MissingField, below(parent, name)),
        _ if message.starts_with("invalid type") => (HttpErrorCode::WrongType, parent.to_owned()),
        _ => (HttpErrorCode::InvalidValue, parent.to_owned()),
    };
    Problem::from(code).at(field, message)
}

/// Serde's texts for fields: "unknown field `x`, expected …", "missing field `x`".
fn named_in(message: &str) -> Option<(&str, &str)> {
    let (what, rest) = message.split_once(" `")?;
    let (name, _) = rest.split_once('`')?;
    Some((what, name))
}

/// The path of `name` in the object at `parent`. The path of an unknown field already ends in it.
fn below(parent: &str, name: &str) -> String {
    match parent.strip_suffix(name) {
        Some("") => name.to_owned(),
        Some(before) if before.ends_with('.') => parent.to_owned(),
        _ if parent.is_empty() => name.to_owned(),
        _ => format!("{parent}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::http::integer::Integer;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only read")]
        total: Integer,
        #[serde(default)]
        #[expect(dead_code, reason = "only read")]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only read")]
        quantity: u32,
        #[expect(dead_code, reason = "only read")]
        tax: Tax,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Tax {
        Taxable,
        TaxFree,
    }

    fn refused(body: &str) -> (String, String) {
        let problem = parse::<Order>(body.as_bytes()).expect_err("should have been refused");
        let id = super::super::RequestId::generate(&crate::world::ManualWorld::new(0, 1));
        let told: serde_json::Value = serde_json::from_slice(&problem.to_json(&id)).unwrap();
        let field = told["errors"][0]["field"].as_str().unwrap_or_default();
        (problem.code().to_owned(), field.to_owned())
    }

    #[test]
    fn every_refusal_names_its_field() {
        for (body, code, field) in [
            (r#"{"total":"5"}"#, "WRONG_TYPE", "total"),
            (r#"{"total":5.5}"#, "WRONG_TYPE", "total"),
            (r#"{"total":true}"#, "WRONG_TYPE", "total"),
            (r#"{"total":null}"#, "WRONG_TYPE", "total"),
            (
                r#"{"total":1,"lines":[{"quantity":-1,"tax":"taxable"}]}"#,
                "INVALID_VALUE",
                "lines[0].quantity",
            ),
            (
                r#"{"total":1,"lines":[{"quantity":1,"tax":"none"}]}"#,
                "INVALID_VALUE",
                "lines[0].tax",
            ),
            (
                r#"{"total":1,"lines":[{"quantity":1}]}"#,
                "MISSING_FIELD",
                "lines[0].tax",
            ),
            (r#"{"lines":[]}"#, "MISSING_FIELD", "total"),
            (r#"{"total":1,"tip":2}"#, "UNKNOWN_FIELD", "tip"),
            (
                r#"{"total":1,"lines":[{"quantity":1,"tax":"tax_free","sku":1}]}"#,
                "UNKNOWN_FIELD",
                "lines[0].sku",
            ),
            (
                r#"{"total":1,"lines":[{"tax":1,"quantity":1,"tax":2}]}"#,
                "DUPLICATE_FIELD",
                "lines[0].tax",
            ),
            (r#"{"total":1,"x":{"y":1,"y":2}}"#, "DUPLICATE_FIELD", "x.y"),
            ("[]", "WRONG_TYPE", ""),
            ("[1,[]]", "WRONG_TYPE", ""),
            (
                r#"{"total":1,"lines":[[1,"taxable"]]}"#,
                "WRONG_TYPE",
                "lines[0]",
            ),
            ("7", "WRONG_TYPE", ""),
            ("", "EMPTY_BODY", ""),
            ("{", "MALFORMED_JSON", ""),
        ] {
            assert_eq!(refused(body), (code.to_owned(), field.to_owned()), "{body}");
        }
        parse::<Order>(br#"{"total":5,"lines":[{"quantity":1,"tax":"tax_free"}]}"#).unwrap();
    }

    #[test]
    fn one_byte_order_mark_before_the_json_is_read_past() {
        parse::<Order>("\u{feff}{\"total\":5}".as_bytes()).unwrap();
        assert_eq!(refused("\u{feff}").0, "EMPTY_BODY");
        assert_eq!(refused("\u{feff}{\"tip\":1}").1, "tip");
        for wrong in ["\u{feff}\u{feff}{}", " \u{feff}{}", "{}\u{feff}"] {
            assert_eq!(refused(wrong).0, "MALFORMED_JSON", "{wrong:?}");
        }
    }

    #[test]
    fn bytes_must_be_utf8() {
        let problem = parse::<Order>(b"{\"total\":1,\"\xff\":2}").unwrap_err();
        assert_eq!(problem.code(), "MALFORMED_JSON");
    }

    #[test]
    fn json_is_sent_as_json() {
        let check = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            check_content_type(&headers).is_ok()
        };
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;a=b",
            "application/json;charset=UTF8",
            "application/json; charset=\"utf8\"; a=b",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=euc-kr",
            "application/json; charset=utf-16",
            "application/json; charset=utf8; charset=euc-kr",
        ] {
            assert!(!check(bad), "{bad}");
        }
        assert!(check_content_type(&HeaderMap::new()).is_err());
    }
}
