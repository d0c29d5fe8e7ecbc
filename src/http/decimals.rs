//! The schemas of decimal numbers.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// A decimal number in an answer: a string, so that no reader rounds it.
pub(super) const DECIMAL: &str = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$";

/// A decimal number in a request.
#[derive(Debug)]
pub(super) struct DecimalInput;

impl PartialSchema for DecimalInput {
    fn schema() -> RefOr<Schema> {
        // Of a number and a string each takes what is its own: a number has as many digits as every JSON reader
        // keeps; what has more is sent as a string.
        ObjectBuilder::new()
            .schema_type(SchemaType::Array(vec![Type::String, Type::Number]))
            .minimum(Some(-999_999_999.0))
            .maximum(Some(999_999_999.0))
            .multiple_of(Some(0.000_001))
            .pattern(Some(DECIMAL))
            .max_length(Some(23))
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
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(DECIMAL))
            .max_length(Some(23))
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
