//! Validates requests with the schemas of the OpenAPI document, so that the documented rules are the enforced ones.
//!
//! `jsonschema` validates; [`errors`] turns its errors into field errors in two languages, all of them at once;
//! [`repair`](mod@repair) makes a body that the rules beyond the schema can be tried on. The module also reads a query as an object
//! and refuses duplicate names, which `serde_json` accepts. Libraries such as `actix-web-validator` take their rules
//! from attributes of their own, which would repeat the schemas.

mod errors;
mod json;
mod repair;

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{OnceLock, PoisonError, RwLock};

use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, ToSchema};

use super::decimals::DecimalInput;
use super::problem;
use super::text;
use crate::app;
use crate::app::users::parse_email;
use crate::domain::decimal::Decimal;
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use errors::{ADDRESS, field_errors, no_decimal, of_parameter, refuse};
pub(super) use errors::{MAX_ERRORS, escaped, shortened};
pub(super) use repair::field_of;
use repair::{Repaired, repair};

/// The schema of a request type, with its validator.
struct CompiledSchema {
    schema: Value,
    validator: Validator,
    /// The fields of the object that are decimal numbers.
    decimals: Vec<String>,
}

/// Compiles the schema of a type on first use. Leaking is fine, since there is one for each request type.
fn compiled(of: TypeId, schema: fn() -> Value) -> app::Result<&'static CompiledSchema> {
    static SCHEMAS: OnceLock<RwLock<HashMap<TypeId, &'static CompiledSchema>>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(RwLock::default);
    if let Some(compiled) = schemas.read().unwrap_or_else(PoisonError::into_inner).get(&of) {
        return Ok(compiled);
    }
    let schema = schema();
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_format(text::LINE, text::is_line)
        .with_format(text::LINES, text::is_lines)
        .with_format(text::SEARCH, text::is_search)
        .with_format("date", text::is_date)
        .with_format(ADDRESS, |text: &str| parse_email(text).is_ok())
        .build(&schema)
        .map_err(|error| {
            app::Error::internal(format!("a request type has a schema that can't be compiled: {error}"))
        })?;
    let decimals = decimals_of(&schema);
    let compiled: &'static CompiledSchema =
        Box::leak(Box::new(CompiledSchema { schema, validator, decimals }));
    schemas.write().unwrap_or_else(PoisonError::into_inner).insert(of, compiled);
    Ok(compiled)
}

/// The schema of a type together with all schemas that it refers to.
fn document_of<T: ToSchema>() -> Value {
    let mut referred: Vec<(String, RefOr<Schema>)> = Vec::new();
    T::schemas(&mut referred);
    with_components(json!(T::schema()), referred)
}

fn with_components(mut document: Value, referred: Vec<(String, RefOr<Schema>)>) -> Value {
    let schemas: Map<String, Value> =
        referred.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    if let Value::Object(fields) = &mut document {
        fields.insert("components".to_owned(), json!({ "schemas": schemas }));
    }
    document
}

/// The names of the fields whose schema is, or may be, that of a decimal number.
fn decimals_of(schema: &Value) -> Vec<String> {
    fn is_decimal(schema: &Value, reference: &str) -> bool {
        let branches = ["oneOf", "anyOf", "allOf"].iter().filter_map(|name| schema[name].as_array());
        schema["$ref"] == reference || branches.flatten().any(|branch| is_decimal(branch, reference))
    }
    let reference = format!("#/components/schemas/{}", DecimalInput::name());
    let properties = schema["properties"].as_object();
    let decimals = properties.into_iter().flatten().filter(|(_, schema)| is_decimal(schema, &reference));
    decimals.map(|(name, _)| name.clone()).collect()
}

/// A body that was read, or what can be checked of one that violates its schema.
#[derive(Debug)]
pub(super) struct Body<T> {
    /// The body. With errors it is a repaired one, which must not be carried out.
    pub(super) value: T,
    /// The errors that the schema finds in the body.
    pub(super) errors: Vec<FieldError>,
    /// The fields that have these errors, and so another value in `value` or none.
    pub(super) repaired: BTreeSet<String>,
}

/// Reads a JSON body, and repairs one that violates its schema if it can be repaired.
///
/// # Errors
/// `malformedJson`, or `invalidRequest` with all errors of a body that cannot be repaired.
pub(super) fn body<T: ToSchema + DeserializeOwned + 'static>(bytes: &[u8]) -> problem::Result<Body<T>> {
    let mut body = json::parse(bytes)?;
    let compiled = compiled(TypeId::of::<T>(), document_of::<T>)?;
    let mut errors = errors::listed(found(compiled, &body));
    errors.extend(keep_digits(compiled, bytes, &mut body));
    let errors = errors::listed(errors);
    if errors.is_empty() {
        return Ok(Body { value: typed(body)?, errors, repaired: BTreeSet::new() });
    }
    let repaired = repair(&compiled.schema, &body, &errors);
    let repaired = repaired.filter(|repaired| compiled.validator.is_valid(&repaired.body));
    match repaired.and_then(|Repaired { body, fields }| Some((typed(body).ok()?, fields))) {
        Some((value, repaired)) => Ok(Body { value, errors, repaired }),
        None => Err(Refusal::field_errors(RefusalCode::InvalidRequest, errors).into()),
    }
}

/// Reads a JSON body that must conform to its schema.
///
/// # Errors
/// `malformedJson`, or `invalidRequest` with all errors.
pub(super) fn valid_body<T: ToSchema + DeserializeOwned + 'static>(bytes: &[u8]) -> problem::Result<T> {
    let Body { value, errors, .. } = body(bytes)?;
    refuse(errors)?;
    Ok(value)
}

/// Replaces decimal numbers by their digits as they were sent: `12.50` is 12.5 to a JSON library. Returns the errors of
/// numbers whose digits the schema cannot see, such as `1e-400`, which is 0 to a JSON library.
fn keep_digits(compiled: &CompiledSchema, bytes: &[u8], body: &mut Value) -> Vec<FieldError> {
    if compiled.decimals.is_empty() {
        return Vec::new();
    }
    // A body that is no object has its error already.
    let sent: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).unwrap_or_default();
    let mut errors = Vec::new();
    for name in &compiled.decimals {
        let Some(number) = body.get_mut(name).filter(|value| value.is_number()) else { continue };
        match sent.get(name).map(|text| Decimal::of_json_number(text.get())) {
            Some(Ok(decimal)) => *number = Value::String(decimal.to_string()),
            Some(Err(_)) | None => errors.push(no_decimal(name)),
        }
    }
    errors
}

/// Checks a value against the schema of a type.
///
/// # Errors
/// `invalidRequest` with all errors.
pub(super) fn check<T: ToSchema + 'static>(value: &Value) -> app::Result<()> {
    Ok(refuse(found(compiled(TypeId::of::<T>(), document_of::<T>)?, value))?)
}

/// The errors that a schema finds in a value. The sentences of an error are made when the error is taken.
fn found<'a>(compiled: &'a CompiledSchema, value: &'a Value) -> impl Iterator<Item = FieldError> + 'a {
    let errors = compiled.validator.iter_errors(value);
    errors.flat_map(|error| field_errors(&compiled.schema, &error))
}

/// Converts a checked value into its type. A value that only the type refuses is an error of the request, too.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_json::from_value(value).map_err(|error| {
        let field_error =
            FieldError::at("", FieldErrorCode::Invalid).saying(error.to_string(), "قيمة غير صالحة");
        Refusal::field_errors(RefusalCode::InvalidRequest, vec![field_error])
    })
}

/// Reads a query string.
///
/// # Errors
/// `invalidRequest` with all errors; an unknown parameter is one.
pub(super) fn query<T: IntoParams + DeserializeOwned + 'static>(query: &str) -> problem::Result<T> {
    let compiled = compiled(TypeId::of::<T>(), schema_of_params::<T>)?;
    Ok(typed(query_values(compiled, query)?)?)
}

/// Parses a query string into an object, and checks it.
fn query_values(compiled: &CompiledSchema, query: &str) -> Result<Value, Refusal> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|error| {
        Refusal::new(
            RefusalCode::InvalidRequest,
            format!("The query can't be read: {error}."),
            "تعذرت قراءة معاملات العنوان.",
        )
    })?;
    let mut values = Map::new();
    let mut errors = Vec::new();
    for (name, text) in pairs {
        let schema = compiled.schema.pointer(&format!("/properties/{}", escaped(&name)));
        match schema {
            None => errors.push(FieldError::parameter(shortened(&name), FieldErrorCode::Unknown)),
            Some(schema) => match (values.get_mut(&name), read_as(schema, &text)) {
                (None, value) => drop(values.insert(name, value)),
                (Some(Value::Array(listed)), Value::Array(more)) => listed.extend(more),
                (Some(_), _) => errors.push(FieldError::parameter(name, FieldErrorCode::Duplicate)),
            },
        }
    }
    let values = Value::Object(values);
    errors.extend(found(compiled, &values).map(of_parameter));
    refuse(errors)?;
    Ok(values)
}

/// The schema of an object with the parameters of a type.
fn schema_of_params<T: IntoParams>() -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in T::into_params(|| None) {
        if parameter.required == utoipa::openapi::Required::True {
            required.push(parameter.name.clone());
        }
        properties.insert(parameter.name, json!(parameter.schema));
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The text of a parameter as the type in its schema. A text of another form remains text, which the schema refuses.
fn read_as(schema: &Value, text: &str) -> Value {
    let is = |kind: &str| match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(some) => some.iter().any(|one| one == kind),
        _ => false,
    };
    let read = if is("integer") {
        // A number has one spelling, without `+` and leading zeros.
        text.parse::<i64>().ok().filter(|number| number.to_string() == text).map(Value::from)
    } else if is("boolean") {
        text.parse::<bool>().ok().map(Value::from)
    } else if is("array") {
        Some(text.split(',').map(|item| read_as(&schema["items"], item)).collect())
    } else {
        None
    };
    read.unwrap_or_else(|| Value::from(text))
}
