//! Measurements of the indicators of a running pilot.

use chrono::NaiveDate;
use uuid::Uuid;

use super::Checked;
use super::Result;
use super::caller::Access;
use super::resource::{self, Events, Resource};
use super::write::WriteTx;
use crate::db::measurements::{Measurement, MeasurementFields};
use crate::db::page::{Page, Window};
use crate::db::pilots::PilotDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::refusal::{FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::size;

async fn pilot(tx: &WriteTx<'_>, id: Uuid) -> Result<PilotDetail> {
    resource::find_or_not_found(tx, (), id).await
}

/// Refuses a day on which nothing can have been measured: one to come, or one before the pilot was started.
fn check_day(tx: &WriteTx<'_>, pilot: &PilotDetail, day: NaiveDate) -> Result<()> {
    resource::check_not_in_future(tx, day, "/measuredOn")?;
    let Some(start) = pilot.started_on.filter(|start| day < *start) else { return Ok(()) };
    let error = FieldError::at("/measuredOn", FieldErrorCode::TooSmall).saying(
        format!("is before the pilot was started, which was on {start}"),
        format!("يسبق بدء المشروع التجريبي في {start}"),
    );
    Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into())
}

impl Resource for Measurement {
    /// The ids of the pilot and of the indicator.
    type Parent = (Uuid, Uuid);
    type Fields = MeasurementFields;
    type Listed = Self;
    type Filter = ();
    type Order = Option<Uuid>;
    /// The pilot.
    type Context = Option<PilotDetail>;
    const KIND: SubjectKind = SubjectKind::Measurement;
    const EVENTS: Events = Events {
        created: EventAction::MeasurementCreated,
        updated: EventAction::MeasurementUpdated,
        deleted: EventAction::MeasurementDeleted,
    };

    fn parent_ids((pilot_id, indicator_id): (Uuid, Uuid)) -> Vec<(&'static str, Uuid)> {
        vec![("pilotId", pilot_id), ("indicatorId", indicator_id)]
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> &MeasurementFields {
        &self.fields
    }

    async fn find(
        conn: &Conn,
        task_force_id: Uuid,
        parent: (Uuid, Uuid),
        id: Uuid,
    ) -> QueryResult<Option<Self>> {
        db::measurements::find(conn, task_force_id, parent, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        parent: (Uuid, Uuid),
        (): &(),
        after: &Option<Uuid>,
        window: Window,
    ) -> QueryResult<Option<Page<Self>>> {
        let (there, page) = tokio::try_join!(
            db::indicators::exists(conn, task_force_id, parent.0, parent.1),
            db::measurements::list(conn, task_force_id, parent, *after, window),
        )?;
        Ok(there.then_some(page))
    }

    async fn insert(tx: &WriteTx<'_>, parent: (Uuid, Uuid), fields: &MeasurementFields) -> Result<Uuid> {
        let (pilot_id, indicator_id) = parent;
        let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
        let pilot = pilot(tx, pilot_id).await?;
        if !db::indicators::exists(conn, task_force_id, pilot_id, indicator_id).await? {
            return Err(RefusalCode::NotFound.into());
        }
        pilot.check_measurable(&tx.access)?;
        check_day(tx, &pilot, fields.measured_on)?;
        let made_in = (pilot.pilot.last_cycle, pilot.pilot.run);
        let count = db::measurements::count(conn, task_force_id, indicator_id, pilot.pilot.run).await?;
        size::MEASUREMENTS.check(count)?;
        let id = tx.new_id();
        db::measurements::insert(conn, task_force_id, id, parent, made_in, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(
        conn: &Conn,
        task_force_id: Uuid,
        (pilot_id, _): (Uuid, Uuid),
        _: Uuid,
    ) -> QueryResult<Option<PilotDetail>> {
        db::pilots::find(conn, task_force_id, pilot_id).await
    }

    /// A measurement from before the pilot was planned anew stays: of an earlier cycle, or of an earlier run in the same
    /// cycle.
    fn check_changeable(&self, access: &Access, pilot: &Option<PilotDetail>) -> Checked {
        let pilot = pilot.as_ref().ok_or(RefusalCode::NotFound)?;
        pilot.check_measurable(access)?;
        resource::check_not_carried_over(self.cycle, pilot.pilot.last_cycle)?;
        if self.run == pilot.pilot.run { Ok(()) } else { Err(RefusalCode::PilotEvaluated.into()) }
    }

    async fn update(&self, tx: &WriteTx<'_>, _: (Uuid, Uuid), fields: &MeasurementFields) -> Result<()> {
        check_day(tx, &pilot(tx, self.pilot_id).await?, fields.measured_on)?;
        Ok(db::measurements::update(tx.conn(), tx.task_force_id(), self.id, fields, tx.now()).await?)
    }

    fn check_deletable(&self, access: &Access, pilot: &Option<PilotDetail>) -> Checked {
        self.check_changeable(access, pilot)
    }

    async fn delete(&self, tx: &WriteTx<'_>, _: (Uuid, Uuid)) -> Result<()> {
        Ok(db::measurements::delete(tx.conn(), tx.task_force_id(), self.id).await?)
    }
}
