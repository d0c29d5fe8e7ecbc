//! Sectors: selected or not, assessed and studied.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::resource::{self, ParentResource, Resource, Stateful, product};
use super::write::WriteTx;
use crate::db;
use crate::db::resource::ProductFilter;
use crate::db::sectors::{Sector, SectorDetail, SectorFields};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::refusal::RefusalCode;
use crate::domain::sector::SectorState;
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl Resource for SectorDetail {
    product!(
        sectors, sector: Sector, SectorFields, ProductFilter<SectorState>,
        Sector: SectorCreated, SectorUpdated, SectorDeleted
    );

    fn fields(&self) -> SectorFields {
        self.sector.fields.clone()
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &SectorFields) -> Result<Uuid> {
        let cycle = resource::open_cycle(tx, StepName::Sectors).await?;
        Ok(db::sectors::insert(tx.conn(), tx.task_force_id(), cycle, fields, tx.now()).await?)
    }

    async fn change(&self, tx: &WriteTx<'_>, (): (), fields: &SectorFields) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))?;
        Ok(db::sectors::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?)
    }

    async fn may_remove(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))?;
        resource::made_now(self.sector.cycle, self.sector.last_cycle)
    }
}

impl Stateful for SectorDetail {
    type State = SectorState;
    type Payload = ();
    const TRANSITIONED: EventAction = EventAction::SectorTransitioned;

    fn state(&self) -> SectorState {
        self.sector.state
    }

    fn transitions(&self, access: &Access) -> Vec<Transition<SectorState>> {
        self.sector.state.transitions(&self.facts(access.state))
    }

    async fn enter(
        &self,
        tx: &WriteTx<'_>,
        to: SectorState,
        reason: Option<&LocalizedText>,
        (): (),
        new_event: NewEvent,
    ) -> Result<NewEvent> {
        db::sectors::set_state(tx.conn(), tx.task_force_id(), self.id(), to, reason, tx.now()).await?;
        Ok(new_event)
    }
}

impl ParentResource for SectorDetail {
    fn parts_writable(&self, tx: &WriteTx<'_>) -> Result<()> {
        tx.may_write(Write::OpenStep(self.step_state))
    }

    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode> {
        self.sector.state.violated_invariant(&self.facts(access.state))
    }
}
