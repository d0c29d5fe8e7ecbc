//! Indicators: the measures of a pilot's success, set before the pilot starts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Result;
use super::resource::{self, ChildOf, Events};
use super::write::WriteTx;
use crate::db::indicators::{Indicator, IndicatorFields};
use crate::db::page::Page;
use crate::db::pilots::PilotDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

impl ChildOf for Indicator {
    type Parent = PilotDetail;
    type Fields = IndicatorFields;
    const KIND: SubjectKind = SubjectKind::Indicator;
    const EVENTS: Events = Events {
        created: EventAction::IndicatorCreated,
        updated: EventAction::IndicatorUpdated,
        deleted: EventAction::IndicatorDeleted,
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> &IndicatorFields {
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
        db::indicators::find(conn, task_force_id, parent_id, id).await
    }

    async fn list_rows(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> QueryResult<Page<Self>> {
        db::indicators::list(conn, task_force_id, parent_id, after, limit).await
    }

    async fn insert_row(
        conn: &Conn,
        task_force_id: Uuid,
        parent_id: Uuid,
        fields: &IndicatorFields,
        now: DateTime<Utc>,
    ) -> QueryResult<Uuid> {
        db::indicators::insert(conn, task_force_id, parent_id, fields, now).await
    }

    async fn update_row(
        conn: &Conn,
        task_force_id: Uuid,
        id: Uuid,
        fields: &IndicatorFields,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        db::indicators::update(conn, task_force_id, id, fields, now).await
    }

    async fn delete_row(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<()> {
        db::indicators::delete(conn, task_force_id, id).await
    }

    /// Indicators of an earlier cycle are on record: a pilot that is extended is planned anew with new indicators.
    async fn check_fields(tx: &WriteTx<'_>, before: Option<&Self>, _fields: &IndicatorFields) -> Result<()> {
        match before {
            Some(before) => resource::check_created_in_current_cycle(tx, before.created_at).await,
            None => Ok(()),
        }
    }
}
