//! Pilots: planned in step 3, run and evaluated in step 4, extended into a later cycle.

use uuid::Uuid;

use super::Result;
use super::caller::Access;
use super::write::Door;
use super::members::require_current;
use super::resource::{self, Noun, Staged, Whole, product};
use crate::db;
use crate::db::pilots::{Pilot, PilotDetail, PilotFields, PilotFilter, PilotStanding};
use crate::domain::event::{EventAction, Happening, SubjectKind};
use crate::domain::state_machine::Exit;
use crate::domain::pilot::{PilotOutcome, PilotState};
use crate::domain::refusal::{Code, Fault, FaultCode, Refusal};
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

/// What an evaluation says.
#[derive(Debug)]
pub struct Evaluation {
    /// What should become of the pilot.
    pub outcome: Option<PilotOutcome>,
    /// What was learned from it.
    pub lessons: Option<LocalizedText>,
}

impl PilotDetail {
    /// Refuses measurements before it runs and after, or while step `migration` is not open.
    pub(super) fn may_be_measured(&self, door: &Door<'_>) -> Result<()> {
        if self.pilot.state != PilotState::Running {
            return Err(Code::PilotNotRunning.into());
        }
        door.may_write(Write::OpenStep(self.migration_state))
    }
}

impl Whole for PilotDetail {
    /// Its plan and scorecard are written together.
    fn parts_writable(&self, door: &Door<'_>) -> Result<()> {
        if !self.pilot.state.is_on_paper() {
            return Err(Code::ScorecardFrozen.into());
        }
        door.may_write(Write::OpenStep(self.pilots_state))
    }

    fn broken_promise(&self, access: &Access) -> Option<Code> {
        self.pilot.state.broken_promise(&self.facts(access.state))
    }
}

/// Refuses a plan that ends before it starts.
fn in_order(fields: &PilotFields) -> Result<()> {
    if fields.start_date <= fields.end_date {
        return Ok(());
    }
    let fault = Fault::at("/endDate", FaultCode::TooSmall)
        .saying("must not be before startDate", "يجب ألا يسبق startDate");
    Err(Refusal::faults(Code::InvalidRequest, vec![fault]).into())
}

/// Refuses a sector or a policy that this task force doesn't have.
async fn of_this_task_force(door: &Door<'_>, fields: &PilotFields) -> Result<()> {
    let (sector, policy) = db::pilots::named_are_there(door.conn(), door.task_force_id(), fields).await?;
    let unknown: Vec<Fault> = [("/sectorId", sector), ("/policyId", policy)]
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(pointer, _)| Fault::at(pointer, FaultCode::UnknownReference))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Refusal::faults(Code::UnknownReference, unknown).into()) }
}

impl Noun for PilotDetail {
    product!(
        pilots, pilot: Pilot, PilotFields, PilotFilter,
        Pilot: PilotCreated, PilotUpdated, PilotDeleted
    );

    fn fields(&self) -> PilotFields {
        let Pilot {
            title,
            sector_id,
            policy_id,
            owner_member_id,
            aims,
            hypothesis,
            start_date,
            end_date,
            ..
        } = self.pilot.clone();
        PilotFields { title, sector_id, policy_id, owner_member_id, aims, hypothesis, start_date, end_date }
    }

    async fn insert(door: &Door<'_>, (): (), fields: &PilotFields) -> Result<Uuid> {
        let cycle = noun::open_cycle(door, StepName::Pilots).await?;
        in_order(fields)?;
        of_this_task_force(door, fields).await?;
        require_current(door, fields.owner_member_id, "/ownerMemberId").await?;
        Ok(db::pilots::insert(door.conn(), door.task_force_id(), cycle, fields, door.now()).await?)
    }

    async fn change(&self, door: &Door<'_>, (): (), fields: &PilotFields) -> Result<()> {
        self.parts_writable(door)?;
        in_order(fields)?;
        of_this_task_force(door, fields).await?;
        if fields.owner_member_id != self.pilot.owner_member_id {
            require_current(door, fields.owner_member_id, "/ownerMemberId").await?;
        }
        db::pilots::update(door.conn(), door.task_force_id(), self.id(), fields, door.now()).await?;
        noun::keep::<Self>(door, self.id()).await
    }

    async fn may_remove(&self, door: &Door<'_>, (): ()) -> Result<()> {
        self.parts_writable(door)?;
        noun::made_now(self.pilot.cycle, self.pilot.last_cycle)
    }
}

impl Staged for PilotDetail {
    type State = PilotState;
    type Order = Evaluation;
    const TRANSITIONED: EventAction = EventAction::PilotTransitioned;

    fn state(&self) -> PilotState {
        self.pilot.state
    }

    fn exits(&self, access: &Access) -> Vec<Exit<PilotState>> {
        self.pilot.state.exits(&self.facts(access.state))
    }

    async fn enter(
        &self,
        door: &Door<'_>,
        to: PilotState,
        reason: Option<&LocalizedText>,
        order: Evaluation,
        happening: Happening,
    ) -> Result<Happening> {
        let before = &self.pilot;
        // Only an evaluation has an outcome, and whoever is planned anew has none any more.
        let Evaluation { outcome, lessons } = if to == PilotState::Evaluated {
            order.complete()?
        } else {
            Evaluation { outcome: None, lessons: None }
        };
        // Whoever is extended joins the cycle in which it is planned anew.
        let last_cycle =
            if before.state == PilotState::Evaluated { door.access.cycle } else { before.last_cycle };
        let standing =
            PilotStanding { state: to, state_reason: reason, outcome, lessons: lessons.as_ref(), last_cycle };
        db::pilots::set_standing(door.conn(), door.task_force_id(), self.id(), &standing, door.now()).await?;
        Ok(happening
            .noting("outcome", before.outcome, outcome)
            .noting("lessons", &before.lessons, &lessons)
            .noting("lastCycle", before.last_cycle, last_cycle))
    }
}

impl Evaluation {
    /// The evaluation, if it says what it must.
    fn complete(self) -> Result<Self> {
        let said = [("/outcome", self.outcome.is_some()), ("/lessons", self.lessons.is_some())];
        let missing: Vec<Fault> = said
            .into_iter()
            .filter(|(_, said)| !said)
            .map(|(pointer, _)| Fault::at(pointer, FaultCode::Required))
            .collect();
        if missing.is_empty() { Ok(self) } else { Err(Refusal::faults(Code::InvalidRequest, missing).into()) }
    }
}
