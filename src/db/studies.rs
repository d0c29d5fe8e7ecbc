//! Studies: how a sector could be transformed.
//!
//! [`child_queries!`](super::resource) makes `studies::insert`, `studies::update`,
//! `studies::find`, `studies::list` and `studies::delete`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::resource::child_queries;
use super::schema::studies;
use crate::domain::text::LocalizedText;

/// What of a study can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = studies, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct StudyFields {
    /// What it is called.
    pub title: LocalizedText,
    /// How it is done.
    pub approach: String,
    /// What it found.
    pub findings: Option<LocalizedText>,
    /// What it recommends.
    pub recommendation: Option<LocalizedText>,
    /// Whether it is completed.
    pub completed: bool,
}

/// A study as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = studies, check_for_backend(diesel::pg::Pg))]
pub struct Study {
    /// Its id.
    pub id: Uuid,
    /// The sector.
    pub sector_id: Uuid,
    /// Its fields.
    #[diesel(embed)]
    pub fields: StudyFields,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: studies,
    row: Study,
    fields: StudyFields,
    parent: sector_id,
    parent_type: Uuid,
    parent_columns: [sector_id],
}
