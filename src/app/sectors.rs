//! Sectors: selected or not, assessed and studied.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::write::Door;
use super::resource::{self, Noun, Staged, Whole, product};
use crate::db;
use crate::db::resource::ProductFilter;
use crate::db::sectors::{Sector, SectorDetail, SectorFields};
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::state_machine::Exit;
use crate::domain::refusal::Code;
use crate::domain::sector::SectorState;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl Noun for SectorDetail {
    product!(
        sectors, sector: Sector, SectorFields, ProductFilter<SectorState>,
        Sector: SectorCreated, SectorUpdated, SectorDeleted
    );

    fn fields(&self) -> SectorFields {
        let Sector { name, rationale, .. } = self.sector.clone();
        SectorFields { name, rationale }
    }

    async fn insert(door: &Door<'_>, (): (), fields: &SectorFields) -> Result<Uuid> {
        let cycle = noun::open_cycle(door, StepName::Sectors).await?;
        Ok(db::sectors::insert(door.conn(), door.task_force_id(), cycle, fields, door.now()).await?)
    }

    async fn change(&self, door: &Door<'_>, (): (), fields: &SectorFields) -> Result<()> {
        door.may_write(Write::OpenStep(self.step_state))?;
        Ok(db::sectors::update(door.conn(), door.task_force_id(), self.id(), fields, door.now()).await?)
    }

    async fn may_remove(&self, door: &Door<'_>, (): ()) -> Result<()> {
        door.may_write(Write::OpenStep(self.step_state))?;
        noun::made_now(self.sector.cycle, self.sector.last_cycle)
    }
}

impl Staged for SectorDetail {
    type State = SectorState;
    type Order = ();
    const TRANSITIONED: EventAction = EventAction::SectorTransitioned;

    fn state(&self) -> SectorState {
        self.sector.state
    }

    fn exits(&self, access: &Access) -> Vec<Exit<SectorState>> {
        self.sector.state.exits(&self.facts(access.state))
    }

    async fn enter(
        &self,
        door: &Door<'_>,
        to: SectorState,
        reason: Option<&LocalizedText>,
        (): (),
        happening: Happening,
    ) -> Result<Happening> {
        db::sectors::set_state(door.conn(), door.task_force_id(), self.id(), to, reason, door.now()).await?;
        Ok(happening)
    }
}

impl Whole for SectorDetail {
    fn parts_writable(&self, door: &Door<'_>) -> Result<()> {
        door.may_write(Write::OpenStep(self.step_state))
    }

    fn broken_promise(&self, access: &Access) -> Option<Code> {
        self.sector.state.broken_promise(&self.facts(access.state))
    }
}
