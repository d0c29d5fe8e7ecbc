//! Migrations: planned, in progress, run in parallel, live, handed over; or rolled back.

use uuid::Uuid;

use super::Checked;
use super::Result;
use super::caller::Access;
use super::resource::{self, Events, ParentResource, Resource, Stateful};
use super::write::WriteTx;
use crate::db::migrations::{Migration, MigrationDetail, MigrationFields, MigrationStateUpdate};
use crate::db::page::{Keyed, Page, Window};
use crate::db::resource::{ProductFilter, ProductOrder};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotOutcome;
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, Refusal, RefusalCode};
use crate::domain::size;
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

/// Checks that the pilot of a migration was evaluated with outcome `scale` and counts in this cycle.
async fn pilot_of(tx: &WriteTx<'_>, pilot_id: Uuid) -> Result<std::result::Result<(), Refusal>> {
    let pilot = db::migrations::outcome_of_pilot(tx.conn(), tx.task_force_id(), pilot_id).await?;
    let (outcome, last_cycle, title) = pilot.ok_or_else(|| Refusal::unknown_reference("/pilotId"))?;
    let code = match outcome {
        Some(PilotOutcome::Scale) if last_cycle == tx.access.cycle => return Ok(Ok(())),
        Some(PilotOutcome::Scale) => RefusalCode::OfAnEarlierCycle,
        _ => RefusalCode::PilotNotScaled,
    };
    let pilot = Reference::new(SubjectKind::Pilot, pilot_id, title).in_task_force(tx.task_force_id());
    Ok(Err(Refusal::from(code).references(vec![pilot])))
}

/// Refuses one more migration of a pilot that has as many as there may be.
async fn check_room(tx: &WriteTx<'_>, pilot_id: Uuid) -> Result<()> {
    let count = db::migrations::count_of_pilot(tx.conn(), tx.task_force_id(), pilot_id).await?;
    Ok(size::MIGRATIONS.check(count)?)
}

impl ParentResource for MigrationDetail {
    const ID_NAME: &'static str = "migrationId";

    async fn exists(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool> {
        db::migrations::exists(conn, task_force_id, id).await
    }

    fn children_writable(&self, access: &Access) -> Checked {
        Ok(access.may_write(Write::OpenStep(self.step_state))?)
    }

    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode> {
        self.migration.state.violated_invariant(&self.facts(access.state))
    }
}

impl MigrationDetail {
    /// Refuses to change the difference and to leave its reason, which explained another difference.
    fn check_difference(&self, fields: &MigrationFields) -> Result<()> {
        let before = self.fields();
        let differs_anew = fields.difference() != before.difference()
            && fields.difference().is_some_and(|difference| difference != 0);
        let reason = &fields.reconciliation_reason;
        let is_old = reason.is_some() && *reason == before.reconciliation_reason;
        if differs_anew && is_old { Err(RefusalCode::DifferenceUnexplained.into()) } else { Ok(()) }
    }

    /// Refuses to delete a migration that was begun, or to move it to another pilot: it is the record of what became of
    /// a service.
    fn check_not_begun(&self) -> Checked {
        match self.migration.state {
            MigrationState::Planned => Ok(()),
            _ => Err(RefusalCode::MigrationBegun.into()),
        }
    }
}

impl Resource for MigrationDetail {
    type Parent = ();
    type Fields = MigrationFields;
    type Listed = Keyed<Migration>;
    type Order = ProductOrder;
    type Filter = ProductFilter<MigrationState>;
    type Context = ();
    const KIND: SubjectKind = SubjectKind::Migration;
    const EVENTS: Events = Events {
        created: EventAction::MigrationCreated,
        updated: EventAction::MigrationUpdated,
        deleted: EventAction::MigrationDeleted,
    };

    fn id(&self) -> Uuid {
        self.migration.id
    }

    fn version(&self) -> i32 {
        self.migration.version
    }

    fn fields(&self) -> &MigrationFields {
        &self.migration.fields
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::migrations::find(conn, task_force_id, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        (): (),
        filter: &ProductFilter<MigrationState>,
        order: &ProductOrder,
        window: Window,
    ) -> QueryResult<Option<Page<Keyed<Migration>>>> {
        db::migrations::list(conn, task_force_id, filter, order, window).await.map(Some)
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &MigrationFields) -> Result<Uuid> {
        let pilot = pilot_of(tx, fields.pilot_id).await?;
        let cycle = resource::cycle_of_open_step(tx, StepName::Migration).await?;
        pilot?;
        check_room(tx, fields.pilot_id).await?;
        let count = db::migrations::count(tx.conn(), tx.task_force_id(), cycle).await?;
        size::check_products(count)?;
        let id = tx.new_id();
        db::migrations::insert(tx.conn(), tx.task_force_id(), id, cycle, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(_: &Conn, _: Uuid, (): (), _: Uuid) -> QueryResult<()> {
        Ok(())
    }

    fn check_changeable(&self, access: &Access, (): &()) -> Checked {
        self.children_writable(access)
    }

    async fn update(&self, tx: &WriteTx<'_>, (): (), fields: &MigrationFields) -> Result<()> {
        let other = fields.pilot_id != self.migration.fields.pilot_id;
        let pilot = if other { pilot_of(tx, fields.pilot_id).await? } else { Ok(()) };
        pilot?;
        self.check_difference(fields)?;
        if other {
            self.check_not_begun()?;
            check_room(tx, fields.pilot_id).await?;
        }
        db::migrations::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?;
        resource::recheck_invariants::<Self>(tx, self.id()).await
    }

    fn check_deletable(&self, access: &Access, (): &()) -> Checked {
        self.children_writable(access)?;
        resource::check_not_carried_over(self.migration.cycle, self.migration.last_cycle)?;
        self.check_not_begun()
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::migrations::delete(tx.conn(), tx.task_force_id(), self.id()).await?)
    }

    fn available_transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        resource::available_transitions(self, access)
    }

    fn references(&self, obstacle: RefusalCode) -> Vec<Reference> {
        match obstacle {
            RefusalCode::ChecklistUnfinished => self.open_items.first(),
            RefusalCode::PilotNotScaled => vec![self.migration.pilot.clone()],
            _ => Vec::new(),
        }
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

    async fn apply_transition(
        &self,
        tx: &WriteTx<'_>,
        to: MigrationState,
        reason: Option<&LocalizedText>,
        (): (),
        new_event: NewEvent,
    ) -> Result<NewEvent> {
        let fields = self.fields();
        // The reason for going live although the counts differ is the reason of the difference.
        let explains = to == MigrationState::Live
            && self.migration.state == MigrationState::ParallelRun
            && fields.is_difference_unexplained();
        let reconciliation_reason = if explains { reason } else { fields.reconciliation_reason.as_ref() };
        let update = MigrationStateUpdate { state: to, state_reason: reason, reconciliation_reason };
        db::migrations::update_state(tx.conn(), tx.task_force_id(), self.id(), &update, tx.now()).await?;
        Ok(new_event.with_change(
            "reconciliationReason",
            &fields.reconciliation_reason,
            reconciliation_reason,
        ))
    }
}
