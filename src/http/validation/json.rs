//! JSON bodies as the schemas need them: no name twice in an object, and one form of whole numbers.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::domain::refusal::RefusalCode;
use crate::http::problem::{self, Problem};
use crate::http::problem_catalogue::ProblemCode;

/// The maximum number of values in a JSON body. The largest body that a schema allows has less than a thousand. A schema
/// is checked value by value, so that a body of small values would cost far more than its bytes.
const MAX_VALUES: usize = 10_000;

/// Parses a JSON body.
pub(super) fn parse(bytes: &[u8]) -> problem::Result<Value> {
    let Unambiguous(mut value) = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // A number such as 1e400 is JSON, but no number of IEEE 754. The library has this message as the only sign.
        if error.to_string().starts_with("number out of range") {
            return Problem::new(
                RefusalCode::InvalidRequest.into(),
                format!("A number of the body is too large, at line {line}, column {column}."),
                format!("في نص الطلب عدد أكبر من المسموح، عند السطر {line}، العمود {column}."),
            );
        }
        Problem::new(
            ProblemCode::MalformedJson,
            format!("The body can't be read as JSON: {error}."),
            format!("تعذرت قراءة نص الطلب بصيغة JSON عند السطر {line}، العمود {column}."),
        )
    })?;
    if !has_at_most(MAX_VALUES, &value) {
        return Err(Problem::new(
            ProblemCode::BodyTooLarge,
            format!("A JSON body may have {MAX_VALUES} values."),
            format!("يجب ألا يزيد عدد القيم في نص الطلب على {MAX_VALUES}."),
        ));
    }
    normalize_integers(&mut value);
    Ok(value)
}

fn has_at_most(most: usize, value: &Value) -> bool {
    fn rest(left: usize, value: &Value) -> Option<usize> {
        let left = left.checked_sub(1)?;
        match value {
            Value::Array(items) => items.iter().try_fold(left, rest),
            Value::Object(fields) => fields.values().try_fold(left, rest),
            _ => Some(left),
        }
    }
    rest(most, value).is_some()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_too_large_is_told_as_such_and_not_as_broken_json() {
        let refused = parse(b"{\"baseline\": 1e400}").unwrap_err();
        assert_eq!(refused.code(), RefusalCode::InvalidRequest.into());
        assert_eq!(parse(b"{\"baseline\": 1e}").unwrap_err().code(), ProblemCode::MalformedJson);
    }

    #[test]
    fn the_values_of_a_body_are_limited_in_number() {
        let items = |count: usize| format!("{{\"aims\":[{}1]}}", "1,".repeat(count - 1)).into_bytes();
        assert!(parse(&items(MAX_VALUES - 2)).is_ok(), "the object and the array are values, too");
        let refused = parse(&items(MAX_VALUES - 1)).unwrap_err();
        assert_eq!(refused.code(), ProblemCode::BodyTooLarge);
    }
}
