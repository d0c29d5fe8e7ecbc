//! Pilots: planned in step 3, run and evaluated in step 4, extended into a later cycle.

use uuid::Uuid;

use super::caller::{Access, Caller};
use super::members::require_current;
use super::resource::{self, Events, ParentResource, Resource, Stateful, View};
use super::write::WriteTx;
use super::{App, Checked, Result};
use crate::db::page::{Keyed, Page, Window};
use crate::db::pilots::{Pilot, PilotDetail, PilotFields, PilotFilter, PilotStateUpdate};
use crate::db::resource::ProductOrder;
use crate::db::{self, Conn, QueryResult};
use crate::domain::evaluation::{LastEvaluations, PilotEvaluation};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::pilot::{PilotFacts, PilotOutcome, PilotState};
use crate::domain::reference::Reference;
use crate::domain::refusal::{AvailableTransition, FieldError, FieldErrorCode, Refusal, RefusalCode};
use crate::domain::rights::{Action, Authorization};
use crate::domain::size;
use crate::domain::state_machine::Transition;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

/// The payload of a transition to `evaluated`.
#[derive(Debug)]
pub struct Evaluation {
    /// The recommended future of the pilot.
    pub outcome: Option<PilotOutcome>,
    /// The lessons learned.
    pub lessons: Option<LocalizedText>,
}

impl PilotDetail {
    fn facts_for(&self, access: &Access) -> PilotFacts {
        self.facts(access.state, access.right(Action::Lead) == Authorization::Allowed)
    }

    /// Refuses measurements unless the pilot is running and step `migration` is open.
    pub fn check_measurable(&self, access: &Access) -> Checked {
        if self.pilot.state != PilotState::Running {
            return Err(RefusalCode::PilotNotRunning.into());
        }
        Ok(access.may_write(Write::OpenStep(self.migration_state))?)
    }

    /// Refuses an outcome on which the pilot's migration cannot rest: a service that was handed over is not stopped by an
    /// evaluation alone.
    fn check_migrated(&self, evaluation: Evaluation) -> Result<Evaluation> {
        if !self.is_migrated || evaluation.outcome == Some(PilotOutcome::Scale) {
            return Ok(evaluation);
        }
        let migrations = self.references(RefusalCode::MigrationUnderWay);
        Err(Refusal::from(RefusalCode::MigrationUnderWay).references(migrations).into())
    }

    /// Refuses a change of the plan after the start of the pilot, or while step `pilots` is not open.
    fn check_plan_writable(&self, access: &Access) -> Checked {
        if !self.pilot.state.is_plan_editable() {
            return Err(RefusalCode::ScorecardFrozen.into());
        }
        Ok(access.may_write(Write::OpenStep(self.pilots_state))?)
    }
}

impl ParentResource for PilotDetail {
    const ID_NAME: &'static str = "pilotId";

    async fn exists(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<bool> {
        db::pilots::exists(conn, task_force_id, id).await
    }

    /// The plan and the scorecard are writable together.
    fn children_writable(&self, access: &Access) -> Checked {
        self.check_plan_writable(access)
    }

    fn violated_invariant(&self, access: &Access) -> Option<RefusalCode> {
        self.pilot.state.violated_invariant(&self.facts_for(access))
    }
}

impl View<PilotDetail> {
    /// Tells whether the caller can record measurements.
    pub fn can_measure(&self) -> bool {
        self.access.right(Action::Work) == Authorization::Allowed
            && self.resource.check_measurable(&self.access).is_ok()
    }
}

/// Refuses an end before the start, and a sector or a policy that does not exist in this task force.
async fn check_fields(tx: &WriteTx<'_>, fields: &PilotFields) -> Result<()> {
    let too_early = (fields.end_date < fields.start_date).then(|| {
        FieldError::at("/endDate", FieldErrorCode::TooSmall)
            .saying("must not be before startDate", "يجب ألا يسبق startDate")
            .compared_with(&["startDate"])
    });
    let (sector, policy) = db::pilots::references_exist(tx.conn(), tx.task_force_id(), fields).await?;
    let unknown = [("/sectorId", sector), ("/policyId", policy)]
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(pointer, _)| FieldError::at(pointer, FieldErrorCode::UnknownReference));
    Ok(Refusal::if_any(too_early.into_iter().chain(unknown).collect())?)
}

impl Resource for PilotDetail {
    type Parent = ();
    type Fields = PilotFields;
    type Listed = Keyed<Pilot>;
    type Order = ProductOrder;
    type Filter = PilotFilter;
    type Context = LastEvaluations;
    const KIND: SubjectKind = SubjectKind::Pilot;
    const EVENTS: Events = Events {
        created: EventAction::PilotCreated,
        updated: EventAction::PilotUpdated,
        deleted: EventAction::PilotDeleted,
    };

    fn id(&self) -> Uuid {
        self.pilot.id
    }

    fn version(&self) -> i32 {
        self.pilot.version
    }

    fn fields(&self) -> &PilotFields {
        &self.pilot.fields
    }

    async fn find(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<Option<Self>> {
        db::pilots::find(conn, task_force_id, id).await
    }

    async fn list(
        conn: &Conn,
        task_force_id: Uuid,
        (): (),
        filter: &PilotFilter,
        order: &ProductOrder,
        window: Window,
    ) -> QueryResult<Option<Page<Keyed<Pilot>>>> {
        db::pilots::list(conn, task_force_id, filter, order, window).await.map(Some)
    }

    async fn insert(tx: &WriteTx<'_>, (): (), fields: &PilotFields) -> Result<Uuid> {
        let cycle = resource::cycle_of_open_step(tx, StepName::Pilots).await?;
        check_fields(tx, fields).await?;
        require_current(tx, fields.owner_member_id, "/ownerId").await?;
        let count = db::pilots::count(tx.conn(), tx.task_force_id(), cycle).await?;
        size::check_products(count)?;
        let id = tx.new_id();
        db::pilots::insert(tx.conn(), tx.task_force_id(), id, cycle, fields, tx.now()).await?;
        Ok(id)
    }

    async fn context(conn: &Conn, task_force_id: Uuid, (): (), id: Uuid) -> QueryResult<LastEvaluations> {
        db::evaluations::last(conn, task_force_id, id).await
    }

    fn check_changeable(&self, access: &Access, _: &LastEvaluations) -> Checked {
        self.check_plan_writable(access)
    }

    async fn update(&self, tx: &WriteTx<'_>, (): (), fields: &PilotFields) -> Result<()> {
        check_fields(tx, fields).await?;
        if fields.owner_member_id != self.pilot.fields.owner_member_id {
            require_current(tx, fields.owner_member_id, "/ownerId").await?;
        }
        db::pilots::update(tx.conn(), tx.task_force_id(), self.id(), fields, tx.now()).await?;
        resource::recheck_invariants::<Self>(tx, self.id()).await
    }

    /// A pilot that was cancelled before it was started is deletable, so that no member fills the cycle with pilots that
    /// nobody can take away.
    fn check_deletable(&self, access: &Access, evaluations: &LastEvaluations) -> Checked {
        if self.pilot.state == PilotState::Cancelled && self.pilot.started_at.is_none() {
            access.may_write(Write::OpenStep(self.pilots_state))?;
        } else {
            self.check_plan_writable(access)?;
        }
        resource::check_not_carried_over(self.pilot.cycle, self.pilot.last_cycle)?;
        if evaluations.total == 0 { Ok(()) } else { Err(RefusalCode::PilotEvaluated.into()) }
    }

    async fn delete(&self, tx: &WriteTx<'_>, (): ()) -> Result<()> {
        Ok(db::pilots::delete(tx.conn(), tx.task_force_id(), self.id()).await?)
    }

    fn available_transitions(&self, access: &Access) -> Vec<AvailableTransition> {
        resource::available_transitions(self, access)
    }

    fn references(&self, obstacle: RefusalCode) -> Vec<Reference> {
        match obstacle {
            RefusalCode::MigrationUnderWay => self.migrations.first(),
            RefusalCode::SectorNotSelected => vec![self.pilot.sector.clone()],
            RefusalCode::IndicatorsMissing => self.incomplete_indicators.first(),
            RefusalCode::MeasurementsMissing => self.unmeasured_indicators.first(),
            _ => Vec::new(),
        }
    }
}

impl Stateful for PilotDetail {
    type State = PilotState;
    type Payload = Evaluation;
    const TRANSITIONED: EventAction = EventAction::PilotTransitioned;

    fn state(&self) -> PilotState {
        self.pilot.state
    }

    fn transitions(&self, access: &Access) -> Vec<Transition<PilotState>> {
        self.pilot.state.transitions(&self.facts_for(access))
    }

    async fn apply_transition(
        &self,
        tx: &WriteTx<'_>,
        to: PilotState,
        reason: Option<&LocalizedText>,
        payload: Evaluation,
        new_event: NewEvent,
    ) -> Result<NewEvent> {
        let before = &self.pilot;
        // Only an evaluated pilot has an outcome. A pilot that runs or is planned anew loses its outcome; its evaluations
        // keep it.
        let Evaluation { outcome, lessons } = if to == PilotState::Evaluated {
            self.check_migrated(payload.complete()?)?
        } else {
            Evaluation { outcome: None, lessons: None }
        };
        // An extended pilot joins the cycle in which it is planned anew. What was measured before does not count in the
        // new run.
        let (last_cycle, run) = if (before.state, to) == (PilotState::Evaluated, PilotState::Planned) {
            (tx.access.cycle, before.run + 1)
        } else {
            (before.last_cycle, before.run)
        };
        // A pilot that runs again after an evaluation has begun when it was first started.
        let started_at = match to {
            PilotState::Running => before.started_at.or(Some(tx.now())),
            PilotState::Proposed | PilotState::Planned => None,
            PilotState::Evaluated | PilotState::Cancelled => before.started_at,
        };
        let update = PilotStateUpdate {
            state: to,
            state_reason: reason,
            outcome,
            lessons: lessons.as_ref(),
            started_at,
            last_cycle,
            run,
        };
        let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
        db::pilots::update_state(conn, task_force_id, self.id(), &update, tx.now()).await?;
        if let (Some(outcome), Some(lessons)) = (outcome, &lessons) {
            db::evaluations::insert(conn, task_force_id, self.id(), (outcome, lessons), tx.now()).await?;
        }
        Ok(new_event
            .with_change("outcome", before.outcome, outcome)
            .with_change("lessons", &before.lessons, &lessons)
            .with_change("lastCycle", before.last_cycle, last_cycle))
    }
}

impl App {
    /// A page of the evaluations of a pilot, the latest first.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound` if there is no such pilot.
    pub async fn evaluations_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        pilot_id: Uuid,
        before: Option<i32>,
        window: Window,
    ) -> Result<Page<PilotEvaluation>> {
        let (_, (exists, page)) = self
            .read(caller, task_force_id, async |conn| {
                tokio::try_join!(
                    db::pilots::exists(conn, task_force_id, pilot_id),
                    db::evaluations::list(conn, task_force_id, pilot_id, before, window),
                )
            })
            .await?;
        Ok(exists.then_some(page).ok_or(RefusalCode::NotFound)?)
    }
}

impl Evaluation {
    /// Returns the evaluation if outcome and lessons are present.
    fn complete(self) -> Result<Self> {
        let given = [("/outcome", self.outcome.is_some()), ("/lessons", self.lessons.is_some())];
        let missing: Vec<FieldError> = given
            .into_iter()
            .filter(|(_, is_given)| !is_given)
            .map(|(pointer, _)| FieldError::at(pointer, FieldErrorCode::Required).compared_with(&["to"]))
            .collect();
        if missing.is_empty() {
            Ok(self)
        } else {
            Err(Refusal::field_errors(RefusalCode::InvalidRequest, missing).into())
        }
    }
}
