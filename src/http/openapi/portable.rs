//! Writes the document in forms that generators of clients understand. Each form means the same as the one that the
//! service enforces; where a generator has no form, the description says the rule.
//!
//! The forms were chosen by trying them: openapi-typescript, hey-api, orval, swagger-typescript-api,
//! openapi-zod-client, openapi-python-client, datamodel-code-generator and openapi-generator.

use serde_json::{Map, Value, json};

use crate::http::text;

/// Rewrites the document.
pub(super) fn rewrite(document: &mut Value) {
    rewrite_all(document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    schemas.into_iter().flat_map(Map::values_mut).for_each(remove_examples_of_values);
}

/// Rewrites every schema and every parameter.
fn rewrite_all(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("required") != Some(&Value::Bool(true)) && fields.contains_key("in") {
                remove_examples(fields);
            }
            remove_own_format(fields);
            describe_length_of_address(fields);
            name_the_required(fields);
            fields.values_mut().for_each(rewrite_all);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite_all),
        _ => {}
    }
}

/// Optional parameters have no examples, which "Try it out" would send.
fn remove_examples(parameter: &mut Map<String, Value>) {
    let schema = parameter.get_mut("schema").and_then(Value::as_object_mut);
    if let Some(schema) = schema {
        schema.retain(|name, _| name != "example" && name != "examples");
    }
    parameter.retain(|name, _| name != "example" && name != "examples");
}

/// Operations have recorded examples. Examples of single values would only add to the weight of the document.
fn remove_examples_of_values(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "example" && name != "examples");
            for (name, value) in fields {
                match (name.as_str(), value) {
                    // Members of an object, which can be called `example`.
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(remove_examples_of_values);
                    }
                    (_, value) => remove_examples_of_values(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(remove_examples_of_values),
        _ => {}
    }
}

/// Types for addresses have no length (datamodel-code-generator), so that the description says the length.
fn describe_length_of_address(schema: &mut Map<String, Value>) {
    if schema.get("format").and_then(Value::as_str) != Some("uri") {
        return;
    }
    schema.remove("minLength");
    if let Some(length) = schema.remove("maxLength") {
        let described = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let described = format!("{described} At most {length} characters.");
        schema.insert("description".to_owned(), described.trim_start().into());
    }
}

/// Formats that only the service knows are an error in strict validators.
fn remove_own_format(schema: &mut Map<String, Value>) {
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| text::FORMATS.contains(&format)) {
        schema.remove("format");
    }
}

/// An object that has at least one of its members is one of several objects, each of which has a certain member: types
/// have no `minProperties`.
fn name_the_required(schema: &mut Map<String, Value>) {
    let is_open = schema.get("additionalProperties") != Some(&Value::Bool(false));
    if schema.get("minProperties") != Some(&json!(1)) || is_open || schema.contains_key("required") {
        return;
    }
    let Some(Value::Object(properties)) = schema.get("properties") else { return };
    let names: Vec<String> = properties.keys().cloned().collect();
    let description = schema.remove("description");
    schema.remove("minProperties");
    let whole = std::mem::take(schema);
    let branches = names.iter().map(|name| {
        let mut branch = whole.clone();
        branch.insert("required".to_owned(), json!([name]));
        Value::Object(branch)
    });
    let branches: Vec<Value> = branches.collect();
    schema.extend(description.map(|description| ("description".to_owned(), description)));
    schema.insert("anyOf".to_owned(), branches.into());
}
