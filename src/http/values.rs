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
