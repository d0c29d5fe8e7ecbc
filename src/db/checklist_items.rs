//! The items of a migration's checklist.
//!
//! [`child_queries!`](super::resource) makes `checklist_items::insert`, `checklist_items::update`,
//! `checklist_items::find`, `checklist_items::list` and `checklist_items::delete`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::resource::child_queries;
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

child_queries! {
    table: checklist_items,
    row: ChecklistItem,
    fields: ChecklistItemFields,
    parent: migration_id,
    parent_type: Uuid,
    parent_columns: [migration_id],
}
