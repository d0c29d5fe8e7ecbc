//! Migrations: planned, in progress, run in parallel, live, handed over; or rolled back.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::write::Door;
use super::resource::{self, Noun, Staged, Whole, product};
use crate::db;
use crate::db::migrations::{Migration, MigrationDetail, MigrationFields};
use crate::db::resource::ProductFilter;
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::state_machine::Exit;
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotOutcome;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

/// Asks whether the pilot that a request names may be migrated: it has proved itself, in this cycle.
async fn pilot_of(door: &Door<'_>, pilot_id: Uuid) -> Result<std::result::Result<(), Code>> {
    let pilot = db::migrations::outcome_of_pilot(door.conn(), door.task_force_id(), pilot_id).await?;
    let (outcome, last_cycle) = pilot.ok_or_else(|| Refusal::unknown_reference("/pilotId"))?;
    Ok(match outcome {
        Some(PilotOutcome::Scale) if last_cycle == door.access.cycle => Ok(()),
        Some(PilotOutcome::Scale) => Err(Code::OfAnEarlierCycle),
        _ => Err(Code::PilotNotScaled),
    })
}

impl Whole for MigrationDetail {
    fn parts_writable(&self, door: &Door<'_>) -> Result<()> {
        door.may_write(Write::OpenStep(self.step_state))
    }

    fn broken_promise(&self, access: &Access) -> Option<Code> {
        self.migration.state.broken_promise(&self.facts(access.state))
    }
}

impl Noun for MigrationDetail {
    product!(
        migrations, migration: Migration, MigrationFields, ProductFilter<MigrationState>,
        Migration: MigrationCreated, MigrationUpdated, MigrationDeleted
    );

    fn fields(&self) -> MigrationFields {
        self.migration.fields.clone()
    }

    async fn insert(door: &Door<'_>, (): (), fields: &MigrationFields) -> Result<Uuid> {
        let pilot = pilot_of(door, fields.pilot_id).await?;
        let cycle = noun::open_cycle(door, StepName::Migration).await?;
        pilot?;
        Ok(db::migrations::insert(door.conn(), door.task_force_id(), cycle, fields, door.now()).await?)
    }

    async fn change(&self, door: &Door<'_>, (): (), fields: &MigrationFields) -> Result<()> {
        let other = fields.pilot_id != self.migration.fields.pilot_id;
        let pilot = if other { pilot_of(door, fields.pilot_id).await? } else { Ok(()) };
        self.parts_writable(door)?;
        pilot?;
        db::migrations::update(door.conn(), door.task_force_id(), self.id(), fields, door.now()).await?;
        noun::keep::<Self>(door, self.id()).await
    }

    async fn may_remove(&self, door: &Door<'_>, (): ()) -> Result<()> {
        self.parts_writable(door)?;
        noun::made_now(self.migration.cycle, self.migration.last_cycle)
    }
}

impl Staged for MigrationDetail {
    type State = MigrationState;
    type Order = ();
    const TRANSITIONED: EventAction = EventAction::MigrationTransitioned;

    fn state(&self) -> MigrationState {
        self.migration.state
    }

    fn exits(&self, access: &Access) -> Vec<Exit<MigrationState>> {
        self.migration.state.exits(&self.facts(access.state))
    }

    async fn enter(
        &self,
        door: &Door<'_>,
        to: MigrationState,
        reason: Option<&LocalizedText>,
        (): (),
        happening: Happening,
    ) -> Result<Happening> {
        let (conn, task_force_id, now) = (door.conn(), door.task_force_id(), door.now());
        db::migrations::set_state(conn, task_force_id, self.id(), to, reason, now).await?;
        Ok(happening)
    }
}
