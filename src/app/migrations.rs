//! Migrations: planned, in progress, run in parallel, live, handed over; or rolled back.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::resource::{self, ParentResource, Resource, Stateful, product};
use super::write::WriteTx;
use crate::db;
use crate::db::migrations::{Migration, MigrationDetail, MigrationFields};
use crate::db::resource::ProductFilter;
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotOutcome;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

/// Asks whether the pilot that a request names may be migrated: it has proved itself, in this cycle.
async fn pilot_of(tx: &WriteTx<'_>, pilot_id: Uuid) -> Result<std::result::Result<(), RefusalCode>> {
    let pilot = db::migrations::outcome_of_pilot(tx.conn(), tx.task_force_id(), pilot_id).await?;
    let (outcome, last_cycle) = pilot.ok_or_else(|| Refusal::unknown_reference("/pilotId"))?;
    Ok(match outcome {
        Some(PilotOutcome::Scale) if last_cycle == tx.access.cycle => Ok(()),
        Some(PilotOutcome::Scale) => Err(RefusalCode::OfAnEarlierCycle),
        _ => Err(RefusalCode::PilotNotScaled),
    })
}

impl ParentResource for MigrationDetail {
    fn parts_writable(&self, tx: &WriteTx<'_>) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))
    }

    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode> {
        self.migration.state.violated_invariant(&self.facts(access.state))
    }
}

impl Resource for MigrationDetail {
    product!(
        migrations, migration: Migration, MigrationFields, ProductFilter<MigrationState>,
        Migration: MigrationCreated, MigrationUpdated, MigrationDeleted
    );

    fn fields(&self) -> MigrationFields {
        self.migration.fields.clone()
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &MigrationFields) -> Result<Uuid> {
        let pilot = pilot_of(tx, fields.pilot_id).await?;
        let cycle = resource::open_cycle(tx, StepName::Migration).await?;
        pilot?;
        Ok(db::migrations::insert(tx.conn(), tx.task_force_id(), cycle, fields, tx.now()).await?)
    }

    async fn change(&self, tx: &WriteTx<'_>, (): (), fields: &MigrationFields) -> Result<()> {
        let other = fields.pilot_id != self.migration.fields.pilot_id;
        let pilot = if other { pilot_of(tx, fields.pilot_id).await? } else { Ok(()) };
        self.parts_writable(tx)?;
        pilot?;
        db::migrations::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?;
        resource::keep::<Self>(tx, self.id()).await
    }

    async fn may_remove(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        self.parts_writable(tx)?;
        resource::made_now(self.migration.cycle, self.migration.last_cycle)
    }
}

impl Stateful for MigrationDetail {
    type State = MigrationState;
    type Payload = ();
    const TRANSITIONED: EventAction = EventAction::MigrationTransitioned;

    fn state(&self) -> MigrationState {
        self.migration.state
    }

    fn transitions(&self, access: &Access) -> Vec<Transition<MigrationState>> {
        self.migration.state.transitions(&self.facts(access.state))
    }

    async fn enter(
        &self,
        tx: &WriteTx<'_>,
        to: MigrationState,
        reason: Option<&LocalizedText>,
        (): (),
        new_event: NewEvent,
    ) -> Result<NewEvent> {
        let (conn, task_force_id, now) = (tx.conn(), tx.task_force_id(), tx.now());
        db::migrations::set_state(conn, task_force_id, self.id(), to, reason, now).await?;
        Ok(new_event)
    }
}
