//! Studies: how a sector could be transformed.
//!
//! [`child_queries!`](super::resource) makes `studies::insert`, `studies::update`,
//! `studies::find`, `studies::list` and `studies::delete`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::resource::{ChildRow, child_queries};
use super::schema::studies;
use crate::domain::text::LocalizedText;

/// The changeable fields of a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = studies, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct StudyFields {
    pub title: LocalizedText,
    pub approach: String,
    pub findings: Option<LocalizedText>,
    pub recommendation: Option<LocalizedText>,
    pub completed: bool,
}

/// A study as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = studies, check_for_backend(diesel::pg::Pg))]
pub struct Study {
    pub id: Uuid,
    pub sector_id: Uuid,
    #[diesel(embed)]
    pub fields: StudyFields,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: studies,
    row: Study,
    fields: StudyFields,
    parent: sector_id,
    parent_type: Uuid,
    parent_columns: [sector_id],
    implements: ChildRow,
}
