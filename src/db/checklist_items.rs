//! The items of a migration's checklist.
//!
//! [`child_queries!`](super::resource) makes `checklist_items::insert`, `checklist_items::update`,
//! `checklist_items::find`, `checklist_items::list` and `checklist_items::delete`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::resource::{ChildRow, child_queries};
use super::schema::checklist_items;
use crate::domain::text::LocalizedText;

/// The changeable fields of a checklist item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = checklist_items, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct ChecklistItemFields {
    pub title: LocalizedText,
    /// True if it is.
    pub done: bool,
}

/// A checklist item as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = checklist_items, check_for_backend(diesel::pg::Pg))]
pub struct ChecklistItem {
    pub id: Uuid,
    pub migration_id: Uuid,
    #[diesel(embed)]
    pub fields: ChecklistItemFields,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

child_queries! {
    table: checklist_items,
    row: ChecklistItem,
    fields: ChecklistItemFields,
    parent: migration_id,
    parent_type: Uuid,
    parent_columns: [migration_id],
    implements: ChildRow,
}
