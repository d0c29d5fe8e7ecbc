//! Sectors: candidate, selected or not, assessed and studied.

use uuid::Uuid;

use super::Checked;
use super::Result;
use super::caller::Access;
use super::resource::{self, Events, ParentResource, Resource, Stateful};
use super::write::WriteTx;
use crate::db::page::{Keyed, Page, Window};
use crate::db::resource::{ProductFilter, ProductOrder};
use crate::db::sectors::{Sector, SectorDetail, SectorFields};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, RefusalCode};
use crate::domain::sector::SectorState;
use crate::domain::size;
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

impl Resource for SectorDetail {
    type Parent = ();
    type Fields = SectorFields;
    type Listed = Keyed<Sector>;
    type Order = ProductOrder;
    type Filter = ProductFilter<SectorState>;
    type Context = ();
    const KIND: SubjectKind = SubjectKind::Sector;
    const EVENTS: Events = Events {
        created: EventAction::SectorCreated,
        updated: EventAction::SectorUpdated,
        deleted: EventAction::SectorDeleted,
    };

    fn id(&self) -> Uuid {
        self.sector.id
    }

    fn version(&self) -> i32 {
        self.sector.version
    }

    fn fields(&self) -> &SectorFields {
        &self.sector.fields
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::sectors::find(conn, task_force_id, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        (): (),
        filter: &ProductFilter<SectorState>,
        order: &ProductOrder,
        window: Window,
    ) -> QueryResult<Option<Page<Keyed<Sector>>>> {
        db::sectors::list(conn, task_force_id, filter, order, window).await.map(Some)
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &SectorFields) -> Result<Uuid> {
        let cycle = resource::cycle_of_open_step(tx, StepName::Sectors).await?;
        let count = db::sectors::count(tx.conn(), tx.task_force_id(), cycle).await?;
        size::check_products(count)?;
        let id = tx.new_id();
        db::sectors::insert(tx.conn(), tx.task_force_id(), id, cycle, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(_: &Conn, _: Uuid, (): (), _: Uuid) -> QueryResult<()> {
        Ok(())
    }

    fn check_changeable(&self, access: &Access, (): &()) -> Checked {
        Ok(access.may_write(Write::OpenStep(self.step_state))?)
    }

    async fn update(&self, tx: &WriteTx<'_>, (): (), fields: &SectorFields) -> Result<()> {
        Ok(db::sectors::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?)
    }

    fn check_deletable(&self, access: &Access, (): &()) -> Checked {
        self.check_changeable(access, &())?;
        resource::check_not_carried_over(self.sector.cycle, self.sector.last_cycle)
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::sectors::delete(tx.conn(), tx.task_force_id(), self.id()).await?)
    }

    fn available_transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        resource::available_transitions(self, access)
    }

    fn references(&self, obstacle: RefusalCode) -> Vec<Reference> {
        match obstacle {
            RefusalCode::StudyMissing => self.unfinished_studies.first(),
            _ => Vec::new(),
        }
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

    async fn apply_transition(
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
    const ID_NAME: &'static str = "sectorId";

    async fn exists(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool> {
        db::sectors::exists(conn, task_force_id, id).await
    }

    fn children_writable(&self, access: &Access) -> Checked {
        self.check_changeable(access, &())
    }

    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode> {
        self.sector.state.violated_invariant(&self.facts(access.state))
    }
}
