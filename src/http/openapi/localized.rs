//! Localized text in answers: one type, whatever the rules of its input are. Stored text is answered as it is, also
//! text that a rule of today would refuse.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use utoipa::ToSchema as _;

use crate::domain;
use crate::http::text::{LocalizedName, LocalizedNote, LocalizedText};

/// Lets the schemas that occur in no request refer to the text of answers.
pub(super) fn unify(document: &mut Value) {
    let mut inputs = BTreeSet::new();
    for (_, operation) in operations(document) {
        for place in ["requestBody", "parameters"] {
            collect(document, &operation[place], &mut inputs);
        }
    }
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        if !inputs.contains(name) {
            refer_to_answers(schema);
        }
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flat_map(Map::values);
    paths.filter_map(Value::as_object).flatten()
}

/// Collects the names of the schemas that a value refers to, directly or through other components.
fn collect(document: &Value, value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let name = reference.strip_prefix("#/components/schemas/");
                if name.is_none_or(|name| names.insert(name.to_owned()))
                    && let Some(target) = document.pointer(reference.trim_start_matches('#'))
                {
                    collect(document, target, names);
                }
            }
            fields.values().for_each(|value| collect(document, value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(document, item, names)),
        _ => {}
    }
}

fn refer_to_answers(value: &mut Value) {
    let inputs = [LocalizedName::name(), LocalizedNote::name(), LocalizedText::name()];
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some((path, name)) = reference.rsplit_once('/')
                && inputs.iter().any(|input| input == name)
            {
                *reference = format!("{path}/{}", domain::text::LocalizedText::name());
            }
            fields.values_mut().for_each(refer_to_answers);
        }
        Value::Array(items) => items.iter_mut().for_each(refer_to_answers),
        _ => {}
    }
}
