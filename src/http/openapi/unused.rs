//! Removes components that nothing refers to. References occur in every type of utoipa, which has no walk over them, so
//! this is a step over JSON.

use std::collections::BTreeSet;

use serde_json::Value;

const SECTIONS: [&str; 5] = ["schemas", "responses", "parameters", "examples", "headers"];

/// Removes unused components, and then those that only these have used.
pub(super) fn remove(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        collect_references(document, &mut used);
        let mut is_changed = false;
        for section in SECTIONS {
            let components = document.pointer_mut(&format!("/components/{section}"));
            if let Some(components) = components.and_then(Value::as_object_mut) {
                let before = components.len();
                components.retain(|name, _| used.contains(&format!("#/components/{section}/{name}")));
                is_changed |= components.len() < before;
            }
        }
        if !is_changed {
            return;
        }
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(reference) if name == "$ref" => {
                        references.insert(reference.clone());
                    }
                    _ => collect_references(value, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}
