//! The contract: every answer that any test gets is validated against the OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::answer::Answer;

/// The document that the service serves.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(taskforce::http::openapi::json().unwrap()).unwrap());

/// An operation of the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) path: &'static str,
    pub(crate) method: &'static str,
    pub(crate) described: &'static Value,
}

impl Operation {
    pub(crate) fn id(self) -> &'static str {
        self.described["operationId"].as_str().unwrap()
    }

    /// Tells whether the operation documents that it answers with this problem.
    pub(crate) fn has_problem(self, code: &str) -> bool {
        let groups = self.described["x-problem-groups"].as_array().into_iter().flatten();
        let codes_of = &DOCUMENT["components"]["responses"]["Problem"]["x-problem-groups"];
        let shared = groups.map(|group| &codes_of[group.as_str().unwrap()]);
        let own = self.described["x-problem-codes"].as_object().into_iter().flat_map(serde_json::Map::values);
        own.chain(shared).filter_map(Value::as_array).flatten().any(|documented| documented == code)
    }

    pub(crate) fn is_at(self, method: &Method, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let (template, path): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        self.method.eq_ignore_ascii_case(method.as_str())
            && template.len() == path.len()
            && template
                .iter()
                .zip(path)
                .all(|(segment, given)| segment.starts_with('{') && !given.is_empty() || *segment == given)
    }
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, described)| Operation { path, method, described })
    });
    operations.collect()
});

/// Every operation of the document.
pub(crate) fn operations() -> impl Iterator<Item = Operation> {
    OPERATIONS.iter().copied()
}

/// The operation that a request meets, if any does.
pub(crate) fn operation_at(method: &Method, path: &str) -> Option<Operation> {
    operations().find(|operation| operation.is_at(method, path))
}

/// Resolves a `$ref`.
pub(crate) fn resolved(described: &'static Value) -> &'static Value {
    let Some(reference) = described["$ref"].as_str() else { return described };
    DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// Fails for an answer that the document doesn't describe.
pub(crate) fn check(method: &Method, answer: &Answer) {
    let Some(operation) = operation_at(method, &answer.path) else {
        return;
    };
    let responses = operation.described["responses"].as_object().unwrap();
    let described = responses.get(&answer.status.to_string());
    let described = described.or_else(|| responses.get("default").filter(|_| answer.status >= 400));
    let described = described.map_or(&Value::Null, resolved);
    let id = operation.id();
    let text = String::from_utf8_lossy(&answer.body);
    assert!(described.is_object(), "{id} does not document {}: {text}", answer.status);
    for header in ["api-version", "x-request-id"] {
        assert!(answer.headers.contains_key(header), "{id} {}: no {header}", answer.status);
    }
    for (name, header) in described["headers"].as_object().into_iter().flatten() {
        assert!(
            answer.headers.contains_key(name) || resolved(header)["required"] != true,
            "{id} {}: {name} is documented, but not sent",
            answer.status
        );
    }
    let content = described["content"].as_object().filter(|content| !content.is_empty());
    let Some(content) = content else {
        assert!(text.is_empty(), "{id} {}: a body that is not documented: {text}", answer.status);
        return;
    };
    let sent = answer.header("content-type").split(';').next().unwrap_or_default();
    let described =
        content.get(sent).unwrap_or_else(|| panic!("{id} {}: {sent} is not documented", answer.status));
    if !sent.ends_with("json") {
        return;
    }
    if sent == "application/problem+json" {
        assert!(
            operation.has_problem(answer.json()["code"].as_str().unwrap_or_default()),
            "{id} {}: not among its problems: {text}",
            answer.status
        );
        assert_eq!(answer.json()["status"], answer.status, "{id}: {text}");
        if matches!(answer.status, 429 | 503) {
            assert!(answer.headers.contains_key("retry-after"), "{id} {}: no Retry-After", answer.status);
        }
    }
    let validator = validator(&format!("{id} {} {sent}", answer.status), &described["schema"]);
    let body = answer.json();
    let errors: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{id} {} is not as documented: {errors:#?}\n{body:#}", answer.status);
}

/// The validator of a schema, compiled once.
pub(crate) fn validator(key: &str, schema: &Value) -> Arc<Validator> {
    static CACHE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    if let Some(cached) = CACHE.lock().unwrap().get(key) {
        return Arc::clone(cached);
    }
    let mut document = close(schema);
    document["components"] = json!({ "schemas": *CLOSED });
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = Arc::new(options.build(&document).unwrap_or_else(|error| panic!("{key}: {error}")));
    CACHE.lock().unwrap().insert(key.to_owned(), Arc::clone(&validator));
    validator
}

/// The schemas of the document, closed, so that an answer has no undocumented fields. The branches of `allOf`
/// stay open under another name, since each knows only its own members.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = serde_json::Map::new();
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        schemas.insert(name.clone(), close(schema));
        schemas.insert(format!("{name}.open"), keep_open(schema));
    }
    Value::Object(schemas)
});

/// The schema, closed to members that it doesn't name. Maps, which name none, stay open.
fn close(schema: &Value) -> Value {
    let mut closed = keep_open(schema);
    let is_object = closed["properties"].is_object() || closed["allOf"].is_array();
    if is_object && closed.get("additionalProperties").is_none() {
        closed["unevaluatedProperties"] = json!(false);
    }
    closed
}

/// The schema itself open, and closed what lies in it.
fn keep_open(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let of = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(name, property)| (name.clone(), close(property))).collect()
            }
            ("items", items) => close(items),
            ("oneOf" | "anyOf", Value::Array(branches)) => branches.iter().map(close).collect(),
            ("allOf", Value::Array(parts)) => parts.iter().map(close_all_of_branch).collect(),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    Value::Object(fields.iter().map(of).collect())
}

/// A branch of `allOf`.
fn close_all_of_branch(schema: &Value) -> Value {
    match schema["$ref"].as_str() {
        Some(reference) => json!({ "$ref": format!("{reference}.open") }),
        None => keep_open(schema),
    }
}
