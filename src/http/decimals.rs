//! The schemas of decimal numbers.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// The digits of a decimal number in a string.
const DECIMAL: &str = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$";

/// The largest decimal number that is sent as a number of JSON.
const LARGEST_NUMBER: f64 = 999_999_999.999_999;

/// A decimal number as a string.
fn digits() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .pattern(Some(DECIMAL))
        .max_length(Some(23))
}

/// Returns whether this is the schema of a decimal number, as a string or as a number.
pub(super) fn describes(schema: &Value) -> bool {
    schema["pattern"] == DECIMAL || schema["maximum"] == LARGEST_NUMBER
}

/// A decimal number in a request.
#[derive(Debug)]
pub(super) struct DecimalInput;

impl PartialSchema for DecimalInput {
    fn schema() -> RefOr<Schema> {
        // A number has as many digits as every JSON reader keeps; what has more is sent as a string. The digits of a
        // number are counted as they were sent: readers that divide by a `multipleOf` find fractions of their own.
        OneOfBuilder::new()
            .item(digits())
            .item(
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::Number))
                    .minimum(Some(-LARGEST_NUMBER))
                    .maximum(Some(LARGEST_NUMBER)),
            )
            .examples(["12.50"])
            .description(Some(
                "A decimal number, kept and answered exactly: a number of at most nine digits before and six after \
                 the point, or a string of at most 15 and six.",
            ))
            .into()
    }
}

impl ToSchema for DecimalInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DecimalInput")
    }
}

/// A decimal number in an answer.
#[derive(Debug)]
pub(super) struct DecimalNumber;

impl PartialSchema for DecimalNumber {
    fn schema() -> RefOr<Schema> {
        digits()
            .examples(["12.50"])
            .description(Some(
                "A decimal number, exactly as it was given; a string, so that no reader rounds it.",
            ))
            .into()
    }
}

impl ToSchema for DecimalNumber {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DecimalNumber")
    }
}
