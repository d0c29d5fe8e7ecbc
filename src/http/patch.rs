//! Merge patches (RFC 7396): what is absent stays, what is null goes.
//!
//! The schema of a patch is derived from that of the fields it changes, so the two can't drift apart: nothing is
//! required, what may be null there may be null here, and localized text may change one language alone.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::text::{LocalizedNamePatch, LocalizedNotePatch, LocalizedTextPatch};
use super::validation;
use super::values::ReconciliationCountsPatch;
use crate::app;

/// A change of some of the fields of `F`.
#[derive(Debug)]
pub(super) struct Patch<F> {
    fields: Map<String, Value>,
    of: PhantomData<F>,
}

impl<'de, F> Deserialize<'de> for Patch<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(|fields| Self { fields, of: PhantomData })
    }
}

impl<F: Serialize + DeserializeOwned + ToSchema + 'static> Patch<F> {
    /// The fields with this change made.
    ///
    /// # Errors
    /// What the fields' own schema refuses once merged: a localized text whose last language was taken away.
    pub(super) fn apply(self, fields: &F) -> app::Result<F> {
        let mut merged = serde_json::to_value(fields).unwrap_or_default();
        merge(&mut merged, Value::Object(self.fields));
        validation::check::<F>(&merged)?;
        Ok(validation::typed(merged)?)
    }
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

impl<F: ToSchema> ToSchema for Patch<F> {
    fn name() -> Cow<'static, str> {
        let name = F::name();
        let name = name.strip_prefix("New").unwrap_or(&name);
        Cow::Owned(format!("{}Patch", name.strip_suffix("Fields").unwrap_or(name)))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        F::schemas(schemas);
        schemas.push((LocalizedNamePatch::name().into_owned(), LocalizedNamePatch::schema()));
        schemas.push((LocalizedNotePatch::name().into_owned(), LocalizedNotePatch::schema()));
        schemas.push((LocalizedTextPatch::name().into_owned(), LocalizedTextPatch::schema()));
        schemas.push((ReconciliationCountsPatch::name().into_owned(), ReconciliationCountsPatch::schema()));
    }
}

impl<F: ToSchema> PartialSchema for Patch<F> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut schema)) = F::schema() else {
            return F::schema();
        };
        schema.required.clear();
        schema.description = Some(
            "A JSON merge patch (RFC 7396): absent fields stay as they are, null clears one.".to_owned(),
        );
        for property in schema.properties.values_mut() {
            *property = as_patched(property.clone());
        }
        RefOr::T(Schema::Object(schema))
    }
}

/// What is an object inside of the fields, and so is patched by one of its own.
const NESTED: [&str; 4] = ["LocalizedName", "LocalizedNote", "LocalizedText", "ReconciliationCounts"];

/// The schema of one field, with objects replaced by their patches and defaults taken out.
fn as_patched(property: RefOr<Schema>) -> RefOr<Schema> {
    let as_text = serde_json::to_string(&property).unwrap_or_default();
    let as_text = NESTED.iter().fold(as_text, |text, name| {
        text.replace(&format!("schemas/{name}\""), &format!("schemas/{name}Patch\""))
    });
    let mut value: Value = serde_json::from_str(&as_text).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.remove("default");
    }
    serde_json::from_value(value).unwrap_or(property)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_rfc_7396_hold() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut merged = target.clone();
            merge(&mut merged, patch.clone());
            assert_eq!(merged, result, "{target} with {patch}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Sending the same patch again changes nothing more.
        #[test]
        fn a_patch_is_idempotent(target in any_json(), patch in any_json()) {
            let mut once = target;
            merge(&mut once, patch.clone());
            let mut twice = once.clone();
            merge(&mut twice, patch);
            prop_assert_eq!(once, twice);
        }
    }
}
