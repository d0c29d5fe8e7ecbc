//! Assessments of a sector's maturity: the current level, or the target.
//!
//! [`child_queries!`](super::resource) makes `assessments::insert`, `assessments::update`,
//! `assessments::find`, `assessments::list` and `assessments::delete`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::resource::{ChildRow, child_queries};
use super::schema::assessments;
use crate::domain::sector::AssessmentKind;

/// The changeable fields of an assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = assessments, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct AssessmentFields {
    /// The current level, or the target.
    pub kind: AssessmentKind,
    /// The maturity level, 1 to 5.
    pub level: i16,
    pub assessed_on: NaiveDate,
    /// The basis of the assessment.
    pub evidence: Option<String>,
}

/// An assessment as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = assessments, check_for_backend(diesel::pg::Pg))]
pub struct Assessment {
    pub id: Uuid,
    pub sector_id: Uuid,
    #[diesel(embed)]
    pub fields: AssessmentFields,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: assessments,
    row: Assessment,
    fields: AssessmentFields,
    parent: sector_id,
    parent_type: Uuid,
    parent_columns: [sector_id],
    implements: ChildRow,
}
