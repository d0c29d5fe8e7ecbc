//! Measurements: what a running pilot's indicators were found to be.

use uuid::Uuid;

use super::Result;
use super::write::Door;
use super::resource::{self, Events, Noun};
use crate::db::measurements::{Measurement, MeasurementFields};
use crate::db::page::Page;
use crate::db::pilots::PilotDetail;
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};
use crate::domain::refusal::Code;

async fn pilot(door: &Door<'_>, id: Uuid) -> Result<PilotDetail> {
    noun::found(door, (), id).await
}

impl Measurement {
    /// Refuses to change what was measured before the pilot was extended: its cycle has passed.
    async fn may_be_changed(&self, door: &Door<'_>) -> Result<()> {
        let pilot = pilot(door, self.pilot_id).await?;
        pilot.may_be_measured(door)?;
        noun::made_now(self.cycle, pilot.pilot.last_cycle)
    }
}

impl Noun for Measurement {
    /// The pilot, and its indicator.
    type Above = (Uuid, Uuid);
    type Fields = MeasurementFields;
    type Listed = Self;
    type Filter = ();
    const KIND: SubjectKind = SubjectKind::Measurement;
    const EVENTS: Events = Events {
        created: EventAction::MeasurementCreated,
        updated: EventAction::MeasurementUpdated,
        deleted: EventAction::MeasurementDeleted,
    };

    fn place((pilot_id, indicator_id): (Uuid, Uuid)) -> Vec<(&'static str, Uuid)> {
        vec![("pilotId", pilot_id), ("indicatorId", indicator_id)]
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn fields(&self) -> MeasurementFields {
        self.fields.clone()
    }

    async fn find(
        conn: &Conn,
        task_force_id: Uuid,
        above: (Uuid, Uuid),
        id: Uuid,
    ) -> QueryResult<Option<Self>> {
        db::measurements::find(conn, task_force_id, above, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        above: (Uuid, Uuid),
        (): &(),
        after: Option<Uuid>,
        limit: i64,
    ) -> QueryResult<Option<Page<Self>>> {
        let (there, page) = tokio::try_join!(
            db::indicators::is_there(conn, task_force_id, above.0, above.1),
            db::measurements::list(conn, task_force_id, above, after, limit),
        )?;
        Ok(there.then_some(page))
    }

    async fn insert(door: &Door<'_>, above: (Uuid, Uuid), fields: &MeasurementFields) -> Result<Uuid> {
        let (pilot_id, indicator_id) = above;
        let (conn, task_force_id) = (door.conn(), door.task_force_id());
        let pilot = pilot(door, pilot_id).await?;
        if !db::indicators::is_there(conn, task_force_id, pilot_id, indicator_id).await? {
            return Err(Code::NotFound.into());
        }
        pilot.may_be_measured(door)?;
        noun::not_in_the_future(door, fields.measured_on, "/measuredOn")?;
        let cycle = pilot.pilot.last_cycle;
        Ok(db::measurements::insert(conn, task_force_id, above, cycle, fields, door.now()).await?)
    }

    async fn change(&self, door: &Door<'_>, _: (Uuid, Uuid), fields: &MeasurementFields) -> Result<()> {
        self.may_be_changed(door).await?;
        noun::not_in_the_future(door, fields.measured_on, "/measuredOn")?;
        Ok(db::measurements::update(door.conn(), door.task_force_id(), self.id, fields, door.now()).await?)
    }

    async fn may_remove(&self, door: &Door<'_>, _: (Uuid, Uuid)) -> Result<()> {
        self.may_be_changed(door).await
    }

    async fn remove(&self, door: &Door<'_>, _: (Uuid, Uuid)) -> Result<()> {
        Ok(db::measurements::delete(door.conn(), door.task_force_id(), self.id).await?)
    }
}
