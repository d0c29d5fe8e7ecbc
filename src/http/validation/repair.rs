//! Repairs a body that violates its schema, so that the rules beyond the schema can be checked, too.
//!
//! The repaired body is never carried out: it is for a dry run, which finds the errors that the other fields have.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::errors::escaped;
use crate::domain::refusal::{FieldError, FieldLocation};

/// A body that conforms to its schema, and the names of the fields that were replaced or removed.
pub(super) struct Repaired {
    pub(super) body: Value,
    pub(super) fields: BTreeSet<String>,
}

/// Removes the fields that have errors from a body, and gives required fields the example of their schema. `None` if
/// the body is no object with named fields.
pub(super) fn repair(document: &Value, body: &Value, errors: &[FieldError]) -> Option<Repaired> {
    let properties = document.get("properties")?.as_object()?;
    let mut repaired: Map<String, Value> = body.as_object()?.clone();
    let wrong: BTreeSet<&str> = errors.iter().filter_map(field_of).collect();
    let is_wrong = |name: &str| wrong.contains(escaped(name).as_str());
    repaired.retain(|name, _| properties.contains_key(name) && !is_wrong(name));
    for name in document.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if let (false, Some(schema)) = (repaired.contains_key(name), properties.get(name)) {
            repaired.insert(name.to_owned(), example(document, schema));
        }
    }
    let fields = properties.keys().filter(|name| is_wrong(name)).cloned().collect();
    Some(Repaired { body: Value::Object(repaired), fields })
}

/// The field of the body that an error is in, as it stands in the pointer.
pub(in crate::http) fn field_of(error: &FieldError) -> Option<&str> {
    match &error.location {
        FieldLocation::Pointer(pointer) => pointer.split('/').nth(1),
        FieldLocation::Parameter(_) | FieldLocation::Cell { .. } => None,
    }
}

/// A value that conforms to a schema: its example where it has one.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        return document.pointer(target).map_or(Value::Null, |target| example(document, target));
    }
    let first = |name: &str| schema.get(name).and_then(|listed| listed.get(0));
    if let Some(given) = schema.get("example").or_else(|| first("examples")).or_else(|| first("enum")) {
        return given.clone();
    }
    let branches = ["allOf", "oneOf", "anyOf"].iter().filter_map(|name| schema[name].as_array()).flatten();
    if let Some(branch) = branches.into_iter().find(|branch| branch["type"] != "null") {
        return example(document, branch);
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object();
            let members = properties
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), example(document, schema)));
            members.collect::<Map<_, _>>().into()
        }
        Some("array") if schema["minItems"].as_u64().is_some_and(|least| least > 0) => {
            json!([example(document, &schema["items"])])
        }
        Some("array") => json!([]),
        Some("boolean") => json!(false),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("string") if schema["format"] == "uuid" => json!("0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e"),
        Some("string") if schema["format"] == "date" => json!("2026-01-01"),
        Some("string") if schema["format"] == "date-time" => json!("2026-01-01T00:00:00Z"),
        Some("string") => json!("x"),
        _ => Value::Null,
    }
}
