//! Policies as tests write them.

use serde_json::{Value, json};

use super::client::with;

/// The body of a new policy, with these fields instead of the usual ones.
pub(crate) fn policy(fields: Value) -> Value {
    let usual = json!({
        "title": { "en": "Open data policy", "ar": "سياسة البيانات المفتوحة" },
        "kind": "policy",
        "aims": ["inclusiveTransparent"],
    });
    with(usual, fields)
}
