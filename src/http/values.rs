//! The schemas of values: aims, decimal numbers, and the counts of a reconciliation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::patch::{Nested, NestedObject};
use super::text::LocalizedNote;
use crate::domain::scales::Aim;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;

/// Aims, each at most once.
#[derive(Debug)]
pub(super) struct Aims;

impl PartialSchema for Aims {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name(Aim::name()))
            .unique_items(true)
            .max_items(Some(Aim::ALL.len()))
            .description(Some("Aims of local smart government development, each at most once."))
            .examples([serde_json::json!(["inclusiveTransparent", "madeForCitizens"])])
            .into()
    }
}

impl ToSchema for Aims {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Aims")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Aim::name().into_owned(), Aim::schema()));
    }
}

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

/// How many records there were, and what became of them. No more than every JSON reader counts exactly.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReconciliationCounts {
    /// How many there were.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, example = 120_000)]
    pub(super) source: i64,
    /// How many were loaded.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, example = 119_950)]
    pub(super) loaded: i64,
    /// How many were rejected.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, example = 50)]
    pub(super) rejected: i64,
    /// Why the counts differ; needed as long as what is live has a difference.
    #[schema(value_type = Option<LocalizedNote>)]
    pub(super) reason: Option<LocalizedText>,
}

impl NestedObject for ReconciliationCounts {
    const PATCH_DESCRIPTION: &'static str = "A change of the counts: one that is not named stays as it is.";
}

/// The schema of [`ReconciliationCounts`] in fields that are patched.
pub(super) type PatchedReconciliationCounts = Nested<ReconciliationCounts>;
