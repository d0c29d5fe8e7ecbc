//! The schemas of values: aims, and the counts of a reconciliation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::patch::{Nested, NestedObject};
use super::text::LocalizedNote;
use crate::domain::scales::Aim;
use crate::domain::text::LocalizedText;
use crate::domain::vocabulary::Vocabulary as _;
use crate::domain::working_week::Weekday;

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

/// The working days of a week, each at most once.
#[derive(Debug)]
pub(super) struct WorkingWeek;

impl PartialSchema for WorkingWeek {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name(Weekday::name()))
            .unique_items(true)
            .min_items(Some(1))
            .max_items(Some(Weekday::ALL.len()))
            .description(Some("Days of the week on which people work, each at most once."))
            .examples([serde_json::json!(["sunday", "monday", "tuesday", "wednesday", "thursday"])])
            .into()
    }
}

impl ToSchema for WorkingWeek {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WorkingWeek")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Weekday::name().into_owned(), Weekday::schema()));
    }
}

/// Counts of the migrated records, each at most 2^53 − 1, so that every JSON parser reads them exactly.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReconciliationCounts {
    /// Number of records in the source.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, example = 120_000)]
    pub(super) source: i64,
    /// Number of loaded records.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, example = 119_950)]
    pub(super) loaded: i64,
    /// Number of rejected records.
    #[schema(minimum = 0, maximum = 9007199254740991_i64, example = 50)]
    pub(super) rejected: i64,
    /// Reason for the difference; required while a live migration has a difference.
    #[schema(value_type = Option<LocalizedNote>)]
    pub(super) reason: Option<LocalizedText>,
}

impl NestedObject for ReconciliationCounts {
    const PATCH_DESCRIPTION: &'static str = "A change of the counts; omitted counts stay unchanged.";
}

/// The schema of [`ReconciliationCounts`] in fields that are patched.
pub(super) type PatchedReconciliationCounts = Nested<ReconciliationCounts>;
