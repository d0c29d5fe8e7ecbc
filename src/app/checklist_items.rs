//! The items of a migration's checklist. Some states of a migration require that all items are done.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::resource::{ChildOf, Events};
use crate::db::checklist_items::{ChecklistItem, ChecklistItemFields};
use crate::db::migrations::MigrationDetail;
use crate::db::page::Page;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

impl ChildOf for ChecklistItem {
    type Parent = MigrationDetail;
    type Fields = ChecklistItemFields;
    const KIND: SubjectKind = SubjectKind::ChecklistItem;
    const EVENTS: Events = Events {
        created: EventAction::ChecklistItemCreated,
        updated: EventAction::ChecklistItemUpdated,
        deleted: EventAction::ChecklistItemDeleted,
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> &ChecklistItemFields {
        &self.fields
    }

    fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    async fn find_row(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        id: Uuid,
    ) -> QueryResult<Option<Self>> {
        db::checklist_items::find(conn, task_force_id, parent_id, id).await
    }

    async fn list_rows(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> QueryResult<Page<Self>> {
        db::checklist_items::list(conn, task_force_id, parent_id, after, limit).await
    }

    async fn insert_row(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        fields: &ChecklistItemFields,
        now: DateTime<Utc>,
    ) -> QueryResult<Uuid> {
        db::checklist_items::insert(conn, task_force_id, parent_id, fields, now).await
    }

    async fn update_row(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
        fields: &ChecklistItemFields,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        db::checklist_items::update(conn, task_force_id, id, fields, now).await
    }

    async fn delete_row(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
        db::checklist_items::delete(conn, task_force_id, id).await
    }
}
