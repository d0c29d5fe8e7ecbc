//! The errors of a schema as field errors: one for each mistake, with the form that is wanted, in two languages.

use std::collections::HashSet;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::domain::message::{Message, isolate};
use crate::domain::refusal::{FieldError, FieldErrorCode, FieldLocation, Refusal, RefusalCode};
use crate::http::{decimals, text};

/// The maximum number of errors in a response, which a small request could make very large otherwise.
pub(in crate::http) const MAX_ERRORS: usize = 100;

/// The format of e-mail addresses (RFC 6531).
pub(super) const ADDRESS: &str = "idn-email";

/// The maximum number of characters of an unknown name in a response.
const MAX_NAME_LENGTH: usize = 64;

/// The errors that a response lists: the first one of each place, since a value that violates several rules is one
/// mistake.
pub(super) fn listed(errors: impl IntoIterator<Item = FieldError>) -> Vec<FieldError> {
    let mut places = HashSet::new();
    let first_of_its_place = |error: &FieldError| places.insert(error.location.clone());
    errors.into_iter().filter(first_of_its_place).take(MAX_ERRORS).collect()
}

/// Refuses a request with errors.
pub(super) fn refuse(errors: impl IntoIterator<Item = FieldError>) -> Result<(), Refusal> {
    let errors = listed(errors);
    if errors.is_empty() { Ok(()) } else { Err(Refusal::field_errors(RefusalCode::InvalidRequest, errors)) }
}

/// A name as a token of a JSON pointer.
pub(in crate::http) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A name from the request, shortened to the maximum length.
pub(in crate::http) fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_LENGTH) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// The field errors that an error of a schema stands for. `document` is the whole schema.
pub(super) fn field_errors(document: &Value, error: &ValidationError<'_>) -> Vec<FieldError> {
    use ValidationErrorKind as Kind;

    let at = error.instance_path().to_string();
    let saying =
        |code, message: Message| vec![FieldError::at(at.clone(), code).saying(message.en, message.ar)];
    let schema = schema_of(document, error);
    let form = schema.and_then(wanted_form);
    let value = error.instance().as_str().unwrap_or_default();
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
        Kind::Type { kind } => saying(FieldErrorCode::WrongType, form.unwrap_or_else(|| expected(kind))),
        Kind::Enum { options } => saying(
            FieldErrorCode::NotAllowed,
            Message::new(
                format!("must be one of {}", joined(options, ", ")),
                format!("القيم المسموح بها: {}", joined(options, "، ")),
            ),
        ),
        Kind::Constant { expected_value } => saying(
            FieldErrorCode::NotAllowed,
            Message::new(format!("must be {expected_value}"), format!("يجب أن يكون {expected_value}")),
        ),
        Kind::MinLength { limit: 1 } => vec![FieldError::at(at, FieldErrorCode::Empty)],
        Kind::MinLength { limit } => saying(
            FieldErrorCode::TooShort,
            Message::new(
                format!("must have at least {limit} characters"),
                format!("يجب ألا يقل عدد الأحرف عن {limit}"),
            ),
        ),
        Kind::MaxLength { limit } => saying(
            FieldErrorCode::TooLong,
            Message::new(
                format!("must have at most {limit} characters"),
                format!("يجب ألا يزيد عدد الأحرف على {limit}"),
            ),
        ),
        Kind::MinItems { limit } => saying(
            FieldErrorCode::TooShort,
            Message::new(
                format!("must have at least {limit} items"),
                format!("يجب ألا يقل عدد العناصر عن {limit}"),
            ),
        ),
        Kind::MaxItems { limit } => saying(
            FieldErrorCode::TooLong,
            Message::new(
                format!("must have at most {limit} items"),
                format!("يجب ألا يزيد عدد العناصر على {limit}"),
            ),
        ),
        Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => saying(
            FieldErrorCode::TooSmall,
            decimal(schema).unwrap_or_else(|| {
                Message::new(format!("must be at least {limit}"), format!("يجب ألا يقل عن {limit}"))
            }),
        ),
        Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => saying(
            FieldErrorCode::TooLarge,
            decimal(schema).unwrap_or_else(|| {
                Message::new(format!("must be at most {limit}"), format!("يجب ألا يزيد على {limit}"))
            }),
        ),
        Kind::MinProperties { .. } => {
            saying(FieldErrorCode::Empty, Message::new("needs ar or en", "يلزم نص بالعربية أو الإنجليزية"))
        }
        Kind::UniqueItems => vec![FieldError::at(at, FieldErrorCode::Duplicate)],
        Kind::Format { format } if text::is_format(format) => {
            let (code, message) = text::error(Some(format), value);
            saying(code, message)
        }
        Kind::Pattern { pattern } if text::is_pattern(pattern) => {
            let (code, message) = text::error(schema.and_then(|schema| schema["format"].as_str()), value);
            saying(code, message)
        }
        Kind::MultipleOf { .. } | Kind::Format { .. } | Kind::Pattern { .. } => {
            vec![wrong_format(at, form.or_else(|| schema.and_then(like_the_example)))]
        }
        // A nullable type, or a string or number: the errors of the branch that the value is of the type of, or else of
        // the first branch.
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            let is_of_the_type = |branch: &&Vec<ValidationError<'_>>| {
                let of_the_value = |one: &ValidationError<'_>| one.instance_path() == error.instance_path();
                !branch.iter().any(|one| matches!(one.kind(), Kind::Type { .. }) && of_the_value(one))
            };
            let branch = context.iter().find(is_of_the_type).or(context.first());
            let errors: Vec<_> =
                branch.into_iter().flatten().flat_map(|error| field_errors(document, error)).collect();
            if errors.is_empty() { vec![FieldError::at(at, FieldErrorCode::Invalid)] } else { errors }
        }
        _ => vec![FieldError::at(at, FieldErrorCode::Invalid)],
    }
}

/// The error of a value that has another form than the wanted one.
fn wrong_format(at: String, wanted: Option<Message>) -> FieldError {
    let error = FieldError::at(at, FieldErrorCode::WrongFormat);
    match wanted {
        Some(Message { en, ar }) => error.saying(en, ar),
        None => error,
    }
}

/// The error of a number that is no decimal number, although JSON has such numbers.
pub(super) fn no_decimal(name: &str) -> FieldError {
    wrong_format(format!("/{}", escaped(name)), Some(decimal_form()))
}

/// The schema that contains the violated keyword.
fn schema_of<'d>(document: &'d Value, error: &ValidationError<'_>) -> Option<&'d Value> {
    let path = error.schema_path().to_string();
    document.pointer(path.rsplit_once('/')?.0)
}

/// The form of a decimal number, if the schema is that of one.
fn decimal(schema: Option<&Value>) -> Option<Message> {
    decimals::describes(schema?).then(decimal_form)
}

fn decimal_form() -> Message {
    Message::new(
        "must be a decimal number such as 70.5: at most 9 digits before the point, or 15 in a string, and 6 after it",
        "يجب أن يكون عددًا بالأرقام 0–9 ونقطة عشرية، مثل 70.5: 9 خانات على الأكثر قبل النقطة، أو 15 إذا أُرسل نصًّا، و6 بعدها",
    )
}

/// The form of numbers, dates and identifiers, with an example that can be copied.
fn wanted_form(schema: &Value) -> Option<Message> {
    let is = |kind: &str| match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(some) => some.iter().any(|one| one == kind),
        _ => false,
    };
    Some(match schema["format"].as_str() {
        _ if decimals::describes(schema) => decimal_form(),
        Some(ADDRESS) => Message::new(
            "must be an address like layla@example.org, without characters that can't be seen",
            "يجب أن يكون عنوان بريد مثل layla@example.org دون أحرف غير مرئية",
        ),
        Some("date") => {
            Message::new("must be a date such as 2026-12-31", "يجب أن يكون تاريخًا مثل 2026-12-31")
        }
        Some("date-time") => Message::new(
            "must be an instant with its offset from UTC, such as 2026-12-31T09:00:00Z",
            "يجب أن يكون تاريخًا ووقتًا مع الفرق عن التوقيت العالمي، مثل 2026-12-31T09:00:00Z",
        ),
        Some("uuid") => Message::new(
            "must be an id such as 0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e",
            "يجب أن يكون معرّفًا مثل 0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e",
        ),
        Some("uri") => Message::new(
            "must be a whole address in ASCII, such as https://city.example/report.pdf; percent-encode other letters of the path, and write those of the host as xn--…",
            "يجب أن يكون عنوانًا كاملًا بأحرف لاتينية، مثل https://city.example/report.pdf؛ رمِّز غيرها من الأحرف في المسار بعلامة النسبة المئوية (percent-encoding)، واكتب غيرها في اسم المضيف بصيغة xn--…",
        ),
        _ if is("integer") => {
            Message::new("must be a whole number such as 3", "يجب أن يكون عددًا صحيحًا، مثل 3")
        }
        _ => return None,
    })
}

/// A form that is told best by its example.
fn like_the_example(schema: &Value) -> Option<Message> {
    let example = schema.get("example").or_else(|| schema.get("examples")?.get(0))?;
    let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    Some(Message::new(
        format!("must have a form such as {example}"),
        format!("يجب أن يكون بصيغة مثل {}", isolate(&example)),
    ))
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
    let expected = match kind {
        TypeKind::Single(one) => name(&one.to_string()),
        TypeKind::Multiple(some) => some
            .iter()
            .filter(|one| one.to_string() != "null")
            .map(|one| name(&one.to_string()))
            .reduce(|a, b| Message::new(format!("{} or {}", a.en, b.en), format!("{} أو {}", a.ar, b.ar)))
            .unwrap_or_else(|| name("null")),
    };
    Message::new(format!("must be {}", expected.en), format!("يجب أن يكون {}", expected.ar))
}

fn joined(options: &Value, separator: &str) -> String {
    let words = options.as_array().into_iter().flatten().map(|word| match word {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(separator)
}

/// The parameter that an error in the object of a query is about.
pub(super) fn of_parameter(field_error: FieldError) -> FieldError {
    let name = match &field_error.location {
        FieldLocation::Pointer(pointer) => pointer.split('/').nth(1).unwrap_or_default().to_owned(),
        FieldLocation::Parameter(name) => name.clone(),
        FieldLocation::Cell { column, .. } => column.clone(),
    };
    FieldError { location: FieldLocation::Parameter(name), ..field_error }
}
