//! Moves what several operations have in common to the components.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ArrayItems, Components, Schema};
use utoipa::openapi::{OpenApi, Ref, RefOr};

use super::names::pascal_case;
use super::parameters;
use super::paths::{operations_mut, parameters_mut};

/// The name of the response with status 304.
const NOT_MODIFIED: &str = "NotModified";

/// Lets each parameter that takes the words of a vocabulary refer to the vocabulary. Other words, such as the orders of
/// a list, become a component that is named by their title.
pub(super) fn share_vocabularies(openapi: &mut OpenApi, components: &mut Components) {
    let words = |schema: &RefOr<Schema>| match schema {
        RefOr::T(Schema::Object(object)) => object.enum_values.clone(),
        _ => None,
    };
    let vocabularies: Vec<(String, Vec<Value>)> =
        components.schemas.iter().filter_map(|(name, schema)| Some((name.clone(), words(schema)?))).collect();
    for parameter in parameters_mut(openapi) {
        let RefOr::T(parameter) = parameter else { continue };
        let mut next = parameter.schema.as_mut();
        while let Some(schema) = next {
            let own = words(schema);
            let vocabulary = vocabularies.iter().find(|(_, words)| own.as_ref() == Some(words));
            let title = match schema {
                RefOr::T(Schema::Object(object)) => object.title.take().filter(|_| own.is_some()),
                _ => None,
            };
            if let Some(name) = title.as_ref().or(vocabulary.map(|(name, _)| name)) {
                let words = std::mem::replace(schema, Ref::from_schema_name(name).into());
                components.schemas.entry(name.clone()).or_insert(words);
            }
            next = match schema {
                RefOr::T(Schema::Array(array)) => match &mut array.items {
                    ArrayItems::RefOrSchema(items) => Some(items),
                    ArrayItems::False => None,
                },
                _ => None,
            };
        }
    }
}

/// Moves parameters that several operations have to the components. Of different parameters with one name, the most
/// frequent is moved.
pub(super) fn share_parameters(openapi: &mut OpenApi, components: &mut Components) {
    let mut variants: BTreeMap<String, Vec<(Parameter, usize)>> = BTreeMap::new();
    for parameter in parameters_mut(openapi) {
        let RefOr::T(parameter) = parameter else { continue };
        let variants = variants.entry(component_name(parameter)).or_default();
        match variants.iter_mut().find(|(variant, _)| variant == parameter) {
            Some((_, uses)) => *uses += 1,
            None => variants.push((parameter.clone(), 1)),
        }
    }
    let shared: BTreeMap<String, Parameter> = variants
        .into_iter()
        .filter_map(|(name, variants)| {
            let repeated = variants.into_iter().filter(|(_, uses)| *uses > 1);
            let (parameter, _) = repeated.max_by_key(|(_, uses)| *uses)?;
            Some((name, parameter))
        })
        .collect();
    for parameter in parameters_mut(openapi) {
        let RefOr::T(own) = parameter else { continue };
        let name = component_name(own);
        if shared.get(&name) == Some(own) {
            *parameter = parameters::reference(&name);
        }
    }
    let shared = shared.into_iter().map(|(name, parameter)| (name, parameter.into()));
    components.parameters.extend(shared);
}

/// The name of the component of a parameter. The ending keeps it apart from the schema of the same name: generators
/// make types of both.
fn component_name(parameter: &Parameter) -> String {
    format!("{}Param", pascal_case(&parameter.name))
}

/// Moves "not modified" to the components.
pub(super) fn share_responses(openapi: &mut OpenApi, components: &mut Components) {
    for (_, _, operation) in operations_mut(openapi) {
        if let Some(response @ RefOr::T(_)) = operation.responses.responses.get_mut("304") {
            let reference = RefOr::Ref(Ref::from_response_name(NOT_MODIFIED));
            components.responses.insert(NOT_MODIFIED.to_owned(), std::mem::replace(response, reference));
        }
    }
}
