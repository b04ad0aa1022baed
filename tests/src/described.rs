//! Checks every answer against the API's description: its path, status, media type, headers and body. A story that
//! gets an undescribed answer fails at once.
//!
//! The description is the server's own, plus a part that only tests need: the drill gateway, which no setting turns
//! on. Objects are closed here, so that an undescribed field is found too; real clients should be lenient.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::{Draft, Validator};
use parking_lot::Mutex;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// The gateway of our own tests.
const DRILL: &str = "DRILL";
/// The id by which an answer is found in the log; every answer has it.
const REQUEST_ID: &str = "x-request-id";
/// Below it every path is the API's.
const API: &str = "/api/";

/// An answer, and what it answers.
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's path, without its query.
    pub path: &'a str,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers.
    pub headers: &'a HeaderMap,
    /// The answer's body.
    pub body: &'a [u8],
}

/// The difference between the answer and its description.
pub fn judge(exchange: &Exchange<'_>) -> Result<(), String> {
    described().judge(exchange)
}

/// Fails where the answer is not as described.
pub fn check(exchange: &Exchange<'_>) {
    if let Err(wrong) = judge(exchange) {
        let Exchange {
            method,
            path,
            status,
            body,
            ..
        } = exchange;
        let body = String::from_utf8_lossy(body);
        panic!("{method} {path} was answered {status}, which is not as described: {wrong}\n{body}");
    }
}

/// The description.
pub fn document() -> &'static Value {
    &described().document
}

fn described() -> &'static Described {
    static DESCRIBED: OnceLock<Described> = OnceLock::new();
    DESCRIBED.get_or_init(Described::new)
}

struct Described {
    document: Value,
    /// Made when they are first needed: most stories see few of them.
    validators: Mutex<BTreeMap<String, &'static Validator>>,
}

impl Described {
    fn new() -> Self {
        let description = daegeum_server::routes::description("http://127.0.0.1:8080");
        let mut document = serde_json::to_value(description).expect("a description is JSON");
        let providers = document
            .pointer_mut("/components/schemas/Provider/enum")
            .and_then(Value::as_array_mut);
        providers
            .expect("gateways are described")
            .push(DRILL.into());
        let mut closed = document["components"]["schemas"].clone();
        let schemas = closed.as_object_mut().expect("schemas are described");
        let names: Vec<String> = schemas.keys().cloned().collect();
        for name in names {
            let mut schema = schemas[&name].clone();
            close(&mut schema, &document);
            schemas.insert(name, schema);
        }
        document["components"]["schemas"] = closed;
        Self {
            document,
            validators: Mutex::default(),
        }
    }

    fn judge(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        let Some((path, item)) = self.path(exchange.path) else {
            let elsewhere = !exchange.path.starts_with(API);
            return if elsewhere {
                Ok(())
            } else {
                self.refusal(exchange)
            };
        };
        let method = exchange.method.as_str().to_lowercase();
        let operation = match (&item[&method], exchange.method) {
            (Value::Null, &Method::HEAD) => &item["get"],
            // A browser's question before its request.
            (Value::Null, &Method::OPTIONS) if exchange.status < 400 => return Ok(()),
            (Value::Null, _) => return self.refusal(exchange),
            (operation, _) => operation,
        };
        let status = exchange.status.to_string();
        let response = operation["responses"][&status].as_object();
        let response = response.ok_or_else(|| format!("{path} has no such status"))?;
        let headers = response.get("headers").and_then(Value::as_object);
        for (name, header) in headers.into_iter().flatten() {
            self.header(name, &header["schema"], exchange)?;
        }
        if !headers.is_some_and(|headers| headers.contains_key(REQUEST_ID)) {
            return Err(format!("{path} has no {REQUEST_ID} in its description"));
        }
        let kind = exchange.kind();
        let content = &response["content"][kind];
        if content.is_null() {
            return Err(format!("{path} does not answer with {kind:?}"));
        }
        if exchange.method == Method::HEAD || !kind.ends_with("json") {
            return Ok(());
        }
        self.body(&content["schema"], exchange.body)
    }

    /// The refusals that come before any operation is found.
    fn refusal(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        if exchange.status < 400 || exchange.kind() != "application/problem+json" {
            return Err("no operation is there, so it is refused with a problem".to_owned());
        }
        exchange.has(REQUEST_ID)?;
        if exchange.method == Method::HEAD {
            return Ok(());
        }
        let problem = json!({ "$ref": "#/components/schemas/Problem" });
        self.body(&problem, exchange.body)
    }

    /// The described path that this one is at: names before placeholders, as the server looks.
    fn path(&self, path: &str) -> Option<(&str, &Value)> {
        let paths = self.document["paths"].as_object().expect("paths");
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        let most_named = fitting.max_by_key(|(template, _)| {
            let named = |part: &str| !part.starts_with('{');
            template.split('/').map(named).collect::<Vec<_>>()
        });
        most_named.map(|(template, item)| (template.as_str(), item))
    }

    fn header(&self, name: &str, schema: &Value, exchange: &Exchange<'_>) -> Result<(), String> {
        if must_be_there(name, exchange.status) {
            exchange.has(name)?;
        }
        let Some(value) = exchange.headers.get(name) else {
            return Ok(());
        };
        let text = value.to_str().map_err(|error| error.to_string())?;
        let value = match (schema["type"].as_str(), text.parse::<u64>()) {
            (Some("integer"), Ok(number)) => json!(number),
            _ => json!(text),
        };
        let found = self.validator(schema).validate(&value);
        found.map_err(|error| format!("{name}: {error}"))
    }

    fn body(&self, schema: &Value, body: &[u8]) -> Result<(), String> {
        let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let validator = self.validator(schema);
        let wrong = validator.iter_errors(&value);
        let wrong: Vec<String> = wrong
            .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        }
    }

    fn validator(&self, schema: &Value) -> &'static Validator {
        let mut validators = self.validators.lock();
        validators.entry(schema.to_string()).or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = self.document["components"].clone();
            let made = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .build(&root);
            // One for each schema of an answer, for the whole run.
            Box::leak(Box::new(made.expect("a schema that can be used")))
        })
    }
}

/// Whether a described header is in every answer of this status. Of the others, `idempotent-replayed` is only in an
/// answer that was given before, and `retry-after` in a conflict that ends by itself.
fn must_be_there(header: &str, status: u16) -> bool {
    match header {
        REQUEST_ID => true,
        "retry-after" => matches!(status, 429 | 503),
        _ => false,
    }
}

impl Exchange<'_> {
    fn has(&self, header: &str) -> Result<(), String> {
        let is_there = self.headers.contains_key(header);
        is_there
            .then_some(())
            .ok_or_else(|| format!("the answer has no {header}"))
    }

    fn kind(&self) -> &str {
        let kind = self.headers.get("content-type");
        kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default()
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut named, mut asked) = (template.split('/'), path.split('/'));
    loop {
        match (named.next(), asked.next()) {
            (None, None) => return true,
            (Some(name), Some(part)) if name.starts_with('{') && !part.is_empty() => {}
            (Some(name), Some(part)) if name == part => {}
            _ => return false,
        }
    }
}

/// Closes the objects of a schema; those that are put together by `allOf` become one first.
fn close(schema: &mut Value, document: &Value) {
    if let Some(parts) = schema["allOf"].as_array().cloned() {
        *schema = together(&parts, document);
    }
    let is_open = schema.get("additionalProperties").is_none();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties
            .values_mut()
            .for_each(|property| close(property, document));
        if is_open {
            schema["additionalProperties"] = false.into();
        }
    }
}

/// One object with what each of these says of it.
fn together(parts: &[Value], document: &Value) -> Value {
    let mut one = json!({"type": "object", "properties": {}, "required": []});
    for part in parts {
        let named = part["$ref"]
            .as_str()
            .and_then(|name| name.strip_prefix('#'));
        let part = named.map_or(part, |name| document.pointer(name).expect("it is there"));
        let properties = part["properties"].as_object().expect("an object's").clone();
        let required = part["required"].as_array().cloned().unwrap_or_default();
        one["properties"]
            .as_object_mut()
            .expect("an object")
            .extend(properties);
        one["required"]
            .as_array_mut()
            .expect("an array")
            .extend(required);
    }
    one
}
