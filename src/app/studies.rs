//! Studies: ways of a sector's digital transformation, and the one that is recommended.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::resource::{ChildOf, Events};
use crate::db::page::Page;
use crate::db::sectors::SectorDetail;
use crate::db::studies::{Study, StudyFields};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

impl ChildOf for Study {
    type Parent = SectorDetail;
    type Fields = StudyFields;
    const KIND: SubjectKind = SubjectKind::Study;
    const EVENTS: Events = Events {
        created: EventAction::StudyCreated,
        updated: EventAction::StudyUpdated,
        deleted: EventAction::StudyDeleted,
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> &StudyFields {
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
        db::studies::find(conn, task_force_id, parent_id, id).await
    }

    async fn list_rows(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> QueryResult<Page<Self>> {
        db::studies::list(conn, task_force_id, parent_id, after, limit).await
    }

    async fn insert_row(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        fields: &StudyFields,
        now: DateTime<Utc>,
    ) -> QueryResult<Uuid> {
        db::studies::insert(conn, task_force_id, parent_id, fields, now).await
    }

    async fn update_row(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
        fields: &StudyFields,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        db::studies::update(conn, task_force_id, id, fields, now).await
    }

    async fn delete_row(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
        db::studies::delete(conn, task_force_id, id).await
    }
}
