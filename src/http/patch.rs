//! Merge patches (RFC 7396): absent fields stay as they are, `null` removes a field.
//!
//! The schema of a patch is derived from the schema of the fields that it changes, so that the two cannot differ:
//! no field is required, defaults are left out, and an object within the fields is replaced by its own patch if it has
//! one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::validation;
use crate::app;

/// The name of the schema of an object's patch, from the name of the object's schema.
fn patch_name(name: &str) -> String {
    format!("{name}Patch")
}

/// A merge patch of the fields `F`.
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
    /// The fields with the patch applied.
    ///
    /// # Errors
    /// `invalidRequest` if the merged fields violate their schema, such as a localized text without any language.
    pub(super) fn apply(self, fields: &F) -> app::Result<F> {
        let mut merged = serde_json::to_value(fields).unwrap_or_default();
        merge(&mut merged, Value::Object(self.fields));
        validation::check::<F>(&merged)?;
        Ok(validation::typed(merged)?)
    }
}

/// A type that a merge patch changes and that holds some or all of the fields `F` of a use case.
pub(super) trait PatchTarget<F> {
    /// The patched part of the fields.
    fn from_fields(fields: &F) -> Self;
    /// The fields with this part replaced.
    fn replace_in(self, fields: F) -> F;
}

impl<F: Clone, T: From<F> + Into<F>> PatchTarget<F> for T {
    fn from_fields(fields: &F) -> Self {
        fields.clone().into()
    }

    fn replace_in(self, _fields: F) -> F {
        self.into()
    }
}

impl<T: Serialize + DeserializeOwned + ToSchema + 'static> Patch<T> {
    /// The fields of a use case with the patch applied.
    ///
    /// # Errors
    /// As [`Patch::apply`].
    pub(super) fn apply_to<F>(self, fields: F) -> app::Result<F>
    where
        T: PatchTarget<F>,
    {
        Ok(self.apply(&T::from_fields(&fields))?.replace_in(fields))
    }
}

/// Merges a patch into a document (RFC 7396, section 2).
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

/// The patches that come with schemas: the names that end in `Patch` without that ending.
fn patched_names(schemas: &[(String, RefOr<Schema>)]) -> HashSet<&str> {
    schemas.iter().filter_map(|(name, _)| name.strip_suffix("Patch")).collect()
}

impl<F: ToSchema> ToSchema for Patch<F> {
    fn name() -> Cow<'static, str> {
        let name = F::name();
        let name = name.strip_prefix("New").unwrap_or(&name);
        Cow::Owned(patch_name(name.strip_suffix("Fields").unwrap_or(name)))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        F::schemas(schemas);
    }
}

impl<F: ToSchema> PartialSchema for Patch<F> {
    fn schema() -> RefOr<Schema> {
        let mut schemas = Vec::new();
        F::schemas(&mut schemas);
        patch_schema(
            F::schema(),
            "A JSON merge patch (RFC 7396): absent fields stay as they are, null clears one.",
            &patched_names(&schemas),
        )
    }
}

/// The schema of a patch of an object with this schema.
fn patch_schema(of: RefOr<Schema>, description: &str, patched: &HashSet<&str>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = of else { return of };
    object.required.clear();
    object.description = Some(description.to_owned());
    for property in object.properties.values_mut() {
        refer_to_patches(property, patched);
        remove_default(property);
    }
    RefOr::T(Schema::Object(object))
}

/// Replaces references to objects that have a patch by references to it. Arrays are left alone: a merge patch replaces
/// them as a whole.
fn refer_to_patches(schema: &mut RefOr<Schema>, patched: &HashSet<&str>) {
    let schema = match schema {
        RefOr::Ref(Ref { ref_location, .. }) => {
            if let Some((path, name)) = ref_location.rsplit_once('/')
                && patched.contains(name)
            {
                *ref_location = format!("{path}/{}", patch_name(name));
            }
            return;
        }
        RefOr::T(schema) => schema,
    };
    let members = match schema {
        Schema::OneOf(one_of) => &mut one_of.items,
        Schema::AllOf(all_of) => &mut all_of.items,
        Schema::AnyOf(any_of) => &mut any_of.items,
        _ => return,
    };
    for member in members {
        refer_to_patches(member, patched);
    }
}

/// Removes the default of a field: an absent field of a patch stays as it is.
fn remove_default(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::Ref(reference) => reference.default = None,
        RefOr::T(Schema::Object(object)) => object.default = None,
        RefOr::T(Schema::Array(array)) => array.default = None,
        RefOr::T(Schema::OneOf(one_of)) => one_of.default = None,
        RefOr::T(Schema::AllOf(all_of)) => all_of.default = None,
        RefOr::T(Schema::AnyOf(any_of)) => any_of.default = None,
        RefOr::T(_) => {}
    }
}

/// An object within patched fields that is patched member by member.
pub(super) trait NestedObject: ToSchema {
    /// The description of its patch.
    const PATCH_DESCRIPTION: &'static str;
}

/// The schema of a nested object, which brings the schema of its patch along. The type has no values: it is for
/// `value_type` in the schema of the fields.
#[derive(Debug)]
pub(super) struct Nested<T>(PhantomData<T>);

impl<T: NestedObject> PartialSchema for Nested<T> {
    fn schema() -> RefOr<Schema> {
        T::schema()
    }
}

impl<T: NestedObject> ToSchema for Nested<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        let patch = patch_schema(T::schema(), T::PATCH_DESCRIPTION, &patched_names(schemas));
        schemas.push((patch_name(&T::name()), patch));
    }
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
