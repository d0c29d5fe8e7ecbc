//! Assessments: a sector's maturity on a day, as it is or as it is aimed at.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Result;
use super::resource::{self, ChildOf, Events};
use super::write::WriteTx;
use crate::db::assessments::{Assessment, AssessmentFields};
use crate::db::page::Page;
use crate::db::sectors::SectorDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

impl ChildOf for Assessment {
    type Parent = SectorDetail;
    type Fields = AssessmentFields;
    const KIND: SubjectKind = SubjectKind::Assessment;
    const EVENTS: Events = Events {
        created: EventAction::AssessmentCreated,
        updated: EventAction::AssessmentUpdated,
        deleted: EventAction::AssessmentDeleted,
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> &AssessmentFields {
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
        db::assessments::find(conn, task_force_id, parent_id, id).await
    }

    async fn list_rows(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> QueryResult<Page<Self>> {
        db::assessments::list(conn, task_force_id, parent_id, after, limit).await
    }

    async fn insert_row(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        fields: &AssessmentFields,
        now: DateTime<Utc>,
    ) -> QueryResult<Uuid> {
        db::assessments::insert(conn, task_force_id, parent_id, fields, now).await
    }

    async fn update_row(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
        fields: &AssessmentFields,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        db::assessments::update(conn, task_force_id, id, fields, now).await
    }

    async fn delete_row(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
        db::assessments::delete(conn, task_force_id, id).await
    }

    /// An assessment is never dated after today.
    async fn check_fields(tx: &WriteTx<'_>, _before: Option<&Self>, fields: &AssessmentFields) -> Result<()> {
        resource::check_not_in_future(tx, fields.assessed_on, "/assessedOn")
    }
}
