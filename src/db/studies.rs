//! Studies of the ways of a sector's digital transformation.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::resource::{inserted, part};
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

part!(studies: Study, StudyFields, of sector_id);

/// Inserts a study of a sector.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    sector_id: Uuid,
    fields: &StudyFields,
    now: DateTime<Utc>,
) -> QueryResult<Uuid> {
    inserted!(conn, studies, task_force_id, fields, now, { sector_id: sector_id })
}
