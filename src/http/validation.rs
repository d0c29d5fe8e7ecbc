//! Validates requests with the schemas of the OpenAPI document, so that the documented rules are the enforced ones.
//!
//! `jsonschema` validates; this module turns its errors into field errors in two languages, all of them at once. The
//! module also reads a query as an object and refuses duplicate names, which `serde_json` accepts. Libraries such as
//! `actix-web-validator` take their rules from attributes of their own, which would repeat the schemas.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, ToSchema};

use super::problem::{self, Problem};
use super::problem_catalogue::ProblemCode;
use super::text;
use crate::app;
use crate::app::users::parse_email;
use crate::domain::characters::{self, TextError};
use crate::domain::message::Message;
use crate::domain::refusal::{FieldError, FieldErrorCode, FieldLocation, Refusal, RefusalCode};

/// The maximum number of errors in a response, which a small request could make very large otherwise.
const MAX_ERRORS: usize = 100;

/// The maximum number of characters of an unknown name in a response.
const MAX_NAME_LENGTH: usize = 64;

/// The format of e-mail addresses (RFC 6531).
const ADDRESS: &str = "idn-email";

/// The schema of a request type, with its validator.
struct CompiledSchema {
    schema: Value,
    validator: Validator,
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
        .with_format(text::READABLE, |text: &str| characters::check(text).is_ok())
        .with_format(ADDRESS, |text: &str| parse_email(text).is_ok())
        .build(&schema)
        .map_err(|error| {
            app::Error::internal(format!("a request type has a schema that can't be compiled: {error}"))
        })?;
    let compiled: &'static CompiledSchema = Box::leak(Box::new(CompiledSchema { schema, validator }));
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

/// Reads a JSON body.
///
/// # Errors
/// `malformedJson`, or `invalidRequest` with all errors.
pub(super) fn body<T: ToSchema + DeserializeOwned + 'static>(bytes: &[u8]) -> problem::Result<T> {
    let value = json_body(bytes)?;
    check::<T>(&value)?;
    Ok(typed(value)?)
}

/// Parses a JSON body.
fn json_body(bytes: &[u8]) -> problem::Result<Value> {
    let Unambiguous(mut value) = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            ProblemCode::MalformedJson,
            format!("The body can't be read as JSON: {error}."),
            format!("تعذرت قراءة نص الطلب بصيغة JSON عند السطر {}، العمود {}.", error.line(), error.column()),
        )
    })?;
    normalize_integers(&mut value);
    Ok(value)
}

/// JSON without duplicate names in an object. RFC 8259 leaves open which of two values counts, so a proxy that inspects
/// requests may read another value than the service.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson).map(Self)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some((name, Unambiguous(field))) = fields.next_entry::<String, _>()? {
            if read.insert(name, field).is_some() {
                return Err(A::Error::custom("a name is there twice in one object"));
            }
        }
        Ok(Value::Object(read))
    }
}

/// Turns numbers such as `5.0` into integers: to JSON Schema they are the same, but serde reads no integer from `5.0`.
fn normalize_integers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            // Beyond 2^53 a float doesn't represent every integer.
            let float =
                number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the value has no fraction and is small enough"
            )]
            if let Some(float) = float {
                *value = Value::from(float as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalize_integers),
        Value::Object(fields) => fields.values_mut().for_each(normalize_integers),
        _ => {}
    }
}

/// Checks a value against the schema of a type.
///
/// # Errors
/// `invalidRequest` with all errors.
pub(super) fn check<T: ToSchema + 'static>(value: &Value) -> app::Result<()> {
    Ok(check_compiled(compiled(TypeId::of::<T>(), document_of::<T>)?, value)?)
}

fn check_compiled(compiled: &CompiledSchema, value: &Value) -> Result<(), Refusal> {
    let errors = compiled.validator.iter_errors(value);
    refuse(errors.flat_map(|error| field_errors(&error)))
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
    let invalid = compiled.validator.iter_errors(&values);
    errors.extend(invalid.flat_map(|error| field_errors(&error)).map(|field_error| {
        let name = match &field_error.location {
            FieldLocation::Pointer(pointer) => pointer.split('/').nth(1).unwrap_or_default().to_owned(),
            FieldLocation::Parameter(name) => name.clone(),
        };
        FieldError { location: FieldLocation::Parameter(name), ..field_error }
    }));
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

fn refuse(errors: impl IntoIterator<Item = FieldError>) -> Result<(), Refusal> {
    let mut errors: Vec<FieldError> = errors.into_iter().take(MAX_ERRORS).collect();
    // A value can violate two rules with the same message.
    errors.dedup();
    if errors.is_empty() { Ok(()) } else { Err(Refusal::field_errors(RefusalCode::InvalidRequest, errors)) }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A name from the request, shortened to the maximum length.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_LENGTH) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

fn field_errors(error: &ValidationError<'_>) -> Vec<FieldError> {
    use ValidationErrorKind as Kind;

    let at = error.instance_path().to_string();
    let field_error = |code, en: String, ar: String| vec![FieldError::at(at.clone(), code).saying(en, ar)];
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![FieldError::at(format!("{at}/{}", escaped(name)), FieldErrorCode::Required)]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .take(MAX_ERRORS)
            .map(|name| {
                FieldError::at(format!("{at}/{}", escaped(&shortened(name))), FieldErrorCode::Unknown)
                    .saying("is not known here, or can't be written", "غير معروف هنا، أو هو للقراءة فقط")
            })
            .collect(),
        Kind::Type { kind } => {
            let expected = expected(kind);
            field_error(
                FieldErrorCode::WrongType,
                format!("must be {}", expected.en),
                format!("يجب أن يكون {}", expected.ar),
            )
        }
        Kind::Enum { options } => field_error(
            FieldErrorCode::NotAllowed,
            format!("must be one of {}", joined(options, ", ")),
            format!("القيم المسموح بها: {}", joined(options, "، ")),
        ),
        Kind::Constant { expected_value } => field_error(
            FieldErrorCode::NotAllowed,
            format!("must be {expected_value}"),
            format!("يجب أن يكون {expected_value}"),
        ),
        Kind::MinLength { limit: 1 } => vec![FieldError::at(at, FieldErrorCode::Empty)],
        Kind::MinLength { limit } => field_error(
            FieldErrorCode::TooShort,
            format!("must have at least {limit} characters"),
            format!("يجب ألا يقل عدد الأحرف عن {limit}"),
        ),
        Kind::MaxLength { limit } => field_error(
            FieldErrorCode::TooLong,
            format!("must have at most {limit} characters"),
            format!("يجب ألا يزيد عدد الأحرف على {limit}"),
        ),
        Kind::MinItems { limit } => field_error(
            FieldErrorCode::TooShort,
            format!("must have at least {limit} items"),
            format!("يجب ألا يقل عدد العناصر عن {limit}"),
        ),
        Kind::MaxItems { limit } => field_error(
            FieldErrorCode::TooLong,
            format!("must have at most {limit} items"),
            format!("يجب ألا يزيد عدد العناصر على {limit}"),
        ),
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => field_error(
            FieldErrorCode::TooSmall,
            format!("must be at least {limit}"),
            format!("يجب ألا يقل عن {limit}"),
        ),
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => field_error(
            FieldErrorCode::TooLarge,
            format!("must be at most {limit}"),
            format!("يجب ألا يزيد على {limit}"),
        ),
        Kind::MinProperties { .. } => field_error(
            FieldErrorCode::Empty,
            "needs ar or en".to_owned(),
            "يلزم نص بالعربية أو الإنجليزية".to_owned(),
        ),
        Kind::UniqueItems => vec![FieldError::at(at, FieldErrorCode::Duplicate)],
        Kind::Format { format } if format == text::READABLE => text_error(at, error.instance()),
        Kind::Pattern { pattern } if text::is_pattern(pattern) => text_error(at, error.instance()),
        Kind::Format { format } if format == ADDRESS => field_error(
            FieldErrorCode::WrongFormat,
            "must be an address like layla@example.org, without characters that can't be seen".to_owned(),
            "يجب أن يكون عنوان بريد مثل layla@example.org دون أحرف غير مرئية".to_owned(),
        ),
        Kind::Format { format } => field_error(
            FieldErrorCode::WrongFormat,
            format!("must be a {format}"),
            format!("يجب أن يكون بصيغة {format}"),
        ),
        Kind::Pattern { .. } => field_error(
            FieldErrorCode::WrongFormat,
            "has the wrong form, is blank, or holds characters that can't be seen".to_owned(),
            "صيغته غير صحيحة، أو هو فارغ، أو فيه أحرف غير مرئية".to_owned(),
        ),
        // A nullable type: the errors of the type itself.
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => context
            .iter()
            .map(|branch| branch.iter().flat_map(field_errors).collect::<Vec<_>>())
            .find(|branch| branch.iter().any(|field_error| !is_null_expected(field_error)))
            .unwrap_or_else(|| vec![FieldError::at(at, FieldErrorCode::Invalid)]),
        _ => vec![FieldError::at(at, FieldErrorCode::Invalid)],
    }
}

/// The error of a text that does not match its pattern or is not readable. A text can be both: with one error, which
/// `refuse` lists once.
fn text_error(at: String, value: &Value) -> Vec<FieldError> {
    let error = match value.as_str().map_or(Ok(()), characters::check) {
        Err(TextError::Blank) => {
            FieldError::at(at, FieldErrorCode::Empty).saying("shows nothing", "لا يظهر منه شيء")
        }
        Err(TextError::UnbalancedDirection) => FieldError::at(at, FieldErrorCode::WrongFormat).saying(
            "begins a change of the writing direction (U+202A to U+202E, U+2066 to U+2069) that does not end in its paragraph, or ends one that did not begin there",
            "يبدأ تغييرًا في اتجاه الكتابة (من U+202A إلى U+202E ومن U+2066 إلى U+2069) لا ينتهي في فقرته، أو ينهي تغييرًا لم يبدأ فيها",
        ),
        Ok(()) => FieldError::at(at, FieldErrorCode::WrongFormat)
            .saying("holds control characters", "فيه أحرف تحكم"),
    };
    vec![error]
}

fn is_null_expected(field_error: &FieldError) -> bool {
    field_error.code == FieldErrorCode::WrongType && field_error.detail.en == "must be null"
}

fn expected(kind: &TypeKind) -> Message {
    let name = |kind: &str| match kind {
        "string" => Message::new("a string", "نصًّا"),
        "integer" => Message::new("a whole number", "عددًا صحيحًا"),
        "number" => Message::new("a number", "عددًا"),
        "boolean" => Message::new("true or false", "true أو false"),
        "array" => Message::new("a list", "قائمة"),
        "object" => Message::new("an object", "كائنًا"),
        _ => Message::new("null", "null"),
    };
    match kind {
        TypeKind::Single(one) => name(&one.to_string()),
        TypeKind::Multiple(some) => some
            .iter()
            .filter(|one| one.to_string() != "null")
            .map(|one| name(&one.to_string()))
            .reduce(|a, b| Message::new(format!("{} or {}", a.en, b.en), format!("{} أو {}", a.ar, b.ar)))
            .unwrap_or_else(|| name("null")),
    }
}

fn joined(options: &Value, comma: &str) -> String {
    let words = options.as_array().into_iter().flatten().map(|word| match word {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(comma)
}
