//! The items of a migration's checklist.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::resource::{inserted, part};
use super::schema::checklist_items;
use crate::domain::text::LocalizedText;

/// What of a checklist item can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = checklist_items, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct ChecklistItemFields {
    /// What is to be done.
    pub title: LocalizedText,
    /// Whether it is.
    pub done: bool,
}

/// A checklist item as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = checklist_items, check_for_backend(diesel::pg::Pg))]
pub struct ChecklistItem {
    /// Its id.
    pub id: Uuid,
    /// The migration that it is part of.
    pub migration_id: Uuid,
    /// What of it can be changed.
    #[diesel(embed)]
    pub fields: ChecklistItemFields,
    /// Counts changes of its own fields.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

part!(checklist_items: ChecklistItem, ChecklistItemFields, of migration_id);

/// Inserts an item of a migration's checklist.
pub async fn insert(
    conn: &Conn,
    task_force_id: Uuid,
    migration_id: Uuid,
    fields: &ChecklistItemFields,
    now: DateTime<Utc>,
) -> QueryResult<Uuid> {
    inserted!(conn, checklist_items, task_force_id, fields, now, { migration_id: migration_id })
}
