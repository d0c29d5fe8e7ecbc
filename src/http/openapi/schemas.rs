//! Completes the schemas: examples, descriptions and types that would otherwise be repeated at each property.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, Array, Object, ObjectBuilder, RefBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};

/// A schema with an example, under `example` as the derived schemas have it; utoipa's builder prefers `examples`.
pub(super) fn with_example(schema: ObjectBuilder, example: impl Into<Value>) -> Object {
    let mut schema = schema.build();
    schema.example = Some(example.into());
    schema
}

/// The schema of a state of any resource.
const ANY_STATE: &str = "ResourceState";

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Completes every schema.
pub(super) fn complete(schemas: &mut Schemas) {
    schemas.values_mut().for_each(complete_schema);
    type_transitions(schemas);
}

fn complete_schema(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => complete_object(object),
        RefOr::T(Schema::AllOf(all_of)) => all_of.items.iter_mut().for_each(complete_schema),
        _ => {}
    }
}

fn complete_object(object: &mut Object) {
    // The values of an enum are examples enough.
    if object.enum_values.is_some() {
        object.examples.clear();
    }
    let is_request = object.additional_properties.as_deref() == Some(&AdditionalProperties::FreeForm(false));
    for property in object.properties.values_mut() {
        describe_nullable(property);
        if is_request {
            describe_default(property);
        }
    }
}

/// The description of "something or null" belongs to the property: utoipa puts it beside the reference, where no
/// client generator reads it.
fn describe_nullable(property: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(branches)) = property else { return };
    if let Some(description) = branches.items.iter_mut().find_map(take_description) {
        branches.description = Some(description);
    }
}

fn take_description(schema: &mut RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(reference) => {
            Some(std::mem::take(&mut reference.description)).filter(|description| !description.is_empty())
        }
        RefOr::T(schema) => default_and_description(schema)?.1.take(),
    }
}

/// Puts a default into words: generated clients take a property with `default` for one that must be sent.
fn describe_default(property: &mut RefOr<Schema>) {
    let sentence = |described: &str, default: Value| {
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        format!("{described} By default `{default}`.")
    };
    match property {
        RefOr::Ref(reference) => {
            if let Some(default) = reference.default.take() {
                reference.description = sentence(&reference.description, default);
            }
        }
        RefOr::T(schema) => {
            if let Some((default, description)) = default_and_description(schema)
                && let Some(default) = default.take()
            {
                *description = Some(sentence(description.as_deref().unwrap_or_default(), default));
            }
        }
    }
}

fn default_and_description(schema: &mut Schema) -> Option<(&mut Option<Value>, &mut Option<String>)> {
    Some(match schema {
        Schema::Array(array) => (&mut array.default, &mut array.description),
        Schema::Object(object) => (&mut object.default, &mut object.description),
        Schema::OneOf(one_of) => (&mut one_of.default, &mut one_of.description),
        Schema::AllOf(all_of) => (&mut all_of.default, &mut all_of.description),
        Schema::AnyOf(any_of) => (&mut any_of.default, &mut any_of.description),
        _ => return None,
    })
}

/// Gives each resource with states a transition of its own, whose `to` is one of those states, so that clients can send
/// it back as it came.
fn type_transitions(schemas: &mut Schemas) {
    let Some(RefOr::T(Schema::Object(transition))) = schemas.get("AvailableTransition").cloned() else {
        return;
    };
    let names: Vec<String> = schemas.keys().cloned().collect();
    let mut states = BTreeSet::new();
    for name in names {
        let Some(state) = state_schema(schemas, &name) else { continue };
        let Some(transitions) = schemas.get_mut(&name).and_then(available_transitions) else { continue };
        let typed = format!("Available{name}Transition");
        transitions.items = Ref::from_schema_name(&typed).into();
        let mut transition = transition.clone();
        states.insert(state.clone());
        let to = RefBuilder::new()
            .ref_location(state)
            .description(Some("The state after the transition."))
            .build();
        transition.properties.insert("to".to_owned(), to.into());
        schemas.insert(typed, transition.into());
    }
    name_any_state(schemas, &states);
}

/// The state of a transition that a problem lists, which can be of any resource. Not a union of the schemas of states:
/// orval makes code of such a union that uses the states before they are declared.
fn name_any_state(schemas: &mut Schemas, states: &BTreeSet<String>) {
    let mut codes = Vec::new();
    for state in states {
        let name = state.rsplit('/').next().unwrap_or_default();
        if let Some(RefOr::T(Schema::Object(state))) = schemas.get(name) {
            codes.extend(state.enum_values.iter().flatten().cloned());
        }
    }
    let mut seen = BTreeSet::new();
    codes.retain(|code| seen.insert(code.to_string()));
    let any_state = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes))
        .description(Some("State of any resource."))
        .build();
    schemas.insert(ANY_STATE.to_owned(), any_state.into());
    if let Some(RefOr::T(Schema::Object(transition))) = schemas.get_mut("AvailableTransition") {
        let to = Ref::from_schema_name(ANY_STATE);
        let to = RefBuilder::new()
            .ref_location(to.ref_location)
            .description(Some("The state after the transition."))
            .build();
        transition.properties.insert("to".to_owned(), to.into());
    }
}

/// The location of the schema of a resource's `state`.
fn state_schema(schemas: &Schemas, name: &str) -> Option<String> {
    let parts = match schemas.get(name)? {
        RefOr::T(Schema::AllOf(all_of)) => all_of.items.as_slice(),
        schema => slice::from_ref(schema),
    };
    for part in parts {
        let part = match part {
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next();
                name.and_then(|name| schemas.get(name)).unwrap_or(part)
            }
            RefOr::T(_) => part,
        };
        if let RefOr::T(Schema::Object(part)) = part
            && let Some(RefOr::Ref(state)) = part.properties.get("state")
        {
            return Some(state.ref_location.clone());
        }
    }
    None
}

fn available_transitions(schema: &mut RefOr<Schema>) -> Option<&mut Array> {
    let parts = match schema {
        RefOr::T(Schema::AllOf(all_of)) => all_of.items.as_mut_slice(),
        schema => slice::from_mut(schema),
    };
    parts.iter_mut().find_map(|part| match part {
        RefOr::T(Schema::Object(object)) => match object.properties.get_mut("availableTransitions")? {
            RefOr::T(Schema::Array(transitions)) => Some(transitions),
            _ => None,
        },
        _ => None,
    })
}
